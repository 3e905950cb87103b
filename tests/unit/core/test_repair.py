"""Mending an invalid answer: only the failing places change, and not for ever."""

from __future__ import annotations

from typing import Any

from flowrun.core.commands import CallModel
from tests.property.plans import lit, make_plan
from tests.unit.core.drive import GOOD, Drive
from tests.unit.core.kit import FINAL, ask, step


def drive(**more: Any) -> Drive:
    return Drive(make_plan([ask("a", "crm.read", **more), FINAL]))


def asked(run: Drive) -> list[str]:
    """The paths of the model calls so far."""
    return [c.path for c in run.issued if isinstance(c, CallModel)]


def test_only_the_failing_places_change() -> None:
    run = drive()
    run.answers("a/turn-1", {"kind": "z", "score": 1})
    run.answers("a/turn-1/repair-1", {"kind": "b", "score": 999})
    assert run.steps["a"] == {"kind": "b", "score": 1}


def test_the_repair_is_told_each_failing_place_and_offers_no_tools() -> None:
    run = drive()
    run.answers("a/turn-1", {"kind": "z"})
    command = run.command("a/turn-1/repair-1", CallModel)
    assert command.tools == []
    text = command.messages[-1]["content"]
    assert "/kind" in text
    assert "/score" in text


def test_the_number_of_repairs_is_bounded() -> None:
    for repair in (0, 1, 2):
        run = drive(repair=repair)
        run.answers("a/turn-1", {"kind": "z0", "score": 1})
        for number in range(1, repair + 1):
            run.answers(f"a/turn-1/repair-{number}", {"kind": f"z{number}", "score": 1})
        assert run.outcome == "failed"
        assert len(asked(run)) == 1 + repair


def test_two_identical_failures_end_it() -> None:
    run = drive(repair=2)
    run.answers("a/turn-1", {"kind": "z", "score": 1})
    run.answers("a/turn-1/repair-1", {"kind": "z", "score": 1})
    assert run.outcome == "failed"
    assert len(asked(run)) == 2


def test_an_answer_that_breaks_only_when_is_invalid_like_any_other() -> None:
    low = ["cmp", "<", ["attr", step("a"), "score"], lit(5)]
    run = drive(only_when=low, reason="The score is at most four.")
    run.answers("a/turn-1", {"kind": "a", "score": 9})
    assert "at most four" in run.command("a/turn-1/repair-1", CallModel).messages[-1]["content"]
    run.answers("a/turn-1/repair-1", {"kind": "a", "score": 2})
    assert run.steps["a"] == {"kind": "a", "score": 2}


def test_proposals_instead_of_a_repair_are_not_run() -> None:
    run = drive(repair=1)
    run.answers("a/turn-1", {"kind": "z", "score": 1})
    run.proposes("a/turn-1/repair-1", ("crm.read", {}))
    assert run.outcome == "failed"
    assert run.decided == []


def test_an_invalid_answer_is_never_the_value() -> None:
    run = drive(repair=0, on_error="continue")
    run.answers("a/turn-1", {"kind": "z", "score": 1})
    assert run.steps["a"] is None
    assert run.outcome == "completed_with_gaps"


def test_a_valid_answer_costs_one_call() -> None:
    run = drive()
    run.answers("a/turn-1", GOOD)
    assert asked(run) == ["a/turn-1"]
