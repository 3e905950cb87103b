"""Where a step stands: its flow, its names, its place and what the run has used.

Owns: the meter of a run's budget and the context that the step generators share. It decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import Fault
from flowrun.core.failure import Failure
from flowrun.core.halts import flow_name, subject_name
from flowrun.plan.model import BudgetPlan, FlowPlan, Node
from flowrun.values.micros import micros
from flowrun.values.names import Names

if TYPE_CHECKING:
    from flowrun.core.execution import Execution

Json = Any
METERS = ("model_calls", "tool_calls", "writes", "cost", "within", "tokens")
"""What a run uses, in whole numbers: `cost` in millionths of its currency, `within` in microseconds of work."""


def limits_of(budget: BudgetPlan) -> dict[str, int]:
    """Return a budget's limits as meters count them."""
    limits: dict[str, int] = {name: limit for name in METERS if (limit := getattr(budget, name)) is not None}
    if budget.within is not None:
        limits["within"] = micros(budget.within, up=False) or 0
    return limits


class Meter:
    """What a flow has used of its budget; a sub-flow's use counts in its parents too. `ceiling`: no raise passes it."""

    __slots__ = ("ceiling", "limited", "limits", "parent", "used")

    def __init__(self, budget: BudgetPlan, parent: Meter | None = None, ceiling: BudgetPlan | None = None) -> None:
        self.limits = limits_of(budget)
        self.ceiling = {} if ceiling is None else limits_of(ceiling)
        self.used: dict[str, int] = dict.fromkeys(METERS, 0)
        self.parent = parent
        self._tighten()
        self.limited: bool = bool(self.limits) or (parent is not None and parent.limited)

    def add(self, name: str, amount: int) -> None:
        """Count a use, or take one back with a negative amount."""
        meter: Meter | None = self
        while meter is not None:
            meter.used[name] += amount
            meter = meter.parent

    def raise_to(self, limits: Mapping[str, int]) -> None:
        """Replace limits of a whole run, up to the ceiling."""
        self.limits.update(limits)
        self._tighten()
        self.limited = True

    def _tighten(self) -> None:
        for name, most in self.ceiling.items():
            self.limits[name] = min(self.limits.get(name, most), most)

    def left(self, name: str) -> int | None:
        """Return how much may still be used, None where nothing limits it."""
        if not self.limited:
            return None
        room: int | None = None
        meter: Meter | None = self
        while meter is not None:
            if name in meter.limits:
                here = meter.limits[name] - meter.used[name]
                room = here if room is None else min(room, here)
            meter = meter.parent
        return room

    def need(self, name: str, amount: int) -> None:
        """Raise `Failure` where there is no room for the amount."""
        if not self.limited:
            return
        room = self.left(name)
        if room is not None and amount > room:
            raise Failure(spent(name))

    def tightest(self) -> dict[str, int]:
        """Return, for each limited meter, the value of `used` (of this flow) that may not be passed."""
        if self.parent is None:
            return dict(self.limits)
        return {name: self.used[name] + room for name in METERS if (room := self.left(name)) is not None}


def spent(name: str) -> Fault:
    """Return the fault of a spent budget."""
    words = {
        "model_calls": "model calls",
        "tool_calls": "tool calls",
        "writes": "writes",
        "cost": "cost",
        "within": "working time",
    }
    return Fault(kind="budget", code="FR3101", message=f"The budget for {words.get(name, name)} is spent.")


class Context:
    """The surroundings of a running step. A fork makes a child with its own names."""

    __slots__ = ("execution", "final", "flow", "group", "key", "meter", "names", "parents", "path")

    def __init__(
        self,
        *,
        execution: Execution,
        flow: FlowPlan,
        names: Names,
        meter: Meter,
        path: str,
        key: str,
        group: str = "",
        parents: tuple[str, ...] = (),
    ) -> None:
        """`parents`: what a halt may name of the flows that called this one."""
        self.execution = execution
        self.flow = flow
        self.names = names
        self.meter = meter
        self.path = path
        self.key = key
        self.group = group
        """The path of the outermost `for_each` around: its approvals are shown as one."""
        self.parents = parents
        self.final: dict[str, Json] | None = None
        """The record that this flow ends with, once it is written."""

    @property
    def compiled(self) -> CompiledPlan:
        """The plan, made ready."""
        return self.execution.compiled

    def value(self, node: Node) -> Json:
        """Evaluate a node here and now."""
        self.names.now = self.execution.now
        return self.execution.compiled.value(node, self.names)

    def child(self, path: str, *, item: Json = None) -> Context:
        """Return the context of a branch."""
        return Context(
            execution=self.execution,
            flow=self.flow,
            names=self.names.fork(item=item),
            meter=self.meter,
            path=path,
            key=self.key,
            group=self.group,
            parents=self.parents,
        )

    def under(self) -> tuple[str, ...]:
        """Return what a halt may name of this place: the flows that it is in, and whose data they handle."""
        names = [*self.parents, flow_name(self.flow.name)]
        if self.flow.subject is not None:
            subject = self.value(self.flow.subject)
            if subject is not None:
                names.append(subject_name(subject))
        return tuple(dict.fromkeys(names))

    def join(self, branch: Context, *, visible: bool) -> None:
        """Take over a branch's calls, and its steps where they are visible later."""
        mine = self.names.calls
        for tool, theirs in branch.names.calls.items():
            before = mine.get(tool, ())
            known = {id(call) for call in before}
            mine[tool] = before + tuple(call for call in theirs if id(call) not in known)
        if visible:
            for step, value in branch.names.steps.items():
                self.names.steps.setdefault(step, value)
        if branch.final is not None:
            self.final = branch.final

    def at(self, step: str) -> str:
        """Return the path of a step here."""
        return f"{self.path}/{step}" if self.path else step
