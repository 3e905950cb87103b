"""A hand-off is a wait: answer, resume or close; no finished call is run again."""

from __future__ import annotations

from typing import Any

from flowrun.core.commands import AskPerson, CallTool
from flowrun.plan.model import BranchPlan, BudgetPlan, ChooseStep, LimitPlan, ParallelStep, RecordStep, RulePlan
from tests.property.plans import lit, make_plan
from tests.unit.core.drive import DONE, GOOD, Drive
from tests.unit.core.kit import FINAL, ask, call, person

PLAIN, HEADER, READ = "desk.plain", "desk.header", "crm.read"


def drive(*steps: Any, **more: Any) -> Drive:
    return Drive(make_plan([*steps, FINAL], **more))


def made(run: Drive) -> list[str]:
    """The paths of the calls so far."""
    return [c.path for c in run.issued if isinstance(c, CallTool)]


def test_the_entry_shows_the_step_its_draft_and_why() -> None:
    run = drive(ask("a", repair=0, on_error="hand_off", title="Triage"))
    run.answers("a/turn-1", {"kind": "z", "score": 1})
    asked = run.command("a/@hand-off-1", AskPerson).asked
    assert (asked.kind, asked.title, asked.to) == ("hand_off", "Triage", ["lead"])
    assert asked.draft == {"kind": "z", "score": 1}
    assert "kind" in asked.why
    assert asked.may == ["answer", "resume", "close"]


def test_an_answer_is_validated_and_sets_the_step_only() -> None:
    run = drive(call("c", on_error="hand_off"))
    run.fails("c")
    run.person("c/@hand-off-1", "answer", data={"wrong": 1})
    assert run.command("c/@hand-off-2", AskPerson).asked.problems
    run.person("c/@hand-off-2", "answer", data={"id": "by hand"})
    assert run.steps["c"] == {"id": "by hand"}
    assert run.calls(READ) == []
    assert run.outcome == "completed"


def test_an_answer_for_a_record_is_written() -> None:
    bad = RecordStep(id="r", schema="out@1", with_=["dict", [["n", lit("x")]]], on_error="hand_off")
    run = Drive(make_plan([bad]))
    run.person("r/@hand-off-1", "answer", data={"n": 7})
    assert [r.record for r in run.records] == [{"n": 7}]
    assert run.outcome == "completed"


def test_close_ends_the_run_handed_off_and_the_draft_is_no_record() -> None:
    bad = RecordStep(id="r", schema="out@1", with_=["dict", [["n", lit("x")]]], on_error="hand_off")
    run = Drive(make_plan([bad]))
    run.person("r/@hand-off-1", "close", reason="Done by phone.")
    assert run.outcome == "handed_off"
    assert run.records == []


def test_resume_repeats_only_the_call_that_failed() -> None:
    run = drive(call("b"), call("c", on_error="hand_off"))
    run.returns("b")
    run.fails("c")
    run.person("c/@hand-off-1", "resume")
    assert made(run) == ["b", "c", "c/@try-2"]
    run.returns("c/@try-2")
    assert run.outcome == "completed"


def test_the_attempts_of_a_second_try_have_paths_of_their_own() -> None:
    run = drive(call("c", on_error="hand_off"))
    for path in ("c", "c~2", "c~3", "c~4"):
        run.fails(path, retryable=True)
    run.person("c/@hand-off-1", "resume")
    run.fails("c/@try-2", retryable=True)
    run.returns("c/@try-2~2")
    assert len(made(run)) == len(set(made(run))) == 6


def test_an_ask_goes_on_from_its_finished_calls() -> None:
    run = drive(ask("a", HEADER, READ, on_error="hand_off"))
    run.proposes("a/turn-1", (HEADER, {"n": 1}), (READ, {}), (HEADER, {"n": 2}))
    run.returns(f"a/turn-1/{HEADER}-1", {"id": "first"})
    run.fails(f"a/turn-1/{READ}-1")
    run.person("a/@hand-off-1", "resume")
    # The model hears what is done, what failed, and what was not reached: it has no reason to propose the first again.
    assert run.told("a/turn-2") == [{"id": "first"}, {"error": "broken"}, {"error": "This call was not made."}]
    run.answers("a/turn-2", GOOD)
    assert made(run) == [f"a/turn-1/{HEADER}-1", f"a/turn-1/{READ}-1"]


def test_a_write_that_is_done_but_gave_back_nonsense_is_not_repeated() -> None:
    run = drive(call("c", HEADER, on_error="hand_off"))
    run.returns("c", {"nonsense": True})
    assert run.command("c/@hand-off-1", AskPerson).asked.may == ["answer", "close"]
    run.person("c/@hand-off-1", "resume")  # nobody offered that
    assert set(run.open) == {"c/@hand-off-2"}
    run.person("c/@hand-off-2", "answer", data=DONE)
    assert made(run) == ["c"]


def test_a_block_cannot_be_resumed_or_answered() -> None:
    inner = ChooseStep(id="b", branches=[BranchPlan(steps=[call("c")])], on_error="hand_off")
    run = drive(inner)
    run.fails("b/c")
    assert run.command("b/@hand-off-1", AskPerson).asked.may == ["close"]


def test_after_a_spent_budget_a_resume_needs_a_raised_limit() -> None:
    run = drive(call("b"), call("c", on_error="hand_off"), budget=BudgetPlan(tool_calls=1))
    run.returns("b")
    run.person("c/@hand-off-1", "resume")
    assert set(run.open) == {"c/@hand-off-2"}
    run.raises(tool_calls=2)
    run.person("c/@hand-off-2", "resume")
    run.returns("c/@try-3")
    assert run.outcome == "completed"


def test_a_late_person_is_answered_by_on_error() -> None:
    run = drive(person(within=60.0, on_error="hand_off"))
    assert run.open["p"].asked.due == "2026-03-02T09:01:00.000000Z"
    run.person("p", "late")
    run.person("p/@hand-off-1", "resume")
    run.person("p/@try-2", "answer", data=GOOD)
    assert run.steps["p"] == GOOD


def test_a_write_in_doubt_offers_no_answer_and_closing_it_leaves_the_run_in_doubt() -> None:
    run = drive(call("c", PLAIN, on_error="hand_off"))
    run.doubts("c")
    assert run.command("c/@hand-off-1", AskPerson).asked.may == ["done", "not_done", "close"]
    run.person("c/@hand-off-1", "close")
    assert run.outcome == "in_doubt"


def test_a_write_in_doubt_is_never_continued_over() -> None:
    run = drive(call("c", PLAIN, on_error="continue"))
    run.doubts("c")
    assert run.outcome == "in_doubt"


def doubts_for_good(run: Drive, path: str) -> None:
    """Let every attempt of a write whose repeat is harmless end in doubt."""
    for attempt in ("", "~2", "~3", "~4"):
        run.doubts(f"{path}{attempt}")


def test_a_resumed_write_in_doubt_keeps_its_key_and_its_room() -> None:
    rules = [RulePlan(id=HEADER, source="flow", tools=[HEADER], at_most=[LimitPlan(limit=1)])]
    run = drive(call("c", HEADER, on_error="hand_off"), rules=rules, budget=BudgetPlan(writes=1))
    first = run.open["c"].verdict.key
    doubts_for_good(run, "c")
    run.person("c/@hand-off-1", "resume")
    assert run.open["c/@try-2"].verdict.key == first
    run.returns("c/@try-2")
    assert run.outcome == "completed"
    assert run.execution.root.meter.used["writes"] == 1


def test_a_resumed_write_in_doubt_stays_so_until_it_returned() -> None:
    run = drive(call("c", HEADER, on_error="hand_off"))
    doubts_for_good(run, "c")
    run.person("c/@hand-off-1", "resume")
    run.fails("c/@try-2")
    assert run.command("c/@hand-off-2", AskPerson).asked.may == ["done", "not_done", "resume", "close"]
    run.person("c/@hand-off-2", "close")
    assert run.outcome == "in_doubt"


def test_an_ask_that_proposes_its_doubtful_write_again_settles_it_under_the_same_key() -> None:
    run = drive(ask("a", HEADER, on_error="hand_off"))
    run.proposes("a/turn-1", (HEADER, {"n": 1}))
    first = run.open[f"a/turn-1/{HEADER}-1"].verdict.key
    doubts_for_good(run, f"a/turn-1/{HEADER}-1")
    run.person("a/@hand-off-1", "resume")
    run.proposes("a/turn-2", (HEADER, {"n": 1}), (HEADER, {"n": 1}))
    assert run.returns(f"a/turn-2/{HEADER}-1").verdict.key == first
    assert run.returns(f"a/turn-2/{HEADER}-2").verdict.key != first
    run.answers("a/turn-3", GOOD)
    assert run.outcome == "completed"


def test_an_ask_that_goes_on_without_settling_its_doubtful_write_ends_in_doubt() -> None:
    run = drive(ask("a", HEADER, on_error="hand_off"))
    run.proposes("a/turn-1", (HEADER, {"n": 1}))
    doubts_for_good(run, f"a/turn-1/{HEADER}-1")
    run.person("a/@hand-off-1", "resume")
    run.answers("a/turn-2", GOOD)
    assert run.outcome == "in_doubt"


def test_a_hand_off_of_a_write_in_doubt_that_is_closed_by_others_leaves_the_doubt() -> None:
    run = drive(call("c", PLAIN, on_error="hand_off"))
    run.doubts("c")
    run.cancel()
    assert run.outcome == "in_doubt"
    block = ParallelStep(id="b", branches={"z": [call("c", PLAIN, on_error="hand_off")], "a": [call("n")]})
    run = drive(block)
    run.doubts("b/z/c")
    run.fails("b/a/n")
    assert run.outcome == "in_doubt"
