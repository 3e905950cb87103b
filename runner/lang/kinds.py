"""The kinds of plain values: texts, names, numbers, durations, money, expressions, schemas.

Owns: for each kind how it is read and how it looks as JSON Schema, side by side, so that editor and program agree.
Lists, maps and maps with fixed keys are in `shapes`.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from flowrun.lang.binder import bind_expression, bind_template
from flowrun.lang.document import Map, Node, Scalar, plain
from flowrun.lang.expr_problem import yaml_word
from flowrun.lang.reading import MISSING, Define, Reader, closest, empty, names, short
from flowrun.lang.spec import SchemaUse
from flowrun.values.durations import parse_duration
from flowrun.values.moments import parse_moment
from flowrun.values.money import parse_money

Json = dict[str, Any]
ID = r"[a-z][a-z0-9_]*"
TOOL = rf"(?!flows\.)({ID})\.({ID})|flows\.({ID})(@[1-9][0-9]{{0,5}})?"
USE = rf"{ID}(\.{ID})*@[1-9][0-9]{{0,5}}"
_CUT = re.compile(r" (#[^\s#].*)")


def text_of(cx: Reader, node: Node, key: str, what: str = "a text") -> Scalar | None:
    """Return the scalar of a text value, or None after noting what stands there instead."""
    if empty(cx, node, key):
        return None
    if isinstance(node, Scalar) and isinstance(node.value, str):
        return node
    fix = f'"{node.text}"' if isinstance(node, Scalar) else None
    hint = "Put quotes around it." if fix else None
    cx.say("wrong-type", f"`{key}` is {what}, not {names(node)}.", short(node.span), help=hint, fix=fix)
    return None


class Text(msgspec.Struct, frozen=True):
    """A text for people. A ` #` that cuts it, and an expression that nobody works out, are findings."""

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        scalar = text_of(cx, node, key)
        if scalar is None:
            return MISSING
        cut(cx, scalar)
        if "${{" in scalar.text:
            cx.say("not-evaluated", f"`{key}` is shown as it stands, with its ${{{{ }}}}.", short(scalar.span))
        return scalar.text

    def schema(self, define: Define) -> Json:
        return {"type": "string"}


def cut(cx: Reader, node: Scalar) -> None:
    """Note a ` #` that silently ends a text."""
    if node.style != "plain":
        return
    source = cx.source
    line_end = source.text.find("\n", node.end)
    rest = source.text[node.end : len(source.text) if line_end < 0 else line_end]
    match = _CUT.match(rest)
    if match is not None:
        whole = source.text[node.start : node.end] + rest.rstrip()
        cx.say(
            "text-cut",
            f"this text is silently cut: `{match.group(1).rstrip()}` is read as a comment.",
            source.span(node.start, node.start + len(whole)),
            help="Put quotes around the text; for a comment leave two spaces before `#` and one after it.",
            fix="'" + whole.replace("'", "''") + "'" if '"' in whole or "\\" in whole else f'"{whole}"',
        )


class Word(msgspec.Struct, frozen=True):
    """A text of a fixed form; `what` names it and `example` shows one."""

    pattern: str = ID
    what: str = "a name"
    example: str = "refund_request"
    rule: str = "bad-name"
    reserved: tuple[str, ...] = ()

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        scalar = text_of(cx, node, key, self.what)
        if scalar is None:
            return MISSING
        return self.check(cx, scalar, key)

    def check(self, cx: Reader, scalar: Scalar, key: str) -> Any:
        """Return the text if it has the form."""
        text = scalar.text
        if text in self.reserved:
            return cx.say(
                "reserved-name", f"`{text}` has a meaning of its own.", scalar.span, help="Take another name."
            )
        if re.fullmatch(self.pattern, text) and len(text) <= 128:
            return text
        guess = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text.strip())
        guess = re.sub(r"[^a-z0-9_.@]+", "_", guess.lower())
        fix = guess if re.fullmatch(self.pattern, guess) else None
        form = "small letters, digits and _, starting with a letter" if self.rule == "bad-name" else ""
        return cx.say(
            self.rule,
            f"`{text[:60]}` is not {self.what}" + (f": {form}." if form else "."),
            short(scalar.span),
            help=f"Did you mean `{fix}`?" if fix else f"Write it like `{self.example}`.",
            fix=fix,
        )

    def schema(self, define: Define) -> Json:
        return {"type": "string", "pattern": f"^({self.pattern})$"}


NAME = Word()
ROLE = Word(what="a role", example="support_leads")
TOOL_NAME = Word(TOOL, "the name of a tool (`tools.action`)", "desk.create_ticket", "bad-tool")


class Number(msgspec.Struct, frozen=True):
    """A number within bounds; `whole` allows no fraction."""

    low: float = 0
    high: float = 1e12
    whole: bool = True

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        what = "a whole number" if self.whole else "a number"
        if empty(cx, node, key):
            return MISSING
        if not isinstance(node, Scalar) or isinstance(node.value, bool) or not isinstance(node.value, int | float):
            number = isinstance(node, Scalar) and re.fullmatch(r"\d+", node.text)
            return cx.say(
                "wrong-type",
                f"`{key}` is {what}, not {names(node)}.",
                short(node.span),
                help="Take the quotes away." if number else f"Write `{key}: {max(1, int(self.low))}`.",
                fix=node.text if number and isinstance(node, Scalar) else None,
            )
        if (self.whole and not isinstance(node.value, int)) or not self.low <= node.value <= self.high:
            return cx.say("bad-number-value", f"`{key}` is {what}, {self.low:g} or more.", node.span)
        return node.value

    def schema(self, define: Define) -> Json:
        return {"type": "integer" if self.whole else "number", "minimum": self.low}


class Choice(msgspec.Struct, frozen=True):
    """One of some words."""

    words: tuple[str, ...]

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        if empty(cx, node, key):
            return MISSING
        if isinstance(node, Scalar) and node.text in self.words:
            return node.text
        written = node.text if isinstance(node, Scalar) else names(node)
        guess = closest(written, self.words) if isinstance(node, Scalar) else None
        listed = ", ".join(f"`{word}`" for word in self.words)
        return cx.say(
            "bad-choice",
            f"`{key}` cannot be `{written}`." if isinstance(node, Scalar) else f"`{key}` is a word, not {written}.",
            short(node.span),
            help=(f"Did you mean `{guess}`? " if guess else "") + f"Possible: {listed}." + yaml_word(written),
            fix=guess,
        )

    def schema(self, define: Define) -> Json:
        return {"enum": list(self.words)}


class Duration(msgspec.Struct, frozen=True):
    """A length of time; the value is in seconds. `words` may stand in its place."""

    words: tuple[str, ...] = ()

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        if empty(cx, node, key):
            return MISSING
        written = node.text if isinstance(node, Scalar) else names(node)
        if written in self.words:
            return written
        seconds = parse_duration(written) if isinstance(node, Scalar) and isinstance(node.value, str) else None
        if seconds:
            return seconds
        match = re.fullmatch(r"(\d+)\s*([smhd])[a-z]*", written.lower())
        fix = match.group(1) + match.group(2) if match and int(match.group(1)) else None
        also = f" Also possible: {', '.join(self.words)}." if self.words else ""
        return cx.say(
            "bad-duration",
            f"`{written}` is no duration.",
            short(node.span),
            help="Write a whole number above 0 and a unit: 30s, 10m, 4h or 2d." + also,
            fix=fix,
        )

    def schema(self, define: Define) -> Json:
        text = {"type": "string", "pattern": "^[0-9]*[1-9][0-9]*[smhd]$", "examples": ["30s", "10m", "4h", "2d"]}
        return {"anyOf": [text, {"enum": list(self.words)}]} if self.words else text


class Money(msgspec.Struct, frozen=True):
    """An amount as (millionths, currency)."""

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        if empty(cx, node, key):
            return MISSING
        written = node.text if isinstance(node, Scalar) else names(node)
        parsed = parse_money(written) if isinstance(node, Scalar) else None
        if parsed is not None:
            return parsed
        sign = re.fullmatch(r"\s*([$€£])\s*(\d+(?:\.\d+)?)\s*|\s*(\d+(?:\.\d+)?)\s*([$€£])\s*", written)
        code = {"$": "USD", "€": "EUR", "£": "GBP"}
        fix = f"{sign.group(2) or sign.group(3)} {code[sign.group(1) or sign.group(4)]}" if sign else None
        return cx.say(
            "bad-money",
            f"`{written}` is no amount of money with its currency.",
            short(node.span),
            help="Write a number, a space and a currency, at most six decimals: 0.05 USD.",
            fix=fix,
        )

    def schema(self, define: Define) -> Json:
        return {"type": "string", "pattern": r"^[0-9]+(\.[0-9]{1,6})? [A-Z]{3}$", "examples": ["0.05 USD"]}


class Moment(msgspec.Struct, frozen=True):
    """A date and time with a zone, kept as text."""

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        scalar = text_of(cx, node, key, "a moment")
        if scalar is None:
            return MISSING
        if parse_moment(scalar.text) is None:
            return cx.say(
                "bad-moment", f"`{scalar.text[:40]}` is no moment.", scalar.span, help='Write "2026-03-02T09:00:00Z".'
            )
        return scalar.text

    def schema(self, define: Define) -> Json:
        return {"type": "string", "format": "date-time"}


class Expression(msgspec.Struct, frozen=True):
    """A bare expression; a condition may be true or false."""

    condition: bool = False

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        return bind_expression(cx, node, key, condition=self.condition)

    def schema(self, define: Define) -> Json:
        return {"type": ["string", "boolean"] if self.condition else ["string", "number", "boolean"]}


class Value(msgspec.Struct, frozen=True):
    """Any value in which `${{ … }}` may stand. `prompt`: a text that may hold `{% %}`; `form`: what else is asked."""

    prompt: bool = False
    form: str = "any"

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        if self.prompt or self.form == "text":
            scalar = text_of(cx, node, key)
            if scalar is None:
                return MISSING
            cut(cx, scalar)
        elif self.form == "map" and not isinstance(node, Map):
            if empty(cx, node, key):
                return MISSING
            whole = isinstance(node, Scalar) and node.text.startswith("${{")
            if not whole:
                return cx.say("wrong-type", f"`{key}` is a map (`name: value`), not {names(node)}.", short(node.span))
        return bind_template(cx, node, prompt=self.prompt)

    def schema(self, define: Define) -> Json:
        if self.prompt or self.form == "text":
            return {"type": "string"}
        return {"type": ["object", "string"]} if self.form == "map" else {}


class Anything(msgspec.Struct, frozen=True):
    """Plain data without expressions."""

    map_only: bool = False

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        if self.map_only and not isinstance(node, Map):
            return cx.say("wrong-type", f"`{key}` is a map (`name: value`), not {names(node)}.", short(node.span))
        return plain(node)

    def schema(self, define: Define) -> Json:
        return {"type": "object"} if self.map_only else {}


class Use(msgspec.Struct, frozen=True):
    """`NAME@N`, or with `inline` a JSON Schema in place."""

    inline: bool = True
    example: str = "triage@1"

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        if isinstance(node, Map) and self.inline:
            inline = plain(node)
            if not valid(cx, node, key):
                return MISSING
            return SchemaUse(name="", version=0, inline=inline, span=node.span, tree=node)
        if empty(cx, node, key):
            return MISSING
        if isinstance(node, Scalar) and re.fullmatch(USE, node.text):
            name, _, version = node.text.partition("@")
            return SchemaUse(name=name, version=int(version), inline=None, span=node.span)
        written = node.text if isinstance(node, Scalar) else names(node)
        lone = re.fullmatch(rf"({ID})(?:[ .]?v(\d+)|@v(\d+))?", written)
        fix = f"{lone.group(1)}@{lone.group(2) or lone.group(3) or 1}" if lone else None
        also = ", or a JSON Schema in place" if self.inline else ""
        return cx.say(
            "bad-schema",
            f"`{written[:60]}` names no schema with its version.",
            short(node.span),
            help=f"Write NAME@VERSION, like `{fix or self.example}`{also}." + yaml_word(written),
            fix=fix,
        )

    def schema(self, define: Define) -> Json:
        named = {"type": "string", "pattern": f"^{USE}$", "examples": [self.example]}
        return {"anyOf": [named, {"type": "object"}]} if self.inline else named


class JsonSchema(msgspec.Struct, frozen=True):
    """A JSON Schema in place."""

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        if not isinstance(node, Map):
            return cx.say("wrong-type", f"`{key}` is a JSON Schema (a map), not {names(node)}.", short(node.span))
        return plain(node) if valid(cx, node, key) else MISSING

    def schema(self, define: Define) -> Json:
        return {"type": "object"}


def valid(cx: Reader, node: Map, key: str) -> bool:
    """Return whether a map is a valid JSON Schema, noting where it is not."""
    from jsonschema_rs import meta  # loaded only where a schema stands in the file

    try:
        meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **plain(node)})
    except (ValueError, RecursionError) as error:
        place: Node = node
        for step in getattr(error, "instance_path", ()):
            if isinstance(place, Map) and isinstance(step, str) and (inner := place.get(step)) is not None:
                place = inner
        path = [str(step) for step in getattr(error, "instance_path", ())]
        if path and path[-1] == "type":
            reason = "`type` is string, number, integer, boolean, object, array or null."
        else:
            reason = str(getattr(error, "message", error)).splitlines()[0]
        cx.say("invalid-schema", f"the JSON Schema of `{key}` is not valid: {reason}", short(place.span))
        return False
    return True
