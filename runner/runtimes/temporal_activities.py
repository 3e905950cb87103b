"""What a Temporal worker does for a run: commit to the journal, judge, and call out.

Owns: the activities. Each reads the run from the journal, finds its command there, commits the event and gives it back
with its `n`; a second attempt finds the event and gives back the same. Who acts next is `runtimes.temporal_flow`'s part,
what a command means `runtimes.dispatch`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from temporalio import activity
from temporalio.exceptions import ApplicationError

from flowrun.core.commands import AskPerson, CallModel, CallTool, Finish, Note, Propose, TakeRoom, Wait, WriteRecord
from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import (
    PHASES,
    AnyEvent,
    Asked,
    CallFailed,
    Intended,
    ModelStarted,
    RecordWritten,
    Reserved,
    RunFinished,
    RunStarted,
    Waiting,
)
from flowrun.core.execution import Execution
from flowrun.core.steps.model_call import conversation_digest
from flowrun.plan.model import Plan
from flowrun.ports.journal import Append, Receipt
from flowrun.runtimes.dispatch import Dispatch
from flowrun.runtimes.driver import msg_at
from flowrun.runtimes.intent import instead, intent_of, lost, needs_intent, reserved
from flowrun.runtimes.refusals import halted_model, under
from flowrun.runtimes.temporal_flow import BEAT

Json = Any
OWNER = "temporal"
EPOCH = 1
"""A run on Temporal is claimed once, when it is opened, and for the workflow, not for a process."""
UNSEEN = (Asked, Intended, ModelStarted, Waiting)
"""Events that tell the core nothing, so that a call in flight holds up no other branch."""


class View:
    """A run as its journal tells it now."""

    def __init__(self, events: Sequence[AnyEvent], seq: int, compiled: CompiledPlan) -> None:
        started = events[0]
        assert isinstance(started, RunStarted)
        self.started, self.seq, self.compiled = started, seq, compiled
        self.at = events[-1].at
        self.events = events
        self.phases = {(event.path, PHASES[type(event)]) for event in events}
        self.seen = [event for event in events if not isinstance(event, UNSEEN)]
        self.execution = Execution(compiled, started)
        self.execution.replay(self.seen[1:])

    def since(self, after: int) -> Json:
        """Return the events that the core sees from `n` = `after` + 1, each with its n."""
        return msgspec.to_builtins([(n, event) for n, event in enumerate(self.seen, 1) if n > after])

    def begun(self, path: str) -> str:
        """Return when the call at a path was begun."""
        return next((e.at for e in self.events if e.path == path and isinstance(e, Intended | ModelStarted)), self.at)

    def answers(self, path: str) -> Json:
        """Return the event that answered a path, with its n; nothing where there is none yet."""
        found = [
            (n, e) for n, e in enumerate(self.seen, 1) if e.path == path and PHASES[type(e)] in ("ended", "decided")
        ]
        return msgspec.to_builtins(found)

    def say(self, now: str) -> list[AnyEvent]:
        """Return the events that need nobody outside: notes, records, opened entries, the end; else one timer."""
        if self.execution.finished is not None:
            return []
        said: list[AnyEvent] = []
        timers: list[tuple[str, str, AnyEvent]] = []
        for (path, _), command in self.execution.open.items():
            if isinstance(command, Note):
                said.append(command.event)
            elif isinstance(command, WriteRecord):
                written = RecordWritten(
                    path=path, at=now, schema=command.schema, record=command.record, final=command.final
                )
                said.append(written)
            elif isinstance(command, TakeRoom):
                said.append(reserved(command, now))
            elif isinstance(command, AskPerson):
                if (path, "asked") not in self.phases:
                    said.append(msg_at(command.asked, now))
                timers += self._timer(command, now)
            elif isinstance(command, Wait):
                if (path, "waiting") not in self.phases:
                    said.append(Waiting(path=path, at=now, due=command.due, event=command.event, key=command.key))
                timers += self._timer(command, now)
            elif isinstance(command, Finish):
                said.append(RunFinished(path="", at=now, outcome=command.outcome, reason=command.reason))
        first = min(timers, key=lambda item: item[:2], default=None)
        return said or ([] if first is None else [first[2]])

    def _timer(self, command: Wait | AskPerson, now: str) -> list[tuple[str, str, AnyEvent]]:
        event = self.execution.by_itself(command, now)
        return [] if event is None else [(self.execution.due_of(command) or "", command.path, event)]


class Activities:
    """The activities of one worker. A claim is held for the workflow, so they take none."""

    def __init__(self, dispatch: Dispatch) -> None:
        self.dispatch = dispatch
        self.journal = dispatch.journal
        self._plans: dict[str, CompiledPlan] = {}

    @activity.defn(name="flowrun.load")
    async def load(self, digest: str) -> str:
        """Return a stored plan as JSON."""
        return self.journal.get_plan(digest).decode()

    @activity.defn(name="flowrun.settle")
    async def settle(self, run: str, after: int) -> Json:
        """Commit what needs nobody outside, timers included; return everything since `after`."""
        while True:
            view = self._view(run)
            events = view.say(self.dispatch.clock.now())
            if not events:
                return view.since(after)
            durable = any(isinstance(event, RunFinished) for event in events)
            rooms = [event for event in events if isinstance(event, Reserved)]
            others = [event for event in events if not isinstance(event, Reserved)]
            if others:
                self._commit(view, *others, durable=durable)
            for event in rooms:  # each by itself, since it may be refused
                self._take_room(view, event)

    def _take_room(self, view: View, event: Reserved) -> None:
        command = view.execution.open.get((event.path, ""))
        assert isinstance(command, TakeRoom)
        refused = self.dispatch.stopped(view.compiled, command, view.started, event.at)
        if refused is not None:
            self._commit(view, refused)
            return
        receipt = self._commit(view, event, under=under(command))
        refusal = None if receipt.ok else instead(self.journal, command, receipt, event.at)
        if refusal is not None:
            self._commit(view, refusal)

    @activity.defn(name="flowrun.answer")
    async def answer(self, run: str, path: str) -> Json:
        """Judge or call, unless it was done before; return the event, or nothing where nobody wants it any more."""
        view = self._view(run)
        command = view.execution.open.get((path, ""))
        if isinstance(command, Propose):
            self._commit(
                view, await self.dispatch.judge(view.compiled, command, run, max(view.at, self.dispatch.clock.now()))
            )
        elif isinstance(command, CallModel | CallTool):
            beat = asyncio.create_task(_beat())
            try:
                if isinstance(command, CallModel):
                    self._commit(view, await self._model(view, command))
                else:
                    write = command.verdict.effect == "write"
                    self._commit(view, await self._call(view, command, write), durable=write)
            finally:
                beat.cancel()
        return self._view(run).answers(path)

    async def _model(self, view: View, command: CallModel) -> AnyEvent:
        now = self.dispatch.clock.now()
        if (command.path, "started") in view.phases:
            return lost(command, begun=view.begun(command.path), last=view.at, now=now)
        held = self.dispatch.halted(under(command), now)
        if held is not None:
            return halted_model(command, held, now)
        told = conversation_digest(command.messages)
        self._commit(
            view,
            ModelStarted(
                path=command.path,
                at=now,
                model=command.model.name,
                reserved=command.reserve,
                tokens=command.tokens,
                digest=told,
            ),
        )
        return await self.dispatch.call_model(view.compiled, command, view.started.run)

    async def _call(self, view: View, command: CallTool, write: bool) -> AnyEvent:
        now = self.dispatch.clock.now()
        known = (command.path, "intended") in view.phases
        refused = None if known else self.dispatch.stopped(view.compiled, command, view.started, now)
        if refused is not None:
            return refused
        wait = 0.0 if known or command.simulated else self.dispatch.turn(command)
        if isinstance(wait, CallFailed):
            return wait
        if wait:
            await self.dispatch.clock.sleep(wait)
        if needs_intent(command):
            receipt = (
                None if known else self._commit(view, intent_of(command, now), durable=write, under=under(command))
            )
            if receipt is None or receipt.refused == "path":
                seen = view if receipt is None else self._view(view.started.run)
                return lost(command, begun=seen.begun(command.path), last=seen.at, now=now)
            event = instead(self.journal, command, receipt, now)
            if event is not None:
                return event
            if not receipt.ok:
                raise ApplicationError(f"The run {view.started.run} has ended.", type="Ended", non_retryable=True)
        return await self.dispatch.call_tool(view.compiled, command, view.started.run, waited=wait)

    def _commit(self, view: View, *events: AnyEvent, durable: bool = False, under: Sequence[str] = ()) -> Receipt:
        """Commit. A phase that is there already and a run that has ended are for the caller to look at again."""
        run = view.started.run
        newer = self.journal.events(run, after=view.seq)
        last = newer[-1].event.at if newer else view.at
        stamped = [event if event.at >= last else msg_at(event, last) for event in events]
        receipt = self.journal.commit([Append(run=run, epoch=EPOCH, events=stamped, durable=durable, under=under)])[0]
        if receipt.refused == "claim":
            raise ApplicationError(f"Another runner took {run} over.", type="LostClaim", non_retryable=True)
        if receipt.refused == "event":
            raise ApplicationError(receipt.rule, type="StoreError", non_retryable=True)
        return receipt

    def _view(self, run: str) -> View:
        stored = self.journal.events(run)
        events = [item.event for item in stored]
        assert isinstance(events[0], RunStarted)
        digest = events[0].plan
        if digest not in self._plans:
            plan = msgspec.json.decode(self.journal.get_plan(digest), type=Plan)
            self._plans[digest] = CompiledPlan(plan, digest)
        return View(events, stored[-1].seq, self._plans[digest])


async def _beat() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(BEAT.total_seconds() / 3)
