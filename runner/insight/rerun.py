"""One recorded run, driven again under a plan: no clock, no tool, no model, no person.

Owns: the order in which recorded answers reach the core, and the first thing that comes out differently. Answers are
`recorded`'s, verdicts the guard's, windows `windows`'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from flowrun.core import events as ev
from flowrun.core.commands import (
    AnyCommand,
    AskPerson,
    CallModel,
    CallTool,
    Finish,
    Note,
    Proposal,
    Propose,
    Wait,
    WriteRecord,
)
from flowrun.core.compiled import CompiledPlan
from flowrun.core.execution import Execution
from flowrun.errors import FlowrunError
from flowrun.guard import FactRead, decide, facts_needed
from flowrun.insight import whatif_words as words
from flowrun.insight.recorded import Entry, Recorded
from flowrun.insight.windows import Windows
from flowrun.plan.model import Plan

Json = Any
SAME = "same"
ASSUMED = "(assumed)"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """The first thing that comes out differently: its class, its place in the run, and plain words."""

    kind: str
    path: str
    text: str


class Unknown(Exception):
    """A fact that nobody recorded."""


class Rerun:
    """One run while it is replayed; `step` moves it on by one answer, `at` is the moment of the next one."""

    def __init__(self, compiled: CompiledPlan, recorded: Recorded, windows: Windows, pinned: Plan | None) -> None:
        """`pinned` is the plan that the run had, for telling whether a fact means the same."""
        self.recorded = recorded
        self.difference: Difference | None = None
        self._compiled = compiled
        self._windows = windows
        self._pinned = pinned
        self._run = recorded.start.run
        self._known: dict[tuple[str, str], list[Entry]] = {}
        self._intended: set[str] = set()
        self._foreign = list(recorded.foreign)
        self._place = 0
        self._done = False
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
            message = error.message if isinstance(error, FlowrunError) else f"{error} is not in the flow any more."
            self._differs("cannot_tell", "", message)
            self._done = True

    def _begin(self) -> None:
        problems = self._compiled.check(self._compiled.plan.flow.input, self.recorded.start.input, placeholders=False)
        if problems:
            self._differs("not_valid_any_more", "", f"The input is not valid any more: {words.problem(problems)}")
            self._done = True
            return
        self._execution.start()

    def _step(self) -> None:
        assert self._upcoming is not None
        place, command, entries = self._upcoming
        self._place = max(self._place, place)
        if command is not None and self._over() and not self.recorded.knows(command):
            self._done = True
        elif command is None:
            self._give(entries[0][1])
        elif isinstance(command, Propose):
            self._judge(command)
        elif isinstance(command, CallTool) and command.path not in self._intended:
            self._intend(command)
        elif entries:
            self._answered(command, entries)
        else:
            self._said(command)

    def _next(self) -> tuple[int, AnyCommand | None, list[Entry]] | None:
        """Return what comes next, with its place in the recorded order: what follows by itself, else the earliest."""
        best: tuple[int, AnyCommand | None, list[Entry]] | None = None
        for command in list(self._execution.open.values()):
            if isinstance(command, Note | WriteRecord | Finish):
                return self._place, command, []
            found = self._place_of(command)
            if found is not None and (best is None or found[0] < best[0]):
                best = (found[0], command, found[1])
        if self._foreign and (best is None or self._foreign[0][0] < best[0]):
            entry = self._foreign[0]
            return entry[0], None, [entry]
        return best

    def _place_of(self, command: AnyCommand) -> tuple[int, list[Entry]] | None:
        if isinstance(command, Propose):
            decided = self.recorded.decided.get(command.path)
            return (self._place if decided is None else decided[0]), []
        if isinstance(command, CallTool) and command.path not in self._intended:
            intent = self.recorded.intended.get(command.path)
            return (self._place if intent is None else intent[0]), []
        entries = self._entries(command)
        return (entries[0][0], entries) if entries else None

    def _entries(self, command: AnyCommand) -> list[Entry]:
        """Return the recorded answer of a command, looked for once; the first lack of one is a difference."""
        key = (command.path, type(command).__name__)
        if key not in self._known:
            self._known[key] = list(self._find(command))
        return self._known[key]

    def _find(self, command: AnyCommand) -> Iterator[Entry]:
        entry: Entry | None = None
        if isinstance(command, CallModel):
            entry = self.recorded.reply(command)
            if entry is None and not self._over() and not self.recorded.was_asking(command):
                why = self._why_live or words.why_live(command, self.recorded)
                self._differs("needs_live_model_call", command.path, why)
        elif isinstance(command, CallTool):
            entry = self.recorded.result(command)
            if entry is None and not self._over() and not self.recorded.under_way(command):
                verdict = command.verdict
                kind = "other_effects" if verdict.effect == "write" else "cannot_tell"
                self._differs(kind, command.path, words.not_recorded(verdict))
        elif isinstance(command, AskPerson):
            yield from self._asked(command)
            return
        elif isinstance(command, Wait):
            entry = self.recorded.woken(command)
            if entry is None and not self._over() and command.path not in self.recorded.waiting:
                if command.event is None and command.due is not None:
                    woken = ev.Woken(path=command.path, at=command.due, timer=True)
                    entry = (self._place, woken)
                else:
                    self._differs("cannot_tell", command.path, f"It waits for {command.event}, and did not then.")
        if entry is not None:
            yield entry

    def _asked(self, command: AskPerson) -> Iterator[Entry]:
        asked = command.asked
        question = self.recorded.question(command)
        if question is not None and set(asked.to) <= words.roles_of(question):
            for place, event in question.said:
                path = command.path + event.path.removeprefix(question.asked.path)
                moved = msgspec.structs.replace(event, path=path)
                if isinstance(moved, ev.Escalated | ev.Edited):
                    moved = msgspec.structs.replace(moved, entry=command.path)
                yield place, moved
            return
        if self._over():
            return
        if asked.kind == "approval":
            self._differs("needs_approval", command.path, words.asks(asked.proposals, asked.to))
            # So that what follows is seen, and counted in the windows: as if the people had said yes.
            yes = ev.Answered(path=command.path, at=self._execution.now, action="approve", by=ASSUMED)
            yield self._place, yes
        else:
            self._differs("cannot_tell", command.path, f"A person is asked something new: {asked.title}")

    def _judge(self, command: Propose) -> None:
        then = self.recorded.decided.get(command.path)
        now = max(self._execution.now, "" if then is None else then[1].at)
        facts = [self._facts(command, proposal, now) for proposal in command.proposals]
        verdicts = decide(
            self._compiled,
            command,
            facts=facts,
            usage=lambda counter, since: self._windows.usage(counter, since, now),
            now=now,
            halted=self._halted(then),
        )
        for verdict in verdicts:
            found = words.changed(verdict, self.recorded.verdict(command.path, verdict.path, verdict.digest))
            if found is not None:
                self._differs(found[0], verdict.path, found[1])
        self._give(ev.Decided(path=command.path, at=now, verdicts=verdicts))

    def _halted(self, then: tuple[int, ev.Decided] | None) -> dict[str, str]:
        """Return what was halted at a decision: a halt is of its time, and no rule."""
        verdicts = [] if then is None else then[1].verdicts
        return {verdict.tool: verdict.reason for verdict in verdicts if verdict.denied_by == "halt"}

    def _facts(self, command: Propose, proposal: Proposal, now: str) -> dict[tuple[str, str], Json]:
        known: dict[tuple[str, str], Json] = {}
        for read in facts_needed(self._compiled, command, proposal, now):
            if read.args is not None:
                value = self._fact(command, proposal, read)
                if value is not None:
                    known[read.policy, read.name] = value[0]
        return known

    def _fact(self, command: Propose, proposal: Proposal, read: FactRead) -> list[Json] | None:
        """Return a fact as recorded, in a list; None where it was missing then, too."""
        assert read.args is not None
        digest = words.digest_of(proposal)
        verdict = self.recorded.verdict(command.path, proposal.path, digest)
        if verdict is not None and self._means_the_same(read):
            if read.name in verdict.facts:
                return [verdict.facts[read.name]]
            if verdict.digest == digest and self._was_wanted(read, verdict):
                return None
        found: list[Json] | None = self.recorded.read(read.tool, read.args)
        if found is None:
            raise Unknown(f"The fact {read.name} of {read.policy} is needed for {proposal.tool} and was not read then.")
        return found

    def _means_the_same(self, read: FactRead) -> bool:
        before = None if self._pinned is None else self._pinned.policies.get(read.policy)
        after = self._compiled.plan.policies[read.policy]
        return before is not None and before.facts.get(read.name) == after.facts[read.name]

    def _was_wanted(self, read: FactRead, verdict: ev.Verdict) -> bool:
        """Return whether a rule of then used the fact for this call, so that its lack was seen and denied."""
        assert self._pinned is not None
        rules = self._pinned.policies[read.policy].rules
        return any(read.name in rule.facts and verdict.tool in rule.tools for rule in rules)

    def _intend(self, command: CallTool) -> None:
        """Take the room of a call, as its intent does."""
        self._intended.add(command.path)
        verdict = command.verdict
        rooms = [room for room in verdict.reserve if not room.counter.startswith("run:")]
        if command.simulated or (verdict.effect != "write" and not rooms):
            return
        then = self.recorded.intended.get(command.path)
        at = max(self._execution.now, "" if then is None else then[1].at)
        intent = ev.Intended(
            path=command.path,
            at=at,
            tool=verdict.tool,
            args=verdict.args,
            digest=verdict.digest,
            key=verdict.key,
            reserve=rooms if command.path == command.first else [],
        )
        full = self._windows.apply(self._run, intent)
        if full is None:
            self._give(intent)
            return
        entries = self._entries(command)
        if not entries or not isinstance(entries[0][1], ev.Refused):
            self._differs(
                "denied_now", command.path, f"{verdict.tool} would be denied by {full}: the limit is reached."
            )
        self._give(ev.Refused(path=command.path, at=at, rule=full, reason="The limit is reached."))

    def _answered(self, command: AnyCommand, entries: list[Entry]) -> None:
        """Give the core the first of a command's answers; an entry that somebody changes is asked on with the others."""
        _, event = entries.pop(0)
        if isinstance(command, CallTool) and isinstance(event, ev.Refused) and limits(command.verdict, event.rule):
            # It had no room then, and has it now; what the tool would have said nobody knows.
            self._differs("allowed_now", command.path, f"{command.verdict.tool} was refused then: {event.reason}")
            return
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
                self._differs("other_record", command.path, f"A record {command.schema} is written, and was not then.")
            elif then.record != command.record or then.schema != command.schema:
                self._differs("other_record", command.path, words.other_record(then, command))
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
        return self.recorded.finished is None and self.difference is None and self._place >= self.recorded.last

    def _noted(self, event: ev.AnyEvent) -> None:
        if isinstance(event, ev.AnswerInvalid) and event.path not in self.recorded.invalid:
            text = f"What was written then is not valid any more: {words.problem(event.problems)}"
            if event.final:
                self._differs("not_valid_any_more", event.path, text)
            else:
                self._why_live = f"{text}. The model would be asked to mend it."
        elif isinstance(event, ev.StepFailed):
            self._failed = f" Step {event.step}: {event.fault.message}"

    def _compare_end(self, command: Finish) -> None:
        missing = [record for path, record in self.recorded.records.items() if path not in self._records]
        then = self.recorded.finished
        if then is None:
            self._differs("other_record", "", f"The run ends {command.outcome}, and had not ended then.")
        elif then.outcome != command.outcome:
            self._differs("other_record", "", f"The run ends {command.outcome}, not {then.outcome}.{self._failed}")
        elif missing:
            self._differs("other_record", missing[0].path, f"The record {missing[0].schema} is not written any more.")

    def _end(self) -> None:
        """Nothing is left to answer: as in the journal, or because an answer is lacking, which was told before."""
        self._done = True
        if self.recorded.finished is not None and self._execution.finished is None:
            self._differs("cannot_tell", "", "The run comes to no end with the answers that were recorded.")

    def _give(self, event: ev.AnyEvent) -> None:
        if self._foreign and self._foreign[0][1] is event:
            self._foreign.pop(0)
        if event.at < self._execution.now:
            event = msgspec.structs.replace(event, at=self._execution.now)
        if not isinstance(event, ev.Intended):
            self._windows.apply(self._run, event, force=True)
        self._execution.resume(event)
        self._execution.take_commands()

    def _at(self, place: int) -> str:
        return max(self._execution.now, self.recorded.events[min(place, len(self.recorded.events) - 1)].at)

    def _differs(self, kind: str, path: str, text: str) -> None:
        if self.difference is None:
            self.difference = Difference(kind=kind, path=path, text=text)


def limits(verdict: ev.Verdict, rule: str) -> bool:
    """Return whether a rule is one whose window a call takes room in."""
    return any(room.rule == rule for room in verdict.reserve)
