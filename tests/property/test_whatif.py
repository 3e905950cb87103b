"""What-if under the same plan is the same: any random plan, in any order, with any faults, and cut at any place.

The examples are random plans (`plans`) driven by a random runtime (`simulation`).
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowrun.app.redaction import Redaction
from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import AnyEvent
from flowrun.insight.recorded import Recorded
from flowrun.insight.rerun import Difference, Rerun
from flowrun.insight.windows import Windows
from tests.property.plans import plans
from tests.property.simulation import Simulation


def rerun(compiled: CompiledPlan, events: list[AnyEvent]) -> Difference | None:
    again = Rerun(compiled, Recorded(events), Windows(), compiled.plan, Redaction(compiled.plan, events))
    steps = 0
    while again.at is not None:
        again.step()
        steps += 1
        assert steps <= 3 * len(events) + 50, "the replay goes in circles"
    return again.difference


def check(compiled: CompiledPlan, seed: int, cut: int | None = None) -> None:
    run = Simulation(compiled, seed)
    run.run()
    events = [run.started, *run.events]
    assert rerun(compiled, events if cut is None else events[: 1 + cut % len(events)]) is None


@settings(max_examples=200)
@given(plans(), st.integers(0, 2**32))
def test_a_run_under_its_own_plan_is_the_same(compiled: CompiledPlan, seed: int) -> None:
    check(compiled, seed)


@settings(max_examples=200)
@given(plans(), st.integers(0, 2**32), st.integers(0, 10_000))
def test_a_run_that_has_not_ended_is_the_same_as_far_as_it_went(compiled: CompiledPlan, seed: int, cut: int) -> None:
    check(compiled, seed, cut)


@pytest.mark.long
@settings(max_examples=3000)
@given(plans(), st.integers(0, 2**32), st.integers(0, 10_000))
def test_a_run_under_its_own_plan_is_the_same_at_length(compiled: CompiledPlan, seed: int, cut: int) -> None:
    check(compiled, seed)
    check(compiled, seed, cut)
