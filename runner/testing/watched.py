"""A plan that remembers how its conditions turned out.

Owns: that memory, for what a test expects of decisions and for coverage. The plan means what it meant before; its closures and
validators are the original's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import Verdict
from flowrun.plan.model import FlowPlan, Node
from flowrun.values.names import Names

Json = Any


class WatchedPlan(CompiledPlan):
    """A plan of one test. `seen`: by `id` of an expression, which of true, false and null it gave.

    `parts` names, for an expression, parts of it that are looked at, too.
    """

    def __init__(self, plan: CompiledPlan, parts: Mapping[int, Sequence[Node]] | None = None) -> None:
        self.__dict__.update(plan.__dict__)
        self.seen: dict[int, set[bool | None]] = {}
        self._parts = parts or {}
        self._asked: dict[int, list[dict[str, Json]]] = {}

    def value(self, node: Node, names: Names) -> Json:
        """Evaluate a node, and note it where it is a condition."""
        found = super().value(node, names)
        if found is None or found is True or found is False:
            self.seen.setdefault(id(node), set()).add(found)
            if found is True and names.args is not None:
                self._asked.setdefault(id(node), []).append(names.args)
        for part in self._parts.get(id(node), ()):
            inner = super().value(part, names)
            if inner is None or inner is True or inner is False:
                self.seen.setdefault(id(part), set()).add(inner)
        return found

    def asking(self, flow: FlowPlan, verdict: Verdict) -> list[str]:
        """Return the rules whose `approve_when` held for a call."""
        return [
            rule.id
            for rule, _ in self.rules_for(flow, verdict.tool)
            if rule.approve_when is not None and verdict.args in self._asked.get(id(rule.approve_when), ())
        ]
