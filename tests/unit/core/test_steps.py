"""What each verb does and what its value is; the promises of "Steps" in the language."""

from __future__ import annotations

from typing import Any

import pytest

from flowrun.core.commands import CallTool
from flowrun.core.events import Returned
from flowrun.errors import InternalError
from flowrun.plan.model import (
    BranchPlan,
    BudgetPlan,
    CallStep,
    ChooseStep,
    ForEachStep,
    ParallelStep,
    RecordStep,
    SetStep,
    StopStep,
    WaitStep,
)
from tests.property.plans import lit, make_flow, make_plan
from tests.unit.core.drive import DONE, GOOD, Drive
from tests.unit.core.kit import FINAL, ask, call, person, set_, step


def drive(*steps: Any, **more: Any) -> Drive:
    return Drive(make_plan([*steps, FINAL], **more))


def test_the_value_of_a_call_is_the_tools_output() -> None:
    run = drive(call("c"))
    run.returns("c", {"id": "C-1"})
    assert run.steps["c"] == {"id": "C-1"}
    assert run.calls("crm.read") == [{"id": "C-1"}]
    assert run.outcome == "completed"


def test_the_value_of_an_ask_is_its_answer_and_without_a_schema_its_text() -> None:
    run = drive(ask("a"), ask("b", answer=None))
    run.answers("a/turn-1", GOOD)
    run.says("b/turn-1", "All is well.")
    assert run.steps["a"] == GOOD
    assert run.steps["b"] == "All is well."


def test_a_persons_answer_is_asked_for_again_until_it_is_valid() -> None:
    run = drive(person())
    run.person("p", "answer", data={"kind": "z"})
    again = run.person("p/ask-2", "answer", data=GOOD)
    assert again.asked.problems
    assert run.steps["p"] == GOOD


def test_a_step_whose_when_is_not_true_is_null() -> None:
    run = drive(call("no", when=lit(False)), call("unknown", when=lit(None)), set_("after", 1))
    assert run.steps["no"] is None
    assert run.steps["unknown"] is None
    assert run.outcome == "completed"


def test_choose_takes_the_first_branch_that_holds_and_the_value_of_its_last_step() -> None:
    branches = [
        BranchPlan(when=lit(False), steps=[set_("x", "x")]),
        BranchPlan(when=lit(True), steps=[set_("y", "y"), set_("z", "z")]),
        BranchPlan(steps=[set_("w", "w")]),
    ]
    run = drive(ChooseStep(id="c", branches=branches), SetStep(id="seen", value=["list", [step("y"), step("x")]]))
    assert run.steps["c"] == "z"
    assert run.steps["seen"] == ["y", None]


def test_for_each_gives_a_list_in_the_order_of_the_items() -> None:
    run = drive(ForEachStep(id="e", items=lit([1, 2]), steps=[call("line")]))
    run.returns("e/1/line", {"id": "second"})
    run.returns("e/0/line", {"id": "first"})
    assert run.steps["e"] == [{"id": "first"}, {"id": "second"}]
    assert run.calls("crm.read") == [{"id": "first"}, {"id": "second"}]
    assert "line" not in run.steps


def test_for_each_runs_only_so_many_items_at_once() -> None:
    run = drive(ForEachStep(id="e", items=lit([1, 2, 3]), steps=[call("line")], at_once=2))
    assert set(run.open) == {"e/0/line", "e/1/line"}
    run.returns("e/1/line")
    assert set(run.open) == {"e/0/line", "e/2/line"}


def test_under_continue_an_item_that_failed_is_null_and_the_run_has_gaps() -> None:
    run = drive(ForEachStep(id="e", items=lit([1, 2]), steps=[call("line")], on_error="continue"))
    run.fails("e/0/line")
    run.returns("e/1/line")
    assert run.steps["e"] == [None, DONE]
    assert run.outcome == "completed_with_gaps"


def test_a_null_item_hides_the_item_of_an_outer_loop() -> None:
    inner = ForEachStep(id="inner", items=lit([None]), steps=[SetStep(id="x", value=["name", "item"])])
    run = drive(ForEachStep(id="outer", items=lit(["seen"]), steps=[inner]))
    assert run.steps["outer"] == [[None]]


def test_parallel_gives_a_map_in_the_order_of_declaration_whoever_is_first() -> None:
    run = drive(ParallelStep(id="b", branches={"z": [call("m")], "a": [call("n")]}))
    run.returns("b/a/n", {"id": "quick"})
    run.returns("b/z/m", {"id": "slow"})
    assert list(run.steps["b"].items()) == [("z", {"id": "slow"}), ("a", {"id": "quick"})]
    assert run.steps["m"] == {"id": "slow"}
    assert run.calls("crm.read") == [{"id": "slow"}, {"id": "quick"}]


def test_calls_before_a_block_stay_before_those_of_its_branches_and_are_there_once() -> None:
    run = drive(call("first"), ParallelStep(id="b", branches={"z": [call("m")], "a": [call("n")]}), call("last"))
    run.returns("first", {"id": "1"})
    run.returns("b/a/n", {"id": "3"})
    run.returns("b/z/m", {"id": "2"})
    run.returns("last", {"id": "4"})
    assert [call["id"] for call in run.calls("crm.read")] == ["1", "2", "3", "4"]


def test_a_branch_sees_its_parents_names_and_its_own_only() -> None:
    seen = SetStep(id="seen", value=["list", [step("before"), step("m")]])
    branches = {"z": [set_("m", 1), WaitStep(id="w", duration=5.0)], "a": [WaitStep(id="v", duration=9.0), seen]}
    run = drive(set_("before", 7), ParallelStep(id="b", branches=branches))
    run.wakes("b/z/w", timer=True)
    run.wakes("b/a/v", timer=True)
    assert run.steps["seen"] == [7, None]


def test_the_first_failure_ends_the_siblings() -> None:
    run = drive(ParallelStep(id="b", branches={"z": [call("m")], "a": [person("n")]}))
    run.fails("b/z/m")
    assert run.outcome == "failed"
    assert run.open == {}


def test_a_stop_in_a_branch_ends_the_siblings() -> None:
    stop = StopStep(id="s", outcome="rejected", reason=lit("Too old."))
    run = drive(ParallelStep(id="b", branches={"z": [call("m"), stop], "a": [person("n")]}))
    run.returns("b/z/m")
    assert run.outcome == "rejected"
    assert run.execution.finished is not None
    assert run.execution.finished.reason == "Too old."


def test_what_was_done_in_a_failed_block_stays_done() -> None:
    block = ParallelStep(id="b", branches={"z": [call("m", "desk.header")], "a": [call("n")]}, on_error="continue")
    run = drive(block, SetStep(id="seen", value=["none", ["calls", "desk.header", "last"]]))
    run.returns("b/z/m")
    run.fails("b/a/n")
    assert run.steps["b"] is None
    assert run.steps["seen"] is False


def test_a_write_in_flight_is_awaited_when_its_siblings_fail() -> None:
    run = drive(ParallelStep(id="b", branches={"z": [call("m", "desk.header")], "a": [call("n")]}))
    run.fails("b/a/n")
    assert run.outcome is None
    assert set(run.open) == {"b/z/m"}
    run.returns("b/z/m")
    assert run.outcome == "failed"
    assert run.calls("desk.header") == [DONE]


def test_a_write_that_ends_in_doubt_while_the_run_closes_makes_the_run_in_doubt() -> None:
    run = drive(ParallelStep(id="b", branches={"z": [call("m", "desk.plain")], "a": [call("n")]}))
    run.fails("b/a/n")
    run.doubts("b/z/m")
    assert run.outcome == "in_doubt"


def test_closing_waits_for_the_question_whether_a_write_was_done() -> None:
    run = drive(ParallelStep(id="b", branches={"z": [call("m", "desk.confirm")], "a": [call("n")]}))
    run.doubts("b/z/m")
    run.fails("b/a/n")
    assert set(run.open) == {"b/z/m/@confirm-1"}
    run.returns_null("b/z/m/@confirm-1")
    assert run.outcome == "failed"


def test_a_failed_repeat_of_a_write_in_doubt_leaves_the_doubt_while_the_run_closes() -> None:
    run = drive(ParallelStep(id="b", branches={"z": [call("m", "desk.header")], "a": [call("n")]}))
    run.doubts("b/z/m")
    run.fails("b/a/n")
    run.fails("b/z/m~2")
    assert run.outcome == "in_doubt"


def test_wait_for_a_duration_a_past_moment_and_an_event() -> None:
    run = drive(
        WaitStep(id="d", duration=5.0),
        WaitStep(id="m", moment=lit("2026-01-01T00:00:00Z")),
        WaitStep(id="e", event="event@1", key=lit("k")),
    )
    assert run.open["d"].due == "2026-03-02T09:00:05.000000Z"
    run.wakes("d", timer=True)
    run.wakes("e", {"reply": "yes"})
    assert run.steps["e"] == {"reply": "yes"}
    assert run.steps["m"] is None


def test_a_wait_that_takes_too_long_fails() -> None:
    run = drive(WaitStep(id="e", event="event@1", key=lit("k"), within=60.0))
    run.wakes("e", timer=True)
    assert run.outcome == "failed"
    assert run.failed[0].fault.kind == "late"


def test_a_block_that_takes_too_long_is_closed_and_fails() -> None:
    block = ChooseStep(id="c", branches=[BranchPlan(steps=[person("n")])], within=60.0, on_error="continue")
    run = drive(block)
    run.wakes("c/@within-0", timer=True)
    assert run.steps["c"] is None
    assert run.outcome == "completed_with_gaps"


def test_a_block_in_time_drops_its_timer() -> None:
    block = ChooseStep(id="c", branches=[BranchPlan(steps=[person("n")])], within=60.0)
    run = drive(block)
    run.person("c/n", "answer", data=GOOD)
    assert run.outcome == "completed"
    assert run.open == {}


def test_a_record_that_breaks_its_schema_is_never_written() -> None:
    bad = RecordStep(id="r", schema="out@1", with_=["dict", [["n", lit("many")]]])
    run = Drive(make_plan([bad]))
    assert run.records == []
    assert run.outcome == "failed"


def test_only_when_sees_the_steps_own_value() -> None:
    low = ["cmp", "<", ["attr", step("r"), "n"], lit(5)]
    value = ["dict", [["n", lit(9)]]]
    run = Drive(make_plan([RecordStep(id="r", schema="out@1", with_=value, only_when=low, reason="Too much.")]))
    assert run.records == []
    assert run.execution.finished is not None
    assert "Too much." in run.execution.finished.reason


@pytest.mark.parametrize("outcome", ["completed", "rejected", "failed"])
def test_stop_ends_the_run(outcome: str) -> None:
    run = drive(StopStep(id="s", outcome=outcome), call("never"))
    assert run.outcome == outcome


def test_continue_gives_null_and_the_run_has_gaps() -> None:
    run = drive(call("c", on_error="continue"))
    run.fails("c")
    assert run.steps["c"] is None
    assert run.outcome == "completed_with_gaps"


def sub_flow(*steps: Any, budget: BudgetPlan | None = None, **more: Any) -> Drive:
    flows = {"sub@1": make_flow("sub", [*steps, FINAL])}
    step = CallStep(id="f", tool="flows.sub", flow="sub@1", with_=["dict", [["x", lit(1)]]])
    return Drive(make_plan([step, FINAL], flows=flows, budget=budget, **more))


def test_the_value_of_a_sub_flow_is_its_record() -> None:
    run = sub_flow(call("c"))
    run.returns("f/c")
    assert run.steps["f"] == {"n": 1}
    assert run.calls("flows.sub") == [{"n": 1}]
    assert [r.final for r in run.records] == [False, True]


def test_another_outcome_of_a_sub_flow_is_an_error() -> None:
    run = sub_flow(call("c"))
    run.fails("f/c")
    assert run.outcome == "failed"


def test_the_writes_of_a_sub_flow_count_in_its_parent() -> None:
    run = sub_flow(call("c", "desk.header"), call("d", "desk.header"), budget=BudgetPlan(writes=1))
    run.returns("f/c")
    assert run.execution.root.meter.used["writes"] == 1
    assert run.outcome == "stopped_by_budget"
    assert [c.path for c in run.issued if isinstance(c, CallTool)] == ["f/c"]


def test_an_answer_for_a_closed_path_changes_nothing_and_an_unknown_path_is_an_error() -> None:
    run = drive(ParallelStep(id="b", branches={"z": [call("m")], "a": [call("n"), call("o")]}, on_error="continue"))
    held = run.open["b/z/m"]
    run.fails("b/a/n")
    run.send(Returned(path=held.path, at=run.now, output=DONE))
    assert run.steps["b"] is None
    with pytest.raises(InternalError):
        run.execution.resume(Returned(path="never/asked", at=run.now, output=DONE))


def test_a_cancelled_run_ends_at_once_and_waits_only_for_writes() -> None:
    run = drive(person())
    run.cancel()
    assert run.outcome == "cancelled"
    run = drive(call("c", "desk.header"), call("never"))
    run.cancel()
    assert run.outcome is None
    run.returns("c")
    assert run.outcome == "cancelled"
