"""Fields in prompts that no model may see: it would read `[secret]` or `[phone]`, and the author should know.

Owns: finding them in the words of `ask`. What a model really sees is decided while a run goes on (`privacy.masking`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flowrun.lang import spec
from flowrun.lint.findings import Findings
from flowrun.lint.marked import kinds_at
from flowrun.lint.scope import World, every_step
from flowrun.privacy.marks import SECRET
from flowrun.values.nodes import children
from flowrun.words import t

Node = list[Any]
Path = tuple[str | int, ...]


def check_secrets(world: World, steps: Sequence[spec.Step], out: Findings) -> None:
    """Find everything in prompts that a model may not see, by itself or inside what is shown whole."""
    denied = {SECRET, *(kind for kind, rule in world.catalogue.privacy.items() if rule == "deny")}
    every = list(every_step(steps))
    schemas = {step.id: world.value_schema(step) for step in every}
    for step in every:
        if not isinstance(step, spec.Ask):
            continue
        for expr in step.ask.exprs:
            for root, path in _reads(expr.node):
                parts = _of_root(world, schemas, root, path)
                kinds = {kind for whole, inside in parts for kind in kinds_at(whole, inside)} & denied
                name = ".".join([_name(root), *map(str, path)])
                if kinds and SECRET not in kinds:
                    kind = min(kinds)
                    out.add(
                        "pii-to-model",
                        t(
                            "The prompt of {step} names {name}, and `privacy` keeps `{kind}` from models.",
                            step=step.id, name=name, kind=kind,
                        ),
                        expr.span,
                        help=t(
                            "The model reads [{kind}] there. Leave it out, or write `to_model: token`, so that the model can "
                            "tell two of them apart.", kind=kind,
                        ),
                    )  # fmt: skip
                    break
                if kinds:
                    out.add(
                        "secret-to-model",
                        t(
                            "The prompt of {step} names {name}, which holds a field marked `x-secret`.",
                            step=step.id,
                            name=name,
                        ),
                        expr.span,
                        help=t(
                            "The model reads [secret] there. Name the other fields one by one, or hand the secret to "
                            "a tool."
                        ),
                    )
                    break


def _reads(node: Node, path: Path = ()) -> Iterator[tuple[Node, Path]]:
    """Yield each name that a node reads, and the fields that it takes of it."""
    kind = node[0]
    if kind == "attr":
        yield from _reads(node[1], (node[2], *path))
    elif kind == "index":
        yield from _reads(node[1], (node[2][1] if node[2][0] == "lit" else 0, *path))
        yield from _reads(node[2])
    elif kind in ("step", "calls") or node == ["name", "input"]:
        yield node, path
    elif kind not in ("cmp", "none", "not", "and", "or"):  # a condition tells no value
        for inner in children(node):
            yield from _reads(inner)


def _of_root(world: World, schemas: dict[str, Any], root: Node, path: Path) -> list[tuple[Any, Path]]:
    """Return the schemas that describe what is read, each with the path inside it."""
    if root[0] == "step":
        return [(schemas.get(root[1]), path)]
    if root[0] != "calls":
        return [(world.schema_of(world.flow.input), path)]
    tool = world.tool(root[1])
    if tool is None:
        return []
    sides = {"output": tool.output, "args": tool.input}
    inside = path[1:] if path and isinstance(path[0], int) else path
    if not inside:
        return [(schema, ()) for schema in sides.values()]
    return [(sides[str(inside[0])], inside[1:])] if inside[0] in sides else []


def _name(root: Node) -> str:
    if root[0] == "step":
        return f"steps.{root[1]}"
    return f"calls.{root[1]}.{root[2]}" if root[0] == "calls" else "input"
