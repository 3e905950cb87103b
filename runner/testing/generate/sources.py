"""Where the values come from that an expression works with.

Owns: following an expression back to what a test gives: the input, a tool's answer, a model's reply, a person's word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flowrun.plan import model as m
from flowrun.plan.compile import steps_in
from flowrun.testing.coverage.conditions import flows_of
from flowrun.values.nodes import walk

Json = Any
Path = tuple[str | int, ...]
DEEP = 6
"""How often an expression leads to another one before it is no longer followed."""


class Sources:
    """The sources of a plan's expressions. `replies` has the scenario's model replies, to find answers and proposals in."""

    def __init__(self, plan: m.Plan) -> None:
        self._plan = plan
        self._steps = {step.id: step for flow in flows_of(plan) for step in steps_in(flow.steps)}

    def of(self, node: m.Node, given: Mapping[str, Json], *, rule: m.RulePlan | None = None) -> list[Path]:
        """Return the paths into a scenario under which an expression's values stand, the nearest first."""
        found: dict[Path, None] = {}
        for path in self._of(node, given, rule, DEEP):
            found.setdefault(path)
        return list(found)

    def names(self, node: m.Node, *, rule: m.RulePlan | None = None) -> set[str]:
        """Return the names of fields that an expression, and what it leads to, looks at."""
        return set(self._names(node, rule, DEEP))

    def arguments(self, tool: str) -> Iterator[tuple[str, m.Node]]:
        """Yield the arguments of a tool that the flow itself gives, with the expression of each."""
        for flow in flows_of(self._plan):
            for rule in flow.rules:
                if tool in rule.tools:
                    yield from rule.bind.items()
        for step in self._steps.values():
            if (
                isinstance(step, m.CallStep)
                and step.tool == tool
                and step.with_ is not None
                and step.with_[0] == "dict"
            ):
                yield from step.with_[1]

    def _of(self, node: m.Node, given: Mapping[str, Json], rule: m.RulePlan | None, deep: int) -> Iterator[Path]:
        if deep == 0:
            return
        for part in walk(node):
            if part[0] == "name" and part[1] == "input":
                yield ("input",)
            elif part[0] == "step":
                yield from self._of_step(part[1], given, rule, deep)
            elif part[0] == "calls":
                yield from self._of_tool(part[1])
            elif part[0] == "attr" and part[1] == ["name", "facts"]:
                fact = self._fact(part[2], rule)
                if fact is not None:
                    yield from self._of_tool(fact.call)
            elif part[0] == "attr" and part[1] == ["name", "args"] and rule is not None:
                yield from self._of_argument(part[2], given, rule, deep)

    def _of_step(self, id: str, given: Mapping[str, Json], rule: m.RulePlan | None, deep: int) -> Iterator[Path]:
        match self._steps.get(id):
            case m.CallStep(tool=tool):
                yield from self._of_tool(tool)
            case m.AskStep():
                replies = given.get("model", {}).get(id, [])
                yield from (("model", id, place, "answer") for place, reply in enumerate(replies) if "answer" in reply)
            case m.AskPersonStep():
                yield ("people", id)
            case m.WaitStep(event=event) if event:
                yield ("events", event)
            case m.SetStep(value=value):
                yield from self._of(value, given, rule, deep - 1)
            case m.RecordStep(with_=value):
                yield from self._of(value, given, rule, deep - 1)
            case m.ChooseStep(branches=branches):
                for branch in branches:
                    if branch.when is not None:
                        yield from self._of(branch.when, given, rule, deep - 1)
                    for step in branch.steps[-1:]:
                        yield from self._of_step(step.id, given, rule, deep - 1)

    def _of_tool(self, tool: str) -> Iterator[Path]:
        yield ("tools", tool)

    def _of_argument(self, name: str, given: Mapping[str, Json], rule: m.RulePlan, deep: int) -> Iterator[Path]:
        bound = list(self._bound(name, rule.tools))
        for node in bound:
            yield from self._of(node, given, None, deep - 1)
        if bound:
            return
        for step, replies in given.get("model", {}).items():
            for place, reply in enumerate(replies):
                for number, call in enumerate(reply.get("propose", [])):
                    yield from (("model", step, place, "propose", number, tool) for tool in call if tool in rule.tools)
        for node in self._given_by_calls(name, rule.tools):
            yield from self._of(node, given, None, deep - 1)

    def _bound(self, name: str, tools: Sequence[str]) -> Iterator[m.Node]:
        for flow in flows_of(self._plan):
            yield from (r.bind[name] for r in flow.rules if name in r.bind and set(r.tools) & set(tools))

    def _given_by_calls(self, name: str, tools: Sequence[str]) -> Iterator[m.Node]:
        for step in self._steps.values():
            if (
                isinstance(step, m.CallStep)
                and step.tool in tools
                and step.with_ is not None
                and step.with_[0] == "dict"
            ):
                yield from (value for key, value in step.with_[1] if key == name)

    def _fact(self, name: str, rule: m.RulePlan | None) -> m.FactPlan | None:
        policy = None if rule is None else self._plan.policies.get(rule.source)
        return None if policy is None else policy.facts.get(name)

    def _names(self, node: m.Node, rule: m.RulePlan | None, deep: int) -> Iterator[str]:
        if deep == 0:
            return
        for part in walk(node):
            if part[0] == "attr":
                yield part[2]
                if part[1] == ["name", "args"] and rule is not None:
                    for bound in [*self._bound(part[2], rule.tools), *self._given_by_calls(part[2], rule.tools)]:
                        yield from self._names(bound, None, deep - 1)
            elif part[0] == "call":
                yield from (field for field, _ in part[3])
                yield from (text[1] for text in part[2] if text[0] == "lit" and isinstance(text[1], str))
            elif part[0] == "step":
                match self._steps.get(part[1]):
                    case m.SetStep(value=value) | m.RecordStep(with_=value):
                        yield from self._names(value, rule, deep - 1)
                    case _:
                        pass
