"""Where the parts of a value come from: the flow's input, what a tool gave, what a model or a person answered.

Owns: following an expression back through `set`, `choose`, `for_each`, `parallel` and `record` to these origins, with the
schema of each. Whether text from outside chose it is `lint.taint`'s part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flowrun.contract.fields import Field, fields_of, most_items
from flowrun.plan import model as m
from flowrun.plan.marks import ITEM
from flowrun.values.nodes import children

Node = list[Any]
Path = tuple[str, ...]
Follow = Callable[..., "Iterator[Origin]"]
FIXED, INPUT, TOOL, MODEL, PERSON, CUSTOMER, EVENT, RUN, ARGUMENT, UNKNOWN = (
    "fixed", "input", "tool", "model", "person", "customer", "event", "run", "argument", "unknown"
)  # fmt: skip
"""`unknown`: what cannot be followed. It may be anything, and is never left out."""
_COUNTS = frozenset({"length", "count", "any", "all", "contains", "now", "age"})
"""Functions whose value tells none of the data that they look at."""
_TELLS_NOTHING = frozenset({"cmp", "not", "and", "or", "none"})
_ITEMS = frozenset({"first", "last", "min", "max"})
_FIELDS = frozenset({"map", "sum"})
_KEEP_ITEMS = frozenset({"select", "sort", "unique"})


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a part of a value comes from. `name` is the tool, the step or the event; `path` leads into its schema."""

    by: str
    name: str
    path: Path
    schema: Any = None
    output: str = ""

    def fields(self) -> list[Field]:
        """The plain fields that this part holds."""
        return [] if self.schema is None else fields_of(self.schema, self.path)


class FlowValues:
    """The origins of values in one flow. `deciding`: also of what is only counted or compared, which tells no data, and
    decides what the value is."""

    def __init__(self, plan: m.Plan, flow: m.FlowPlan, *, deciding: bool = False) -> None:
        self.plan = plan
        self.flow = flow
        self._deciding = deciding
        self._steps: dict[str, m.AnyStep] = {}
        self._loops: dict[str, tuple[m.ForEachStep, ...]] = {}
        self._place(flow.steps, ())

    def _place(self, steps: Sequence[m.AnyStep], loops: tuple[m.ForEachStep, ...]) -> None:
        for step in steps:
            self._steps[step.id] = step
            self._loops[step.id] = loops
            match step:
                case m.ChooseStep():
                    for branch in step.branches:
                        self._place(branch.steps, loops)
                case m.ForEachStep():
                    self._place(step.steps, (*loops, step))
                case m.ParallelStep():
                    for inner in step.branches.values():
                        self._place(inner, loops)

    def origins(self, node: Node, step: str = "") -> list[Origin]:
        """Return where the parts of a value come from, each once; `step` says where the expression stands."""
        loops = self._loops.get(step, ())
        return list({(o.by, o.name, o.path, o.output): o for o in self._of(node, (), loops, {}, 0)}.values())

    def most_items(self, node: Node, step: str = "") -> float:
        """Return how many items a list has at most; infinite where nothing says so."""
        return self._items(node, self._loops.get(step, ()))

    def _items(self, node: Node, loops: tuple[m.ForEachStep, ...]) -> float:
        kind = node[0]
        if kind == "lit":
            return len(node[1]) if isinstance(node[1], list) else 0
        if kind == "list":
            return len(node[1])
        if kind == "if":
            return max(self._items(node[2], loops), self._items(node[3], loops))
        if kind == "call" and node[1] in (*_KEEP_ITEMS, "map"):
            return self._items(node[2][0], loops)
        if kind == "call" and node[1] == "default":
            return max(self._items(part, loops) for part in node[2])
        bounds = [
            None if origin.schema is None else most_items(origin.schema, origin.path)
            for origin in self._of(node, (), loops, {}, 0)
        ]
        known = [bound for bound in bounds if bound is not None]
        return max(known) if known and len(known) == len(bounds) else float("inf")

    def _of(
        self,
        node: Node,
        path: Path,
        loops: tuple[m.ForEachStep, ...],
        names: Mapping[str, tuple[Node, Path]],
        depth: int,
    ) -> Iterator[Origin]:
        kind = node[0]

        def again(inner: Node, at: Path = ()) -> Iterator[Origin]:
            return self._of(inner, at, loops, names, depth + 1)

        if depth > 60:
            yield Origin(UNKNOWN, "", ())
            return
        if kind in _TELLS_NOTHING and not self._deciding:
            return
        if kind == "lit":
            yield Origin(FIXED, "", ())
        elif kind == "attr":
            yield from again(node[1], (node[2], *path))
        elif kind == "index":
            yield from again(node[1], (str(node[2][1]) if node[2][0] == "lit" else ITEM, *path))
        elif kind == "name":
            yield from self._name(node[1], path, loops, names, depth)
        elif kind == "var":
            if node[1] in names:
                inner, at = names[node[1]]
                yield from again(inner, (*at, *path))
            else:
                yield Origin(UNKNOWN, str(node[1]), path)
        elif kind == "step":
            yield from self._step(node[1], path, depth)
        elif kind == "calls":
            yield from self._calls(node, path)
        elif kind == "dict":
            for key, value in node[1]:
                if not path or key == path[0]:
                    yield from again(value, path[1:])
        elif kind == "list":
            for item in node[1]:
                yield from again(item, path[1:])
        elif kind == "if":
            yield from again(node[2], path)
            yield from again(node[3], path)
        elif kind == "for":
            inside = {**names, node[1]: (node[2], (ITEM,))}
            yield from self._of(node[3], (), loops, inside, depth + 1)
        elif kind == "call":
            yield from self._function(node, path, again)
        else:
            for inner in children(node):
                yield from again(inner)

    def _function(self, node: Node, path: Path, again: Follow) -> Iterator[Origin]:
        name, given = node[1], node[2]
        if name in _COUNTS and not self._deciding:
            return
        if name in _FIELDS and given:
            field = (str(given[1][1]),) if len(given) > 1 and given[1][0] == "lit" else ()
            # `map` gives a list, so the first of the path, if any, says which item.
            yield from again(given[0], (ITEM, *field, *(path[1:] if name == "map" else ())))
        elif name in _ITEMS and given:
            yield from again(given[0], (ITEM, *path))
        elif name == "default":
            for part in given:
                yield from again(part, path)
        elif given:
            yield from again(given[0], path)
            if name not in _KEEP_ITEMS or self._deciding:
                for part in (*given[1:], *(value for _, value in node[3])):
                    yield from again(part)
        else:
            yield Origin(FIXED, "", ())

    def _name(
        self,
        name: str,
        path: Path,
        loops: tuple[m.ForEachStep, ...],
        names: Mapping[str, tuple[Node, Path]],
        depth: int,
    ) -> Iterator[Origin]:
        if name == "input":
            yield Origin(INPUT, "input", path, self.plan.schemas.get(self.flow.input))
        elif name == "item" and loops:
            yield from self._of(loops[-1].items, (ITEM, *path), loops[:-1], names, depth + 1)
        elif name == "item":
            yield Origin(UNKNOWN, name, path)
        elif name in ("args", "facts"):
            yield Origin(ARGUMENT, name, path)
        elif name == "tables":
            yield Origin(FIXED, "tables", path)
        else:
            yield Origin(RUN, name, path)

    def _calls(self, node: Node, path: Path) -> Iterator[Origin]:
        tool = node[1]
        rest = path if node[2] == "last" else path[1:]
        plan = self.plan.tools.get(tool)
        flow = next((f for key, f in self.plan.flows.items() if f"flows.{key.split('@')[0]}" == tool), None)
        gives = plan.output if plan is not None else self.plan.schemas.get(flow.output) if flow is not None else None
        takes = plan.input if plan is not None else self.plan.schemas.get(flow.input) if flow is not None else None
        if not rest or rest[0] == "output":
            yield Origin(TOOL, tool, rest[1:], gives)
        if not rest or rest[0] == "args":
            yield Origin(TOOL, tool, rest[1:], takes, output="args")
        if rest and rest[0] not in ("output", "args"):
            yield Origin(RUN, tool, rest)

    def _step(self, id: str, path: Path, depth: int) -> Iterator[Origin]:
        step = self._steps.get(id)
        loops = self._loops.get(id, ())
        match step:
            case None:
                yield Origin(UNKNOWN, id, path)
            case m.CallStep():
                yield from self._calls(["calls", step.tool, "last"], ("output", *path))
            case m.AskStep():
                schema = {"type": "string"} if step.answer is None else self.plan.schemas.get(step.answer)
                yield Origin(MODEL, id, path, schema)
            case m.AskPersonStep():
                by = CUSTOMER if step.to == "customer" else PERSON
                yield Origin(by, id, path, self.plan.schemas.get(step.answer))
            case m.WaitStep() if step.event is not None:
                yield Origin(EVENT, step.event, path, self.plan.schemas.get(step.event))
            case m.SetStep():
                yield from self._of(step.value, path, loops, {}, depth + 1)
            case m.RecordStep():
                yield from self._of(step.with_, path, loops, {}, depth + 1)
            case m.ChooseStep():
                for branch in step.branches:
                    if branch.steps:
                        yield from self._step(branch.steps[-1].id, path, depth + 1)
            case m.ForEachStep() if step.steps:
                yield from self._step(step.steps[-1].id, path[1:], depth + 1)
            case m.ParallelStep():
                for name, inner in step.branches.items():
                    if inner and (not path or path[0] == name):
                        yield from self._step(inner[-1].id, path[1:], depth + 1)
