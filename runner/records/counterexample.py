"""A document that one JSON Schema allows and another does not.

Owns: the search for it. It goes through the places in which the two schemas differ: at each it tries the values at and
just beyond every bound, each choice, each type, a missing field and a field too many. Every answer is checked against both
schemas before it is given, so it is right; that none is found proves nothing (`inclusion` does that).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from flowrun.errors import ConfigError
from flowrun.records.inclusion import Schema, bare, resolve, types_of
from flowrun.records.samples import NoSample, sample
from flowrun.records.validation import Checker, checker

Json = Any
Path = tuple[str | int, ...]

MOST = 4000
"""Most documents that are tried."""
_DEEPEST = 8
_OF_TYPE: dict[str, list[Json]] = {
    "null": [None],
    "boolean": [True, False],
    "integer": [0, 1, -1, 7, 1000000],
    "number": [0.5, -0.5, 0, 1, 1000000.25],
    "string": ["", "a", "text with words", "x" * 300],
    "array": [[]],
    "object": [{}],
}


def counterexample(one: Schema, other: Schema) -> Json:
    """Return a document that `one` allows and `other` does not, the smallest found; `NOTHING` where none was found."""
    wide, narrow = _checker(one), _checker(other)
    best: Json = NOTHING
    size = 0
    for document in _documents(one, other):
        if not narrow.is_valid(document, placeholders=False) and wide.is_valid(document, placeholders=False):
            length = len(repr(document))
            if best is NOTHING or length < size:
                best, size = document, length
    return best


def examples(schema: dict[str, Json], most: int = 300) -> list[Json]:
    """Return different documents that a schema allows: each choice, each bound and each missing field at least once."""
    allowed = _checker(schema)
    found: dict[str, Json] = {}
    for document in _documents(schema, schema):
        if len(found) >= most:
            break
        if (key := repr(document)) not in found and allowed.is_valid(document, placeholders=False):
            found[key] = document
    return list(found.values())


class _Nothing:
    """The type of `NOTHING`: null is a document like any other."""

    def __repr__(self) -> str:
        return "NOTHING"


NOTHING = _Nothing()


def _checker(schema: Schema) -> Checker:
    return checker(schema if isinstance(schema, dict) else {} if schema else {"not": {}})


def _documents(one: Schema, other: Schema) -> Iterator[Json]:
    """Yield whole documents: those that `one` likely allows, each with one place changed."""
    tried = 0
    for start in _starts(one):
        yield start
        for path, mine, theirs in _places(start, one, other):
            for value in _values(mine, theirs, one, other):
                tried += 1
                if tried > MOST:
                    return
                yield _with(start, path, value)
            if path and isinstance(path[-1], str):
                yield _without(start, path)


def _starts(one: Schema) -> list[Json]:
    """Return documents that a schema allows: full ones and those with the required fields alone, of each branch."""
    starts: list[Json] = []
    for schema in _variants(one):
        for full in _sampled(schema if isinstance(schema, dict) else {}):
            least = _least(full, schema, schema, 0)
            starts += [full] if least == full else [full, least]
    return starts


def _variants(one: Schema) -> Iterator[Schema]:
    """Yield the schema, and once for each of its branches the schema with that branch alone."""
    yield one
    if isinstance(one, Mapping):
        for word in ("anyOf", "oneOf"):
            for branch in one.get(word, ()):
                yield {**one, word: [branch]}


def _least(value: Json, schema: Schema, root: Schema, depth: int) -> Json:
    """Return a value without the fields that need not be there."""
    found = _flat(schema, root)
    if depth > _DEEPEST or not isinstance(found, Mapping):
        return value
    if isinstance(value, dict):
        fields, needed = found.get("properties", {}), found.get("required", ())
        return {
            name: _least(part, fields.get(name, True), root, depth + 1)
            for name, part in value.items() if name in needed
        }  # fmt: skip
    if isinstance(value, list):
        return [_least(part, found.get("items", True), root, depth + 1) for part in value[: found.get("minItems", 0)]]
    return value


def _places(value: Json, one: Schema, other: Schema) -> Iterator[tuple[Path, Schema, Schema]]:
    """Yield the places of a document, the fields that either schema names included, with what both say about them."""
    level: list[tuple[Path, Json, Schema, Schema]] = [((), value, one, other)]
    for _ in range(_DEEPEST):
        below: list[tuple[Path, Json, Schema, Schema]] = []
        for path, here, mine, theirs in level:
            a, b = _flat(mine, one), _flat(theirs, other)
            yield path, a, b
            if isinstance(here, dict):
                fields, asked = _of(a, "properties", {}), _of(b, "properties", {})
                names = [*dict.fromkeys([*here, *fields, *asked]), "another_field"]
                below += [
                    ((*path, name), here.get(name), _field(a, fields, name), _field(b, asked, name)) for name in names
                ]
            elif isinstance(here, list):
                items = (_of(a, "items", True), _of(b, "items", True))
                below += [((*path, number), item, *items) for number, item in enumerate(here)][:3]
        level = below


def _field(schema: Schema, fields: Mapping[str, Schema], name: str) -> Schema:
    return fields.get(name, _of(schema, "additionalProperties", True))


def _of(schema: Schema, word: str, otherwise: Json) -> Json:
    return schema.get(word, otherwise) if isinstance(schema, Mapping) else otherwise


def _flat(schema: Schema, root: Schema, depth: int = 0) -> Schema:
    """Return a schema with its references and branches laid over each other: a guide for the search, not its meaning."""
    found = bare(resolve(schema, root))
    if not isinstance(found, Mapping) or depth > _DEEPEST:
        return found
    made = {word: value for word, value in found.items() if word not in ("allOf", "anyOf", "oneOf")}
    for word in ("allOf", "anyOf", "oneOf"):
        for part in found.get(word, ()):
            inner = _flat(part, root, depth + 1)
            if isinstance(inner, Mapping):
                fields = {**inner.get("properties", {}), **made.get("properties", {})}
                made = {**inner, **made, **({"properties": fields} if fields else {})}
    return made


def _values(mine: Schema, theirs: Schema, one: Schema, other: Schema) -> Iterator[Json]:
    """Yield what a place may hold: of the first schema's choices, types and bounds, and around the second's."""
    seen: set[str] = set()
    for value in _raw_values(mine, theirs, one, other):
        key = repr(value)
        if key not in seen:
            seen.add(key)
            yield value


def _raw_values(mine: Schema, theirs: Schema, one: Schema, other: Schema) -> Iterator[Json]:
    for schema, root in ((mine, one), (theirs, other)):
        if not isinstance(schema, Mapping):
            continue
        yield from schema.get("enum", ())
        yield from [schema["const"]] if "const" in schema else ()
        yield from _bounds(schema)
        whole = {**schema, **{name: root[name] for name in ("$defs", "definitions") if name in root}}
        yield from _sampled(whole)
        for kind in types_of(schema):
            yield from _OF_TYPE[kind]
            if kind in ("array", "object"):
                yield from _sampled({**whole, "type": kind})
    yield from _combined(mine, theirs)
    yield from _written(theirs)
    yield from (None, "text", 1, 1.5, True, [], {})


def _written(schema: Schema, depth: int = 0) -> Iterator[Json]:
    """Yield the values that are written anywhere in a part of a schema, such as those that a `not` names."""
    if isinstance(schema, Mapping):
        yield from schema["enum"] if isinstance(schema.get("enum"), list) else ()
        yield from [schema["const"]] if "const" in schema else ()
        yield from _bounds(schema)
        if isinstance(schema.get("type"), str | list):
            for kind in types_of(schema):
                yield from _OF_TYPE[kind]
    if depth < _DEEPEST and isinstance(schema, Mapping | list):
        for part in schema.values() if isinstance(schema, Mapping) else schema:
            yield from _written(part, depth + 1)


def _combined(mine: Schema, theirs: Schema) -> Iterator[Json]:
    """Yield texts that keep the first schema's form and break the second's length."""
    if not (isinstance(mine, Mapping) and isinstance(theirs, Mapping)):
        return
    for word, step in (("minLength", -1), ("maxLength", 1)):
        if word in theirs:
            for change in ({"minLength": theirs[word] + step}, {"maxLength": max(theirs[word] + step, 0)}):
                yield from _sampled({**mine, **change})
    for word, bigger in (("minItems", False), ("maxItems", True)):
        if word in theirs:
            count = theirs[word] + (1 if bigger else -1)
            if 0 <= count <= 50:
                yield from _sampled({**mine, "minItems": count, "maxItems": count})


def _sampled(schema: Mapping[str, Json]) -> list[Json]:
    """Return one valid value, or none where none can be made."""
    try:
        return [sample(schema)]
    except (NoSample, ConfigError):
        return []


def _bounds(schema: Mapping[str, Json]) -> Iterator[Json]:
    for word in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
        if word in schema:
            bound = schema[word]
            yield from (bound, bound - 1, bound + 1, bound - 0.5, bound + 0.5)
    if "multipleOf" in schema:
        step = schema["multipleOf"]
        yield from (step, step * 3, step * 7, step * 1.5)
    for word in ("minLength", "maxLength"):
        length = schema.get(word, -1)
        yield from ("x" * count for count in (length - 1, length, length + 1) if 0 <= count <= 5000 and length >= 0)
    if schema.get("uniqueItems"):
        yield from ([1, 1], ["a", "a"], [None, None])


def _with(document: Json, path: Path, value: Json) -> Json:
    """Return a document with one place set."""
    if not path:
        return value
    made = copy.deepcopy(document)
    inner = made
    for part in path[:-1]:
        if isinstance(inner, dict):
            inner = inner.setdefault(part, {})
        else:
            inner = inner[part]
        if not isinstance(inner, dict | list):
            return made
    last: Any = path[-1]
    if isinstance(inner, dict) or (isinstance(inner, list) and isinstance(last, int) and last < len(inner)):
        inner[last] = copy.deepcopy(value)
    return made


def _without(document: Json, path: Path) -> Json:
    """Return a document without one field."""
    made = copy.deepcopy(document)
    inner = made
    for part in path[:-1]:
        inner = inner.get(part) if isinstance(inner, dict) else inner[part]
        if not isinstance(inner, dict | list):
            return made
    if isinstance(inner, dict):
        inner.pop(path[-1], None)
    return made
