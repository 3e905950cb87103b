"""What a schema marks: `x-pii: KIND` and `x-secret: true`, on a field or on everything under it.

Owns: the walk over a JSON Schema beside a value. Where schemas give alternatives, a mark of any of them counts: better
one field too many hidden than one too few. Text that no schema describes is `scrub`'s part.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

Json = Any
SECRET = "secret"
"""The kind of what is marked `x-secret`."""


class Found(NamedTuple):
    """A marked value: its kind (`email`, `name`, …, or `secret`), and the scalar itself."""

    kind: str
    value: str | int | float | bool


def found(schema: Json, value: Json) -> list[Found]:
    """Return every marked scalar of a value, in order; null is nothing."""
    seen: list[Found] = []

    def keep(kind: str, scalar: Json) -> Json:
        seen.append(Found(kind, scalar))
        return scalar

    _walk([schema], value, "", _Schemas(schema), keep)
    return seen


def redacted(schema: Json, value: Json, stand_in: Callable[[str, Json], Json] | None = None) -> Json:
    """Return a value with a placeholder such as `[email]` for each marked scalar, or with what `stand_in` gives."""
    return _walk([schema], value, "", _Schemas(schema), stand_in or _placeholder)


def blanked(schema: Json, value: Json) -> Json:
    """Return a value with null for each marked scalar."""
    return redacted(schema, value, lambda kind, scalar: None)


def part_of(schema: Json, path: Sequence[str | int]) -> Json:
    """Return what a schema says of the value at a path; a mark on the way holds for it, too."""
    known = _Schemas(schema)
    schemas: list[Json] = [schema]
    for name in path:
        flat = known.flat(schemas)
        schemas = list(_items(flat, name)) if isinstance(name, int) else list(_fields(flat, name))
        schemas += [{word: part[word]} for part in flat for word in ("x-pii", "x-secret") if word in part]
    return {"anyOf": [part for part in schemas if isinstance(part, dict)]}


def kinds_in(schema: Json, root: Json = None) -> frozenset[str]:
    """Return the kinds that a schema marks anywhere; `root` is the document of its references, itself if left out."""
    known = _Schemas(schema if root is None else root)
    seen: set[str] = set()
    done: list[Json] = []
    stack = [schema]
    while stack:
        part = stack.pop()
        if isinstance(part, dict):
            if any(part is other for other in done):
                continue
            done.append(part)
            stack += known.flat([part])[1:]
            kind = _mark([part])
            if kind:
                seen.add(kind)
            stack += part.values()
        elif isinstance(part, list):
            stack += part
    return frozenset(seen)


def _placeholder(kind: str, scalar: Json) -> Json:
    return f"[{kind}]"


class _Schemas:
    """The document that references point into."""

    def __init__(self, root: Json) -> None:
        self._root = root

    def flat(self, schemas: Sequence[Json]) -> list[dict[str, Json]]:
        """Return schemas with those that they refer to or are made of."""
        out: list[dict[str, Json]] = []
        stack = [schema for schema in schemas if isinstance(schema, dict)]
        while stack:
            schema = stack.pop()
            if any(schema is known for known in out):
                continue
            out.append(schema)
            target = self._target(schema.get("$ref"))
            stack += [target] if isinstance(target, dict) else []
            for word in ("anyOf", "oneOf", "allOf"):
                options = schema.get(word)
                stack += [option for option in options if isinstance(option, dict)] if isinstance(options, list) else []
            stack += [part for word in ("if", "then", "else") if isinstance(part := schema.get(word), dict)]
        return out

    def _target(self, reference: Json) -> Json:
        if not isinstance(reference, str) or not reference.startswith("#"):
            return None
        place = self._root
        for part in reference[1:].split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            place = place.get(name) if isinstance(place, dict) else None
        return place


def _mark(schemas: Sequence[dict[str, Json]]) -> str:
    if any(schema.get("x-secret") is True for schema in schemas):
        return SECRET
    return next((str(kind) for schema in schemas if isinstance(kind := schema.get("x-pii"), str) and kind), "")


def _walk(
    schemas: Sequence[Json], value: Json, inherited: str, known: _Schemas, act: Callable[[str, Json], Json]
) -> Json:
    flat = known.flat(schemas)
    mark = _mark(flat)
    kind = inherited if inherited == SECRET or not mark else mark
    if isinstance(value, dict):
        return {name: _walk(list(_fields(flat, name)), item, kind, known, act) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_walk(list(_items(flat, place)), item, kind, known, act) for place, item in enumerate(value)]
    return act(kind, value) if kind and value is not None else value


def _fields(schemas: Sequence[dict[str, Json]], name: str) -> Iterator[Json]:
    for schema in schemas:
        properties = schema.get("properties")
        own = properties.get(name) if isinstance(properties, dict) else None
        matching = [
            part
            for pattern, part in (schema.get("patternProperties") or {}).items()
            if isinstance(name, str) and _matches(pattern, name)
        ]
        yield from matching
        if own is not None:
            yield own
        elif not matching:
            yield schema.get("additionalProperties")


def _matches(pattern: str, name: str) -> bool:
    try:
        return re.search(pattern, name) is not None
    except re.error:
        return True  # a pattern of another dialect: better hidden than shown


def _items(schemas: Sequence[dict[str, Json]], place: int) -> Iterator[Json]:
    for schema in schemas:
        first = schema.get("prefixItems")
        first = first if isinstance(first, list) else []
        yield first[place] if place < len(first) else schema.get("items")
