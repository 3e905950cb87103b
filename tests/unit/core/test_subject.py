"""Whose data a run holds is told once, as soon as the flow says it, and before the run ends."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import AnyEvent, SubjectKnown
from flowrun.core.execution import Execution
from flowrun.plan.model import StopStep
from tests.property.plans import make_plan
from tests.unit.core.drive import Drive
from tests.unit.core.kit import FINAL, call, step

EMAIL = ["attr", ["name", "input"], "email"]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The subjects that runs told, in order."""
    seen: list[str] = []
    real = Execution.note

    def note(self: Execution, event: AnyEvent) -> None:
        assert self.finished is None and ("", "finished") not in self.open
        seen.extend([event.subject] if isinstance(event, SubjectKnown) else [])
        real(self, event)

    monkeypatch.setattr(Execution, "note", note)
    return seen


def drive(*steps: Any, subject: Any, input: Any = None) -> Drive:
    compiled = make_plan(list(steps))
    plan = msgspec.structs.replace(compiled.plan, flow=msgspec.structs.replace(compiled.plan.flow, subject=subject))
    return Drive(CompiledPlan(plan, "digest"), input=input)


@pytest.mark.parametrize(
    ("subject", "input", "known"),
    [
        (EMAIL, {"email": "ana@example.com"}, ["ana@example.com"]),
        (EMAIL, {"email": 7}, ["7"]),
        (EMAIL, {"email": ""}, []),
        (EMAIL, {}, []),
        (None, {"email": "ana@example.com"}, []),
    ],
)
def test_a_subject_of_the_input_is_told_at_once(told: list[str], subject: Any, input: Any, known: list[str]) -> None:
    run = drive(call("a"), FINAL, subject=subject, input=input)
    assert told == known
    run.returns("a")
    assert run.outcome == "completed" and told == known


def test_a_subject_that_a_step_finds_is_told_once_and_before_the_end(told: list[str]) -> None:
    end = StopStep(id="end", outcome="rejected")
    run = drive(FINAL, call("who"), end, subject=["attr", step("who"), "id"])
    assert told == []
    run.returns("who")
    assert run.outcome == "rejected" and told == ["T-1"]


def test_what_the_start_says_is_not_told_again(told: list[str]) -> None:
    run = drive(FINAL, subject=EMAIL, input={"email": "ana@example.com"})
    assert told == ["ana@example.com"]
    started = msgspec.structs.replace(run.started, subject="ana@example.com")
    again = Execution(run.compiled, started)
    again.start()
    assert told == ["ana@example.com"]
