"""What a flow writes into its records, beside what it knows better.

Owns: findings about values of `record` steps: a confidence that was made up, a condition that its own constants decide, an
id that a model repeated although a tool had read it. Types are `check`'s part, lost marks `carried`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flowrun.errors import Span
from flowrun.lang import spec
from flowrun.lint.findings import Findings
from flowrun.lint.scope import World
from flowrun.plan import marks
from flowrun.values.nodes import walk
from flowrun.words import t

Node = list[Any]
Path = tuple[str | int, ...]


def check_record_values(world: World, out: Findings) -> None:
    """Find values of records that say less than the flow knows."""
    _Values(world, out).steps(world.flow.steps, {}, {})


class _Values:
    def __init__(self, world: World, out: Findings) -> None:
        self.world = world
        self.out = out

    def steps(self, steps: Sequence[spec.Step], asked: dict[str, spec.Ask], read: dict[str, spec.Call]) -> None:
        """Look at records in order; `asked` and `read` are the steps before, which surely ran."""
        for step in steps:
            match step:
                case spec.Ask():
                    asked[step.id] = step
                case spec.Call() if step.when is None and step.on_error != "continue":
                    read[step.id] = step
                case spec.Record():
                    self.record(step, asked, read)
                case spec.Choose():
                    for branch in step.choose:
                        self.steps(branch.steps, dict(asked), dict(read))
                case spec.ForEach():
                    self.steps(step.steps, dict(asked), dict(read))
                case spec.Parallel():
                    for inner in step.parallel.values():
                        self.steps(inner, dict(asked), dict(read))

    def record(self, step: spec.Record, asked: dict[str, spec.Ask], read: dict[str, spec.Call]) -> None:
        constants: dict[Path, Any] = {}
        for path, node in _fields(step.with_.node):
            name = str(path[-1])
            if node[0] == "lit":
                constants[path] = node[1]
                self.confidence(step, path, name, node[1])
            elif node[0] == "attr" and node[1][0] == "step" and node[1][1] in asked:
                self.repeated(step, path, node, read)
        self.decided(step, constants)

    def confidence(self, step: spec.Record, path: Path, name: str, value: Any) -> None:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number and (name == "confidence" or name.endswith("_confidence")):
            self.out.add(
                "made-up-confidence",
                t("This record always says {value}: a confidence that nobody had.", value=value),
                step.with_.values.get(path, step.with_.span),
                help=t(
                    "Write what the model said, like `${{ steps.triage.confidence }}`, or null where none was asked."
                ),
            )

    def repeated(self, step: spec.Record, path: Path, node: Node, read: dict[str, spec.Call]) -> None:
        """An id that a model was told and told back; the tool's own is sure."""
        field = str(node[2])
        schema = {"type": "string"}
        if marks.role_of((field,), schema) != marks.RECORD_ID:
            return
        for id, call in read.items():
            tool = self.world.tool(call.call)
            output = None if tool is None else self.world.signature(call.call)[1]
            if (
                output is not None
                and output.kind == "object"
                and not output.nullable
                and field in (output.fields or {})
            ):
                self.out.add(
                    "id-from-model",
                    t("The model repeats `{field}` here, and {tool} has read it: a model can mistake a digit.", field=field,
                      tool=call.call),
                    step.with_.values.get(path, step.with_.span),
                    help=t("Write `${{ steps.{id}.{field} }}`.", id=id, field=field),
                    fix="${{ steps." + f"{id}.{field}" + " }}" if self.whole(step, path) else None,
                )  # fmt: skip
                return

    def whole(self, step: spec.Record, path: Path) -> bool:
        """Whether a value stands without quotes in one line, so that another can be written in its place."""
        span: Span | None = step.with_.values.get(path)
        expr = next((e for e in step.with_.exprs if span is not None and e.span.line == span.line), None)
        return (
            span is not None and expr is not None and span.line == span.end_line and expr.span.column - span.column == 4
        )

    def decided(self, step: spec.Record, constants: dict[Path, Any]) -> None:
        """A condition on nothing but constants of the record itself."""
        if step.only_when is None:
            return
        node = step.only_when.node
        own = list(_own(node, step.id))
        roots = [inner for inner in walk(node) if inner[0] in ("name", "step", "calls")]
        if own and len(own) == len(roots) and all(path in constants for path in own):
            self.out.add(
                "condition-on-constant",
                t("This condition looks only at what the record itself has written out, so it never changes."),
                step.only_when.span,
                help=t("Compare with what other steps found, or take it out."),
            )


def _fields(node: Node, path: Path = ()) -> Iterator[tuple[Path, Node]]:
    """Yield the values that are written out, with the way to each."""
    if node[0] == "dict":
        for key, value in node[1]:
            yield from _fields(value, (*path, key))
    elif path:
        yield path, node


def _own(node: Node, step: str) -> Iterator[Path]:
    """Yield the fields that a condition reads of a step, each as the way to it."""
    for inner in walk(node):
        path: list[str] = []
        place = inner
        while place[0] == "attr":
            path.insert(0, place[2])
            place = place[1]
        if path and place == ["step", step] and len(path) == _depth(node, inner):
            yield tuple(path)


def _depth(root: Node, inner: Node) -> int:
    """Return how many fields are taken at the outermost place at which a field of this value is read."""
    for node in walk(root):
        if node is not inner and node[0] == "attr" and node[1] is inner:
            return -1
    found, place = 0, inner
    while place[0] == "attr":
        found, place = found + 1, place[1]
    return found
