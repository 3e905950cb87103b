"""Drives one run: commands out of the core, events into the journal, until the run ends or waits.

Owns: the order of a run's events, the flush before every outside action, and what happens to timers. What a command
means is `runtimes.dispatch`; what follows from an event is `core`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from flowrun.core.commands import (
    AnyCommand,
    AskPerson,
    CallModel,
    CallTool,
    Close,
    Finish,
    Note,
    Propose,
    TakeRoom,
    Wait,
    WriteRecord,
    pause_of,
)
from flowrun.core.compiled import CompiledPlan
from flowrun.core.entries import earliest
from flowrun.core.events import (
    PHASES,
    AnyEvent,
    CallFailed,
    Doubted,
    Escalated,
    Intended,
    ModelFailed,
    ModelReplied,
    ModelStarted,
    RecordWritten,
    Refused,
    Reserved,
    Returned,
    RunFinished,
    RunStarted,
    Waiting,
)
from flowrun.core.execution import Execution
from flowrun.core.steps.model_call import conversation_digest
from flowrun.errors import InternalError, StoreError
from flowrun.ports.journal import Append, Claim, Receipt
from flowrun.runtimes.committer import Committer, LostClaim
from flowrun.runtimes.dispatch import Dispatch
from flowrun.runtimes.intent import instead, intent_of, lost, needs_intent, reserved
from flowrun.runtimes.refusals import halted_model, under
from flowrun.values.moments import seconds_between
from flowrun.words import t

Json = Any
POLL = 0.5
PATIENCE = 3.0
"""Seconds that a run with nothing else to do waits here for its own timer, before it is left to `resume --due`."""
OUTSIDE = (CallTool, CallModel, Propose)
ANSWERS = (Returned, CallFailed, Doubted, ModelReplied, ModelFailed)


class Driver:
    """One run while it is driven."""

    def __init__(self, dispatch: Dispatch, committer: Committer, compiled: CompiledPlan, claim: Claim) -> None:
        self.dispatch = dispatch
        self.committer = committer
        self.compiled = compiled
        self.claim = claim
        self.clock = dispatch.clock
        self.drain = dispatch.drain
        self.execution: Execution
        self.barred = ""
        """Why no tool may be called any more; a run that ends then settles only what needs none."""
        self.finished = False
        self.left = False
        """Whether work was left because the process is to end."""
        self.seq = 0
        self.last_at = ""
        self._left_at = ""
        """When the run's last event was stored before it was driven here."""
        self._seen: set[tuple[str, str]] = set()
        self.events: list[AnyEvent] = []
        """The run's events as stored, in order."""
        self._buffer: list[AnyEvent] = []
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._parked: dict[str, Wait | AskPerson] = {}
        self._stale = False
        self._error: Exception | None = None

    async def drive(self, started: RunStarted | None = None) -> None:
        """Go on until the run ends or only people, events and far timers are awaited. `started`: a new run."""
        if started is not None:
            self.seq, self.last_at, self.events = 1, started.at, [started]
            self.execution = Execution(self.compiled, started)
            self.execution.start()
        else:
            self._rebuild()
        self.drain.runs[self.claim.run] = None
        try:
            await self._loop()
        finally:
            self.drain.runs.pop(self.claim.run, None)
            for task in self._tasks.values():
                task.cancel()

    def _rebuild(self) -> None:
        stored = self.dispatch.journal.events(self.claim.run)
        events = [item.event for item in stored]
        if not isinstance(first := events[0], RunStarted):
            raise InternalError(f"The journal of {self.claim.run} does not begin with its start.")
        self.events = events
        self.seq = stored[-1].seq
        self.last_at = self._left_at = events[-1].at
        self._seen = {(event.path, PHASES[type(event)]) for event in events}
        self.execution = Execution(self.compiled, first)
        self.execution.replay(events[1:])
        self._parked = {}
        self._stale = False
        unsaved, self._buffer = self._buffer, []
        for event in unsaved:
            # What came from outside is not lost; everything else is derived anew from the commands.
            if isinstance(event, ANSWERS) and (event.path, "") in self.execution.open:
                self._emit(event)
        for path in [path for path in self._tasks if (path, "") not in self.execution.open]:
            self._tasks.pop(path).cancel()

    async def _loop(self) -> None:
        commands: Sequence[AnyCommand] = list(self.execution.open.values())
        self.execution.take_commands()
        while True:
            await self._perform(commands)
            if self._error is not None:
                raise self._error
            if self._stale:
                self._rebuild()
                commands = list(self.execution.open.values())
                continue
            if self.execution.finished is not None:
                self.finished = True
                return
            commands = self.execution.take_commands()
            if commands:
                continue
            if self._fire_timers():
                commands = self.execution.take_commands()
                continue
            if not await self._rest():
                await self._flush(durable=self.left)
                if not self._stale:
                    return
            commands = self.execution.take_commands()

    async def _perform(self, commands: Sequence[AnyCommand]) -> None:
        """Carry out commands. One outside call alone is awaited here; several run as tasks."""
        alone = not self._tasks and not self._parked and sum(isinstance(c, OUTSIDE) for c in commands) == 1
        for command in commands:
            if self._stale:
                return
            if isinstance(command, OUTSIDE):
                if command.path in self._tasks:
                    continue
                if self.drain.asked:
                    self.left = True
                    continue
                if alone or (isinstance(command, Propose) and not self._tasks and not self._parked):
                    await self._outside(command)
                else:
                    self._tasks[command.path] = asyncio.create_task(self._task(command))
            else:
                await self._inside(command)

    async def _inside(self, command: AnyCommand) -> None:
        now = self._now()
        if isinstance(command, Note):
            if (command.path, PHASES[type(command.event)]) not in self._seen:
                self._emit(command.event)
        elif isinstance(command, WriteRecord):
            self._emit(
                RecordWritten(
                    path=command.path, at=now, schema=command.schema, record=command.record, final=command.final
                )
            )
        elif isinstance(command, TakeRoom):
            await self._intend(command, False)
        elif isinstance(command, AskPerson):
            if (command.path, "asked") not in self._seen:
                self._append(msg_at(command.asked, now))
            self._parked[command.path] = command
        elif isinstance(command, Wait):
            if (command.path, "waiting") not in self._seen:
                self._append(Waiting(path=command.path, at=now, due=command.due, event=command.event, key=command.key))
            self._parked[command.path] = command
        elif isinstance(command, Close):
            self._parked.pop(command.path, None)
            task = self._tasks.pop(command.path, None)
            if task is not None:
                task.cancel()
        elif isinstance(command, Finish):
            self._append(RunFinished(path="", at=now, outcome=command.outcome, reason=command.reason))
            event = self._buffer[-1]
            await self._flush(durable=True)
            if not self._stale:
                self.execution.resume(event)

    async def _task(self, command: CallTool | CallModel | Propose) -> None:
        try:
            await self._outside(command)
        except Exception as error:
            # Raised where the run is driven, for nobody awaits this task.
            self._error = self._error or error
        finally:
            self._tasks.pop(command.path, None)

    async def _outside(self, command: CallTool | CallModel | Propose) -> None:
        if isinstance(command, Propose):
            self._emit(await self.dispatch.judge(self.compiled, command, self.claim.run, self._now()))
            return
        if command.delay:
            await self._flush(durable=False)
            await self.drain.sleep(pause_of(command, self.clock.jitter()))
            if self.drain.asked:
                self.left = True
                return
        if isinstance(command, CallModel):
            await self._model(command)
            return
        write = command.verdict.effect == "write" and not command.simulated
        if (command.path, "intended") in self._seen:
            self._emit(self._lost(command))
            return
        wait = 0.0 if command.simulated else self.dispatch.turn(command)
        if isinstance(wait, CallFailed):
            self._emit(wait)
            return
        if wait:
            await self._flush(durable=False)
            await self.drain.sleep(wait)
            if self.drain.asked or self._stale:
                self.left = self.drain.asked
                return
        if needs_intent(command):
            if not await self._intend(command, write):
                return
        else:
            await self._flush(durable=False)
            if self._stopped(command):
                return
        if self._stale:
            return
        self._emit(await self.dispatch.call_tool(self.compiled, command, self.claim.run, waited=wait))
        if write:
            await self._flush(durable=True)

    def _stopped(self, command: CallTool | TakeRoom) -> bool:
        now = self._now()
        refused = self.dispatch.stopped(self.compiled, command, self.execution.started, now)
        if self.barred:
            refused = Refused(path=command.path, at=now, rule="tool_changed", reason=self.barred)
        if refused is not None:
            self._emit(refused)
        return refused is not None

    async def _intend(self, command: CallTool | TakeRoom, write: bool) -> bool:
        """Commit the intent with its reservations and approvals; False where it was refused (an event says so)."""
        if self._stopped(command):
            return False
        now = self._now()
        intent = reserved(command, now) if isinstance(command, TakeRoom) else intent_of(command, now)
        before, self._buffer = self._buffer, []
        receipt = await self._commit([*before, intent], durable=write, under=under(command))
        if receipt.ok:
            self._seen.add((command.path, PHASES[type(intent)]))
            if isinstance(intent, Reserved) and not self._stale:
                self.execution.resume(intent)
            return not self._stale
        event = instead(self.dispatch.journal, command, receipt, self._now())
        if event is None:
            self._stale = True
        else:
            self._buffer = [*before, *self._buffer]
            self._emit(event)
        return False

    def _lost(self, command: CallTool | CallModel) -> AnyEvent:
        """Return what became of a call that was under way when the process before this one ended."""
        begun = (e.at for e in self.events if e.path == command.path and isinstance(e, Intended | ModelStarted))
        return lost(command, begun=next(begun, self._left_at), last=self._left_at, now=self._now())

    async def _model(self, command: CallModel) -> None:
        if (command.path, "started") in self._seen:
            self._emit(self._lost(command))
            return
        held = self.dispatch.halted(under(command), self._now())
        if held is not None:
            self._emit(halted_model(command, held, self._now()))
            return
        digest = conversation_digest(command.messages)
        self._emit(
            ModelStarted(
                path=command.path,
                at=self._now(),
                model=command.model.name,
                reserved=command.reserve,
                tokens=command.tokens,
                digest=digest,
            )
        )
        await self._flush(durable=False)
        if not self._stale:
            self._emit(await self.dispatch.call_model(self.compiled, command, self.claim.run))

    def _fire_timers(self) -> bool:
        """Let happen what needs nobody's word, the longest due first; False where there is nothing."""
        now = self.clock.now()
        for path, command in sorted(self._parked.items(), key=lambda item: self.execution.due_of(item[1]) or "~"):
            event = self.execution.by_itself(command, now)
            if event is None:
                continue
            if not isinstance(event, Escalated):
                del self._parked[path]
            self._now()
            self._emit(event)
            return True
        return False

    async def _rest(self) -> bool:
        """Wait for work in flight, a near timer or a foreign event; False where there is nothing to wait for here."""
        nearest = earliest(self.execution.due_of(command) for command in self._parked.values())
        until = None if nearest is None else max(seconds_between(self.clock.now(), nearest), 0.0)
        if self._tasks:
            await self._flush(durable=False)
            if self._stale:
                return True
            limit = POLL if self._parked else None
            limit = until if limit is None or (until is not None and until < limit) else limit
            await asyncio.wait(list(self._tasks.values()), timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            if self._parked and self.dispatch.journal.events(self.claim.run, after=self.seq):
                self._stale = True
            return True
        people = any(isinstance(c, AskPerson) or c.event for c in self._parked.values())
        if until is not None and until <= PATIENCE and not people and not self.drain.asked:
            await self._flush(durable=False)
            await self.drain.sleep(until)
            return True
        return False

    def _now(self) -> str:
        """Return a moment that is never before the run's last event."""
        self.last_at = max(self.last_at, self.clock.now())
        return self.last_at

    def _append(self, event: AnyEvent) -> None:
        self._seen.add((event.path, PHASES[type(event)]))
        self._buffer.append(event)

    def _emit(self, event: AnyEvent) -> None:
        if event.at < self.last_at:
            event = msg_at(event, self.last_at)
        self.last_at = event.at
        self._append(event)
        self.execution.resume(event)

    async def _flush(self, *, durable: bool) -> None:
        if not self._buffer:
            return
        events, self._buffer = self._buffer, []
        if not (await self._commit(events, durable=durable)).ok:
            self._stale = True

    async def _commit(self, events: list[AnyEvent], *, durable: bool, under: Sequence[str] = ()) -> Receipt:
        """Commit. Foreign events in between make the execution stale; a lost claim raises `LostClaim`."""
        receipt = await self.committer.commit(
            Append(run=self.claim.run, epoch=self.claim.epoch, events=events, durable=durable, under=under)
        )
        if not receipt.ok:
            if receipt.refused in ("claim", "finished"):
                raise LostClaim(t("The run {run} was taken over by another runner.", run=self.claim.run))
            if receipt.refused == "event":
                raise StoreError(receipt.rule, code="FR5006", help=t("Let tools and models return less."))
            return receipt
        if receipt.seq != self.seq + len(events):
            self._stale = True
        self.seq = receipt.seq
        self.events += events
        return receipt


def msg_at(event: AnyEvent, at: str) -> AnyEvent:
    """Return the event with another moment."""
    return msgspec.structs.replace(event, at=at)
