"""Plays one test: the input arrives, people and events answer, time passes, until nothing more happens.

Owns: the order of what happens in a test, crashes included. What is expected of it is `expectations`' part.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flowrun.adapters.journals.memory import MemoryJournal
from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import Answered, AnyEvent, RunStarted, Waiting, Woken
from flowrun.lang.spec_files import TestFile
from flowrun.plan.compile import steps_in
from flowrun.plan.model import AnyStep, Plan, WaitStep
from flowrun.ports.journal import Append, Claim, Journal
from flowrun.ports.models import Models
from flowrun.ports.tools import Tools
from flowrun.runtimes.dispatch import Dispatch
from flowrun.runtimes.local import LocalRuntime
from flowrun.testing.fakes import FAULTS, FakeClock, FakeModels, FakeTools, Lack, fault_of, is_by_call
from flowrun.testing.people import FakePeople
from flowrun.testing.result import Unplayable, shown
from flowrun.testing.watched import WatchedPlan
from flowrun.testing.words import LATE
from flowrun.values.moments import add_seconds
from flowrun.values.names import Names
from flowrun.words import mark, t

Json = Any
START = "2026-01-05T09:00:00Z"
"""When a test without `given.now` begins."""
OWNER = "test"
MOST_MOVES = 500
"""A test that needs more answers than this goes in circles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What a test is played on. `model_port` and `tool_port` are what the runtime reaches the fakes through."""

    clock: FakeClock
    journal: Journal
    tools: FakeTools
    models: FakeModels
    tool_port: Tools
    model_port: Models
    owner: str = OWNER


def in_memory(test: TestFile, compiled: CompiledPlan) -> Stage:
    """Return a stage of which nothing is left afterwards."""
    tools = FakeTools(compiled.plan.tools, test.tools, crash_after=test.crash_after)
    models = FakeModels(test.model)
    return Stage(
        clock=FakeClock(test.now or START),
        journal=MemoryJournal(wall=lambda: 0.0),
        tools=tools,
        models=models,
        tool_port=tools,
        model_port=models,
    )


class Play:
    """One test while it is played. Afterwards `events` and the fakes say what happened."""

    def __init__(self, test: TestFile, compiled: CompiledPlan, stage: Stage | None = None) -> None:
        self.test = test
        self.compiled = compiled if isinstance(compiled, WatchedPlan) else WatchedPlan(compiled)
        self.stage = stage = stage or in_memory(test, compiled)
        self.clock = stage.clock
        self.journal = stage.journal
        self.tools = stage.tools
        self.models = stage.models
        self.people = FakePeople(test.people, compiled)
        self.runs: list[str] = []
        self._until: str | None = None
        self._runtime = self._new_runtime()

    @property
    def run(self) -> str:
        """The id of the run."""
        return self.runs[0]

    @property
    def problems(self) -> list[Lack]:
        """What the run needed and the test does not give."""
        return list(dict.fromkeys([*self.tools.problems, *self.models.problems]))

    def events(self) -> list[AnyEvent]:
        """Return the run's events so far."""
        return [stored.event for stored in self.journal.events(self.run)]

    async def play(self) -> None:
        """Play the test to its end. Raises `Unplayable` where it does not fit the flow."""
        check_given(self.test, self.compiled)
        for _ in range(self.test.deliver):
            await self._deliver()
        await self._go_on()
        if self.test.crash_after is not None and not self.tools.crashed.is_set():
            told = t("{tool} was never called, so nothing crashed.", tool=self.test.crash_after)
            raise Unplayable(told, "crash_after")

    async def _deliver(self) -> None:
        started = self._started()
        opened = self.journal.open_run(started, owner=self.stage.owner)
        if opened.run not in self.runs:
            self.runs.append(opened.run)
        if opened.claim is not None:
            await self._drive(opened.claim, started)

    async def _go_on(self) -> None:
        """Let happen what the test gives, until the run ends or nothing is left."""
        moves = 0
        while self.journal.run(self.run).outcome is None and self._move():
            await self._resume()
            moves += 1
            if moves > MOST_MOVES:
                raise Unplayable(t("After {n} answers the run still asks.", n=MOST_MOVES), "flow")

    def _started(self) -> RunStarted:
        flow = self.compiled.plan.flow
        run, now, input = self.clock.new_id(), self.clock.now(), self.test.input
        key = run
        if flow.key is not None:
            value = self.compiled.value(flow.key, Names(input=input, now=now))
            if value is None:
                raise Unplayable(t("The flow's `key` is empty for this input."))
            key = str(value)
        return RunStarted(
            path="",
            at=now,
            run=run,
            flow=flow.name,
            version=flow.version,
            plan=self.compiled.digest,
            input=input,
            key=key,
        )

    def _new_runtime(self) -> LocalRuntime:
        stage = self.stage
        sources = {name.split(".")[0]: stage.tool_port for name in self.compiled.plan.tools}
        dispatch = Dispatch(journal=stage.journal, models=stage.model_port, tools=sources, clock=stage.clock)
        return LocalRuntime(dispatch, owner=stage.owner)

    async def _drive(self, claim: Claim, started: RunStarted | None = None) -> None:
        if self.test.crash_after is None or self.tools.crashed.is_set():
            await self._runtime.drive(self.compiled, claim, started)
            return
        driving = asyncio.create_task(self._runtime.drive(self.compiled, claim, started))
        crash = asyncio.create_task(self.tools.crashed.wait())
        await asyncio.wait([driving, crash], return_when=asyncio.FIRST_COMPLETED)
        crash.cancel()
        if driving.done():
            await driving
            return
        # What a killed process had not committed is lost with it; another one goes on from the journal.
        driving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await driving
        self._runtime = self._new_runtime()
        await self._resume()

    async def _resume(self) -> None:
        claim = self.journal.claim(self.run, owner=self.stage.owner)
        if claim is not None:
            await self._drive(claim)

    def _move(self) -> bool:
        """Let the next thing happen that the test gives: an answer, an event, time. False where there is none."""
        now = self.clock.now()
        for entry in self.journal.inbox(run=self.run):
            events = self.people.answer(entry, self.events(), now)
            if events is None:
                continue
            if events != LATE:
                assert not isinstance(events, str)
                self._say(events)
            elif entry.due is not None:
                self.clock.move_to(entry.due)
            else:
                # How long a role has is the workspace's word; what the flow does when it is over is tested here.
                self._say([Answered(path=entry.path, at=now, action="late", reason="Nobody answered in time.")])
            return True
        for wait in open_waits(self.events()):
            payload = self._payload(wait)
            if payload is not None:
                self._say([Woken(path=wait.path, at=now, timer=False, payload=payload[0])])
                return True
        return self._let_time_pass()

    def _say(self, events: list[AnyEvent]) -> None:
        receipt = self.journal.commit([Append(run=self.run, epoch=None, events=events, durable=True)])[0]
        if not receipt.ok:
            why = f"{receipt.refused} {receipt.rule}".rstrip()
            raise Unplayable(t("The journal refused an answer of the test: {why}", why=why), "given", "people")

    def _payload(self, wait: Waiting) -> tuple[Json] | None:
        event = wait.event or ""
        for name in (event, event.split("@")[0]):
            if name and name in self.test.events:
                payload = self.test.events[name]
                if isinstance(payload, list | tuple):
                    place = arrived(self.events(), event)
                    if place >= len(payload):
                        return None
                    payload = payload[place]
                problems = self.compiled.check(event, payload, placeholders=False)
                if problems:
                    why = _problem(problems)
                    told = t("given.events.{name} is no valid {event}: {why}", name=name, event=event, why=why)
                    raise Unplayable(told, "given", "events", name)
                return (payload,)
        return None

    def _let_time_pass(self) -> bool:
        if self.test.after is None:
            return False
        now = self.clock.now()
        self._until = self._until or add_seconds(now, self.test.after)
        due = self.journal.run(self.run).due
        if now >= self._until:
            return False
        self.clock.move_to(self._until if due is None else min(max(due, now), self._until))
        if self.clock.now() == now:
            self.clock.move_to(self._until)
        return True


def open_waits(events: Iterable[AnyEvent]) -> list[Waiting]:
    """Return the waits that nothing has ended."""
    waits: dict[str, Waiting] = {}
    for event in events:
        if isinstance(event, Waiting):
            waits[event.path] = event
        elif isinstance(event, Woken):
            waits.pop(event.path, None)
    return list(waits.values())


def all_steps(plan: Plan) -> Iterator[AnyStep]:
    """Yield the steps of a plan's flow and of the flows that it calls, those inside blocks too."""
    for flow in (plan.flow, *plan.flows.values()):
        yield from steps_in(flow.steps)


def awaited(plan: Plan) -> set[str]:
    """Return the events (`NAME@N`) that a plan's flows may wait for."""
    return {step.event for step in all_steps(plan) if isinstance(step, WaitStep) and step.event}


def arrived(events: Iterable[AnyEvent], event: str) -> int:
    """Return how many events of a kind (`NAME@N`) have come."""
    waits: dict[str, str | None] = {}
    count = 0
    for each in events:
        if isinstance(each, Waiting):
            waits[each.path] = each.event
        elif isinstance(each, Woken) and not each.timer:
            count += waits.get(each.path) == event
    return count


def check_given(test: TestFile, compiled: CompiledPlan) -> None:
    """Raise `Unplayable` where what a test gives does not fit the flow, before anything is played."""
    plan = compiled.plan
    problems = compiled.check(plan.flow.input, test.input, placeholders=False)
    if problems:
        told = t("given.input is no valid {schema}: {why}", schema=plan.flow.input, why=_problem(problems))
        raise Unplayable(told, "given", "input")
    ids = {step.id for step in all_steps(plan)}
    events = awaited(plan)
    _known("given.model", mark("{place}: the flow has no step {name}; it has {known}."), test.model, ids)
    _known("given.tools", mark("{place}: the flow has no tool {name}; it has {known}."), test.tools, plan.tools)
    _known(
        "given.people",
        mark("{place}: the flow has no tool or step {name}; it has {known}."),
        test.people,
        ids | set(plan.tools) | {f"flows.{f.name}" for f in plan.flows.values()},
    )
    _known(
        "given.events",
        mark("{place}: the flow has no event {name}; it has {known}."),
        test.events,
        events | {name.split("@")[0] for name in events},
    )
    if test.crash_after is not None:
        _known(
            "crash_after", mark("{place}: the flow has no tool {name}; it has {known}."), [test.crash_after], plan.tools
        )
    for name, given in test.tools.items():
        by_call = is_by_call(plan.tools[name], given)
        answers = given if by_call else [list(given) if isinstance(given, tuple) else given]
        for number, answer in enumerate(answers, 1):
            where = f"given.tools.{name}"
            if by_call:
                where = t("{place}, answer {number}", place=where, number=number)
            place: list[str | int] = ["given", "tools", name, *([number - 1] if by_call else [])]
            fault = fault_of(answer)
            if fault is not None and fault not in FAULTS:
                told = t(
                    "{place}: there is no fault {fault}; there are {known}.",
                    place=where,
                    fault=shown(fault),
                    known=", ".join(FAULTS),
                )
                raise Unplayable(told, *place)
            found = [] if fault is not None else compiled.check_output(plan.tools[name], answer)
            if found:
                why = _problem(found)
                raise Unplayable(
                    t("{place} is nothing that {tool} can give: {why}", place=where, tool=name, why=why), *place
                )


def _known(where: str, what: str, names: Iterable[str], known: Iterable[str]) -> None:
    for name in names:
        if name not in known:
            raise Unplayable(
                t(what, place=where, name=name, known=", ".join(sorted(known)) or t("none")),
                *where.split("."),
                name,
            )


def _problem(problems: list[dict[str, Json]]) -> str:
    return "; ".join(f"{p.get('path') or t('the whole')}: {p['message']}" for p in problems[:5])
