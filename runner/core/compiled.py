"""A plan made ready to run: its expressions as closures, its schemas as validators.

Owns: the caches that belong to one plan. A compiled plan is shared by all runs of the plan and holds no state of any.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from flowrun.plan.model import FlowPlan, Node, Plan, RulePlan, ToolPlan
from flowrun.privacy.marks import kinds_in
from flowrun.records.validation import Checker
from flowrun.values.evaluate import compile_node
from flowrun.values.names import Names

Json = Any
Evaluate = Callable[[Names], Json]


class CompiledPlan:
    """A plan with its closures and validators, made on first use."""

    def __init__(self, plan: Plan, digest: str) -> None:
        self.plan = plan
        self.digest = digest
        self._closures: dict[int, Evaluate] = {}
        self._checkers: dict[str, Checker] = {}
        self._rules: dict[tuple[str, str], tuple[tuple[RulePlan, str | None], ...]] = {}
        self._offers: dict[tuple[str, str], dict[str, Json]] = {}

    @cached_property
    def marked_kinds(self) -> frozenset[str]:
        """The kinds of personal data, and `secret`, that any schema of the plan marks."""
        tools = self.plan.tools.values()
        schemas = [*self.plan.schemas.values(), *(t.input for t in tools), *(t.output for t in tools)]
        return frozenset().union(*map(kinds_in, schemas))

    def value(self, node: Node, names: Names) -> Json:
        """Evaluate a node of this plan. A node is known by identity, for it lives as long as the plan."""
        closure = self._closures.get(id(node))
        if closure is None:
            closure = self._closures[id(node)] = compile_node(node)
        return closure(names)

    def check(self, schema: str, value: Json, *, placeholders: bool = True) -> list[dict[str, Json]]:
        """Return the problems of a value under a schema of the plan; see `Checker.check` for placeholders."""
        checker = self._checkers.get(schema)
        if checker is None:
            checker = self._checkers[schema] = Checker(self.plan.schemas[schema])
        return checker.check(value, placeholders=placeholders)

    def check_args(self, flow: FlowPlan, tool: ToolPlan, args: Json) -> list[dict[str, Json]]:
        """Return the problems of proposed arguments, the bound ones left out."""
        return self._tool_check(f"args:{flow.name}@{flow.version}:{tool.name}", self.offered_input(flow, tool), args)

    def check_output(self, tool: ToolPlan, output: Json) -> list[dict[str, Json]]:
        """Return the problems of a tool's output."""
        return self._tool_check(f"output:{tool.name}", tool.output, output)

    def _tool_check(self, key: str, schema: dict[str, Json], value: Json) -> list[dict[str, Json]]:
        checker = self._checkers.get(key)
        if checker is None:
            checker = self._checkers[key] = Checker(schema)
        return checker.check(value, placeholders=False)

    def offered_input(self, flow: FlowPlan, tool: ToolPlan) -> dict[str, Json]:
        """Return the tool's input schema as a model may see it: without the arguments that the flow binds."""
        key = (f"{flow.name}@{flow.version}", tool.name)
        schema = self._offers.get(key)
        if schema is None:
            bound = bound_names(flow, tool.name)
            schema = dict(tool.input)
            schema["properties"] = {k: v for k, v in tool.input.get("properties", {}).items() if k not in bound}
            if "required" in schema:
                schema["required"] = [k for k in schema["required"] if k not in bound]
            self._offers[key] = schema
        return schema

    def rules_for(self, flow: FlowPlan, tool: str) -> tuple[tuple[RulePlan, str | None], ...]:
        """Return the rules that hold for a tool in a flow, with the policy (key) of each, in file order."""
        key = (f"{flow.name}@{flow.version}", tool)
        rules = self._rules.get(key)
        if rules is None:
            found: list[tuple[RulePlan, str | None]] = [(r, None) for r in flow.rules if tool in r.tools]
            for name in flow.policies:
                found += [(r, name) for r in self.plan.policies[name].rules if tool in r.tools]
            rules = self._rules[key] = tuple(found)
        return rules


def bound_names(flow: FlowPlan, tool: str) -> set[str]:
    """Return the arguments of a tool that the flow fixes."""
    return {name for rule in flow.rules if tool in rule.tools for name in rule.bind}
