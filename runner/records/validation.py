"""Checking a value against a JSON Schema, with problems that a person or a model can act on.

Owns: compiled schemas (`Checker`), the shape of a problem, and the placeholder rule. Schemas are JSON Schema
2020-12 with formats asserted; nothing is fetched. Reading schema files is `registry`'s part, mending is
`repair`'s.

No message holds a value that the schema marks `x-pii` or `x-secret`: its kind stands there, such as `[email]`. Messages
reach screens, logs and the journal.

A problem is `{"path": JSON Pointer, "rule": keyword, "message": plain words, "allowed": list or None}`. A
missing field and a field too many have the path of that field, so that each problem names exactly what has to
change.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from typing import Any

import jsonschema_rs
import msgspec

from flowrun.errors import ConfigError
from flowrun.privacy.marks import kinds_in, part_of
from flowrun.records.placeholders import Placeholders
from flowrun.records.words import words
from flowrun.words import t

Json = Any
Problem = dict[str, Json]
Seen = Callable[[jsonschema_rs.ValidationError], Json]

MAX_BYTES = 1_000_000
"""A larger value is refused without being validated."""
MAX_DEPTH = 60
"""A value nested deeper is refused without being validated."""
MAX_PROBLEMS = 50
"""More are of no use to anyone; the first ones in document order are kept."""

_UNEXPECTED = ("additionalProperties", "unevaluatedProperties")


class Checker:
    """One compiled schema.

    Raises `ConfigError` (FR2010) where the schema itself is not valid JSON Schema 2020-12.
    """

    __slots__ = ("_placeholders", "_seen", "_validator", "schema")

    def __init__(self, schema: dict[str, Json]) -> None:
        problem = schema_problem(schema)
        if problem is not None:
            raise ConfigError(
                t(
                    "This schema is not valid JSON Schema 2020-12: at {problem}: {problem2}",
                    problem=problem[0] or "/",
                    problem2=problem[1],
                ),
                code="FR2010",
            )
        self.schema = schema
        self._validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True, offline=True)
        self._placeholders = Placeholders(schema)
        self._seen: Seen = partial(_seen, schema) if kinds_in(schema) else lambda error: error.instance

    def check(self, value: Json, *, placeholders: bool = True) -> list[Problem]:
        """Return what is wrong with the value; an empty list when it is valid.

        `placeholders` False skips the placeholder rule, for what people and systems outside have written
        themselves (a customer may well write "none"). Never raises for any value.
        """
        if not _small_and_flat(value):
            refused = _refusal(value)
            if refused is not None:
                return [refused]
        found: list[Problem] = []
        try:
            if not self._validator.is_valid(value):
                for error in self._validator.iter_errors(value):
                    found.extend(_problems(error, self._seen))
                    if len(found) >= MAX_PROBLEMS:
                        break
        except (ValueError, TypeError, RecursionError) as error:
            return [_problem("", "json", f"The value cannot be checked: {error}")]
        if placeholders and self._placeholders.any:
            found.extend(
                _problem(path, "placeholder", f"{text!r} is a placeholder; write the real text")
                for path, text in self._placeholders.find(value)
            )
        return _distinct(found) if found else found

    def is_valid(self, value: Json, *, placeholders: bool = True) -> bool:
        """Return whether `check` finds nothing."""
        return not self.check(value, placeholders=placeholders)


def checker(schema: dict[str, Json] | bytes) -> Checker:
    """Return the compiled schema from a cache; `schema` is a dict or its JSON. Raises `ConfigError`
    (FR2010).
    """
    return _cached(schema if isinstance(schema, bytes) else msgspec.json.encode(schema))


@lru_cache(maxsize=512)
def _cached(schema: bytes) -> Checker:
    return Checker(msgspec.json.decode(schema))


def schema_problem(schema: Json) -> tuple[str, str] | None:
    """Return (JSON Pointer, what is wrong) where a schema is not valid JSON Schema 2020-12, else None."""
    if not isinstance(schema, dict):
        return "", 'a record schema is an object such as {"type": "object", ...}'
    draft = schema.get("$schema")
    if draft is not None and (not isinstance(draft, str) or "2020-12" not in draft):
        return "/$schema", 'only "https://json-schema.org/draft/2020-12/schema" is read'
    try:
        jsonschema_rs.Draft202012Validator(schema, validate_formats=True, offline=True)
    except jsonschema_rs.ValidationError as error:
        return pointer(error.instance_path), error.message
    except (ValueError, TypeError, RecursionError, jsonschema_rs.ReferencingError) as error:
        return "", str(error).split("\n", 1)[0]
    return None


def pointer(tokens: Sequence[str | int]) -> str:
    """Return the JSON Pointer of a path; the whole value is the empty text."""
    return "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in tokens)


def _problem(path: str, rule: str, message: str, allowed: list[Json] | None = None) -> Problem:
    return {"path": path, "rule": rule, "message": message, "allowed": allowed}


def _seen(schema: dict[str, Json], error: jsonschema_rs.ValidationError) -> Json:
    """Return what a message may show of the value that an error is about: its kind where it, or a part of it, is marked."""
    kinds = kinds_in(part_of(schema, error.instance_path), schema)
    return f"[{min(kinds)}]" if kinds else error.instance


def _problems(error: jsonschema_rs.ValidationError, seen: Seen) -> Iterator[Problem]:
    kind = error.kind
    rule = kind.name
    path = pointer(error.instance_path)
    if rule == "required":
        name = getattr(kind, "property")  # noqa: B009 - the stub's base class lacks the field
        yield _problem(path + pointer([name]), rule, f"{name!r} is missing")
    elif rule in _UNEXPECTED:
        for name in getattr(kind, "unexpected"):  # noqa: B009
            yield _problem(path + pointer([name]), rule, f"{name!r} is not a field here; leave it out")
    elif rule == "falseSchema":
        yield _problem(path, rule, "nothing is allowed here; leave it out")
    elif rule == "propertyNames":
        inner = getattr(kind, "error")  # noqa: B009
        name = inner.instance
        yield _problem(path + pointer([name]), rule, f"the name {name!r} is not allowed: {inner.message}")
    elif rule in ("anyOf", "oneOf"):
        yield from _choice(error, rule, path, seen)
    else:
        message, allowed = _words(error, seen)
        yield _problem(path, rule, message, allowed)


def _words(error: jsonschema_rs.ValidationError, seen: Seen) -> tuple[str, list[Json] | None]:
    value = seen(error)
    return words(error, value, told=value == error.instance)


def _choice(error: jsonschema_rs.ValidationError, rule: str, path: str, seen: Seen) -> Iterator[Problem]:
    """Where only one of the forms has the value's type, its problems say more than "fits none of the
    forms".
    """
    forms: list[list[jsonschema_rs.ValidationError]] = getattr(error.kind, "context", None) or []
    if type(error.kind).__name__ == "OneOfMultipleValid":
        yield _problem(path, rule, "the value fits more than one of the forms that exclude each other")
        return
    here = list(error.instance_path)
    near = [form for form in forms if not any(e.kind.name == "type" and list(e.instance_path) == here for e in form)]
    if len(near) == 1 and near[0]:
        for inner in near[0]:
            yield from _problems(inner, seen)
        return
    allowed: list[Json] = []
    for form in near:
        for inner in form:
            if list(inner.instance_path) == here and inner.kind.name in ("enum", "const"):
                allowed.extend(_words(inner, seen)[1] or ())
    why = "; or ".join(dict.fromkeys(_words(form[0], seen)[0] for form in forms if form))
    yield _problem(path, rule, f"the value fits none of the {len(forms)} forms: {why}", allowed or None)


def _distinct(found: list[Problem]) -> list[Problem]:
    seen: dict[tuple[str, str], Problem] = {}
    for problem in found:
        seen.setdefault((problem["path"], problem["rule"]), problem)
    return list(seen.values())[:MAX_PROBLEMS]


def _small_and_flat(value: Json) -> bool:
    """Say quickly whether nothing in `_refusal` can apply: the common case of a few plain fields."""
    if type(value) is not dict or len(value) > 40:
        return False
    for name, item in value.items():
        kind = type(item)
        if kind is str:
            if len(item) > 2000 or not item.isascii():
                return False
        elif kind is int:
            if not -(1 << 63) <= item < 1 << 64:
                return False
        elif kind is float:
            if not math.isfinite(item):
                return False
        elif kind is not bool and item is not None:
            return False
        if type(name) is not str or len(name) > 200 or not name.isascii():
            return False
    return True


def _refusal(value: Json) -> Problem | None:
    """Walk the value without recursion: too deep, too large, or not JSON."""
    size = 0
    level: list[Json] = [value]
    for depth in range(MAX_DEPTH + 1):
        below: list[Json] = []
        for item in level:
            size += 2
            kind = type(item)
            if kind is str:
                if item.isascii():
                    size += len(item)
                else:
                    try:
                        size += len(item.encode())
                    except UnicodeEncodeError:
                        return _problem("", "json", "a text holds half of a character pair, which JSON cannot carry")
            elif kind is dict:
                for name in item:
                    if type(name) is not str:
                        return _problem("", "json", f"the field name {name!r} is not a text")
                    size += len(name)
                    if not name.isascii():
                        try:
                            name.encode()
                        except UnicodeEncodeError:
                            return _problem("", "json", "a field name holds half of a character pair")
                below.extend(item.values())
            elif kind is list:
                below.extend(item)
            elif kind is float:
                if not math.isfinite(item):
                    return _problem("", "json", f"{item} is not a JSON number")
            elif kind is int:
                size += item.bit_length() // 4
            elif kind is not bool and item is not None:
                return _problem("", "json", f"a {kind.__name__} is not JSON data")
            if size + 2 * len(below) > MAX_BYTES:
                return _problem("", "size", f"the value is larger than {MAX_BYTES // 1000} kB")
        if not below:
            return None
        level = below
        if depth == MAX_DEPTH:
            break
    return _problem("", "depth", f"the value is nested deeper than {MAX_DEPTH} levels")
