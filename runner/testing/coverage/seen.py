"""What one test has tried.

Owns: `Watch`, which knows what to look at in a plan, and the keys that a play or a policy's case gives. A key is there when that
outcome happened at least once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import AnyEvent, Decided, Refused, Returned, RunFinished, StepFailed, Verdict, Waiting
from flowrun.insight.places import locate
from flowrun.plan import model as m
from flowrun.plan.compile import digest, plan_bytes, steps_in
from flowrun.testing.coverage.conditions import (
    Literal,
    flows_of,
    gate,
    key,
    literals,
    marks,
    outcomes,
    rules_of,
    source_of,
)
from flowrun.testing.watched import WatchedPlan

Json = Any
NO_RULES = ("tools", "halt", "arguments")
"""Denials for which no rule was judged."""


class Watch:
    """A plan that is watched: what each of its expressions says about what was tried."""

    def __init__(self, compiled: CompiledPlan) -> None:
        # Equal expressions of a flow are one object; read from its stored form, each place has its own.
        body = plan_bytes(compiled.plan)
        self.plan = msgspec.json.decode(body, type=m.Plan)
        self.compiled = CompiledPlan(self.plan, digest(body))
        self.holds: dict[int, tuple[str, str]] = {id(node): (yes, no) for node, yes, no in outcomes(self.plan)}
        self.runs: dict[int, str] = {id(node): name for node, name in marks(self.plan)}
        self.literals: dict[int, list[Literal]] = {}
        for node, yes, _ in outcomes(self.plan):
            place = yes.rpartition("|")[0]
            if found := list(literals(place, node)):
                self.literals.setdefault(id(node), []).extend(found)
        self._watched = frozenset({*self.holds, *self.runs})
        self._parts = {node: [literal.what for literal in found] for node, found in self.literals.items()}

    def watched(self) -> WatchedPlan:
        """Return the plan for one test."""
        return WatchedPlan(self.compiled, self._watched, self._parts)

    def tried(self, plan: WatchedPlan, events: Sequence[AnyEvent]) -> frozenset[str]:
        """Return the keys of what a run has tried."""
        found = self.by_conditions(plan)
        found |= self._by_events(plan, events)
        for flow in flows_of(self.plan):
            _steps(flow, flow.steps, found, events)
        return frozenset(found)

    def by_conditions(self, plan: WatchedPlan) -> set[str]:
        """Return what the expressions say: conditions that held and did not, steps that were come to, values."""
        found = {self.runs[node] for node in self.runs if node in plan.seen}
        for node, (yes, no) in self.holds.items():
            for value in plan.seen.get(node, ()):
                # A `deny_when` denies unless it is clear that it does not hold.
                holds = value is not False if "|deny_when|" in yes else value is True
                found.add(yes if holds else no)
        for several in self.literals.values():
            for literal in several:
                if literal.value in plan.values.get(id(literal.what), ()):
                    found.add(literal.key)
        found.discard("")
        return found

    def _by_events(self, plan: WatchedPlan, events: Sequence[AnyEvent]) -> set[str]:
        found: set[str] = set()
        returned: set[str] = set()
        for event in events:
            if isinstance(event, Returned):
                returned.add(event.tool)
            elif isinstance(event, StepFailed):
                flow, _ = locate(self.plan, event.path)
                found.add(key("failure", flow.name, event.step))
            elif isinstance(event, Waiting):
                flow, step = locate(self.plan, event.path)
                if step is not None:
                    found.add(key("step", flow.name, step.id))
            elif isinstance(event, Decided):
                flow, step = locate(self.plan, event.path)
                if step is not None:
                    found.add(key("step", flow.name, step.id))
                for verdict in event.verdicts:
                    found |= self.limits(plan, flow, verdict, returned)
            elif isinstance(event, Refused):
                for flow in flows_of(self.plan):
                    for rule in rules_of(self.plan, flow):
                        if rule.id == event.rule and len(rule.at_most) == 1:
                            found.add(gate(source_of(rule), rule.id, "at_most:0")[1])
        return found

    def limits(self, plan: WatchedPlan, flow: m.FlowPlan, verdict: Verdict, before: set[str]) -> set[str]:
        """Return what a decision says about limits and about calls that must come first."""
        found: set[str] = set()
        if verdict.denied_by in NO_RULES:
            return found
        for rule, _ in self.compiled.rules_for(flow, verdict.tool):
            source = source_of(rule)
            missing = bool(rule.needs_before) and not before & set(rule.needs_before)
            if rule.needs_before:
                held, stopped = gate(source, rule.id, "needs_before")
                found.add(stopped if missing else held)
            if not rule.at_most:
                continue
            full = verdict.denials.count(rule.id) - missing - _failed(plan, rule, verdict.args)
            for place in range(len(rule.at_most)):
                held, stopped = gate(source, rule.id, f"at_most:{place}")
                # Where one of several limits is full, nobody is told which.
                if full >= len(rule.at_most):
                    found.add(stopped)
                elif full <= 0:
                    found.add(held)
        return found


def _failed(plan: WatchedPlan, rule: m.RulePlan, args: Mapping[str, Json]) -> int:
    """Return how many of a rule's conditions denied a call."""
    wanted = ((rule.only_when, (True,)), (rule.deny_when, (False,)), (rule.approve_when, (True, False)))
    return sum(
        node is not None and any(value not in good for value in plan.judged(node, args)) for node, good in wanted
    )


def _steps(
    flow: m.FlowPlan, steps: Sequence[m.AnyStep], found: set[str], events: Sequence[AnyEvent], reached: bool = True
) -> None:
    """Add the steps that leave no trace of their own: blocks whose inner steps ran, and a `stop` that ended the run.

    `reached`: whether the run came to the first of these steps.
    """
    ended = events[-1].outcome if events and isinstance(events[-1], RunFinished) else ""
    for step in steps:
        name = key("step", flow.name, step.id)
        match step:
            case m.ChooseStep():
                for place, branch in enumerate(step.branches):
                    taken = key("branch", flow.name, step.id, place) in found or (place == 0 and branch.when is None)
                    _steps(flow, branch.steps, found, events, taken and reached)
            case m.ParallelStep():
                for inner in step.branches.values():
                    _steps(flow, inner, found, events, reached)
            case m.ForEachStep():
                _steps(flow, step.steps, found, events, name in found)
            case m.StopStep() if step.reason is None and reached and ended == step.outcome:
                found.add(name)
        if any(key("step", flow.name, each.id) in found for each in list(steps_in([step]))[1:]):
            found.add(name)
        reached = name in found or (step.when is not None and reached)
