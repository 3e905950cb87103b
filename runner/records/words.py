"""What a broken schema rule means in plain words.

Owns: one sentence for each JSON Schema keyword, and the allowed values where there is a closed list. It looks
only at the validator's error; paths and the order of problems are `validation`'s part.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import jsonschema_rs
import msgspec

Json = Any

_STAND_IN = re.compile(r"\[[a-z][a-z0-9_-]*\]")
_TYPES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
    "array": "a list",
    "object": "an object with fields",
}
_FORMATS = {
    "date-time": "a moment with a zone, such as 2026-03-02T09:00:00Z",
    "date": "a date, such as 2026-03-02",
    "time": "a time with a zone, such as 09:00:00Z",
    "duration": "a duration, such as PT4H",
    "email": "an email address",
    "uri": "a full address, such as https://example.com/",
    "uuid": "a UUID",
}


def words(error: jsonschema_rs.ValidationError, value: Json, *, told: bool = True) -> tuple[str, list[Json] | None]:
    """Return (the sentence, the allowed values or None) of one error; `value` is what the sentence shows of the instance.

    `told` False: that is not the instance itself, so the validator's own words, which hold it, are not used.
    """
    sentence = _SENTENCES.get(error.kind.name)
    if sentence is None:
        return (_short(error.message) if told else f"the value breaks the rule {error.kind.name}"), None
    return sentence(error.kind, value)


def show(value: Json) -> str:
    """Return a value as short JSON text; a stand-in such as `[email]` without quotes."""
    if isinstance(value, str) and _STAND_IN.fullmatch(value):
        return value
    try:
        return _short(msgspec.json.encode(value).decode())
    except (TypeError, ValueError, RecursionError):
        return _short(repr(value))


def _short(text: str) -> str:
    return text if len(text) <= 160 else text[:157] + "..."


def _enum(kind: Any, value: Json) -> tuple[str, list[Json] | None]:
    options = list(kind.options)
    return f"{show(value)} is not one of {', '.join(show(option) for option in options)}", options


def _const(kind: Any, value: Json) -> tuple[str, list[Json] | None]:
    return f"{show(value)} must be exactly {show(kind.expected_value)}", [kind.expected_value]


def _type(kind: Any, value: Json) -> tuple[str, list[Json] | None]:
    wanted = " or ".join(_TYPES.get(name, name) for name in kind.types)
    return f"{show(value)} must be {wanted}", None


def _format(kind: Any, value: Json) -> tuple[str, list[Json] | None]:
    return f"{show(value)} must be {_FORMATS.get(kind.format, 'of the format ' + kind.format)}", None


def _limit(before: str, after: str = "") -> Callable[[Any, Json], tuple[str, list[Json] | None]]:
    def sentence(kind: Any, value: Json) -> tuple[str, list[Json] | None]:
        return f"{before} {kind.limit}{after}", None

    return sentence


def _fixed(text: str) -> Callable[[Any, Json], tuple[str, list[Json] | None]]:
    return lambda kind, value: (text, None)


_SENTENCES: dict[str, Callable[[Any, Json], tuple[str, list[Json] | None]]] = {
    "enum": _enum,
    "const": _const,
    "type": _type,
    "format": _format,
    "pattern": lambda kind, value: (f"{show(value)} does not match the pattern {kind.pattern}", None),
    "multipleOf": lambda kind, value: (f"{show(value)} must be a multiple of {kind.multiple_of}", None),
    "minimum": _limit("the number must be at least"),
    "maximum": _limit("the number must be at most"),
    "exclusiveMinimum": _limit("the number must be more than"),
    "exclusiveMaximum": _limit("the number must be less than"),
    "minLength": _limit("the text must have at least", " characters"),
    "maxLength": _limit("the text must have at most", " characters"),
    "minItems": _limit("the list must have at least", " entries"),
    "maxItems": _limit("the list must have at most", " entries"),
    "minProperties": _limit("the object must have at least", " fields"),
    "maxProperties": _limit("the object must have at most", " fields"),
    "uniqueItems": _fixed("the list holds the same entry twice"),
    "contains": _fixed("the list holds no entry of the required kind"),
    "not": _fixed("the value is of a kind that is forbidden here"),
    "unevaluatedItems": _fixed("the list holds entries that are not allowed"),
}
