"""What a value of an expression can be, and which names a place has.

Owns: `Type`, its reading from JSON Schema (`from_schema`) and from data (`from_value`), and `TypeScope`. The
rules of inference are in `types_infer`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec.structs import replace

from flowrun.values.memo import by_identity
from flowrun.values.money import is_currency
from flowrun.words import mark, t


class Type(msgspec.Struct, frozen=True, kw_only=True):
    """One type.

    `kind`: any, null, boolean, integer, number, string, moment, date, time, duration, money, list, map or
    object. `fields` of an object, of which `required` are always there; `open` objects may have more. `item`
    of a list or map. `enum`: all values that are possible. `currency`: a code (`EUR`), the name of the
    sibling field that holds it, or "?" where it can no longer be told.
    """

    kind: str = "any"
    fields: Mapping[str, Type] | None = None
    required: frozenset[str] = frozenset()
    item: Type | None = None
    enum: tuple[Any, ...] | None = None
    nullable: bool = False
    currency: str | None = None
    open: bool = False

    def or_null(self, nullable: bool = True) -> Type:
        """Return the type that may also be null (where `nullable`)."""
        return replace(self, nullable=True) if nullable and not self.nullable and self.kind != "null" else self

    def not_null(self) -> Type:
        """Return the type without null."""
        return replace(self, nullable=False) if self.nullable else self

    def words(self) -> str:
        """Return the type in plain words."""
        if self.currency and self.kind in ("number", "integer"):
            known = is_currency(self.currency)
            return t("an amount in {currency}", currency=self.currency) if known else t("an amount of money")
        return t(_WORDS.get(self.kind, self.kind))


_WORDS = {
    "any": mark("anything"),
    "null": mark("nothing"),
    "boolean": mark("true or false"),
    "integer": mark("a whole number"),
    "number": mark("a number"),
    "string": mark("a text"),
    "moment": mark("a moment"),
    "date": mark("a date"),
    "time": mark("a time of day"),
    "duration": mark("a duration"),
    "money": mark("money"),
    "list": mark("a list"),
    "map": mark("a map"),
    "object": mark("a record"),
}

ANY = Type()
BOOLEAN = Type(kind="boolean")
INTEGER = Type(kind="integer")
NUMBER = Type(kind="number")
STRING = Type(kind="string")
MOMENT = Type(kind="moment")
NULL = Type(kind="null", nullable=True)
OPEN = Type(kind="object", fields={}, open=True)
"""A map of which nothing is known, such as `env`."""

RUN = Type(
    kind="object",
    fields={"id": STRING, "started": MOMENT, "flow": STRING, "version": INTEGER, "mode": STRING},
    required=frozenset(("id", "started", "flow", "version", "mode")),
)

_FORMATS = {"date-time": "moment", "date": "date", "time": "time"}
_KINDS = {"boolean", "integer", "number", "string", "null"}


def from_schema(schema: Any, defs: Mapping[str, Any] | None = None) -> Type:
    """Return the type of a JSON Schema (2020-12); what cannot be told is `any`. `defs` replace the schema's
    own.
    """
    if not isinstance(schema, dict):
        return ANY
    return _whole(schema) if defs is None else _read(schema, defs, ())


@by_identity
def _whole(schema: dict[str, Any]) -> Type:
    return _read(schema, schema.get("$defs") or {}, ())


def _read(schema: Any, defs: Mapping[str, Any], seen: tuple[str, ...]) -> Type:
    if not isinstance(schema, dict):
        return ANY
    ref = schema.get("$ref")
    if isinstance(ref, str):
        name = ref.removeprefix("#/$defs/")
        if name == ref or name not in defs or name in seen:
            return ANY
        found = _read(defs[name], defs, (*seen, name))
        return _marked(found, schema)
    for key in ("anyOf", "oneOf"):
        options = schema.get(key)
        if isinstance(options, list) and options and "properties" not in schema:
            return _marked(union(_read(option, defs, seen) for option in options), schema)
    parts = schema.get("allOf")
    if isinstance(parts, list) and parts and "type" not in schema:
        return _marked(_read(parts[0], defs, seen), schema) if len(parts) == 1 else ANY
    if "const" in schema:
        return _marked(from_value(schema["const"]), schema)
    values = schema.get("enum")
    if isinstance(values, list) and values:
        return _marked(_choice(values), schema)
    kinds = schema.get("type")
    if isinstance(kinds, list):
        found = union(_read({**schema, "type": kind}, defs, seen) for kind in kinds)
        return found
    return _one(kinds, schema, defs, seen)


def _one(kind: Any, schema: Mapping[str, Any], defs: Mapping[str, Any], seen: tuple[str, ...]) -> Type:
    if kind == "null":
        return NULL
    if kind == "array":
        return Type(kind="list", item=_read(schema.get("items"), defs, seen))
    if kind == "object" or (kind is None and "properties" in schema):
        properties = schema.get("properties")
        extra = schema.get("additionalProperties")
        if not properties:
            if isinstance(extra, dict):
                return Type(kind="map", item=_read(extra, defs, seen))
            return OPEN if extra is not False else Type(kind="object", fields={})
        fields = {name: _read(value, defs, seen) for name, value in properties.items()}
        # Without a word about other fields, a name outside the description is most likely a typing error.
        return Type(
            kind="object",
            fields=fields,
            required=frozenset(schema.get("required") or ()),
            open=extra is True or isinstance(extra, dict),
        )
    if kind == "string":
        return Type(kind=_FORMATS.get(str(schema.get("format")), "string"))
    if kind in _KINDS:
        return _marked(Type(kind=kind), schema)
    return ANY


def _marked(found: Type, schema: Mapping[str, Any]) -> Type:
    currency = schema.get("x-money")
    if isinstance(currency, str) and found.kind in ("number", "integer"):
        return replace(found, currency=currency)
    return found


def from_value(value: Any) -> Type:
    """Return the type of data, such as a literal or a table; texts, numbers, booleans are their own enum."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return Type(kind="boolean", enum=(value,))
    if isinstance(value, int):
        return Type(kind="integer", enum=(value,))
    if isinstance(value, float):
        return Type(kind="number", enum=(value,))
    if isinstance(value, str):
        return Type(kind="string", enum=(value,))
    if isinstance(value, list | tuple):
        return Type(kind="list", item=union(from_value(item) for item in value) if value else ANY)
    if isinstance(value, dict):
        fields = {str(name): from_value(item) for name, item in value.items()}
        return Type(kind="object", fields=fields, required=frozenset(fields))
    return ANY


def _choice(values: list[Any]) -> Type:
    if all(isinstance(value, str) for value in values):
        return Type(kind="string", enum=tuple(dict.fromkeys(values)))
    return union(from_value(value) for value in values)


def union(types: Iterable[Type]) -> Type:
    """Return the type of a value that is one of these."""
    found: Type | None = None
    nullable = False
    for each in types:
        nullable = nullable or each.nullable
        if each.kind != "null":
            found = each.not_null() if found is None else _both(found, each.not_null())
    if found is None:
        return NULL
    return found.or_null(nullable)


def _both(one: Type, other: Type) -> Type:
    if one == other:
        return one
    if {one.kind, other.kind} == {"integer", "number"}:
        one, other = replace(one, kind="number"), replace(other, kind="number")
    if one.kind != other.kind or "any" in (one.kind, other.kind):
        return ANY
    enum = None
    if one.enum is not None and other.enum is not None:
        enum = one.enum + tuple(value for value in other.enum if value not in one.enum)
    item = union((one.item, other.item)) if one.item and other.item else None
    fields: dict[str, Type] | None = None
    if one.fields is not None and other.fields is not None:
        names = [*one.fields, *(name for name in other.fields if name not in one.fields)]
        fields = {
            name: union(kind.fields[name] for kind in (one, other) if kind.fields and name in kind.fields)
            for name in names
        }
    return Type(
        kind=one.kind,
        fields=fields,
        required=one.required & other.required,
        item=item or (ANY if one.kind in ("list", "map") else None),
        enum=enum,
        currency=one.currency if one.currency == other.currency else "?",
        open=one.open or other.open,
    )


@dataclass(slots=True, kw_only=True)
class TypeScope:
    """The names of one place and their types. None: the name does not exist there.

    `steps`: visible steps by id; `hidden`: other ids with the reason why they cannot be seen (`runs later`).
    `calls`: tools by name, with the types of their arguments and output; `call_certain`: those that surely
    ran. `tables` is the type of all tables together (`from_value`). `more`: `env`, `secret`, `event`.
    `variables` of `{% for %}`. `rules`: a null denies, so it needs no guard. `known`: paths that were asked for null before.
    """

    input: Type | None = None
    steps: Mapping[str, Type] | None = None
    hidden: Mapping[str, str] = field(default_factory=dict)
    calls: Mapping[str, tuple[Type, Type]] | None = None
    call_certain: frozenset[str] | set[str] = frozenset()
    item: Type | None = None
    args: Type | None = None
    facts: Mapping[str, Type] | Type | None = None
    tables: Type | None = None
    run: Type | None = RUN
    model: Type | None = None
    more: Mapping[str, Type] = field(default_factory=dict)
    variables: Mapping[str, Type] = field(default_factory=dict)
    rules: bool = False
    known: frozenset[str] = frozenset()

    def root(self, name: str) -> Type | None:
        """Return the type of a first name other than `steps` and `calls`, or None where it does not exist
        here.
        """
        if name in self.more:
            return self.more[name]
        if name == "facts" and self.facts is not None and not isinstance(self.facts, Type):
            return Type(kind="object", fields=self.facts, required=frozenset(self.facts))
        found: Type | None = getattr(self, name) if name in _SLOTS else None
        return found

    def roots(self) -> list[str]:
        """Return the first names that exist here."""
        names = [name for name in ("input", "steps", "calls", *_SLOTS[1:]) if getattr(self, name) is not None]
        return names + list(self.more)


_SLOTS = ("input", "item", "run", "args", "facts", "tables", "model")
