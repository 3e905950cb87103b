"""The trail in words: every decision with its rule and where that stands, and everything that was not done."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec import inspect

from flowrun.app.trail import entries_of, rule_words
from flowrun.core import events as ev
from flowrun.plan.model import FlowPlan, Plan, PolicyPlan, RulePlan

AT = "2026-03-02T09:00:00.000000Z"


def rule(id: str, source: str) -> RulePlan:
    return RulePlan(id=id, source=source, tools=["t.w"])


PLAN = Plan(
    flow=FlowPlan(
        name="f", version=2, title="", owner="o", input="i", output="o", steps=[], rules=[rule("t.w", "flow:f")]
    ),
    policies={"p": PolicyPlan(name="p", version=3, rules=[rule("small", "p@3"), rule("daily", "p@3")])},
)


def verdict(kind: str, **more: object) -> ev.Decided:
    made = ev.Verdict(
        path="s/t.w-1", tool="t.w", args={"a": 1}, digest="d", verdict=kind, rules=["t.w", "p:small"], **more
    )  # type: ignore[arg-type]
    return ev.Decided(path="s", at=AT, verdicts=[made])


def fault(kind: str) -> ev.Fault:
    return ev.Fault(kind=kind, message="m")


CASES: dict[str, tuple[ev.AnyEvent, str, bool, str]] = {
    "allowed": (verdict("allow"), "allowed", False, "t.w (flow f@2); small (p@3)"),
    "needs approval": (verdict("ask", approvers=["leads"]), "needs approval", False, "t.w (flow f@2); small (p@3)"),
    "denied": (verdict("deny", denied_by="small", denials=["small"], reason="r"), "denied", True, "small (p@3)"),
    "not listed": (verdict("deny", denied_by="tools", denials=["tools"]), "denied", True, "tools (the flow's list of tools)"),
    "halted": (verdict("deny", denied_by="halt", denials=["halt"]), "halted", True, "halt (the emergency brake)"),
    "budget": (
        verdict("deny", denied_by="budget.writes", denials=["budget.writes"]), "budget", True,
        "budget.writes (budget of flow f@2)",
    ),
    "no room": (ev.Refused(path="s", at=AT, rule="daily", reason="r"), "refused", True, "daily (p@3)"),
    "halted at the intent": (ev.Refused(path="s", at=AT, rule="halt", reason="r"), "halted", True, "halt (the emergency brake)"),
    "a no": (ev.Approved(path="s@leads", at=AT, role="leads", by="ana", yes=False), "rejected", True, ""),
    "a yes": (ev.Approved(path="s@leads", at=AT, role="leads", by="ana", yes=True), "approved", False, ""),
    "rejected": (ev.Answered(path="s", at=AT, action="reject", by="ana"), "rejected", True, ""),
    "expired": (ev.Answered(path="s", at=AT, action="late"), "expired", True, ""),
    "nobody of a role": (
        ev.Escalated(path="s/@then-1", at=AT, entry="s", place=0, late="leads", role="owners"), "expired", True, "",
    ),
    "tool failed": (ev.CallFailed(path="s", at=AT, fault=fault("tool"), tool="t.w"), "failed", True, ""),
    "in doubt": (ev.Doubted(path="s", at=AT, fault=fault("in_doubt"), tool="t.w"), "in doubt", True, ""),
    "late step": (ev.StepFailed(path="s", at=AT, step="s", fault=fault("late"), on_error="fail"), "expired", True, ""),
    "spent": (ev.StepFailed(path="s", at=AT, step="s", fault=fault("budget"), on_error="fail"), "budget", True, ""),
    "model failed": (ev.ModelFailed(path="s", at=AT, fault=fault("model")), "failed", True, ""),
    "run stopped": (ev.RunFinished(path="", at=AT, outcome="stopped_by_budget"), "budget", True, ""),
    "run cancelled": (ev.RunFinished(path="", at=AT, outcome="cancelled"), "cancelled", True, ""),
    "run done": (ev.RunFinished(path="", at=AT, outcome="completed"), "", False, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_an_event_is_told_with_its_decision_and_its_rule(name: str) -> None:
    event, decision, not_done, rules = CASES[name]
    (entry,) = entries_of("r", [(4, event)], PLAN)
    assert (entry.decision, entry.not_done, rule_words(entry.rules)) == (decision, not_done, rules)
    assert (entry.run, entry.seq, entry.at) == ("r", 4, AT)


def example(kind: Any) -> Any:
    """Return a value of a type, as small as it may be."""
    if isinstance(kind, inspect.StructType):
        needed = {field.name: example(field.type) for field in kind.fields if field.required}
        return kind.cls(**needed)
    if isinstance(kind, inspect.UnionType):
        return example(kind.types[0])
    small = {inspect.StrType: "x", inspect.IntType: 1, inspect.FloatType: 1.0, inspect.BoolType: True}
    return small.get(type(kind), [] if isinstance(kind, inspect.ListType) else {})


@pytest.mark.parametrize("kind", ev.PHASES, ids=lambda kind: kind.__name__)
def test_every_kind_of_event_has_words(kind: type) -> None:
    event = msgspec.structs.replace(example(inspect.type_info(kind)), path="p", at=AT)
    if isinstance(event, ev.Decided):
        return  # told by its verdicts
    assert all(entry.what and entry.type for entry in entries_of("r", [(1, event)], PLAN))


def test_a_read_and_a_write_are_told_apart() -> None:
    events: list[tuple[int, ev.AnyEvent]] = [
        (1, ev.Returned(path="a", at=AT, output={}, tool="t.r")),
        (2, ev.Intended(path="b", at=AT, tool="t.w", args={}, digest="d", key="k")),
        (3, ev.Returned(path="b", at=AT, output={}, tool="t.w", repeat=True)),
    ]
    assert [entry.what for entry in entries_of("r", events, PLAN)][::2] == [
        "Answered",
        "Done (it had been done before)",
    ]
