"""Effects once, and no more than the limits allow: whatever fails, crashes, is repeated, settled or runs side by side.

The test drives real runs (core, guard, driver, journal) against a world that it counts by itself, and never asks the ledger
what the ledger has spent.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from flowrun.adapters.journals.memory import MemoryJournal
from flowrun.core.commands import Propose
from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import (
    Answered,
    AnyEvent,
    CancelAsked,
    Decided,
    Intended,
    ModelFailed,
    ModelReplied,
    RunStarted,
)
from flowrun.journal.writes import writes
from flowrun.plan.model import AskStep, BudgetPlan, CallStep, LimitPlan, RulePlan
from flowrun.ports.journal import Append, Claim
from flowrun.runtimes.dispatch import Dispatch
from flowrun.runtimes.local import LocalRuntime
from flowrun.testing.fakes import FakeClock
from flowrun.values.micros import MICRO
from tests.property.plans import ARG_N, lit, make_plan
from tests.property.world import CONTRACTS, FAULTS, REPORTS, Crash, World
from tests.unit.core.kit import FINAL

START = "2026-03-02T09:00:00.000000Z"
INPUT_N, INPUT_WHO = ["attr", ["name", "input"], "n"], ["attr", ["name", "input"], "who"]
WRITES, CALLS, COST, TOKENS = 4, 12, 120_000, 110_000
WRITE_TOOLS = ("plain", "header", "natural", "confirm")
DAY = 86_400.0
SOME = st.sampled_from([*FAULTS, "fine", "fine", "hangs_after", "fails"])


def one_write(name: str) -> CallStep:
    return CallStep(
        id=name,
        tool=f"shop.{name}",
        with_=["dict", [["n", INPUT_N], ["who", INPUT_WHO]]],
        on_error="hand_off",
    )


def plan_with(limit: int) -> CompiledPlan:
    """One question to a model, then one write of each kind, under a sum over all runs and the run's own budget."""
    tools = [f"shop.{name}" for name in WRITE_TOOLS]
    shared = RulePlan(
        id="sum", source="flow:main", tools=tools, at_most=[LimitPlan(limit=limit, sum=ARG_N, window="ever")]
    )
    ask = AskStep(id="ask", prompt=lit("Say hello."), models=["dear"], on_error="hand_off")
    budget = BudgetPlan(writes=WRITES, tool_calls=CALLS, cost=COST, model_calls=5, within=3600.0)
    made = make_plan(
        [ask, *map(one_write, WRITE_TOOLS), FINAL],
        rules=[shared],
        budget=budget,
        tools=tools,
        plan_tools=dict(CONTRACTS),
    )
    ceiling = BudgetPlan(tokens=TOKENS, writes=WRITES)
    return CompiledPlan(msgspec.structs.replace(made.plan, ceiling=ceiling), "digest")


class Slow(Dispatch):
    """Other runs get their turn between a verdict and the intent that follows from it."""

    async def judge(self, compiled: CompiledPlan, command: Propose, run: str, *more: str) -> Decided:
        decided = await super().judge(compiled, command, run, *more)
        await asyncio.sleep(0)
        return decided


class Ledger(RuleBasedStateMachine):
    """Runs that share one store and one window."""

    @initialize(limit=st.integers(0, 12))
    def begin(self, limit: int) -> None:
        self.limit = limit
        self.world = World()
        self.clock = FakeClock(START)
        self.journal = MemoryJournal()
        self.compiled = plan_with(limit)
        self.names = itertools.count(1)
        self.runs: list[str] = []
        self.cancelled: set[str] = set()

    def dispatch(self) -> Dispatch:
        return Slow(journal=self.journal, models=self.world, tools={"shop": self.world}, clock=self.clock)

    async def _drive(self, claim: Claim, started: RunStarted | None) -> None:
        try:
            await LocalRuntime(self.dispatch(), owner="here").drive(self.compiled, claim, started)
        except Crash:
            self.journal.release(claim)

    def drive(self, *jobs: tuple[Claim, RunStarted | None]) -> None:
        async def together() -> None:
            await asyncio.gather(*(self._drive(*job) for job in jobs))

        self.world.run = jobs[0][0].run
        asyncio.run(together())

    def submit(self, n: int, who: str) -> tuple[Claim, RunStarted]:
        run = f"r{next(self.names)}"
        started = RunStarted(
            run=run, flow="main", version=1, plan="digest", input={"n": n, "who": who}, key=run, at=self.clock.now()
        )
        claim = self.journal.open_run(started, owner="here").claim
        assert claim is not None
        self.runs.append(run)
        return claim, started

    @rule(
        n=st.integers(0, 5),
        who=st.sampled_from(["ana", "bo"]),
        faults=st.lists(SOME, max_size=6),
        reports=st.lists(st.sampled_from(REPORTS), max_size=4),
    )
    def a_run(self, n: int, who: str, faults: list[str], reports: list[str]) -> None:
        self.world.faults.extend(faults)
        self.world.reports.extend(reports)
        self.drive(self.submit(n, who))

    @rule(
        first=st.integers(0, 5), second=st.integers(0, 5), same=st.booleans(),
        faults=st.lists(SOME.filter(lambda fault: "crash" not in fault), max_size=8),
    )  # fmt: skip
    def two_runs_at_once(self, first: int, second: int, same: bool, faults: list[str]) -> None:
        self.world.reports.clear()
        self.world.faults.extend(faults)
        self.drive(self.submit(first, "ana"), self.submit(second, "ana" if same else "bo"))

    @rule(data=st.data(), dead=st.sampled_from([0.0, 1.0, DAY]))
    def a_resume(self, data: st.DataObject, dead: float) -> None:
        run = self.some_open(data)
        if run is not None:
            asyncio.run(self.clock.sleep(dead))
            self.go_on(run)

    def some_open(self, data: st.DataObject) -> str | None:
        open_runs = [run for run in self.runs if self.journal.run(run).status != "finished"]
        return data.draw(st.sampled_from(open_runs)) if open_runs else None

    def go_on(self, run: str) -> None:
        claim = self.journal.claim(run, owner="here")
        if claim is not None:
            self.drive((claim, None))

    @rule(data=st.data(), honest=st.booleans())
    def a_persons_word(self, data: st.DataObject, honest: bool) -> None:
        """A person looks into the world and says the truth about a write in doubt, or does what else the entry offers."""
        entries = self.journal.inbox()
        if not entries:
            return
        entry = data.draw(st.sampled_from(entries))
        may = entry.asked["may"]
        more: dict[str, Any] = {}
        if "done" in may and (honest or "resume" not in may):
            (verdict,) = entry.asked["proposals"]
            known = self.world.by_key(verdict["key"])
            action = "not_done" if known is None else "done"
            more = {"write": verdict["path"], "natural": verdict["natural"]}
            more["data"] = None if known is None else {"id": "by hand"}
        else:
            action = data.draw(st.sampled_from([word for word in may if word not in ("done", "not_done", "answer")]))
        word = Answered(path=entry.path, at=self.clock.now(), action=action, by="eva", **more)
        if entry.due is None or self.clock.now() < entry.due:
            self.say(entry.run, word)
        self.go_on(entry.run)

    @rule(data=st.data())
    def a_cancel(self, data: st.DataObject) -> None:
        run = self.some_open(data)
        if run is not None and run not in self.cancelled:
            self.cancelled.add(run)
            self.say(run, CancelAsked(path="@cancel", at=self.clock.now(), by="eva"))
            self.go_on(run)

    def say(self, run: str, event: AnyEvent) -> None:
        assert self.journal.commit([Append(run=run, epoch=None, events=[event], durable=True)])[0].ok

    def events(self, run: str) -> list[AnyEvent]:
        return [stored.event for stored in self.journal.events(run)]

    @invariant()
    def the_sum_of_what_was_done_never_passes_the_window(self) -> None:
        assert sum(effect.amount for effect in self.world.effects) <= self.limit

    @invariant()
    def what_was_done_or_may_have_been_has_its_room(self) -> None:
        counters = {
            room.counter
            for run in self.runs
            for event in self.events(run)
            if isinstance(event, Intended)
            for room in event.reserve
        }
        room = sum(self.journal.usage(counter, None) for counter in counters)
        assert sum(effect.amount for effect in self.world.effects) * MICRO <= room <= self.limit * MICRO

    @invariant()
    def every_effect_is_there_once(self) -> None:
        keys = Counter(effect.key for effect in self.world.effects)
        assert all(count == 1 for count in keys.values()), keys
        natural = Counter(e.natural for e in self.world.effects if e.tool == "shop.natural")
        assert all(count == 1 for count in natural.values()), natural

    @invariant()
    def no_run_passes_its_budget(self) -> None:
        for run in self.runs:
            events = self.events(run)
            assert sum(effect.run == run for effect in self.world.effects) <= WRITES
            charged = [event for event in events if isinstance(event, ModelReplied | ModelFailed)]
            assert sum(event.cost for event in charged) <= COST and sum(event.tokens for event in charged) <= TOKENS
            assert self.world.cost.get(run, 0) <= COST and self.world.asked.get(run, 0) <= 5

    @invariant()
    def the_ledger_tells_what_the_world_knows(self) -> None:
        for run in self.runs:
            ledger = writes(self.events(run))
            # A step that is resumed makes its write again under the same key.
            again = {write.key for write in ledger if write.state in ("done", "reconciled", "in_doubt")}
            for write in ledger:
                done = self.world.by_key(write.key) is not None
                if write.state == "done" and not write.first:
                    assert done or write.tool == "shop.natural"
                if write.state in ("failed", "decided") and write.key not in again:
                    assert not done, "a write that was done is told as one that was not"
                if write.state == "in_doubt":
                    assert any(attempt.result == "in_doubt" for attempt in write.attempts)


EXAMPLES = 250
TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=EXAMPLES, stateful_step_count=12)


@pytest.mark.long
class TestLedgerAtLength(Ledger.TestCase):  # type: ignore[misc, name-defined]
    """The same, many more times."""

    settings = settings(max_examples=2000, stateful_step_count=25)
