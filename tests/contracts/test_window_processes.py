"""One `at_most` window with a sum, shared by many real processes: never over the limit, and used up to it.

Each process drives real runs against one SQLite file and counts what its tool really did.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from flowrun import wiring
from flowrun.adapters.journals.sqlite import SqliteJournal
from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import Decided, Intended, Returned, RunStarted
from flowrun.plan.model import BudgetPlan, CallStep, LimitPlan, RulePlan, ToolPlan
from flowrun.ports.tools import ToolRequest, ToolResult
from flowrun.runtimes.dispatch import Dispatch
from flowrun.runtimes.local import LocalRuntime
from flowrun.testing.fakes import FakeModels
from flowrun.values.micros import MICRO
from tests.property.plans import ARG_N, OUTPUT, lit, make_plan
from tests.unit.core.kit import FINAL

EACH = 4
AMOUNT = 0.3
PAY = {
    "type": "object",
    "properties": {"n": {"type": "number"}, "who": {"type": "string"}},
    "required": ["n", "who"],
    "additionalProperties": False,
}


class Till:
    """A tool that pays, and knows what it paid."""

    def __init__(self, once: dict[str, Any] | None) -> None:
        self.paid = 0
        self.plan = ToolPlan(name="till.pay", title="pay", effect="write", input=PAY, output=OUTPUT, once=once)

    def contracts(self) -> Mapping[str, ToolPlan]:
        return {"till.pay": self.plan}

    async def invoke(self, request: ToolRequest) -> ToolResult:
        await asyncio.sleep(0)
        self.paid += 1
        return ToolResult(output={"id": request.run})

    async def aclose(self) -> None:
        return None


def plan_for(till: Till, limit: float, who: str) -> CompiledPlan:
    """A flow that pays some times, each going on where it may not."""
    pay = ["dict", [["n", lit(AMOUNT)], ["who", lit(who)]]]
    steps = [CallStep(id=f"s{n}", tool="till.pay", with_=pay, on_error="continue") for n in range(EACH)]
    rule = RulePlan(
        id="daily", source="flow:main", tools=["till.pay"],
        at_most=[LimitPlan(limit=limit, sum=ARG_N, per=["attr", ["name", "args"], "who"], window="today")],
    )  # fmt: skip
    return make_plan(
        [*steps, FINAL],
        rules=[rule],
        budget=BudgetPlan(writes=EACH),
        tools=["till.pay"],
        plan_tools=dict(till.contracts()),
    )


def work(path: str, index: int, limit: float, natural: bool) -> int:
    """Drive one run in this process; return how often its tool really paid."""
    till = Till({"natural": ["who"]} if natural else None)
    compiled = plan_for(till, limit, "ana")
    journal = SqliteJournal(path)
    clock = wiring.clock()
    dispatch = Dispatch(journal=journal, models=FakeModels({}), tools={"till": till}, clock=clock)

    async def run() -> None:
        runtime = LocalRuntime(dispatch, owner=wiring.owner())
        started = RunStarted(
            run=f"run-{index:02}", flow="main", version=1, plan="digest", input={}, key=str(index), at=clock.now()
        )
        opened = await runtime.open(started)
        assert opened.claim is not None
        assert await runtime.drive(compiled, opened.claim, started) is not None

    _meeting[0].wait(timeout=300)
    asyncio.run(run())
    journal.close()
    return till.paid


_meeting: list[Any] = []


def _meet(barrier: Any) -> None:
    _meeting.append(barrier)


def together(processes: int, path: Path, *, limit: float = 1e6, natural: bool = False) -> list[int]:
    """Do the work in so many fresh processes, which begin at one moment."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(processes)
    with context.Pool(processes, initializer=_meet, initargs=(barrier,)) as pool:
        return pool.starmap(work, [(str(path), n, limit, natural) for n in range(processes)], chunksize=1)


def check_window(processes: int, path: Path) -> None:
    room = processes * EACH * 2 // 3
    limit = round(room * AMOUNT, 6)
    paid = sum(together(processes, path, limit=limit))
    journal = SqliteJournal(path)
    events = [stored.event for row in journal.runs(limit=1000) for stored in journal.events(row.run)]
    rooms = [room for event in events if isinstance(event, Intended) for room in event.reserve]
    assert paid == room, "the sum is never above the limit, and no room is left unused"
    assert journal.usage(rooms[0].counter, None) == round(limit * MICRO) == sum(room.takes for room in rooms)
    verdicts = [verdict for event in events if isinstance(event, Decided) for verdict in event.verdicts]
    assert len(verdicts) == processes * EACH and {row.outcome for row in journal.runs(limit=1000)} <= {
        "completed",
        "completed_with_gaps",
    }
    journal.close()


def check_natural(processes: int, path: Path) -> None:
    paid = sum(together(processes, path, natural=True))
    journal = SqliteJournal(path)
    events = [stored.event for row in journal.runs(limit=1000) for stored in journal.events(row.run)]
    journal.close()
    assert paid == 1, "one payment for one customer, whichever process makes it"
    told = [event for event in events if isinstance(event, Returned) and event.first]
    (first,) = {event.path: event for event in events if isinstance(event, Returned) and not event.first}.values()
    assert told and all(event.output == first.output and event.repeat for event in told)
    assert {event.first for event in told} == {first.output["id"]}, "each says which run it was"


def test_a_few_processes_share_a_window_and_use_it_up(tmp_path: Path) -> None:
    check_window(4, tmp_path / "s.db")


def test_a_natural_key_holds_over_processes(tmp_path: Path) -> None:
    check_natural(4, tmp_path / "s.db")


@pytest.mark.slow
def test_fifty_processes_share_a_window_and_use_it_up(tmp_path: Path) -> None:
    check_window(50, tmp_path / "s.db")


@pytest.mark.slow
def test_a_natural_key_holds_over_fifty_processes(tmp_path: Path) -> None:
    check_natural(50, tmp_path / "s.db")
