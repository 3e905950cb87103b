"""Runs the tests inside policies: one proposed call, judged by that policy alone.

Owns: the small plan in which a policy stands by itself, and the comparison of its verdict. Rules are judged by `guard`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from flowrun.core.commands import Proposal, Propose
from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import Verdict
from flowrun.guard import decide
from flowrun.guard.limits import reservation
from flowrun.lang import spec
from flowrun.lint.check import check_flow
from flowrun.plan.catalogue import Catalogue, FlowSource
from flowrun.plan.compile import compile_plan, digest, plan_bytes
from flowrun.testing.coverage.conditions import gate, source_of
from flowrun.testing.coverage.seen import Watch
from flowrun.testing.play import START
from flowrun.testing.result import located
from flowrun.testing.watched import WatchedPlan
from flowrun.values.names import Names
from flowrun.words import mark, t

Json = Any
NAMES = {
    "allow": mark("{policy} allows {tool}"),
    "deny": mark("{policy} denies {tool}"),
    "approve": mark("{policy} asks people about {tool}"),
}
SAID = {
    "allow": mark("The policy allows {tool}{why}; the test expects {wanted}."),
    "deny": mark("The policy denies {tool}{why}; the test expects {wanted}."),
    "approve": mark("The policy asks people about {tool}{why}; the test expects {wanted}."),
}
SAID_BY = {
    "allow": mark("The policy allows {tool} by {rules}; the test expects it by {wanted}."),
    "deny": mark("The policy denies {tool} by {rules}; the test expects it by {wanted}."),
    "approve": mark("The policy asks people about {tool} by {rules}; the test expects it by {wanted}."),
}


def plan_of(policy: spec.Policy, catalogue: Catalogue, more: Iterable[str] = ()) -> CompiledPlan:
    """Return a plan in which a flow without steps may use every tool that the policy's tests call, and `more` tools."""
    span = policy.span
    anything = spec.SchemaUse(name="", version=0, inline={}, span=span)
    tools = sorted(({test.call for test in policy.tests} | set(more)) & set(catalogue.tools))
    flow = spec.Flow(
        flow=policy.policy,
        version=1,
        title="",
        owner="owner",
        input=anything,
        output=anything,
        key=None,
        subject=None,
        tools={name: spec.Rule(id=name, tools=(name,), span=span) for name in tools},
        budget=None,
        steps=(),
        results={},
        file=policy.file,
        span=span,
        at={},
    )
    alone = replace(catalogue, policies=(policy,))
    source = FlowSource(flow=flow)
    # The findings about this made-up flow say nothing; the types that its check finds are needed for money.
    rewrites = check_flow(source, alone).rewrites
    plan = compile_plan(source, alone, rewrites)
    return CompiledPlan(plan, digest(plan_bytes(plan)))


def unmet(test: spec.PolicyTest, compiled: CompiledPlan) -> list[str]:
    """Return why a policy's test fails; nothing where it holds."""
    return [located(test.span, text) for text in _unmet(test, compiled)]


def name_of(policy: spec.Policy, test: spec.PolicyTest) -> str:
    """Return the test's name: what the policy is to say of which call, with its line where several say the same."""
    alike = [each for each in policy.tests if (each.expect, each.call, each.by) == (test.expect, test.call, test.by)]
    name = t(NAMES[test.expect], policy=policy.policy, tool=test.call)
    if test.by:
        name = t("{what} by {rule}", what=name, rule=test.by)
    return t("{what} (line {line})", what=name, line=test.span.line) if len(alike) > 1 else name


def _unmet(test: spec.PolicyTest, compiled: CompiledPlan) -> Iterator[str]:
    if test.call not in compiled.plan.tools:
        yield t("There is no tool {tool}.", tool=test.call)
        return
    verdict, names = judge(test, compiled)
    said = {"ask": "approve"}.get(verdict.verdict, verdict.verdict)
    if said != test.expect:
        by = ", ".join(dict.fromkeys(verdict.denials))
        reason = f' ({by}: "{verdict.reason}")' if verdict.reason else ""
        yield t(SAID[said], tool=test.call, why=reason, wanted=test.expect)
    elif test.by is not None:
        spoke = speakers(test, compiled, verdict, names)
        if test.by not in spoke:
            yield t(SAID_BY[said], tool=test.call, rules=", ".join(spoke) or t("no rule"), wanted=test.by)


def judge(test: spec.PolicyTest, compiled: CompiledPlan) -> tuple[Verdict, Names]:
    """Return the verdict of the policy on the test's call, and the names that its rules saw."""
    plan = compiled.plan
    (policy,) = plan.flow.policies
    now = test.now or START
    calls: dict[str, tuple[dict[str, Json], ...]] = {}
    for call in test.before:
        entry = {
            "output": call.get("output"),
            "args": call.get("args", {}),
            "rules": [],
            "approved_by": [],
            "at": now,
        }
        calls[call["call"]] = (*calls.get(call["call"], ()), entry)
    run = {"id": "test", "started": now, "flow": plan.flow.name, "version": 1, "mode": "live"}
    names = Names(calls=calls, run=run, tables={**plan.tables}, now=now, time_zone=plan.time_zone)
    taken = _taken(test, compiled, names)
    request = Propose(
        path="test",
        flow=plan.flow,
        proposals=[Proposal(path="test", tool=test.call, args=test.args, bound={}, key="test")],
        names=names,
        used=taken,
        limits={},
    )
    facts = {(policy, name): value for name, value in test.facts.items()}

    def usage(counter: str, since: str | None, holds: str) -> int:
        return taken.get(counter, 0)

    verdict = decide(compiled, request, facts=[facts], usage=usage, now=now)[0]
    tables = {**names.tables, **plan.policies[policy].tables}
    seen = names.judging(args=test.args, facts=test.facts, now=now)
    seen.tables = tables
    return verdict, seen


def tried(test: spec.PolicyTest, watch: Watch, plan: WatchedPlan) -> frozenset[str]:
    """Return the keys of what a policy's test tries, in a plan that is watched."""
    if test.call not in plan.plan.tools:
        return frozenset()
    verdict, names = judge(test, plan)
    flow = plan.plan.flow
    found = watch.by_conditions(plan) | watch.limits(plan, flow, verdict, {call["call"] for call in test.before})
    taken = _taken(test, plan, names)
    for rule, policy in plan.rules_for(flow, test.call):
        for place, limit in enumerate(rule.at_most if policy is not None else ()):
            room = reservation(plan, rule, place, limit, names)
            held, stopped = gate(source_of(rule), rule.id, f"at_most:{place}")
            full = isinstance(room, str) or taken.get(room.counter, 0) + room.takes > room.most
            found.add(stopped if full else held)
    return frozenset(found)


def speakers(test: spec.PolicyTest, compiled: CompiledPlan, verdict: Verdict, names: Names) -> list[str]:
    """Return the rules that made the verdict: those that deny, or those that ask people; all that held where it allows."""
    if verdict.verdict == "deny":
        return list(dict.fromkeys(verdict.denials))
    rules = [rule for rule, policy in compiled.rules_for(compiled.plan.flow, test.call) if policy is not None]
    if verdict.verdict == "allow":
        return [rule.id for rule in rules]
    return [r.id for r in rules if r.approve_when is not None and compiled.value(r.approve_when, names) is True]


def _taken(test: spec.PolicyTest, compiled: CompiledPlan, names: Names) -> dict[str, int]:
    """Return the room in `at_most` that the earlier calls have taken."""
    taken: dict[str, int] = {}
    for call in test.before:
        for counter, amount in _rooms(call, compiled, names):
            taken[counter] = taken.get(counter, 0) + amount
    return taken


def _rooms(call: Mapping[str, Json], compiled: CompiledPlan, names: Names) -> Iterable[tuple[str, int]]:
    seen = names.judging(args=call.get("args", {}), facts={}, now=names.now)
    for rule, policy in compiled.rules_for(compiled.plan.flow, call["call"]):
        if policy is None:
            continue
        for place, limit in enumerate(rule.at_most):
            room = reservation(compiled, rule, place, limit, seen)
            if not isinstance(room, str):
                yield room.counter, room.takes
