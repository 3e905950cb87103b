"""A run is its journal: any random plan, in any order, with any faults, ends, and can be rebuilt at every place.

These are the promises of the pure core that the other rooms stand on. The examples are random plans (`plans`) driven by a
random runtime (`simulation`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import RunFinished, StepFailed, SubjectKnown
from flowrun.core.execution import Execution
from flowrun.journal.writes import writes
from flowrun.plan.model import AnyStep, ChooseStep, ForEachStep, ParallelStep
from tests.property.pictures import picture
from tests.property.plans import plans
from tests.property.simulation import Simulation

OUTCOMES = {
    "completed",
    "completed_with_gaps",
    "handed_off",
    "rejected",
    "stopped_by_budget",
    "in_doubt",
    "failed",
    "cancelled",
}
ORDERS = 4


def check_run(compiled: CompiledPlan, seed: int) -> None:
    """Run a plan in one random order; check its end and its replays."""
    run = Simulation(compiled, seed)
    run.run()
    last = run.events[-1]
    assert isinstance(last, RunFinished)
    assert last.outcome in OUTCOMES
    assert sum(isinstance(event, SubjectKnown) for event in run.events) <= (run.execution.root.flow.subject is not None)
    # A write whose effect nobody knows makes the run in doubt, and nothing else does.
    assert (last.outcome == "in_doubt") == bool(run.doubts)
    assert not run.in_flight, "a write was still in flight when the run ended"
    # A proposal that was denied stands by itself, also where it had the key of a write that was made.
    ledger = {write.key: write for write in writes([run.started, *run.events]) if write.decision != "deny"}
    assert {key for key, write in ledger.items() if write.state == "in_doubt"} == run.doubts
    assert all(ledger[key].state in ("done", "reconciled") and ledger[key].done for key in run.done)
    for cut, before in run.pictures.items():
        again = Execution(compiled, run.started)
        again.replay(run.events[:cut])
        assert picture(again) == before
        for event in run.events[cut:]:
            again.resume(event)
        assert again.finished == last
        assert again.open == {}
        assert again.root.names.steps == run.execution.root.names.steps
        assert again.root.meter.used == run.execution.root.meter.used


@settings(max_examples=300)
@given(plans(), st.integers(0, 2**32))
def test_every_run_ends_and_is_rebuilt_from_its_journal(compiled: CompiledPlan, seed: int) -> None:
    for order in range(ORDERS):
        check_run(compiled, seed + order)


@pytest.mark.long
@settings(max_examples=3000)
@given(plans(), st.integers(0, 2**32))
def test_every_run_ends_and_is_rebuilt_from_its_journal_at_length(compiled: CompiledPlan, seed: int) -> None:
    for order in range(ORDERS):
        check_run(compiled, seed + order)


@settings(max_examples=50)
@given(plans(), st.integers(0, 2**32))
def test_a_run_can_be_cut_at_every_place(compiled: CompiledPlan, seed: int) -> None:
    run = Simulation(compiled, seed)
    run.run()
    live = Execution(compiled, run.started)
    live.start()
    for cut in range(min(len(run.events), 60)):
        again = Execution(compiled, run.started)
        again.replay(run.events[:cut])
        assert picture(again) == picture(live)
        live.resume(run.events[cut])


def ordered(value: Any) -> Any:
    """Return maps as lists of pairs, so that a comparison sees their order."""
    if isinstance(value, dict):
        return [(key, ordered(item)) for key, item in value.items()]
    return [ordered(item) for item in value] if isinstance(value, list | tuple) else value


def what_came_out(run: Simulation) -> Any:
    """Return the values of a run, without moments."""
    names = run.execution.root.names
    calls = {tool: [call["output"] for call in done] for tool, done in names.calls.items()}
    return ordered(names.steps), sorted(calls.items()), run.events[-1].outcome


def cut_short(run: Simulation) -> bool:
    """Say whether a block with branches failed; the run may have gone on without it."""
    blocks = {
        step.id
        for flow in (run.compiled.plan.flow, *run.compiled.plan.flows.values())
        for step in every_step(flow.steps)
        if isinstance(step, ParallelStep | ForEachStep)
    }
    return any(isinstance(event, StepFailed) and event.step in blocks for event in run.events)


def every_step(steps: Sequence[AnyStep]) -> Iterator[AnyStep]:
    """Yield steps and the steps inside them."""
    for step in steps:
        yield step
        match step:
            case ChooseStep():
                for branch in step.branches:
                    yield from every_step(branch.steps)
            case ForEachStep():
                yield from every_step(step.steps)
            case ParallelStep():
                for inner in step.branches.values():
                    yield from every_step(inner)


ENDED_WHOLE = ("completed", "completed_with_gaps")


@settings(max_examples=150)
@given(plans(calm=True), st.integers(0, 2**32))
def test_the_order_of_answers_does_not_matter(compiled: CompiledPlan, seed: int) -> None:
    """Branches join in the order of declaration, whichever of them was quicker."""
    first, second = (Simulation(compiled, seed + order, calm=True) for order in range(2))
    first.run()
    second.run()
    # A run or a block that a branch ends early leaves its siblings wherever they are by then, which is a matter of order.
    assume(not cut_short(first) and not cut_short(second))
    assume(first.events[-1].outcome in ENDED_WHOLE or second.events[-1].outcome in ENDED_WHOLE)
    assert what_came_out(first) == what_came_out(second)
