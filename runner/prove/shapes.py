"""What a schema lets a value be, as far as it is followed here; never less than the schema allows.

Owns: the reading of schemas into domains and fields. Whether a value is valid is `records.validation`'s part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from flowrun.prove.domains import (
    ANYTHING,
    BOOLEAN,
    LIST,
    MAP,
    NOTHING,
    NULL,
    NUMBERS,
    TEXTS,
    Domain,
    above,
    below,
    is_temporal,
    numbers,
    point,
)
from flowrun.prove.terms import NONE, Cases, Const, Fields, Money, Unknown, Value, cases
from flowrun.values.compare import is_number

Json = Any
Schema = Any
KINDS = {
    "null": NULL, "boolean": BOOLEAN, "number": NUMBERS, "integer": numbers(whole=True), "string": TEXTS,
    "array": LIST, "object": MAP,
}  # fmt: skip
DEEPEST = 12


def domain_of(schema: Schema, root: Schema, deep: int = 0) -> Domain:
    """Return the values that a schema may allow."""
    if schema is False:
        return NOTHING
    if not isinstance(schema, dict) or deep > DEEPEST:
        return ANYTHING
    found = ANYTHING
    if "$ref" in schema:
        found = found.meet(domain_of(_referred(schema["$ref"], root), root, deep + 1))
    if "type" in schema:
        kinds = schema["type"]
        found = found.meet(_union(KINDS.get(k, ANYTHING) for k in ([kinds] if isinstance(kinds, str) else kinds)))
    if "enum" in schema:
        found = found.meet(_union(_exactly(value) for value in schema["enum"]))
    if "const" in schema:
        found = found.meet(_exactly(schema["const"]))
    for word in ("anyOf", "oneOf"):
        if isinstance(schema.get(word), list):
            found = found.meet(_union(domain_of(part, root, deep + 1) for part in schema[word]))
    for part in schema.get("allOf", ()):
        found = found.meet(domain_of(part, root, deep + 1))
    return _bounded(schema, found)


def _exactly(value: Json) -> Domain:
    # A moment may be written in several ways that are equal; an amount of money is a map that compares as a number.
    return TEXTS if isinstance(value, str) and is_temporal(value) else point(value)


def _bounded(schema: dict[str, Any], found: Domain) -> Domain:
    rest = ANYTHING.minus(NUMBERS)
    for word, limit in (("minimum", above), ("maximum", below)):
        if is_number(schema.get(word)):
            found = found.meet(limit(schema[word], same=True).join(rest))
        exclusive = schema.get(f"exclusive{word.capitalize()}")
        if is_number(exclusive):
            found = found.meet(limit(exclusive).join(rest))
    if schema.get("minLength", 0) > 0:
        found = found.minus(point(""))
    return found


def _union(domains: Iterator[Domain] | Any) -> Domain:
    found = NOTHING
    for domain in domains:
        found = domain if found.empty else found.join(domain)
    return found


def _referred(target: Json, root: Schema) -> Schema:
    if not isinstance(target, str) or not target.startswith("#"):
        return True
    found: Any = root
    for part in target.lstrip("#/").split("/") if target not in ("#", "#/") else []:
        found = found.get(part.replace("~1", "/").replace("~0", "~"), True) if isinstance(found, dict) else True
    return found


def kinds_of(schema: Schema, root: Schema, word: str, deep: int = 0) -> list[dict[str, Any]]:
    """Return the parts of a schema that speak of maps (`properties`) or lists (`items`); each holds in its own case.

    One part: it holds whenever the value is of that kind. Several, or none: nothing is known of what is inside.
    """
    if not isinstance(schema, dict) or deep > DEEPEST:
        return []
    base = {name: part for name, part in schema.items() if name not in ("$ref", "anyOf", "oneOf", "allOf")}
    if "$ref" in schema:
        return kinds_of(_referred(schema["$ref"], root), root, word, deep + 1)
    parts = [p for name in ("anyOf", "oneOf", "allOf") for p in schema.get(name, ()) if p is not True]
    kind = MAP if word == "properties" else LIST
    open_to = [part for part in parts if not domain_of(part, root).meet(kind).empty]
    if not open_to:
        return [base]
    if len(open_to) > 1 or word in base:
        return []
    return kinds_of(open_to[0], root, word, deep + 1)


def text_part(schema: Schema, root: Schema, deep: int = 0) -> dict[str, Any]:
    """Return the part of a schema that speaks of its texts, such as `{type: string, format: email}` beside null."""
    if not isinstance(schema, dict) or deep > DEEPEST:
        return {}
    if "$ref" in schema:
        return text_part(_referred(schema["$ref"], root), root, deep + 1)
    parts = [part for word in ("anyOf", "oneOf") for part in schema.get(word, ())]
    for part in parts:
        if not domain_of(part, root).meet(TEXTS).empty:
            return text_part(part, root, deep + 1)
    return schema


def field(unknown: Unknown, name: str) -> Value:
    """Return a field of an unknown map; null where it surely has none."""
    found = kinds_of(unknown.schema, unknown.root, "properties")
    part: Schema = True
    required = False
    if len(found) == 1:
        known = found[0].get("properties", {})
        required = name in found[0].get("required", ())
        if name in known:
            part = known[name]
        elif "patternProperties" not in found[0]:
            part = found[0].get("additionalProperties", True)
    if part is False or unknown.domain.meet(MAP).empty:
        return NONE
    domain = domain_of(part, unknown.root)
    return Unknown(
        (*unknown.key, name),
        domain if required else domain.join(NULL),
        schema=part,
        root=unknown.root,
        parent=unknown,
        field=name,
        origin=unknown.origin,
        parts=(unknown,) if unknown.made or unknown.parts else (),
        text=unknown.text,
    )


def attribute(value: Value, name: str) -> Value:
    """Return a field of a value; null where there is none."""
    match value:
        case Const():
            inside = value.value
            return Const(inside.get(name)) if isinstance(inside, dict) else NONE
        case Fields():
            if name not in value.items and value.rest is not None:
                return field(value.rest, name)
            return value.items.get(name, NONE)
        case Unknown():
            return field(value, name)
        case Cases():
            return cases((when, attribute(inner, name)) for when, inner in value.cases)
        case Money():
            return {"amount": value.amount, "currency": value.currency}.get(name, NONE)
    return NONE


def properties(schema: Schema) -> dict[str, Schema]:
    """Return the fields that a schema names, as far as they are known."""
    found = kinds_of(schema, schema, "properties")
    known: dict[str, Schema] = found[0].get("properties", {}) if len(found) == 1 else {}
    return known


def closed(schema: Schema) -> bool:
    """Whether a map of this schema surely has no other fields than those that it names."""
    found = kinds_of(schema, schema, "properties")
    return len(found) == 1 and found[0].get("additionalProperties") is False and "patternProperties" not in found[0]


def mixture(key: tuple[Any, ...], parts: Sequence[Value], schema: Schema = True) -> Unknown:
    """Return an unknown that is made of values in a way that is not followed."""
    return Unknown(key, domain_of(schema, schema), schema=schema, origin=("made", ""), parts=parts)


def spread(given: Value, schema: Schema, path: str) -> tuple[dict[str, Value], Unknown | None]:
    """Return the fields of a map that is handed in where `schema` is wanted, and what holds its others.

    A map that is written out has no others. Of any other value, what is not followed may be anything: never nothing.
    """
    if isinstance(given, Fields):
        return dict(given.items), given.rest
    if isinstance(given, Const) and not isinstance(given.value, dict):
        return {}, None
    if isinstance(given, Const):
        return {name: Const(value) for name, value in given.value.items()}, None
    rest = given if isinstance(given, Unknown) else mixture(("args", path), [given])
    return {name: attribute(given, name) for name in properties(schema)}, None if closed(schema) else rest


def item_schema(unknown: Unknown) -> Schema:
    """Return the schema of an unknown list's items."""
    found = kinds_of(unknown.schema, unknown.root, "items")
    if len(found) != 1 or "prefixItems" in found[0]:
        return True
    return found[0].get("items", True)


def root(
    key: tuple[Any, ...], schema: Schema, origin: tuple[str, str], whole: Schema = None, parts: Sequence[Value] = ()
) -> Unknown:
    """Return an unknown value of a schema."""
    whole = schema if whole is None else whole
    return Unknown(key, domain_of(schema, whole), schema=schema, root=whole, origin=origin, parts=parts)


def never_negative(schema: Schema) -> bool:
    """Whether the numbers of a schema are surely zero or more."""
    found = domain_of(schema, schema)
    return all(low[0] >= Decimal(0) for low, _ in found.numbers)
