"""A plan that remembers how its expressions turned out.

Owns: that memory, for what a test expects of decisions and for coverage. The plan means what it meant before; its closures and
validators are the original's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import Verdict
from flowrun.plan.model import FlowPlan, Node
from flowrun.values.names import Names

Json = Any
_NO_CONDITION = "value"


class WatchedPlan(CompiledPlan):
    """A plan of one test. Expressions are known by their `id`.

    `seen`: of the expressions in `watched`, which of true, false, null (or "value") they gave. `parts` names, for an
    expression, parts of it whose values are kept in `values`.
    """

    def __init__(
        self, plan: CompiledPlan, watched: Collection[int] = (), parts: Mapping[int, Sequence[Node]] | None = None
    ) -> None:
        _ = plan.marked_kinds  # found once, for all tests of the plan
        self.__dict__.update(plan.__dict__)
        self.seen: dict[int, set[bool | str | None]] = {}
        self.values: dict[int, set[str]] = {}
        self._watched = watched
        self._parts = parts or {}
        self._judged: dict[int, list[tuple[dict[str, Json], bool | None]]] = {}

    def value(self, node: Node, names: Names) -> Json:
        """Evaluate a node, and note what it gave."""
        found = super().value(node, names)
        condition = found is None or found is True or found is False
        if condition and names.args is not None:
            self._judged.setdefault(id(node), []).append((names.args, found))
        if id(node) in self._watched:
            self.seen.setdefault(id(node), set()).add(found if condition else _NO_CONDITION)
            for part in self._parts.get(id(node), ()):
                inner = super().value(part, names)
                if isinstance(inner, str):
                    self.values.setdefault(id(part), set()).add(inner)
        return found

    def judged(self, node: Node, args: Mapping[str, Json]) -> list[bool | None]:
        """Return what a condition of a rule gave for calls with these arguments."""
        return [found for given, found in self._judged.get(id(node), ()) if given == args]

    def asking(self, flow: FlowPlan, verdict: Verdict) -> list[str]:
        """Return the rules whose `approve_when` held for a call."""
        return [
            rule.id
            for rule, _ in self.rules_for(flow, verdict.tool)
            if rule.approve_when is not None and True in self.judged(rule.approve_when, verdict.args)
        ]
