"""The expressions of a plan whose outcomes count.

Owns: the key of each outcome, and which parts of a condition name a value. A key is a text that is the same in every process:
`branch|FLOW|STEP|0`, `gate|SOURCE|RULE|only_when|stopped`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from flowrun.plan import model as m
from flowrun.plan.compile import steps_in
from flowrun.values.nodes import dotted, walk

Json = Any
NONE = "none"
"""Stands for the branch of a `choose` of which none holds."""


class Literal(msgspec.Struct, frozen=True, kw_only=True):
    """A text that a condition compares something with: `what` (a node) is `value` at some time."""

    key: str
    name: str
    what: m.Node
    value: str


def key(*parts: object) -> str:
    """Return the key of an outcome."""
    return "|".join(map(str, parts))


def flows_of(plan: m.Plan) -> list[m.FlowPlan]:
    """Return a plan's flow and the flows that it calls."""
    return [plan.flow, *plan.flows.values()]


def rules_of(plan: m.Plan, flow: m.FlowPlan) -> Iterator[m.RulePlan]:
    """Yield the rules that hold for the tools of a flow: its own, then its policies'."""
    yield from flow.rules
    for name in flow.policies:
        yield from (rule for rule in plan.policies[name].rules if set(rule.tools) & set(flow.tools))


def source_of(rule: m.RulePlan) -> str:
    """Return what a rule is known by over versions: `flow:NAME`, or the policy's name."""
    return rule.source.partition("@")[0]


def fixed(node: m.Node | None) -> bool:
    """Return whether a condition is `true` or `false` as it stands."""
    return node is not None and node[0] == "lit"


def literals(place: str, node: m.Node) -> Iterator[Literal]:
    """Yield the texts that a condition compares with, each once. `place`: the beginning of their keys."""
    found: dict[str, Literal] = {}
    for part in walk(node):
        if part[0] != "cmp" or part[1] not in ("==", "!=", "in", "not in"):
            continue
        for what, other in ((part[2], part[3]), (part[3], part[2])):
            for value in _texts(other):
                name = dotted(what)
                if what[0] not in ("lit", "list") and name:
                    made = Literal(key=key("value", place, name, value), name=name, what=what, value=value)
                    found.setdefault(made.key, made)
    yield from found.values()


def _texts(node: m.Node) -> list[str]:
    if node[0] == "lit":
        return [node[1]] if isinstance(node[1], str) else []
    return [item[1] for item in node[1] if item[0] == "lit" and isinstance(item[1], str)] if node[0] == "list" else []


def outcomes(plan: m.Plan) -> Iterator[tuple[m.Node, str, str]]:
    """Yield each condition of a plan with the key for when it holds, and the key for when it does not."""
    for flow in flows_of(plan):
        for step in steps_in(flow.steps):
            if step.when is not None:
                yield step.when, key("branch", flow.name, step.id, "run"), key("branch", flow.name, step.id, "skipped")
            if isinstance(step, m.ChooseStep):
                yield from _branches(flow, step)
            if isinstance(step, m.AskStep | m.AskPersonStep | m.RecordStep) and step.only_when is not None:
                yield step.only_when, *gate(f"step:{flow.name}", step.id, "only_when")
        for rule in rules_of(plan, flow):
            source = source_of(rule)
            if rule.only_when is not None:
                yield rule.only_when, *gate(source, rule.id, "only_when")
            if rule.deny_when is not None:
                held, stopped = gate(source, rule.id, "deny_when")
                yield rule.deny_when, stopped, held
            if rule.approve_when is not None:
                held, stopped = gate(source, rule.id, "approve_when")
                yield rule.approve_when, stopped, held


def gate(source: str, rule: str, clause: str) -> tuple[str, str]:
    """Return the keys of a gate that let a call through, and of one that stopped it (or had it ask a person)."""
    return key("gate", source, rule, clause, "held"), key("gate", source, rule, clause, "stopped")


def _branches(flow: m.FlowPlan, step: m.ChooseStep) -> Iterator[tuple[m.Node, str, str]]:
    conditions = [(place, branch.when) for place, branch in enumerate(step.branches) if branch.when is not None]
    rest = next((place for place, branch in enumerate(step.branches) if branch.when is None), NONE)
    for number, (place, node) in enumerate(conditions):
        assert node is not None
        # They are looked at in order, so that the last one fails only where all before it did.
        last = number == len(conditions) - 1
        yield node, key("branch", flow.name, step.id, place), key("branch", flow.name, step.id, rest) if last else ""


def marks(plan: m.Plan) -> Iterator[tuple[m.Node, str]]:
    """Yield an expression of each step that is worked out exactly where the step runs, with the step's key."""
    for flow in flows_of(plan):
        for step in steps_in(flow.steps):
            node = _mark(step)
            if node is not None:
                yield node, key("step", flow.name, step.id)


def _mark(step: m.AnyStep) -> m.Node | None:
    match step:
        case m.CallStep() | m.RecordStep():
            return step.with_
        case m.AskStep() | m.AskPersonStep():
            return step.prompt
        case m.ForEachStep():
            return step.items
        case m.SetStep():
            return step.value
        case m.StopStep():
            return step.reason
        case m.ChooseStep():
            return step.branches[0].when
        case _:
            return None
