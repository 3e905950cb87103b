"""Lists and maps: of one kind, of one or many, and with fixed keys.

Owns: `Key` and `Shape`, the table form of the language's maps, from which both the reader and the JSON Schema come.
Which keys exist is written in the grammars.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from flowrun.errors import Span
from flowrun.lang.document import Map, Node, Scalar, Seq
from flowrun.lang.kinds import NAMED, Choice, Expression, Json, Text, Word
from flowrun.lang.reading import MISSING, Define, Kind, Reader, closest, empty, names, short
from flowrun.lang.words import SYNONYMS
from flowrun.words import capital, sentences, t


class Items(msgspec.Struct, frozen=True):
    """A list, as a tuple. `lone` also takes one value without its list; `least` is how many there must be."""

    kind: Kind
    lone: bool = False
    least: int = 0

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        if isinstance(node, Seq):
            if len(node.items) < self.least:
                rule = "no-steps" if key in ("steps", "otherwise") else "empty-value"
                return cx.say(
                    rule, t("`{key}` is an empty list.", key=key), short(node.span), help=t("Put something into it.")
                )
            values = [self.kind.read(cx, item, key) for item in node.items]
            return MISSING if MISSING in values else tuple(values)
        if empty(cx, node, key):
            return MISSING
        if self.lone:
            value = self.kind.read(cx, node, key)
            return MISSING if value is MISSING else (value,)
        words = isinstance(self.kind, Word | Text | Choice | Expression)
        flow = words and isinstance(node, Scalar) and node.style == "plain" and not set(node.text) & set("[]{},:#\n")
        return cx.say(
            "wrong-type",
            t("`{key}` is a list, not {found}.", key=key, found=names(node)),
            short(node.span),
            help=t("Write each item in a line of its own, after `- `."),
            fix=f"[{node.text}]" if flow and isinstance(node, Scalar) else None,
        )

    def schema(self, define: Define) -> Json:
        inner = self.kind.schema(define)
        listed: Json = {"type": "array", "items": inner}
        if self.least:
            listed["minItems"] = self.least
        return {"anyOf": [inner, listed]} if self.lone else listed


class Named(msgspec.Struct, frozen=True):
    """A map from names that the author chooses to values of one kind; in file order."""

    kind: Kind
    name: Word | None = None
    optional: bool = False
    """Whether `NAME:` without a value means an empty map."""

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        if not isinstance(node, Map):
            if empty(cx, node, key):
                return MISSING
            hint = t("Write `name: value`.")
            if isinstance(node, Seq) and self.optional:
                hint = t("Write each one as a key: `crm.lookup_customer: {}`.")
            return cx.say(
                "wrong-type",
                t("`{key}` is a map, not {found}.", key=key, found=names(node)),
                short(node.span),
                help=hint,
            )
        values: dict[str, Any] = {}
        good = True
        for name, value in node.entries:
            good &= self.name is None or self.name.check(cx, name, key) is not MISSING
            if self.optional and isinstance(value, Scalar) and value.value is None:
                value = Map((), name.start, name.end, name.span)
            values[name.text] = self.kind.read(cx, value, name.text)
        return values if good and MISSING not in values.values() else MISSING

    def schema(self, define: Define) -> Json:
        inner = self.kind.schema(define)
        if self.optional:
            inner = {"anyOf": [inner, {"type": "null"}]}
        if self.name is None:
            return {"type": "object", "additionalProperties": inner}
        pattern = f"^({self.name.pattern})$"
        named: Json = {"type": "object", "patternProperties": {pattern: inner}, "additionalProperties": False}
        return {**named, NAMED: f"by {self.name.names}"} if self.name.names else named


class Key(msgspec.Struct, frozen=True):
    """One key of a shape. `about` is shown by editors."""

    name: str
    kind: Kind
    about: str = ""
    required: bool = False


class Read(msgspec.Struct, frozen=True):
    """The values of a map that was read: by key, with the place of each key and of its values."""

    values: Mapping[str, Any]
    at: Mapping[str, Span]
    places: Mapping[str, tuple[Span, ...]]
    span: Span

    def get(self, key: str, otherwise: Any = None) -> Any:
        """Return a value, or what holds where the key is absent."""
        return self.values.get(key, otherwise)

    def pick(self, *keys: str) -> dict[str, Any]:
        """Return the present ones of some keys as arguments; `with` becomes `with_`."""
        return {("with_" if key == "with" else key): self.values[key] for key in keys if key in self.values}


def _places(node: Node) -> tuple[Span, ...]:
    if isinstance(node, Seq):
        return tuple(item.span for item in node.items)
    if isinstance(node, Map):
        return tuple(name.span for name, _ in node.entries)
    return (node.span,)


Build = Callable[[Reader, Read], Any]


class Shape(msgspec.Struct, frozen=True):
    """A map with fixed keys, built into a value of the spec. `what` names it in messages, with `of` in the place of
    `{name}`.
    """

    what: str
    keys: tuple[Key, ...]
    build: Build
    elsewhere: Mapping[str, str] = {}
    """Keys that are right in a sister shape, with its name."""
    of: str = ""

    def named(self) -> str:
        """Return what it is, in the language of the messages."""
        return t(self.what, name=self.of)

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        if not isinstance(node, Map):
            if empty(cx, node, key):
                return MISSING
            return cx.say(
                "wrong-type",
                t("{what} is a map (`name: value`), not {found}.", what=capital(self.named()), found=names(node)),
                short(node.span),
                help=t("Possible keys: {keys}.", keys=", ".join(item.name for item in self.keys)),
            )
        table = {item.name: item for item in self.keys}
        values: dict[str, Any] = {}
        at: dict[str, Span] = {}
        places: dict[str, tuple[Span, ...]] = {}
        before = len(cx.found)
        for name, value in node.entries:
            known = table.get(name.text)
            if known is None:
                self.unknown(cx, name, node)
                continue
            at[name.text] = name.span
            places[name.text] = _places(value)
            values[name.text] = known.kind.read(cx, value, name.text)
        self.missing(cx, node, at, before)
        if any(item.severity == "error" for item in cx.found[before:]):
            return MISSING
        return self.build(cx, Read(values, at, places, node.span))

    def missing(self, cx: Reader, node: Map, at: Mapping[str, Span], before: int) -> None:
        """Note required keys that are absent, unless an unknown key may have meant them."""
        absent = [item.name for item in self.keys if item.required and item.name not in at]
        meant = " ".join(f"{d.help} {d.fix}" for d in cx.found[before:] if d.rule == "unknown-key" and d.fix)
        for name in absent:
            if f"`{name}`" not in meant:
                cx.say(
                    "missing-key",
                    t("{what} needs `{name}`.", what=capital(self.named()), name=name),
                    short(node.span),
                    help=t("Add `{name}: …`.", name=name),
                )

    def unknown(self, cx: Reader, key: Scalar, node: Map) -> None:
        """Note a key that may not stand here, with the one that was probably meant."""
        allowed = [item.name for item in self.keys]
        hint = SYNONYMS.get(key.text.lower()) or SYNONYMS.get(closest(key.text, SYNONYMS) or "", "")
        sentence = " " in hint
        first = next((item.name for item in self.keys if item.required), "")
        if key.text == "name" and first and node.get(first) is None:
            hint, sentence = first, False  # files start with what they are, and that is their name
        target = hint if hint in allowed else closest(key.text, allowed)
        help_ = ""
        if key.text in self.elsewhere:
            help_ = t("`{key}` belongs to {place}.", key=key.text, place=t(self.elsewhere[key.text]))
            target = None
        elif target is not None:
            help_ = t("Did you mean `{name}`?", name=target)
        elif sentence:
            help_ = t(hint)
        free = target is not None and node.get(target) is None
        cx.say(
            "unknown-key",
            t("{what} has no key `{key}`.", what=capital(self.named()), key=key.text),
            key.span,
            help=sentences(help_, t("Possible: {names}.", names=", ".join(allowed))),
            fix=target if free else None,
        )

    def schema(self, define: Define) -> Json:
        def make() -> Json:
            shown: Json = {"type": "object", "additionalProperties": False}
            properties: Json = {}
            for item in self.keys:
                inner = item.kind.schema(define)
                properties[item.name] = {**inner, "description": item.about} if item.about else inner
            shown["properties"] = properties
            if required := [item.name for item in self.keys if item.required]:
                shown["required"] = required
            return shown

        return define(self.what.replace("{name}", self.of), make)
