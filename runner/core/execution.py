"""One run, as a machine without I/O: events in, commands out.

Owns: `Execution`. It is started with the run's first event and resumed with each later one, in journal order, live and
on replay alike; its state is never stored. Which commands are still open after a replay is what a runtime has to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flowrun.core.commands import AnyCommand, AskPerson, CallTool, Close, Finish, Note, Wait
from flowrun.core.compiled import CompiledPlan
from flowrun.core.context import Context, Meter
from flowrun.core.doubts import Doubt
from flowrun.core.entries import Said, Standing, by_itself, earliest, entry_of, role_due, standing
from flowrun.core.events import (
    PHASES,
    AnyEvent,
    BudgetRaised,
    CancelAsked,
    Edited,
    Fault,
    Refused,
    RunFinished,
    RunStarted,
    SubjectKnown,
    Verdict,
    Withdrawn,
    Woken,
)
from flowrun.core.failure import Failure, RunEnd, outcome_of
from flowrun.core.rooms import run_rooms
from flowrun.core.schedule import Schedule
from flowrun.errors import InternalError
from flowrun.plan.model import AskStep, Node
from flowrun.values.micros import MICRO, micros
from flowrun.values.moments import seconds_between
from flowrun.values.names import Names

Json = Any


class Execution:
    """A run of a plan. After each call, `take_commands` gives what is new to do."""

    def __init__(self, compiled: CompiledPlan, started: RunStarted) -> None:
        self.compiled = compiled
        self.started = started
        self.now = started.at
        self.gaps = False
        self.doubts: dict[str, Doubt] = {}
        """The writes whose effect nobody knows, by idempotency key; one left at the end makes the run `in_doubt`."""
        self.finished: RunFinished | None = None
        self.taken: dict[str, int] = {}
        self.open: dict[tuple[str, str], AnyCommand] = {}
        self._new: list[AnyCommand] = []
        self._issued_at: dict[str, str] = {}
        self._ended: set[str] = set()
        self._subject: Node | None = compiled.plan.flow.subject if started.subject is None else None
        self._said: dict[str, list[Said]] = {}
        self._schedule = Schedule(self._issue, self._unsettled)
        plan = compiled.plan
        run = {
            "id": started.run,
            "started": started.at,
            "flow": started.flow,
            "version": started.version,
            "mode": started.mode,
        }
        names = Names(input=started.input, run=run, tables=plan.tables, now=started.at, time_zone=plan.time_zone)
        self.root = Context(
            execution=self,
            flow=plan.flow,
            names=names,
            meter=Meter(plan.flow.budget, ceiling=plan.ceiling),
            path="",
            # Two flows may share a key: they are two runs, and their writes are two writes.
            key=f"{started.flow}/{started.key}",
        )

    def start(self) -> None:
        """Run up to the first commands."""
        from flowrun.core.steps import run_flow

        self._schedule.start(run_flow(self.root))
        self._check_end()

    def replay(self, events: Iterable[AnyEvent]) -> None:
        """Start, and resume with every event; `open` then holds what is still to do."""
        self.start()
        for event in events:
            self.resume(event)
        self._new.clear()

    def resume(self, event: AnyEvent) -> None:
        """Take one event, in journal order. An event whose command was closed changes nothing."""
        if event.at > self.now:
            self.now = event.at
        phase = PHASES[type(event)]
        noted = self.open.pop((event.path, phase), None) is not None
        if isinstance(event, Said):
            entry = entry_of(event)
            self._said.setdefault(entry, []).append(event)
            if isinstance(event, Edited) and self._schedule.awaits(entry):
                self._schedule.deliver(entry, event)
                self._check_end()
        elif isinstance(event, BudgetRaised):
            self.root.meter.raise_to(raised_to(event))
        elif isinstance(event, CancelAsked):
            self._schedule.close_all(RunEnd("cancelled", event.reason or f"Cancelled by {event.by}."))
            self._check_end()
        elif isinstance(event, RunFinished):
            self.finished = event
        elif phase in ("ended", "decided", "written") and self._schedule.awaits(event.path):
            self.open.pop((event.path, ""), None)
            self._ended.add(event.path)
            self._schedule.deliver(event.path, event)
            self._check_end()
        elif phase in ("ended", "decided", "written") and event.path not in self._ended and not noted:
            raise InternalError(f"The journal holds an event for {event.path}, which this run never asked for.")

    @property
    def doubt(self) -> Fault | None:
        """Why the run is in doubt at this moment, None where it is not."""
        return next((doubt.fault for doubt in self.doubts.values()), None)

    def doubts_under(self, path: str) -> list[Doubt]:
        """Return the writes in doubt of the step at a path, in the order in which they came into doubt."""
        return [d for d in self.doubts.values() if d.verdict.path == path or d.verdict.path.startswith(f"{path}/")]

    @property
    def closing(self) -> bool:
        """Say whether what goes on at this moment only settles a write, for nobody wants its step any more."""
        return self._schedule.draining

    def take_commands(self) -> Sequence[AnyCommand]:
        """Return the commands issued since the last call, `Close` included, in order."""
        new, self._new = self._new, []
        return new

    def note(self, event: AnyEvent) -> None:
        """Have an event put into the journal that answers no command."""
        self._issue(Note(path=event.path, event=event))

    def take(self, verdict: Verdict) -> tuple[str, str] | None:
        """Take the room that a verdict reserves in this run; return (rule, reason) where it is gone."""
        mine = run_rooms(verdict)
        for room in mine:
            if self.taken.get(room.counter, 0) + room.takes > room.most:
                return room.rule, room.reason or "The limit for this run is reached."
        for room in mine:
            self.taken[room.counter] = self.taken.get(room.counter, 0) + room.takes
        return None

    def free(self, verdict: Verdict) -> None:
        """Give back the room of a call that surely was not done."""
        for room in run_rooms(verdict):
            self.taken[room.counter] -= room.takes

    def count_work(self, meter: Meter, event: AnyEvent, delay: float = 0.0) -> None:
        """Count the work that an event says it took, and the delay before it.

        A process may be dead for hours between a command and its event, so moments do not tell; they are used where an
        earlier version did not say how long the work took.
        """
        issued = self._issued_at.pop(event.path, None)
        worked = getattr(event, "worked", None)
        if worked is not None:
            meter.add("within", max(worked, 0) + round(delay * MICRO))
        elif issued is not None and not isinstance(event, Refused):
            meter.add("within", max(round(seconds_between(issued, event.at) * MICRO), 0))

    def models_for(self, step: AskStep) -> Sequence[str]:
        """Return the models of a step in order: the run's own choice alone where it has one, else the step's."""
        if self.started.model is not None:
            return (self.started.model,)
        return step.models

    @property
    def shadow(self) -> bool:
        """Say whether this run only shows what it would do."""
        return self.started.mode == "shadow"

    def deadlines(self, roles: Sequence[str], *, last: bool = True, until: str | None = None) -> dict[str, Json]:
        """Return the fields of an `Asked` that say until when. `last`: the last role's deadline ends the entry."""
        dues = [role_due(self.compiled.plan.roles, role, self.now, last=last) for role in roles]
        known = any(due is not None for due in dues)
        return {"due": earliest([until, *dues]), "dues": dues if known else [], "until": until}

    def standing(self, command: AskPerson) -> Standing:
        """Return where an open entry stands."""
        return standing(command.asked, self._said.get(command.path, ()))

    def due_of(self, command: Wait | AskPerson) -> str | None:
        """Return the moment at which something becomes of a wait by itself."""
        return command.due if isinstance(command, Wait) else self.standing(command).due

    def by_itself(self, command: Wait | AskPerson, now: str) -> AnyEvent | None:
        """Return what becomes of a wait without anybody's word at a moment; None where it goes on."""
        if isinstance(command, AskPerson):
            return by_itself(self.standing(command), self.compiled.plan.roles, now)
        over = command.due is not None and command.due <= now
        return Woken(path=command.path, at=now, timer=True) if over else None

    def _issue(self, command: AnyCommand) -> None:
        if isinstance(command, AskPerson) and (command.path, "") in self.open:
            return  # one call of the entry was changed; the others still wait in it
        if isinstance(command, Close):
            closed = self.open.pop((command.path, ""), None)
            self._ended.add(command.path)
            if isinstance(closed, AskPerson | Wait):
                self.note(Withdrawn(path=command.path, at=self.now))
        elif isinstance(command, Note):
            self.open[(command.path, PHASES[type(command.event)])] = command
        elif isinstance(command, Finish):
            self.open[("", "finished")] = command
        else:
            self.open[(command.path, "")] = command
            self._issued_at[command.path] = self.now
        self._new.append(command)

    def _unsettled(self, command: AnyCommand) -> bool:
        """Say whether a command settles a write that is in doubt: a repeat, or the question whether it was done."""
        return isinstance(command, CallTool) and command.verdict.key in self.doubts

    def _check_subject(self) -> None:
        """Tell whose data this is once the flow's `subject` says it; before the end, after which nothing is told."""
        if self._subject is not None:
            subject = self.root.value(self._subject)
            if subject is not None and subject != "":
                self._subject = None
                self.note(SubjectKnown(path="@subject", at=self.now, subject=str(subject)))

    def _check_end(self) -> None:
        self._check_subject()
        if not self._schedule.done or ("", "finished") in self.open or self.finished is not None:
            return
        outcome, reason = self._outcome(self._schedule.error)
        self._issue(Finish(path="", outcome=outcome, reason=reason))

    def _outcome(self, error: BaseException | None) -> tuple[str, str]:
        if self.doubt is not None:
            return "in_doubt", self.doubt.message
        if isinstance(error, RunEnd):
            if error.outcome == "completed" and self.gaps:
                return "completed_with_gaps", error.reason
            return error.outcome, error.reason
        if isinstance(error, Failure):
            return outcome_of(error.fault), error.fault.message
        if error is not None:
            raise InternalError(f"A step of {self.started.flow} broke: {type(error).__name__}: {error}") from error
        return ("completed_with_gaps" if self.gaps else "completed"), ""


def raised_to(event: BudgetRaised) -> dict[str, int]:
    """Return new limits as meters count them, also those that an earlier version stored."""
    old = {name: (micros(n, up=False) or 0) if name == "within" else int(n) for name, n in event.limits.items()}
    return {**old, **event.to}
