"""Budgets, idempotency keys, retries and doubt: what may be repeated, and under which key."""

from __future__ import annotations

from typing import Any

import pytest

from flowrun.core.commands import CallModel, CallTool
from flowrun.plan.model import BudgetPlan, ForEachStep, LimitPlan, ParallelStep, RulePlan
from tests.property.plans import lit, make_plan
from tests.unit.core.drive import DONE, GOOD, Drive
from tests.unit.core.kit import FINAL, ask, call

PLAIN, HEADER, CONFIRM, READ = "desk.plain", "desk.header", "desk.confirm", "crm.read"


def drive(*steps: Any, key: str = "k1", **more: Any) -> Drive:
    return Drive(make_plan([*steps, FINAL], **more), key=key)


def made(run: Drive) -> list[str]:
    return [c.path for c in run.issued if isinstance(c, CallTool)]


# --- budgets


@pytest.mark.parametrize("name", ["tool_calls", "writes"])
def test_no_call_is_made_above_its_budget(name: str) -> None:
    each = ForEachStep(id="e", items=lit([1, 2, 3]), steps=[call("c", HEADER)])
    run = drive(each, budget=BudgetPlan(**{name: 2}))
    assert len(made(run)) == 2
    assert run.outcome is None  # the writes in flight are awaited
    for path in made(run):
        run.returns(path)
    assert run.outcome == "stopped_by_budget"


def test_no_model_is_called_above_the_budget() -> None:
    run = drive(ask("a"), ask("b"), budget=BudgetPlan(model_calls=1))
    run.answers("a/turn-1", GOOD)
    assert run.outcome == "stopped_by_budget"


def test_the_most_that_a_model_call_can_cost_is_reserved_before_it() -> None:
    run = drive(ask("a", models=["dear"]), budget=BudgetPlan(cost=1_000_000))
    reserved = run.open["a/turn-1"].reserve
    assert run.execution.root.meter.used["cost"] == reserved > 0
    run.answers("a/turn-1", GOOD, cost=7)
    assert run.execution.root.meter.used["cost"] == 7
    run = drive(ask("a", models=["dear"]), budget=BudgetPlan(cost=reserved - 1))
    assert run.outcome == "stopped_by_budget"


def test_the_budget_of_work_ends_the_run_and_waiting_does_not_count() -> None:
    run = drive(call("b"), call("c"), budget=BudgetPlan(within=10.0))
    run.later(10.0)
    run.returns("b")
    assert run.outcome == "stopped_by_budget"


def test_a_failed_write_gives_its_room_back_and_one_in_doubt_does_not() -> None:
    rules = [RulePlan(id=PLAIN, source="flow", tools=[PLAIN], at_most=[LimitPlan(limit=1)])]
    run = drive(call("b", PLAIN, on_error="continue"), call("c", PLAIN), rules=rules, budget=BudgetPlan(writes=1))
    run.fails("b")
    run.returns("c")
    assert run.outcome == "completed_with_gaps"
    each = ForEachStep(id="e", items=lit([1, 2]), steps=[call("c", PLAIN)], at_once=1, on_error="continue")
    run = drive(each, rules=rules)
    run.doubts("e/0/c")
    assert made(run) == ["e/0/c"]
    assert run.outcome == "in_doubt"


def test_the_time_of_a_step_is_its_own_work_not_that_of_its_siblings() -> None:
    run = drive(ParallelStep(id="b", branches={"z": [call("m")], "a": [call("n", within=10.0)]}))
    run.later(8.0)
    run.returns("b/z/m")
    run.fails("b/a/n", retryable=True)
    assert run.open["b/a/n~2"].timeout == pytest.approx(1.5)  # 10 s, less 8 s of work and 0.5 s of back-off


def test_the_time_of_an_ask_covers_its_calls_too() -> None:
    run = drive(ask("a", READ, within=10.0))
    run.later(4.0)
    run.proposes("a/turn-1", (READ, {}))
    assert run.open[f"a/turn-1/{READ}-1"].timeout == pytest.approx(6.0)


# --- keys


def key_of(run: Drive, path: str) -> str:
    key: str = run.open[path].verdict.key
    return key


def test_the_key_of_a_write_does_not_depend_on_the_models_words_or_the_turn() -> None:
    quick = drive(ask("a", HEADER, READ))
    quick.proposes("a/turn-1", (HEADER, {"n": 1}))
    slow = drive(ask("a", HEADER, READ))
    slow.proposes("a/turn-1", (READ, {}))
    slow.returns(f"a/turn-1/{READ}-1")
    slow.proposes("a/turn-2", (HEADER, {"n": 2}))
    assert key_of(quick, f"a/turn-1/{HEADER}-1") == key_of(slow, f"a/turn-2/{HEADER}-1")


def test_the_key_depends_on_run_step_tool_bound_arguments_and_ordinal() -> None:
    bound = [RulePlan(id=HEADER, source="flow", tools=[HEADER], bind={"who": lit("C1")})]
    keys = [
        key_of(drive(call("c", HEADER)), "c"),
        key_of(drive(call("c", HEADER), key="k2"), "c"),
        key_of(drive(call("d", HEADER)), "d"),
        key_of(drive(call("c", PLAIN)), "c"),
        key_of(drive(call("c", HEADER), rules=bound), "c"),
    ]
    run = drive(ForEachStep(id="e", items=lit([1, 2]), steps=[call("c", HEADER)]))
    keys += [key_of(run, "e/0/c"), key_of(run, "e/1/c")]
    assert len(set(keys)) == len(keys)


def test_no_two_calls_of_a_step_share_a_key_whatever_was_denied_between() -> None:
    deny = RulePlan(
        id="no", source="p@1", tools=[HEADER], deny_when=["cmp", "==", ["attr", ["name", "args"], "n"], lit(0)]
    )
    run = drive(ask("a", HEADER), rules=[deny])
    run.proposes("a/turn-1", (HEADER, {"n": 0}), (HEADER, {"n": 1}))
    first = run.returns(f"a/turn-1/{HEADER}-2").verdict.key
    run.proposes("a/turn-2", (HEADER, {"n": 2}))
    assert key_of(run, f"a/turn-2/{HEADER}-1") != first


# --- retries


def test_only_the_failed_call_is_repeated() -> None:
    run = drive(ask("a", HEADER, READ))
    run.proposes("a/turn-1", (HEADER, {"n": 1}), (READ, {}))
    run.returns(f"a/turn-1/{HEADER}-1")
    run.fails(f"a/turn-1/{READ}-1", retryable=True)
    assert set(run.open) == {f"a/turn-1/{READ}-1~2"}
    assert run.open[f"a/turn-1/{READ}-1~2"].delay == 0.5
    run.returns(f"a/turn-1/{READ}-1~2")
    run.answers("a/turn-2", GOOD)
    assert len(made(run)) == 3


def test_a_failure_that_no_repeat_can_mend_is_not_repeated_and_repeats_are_bounded() -> None:
    run = drive(call("c"))
    run.fails("c")
    assert made(run) == ["c"]
    run = drive(call("c"))
    for path in ("c", "c~2", "c~3", "c~4"):
        run.fails(path, retryable=True)
    assert run.outcome == "failed"


def test_no_repeat_begins_when_its_back_off_would_use_up_the_time() -> None:
    run = drive(call("c", within=1.0))
    run.later(0.6)
    run.fails("c", retryable=True)
    assert made(run) == ["c"]
    assert run.outcome == "failed"


def test_a_failed_model_call_is_repeated_and_then_the_next_model_is_asked() -> None:
    run = drive(ask("a", models=["dear", "free"]))
    for path in ("a/turn-1", "a/turn-1~2", "a/turn-1~3"):
        run.model_fails(path, retryable=True)
    run.answers("a/turn-1~4", GOOD)
    assert [c.model.name for c in run.issued if isinstance(c, CallModel)] == ["dear", "dear", "dear", "free"]
    assert run.outcome == "completed"


# --- doubt


def test_a_doubtful_write_is_repeated_under_its_key_where_that_is_harmless() -> None:
    run = drive(call("c", HEADER))
    first = key_of(run, "c")
    run.doubts("c")
    assert key_of(run, "c~2") == first
    run.returns("c~2")
    assert run.outcome == "completed"


def test_a_doubtful_write_that_nothing_makes_harmless_is_not_repeated() -> None:
    run = drive(call("c", PLAIN))
    run.doubts("c")
    assert made(run) == ["c"]
    assert run.outcome == "in_doubt"


def test_a_look_up_says_whether_the_write_was_done() -> None:
    run = drive(call("c", CONFIRM))
    run.doubts("c")
    run.returns("c/@confirm-1", DONE)
    assert run.steps["c"] == DONE
    assert run.calls(CONFIRM) == [DONE]
    run = drive(call("c", CONFIRM))
    run.doubts("c")
    run.returns_null("c/@confirm-1")
    run.returns("c~2")
    assert made(run) == ["c", "c/@confirm-1", "c~2"]
    run = drive(call("c", CONFIRM))
    run.doubts("c")
    run.fails("c/@confirm-1")
    assert run.outcome == "in_doubt"


def test_a_write_that_surely_was_not_done_in_the_end_is_a_failure_not_a_doubt() -> None:
    run = drive(call("c", CONFIRM))
    for attempt in range(1, 5):
        run.doubts("c" if attempt == 1 else f"c~{attempt}")
        run.returns_null(f"c/@confirm-{attempt}")
    assert run.outcome == "failed"
    assert run.execution.root.meter.used["writes"] == 0


@pytest.mark.parametrize("end", ["fails", "refuses"])
def test_no_later_failure_or_refusal_settles_a_doubt(end: str) -> None:
    run = drive(call("c", HEADER))
    run.doubts("c")
    getattr(run, end)("c~2")
    assert run.outcome == "in_doubt"


def test_a_budget_that_ends_the_repeats_of_a_doubtful_write_leaves_the_doubt() -> None:
    run = drive(call("c", HEADER), budget=BudgetPlan(tool_calls=1))
    run.doubts("c")
    assert run.outcome == "in_doubt"


def test_two_flows_with_one_key_do_not_share_a_write() -> None:
    """Two flows that take the same message by the same key are two runs; neither may pass for the other."""
    plan = make_plan([call("c", HEADER), FINAL])
    keys = {Drive(plan, flow=flow).command("c", CallTool).verdict.key for flow in ("welcome", "goodbye", "welcome")}
    assert len(keys) == 2
