"""A valid value of a schema, always the same one: what a write would give back in a run that only shows what it would do.

Owns: the making of that value. It is checked against the whole schema before it is given, so a schema with conditions that
are not understood here gives an error, never a wrong value.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from flowrun.records.patterns import NoText, matching_text
from flowrun.records.validation import Checker

Json = Any
Schema = Mapping[str, Any]
DEEP = 6
"""Levels down to which optional fields are filled, too; a schema may contain itself."""
DEEPEST = 24
_FORMATS = {
    "date-time": "2000-01-01T00:00:00Z",
    "date": "2000-01-01",
    "time": "00:00:00Z",
    "duration": "P1D",
    "email": "simulated@example.com",
    "idn-email": "simulated@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/simulated",
    "uri-reference": "/simulated",
    "iri": "https://example.com/simulated",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "json-pointer": "/simulated",
    "regex": "simulated",
}
_TEXT = "simulated"


class NoSample(ValueError):
    """No valid value could be made."""


def sample(schema: Schema) -> Json:
    """Return a valid value. Raises `NoSample`."""
    checker = Checker(dict(schema))
    for deep in (DEEP, 0):
        for value in _Maker(schema, deep).values(schema, 0):
            if not checker.check(value, placeholders=False):
                return value
    raise NoSample("No value could be made that the schema allows.")


class _Maker:
    def __init__(self, root: Schema, deep: int) -> None:
        self.root = root
        self.deep = deep

    def values(self, schema: Any, level: int, number: int = 0) -> Iterator[Json]:
        """Yield a few values that probably fit, the most telling first; `number` makes those of a list differ."""
        if not isinstance(schema, Mapping):
            yield _TEXT
            return
        if level > DEEPEST:
            raise NoSample("The schema goes too deep.")
        schema = self._resolved(schema)
        for given in ("const", "default"):
            if given in schema:
                yield schema[given]
        for several in ("examples", "enum"):
            options = schema.get(several) or []
            yield from [*options[number:], *options[:number]]
        if "enum" in schema or "const" in schema:
            return
        for word in ("oneOf", "anyOf"):
            branches = [self._resolved(b) for b in schema.get(word, []) if isinstance(b, Mapping)]
            rest = {name: part for name, part in schema.items() if name != word}
            # A value that is something tells more than a null.
            for branch in sorted(branches, key=lambda branch: branch.get("type") == "null"):
                yield from self.values(_merged(rest, branch), level + 1, number)
        if "oneOf" not in schema and "anyOf" not in schema:
            kinds = schema.get("type", _kind_of(schema))
            for kind in sorted([kinds] if isinstance(kinds, str) else kinds, key=lambda kind: kind == "null"):
                yield from self._of_kind(kind, schema, level, number)

    def _first(self, schema: Any, level: int, number: int = 0) -> Json:
        for value in self.values(schema, level, number):
            part = schema if isinstance(schema, Mapping) else {}
            whole = {**part, "$defs": self.root.get("$defs", {}), "definitions": self.root.get("definitions", {})}
            if not Checker(whole).check(value, placeholders=False):
                return value
        raise NoSample("A part of the schema allows nothing that could be made.")

    def _resolved(self, schema: Schema) -> Schema:
        """Return a schema without references and `allOf`."""
        for _ in range(DEEPEST):
            target = schema.get("$ref")
            if isinstance(target, str) and target.startswith("#"):
                found: Any = self.root
                for part in target.lstrip("#/").split("/") if target != "#" else []:
                    found = found.get(part.replace("~1", "/").replace("~0", "~"), {}) if found else {}
                schema = _merged({name: part for name, part in schema.items() if name != "$ref"}, found)
            elif "allOf" in schema:
                parts = schema["allOf"]
                schema = {name: part for name, part in schema.items() if name != "allOf"}
                for part in parts:
                    if part is False:
                        raise NoSample("A part of the schema allows nothing.")
                    schema = schema if part is True else _merged(schema, self._resolved(part))
            else:
                return schema
        raise NoSample("The schema refers to itself without end.")

    def _of_kind(self, kind: str, schema: Schema, level: int, number: int) -> Iterator[Json]:
        if kind == "object":
            yield self._object(schema, level)
        elif kind == "array":
            yield self._array(schema, level)
        elif kind in ("integer", "number"):
            yield from _numbers(schema, whole=kind == "integer", number=number)
        elif kind == "string":
            yield from _texts(schema, number)
        elif kind == "boolean":
            yield from ([True, False] if number % 2 == 0 else [False, True])
        else:
            yield None

    def _object(self, schema: Schema, level: int) -> dict[str, Json]:
        fields = schema.get("properties", {})
        required = schema.get("required", [])
        made: dict[str, Json] = {}
        for name, part in fields.items():
            if name in required or level < self.deep:
                try:
                    made[name] = self._first(part, level + 1)
                except NoSample:
                    if name in required:
                        raise
        more = schema.get("additionalProperties", True)
        for name in required:
            if name not in made:
                made[name] = self._first(more, level + 1)
        missing = schema.get("minProperties", 0) - len(made)
        for number in range(max(missing, 0)):
            made[f"field_{number + 1}"] = self._first(more, level + 1, number)
        return made

    def _array(self, schema: Schema, level: int) -> list[Json]:
        fixed = schema.get("prefixItems", [])
        made = [self._first(part, level + 1) for part in fixed]
        wanted = max(schema.get("minItems", 0), 1 if level < self.deep else 0)
        wanted = min(wanted, schema.get("maxItems", wanted))
        items = schema.get("items", {})
        if items is False:
            return made
        try:
            made += [self._first(items, level + 1, number) for number in range(wanted - len(made))]
        except NoSample:
            if schema.get("minItems", 0) > len(made):
                raise
        return made


def _merged(one: Schema, other: Any) -> Schema:
    """Return what both schemas ask, where they speak of different things or of fields."""
    if not isinstance(other, Mapping):
        return one
    made = {**one, **other}
    if "properties" in one and "properties" in other:
        fields = dict(one["properties"])
        for name, part in other["properties"].items():
            fields[name] = _merged(fields[name], part) if isinstance(fields.get(name), Mapping) else part
        made["properties"] = fields
    if "required" in one and "required" in other:
        made["required"] = list(dict.fromkeys([*one["required"], *other["required"]]))
    for name, stricter in (
        ("minimum", max),
        ("minLength", max),
        ("minItems", max),
        ("maximum", min),
        ("maxLength", min),
    ):
        if name in one and name in other:
            made[name] = stricter(one[name], other[name])
    return made


def _kind_of(schema: Schema) -> str:
    if "properties" in schema or "required" in schema:
        return "object"
    if "items" in schema or "prefixItems" in schema:
        return "array"
    return "number" if {"minimum", "maximum", "multipleOf"} & set(schema) else "string"


def _numbers(schema: Schema, *, whole: bool, number: int) -> Iterator[Json]:
    step = schema.get("multipleOf", 1 if whole else 0.5)
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    edges = [edge for edge in (low, above) if edge is not None]
    start = max(edges) if edges else None
    if start is not None and (low is None or start != low or start == above):
        yield from _steps(start, step, whole, number, after=True)
    if start is not None:
        yield from _steps(start, step, whole, number, after=False)
        if above is not None and below is not None:
            yield (above + below) / 2
    else:
        yield from (value for value in (step * (number + 1), 1 + number, step))
        top = [edge for edge in (high, below) if edge is not None]
        if top:
            least = math.floor(min(top) / step) * step
            yield from (least - step * number, least - step * (number + 1))


def _steps(start: float, step: float, whole: bool, number: int, *, after: bool) -> Iterator[Json]:
    first = (math.floor(start / step) + 1 if after else math.ceil(start / step)) * step
    value = first + step * number
    yield int(value) if whole or float(value).is_integer() else value
    yield start if not whole else math.ceil(start)


def _texts(schema: Schema, number: int) -> Iterator[Json]:
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    if "pattern" in schema:
        try:
            text = matching_text(schema["pattern"])
        except NoText:
            pass
        else:
            yield text
            yield text + (text[-1:] or "a") * max(least - len(text), 0)
    if schema.get("format") in _FORMATS:
        yield _FORMATS[schema["format"]]
    text = _TEXT if number == 0 else f"{_TEXT}-{number + 1}"
    text += "x" * max(least - len(text), 0)
    yield text if most is None else text[:most] if number == 0 else text[-most:]
