"""The fields of a schema, each with its marks, with references and alternatives followed.

Owns: that walk. A mark on a field holds for everything under it; where schemas give alternatives, a mark of any counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flowrun.plan.marks import ITEM
from flowrun.privacy.marks import SECRET

Schema = dict[str, Any]
Path = tuple[str, ...]
_DEEPEST = 12
"""Levels that are followed; a schema that refers to itself has no end."""
_PARTS = ("anyOf", "oneOf", "allOf")


@dataclass(frozen=True, slots=True)
class Field:
    """A field that holds a plain value, or anything (`loose`): its path and its marks."""

    path: Path
    kind: str
    """`email`, `name` and the like, `secret`, or empty."""
    untrusted: bool
    loose: bool = False


def fields_of(schema: Any, at: Path = ()) -> list[Field]:
    """Return the fields at a path of a schema and below it, in order; none where the path is not in it."""
    found: dict[Path, Field] = {}
    for one in _walk([schema], at, (), Field((), "", False), schema):
        known = found.get(one.path)
        if known is None:
            found[one.path] = one
        else:
            kind = SECRET if SECRET in (known.kind, one.kind) else known.kind or one.kind
            found[one.path] = Field(one.path, kind, known.untrusted or one.untrusted, known.loose or one.loose)
    return list(found.values())


def schemas_at(schema: Any, at: Path) -> list[Schema]:
    """Return every part of a schema that describes the value at a path."""
    parts = _flat([schema], schema)
    for name in at:
        parts = _flat([inner for part in parts for inner in _inside(part, name)], schema)
    return parts


def most_items(schema: Any, at: Path = ()) -> int | None:
    """Return how many items the list at a path has at most, None where its schema does not say."""
    bounds = [part["maxItems"] for part in schemas_at(schema, at) if isinstance(part.get("maxItems"), int)]
    lists = [
        part for part in schemas_at(schema, at) if {"items", "maxItems"} & set(part) or part.get("type") == "array"
    ]
    return max(bounds) if bounds and len(bounds) == len(lists) else None


def _walk(schemas: Sequence[Any], at: Path, here: Path, above: Field, root: Any) -> Iterator[Field]:
    parts = _flat(schemas, root)
    marked = [SECRET if part.get("x-secret") is True else str(part.get("x-pii") or "") for part in parts]
    kind = SECRET if SECRET in (above.kind, *marked) else next(filter(None, marked), above.kind)
    now = Field(here, kind, above.untrusted or any(part.get("x-untrusted") is True for part in parts))
    if at:
        inner = [schema for part in parts for schema in _inside(part, at[0])]
        if inner or any(_is_open(part) for part in parts):
            yield from _walk(inner, at[1:], (*here, at[0]), now, root)
        return
    names = dict.fromkeys(name for part in parts for name in part.get("properties") or ())
    lists = [part for part in parts if isinstance(part.get("items"), dict) or part.get("prefixItems")]
    if len(here) < _DEEPEST:
        for name in names:
            inner = [schema for part in parts for schema in _inside(part, name)]
            yield from _walk(inner, (), (*here, name), now, root)
        if lists:
            yield from _walk([s for part in lists for s in _inside(part, ITEM)], (), (*here, ITEM), now, root)
    if not names and not lists:
        yield Field(here, now.kind, now.untrusted, any(_is_open(part) for part in parts) or not parts)


def _flat(schemas: Sequence[Any], root: Any) -> list[Schema]:
    """Return schemas with those that they refer to or are made of, the null ones left out."""
    out: list[Schema] = []
    stack = [schema for schema in reversed(schemas) if isinstance(schema, dict)]
    while stack:
        schema = stack.pop()
        if any(schema is known for known in out) or schema.get("type") == "null":
            continue
        out.append(schema)
        stack += [option for word in _PARTS for option in schema.get(word) or () if isinstance(option, dict)]
        target = _target(schema.get("$ref"), root)
        stack += [target] if isinstance(target, dict) else []
    return out


def _target(reference: Any, root: Any) -> Any:
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    place = root
    for part in reference[1:].split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        place = place.get(name) if isinstance(place, dict) else None
    return place


def _inside(part: Schema, name: str) -> Iterator[Any]:
    """Yield what a schema says of a field, or of any item of a list."""
    if name == ITEM or name.lstrip("-").isdigit():
        yield from part.get("prefixItems") or ()
        if isinstance(part.get("items"), dict):
            yield part["items"]
        if name == ITEM:
            return
    own = (part.get("properties") or {}).get(name)
    if own is not None:
        yield own
        return
    yield from (part.get("patternProperties") or {}).values()
    if isinstance(part.get("additionalProperties"), dict):
        yield part["additionalProperties"]


def _is_open(part: Schema) -> bool:
    """Whether anything may stand in what a schema describes: it says neither which fields nor which plain kind."""
    kinds = part.get("type")
    named = {"enum", "const", "properties", "items", "prefixItems", "$ref", *_PARTS} & set(part)
    kinds = [kinds] if isinstance(kinds, str) else kinds
    loose = kinds is None or "object" in kinds or "array" in kinds
    return (loose and not named) or (
        bool(part.get("properties")) and part.get("additionalProperties", True) is not False
    )
