"""The placeholder rule: a required free text must say something.

Owns: the list of texts that models and forms put in when they have nothing to say, and the walk that finds
them. A free text is a string without `enum`, `const`, `pattern` or `format`; entries of lists count as
required. The schema is compiled once into small nodes; where a schema has no such place, nothing is walked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Json = Any

WORDS = frozenset(
    [
        *("n/a", "na", "none", "null", "nil", "undefined", "unknown", "not available", "not applicable"),
        *("string", "text", "value", "example", "placeholder", "lorem ipsum"),
        *("todo", "tbd", "tba", "...", "…", "-", "--", "xxx"),
    ]
)
_ANGLED = re.compile(r"<[^<>]*>")
_CLOSED = ("enum", "const", "pattern", "format")
_JOINED = ("allOf", "anyOf", "oneOf")


def is_placeholder(text: str) -> bool:
    """Return whether a text only holds a place. Case and surrounding blanks do not count."""
    word = text.strip().casefold()
    return word in WORDS or (word.startswith("<") and _ANGLED.fullmatch(word) is not None)


class _Node:
    """One place of the schema: whether it is a free text, and what lies below."""

    __slots__ = ("fields", "free", "items", "prefix", "required")

    def __init__(self) -> None:
        self.free = False
        self.fields: dict[str, _Node] = {}
        self.required: frozenset[str] = frozenset()
        self.items: _Node | None = None
        self.prefix: list[_Node] = []


class Placeholders:
    """The compiled rule of one schema; `any` tells whether there is a place that it can hold for."""

    __slots__ = ("_nodes", "_root", "_schema", "any")

    def __init__(self, schema: dict[str, Json]) -> None:
        self._schema = schema
        self._nodes: dict[int, _Node] = {}
        self.any = False
        self._root = self._compile(schema)

    def find(self, value: Json) -> Iterator[tuple[str, str]]:
        """Yield (JSON Pointer, text) of each placeholder. The value's depth is limited by the caller."""
        yield from self._walk(self._root, value, "", True)

    def _walk(self, node: _Node, value: Json, path: str, required: bool) -> Iterator[tuple[str, str]]:
        if isinstance(value, str):
            if node.free and required and is_placeholder(value):
                yield path, value
        elif isinstance(value, dict):
            for name, below in node.fields.items():
                if name in value:
                    token = name.replace("~", "~0").replace("/", "~1")
                    yield from self._walk(below, value[name], f"{path}/{token}", name in node.required)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                place = node.prefix[index] if index < len(node.prefix) else node.items
                if place is not None:
                    yield from self._walk(place, item, f"{path}/{index}", True)

    def _compile(self, schema: Json) -> _Node:
        """Nodes are remembered by the identity of their part of the schema, so that recursive schemas end."""
        if not isinstance(schema, dict):
            return _Node()
        known = self._nodes.get(id(schema))
        if known is not None:
            return known
        node = self._nodes[id(schema)] = _Node()
        parts = list(self._parts(schema))
        required: set[str] = set()
        for part in parts:
            required.update(name for name in part.get("required", ()) if isinstance(name, str))
            for name, below in part.get("properties", {}).items():
                node.fields.setdefault(name, self._compile(below))
            node.prefix = node.prefix or [self._compile(item) for item in part.get("prefixItems", ())]
            if isinstance(part.get("items"), dict):
                node.items = self._compile(part["items"])
        node.required = frozenset(required)
        closed = any(word in part for part in parts for word in _CLOSED)
        node.free = not closed and any(_is_text(part) for part in parts)
        self.any = self.any or node.free
        return node

    def _parts(self, schema: Json, depth: int = 0) -> Iterator[dict[str, Json]]:
        """Yield the schemas that surely hold together here: `$ref`, `allOf`, and the only form that is not
        null.
        """
        if not isinstance(schema, dict) or depth > 20:
            return
        yield schema
        if "$ref" in schema:
            yield from self._parts(self._resolve(schema["$ref"]), depth + 1)
        for part in schema.get("allOf", ()):
            yield from self._parts(part, depth + 1)
        for word in _JOINED[1:]:
            forms = [form for form in schema.get(word, ()) if form != {"type": "null"}]
            if len(forms) == 1:
                yield from self._parts(forms[0], depth + 1)

    def _resolve(self, reference: Json) -> Json:
        if not isinstance(reference, str) or not reference.startswith("#"):
            return None
        place: Json = self._schema
        for token in reference[1:].split("/")[1:]:
            name = token.replace("~1", "/").replace("~0", "~")
            if isinstance(place, dict):
                place = place.get(name)
            elif isinstance(place, list) and name.isdigit() and int(name) < len(place):
                place = place[int(name)]
            else:
                return None
        return place


def _is_text(schema: dict[str, Json]) -> bool:
    kind = schema.get("type")
    return kind == "string" or (isinstance(kind, list) and "string" in kind)
