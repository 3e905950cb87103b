"""A write in doubt is settled by a person: done with its output, not done, or left; never repeated blindly."""

from __future__ import annotations

from typing import Any

from flowrun.core.commands import AskPerson, CallModel, CallTool
from flowrun.core.events import Doubted, Fault, Returned
from flowrun.plan.model import BudgetPlan, CallStep, ForEachStep, LimitPlan, ParallelStep, RulePlan
from tests.property.plans import lit, make_flow, make_plan
from tests.unit.core.drive import DONE, GOOD, Drive
from tests.unit.core.kit import FINAL, ask, call

PLAIN, HEADER, CONFIRM = "desk.plain", "desk.header", "desk.confirm"
BY_HAND = {"id": "found"}
ONCE = [RulePlan(id=PLAIN, source="flow", tools=[PLAIN], at_most=[LimitPlan(limit=1)])]


def drive(*steps: Any, **more: Any) -> Drive:
    return Drive(make_plan([*steps, FINAL], **more))


def says(run: Drive, entry: str, action: str, **more: Any) -> None:
    """Settle the write of an open entry."""
    (verdict,) = run.command(entry, AskPerson).asked.proposals
    run.person(entry, action, write=verdict.path, **more)


def doubted(run: Drive, **more: Any) -> Drive:
    run.doubts("c")
    return run


def test_the_entry_shows_the_call_its_key_and_what_happened() -> None:
    run = drive(call("c", PLAIN, on_error="hand_off"))
    key = run.open["c"].verdict.key
    run.later(5)
    run.doubts("c")
    asked = run.command("c/@hand-off-1", AskPerson).asked
    assert asked.proposals[0].key == key and asked.proposals[0].tool == PLAIN
    assert [(a["path"], a["said"]) for a in asked.evidence] == [("c", "no answer")]
    assert asked.evidence[0]["at"] < asked.evidence[0]["ended"]


def test_a_write_found_done_counts_as_the_calls_result_and_keeps_its_room() -> None:
    run = doubted(drive(call("c", PLAIN, on_error="hand_off"), rules=ONCE, budget=BudgetPlan(writes=1)))
    says(run, "c/@hand-off-1", "done", data=BY_HAND)
    assert run.outcome == "completed"
    assert run.steps["c"] == BY_HAND and run.calls(PLAIN) == [BY_HAND]
    assert run.execution.root.names.calls[PLAIN][0]["settled_by"] == "eva"
    assert run.execution.root.meter.used["writes"] == 1 and list(run.execution.taken.values()) == [1_000_000]
    assert sum(isinstance(c, CallTool) for c in run.issued) == 1


def test_an_output_that_does_not_fit_leaves_the_write_in_doubt() -> None:
    run = doubted(drive(call("c", PLAIN, on_error="hand_off")))
    says(run, "c/@hand-off-1", "done", data={"wrong": 1})
    again = run.command("c/@hand-off-2", AskPerson).asked
    assert again.problems and again.draft == {"wrong": 1} and "done" in again.may
    run.person("c/@hand-off-2", "close")
    assert run.outcome == "in_doubt"


def test_a_write_found_not_done_is_called_again_with_its_key_and_takes_room_once() -> None:
    run = drive(call("c", PLAIN, on_error="hand_off"), rules=ONCE, budget=BudgetPlan(writes=1))
    key = run.open["c"].verdict.key
    run.doubts("c")
    says(run, "c/@hand-off-1", "not_done")
    again = run.open["c/@try-2"]
    assert again.verdict.key == key and again.holds == "", "its room was freed, so it is taken anew"
    run.returns("c/@try-2")
    assert run.outcome == "completed" and run.execution.root.meter.used["writes"] == 1
    assert list(run.execution.taken.values()) == [1_000_000]


def test_a_resumed_write_that_can_be_looked_up_is_called_again_only_where_it_was_not_done() -> None:
    for found in (True, False):
        run = drive(call("c", CONFIRM, on_error="hand_off"))
        run.doubts("c")
        run.fails("c/@confirm-1")
        assert "looks with" in run.command("c/@hand-off-1", AskPerson).asked.why
        run.person("c/@hand-off-1", "resume")
        assert list(run.open) == ["c/@try-2/@confirm-0"]
        if found:
            run.returns("c/@try-2/@confirm-0", DONE)
        else:
            run.returns_null("c/@try-2/@confirm-0")
            run.returns("c/@try-2")
        assert run.outcome == "completed"


def test_a_resumed_write_goes_on_with_the_room_of_its_first_call() -> None:
    run = drive(call("c", HEADER, on_error="hand_off"))
    for attempt in ("", "~2", "~3", "~4"):
        run.doubts(f"c{attempt}")
    run.person("c/@hand-off-1", "resume")
    assert run.open["c/@try-2"].holds == "c"
    run.returns("c/@try-2")
    assert run.outcome == "completed"


def test_an_ask_hears_what_a_person_found_and_goes_on() -> None:
    for action, data, heard in (("done", BY_HAND, BY_HAND), ("not_done", None, "not done")):
        run = drive(ask("a", PLAIN, on_error="hand_off"))
        run.proposes("a/turn-1", (PLAIN, {"n": 1}))
        key = run.open[f"a/turn-1/{PLAIN}-1"].verdict.key
        run.doubts(f"a/turn-1/{PLAIN}-1")
        says(run, "a/@hand-off-1", action, data=data)
        told = [m for m in run.command("a/turn-2", CallModel).messages if m["role"] == "tool"][-1]["result"]
        assert told == heard or heard in told["error"]
        if action == "not_done":
            run.proposes("a/turn-2", (PLAIN, {"n": 1}))
            assert run.open[f"a/turn-2/{PLAIN}-1"].verdict.key == key
            run.returns(f"a/turn-2/{PLAIN}-1")
            run.answers("a/turn-3", GOOD)
        else:
            run.answers("a/turn-2", GOOD)
        assert run.outcome == "completed" and len(run.calls(PLAIN)) == 1


def test_every_write_in_doubt_of_a_block_is_settled_before_the_block_is() -> None:
    block = ParallelStep(id="b", branches={"x": [call("x", PLAIN)], "y": [call("y", PLAIN)]}, on_error="hand_off")
    run = drive(block)
    run.doubts("b/x/x")
    run.doubts("b/y/y")
    says(run, "b/@hand-off-1", "done", data=BY_HAND)
    assert run.command("b/@hand-off-2", AskPerson).asked.may == ["done", "not_done", "close"]
    says(run, "b/@hand-off-2", "not_done")
    assert run.command("b/@hand-off-3", AskPerson).asked.may == ["close"]
    run.person("b/@hand-off-3", "close")
    assert run.outcome == "handed_off" and run.calls(PLAIN) == [BY_HAND]
    assert run.execution.root.meter.used["writes"] == 1


def test_continue_never_hides_a_doubt_wherever_it_is() -> None:
    inner = make_flow("inner", [call("c", PLAIN, on_error="continue"), FINAL])
    each = ForEachStep(id="e", items=lit([1]), steps=[call("c", PLAIN, on_error="continue")], on_error="continue")
    sides = ParallelStep(id="b", branches={"x": [call("c", PLAIN, on_error="continue")]}, on_error="continue")
    sub = CallStep(id="s", tool="flows.inner", flow="inner@1", on_error="continue")
    for step, path in ((each, "e/0/c"), (sides, "b/x/c"), (sub, "s/c")):
        run = drive(step, flows={"inner@1": inner}, tools=[PLAIN, "flows.inner"])
        run.doubts(path)
        assert run.outcome == "in_doubt", path


def test_a_cancel_gives_a_hanging_write_one_attempt_to_settle_and_hands_nothing_over() -> None:
    run = drive(call("c", HEADER, on_error="hand_off"))
    run.cancel()
    run.doubts("c")
    run.doubts("c~2")
    assert run.outcome == "in_doubt" and "c~3" not in run.open
    assert [note.on_error for note in run.failed] == ["fail"], "nobody gets what is cancelled"


def test_a_cancel_waits_for_a_hanging_write_and_repeats_nothing_that_returned() -> None:
    run = drive(call("c", HEADER, on_error="hand_off"))
    run.cancel()
    run.returns("c")
    assert run.outcome == "cancelled" and sum(isinstance(c, CallTool) for c in run.issued) == 1


def test_a_cancelled_write_in_doubt_is_looked_up_once() -> None:
    run = drive(call("c", CONFIRM))
    run.cancel()
    run.doubts("c")
    run.returns("c/@confirm-1", {"id": "T-1"})
    assert run.outcome == "cancelled"


def test_work_is_what_an_event_says_and_not_the_time_in_which_nobody_worked() -> None:
    run = drive(call("c", HEADER), budget=BudgetPlan(within=60.0))
    run.later(86_400)
    fault = Fault(kind="in_doubt", message="The process ended.")
    run.send(Doubted(path="c", at=run.now, fault=fault, worked=2_000_000))
    assert run.command("c~2", CallTool).delay, "a day of which nobody worked does not spend a minute of work"
    run.send(Returned(path="c~2", at=run.now, output=DONE, worked=1_000_000))
    assert run.outcome == "completed"
    assert run.execution.root.meter.used["within"] == 3_000_000 + 500_000, "the pause before a repeat is inside"
