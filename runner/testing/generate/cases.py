"""The search for cases of a policy: for gates that no run of the flow comes to.

Owns: what is tried for which rule. A case is a proposed call, judged by its policy alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from flowrun.errors import Span
from flowrun.lang import spec
from flowrun.plan import model as m
from flowrun.records.samples import NoSample
from flowrun.testing import policies
from flowrun.testing.coverage.points import Point
from flowrun.testing.coverage.seen import Watch
from flowrun.testing.generate.candidates import OTHER, candidates, constants, schema_at
from flowrun.testing.generate.scenario import Change, Path, changed, sampled, values
from flowrun.testing.play import START
from flowrun.values.nodes import walk

Json = Any
MOST = 2_000
"""Cases that are tried for one point."""
FULL = 40
"""Earlier calls with which a limit is filled, at most."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A case that touches a point: the policy, and the case with what it says."""

    policy: str
    test: spec.PolicyTest


class Cases:
    """Looks for cases of one policy. `watch`: its plan (`policies.plan_of`), with the tools that its rules name."""

    def __init__(self, policy: spec.Policy, watch: Watch) -> None:
        self._policy = policy
        self._watch = watch
        self._plan = watch.plan
        (self._key,) = watch.plan.flow.policies
        self._rules = {rule.id: rule for rule in watch.plan.policies[self._key].rules}
        self.touched: set[str] = set()

    def of(self, point: Point) -> Case | None:
        """Return a case that touches a point, None where none was found."""
        parts = point.key.split("|")
        if parts[0] == "value":
            parts = parts[1:]
        rule = self._rules.get(parts[2]) if parts[0] == "gate" and parts[1] == self._policy.policy else None
        for tool in [] if rule is None else [name for name in rule.tools if name in self._plan.tools]:
            assert rule is not None
            found = self._of_tool(point, rule, tool, parts[3])
            if found is not None:
                return found
        return None

    def _of_tool(self, point: Point, rule: m.RulePlan, tool: str, clause: str) -> Case | None:
        try:
            base = self._first(tool)
        except NoSample:
            return None
        base = self._allowed(base, tool)
        for given in itertools.islice(self._tries(point, rule, base, clause), MOST):
            test = self._test(given, tool)
            if point.key in self._keys(test):
                return self._said(test, rule)
        return None

    def _first(self, tool: str) -> dict[str, Json]:
        """Return the case in which everything is as samples have it, and every call that rules look for came before."""
        rules = [rule for rule in self._rules.values() if tool in rule.tools]
        needed = [name for rule in rules for name in rule.needs_before[:1]]
        nodes = [node for rule in rules for node in _conditions(rule)]
        needed += [part[1] for node in nodes for part in walk(node) if part[0] == "calls"]
        plan = self._plan
        facts = {name for rule in rules for name in rule.facts}
        known = plan.policies[self._key].facts
        return {
            "args": sampled(plan.tools[tool].input),
            "before": [
                {"call": name, "args": {}, "output": sampled(plan.tools[name].output)}
                for name in dict.fromkeys(needed)
                if name in plan.tools and name != tool
            ],
            "facts": {name: sampled(plan.tools[known[name].call].output) for name in sorted(facts)},
        }

    def _allowed(self, given: dict[str, Json], tool: str) -> dict[str, Json]:
        """Return a case that as few rules as possible deny, by one change after the other."""
        best, worst = given, len(self._denials(given, tool))
        while worst:
            rules = [self._rules[id] for id in self._denials(best, tool) if id in self._rules]
            tries = (made for rule in rules for made in self._changed(best, rule, None))
            better = next(
                (made for made in itertools.islice(tries, MOST) if len(self._denials(made, tool)) < worst), None
            )
            if better is None:
                break
            best, worst = better, len(self._denials(better, tool))
        return best

    def _denials(self, given: dict[str, Json], tool: str) -> list[str]:
        verdict, _ = policies.judge(self._test(given, tool), self._watch.compiled)
        return list(dict.fromkeys(verdict.denials))

    def _keys(self, test: spec.PolicyTest) -> frozenset[str]:
        return policies.tried(test, self._watch, self._watch.watched())

    def _tries(self, point: Point, rule: m.RulePlan, base: dict[str, Json], clause: str) -> Iterator[dict[str, Json]]:
        yield base
        if clause == "needs_before":
            yield {**base, "before": []}
        elif clause.startswith("at_most"):
            yield from self._full(rule, base, int(clause.partition(":")[2]))
        aimed = point.key.split("|")[-1] if point.kind == "value" else None
        yield from self._changed(base, rule, aimed)

    def _full(self, rule: m.RulePlan, base: dict[str, Json], place: int) -> Iterator[dict[str, Json]]:
        """Yield cases in which the same calls were made before: as many as a limit has room for, or as much."""
        limit = rule.at_most[place]
        for tool in (name for name in rule.tools if name in self._plan.tools):
            call = {"call": tool, "args": base["args"], "output": sampled(self._plan.tools[tool].output)}
            if limit.sum is None:
                for number in range(1, min(int(limit.limit), FULL) + 1):
                    yield {**base, "before": [*base["before"], *[call] * number]}
                continue
            names = {part[2] for part in walk(limit.sum) if part[0] == "attr"}
            for name, value in base["args"].items():
                if name in names and isinstance(value, int | float):
                    for amount in (limit.limit, limit.limit + 1):
                        earlier = {**call, "args": {**base["args"], name: amount}}
                        yield {**base, "before": [*base["before"], earlier]}

    def _changed(self, base: dict[str, Json], rule: m.RulePlan, aimed: str | None) -> Iterator[dict[str, Json]]:
        nodes = _conditions(rule)
        known = constants(nodes, {**self._plan.tables, **self._plan.policies[self._key].tables})
        names = {part[2] for node in nodes for part in walk(node) if part[0] == "attr"}
        names |= {field for node in nodes for part in walk(node) if part[0] == "call" for field, _ in part[3]}
        places = [(path, value) for path, value in values(base) if path[-1] in names or path[-1] == "output"]
        scalars = [value for _, value in places if not isinstance(value, dict | list) and value is not None]
        singles = []
        for path, value in places:
            options = candidates(value, self._schema(path, base), known, scalars)
            if isinstance(value, str) and path[0] == "args":
                options.append(OTHER)  # what the tool itself would refuse is judged here all the same
            if aimed is not None:
                options = [option for option in options if option == aimed] or options
            singles += [Change(path=path, value=option) for option in options]
        pairs = itertools.combinations(singles, 2)
        for changes in itertools.chain(((one,) for one in singles), pairs):
            made = changed(base, changes)
            if made is not None:
                yield made

    def _schema(self, path: Path, base: dict[str, Json]) -> dict[str, Json]:
        match path:
            case ("args", *rest):
                tool = next((t for t in self._plan.tools.values() if _fits(base["args"], t)), None)
                return {} if tool is None else schema_at(tool.input, rest)
            case ("before", int(place), "output", *rest):
                return schema_at(self._plan.tools[base["before"][place]["call"]].output, rest)
            case ("facts", fact, *rest):
                call = self._plan.policies[self._key].facts[str(fact)].call
                return schema_at(self._plan.tools[call].output, rest)
        return {}

    def _test(self, given: dict[str, Json], tool: str, expect: str = "allow", by: str | None = None) -> spec.PolicyTest:
        return spec.PolicyTest(
            call=tool,
            args=given["args"],
            before=tuple(given["before"]),
            facts=given["facts"],
            now=START,
            expect=expect,
            by=by,
            span=Span(self._policy.file),
        )

    def _said(self, test: spec.PolicyTest, rule: m.RulePlan) -> Case:
        verdict, names = policies.judge(test, self._watch.compiled)
        expect = {"ask": "approve"}.get(verdict.verdict, verdict.verdict)
        spoke = policies.speakers(test, self._watch.compiled, verdict, names)
        by = None if expect == "allow" or not spoke else rule.id if rule.id in spoke else spoke[0]
        said = msgspec.structs.replace(test, expect=expect, by=by)
        self.touched |= self._keys(said)
        return Case(policy=self._policy.policy, test=said)


def _conditions(rule: m.RulePlan) -> list[m.Node]:
    limits: Sequence[m.Node | None] = [node for limit in rule.at_most for node in (limit.per, limit.sum)]
    return [node for node in (rule.only_when, rule.deny_when, rule.approve_when, *limits) if node is not None]


def _fits(args: Json, tool: m.ToolPlan) -> bool:
    return isinstance(args, dict) and set(args) <= set(tool.input.get("properties", {})) and bool(args)
