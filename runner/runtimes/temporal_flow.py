"""A run as a Temporal workflow: it drives the core, and Temporal remembers who acts next.

Owns: the workflow, its timers and its one signal. It does no I/O: every event comes from an activity
(`runtimes.temporal_activities`), which has committed it to the journal before. Temporal loads this file into its sandbox;
the pure rooms are passed through (`runtimes.temporal.PURE`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import is_cancelled_exception

from flowrun.core.commands import AnyCommand, AskPerson, CallModel, CallTool, Close, Propose, Wait, pause_of
from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import AnyEvent, RunStarted
from flowrun.core.execution import Execution
from flowrun.plan.model import Plan

Json = Any
NEWS = "news"
"""The signal: somebody outside committed an event. It carries none; the journal has it."""
LOCAL = timedelta(seconds=120)
"""Limit of a local activity: a commit, or a turn's facts and verdicts."""
BEAT = timedelta(seconds=6)
"""After this silence the worker of an outside call is taken for dead."""
MARGIN = 15.0
MODEL = 600.0
"""Seconds for a model call without a limit of its own."""
RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=10))
PAUSE = timedelta(seconds=1)
"""A longer pause before a repeated local activity is a timer of the server: else it would hold the worker's shutdown."""


@workflow.defn(name="flowrun.run")
class RunFlow:
    """One run. Events are applied by `n`, their place among the run's events that the core sees."""

    def __init__(self) -> None:
        self.execution: Execution | None = None
        self.n = 1
        self._news = False
        self._ahead: dict[int, AnyEvent] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._loose: set[asyncio.Task[None]] = set()
        self._broken: BaseException | None = None

    @workflow.run
    async def run(self, first: dict[str, Json]) -> str:
        """Drive the run of a `RunStarted` event to its end; return its outcome."""
        started = msgspec.convert(first, RunStarted)
        plan = msgspec.json.decode(await self._local("flowrun.load", started.plan), type=Plan)
        execution = Execution(CompiledPlan(plan, started.plan), started)
        execution.start()
        self._news = False
        arrived = await self._local("flowrun.settle", started.run, self.n)
        self.execution = execution
        self._apply(arrived)
        execution.take_commands()
        self._act(list(execution.open.values()))
        if self._news:
            self._spawn(self._settle())
        await workflow.wait_condition(lambda: execution.finished is not None or self._broken is not None)
        if self._broken is not None:
            raise self._broken
        assert execution.finished is not None
        return execution.finished.outcome

    @workflow.signal(name=NEWS)
    def news(self) -> None:
        """Look into the journal; a run that is still beginning does so by itself."""
        self._news = True
        if self.execution is not None:
            self._spawn(self._settle())

    def _take(self, arrived: Json) -> None:
        """Apply what an activity gave back, and begin what follows from it."""
        assert self.execution is not None
        self._apply(arrived)
        self._act(self.execution.take_commands())
        if self._ahead:
            self._spawn(self._settle())  # an event in between was committed by somebody else: fetch it

    def _apply(self, arrived: Json) -> None:
        assert self.execution is not None
        for n, event in msgspec.convert(arrived, list[tuple[int, AnyEvent]]):
            if n > self.n:
                self._ahead[n] = event
        while (following := self._ahead.pop(self.n + 1, None)) is not None:
            self.n += 1
            self.execution.resume(following)
            self._drop(following.path)

    def _act(self, commands: Sequence[AnyCommand]) -> None:
        settle = False
        for command in commands:
            if isinstance(command, Close):
                self._drop(command.path)
            elif isinstance(command, CallTool | CallModel | Propose):
                self._spawn(self._outside(command), command.path)
            else:
                settle = True
                if isinstance(command, Wait | AskPerson) and self._due(command) is not None:
                    self._spawn(self._timer(command), command.path)
        if settle:
            self._spawn(self._settle())

    async def _settle(self) -> None:
        """Have everything committed that needs nobody outside, and read what others committed."""
        assert self.execution is not None
        if self.execution.finished is None:
            self._take(await self._local("flowrun.settle", self.execution.started.run, self.n))

    async def _timer(self, command: Wait | AskPerson) -> None:
        while self.execution is not None and (command.path, "") in self.execution.open:
            due = self._due(command)  # a later one where an entry has moved on to another role
            if due is None:
                return
            # The journal's clock decides; where it is behind the server's, a second look is due soon.
            await workflow.sleep(max(datetime.fromisoformat(due) - workflow.now(), timedelta(seconds=1)))
            await self._settle()

    def _due(self, command: Wait | AskPerson) -> str | None:
        assert self.execution is not None
        return self.execution.due_of(command)

    async def _outside(self, command: CallTool | CallModel | Propose) -> None:
        assert self.execution is not None
        run, path = self.execution.started.run, command.path
        if isinstance(command, Propose):
            arrived = await self._local("flowrun.answer", run, path)
        else:
            if command.delay:
                await workflow.sleep(pause_of(command, workflow.random().random()))
            limit = command.timeout or MODEL
            if isinstance(command, CallTool):
                limit = min(command.timeout or command.within, command.within)
            arrived = await workflow.execute_activity(
                "flowrun.answer",
                args=[run, path],
                start_to_close_timeout=timedelta(seconds=limit + MARGIN),
                heartbeat_timeout=BEAT,
                retry_policy=RETRY,
            )
        self._take(arrived)
        if not arrived:  # somebody closed this path in the journal; read why
            await self._settle()

    async def _local(self, name: str, *args: Json) -> Json:
        return await workflow.execute_local_activity(
            name,
            args=args,
            start_to_close_timeout=LOCAL,
            retry_policy=RETRY,
            local_retry_threshold=PAUSE,
        )

    def _spawn(self, work: Coroutine[Any, Any, None], path: str | None = None) -> None:
        task = asyncio.create_task(self._guarded(work))
        self._loose.add(task)
        task.add_done_callback(self._loose.discard)
        if path is not None:
            self._tasks[path] = task

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:
            if not is_cancelled_exception(error):
                self._broken = self._broken or error

    def _drop(self, path: str) -> None:
        """End the work for a path that is answered or closed; a task never ends itself."""
        task = self._tasks.pop(path, None)
        if task is not None and task is not asyncio.current_task():
            task.cancel()
