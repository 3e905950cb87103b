"""The gates of a call: what must hold before the guard lets it through, and who must say yes.

Owns: rules as formulas, each part of which can be taken out, so that it can be told which of them stops a thing. The real
judgement is `guard.decide`'s; this must never be stricter.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from flowrun.core.compiled import CompiledPlan, bound_names
from flowrun.plan.model import FlowPlan, LimitPlan, RulePlan
from flowrun.prove.compare import conforms
from flowrun.prove.domains import MAP, NULL, NUMBERS, Domain, below
from flowrun.prove.evaluate import Evaluator
from flowrun.prove.names import Place
from flowrun.prove.shapes import domain_of, kinds_of, never_negative, root
from flowrun.prove.terms import (
    NO,
    YES,
    Const,
    Fields,
    Formula,
    Money,
    Unknown,
    Value,
    both,
    every,
    is_null,
    negate,
    options,
    some,
)
from flowrun.values.compare import is_number

Json = Any


@dataclass(frozen=True, slots=True, order=True)
class Gate:
    """One thing that stands in the way: a word of a rule, or of a step.

    `source` is `flow:NAME`, a policy's `NAME@VERSION`, or `step:NAME`; `id` the rule's or step's; `word` as in YAML.
    """

    source: str
    id: str
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A rule that asks people, when it does, and whom."""

    rule: RulePlan
    gate: Gate
    when: Formula
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A call as the guard sees it: when it is let through, and who is asked."""

    allowed: Formula
    asking: tuple[Asking, ...]
    place: Place
    facts: dict[tuple[str, str], Value]
    """By policy and name, what the rules read."""


def gates_of(compiled: CompiledPlan, flow: FlowPlan, tool: str) -> list[Gate]:
    """Return the gates of a tool's calls in a flow, in file order."""
    found = []
    for rule, _ in compiled.rules_for(flow, tool):
        words = [word for word in ("needs_before", "bind", "only_when", "deny_when", "at_most") if getattr(rule, word)]
        words += ["approve_when"] if rule.approve_when is not None else []
        found += [Gate(rule.source, rule.id, word) for word in words]
    return found


def judge(
    compiled: CompiledPlan,
    flow: FlowPlan,
    tool: str,
    *,
    at: str,
    place: Place,
    args: Value,
    bound: dict[str, Value],
    taken_out: Collection[Gate],
    few: int,
) -> Judged:
    """Return when a call may be made; `at` is a name for this judgement, which nothing else shares."""
    parts: list[Formula] = []
    asking: list[Asking] = []
    facts: dict[tuple[str, str], Value] = {}
    plan = compiled.plan
    contract = plan.tools.get(tool)
    parts += [negate(is_null(value)) for value in bound.values()]
    if contract is not None:
        parts.append(fits(args, contract.input, bound_names(flow, tool)))
    here = place.fork(args=args, moment=at)
    for rule, policy in compiled.rules_for(flow, tool):

        def open_(word: str, rule: RulePlan = rule) -> bool:
            return Gate(rule.source, rule.id, word) not in taken_out

        known = {}
        for name in rule.facts if policy else ():
            assert policy is not None
            fact = plan.policies[policy].facts[name]
            if (policy, name) not in facts:
                output = plan.tools[fact.call].output
                facts[policy, name] = root(("fact", at, policy, name), output, ("fact", fact.call))
                given = Evaluator(here, few=few).value(fact.with_)
                if any(map(open_, ("only_when", "deny_when", "approve_when", "at_most"))):
                    parts.append(_given(given))
            known[name] = facts[policy, name]
        seen = here.fork(facts=known)
        if policy is not None and plan.policies[policy].tables:
            seen.tables = {**plan.tables, **plan.policies[policy].tables}
        look = Evaluator(seen, few=few)
        if rule.needs_before and open_("needs_before"):
            parts.append(some(made.done for name in rule.needs_before for made in place.made(name)))
        if rule.only_when is not None and open_("only_when"):
            parts.append(look.condition(rule.only_when)[0])
        if rule.deny_when is not None and open_("deny_when"):
            parts.append(look.condition(rule.deny_when)[1])
        if rule.approve_when is not None and open_("approve_when"):
            asks, asks_not = look.condition(rule.approve_when)
            parts.append(some((asks, asks_not)))
            roles = tuple(rule.approver or [flow.owner])
            asking.append(Asking(rule=rule, gate=Gate(rule.source, rule.id, "approve_when"), when=asks, roles=roles))
        if open_("at_most"):
            schema = {} if contract is None else contract.input
            parts += [_room(look, limit, schema, bound) for limit in rule.at_most]
    return Judged(allowed=every(parts), asking=tuple(asking), place=here, facts=facts)


def _given(value: Value) -> Formula:
    """A fact is read only where all that it is read with is there."""
    found = []
    for when, known in options(value):
        there = [negate(is_null(part)) for part in known.items.values()] if isinstance(known, Fields) else []
        found.append(both(when, *there))
    return some(found)


def _room(look: Evaluator, limit: LimitPlan, schema: dict[str, Json], bound: dict[str, Value]) -> Formula:
    """One call alone must fit under a limit; what earlier calls have taken is counted elsewhere."""
    parts: list[Formula] = []
    if limit.per is not None:
        parts.append(negate(is_null(look.value(limit.per))))
    if limit.sum is None:
        return both(*parts) if limit.limit >= 1 else NO
    added = look.value(limit.sum)
    # Earlier calls of less than nothing would have made room.
    most: Domain = below(limit.limit, same=True) if _only_up(limit, schema, bound) else NUMBERS
    return both(*parts, *[some(both(w, conforms(_amount(v), most.join(MAP))) for w, v in options(added))])


def _amount(value: Value) -> Value:
    if isinstance(value, Money):
        return value.amount
    if isinstance(value, Const) and isinstance(value.value, dict):
        return Const(value.value.get("amount"))
    return value


def _only_up(limit: LimitPlan, schema: dict[str, Json], bound: dict[str, Value]) -> bool:
    """Whether what a limit adds up is an argument that is never below zero."""
    node = limit.sum
    if node is None or node[0] != "attr" or node[1] != ["name", "args"]:
        return False
    if node[2] in bound:
        return all(_is_never_negative(value) for _, value in options(bound[node[2]]))
    field = schema.get("properties", {}).get(node[2])
    return field is not None and never_negative(field)


def _is_never_negative(value: Value) -> bool:
    if isinstance(value, Const):
        return value.value is None or (is_number(value.value) and value.value >= 0)
    return isinstance(value, Unknown) and all(low[0] >= 0 for low, _ in value.domain.numbers)


def fits(args: Value, schema: dict[str, Json], bound: Collection[str]) -> Formula:
    """Return the statement that proposed arguments may be valid; the bound ones are not checked."""
    if not isinstance(args, Fields):
        return YES
    found = kinds_of(schema, schema, "properties")
    if len(found) != 1:
        return YES
    fields, required = found[0].get("properties", {}), found[0].get("required", ())
    parts: list[Formula] = []
    for name, value in args.items.items():
        if name in bound:
            continue
        if name in fields:
            domain = domain_of(fields[name], schema)
            # What may be left out may be null here, which stands for what is not there, too.
            parts.append(conforms(value, domain if name in required else domain.join(NULL)))
        elif found[0].get("additionalProperties") is False and "patternProperties" not in found[0]:
            return NO
    missing = [name for name in required if name not in args.items and name not in bound and args.rest is None]
    return NO if missing else every(parts)


def asks_role(asking: Sequence[Asking], role: str | None) -> Formula:
    """Return when people are asked, or somebody of one role."""
    return some(each.when for each in asking if role is None or role in each.roles)
