"""One recorded run, driven again under a plan: no clock, no tool, no model, no person.

Owns: the order in which recorded answers reach the core, and the first thing that comes out differently. Answers are
`answers`' and `facts`', verdicts the guard's, windows `windows`'.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from flowrun.core import events as ev
from flowrun.core.commands import (
    AnyCommand,
    AskPerson,
    CallTool,
    Close,
    Finish,
    Note,
    Propose,
    TakeRoom,
    WriteRecord,
)
from flowrun.core.compiled import CompiledPlan
from flowrun.core.execution import Execution
from flowrun.core.rooms import store_rooms
from flowrun.errors import FlowrunError
from flowrun.guard import decide
from flowrun.insight import whatif_words as words
from flowrun.insight.answers import ASSUMED, Answers
from flowrun.insight.facts import Facts, Unknown
from flowrun.insight.recorded import ANSWERS, Entry, Recorded
from flowrun.insight.windows import Windows
from flowrun.plan.model import Plan
from flowrun.words import sentences, t

Json = Any
SAME = "same"
ALONE: dict[type, type[ev.AnyEvent]] = {
    Propose: ev.Decided,
    TakeRoom: ev.Reserved,
    WriteRecord: ev.RecordWritten,
    Finish: ev.RunFinished,
}


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """The first thing that comes out differently: its class, its place in the run, and plain words."""

    kind: str
    path: str
    text: str


class Rerun:
    """One run while it is replayed; `step` moves it on by one answer, `at` is the moment of the next one."""

    def __init__(
        self, compiled: CompiledPlan, recorded: Recorded, windows: Windows, pinned: Plan | None, hidden: words.Hidden
    ) -> None:
        """`pinned`: the plan that the run had, for telling whether a fact means the same. `hidden`: what of it may be told."""
        self.recorded = recorded
        self.difference: Difference | None = None
        self._compiled = compiled
        self._hidden = hidden
        self._windows = windows
        self._facts = Facts(compiled, recorded, pinned)
        self._run = recorded.start.run
        self._answers = Answers(recorded, hidden)
        self._intended: set[str] = set()
        self._closed: set[str] = set()
        self._foreign = list(recorded.foreign)
        self._place = 0
        self._done = False
        self._noting = False
        self._why_live = ""
        self._failed = ""
        self._records: set[str] = set()
        started = msgspec.structs.replace(recorded.start, plan=compiled.digest, version=compiled.plan.flow.version)
        self._execution = Execution(compiled, started)
        self._upcoming: tuple[int, AnyCommand | None, list[Entry]] | None = None
        self.at: str | None = None
        """The moment of the next answer, None where the replay has ended."""
        self._guarded(self._begin)

    def step(self) -> None:
        """Give the core its next answer."""
        self._guarded(self._step)

    def _guarded(self, move: Callable[[], None]) -> None:
        self.at = None
        try:
            move()
            if self._done:
                return
            self._upcoming = self._next()
            if self._upcoming is None:
                self._end()
            else:
                self.at = self._at(self._upcoming[0])
        except Unknown as error:
            self._differs("cannot_tell", "", str(error))
            self._done = True
        except (FlowrunError, KeyError) as error:
            message = (
                error.message
                if isinstance(error, FlowrunError)
                else t("{error} is not in the flow any more.", error=error)
            )
            self._differs("cannot_tell", "", message)
            self._done = True

    def _begin(self) -> None:
        problems = self._compiled.check(self._compiled.plan.flow.input, self.recorded.start.input, placeholders=False)
        if problems:
            self._differs(
                "not_valid_any_more",
                "",
                t("The input is not valid any more: {problem}", problem=words.problem(problems)),
            )
            self._done = True
            return
        self._execution.start()
        self._look()

    def _step(self) -> None:
        assert self._upcoming is not None
        place, command, entries = self._upcoming
        if place < self._answers.last:
            self._place = max(self._place, place)
        elif self._over():
            self._done = True
            return
        if command is None:
            self._give(entries[0][1])
        elif isinstance(command, Propose):
            self._judge(command)
        elif isinstance(command, CallTool) and self._by_itself(command) is not None:
            self._intend(command)
        elif isinstance(command, TakeRoom):
            self._take_room(command)
        elif entries:
            self._answered(command, entries)
        else:
            self._said(command)

    def _next(self) -> tuple[int, AnyCommand | None, list[Entry]] | None:
        """Return what comes next, with its place in the recorded order; what was not recorded comes last."""
        best: tuple[int, AnyCommand | None, list[Entry]] | None = None
        for command in list(self._execution.open.values()):
            found = self._place_of(command)
            if found is not None and (best is None or found[0] < best[0]):
                best = (found[0], command, found[1])
        if self._foreign and (best is None or self._foreign[0][0] < best[0]):
            entry = self._foreign[0]
            return entry[0], None, [entry]
        return best

    def _place_of(self, command: AnyCommand) -> tuple[int, list[Entry]] | None:
        event = self._by_itself(command)
        if event is not None:
            places = self.recorded.places
            place = places.get((command.path, event))
            if place is None and isinstance(command, TakeRoom):
                place = places.get((command.path, ev.Refused))
            if place is None and isinstance(command, CallTool) and (entries := self._answers.of(command)):
                place = entries[0][0]  # it was refused, so there was no intent
            return self._answers.last if place is None else place, []
        entries = self._answers.of(command)
        return (entries[0][0], entries) if entries else None

    def _by_itself(self, command: AnyCommand) -> type[ev.AnyEvent] | None:
        """Return the event that answers a command without anybody outside, None where somebody must answer."""
        if isinstance(command, Note):
            return type(command.event)
        if isinstance(command, CallTool):
            return ev.Intended if needs_intent(command) and command.path not in self._intended else None
        return ALONE.get(type(command))

    def _judge(self, command: Propose) -> None:
        then = self.recorded.decided.get(command.path)
        now = max(self._execution.now, "" if then is None else then[1].at)
        facts = [self._facts.known(command, proposal, now) for proposal in command.proposals]

        def usage(counter: str, since: str | None, holds: str) -> int:
            return self._windows.usage(counter, since, now, (self._run, holds) if holds else None)

        verdicts = decide(
            self._compiled,
            command,
            facts=facts,
            usage=usage,
            now=now,
            halted=self._halted(then),
        )
        for verdict in verdicts:
            found = words.changed(
                verdict, self.recorded.verdict(command.path, verdict.path, verdict.digest), self._hidden
            )
            if found is not None:
                self._differs(found[0], verdict.path, found[1])
        self._give(ev.Decided(path=command.path, at=now, verdicts=verdicts))

    def _halted(self, then: tuple[int, ev.Decided] | None) -> dict[str, str]:
        """Return what was halted at a decision: a halt is of its time, and no rule."""
        verdicts = [] if then is None else then[1].verdicts
        return {verdict.tool: verdict.reason for verdict in verdicts if verdict.denied_by == "halt"}

    def _intend(self, command: CallTool) -> None:
        """Take the room of a call, as its intent does."""
        self._intended.add(command.path)
        entries, verdict = self._answers.of(command), command.verdict
        if entries and isinstance(entries[0][1], ev.Returned) and entries[0][1].first:
            return  # another run had done it, so there was no intent
        at = self._moment(command.path, ev.Intended)
        intent = ev.Intended(
            path=command.path,
            at=at,
            tool=verdict.tool,
            args=verdict.args,
            digest=verdict.digest,
            key=verdict.key,
            reserve=store_rooms(verdict),
            holds=command.holds,
        )
        full = self._windows.apply(self._run, intent)
        if full is None:
            self._give(intent)
            return
        if not entries or not isinstance(entries[0][1], ev.Refused):
            self._differs("denied_now", command.path, words.full(verdict.tool, full))
        self._give(ev.Refused(path=command.path, at=at, rule=full, reason=t("The limit is reached.")))

    def _take_room(self, command: TakeRoom) -> None:
        """Take the room of a call of another flow."""
        at = self._moment(command.path, ev.Reserved)
        reserved = ev.Reserved(
            path=command.path, at=at, tool=command.verdict.tool, reserve=store_rooms(command.verdict)
        )
        full = self._windows.apply(self._run, reserved)
        refused = (command.path, ev.Refused) in self.recorded.places
        if full is None:
            if refused:
                self._differs("allowed_now", command.path, t("{tool} found no room then.", tool=command.verdict.tool))
            self._give(reserved)
            return
        if not refused:
            self._differs("denied_now", command.path, words.full(command.verdict.tool, full))
        self._give(ev.Refused(path=command.path, at=at, rule=full, reason=t("The limit is reached.")))

    def _moment(self, path: str, event: type[ev.AnyEvent]) -> str:
        """Return when an event was recorded, else the moment where the replay stands."""
        place = self.recorded.places.get((path, event))
        return self._execution.now if place is None else self._at(place)

    def _answered(self, command: AnyCommand, entries: list[Entry]) -> None:
        """Give the core the first of a command's answers; an entry that somebody changes is asked on with the others."""
        _, event = entries.pop(0)
        if isinstance(command, CallTool) and isinstance(event, ev.Refused) and limits(command.verdict, event.rule):
            # It had no room then, and has it now; what the tool would have said nobody knows.
            self._differs(
                "allowed_now",
                command.path,
                t("{tool} was refused then: {reason}", tool=command.verdict.tool, reason=event.reason),
            )
            return
        if isinstance(command, AskPerson) and isinstance(event, ev.Answered) and event.by == ASSUMED:
            self._differs("needs_approval", command.path, words.asks(command.asked.proposals, command.asked.to))
        path = event.path if isinstance(command, AskPerson) else command.path
        self._give(msgspec.structs.replace(event, path=path))

    def _said(self, command: AnyCommand) -> None:
        """Answer what needs nobody: notes, records, the end."""
        at = self._execution.now
        if isinstance(command, Note):
            self._noted(command.event)
            self._give(command.event)
        elif isinstance(command, WriteRecord):
            self._records.add(command.path)
            then = self.recorded.records.get(command.path)
            if then is None:
                self._differs(
                    "other_record",
                    command.path,
                    t("A record {schema} is written, and was not then.", schema=command.schema),
                )
            elif then.record != command.record or then.schema != command.schema:
                self._differs("other_record", command.path, words.other_record(then, command, self._hidden))
            self._give(
                ev.RecordWritten(
                    path=command.path, at=at, schema=command.schema, record=command.record, final=command.final
                )
            )
        elif isinstance(command, Finish):
            self._compare_end(command)
            self._give(ev.RunFinished(path="", at=at, outcome=command.outcome, reason=command.reason))
            self._done = True

    def _over(self) -> bool:
        """Return whether the journal of a run that has not ended says no more: what follows nobody has seen yet."""
        if self.recorded.finished is not None or self.difference is not None:
            return False
        # What came for a command that was closed by then is no answer.
        left = (e.path for e in self.recorded.events[self._place + 1 :] if isinstance(e, ANSWERS))
        return all(path in self._closed for path in left)

    def _noted(self, event: ev.AnyEvent) -> None:
        if isinstance(event, ev.AnswerInvalid) and event.path not in self.recorded.invalid:
            text = t("What was written then is not valid any more: {problem}", problem=words.problem(event.problems))
            if event.final:
                self._differs("not_valid_any_more", event.path, text)
            else:
                self._why_live = t("{text}. The model would be asked to mend it.", text=text)
        elif isinstance(event, ev.StepFailed):
            self._failed = t("Step {step}: {message}", step=event.step, message=event.fault.message)

    def _compare_end(self, command: Finish) -> None:
        missing = [record for path, record in self.recorded.records.items() if path not in self._records]
        then = self.recorded.finished
        if then is None:
            self._differs(
                "other_record", "", t("The run ends {outcome}, and had not ended then.", outcome=command.outcome)
            )
        elif then.outcome != command.outcome:
            self._differs(
                "other_record",
                "",
                sentences(t("The run ends {now}, not {then}.", now=command.outcome, then=then.outcome), self._failed),
            )
        elif missing:
            self._differs(
                "other_record",
                missing[0].path,
                t("The record {schema} is not written any more.", schema=missing[0].schema),
            )

    def _end(self) -> None:
        """Nothing is left to answer: as in the journal, or because an answer is lacking, which was told before."""
        self._done = True
        for path, _ in self._execution.open:
            if path in self._answers.lacking and not self._over():
                kind, text = self._answers.lacking[path]
                self._differs(kind, path, self._why_live if "/repair-" in path and self._why_live else text)
        if self.recorded.finished is not None and self._execution.finished is None:
            self._differs("cannot_tell", "", t("The run comes to no end with the answers that were recorded."))

    def _give(self, event: ev.AnyEvent) -> None:
        if self._foreign and self._foreign[0][1] is event:
            self._foreign.pop(0)
        if event.at < self._execution.now:
            event = msgspec.structs.replace(event, at=self._execution.now)
        if not isinstance(event, ev.Intended | ev.Reserved):
            self._windows.apply(self._run, event, force=True)
        self._execution.resume(event)
        self._look()

    def _look(self) -> None:
        """Note which commands are not wanted any more."""
        self._closed.update(c.path for c in self._execution.take_commands() if isinstance(c, Close))

    def _at(self, place: int) -> str:
        now = self._execution.now
        return now if place >= self._answers.last else max(now, self.recorded.events[place].at)

    def _differs(self, kind: str, path: str, text: str) -> None:
        """Keep the first difference; a value that is not valid any more is the reason of what follows from it."""
        for command in self._execution.open.values():
            if isinstance(command, Note) and self.difference is None and not self._noting:
                self._noting = True
                self._noted(command.event)
                self._noting = False
        if self.difference is None:
            self.difference = Difference(kind=kind, path=path, text=self._hidden.text(text))


def needs_intent(command: CallTool) -> bool:
    """Return whether a call is in the journal before it is made."""
    return not command.simulated and (command.verdict.effect == "write" or bool(store_rooms(command.verdict)))


def limits(verdict: ev.Verdict, rule: str) -> bool:
    """Return whether a rule is one whose window a call takes room in."""
    return any(room.rule == rule for room in verdict.reserve)
