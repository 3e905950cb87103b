"""What a workspace limits holds for every run, whatever its flow says; tokens are reserved before a model is asked."""

from __future__ import annotations

from typing import Any

import msgspec

from flowrun.core.commands import CallModel, TakeRoom
from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import BudgetRaised, ModelReplied, Refused, Reservation, Reserved, Usage
from flowrun.core.rooms import lifted
from flowrun.plan.model import BudgetPlan, CallStep, LimitPlan, RulePlan
from tests.property.plans import make_flow, make_plan
from tests.unit.core.drive import Drive
from tests.unit.core.kit import FINAL, ask, call

PLAIN = "desk.plain"


def drive(*steps: Any, ceiling: BudgetPlan, budget: BudgetPlan | None = None, **more: Any) -> Drive:
    plan = make_plan([*steps, FINAL], budget=budget, **more).plan
    return Drive(CompiledPlan(msgspec.structs.replace(plan, ceiling=ceiling), "digest"))


def test_the_lower_of_budget_and_ceiling_counts() -> None:
    for budget, ceiling in ((5, 1), (1, 5), (None, 1)):
        run = drive(
            call("a", PLAIN), call("b", PLAIN), budget=BudgetPlan(writes=budget), ceiling=BudgetPlan(writes=ceiling)
        )
        run.returns("a")
        assert run.outcome == "stopped_by_budget"


def test_no_raise_passes_the_ceiling() -> None:
    run = drive(call("a", PLAIN, on_error="hand_off"), budget=BudgetPlan(writes=1), ceiling=BudgetPlan(writes=3))
    run.send(BudgetRaised(path="r", at=run.now, to={"writes": 9}))
    assert run.execution.root.meter.limits["writes"] == 3


def test_a_raise_of_an_earlier_version_is_read_in_its_units() -> None:
    run = drive(call("a", PLAIN), budget=BudgetPlan(within=10.0, cost=5), ceiling=BudgetPlan())
    run.send(BudgetRaised(path="r", at=run.now, limits={"within": 20.0, "cost": 7.0}))
    limits = run.execution.root.meter.limits
    assert (limits["within"], limits["cost"]) == (20_000_000, 7)


def test_tokens_are_reserved_before_a_model_is_asked_and_settled_after() -> None:
    run = drive(ask("a", answer=None), ask("b", answer=None), ceiling=BudgetPlan(tokens=40_000))
    reserved = run.command("a/turn-1", CallModel).tokens
    assert 16_000 < reserved < 20_000 and run.execution.root.meter.used["tokens"] == reserved
    usage = Usage(input_tokens=60, output_tokens=40)
    run.send(ModelReplied(path="a/turn-1", at=run.now, model="free", mode="m", text="hi", usage=usage, tokens=100))
    assert run.execution.root.meter.used["tokens"] == 100 + run.command("b/turn-1", CallModel).tokens


def test_a_model_is_not_asked_where_its_tokens_do_not_fit() -> None:
    run = drive(ask("a", answer=None), ceiling=BudgetPlan(tokens=1000))
    assert run.outcome == "stopped_by_budget"


def sub_flow_under_a_limit() -> Drive:
    inner = make_flow("inner", [call("c", PLAIN), FINAL], tools=[PLAIN])
    rule = RulePlan(id="once", source="flow:main", tools=["flows.inner"], at_most=[LimitPlan(limit=1, window="ever")])
    step = CallStep(id="s", tool="flows.inner", flow="inner@1", on_error="hand_off")
    return drive(step, ceiling=BudgetPlan(), flows={"inner@1": inner}, rules=[rule], tools=["flows.inner"])


def test_a_sub_flow_takes_its_room_over_runs_before_it_begins() -> None:
    run = sub_flow_under_a_limit()
    assert run.command("s", TakeRoom).verdict.tool == "flows.inner"
    run.send(Reserved(path="s", at=run.now, tool="flows.inner", reserve=[]))
    run.returns("s/c")
    assert run.outcome == "completed"


def test_a_sub_flow_without_room_does_not_begin() -> None:
    run = sub_flow_under_a_limit()
    run.send(Refused(path="s", at=run.now, rule="once", reason="The limit is reached."))
    assert not any(path.startswith("s/c") for path in run.open)
    assert run.failed[0].fault.kind == "denied"


def test_a_reservation_of_an_earlier_version_is_read_in_millionths() -> None:
    old = Reservation(counter="run:x", amount=0.1, limit=0.3)
    assert (lifted(old).takes, lifted(old).most) == (100_000, 300_000)
    assert lifted(lifted(old)) == lifted(old)
