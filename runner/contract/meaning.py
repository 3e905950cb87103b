"""What an expression is computed from, as one digest: the same text means something else where a step before it changed.

Owns: that digest. It looks through `set`, `choose`, `for_each`, `parallel` and `record`, and stops at what a tool, a model,
a person or an event gives: how these came to it is told elsewhere in a contract.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from flowrun.contract.expression import written
from flowrun.contract.model import Said
from flowrun.contract.plain import plain
from flowrun.plan import model as m
from flowrun.values.nodes import children, walk

Node = list[Any]
Json = Any
Path = tuple[str, ...]


class Meanings:
    """The meanings of the expressions of one flow."""

    def __init__(self, flow: m.FlowPlan, tables: Mapping[str, Json]) -> None:
        self._tables = tables
        self._steps: dict[str, m.AnyStep] = {}
        self._loops: dict[str, list[Node]] = {}
        self._place(flow.steps, [])

    def _place(self, steps: Sequence[m.AnyStep], loops: list[Node]) -> None:
        for step in steps:
            self._steps[step.id] = step
            self._loops[step.id] = loops
            for inner in inside(step):
                self._place(inner, [*loops, step.items] if isinstance(step, m.ForEachStep) else loops)

    def said(self, node: Node, step: str = "", tables: Mapping[str, Json] | None = None) -> Said:
        """Return an expression of this flow; `step`: where it stands, `tables`: those of its policy, beside the workspace's."""
        known = {**self._tables, **(tables or {})}
        return Said(
            words=plain(node), text=written(node), node=with_tables(node, known), meaning=self.of(node, step, known)
        )

    def of(self, node: Node, step: str = "", tables: Mapping[str, Json] | None = None) -> str:
        """Return the digest of all that a value is computed from; empty where its text says it all."""
        seen: dict[str, Json] = {}
        self._follow(node, (), step, seen)
        used = {part[2]: (tables or {}).get(part[2]) for part in walk(node) if _is_table(part)}
        if not seen and not used:
            return ""
        return digest_of([seen, used])

    def _follow(self, node: Node, path: Path, step: str, seen: dict[str, Json]) -> None:
        """Note what a value is computed from; with a path only what stands there counts."""
        kind = node[0]
        if kind == "attr":
            self._follow(node[1], (node[2], *path), step, seen)
        elif kind == "dict":
            for key, value in node[1]:
                if not path or key == path[0]:
                    self._follow(value, path[1:], step, seen)
        elif kind == "step":
            self._defined(node[1], path, seen)
        elif node == ["name", "item"]:
            key = f"@item of {step}"
            if key not in seen:
                seen[key] = self._loops.get(step, [])
                for items in self._loops.get(step, []):
                    self._follow(items, (), "", seen)
        else:
            for inner in children(node):
                self._follow(inner, (), step, seen)

    def _defined(self, id: str, path: Path, seen: dict[str, Json]) -> None:
        step, key = self._steps.get(id), ".".join((id, *path))
        if step is None or key in seen:
            return
        seen[key] = None
        if step.when is not None:  # without it the value is null
            self._follow(step.when, (), id, seen)
        match step:
            case m.CallStep():
                seen[key] = ["call", step.tool, step.when]
            case m.AskStep():
                seen[key] = ["ask", step.answer, step.when]
            case m.AskPersonStep():
                seen[key] = ["ask_person", step.to, step.answer, step.when]
            case m.WaitStep():
                seen[key] = ["wait_for", step.event, step.when]
            case m.SetStep():
                seen[key] = ["set", at_path(step.value, path), step.when]
                self._follow(step.value, path, id, seen)
            case m.RecordStep():
                seen[key] = ["record", at_path(step.with_, path), step.when]
                self._follow(step.with_, path, id, seen)
            case _:
                conditions = [branch.when for branch in step.branches] if isinstance(step, m.ChooseStep) else []
                items = step.items if isinstance(step, m.ForEachStep) else None
                # What a block is made of inside does not matter, only what stands at its ends.
                seen[key] = [conditions, items, step.when, len(inside(step))]
                for node in [*conditions, *([] if items is None else [items])]:
                    if node is not None:
                        self._follow(node, (), id, seen)
                below = path if isinstance(step, m.ChooseStep) else path[1:]
                for steps in inside(step):
                    if steps:
                        self._defined(steps[-1].id, below, seen)


def at_path(node: Node, path: Path) -> Node:
    """Return the part of a value that stands at a path, as far as the value is written out."""
    while path and node[0] == "dict":
        found = next((value for key, value in node[1] if key == path[0]), None)
        if found is None:
            return ["lit", None]
        node, path = found, path[1:]
    return node


def inside(step: m.AnyStep) -> list[list[m.AnyStep]]:
    """Return the step lists inside a block."""
    match step:
        case m.ChooseStep():
            return [branch.steps for branch in step.branches]
        case m.ForEachStep():
            return [step.steps]
        case m.ParallelStep():
            return list(step.branches.values())
    return []


def with_tables(node: Node, tables: Mapping[str, Json]) -> Node:
    """Return an expression with the values of the tables that it reads in their place: a changed table is another rule."""
    if _is_table(node):
        return ["lit", tables[node[2]]] if node[2] in tables else node
    return [with_tables(part, tables) if isinstance(part, list) and part else part for part in node]


def digest_of(value: Json) -> str:
    """Return a short digest of any data."""
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()[:16]


def _is_table(node: Json) -> bool:
    return isinstance(node, list) and len(node) == 3 and node[0] == "attr" and node[1] == ["name", "tables"]
