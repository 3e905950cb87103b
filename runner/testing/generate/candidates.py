"""Which values are worth a try in one place.

Owns: that list. It comes from the schema of the place, from the constants of the condition that is aimed at, and from values
that stand elsewhere in the scenario.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from flowrun.records.samples import NoSample, sample
from flowrun.testing.play import START
from flowrun.values.moments import add_seconds, parse_moment
from flowrun.values.nodes import Node, walk

Json = Any
SPANS = {"minutes": 60.0, "hours": 3600.0, "days": 86_400.0}
DAY = 86_400.0
OTHER = "another"
LONGEST, MANY = 5_000, 60
"""Characters of the longest text, and entries of the longest list, that are tried."""
_MONEY = re.compile(r"(\d+(?:\.\d+)?) [A-Z]{3}")


class Constants(msgspec.Struct, frozen=True, kw_only=True):
    """What conditions compare with: numbers, texts, lengths of time in seconds; `lengths` of texts, in characters."""

    numbers: tuple[float, ...] = ()
    texts: tuple[str, ...] = ()
    spans: tuple[float, ...] = ()
    lengths: tuple[int, ...] = ()


def constants(nodes: Iterable[Node], tables: Mapping[str, Json]) -> Constants:
    """Return the constants of some expressions, and the values of the tables that they may look up."""
    numbers: dict[float, None] = {}
    texts: dict[str, None] = {}
    spans: dict[float, None] = {}
    measured = False
    looked_up = list(_scalars(tables))
    for node in nodes:
        for part in walk(node):
            if part[0] == "call" and part[1] in SPANS:
                inner = part[2][0] if part[2] else ["lit", None]
                known = [inner[1]] if inner[0] == "lit" else [v for v in looked_up if _number(v)]
                spans.update(dict.fromkeys(float(str(v)) * SPANS[part[1]] for v in known if _number(v)))
            measured |= part[0] == "call" and part[1] == "length"
            if part[0] == "lit" and _number(part[1]):
                numbers.setdefault(part[1])
            elif part[0] == "lit" and isinstance(part[1], str):
                texts.setdefault(part[1])
                if match := _MONEY.fullmatch(part[1]):
                    numbers.setdefault(float(match.group(1)))
    numbers.update(dict.fromkeys(v for v in looked_up if _number(v)))
    texts.update(dict.fromkeys(v for v in looked_up if isinstance(v, str)))
    lengths = tuple(int(n) for n in numbers if 0 < n < LONGEST) if measured else ()
    return Constants(numbers=tuple(numbers), texts=tuple(texts), spans=tuple(spans), lengths=lengths)


def candidates(value: Json, schema: Mapping[str, Json], known: Constants, others: Iterable[Json]) -> list[Json]:
    """Return other values for a place. `others` are values of places that the condition looks at, too."""
    found: list[Json] = []
    others = list(others)
    found += schema.get("enum", [])
    if isinstance(value, bool):
        found.append(not value)
    elif _number(value):
        found += _numbers(known, [v for v in others if _number(v)], whole=isinstance(value, int))
    elif isinstance(value, str) and parse_moment(value) is not None:
        found += [moment for span in known.spans for moment in _around(span)]
        found += [START, add_seconds(START, -30 * DAY), add_seconds(START, -1000 * DAY), add_seconds(START, DAY)]
    elif isinstance(value, str) and "enum" not in schema:
        found += [_long(n) for length in known.lengths for n in (length, length + 1)]
        found += [*known.texts, *(v for v in others if isinstance(v, str)), _another(value)]
    elif isinstance(value, list):
        found += [[], [*value, *value[:1]]] if value else []
        sizes = [size for length in known.lengths for size in (length, length + 1) if size <= MANY]
        found += [[value[place % len(value)] for place in range(size)] for size in sizes] if value else []
    if value is None:
        found += _filled(schema)
    elif nullable(schema):
        found.append(None)
    unique: dict[bytes, Json] = {msgspec.json.encode(each): each for each in found}
    unique.pop(msgspec.json.encode(value), None)
    return list(unique.values())


def schema_at(schema: Json, path: Iterable[str | int], root: Json = None) -> dict[str, Json]:
    """Return the schema of a place inside a value; empty where it says nothing of it."""
    root = schema if root is None else root
    here = _plain(schema, root)
    for key in path:
        inner: Json = {}
        for branch in _branches(here, root):
            if isinstance(key, int):
                inner = branch.get("items", inner)
            elif key in branch.get("properties", {}):
                inner = branch["properties"][key]
        here = _plain(inner, root)
    return here


def nullable(schema: Mapping[str, Json]) -> bool:
    """Return whether null may stand in a place."""
    kinds = schema.get("type", ())
    told = "null" in ([kinds] if isinstance(kinds, str) else kinds) or None in schema.get("enum", [])
    return told or any(nullable(b) for word in ("anyOf", "oneOf") for b in schema.get(word, []) if isinstance(b, dict))


def _plain(schema: Json, root: Json) -> dict[str, Json]:
    for _ in range(20):
        target = schema.get("$ref") if isinstance(schema, dict) else None
        if not isinstance(target, str) or not target.startswith("#"):
            break
        schema = root
        for part in target.lstrip("#/").split("/"):
            schema = schema.get(part, {}) if isinstance(schema, dict) else {}
    return schema if isinstance(schema, dict) else {}


def _branches(schema: dict[str, Json], root: Json) -> Iterator[dict[str, Json]]:
    yield schema
    for word in ("anyOf", "oneOf", "allOf"):
        for branch in schema.get(word, []):
            yield from _branches(_plain(branch, root), root)


def _filled(schema: Mapping[str, Json]) -> Iterator[Json]:
    try:
        yield sample({"allOf": [dict(schema), {"not": {"type": "null"}}]})
    except NoSample:
        yield from (value for value in schema.get("enum", []) if value is not None)


def _numbers(known: Constants, others: list[float], *, whole: bool) -> Iterator[float]:
    for number in [*known.numbers, *others]:
        around = [number, number + 1, number - 1, *([] if whole else [number / 2, number * 2])]
        yield from (int(n) if float(n).is_integer() else n for n in around if not whole or float(n).is_integer())


def _around(span: float) -> Iterator[str]:
    yield add_seconds(START, -(span + DAY))
    yield add_seconds(START, -max(span - DAY, span / 2))


def _long(length: int) -> str:
    return ("a long text " * (length // 12 + 1))[:length].rstrip().ljust(length, "x")


def _another(text: str) -> str:
    if "@" in text:
        return f"{OTHER}@{text.rpartition('@')[2]}"
    return OTHER if text != OTHER else f"{OTHER}-2"


def _scalars(value: Json) -> Iterator[Json]:
    if isinstance(value, Mapping):
        for part in value.values():
            yield from _scalars(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _scalars(part)
    else:
        yield value


def _number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
