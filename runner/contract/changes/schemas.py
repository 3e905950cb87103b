"""Two JSON Schemas compared: does the new one let more values through?

Owns: that order, for closed and open objects, lists, plain values and their bounds. It is sound: `same` and `narrower` are
said only of schemas that surely let nothing new through; where a word is not known here, it is `unknown`.
"""

from __future__ import annotations

from typing import Any

SAME, WIDER, NARROWER, UNKNOWN = "same", "wider", "narrower", "unknown"
Schema = Any
_TOLD = frozenset({"title", "description", "$schema", "$id", "examples", "default", "x-pii", "x-secret", "x-untrusted", "x-role",
                   "$comment", "deprecated"})  # fmt: skip
"""Words that let nothing through and keep nothing out. What the marks say is compared elsewhere."""
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_KNOWN = frozenset(
    {"type", "enum", "const", "properties", "required", "additionalProperties", "items", *_UPPER, *_LOWER}
)


def order(old: Schema, new: Schema) -> str:
    """Return whether the new schema is `same`, `wider`, `narrower` or not to be ordered (`unknown`)."""
    if bare(old) == bare(new):
        return SAME
    if not isinstance(old, dict) or not isinstance(new, dict):
        if old is True or new is False:
            return NARROWER
        return WIDER if old is False or new is True else UNKNOWN
    found = {_keyword(word, old, new) for word in (set(old) | set(new)) - _TOLD} - {SAME}
    if not found:
        return SAME
    return found.pop() if len(found) == 1 else UNKNOWN


def bare(schema: Schema) -> Schema:
    """Return a schema without the words that only tell something."""
    if isinstance(schema, dict):
        return {
            word: {name: bare(inner) for name, inner in value.items()} if word == "properties" else bare(value)
            for word, value in schema.items()
            if word not in _TOLD
        }
    return [bare(part) for part in schema] if isinstance(schema, list) else schema


def _keyword(word: str, old: dict[str, Schema], new: dict[str, Schema]) -> str:
    was, now = old.get(word), new.get(word)
    if bare(was) == bare(now) and (word in old) == (word in new):
        return SAME
    if word in _UPPER or word in _LOWER:
        return _bound(was, now, up=word in _UPPER)
    if word in ("enum", "type"):
        return _set(was, now)
    if word == "required":
        return _required(was or [], now or [])
    if word == "properties":
        return _properties(old, new)
    if word == "additionalProperties":
        return order(old.get(word, True), new.get(word, True))
    if word == "items" and isinstance(was, dict) and isinstance(now, dict):
        return order(was, now)
    if word in new and word not in old:
        return NARROWER if word in _KNOWN or word in ("pattern", "format", "multipleOf", "uniqueItems") else UNKNOWN
    if (
        word in old
        and word not in new
        and (word in _KNOWN or word in ("pattern", "format", "multipleOf", "uniqueItems"))
    ):
        return WIDER
    return UNKNOWN


def _bound(was: Any, now: Any, *, up: bool) -> str:
    if was is None or now is None:
        return WIDER if now is None else NARROWER
    return WIDER if (now > was) is up else NARROWER


def _set(was: Any, now: Any) -> str:
    if was is None or now is None:
        return WIDER if now is None else NARROWER
    old, new = [[one] if isinstance(one, str) else list(one) for one in (was, now)]
    if all(value in new for value in old):
        return SAME if all(value in old for value in new) else WIDER
    return NARROWER if all(value in old for value in new) else UNKNOWN


def _required(was: list[str], now: list[str]) -> str:
    old, new = set(was), set(now)
    return SAME if old == new else NARROWER if old < new else WIDER if new < old else UNKNOWN


def _properties(old: dict[str, Schema], new: dict[str, Schema]) -> str:
    was, now = old.get("properties") or {}, new.get("properties") or {}
    # A field that is not described is what `additionalProperties` says.
    rest_old, rest_new = old.get("additionalProperties", True), new.get("additionalProperties", True)
    found = {order(was.get(name, rest_old), now.get(name, rest_new)) for name in {*was, *now}} - {SAME}
    return SAME if not found else found.pop() if len(found) == 1 else UNKNOWN
