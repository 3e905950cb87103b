"""What a schema says about its fields: who wrote them, and what they decide where they are arguments of a write.

Owns: the reading of the marks `x-untrusted`, `x-role`, `x-pii`, `x-money`, and of the names and formats that stand in for
them where a schema has no marks. The table is told to users in docs/concepts/origins.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flowrun.values.memo import by_identity

Schema = dict[str, Any]
Path = tuple[str, ...]
ITEM = "*"
"""In a path, any item of a list."""

RECIPIENT, AMOUNT, RECORD_ID = "recipient", "amount", "record_id"
ROLES = (RECIPIENT, AMOUNT, RECORD_ID)
_REACHES = frozenset({"email", "phone", "address", "iban", "account"})
_FORMATS = frozenset({"email", "idn-email", "uri", "url", "iri", "hostname"})
_RECIPIENTS = frozenset(
    {"to", "cc", "bcc", "recipient", "recipients", "payee", "iban", "account", "email", "phone", "address", "url",
     "webhook", "channel"}
)  # fmt: skip
_RECIPIENT_ENDS = ("_email", "_phone", "_iban", "_account", "_address", "_url", "_recipient")
_AMOUNTS = frozenset({"amount", "price", "total", "sum"})
_IDS = frozenset({"id", "ids", "uuid", "key"})
_ID_ENDS = ("_id", "_ids", "_uuid", "_key", "_number", "_ref")
_PARTS = ("anyOf", "oneOf", "allOf")


@by_identity
def leaves(schema: Schema) -> tuple[tuple[Path, Schema, bool], ...]:
    """Return each field that holds a plain value: its path, its schema, and whether somebody outside wrote it."""
    return tuple(_leaves(schema, (), False))


def _leaves(schema: Schema, path: Path, untrusted: bool) -> Iterator[tuple[Path, Schema, bool]]:
    untrusted = untrusted or schema.get("x-untrusted") is True
    parts = [part for word in _PARTS for part in schema.get(word, ()) if isinstance(part, dict)]
    inner = False
    for name, field in schema.get("properties", {}).items():
        inner = True
        if isinstance(field, dict):
            yield from _leaves(field, (*path, name), untrusted)
    if isinstance(schema.get("items"), dict):
        inner = True
        yield from _leaves(schema["items"], (*path, ITEM), untrusted)
    nested = [part for part in parts if "properties" in part or "items" in part]
    for part in nested:
        yield from _leaves(part, path, untrusted)
    if inner or nested:
        return
    # Marks of a nullable field may stand beside its `anyOf` or inside.
    merged = dict(schema)
    for part in parts:
        if part.get("type") != "null":
            merged |= {word: value for word, value in part.items() if word not in merged}
    yield path, merged, untrusted or merged.get("x-untrusted") is True


def under(schema: Schema, path: Sequence[str]) -> list[tuple[Path, Schema, bool]]:
    """Return the fields at a path or below it; an item's number and `*` are the same."""
    wanted = tuple(ITEM if part.isdigit() else part for part in path)
    found = [leaf for leaf in leaves(schema) if leaf[0][: len(wanted)] == wanted]
    if found:
        return found
    # A list may be passed through a filter such as `first`, which leaves no trace in the path.
    return [leaf for leaf in leaves(schema) if tuple(p for p in leaf[0] if p != ITEM)[: len(wanted)] == wanted]


def name_of(path: Sequence[str]) -> str:
    """Return the name of the field that a path ends in."""
    return next((part for part in reversed(path) if part != ITEM), "")


def is_choice(schema: Schema) -> bool:
    """Whether a field holds one of few values, which say nothing by themselves."""
    return "enum" in schema or "const" in schema or kinds(schema) == {"boolean"}


def is_free_text(path: Sequence[str], schema: Schema) -> bool:
    """Whether anything can be written into a field: a text without list, format or pattern, and no id."""
    if schema.get("x-pii") == "free_text":
        return True
    closed = is_choice(schema) or "format" in schema or "pattern" in schema
    return "string" in kinds(schema) and not closed and not _is_id(name_of(path).lower())


def role_of(path: Sequence[str], schema: Schema) -> str | None:
    """Return what an argument of a write decides: `recipient`, `amount`, `record_id`, or None."""
    if "x-role" in schema:
        role = schema["x-role"]
        return role if role in ROLES else None
    if is_choice(schema):
        return None
    name, types = name_of(path).lower(), kinds(schema)
    if "x-money" in schema:
        return AMOUNT
    if "string" in types:
        if schema.get("x-pii") in _REACHES or schema.get("format") in _FORMATS:
            return RECIPIENT
        if "x-pii" not in schema and (name in _RECIPIENTS or name.endswith(_RECIPIENT_ENDS)):
            return RECIPIENT
    if types & {"string", "integer"} and (_is_id(name) or schema.get("format") == "uuid"):
        return RECORD_ID
    if types & {"number", "integer"} and (name in _AMOUNTS or name.endswith("_amount")):
        return AMOUNT
    return None


def _is_id(name: str) -> bool:
    return name in _IDS or name.endswith(_ID_ENDS)


def kinds(schema: Schema) -> set[str]:
    """Return the JSON types of a field, without null; a field that says none may be a text."""
    given = schema.get("type", "string")
    return {kind for kind in ([given] if isinstance(given, str) else given) if kind != "null"}
