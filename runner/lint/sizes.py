"""How many items a list can have, as far as its schema says.

Owns: the way from an expression to the schema that describes its value, and the bounds that stand there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flowrun.lang import spec
from flowrun.lint.scope import World
from flowrun.privacy.marks import part_of

if TYPE_CHECKING:
    from flowrun.lint.reach import Place

Json = Any
UNKNOWN = (0, -1)
"""Bounds of a list of which nothing is said, so that nothing may be concluded."""
_SAME_OR_FEWER = frozenset({"select", "unique"})
_SAME = frozenset({"sort", "map"})
_ALTERNATIVES = ("anyOf", "oneOf")


class Sizes:
    """The bounds of lists; `places` is the list of the flow's places, which may still grow."""

    def __init__(self, world: World, places: Sequence[Place]) -> None:
        self.world = world
        self._places = places

    def of(self, node: spec.Node, loops: Sequence[spec.ForEach]) -> tuple[int, int | None]:
        """Return the fewest and the most items of a list; None: any number. `UNKNOWN` where no schema tells it."""
        kind = node[0]
        if kind == "list":
            return len(node[1]), len(node[1])
        if kind == "call" and node[1] in _SAME_OR_FEWER | _SAME and node[2]:
            fewest, most = self.of(node[2][0], loops)
            return (fewest if node[1] in _SAME else 0), most
        if kind == "call" and node[1] == "default" and len(node[2]) == 2:
            one, other = self.of(node[2][0], loops), self.of(node[2][1], loops)
            if UNKNOWN in (one, other):
                return UNKNOWN
            most = None if one[1] is None or other[1] is None else max(one[1], other[1])
            return min(one[0], other[0]), most
        schema = self.schema(node, loops)
        return UNKNOWN if schema is None else _bounds(schema)

    def schema(self, node: spec.Node, loops: Sequence[spec.ForEach]) -> Json:
        """Return the schema of a path's value, or None where none describes it."""
        path: list[str | int] = []
        while node[0] in ("attr", "index"):
            if node[0] == "index" and node[2][0] != "lit":
                return None
            path.append(node[2] if node[0] == "attr" else node[2][1])
            node = node[1]
        path.reverse()
        root: Json = None
        if node == ["name", "input"]:
            root = self.world.schema_of(self.world.flow.input)
        elif node == ["name", "item"] and loops:
            listed = self.schema(loops[-1].for_each.node, loops[:-1])
            root, path = listed, [0, *path]
        elif node[0] == "calls" and node[2] == "last" and path[:1] == ["output"]:
            tool = self.world.tool(node[1])
            root, path = None if tool is None else tool.output, path[1:]
        elif node[0] == "step":
            step = next((place.step for place in self._places if place.step.id == node[1]), None)
            if isinstance(step, spec.Set):
                return None if path else self.schema(step.set.node, loops)
            root = None if step is None else self.world.value_schema(step)
        return part_of(root, path) if isinstance(root, dict) else None


def _bounds(schema: Json) -> tuple[int, int | None]:
    """Return the bounds that a schema, or the loosest of its alternatives, sets to a list."""
    options = [part for word in _ALTERNATIVES for part in schema.get(word, ()) if isinstance(part, dict)]
    if options:
        found = [bounds for part in options if (bounds := _bounds(part)) != UNKNOWN]
        if not found:
            return UNKNOWN
        fewest = 0 if len(found) < len(options) else min(low for low, _ in found)
        most = None if any(high is None for _, high in found) else max(high or 0 for _, high in found)
        return fewest, most
    kinds = schema.get("type")
    if kinds != "array" and not (isinstance(kinds, list) and "array" in kinds):
        return UNKNOWN
    most = schema.get("maxItems")
    fewest = schema.get("minItems") if kinds == "array" else 0
    return (fewest if isinstance(fewest, int) else 0), (most if isinstance(most, int) else None)
