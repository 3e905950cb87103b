"""Which marks hold at a place of a schema, each place looked up once.

Owns: the memory of those look-ups over all flows of a check: they share the schemas of records and tools. What a mark is, is
`privacy.marks`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flowrun.plan.marks import ITEM, is_choice, leaves
from flowrun.privacy.marks import kinds_in, part_of

Schema = dict[str, Any]
MOST = 1_000
"""Schemas that are remembered; then all are forgotten, since nobody knows which are still used."""

Kinds = frozenset[str]
Path = tuple[str, ...]


@dataclass(slots=True)
class _Known:
    """What was looked up in one schema, which is held here so that no other can get its identity."""

    schema: Schema
    kinds: dict[tuple[str | int, ...], Kinds] = field(default_factory=dict)
    fields: list[tuple[Path, Schema]] | None = None


_known: dict[int, _Known] = {}


def _of(schema: Schema) -> _Known:
    found = _known.get(id(schema))
    if found is None:
        if len(_known) >= MOST:
            _known.clear()
        found = _known[id(schema)] = _Known(schema)
    return found


def texts_in(schema: Schema) -> list[tuple[Path, Schema]]:
    """Return the fields of a schema that can hold more than a choice: path and schema of each."""
    found = _of(schema)
    if found.fields is None:
        found.fields = [(path, leaf) for path, leaf, _ in leaves(schema) if not is_choice(leaf)]
    return found.fields


def kinds_at(schema: Schema, path: Sequence[str | int] = ()) -> Kinds:
    """Return the kinds of the marks that hold at a place of a schema or below it; in a path any number or `*` is an item."""
    place = tuple(0 if part == ITEM or (isinstance(part, str) and part.isdigit()) else part for part in path)
    known = _of(schema).kinds
    kinds = known.get(place)
    if kinds is None:
        kinds = known[place] = kinds_in(part_of(schema, place) if place else schema, schema)
    return kinds
