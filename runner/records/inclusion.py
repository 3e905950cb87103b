"""Whether every value of one JSON Schema is a value of another, by reading the two.

Owns: `included`, which is sound: True only where the rules of JSON Schema 2020-12 force it. False means that it could not
be shown, not that it is untrue; `counterexample` looks for a value that shows the contrary. Annotations (titles, marks)
say nothing about which values are valid.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from flowrun.records.validation import checker

Json = Any
Schema = Any
"""A JSON Schema: a map, or true or false."""

ANNOTATIONS = frozenset(
    {"$comment", "$id", "$schema", "$anchor", "default", "deprecated", "description", "examples", "readOnly", "title",
     "writeOnly", "contentMediaType", "contentEncoding"}
)  # fmt: skip
TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
_SHAPE = frozenset({"$ref", "$defs", "definitions", "type", "enum", "const", "allOf", "anyOf", "oneOf"})
_NUMBERS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
_TEXTS = frozenset({"minLength", "maxLength", "pattern", "format"})
_LISTS = frozenset({"items", "minItems", "maxItems", "uniqueItems"})
_MAPS = frozenset({"properties", "required", "additionalProperties", "minProperties", "maxProperties"})
_KNOWN = _SHAPE | _NUMBERS | _TEXTS | _LISTS | _MAPS
DEEPEST = 40


def is_annotation(word: str) -> bool:
    """Return whether a keyword says nothing about which values are valid (`title`, `x-pii`)."""
    return word in ANNOTATIONS or word.startswith("x-")


def bare(schema: Schema) -> Schema:
    """Return a schema without annotations at its top."""
    if not isinstance(schema, Mapping):
        return schema
    return {word: value for word, value in schema.items() if not is_annotation(word)}


def resolve(schema: Schema, root: Schema) -> Schema:
    """Return what a `$ref` inside `root` stands for, joined with what is written beside it; None where it leads out."""
    seen = 0
    while isinstance(schema, Mapping) and "$ref" in schema:
        seen += 1
        found: Any = root
        target = schema["$ref"]
        if not isinstance(target, str) or not target.startswith("#") or seen > DEEPEST:
            return None
        for part in target[1:].split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, Mapping) else None
        if found is None:
            return None
        beside = {word: value for word, value in bare(schema).items() if word not in ("$ref", "$defs", "definitions")}
        schema = {"allOf": [found], **beside} if beside else found
    return schema


def included(one: Schema, other: Schema) -> bool:
    """Return whether every value that `one` allows is shown to be allowed by `other`."""
    return _Pair(one, other).holds(one, other, 0)


class _Pair:
    """Two whole schemas; parts of the first are compared with parts of the second."""

    def __init__(self, one: Schema, other: Schema) -> None:
        self.one, self.other = one, other
        self.assumed: set[tuple[int, int]] = set()
        self.kept: list[Schema] = []
        """Parts whose identity is in `assumed`: they must live as long."""

    def holds(self, one: Schema, other: Schema, depth: int) -> bool:
        if other is True or other == {} or one is False:
            return True
        if depth > DEEPEST:
            return False
        pair = (id(one), id(other))
        if pair in self.assumed:  # a schema that contains itself: what is asked is what is being shown
            return True
        self.assumed.add(pair)
        self.kept += (one, other)
        try:
            return self._holds(resolve(one, self.one), resolve(other, self.other), depth)
        finally:
            self.assumed.discard(pair)

    def _holds(self, one: Schema, other: Schema, depth: int) -> bool:
        if one is None or other is None:
            return False
        one, other = bare(one), bare(other)
        if other is True or other == {} or one is False:
            return True
        if other is False:
            return False
        if one is True:
            one = {}
        if "not" in one and bare(one["not"]) in (True, {}):
            return True
        if self._same(one, other):
            return True
        if "enum" in one or "const" in one:
            return self._values_fit(one, other)
        if not set(other) <= _KNOWN:  # what `one` says more only makes it narrower
            return False
        for word in ("anyOf", "oneOf"):
            if word in one:
                rest = {name: value for name, value in one.items() if name != word}
                parts = [resolve(part, self.one) for part in one[word]]
                return all(self._joined(rest, part, other, depth) for part in parts)
        if "allOf" in one:
            rest = {name: value for name, value in one.items() if name != "allOf"}
            return any(self.holds(part, other, depth + 1) for part in [*one["allOf"], *([rest] if rest else [])])
        return self._parts(one, other, depth)

    def _joined(self, rest: Mapping[str, Json], part: Schema, other: Schema, depth: int) -> bool:
        """Whether a value of both `rest` and `part` is one of `other`."""
        if part is None:
            return False
        inner = bare(part)
        if isinstance(inner, Mapping) and not set(inner) & set(rest):
            return self._holds({**rest, **inner}, other, depth + 1)
        return self.holds(part, other, depth + 1) or (bool(rest) and self._holds(rest, other, depth + 1))

    def _same(self, one: Schema, other: Schema) -> bool:
        plain = _plain(one)
        if plain != _plain(other):
            return False
        return "'$ref'" not in repr(plain) or _plain(self.one) == _plain(self.other)

    def _values_fit(self, one: Mapping[str, Json], other: Schema) -> bool:
        values = [one["const"]] if "const" in one else one["enum"]
        wide = checker(_whole(one, self.one))
        narrow = checker(_whole(other, self.other))
        return all(
            narrow.is_valid(value, placeholders=False) for value in values if wide.is_valid(value, placeholders=False)
        )

    def _parts(self, one: Mapping[str, Json], other: Mapping[str, Json], depth: int) -> bool:
        """`one` is plain; `other` may have branches."""
        if "$ref" in other:
            return False
        rest = {name: value for name, value in other.items() if name not in ("allOf", "anyOf", "oneOf")}
        if not all(self.holds(one, part, depth + 1) for part in other.get("allOf", ())):
            return False
        if "anyOf" in other and not self._some(one, other["anyOf"], depth):
            return False
        if "oneOf" in other and not (apart(other["oneOf"], self.other) and self._some(one, other["oneOf"], depth)):
            return False
        if "enum" in rest or "const" in rest:
            return False
        kinds = list(types_of(one))
        allowed = set(types_of(rest))
        if "number" in allowed:
            allowed.add("integer")
        return all(kind in allowed and self._kind(kind, one, rest, depth) for kind in kinds)

    def _some(self, one: Mapping[str, Json], branches: list[Schema], depth: int) -> bool:
        """Whether each type that `one` allows lies in one of the branches."""
        return all(
            any(self.holds({**one, "type": kind}, branch, depth + 1) for branch in branches) for kind in types_of(one)
        )

    def _kind(self, kind: str, one: Mapping[str, Json], other: Mapping[str, Json], depth: int) -> bool:
        if kind in ("integer", "number"):
            return _number_fits(kind, one, other)
        if kind == "string":
            return _text_fits(one, other)
        if kind == "array":
            return self._list_fits(one, other, depth)
        if kind == "object":
            return self._map_fits(one, other, depth)
        return True

    def _list_fits(self, one: Mapping[str, Json], other: Mapping[str, Json], depth: int) -> bool:
        if "prefixItems" in one and "items" in other:
            return False
        least, most = one.get("minItems", 0), one.get("maxItems", math.inf)
        if least < other.get("minItems", 0) or most > other.get("maxItems", math.inf):
            return False
        if other.get("uniqueItems") and not one.get("uniqueItems") and most > 1:
            return False
        return most == 0 or self.holds(one.get("items", True), other.get("items", True), depth + 1)

    def _map_fits(self, one: Mapping[str, Json], other: Mapping[str, Json], depth: int) -> bool:
        if not set(other.get("required", ())) <= set(one.get("required", ())):
            return False
        least = max(one.get("minProperties", 0), len(set(one.get("required", ()))))
        if least < other.get("minProperties", 0):
            return False
        fields, asked = one.get("properties", {}), other.get("properties", {})
        closed = one.get("additionalProperties") is False and "patternProperties" not in one
        most = min(one.get("maxProperties", math.inf), len(fields) if closed else math.inf)
        if most > other.get("maxProperties", math.inf):
            return False
        if "patternProperties" in one:
            return not asked and other.get("additionalProperties", True) in (True, {})
        more, wanted = one.get("additionalProperties", True), other.get("additionalProperties", True)
        for name in {**fields, **asked}:
            if not self.holds(fields.get(name, more), asked.get(name, wanted), depth + 1):
                return False
        return self.holds(more, wanted, depth + 1)


def types_of(schema: Mapping[str, Json]) -> Iterator[str]:
    """Yield the JSON types that a schema allows at its top; without a word about it, all."""
    given = schema.get("type")
    if given is None:
        yield from (kind for kind in TYPES if kind != "integer")
    else:
        yield from [given] if isinstance(given, str) else given


def apart(branches: list[Schema], root: Schema) -> bool:
    """Whether no value fits two branches, as their types show."""
    if len(branches) == 1:
        return True
    seen: set[str] = set()
    for branch in branches:
        found = resolve(branch, root)
        if not isinstance(found, Mapping) or "type" not in found:
            return False
        kinds = set(types_of(found))
        if "integer" in kinds:
            kinds.add("number")
        if kinds & seen:
            return False
        seen |= kinds
    return True


def _plain(schema: Schema) -> Schema:
    """Return a schema without annotations at any depth."""
    if isinstance(schema, Mapping):
        made = {}
        for word, value in schema.items():
            if word in ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas"):
                made[word] = {name: _plain(part) for name, part in value.items()}
            elif word in ("enum", "const"):
                made[word] = value
            elif not is_annotation(word):
                made[word] = _plain(value)
        return made
    return [_plain(item) for item in schema] if isinstance(schema, list) else schema


def _whole(part: Schema, root: Schema) -> dict[str, Json]:
    """Return a part as a schema that stands alone."""
    if not isinstance(part, Mapping):
        return {} if part else {"not": {}}
    names = ("$defs", "definitions")
    return {**{name: root[name] for name in names if isinstance(root, Mapping) and name in root}, **part}


def _number_fits(kind: str, one: Mapping[str, Json], other: Mapping[str, Json]) -> bool:
    step = other.get("multipleOf")
    if step is not None:
        own = one.get("multipleOf", 1 if kind == "integer" else None)
        if own is None or Fraction(str(own)) % Fraction(str(step)) != 0:
            return False
    low, strict = _edge(one, "minimum", "exclusiveMinimum", 1)
    asked, strictly = _edge(other, "minimum", "exclusiveMinimum", 1)
    if low < asked or (low == asked and strictly and not strict and not math.isinf(low)):
        return False
    high, strict = _edge(one, "maximum", "exclusiveMaximum", -1)
    asked, strictly = _edge(other, "maximum", "exclusiveMaximum", -1)
    return not (high > asked or (high == asked and strictly and not strict and not math.isinf(high)))


def _edge(schema: Mapping[str, Json], word: str, exclusive: str, sign: int) -> tuple[float, bool]:
    """Return the nearer of two bounds, and whether the bound itself is outside."""
    none = -sign * math.inf
    plain, outside = schema.get(word, none), schema.get(exclusive, none)
    if plain * sign > outside * sign:
        return plain, False
    return outside, not math.isinf(outside)


def _text_fits(one: Mapping[str, Json], other: Mapping[str, Json]) -> bool:
    if one.get("minLength", 0) < other.get("minLength", 0):
        return False
    if one.get("maxLength", math.inf) > other.get("maxLength", math.inf):
        return False
    return all(word not in other or one.get(word) == other[word] for word in ("pattern", "format"))
