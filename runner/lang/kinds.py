"""The kinds of plain values: texts, names, numbers, durations, money, expressions.

Owns: for each kind how it is read and how it looks as JSON Schema, side by side, so that editor and program agree.
Schemas are in `kinds_schema`; lists, maps and maps with fixed keys are in `shapes`.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from flowrun.lang.binder import bind_expression, bind_template
from flowrun.lang.document import Map, Node, Scalar, plain
from flowrun.lang.expr_problem import yaml_word
from flowrun.lang.reading import MISSING, Define, Reader, closest, empty, names, short
from flowrun.values.durations import parse_duration
from flowrun.values.moments import parse_moment
from flowrun.values.money import parse_money
from flowrun.words import mark, sentences, t

Json = dict[str, Any]
NAMED = "x-flowrun"
"""Keyword of the JSON Schemas that says what a text must be the name of, for schemas that know the names."""
ID = r"[a-z][a-z0-9_]*"
TOOL = rf"(?!flows\.)({ID})\.({ID})|flows\.({ID})(@[1-9][0-9]{{0,5}})?"
USE = rf"{ID}(\.{ID})*@[1-9][0-9]{{0,5}}"
_CUT = re.compile(r" (#[^\s#].*)")


def text_of(cx: Reader, node: Node, key: str, what: str = mark("a text")) -> Scalar | None:
    """Return the scalar of a text value, or None after noting what stands there instead."""
    if empty(cx, node, key):
        return None
    if isinstance(node, Scalar) and isinstance(node.value, str):
        return node
    fix = f'"{node.text}"' if isinstance(node, Scalar) else None
    hint = t("Put quotes around it.") if fix else None
    cx.say(
        "wrong-type",
        t("`{key}` is {what}, not {found}.", key=key, what=t(what), found=names(node)),
        short(node.span),
        help=hint,
        fix=fix,
    )
    return None


class Text(msgspec.Struct, frozen=True):
    """A text for people. A ` #` that cuts it, and an expression that nobody works out, are findings."""

    names: str = ""
    """As in `Word`: what it must be the name of."""

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        scalar = text_of(cx, node, key)
        if scalar is None:
            return MISSING
        cut(cx, scalar)
        if "${{" in scalar.text:
            cx.say("not-evaluated", t("`{key}` is shown as it stands, with its ${{ }}.", key=key), short(scalar.span))
        return scalar.text

    def schema(self, define: Define) -> Json:
        return {"type": "string", NAMED: self.names} if self.names else {"type": "string"}


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
            t("This text is silently cut: `{match}` is read as a comment.", match=match.group(1).rstrip()),
            source.span(node.start, node.start + len(whole)),
            help=t("Put quotes around the text; for a comment leave two spaces before `#` and one after it."),
            fix="'" + whole.replace("'", "''") + "'" if '"' in whole or "\\" in whole else f'"{whole}"',
        )


class Word(msgspec.Struct, frozen=True):
    """A text of a fixed form; `what` names it and `example` shows one."""

    pattern: str = ID
    what: str = mark("a name")
    example: str = "refund_request"
    rule: str = "bad-name"
    reserved: tuple[str, ...] = ()
    names: str = ""
    """What it must be the name of (`tool`, `role`, `model`, `flow`); `NAMED` in the JSON Schema."""

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
                "reserved-name",
                t("`{text}` has a meaning of its own.", text=text),
                scalar.span,
                help=t("Take another name."),
            )
        if re.fullmatch(self.pattern, text) and len(text) <= 128:
            return text
        guess = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text.strip())
        guess = re.sub(r"[^a-z0-9_.@]+", "_", guess.lower())
        fix = guess if re.fullmatch(self.pattern, guess) else None
        what = t(self.what)
        if self.rule == "bad-name":
            form = t(
                "`{text}` is not {what}: small letters, digits and _, starting with a letter.",
                text=text[:60],
                what=what,
            )
        else:
            form = t("`{text}` is not {what}.", text=text[:60], what=what)
        return cx.say(
            self.rule,
            form,
            short(scalar.span),
            help=t("Did you mean `{name}`?", name=fix)
            if fix
            else t("Write it like `{example}`.", example=self.example),
            fix=fix,
        )

    def schema(self, define: Define) -> Json:
        text = {"type": "string", "pattern": f"^({self.pattern})$"}
        return {**text, NAMED: self.names} if self.names else text


NAME = Word()
ROLE = Word(what=mark("a role"), example="support_leads", names="role")
MODEL = Text(names="model")
TOOL_NAME = Word(TOOL, mark("the name of a tool (`tools.action`)"), "desk.create_ticket", "bad-tool", names="tool")


class Number(msgspec.Struct, frozen=True):
    """A number within bounds; `whole` allows no fraction."""

    low: float = 0
    high: float = 1e12
    whole: bool = True

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        what = t("a whole number") if self.whole else t("a number")
        if empty(cx, node, key):
            return MISSING
        if not isinstance(node, Scalar) or isinstance(node.value, bool) or not isinstance(node.value, int | float):
            number = isinstance(node, Scalar) and re.fullmatch(r"\d+", node.text)
            return cx.say(
                "wrong-type",
                t("`{key}` is {what}, not {found}.", key=key, what=what, found=names(node)),
                short(node.span),
                help=t("Take the quotes away.")
                if number
                else t("Write `{key}: {value}`.", key=key, value=max(1, int(self.low))),
                fix=node.text if number and isinstance(node, Scalar) else None,
            )
        if (self.whole and not isinstance(node.value, int)) or not self.low <= node.value <= self.high:
            return cx.say(
                "bad-number-value",
                t("`{key}` is {what}, {low} or more.", key=key, what=what, low=f"{self.low:g}"),
                node.span,
            )
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
            t("`{key}` cannot be `{written}`.", key=key, written=written)
            if isinstance(node, Scalar)
            else t("`{key}` is a word, not {written}.", key=key, written=written),
            short(node.span),
            help=sentences(
                t("Did you mean `{name}`?", name=guess) if guess else None,
                t("Possible: {names}.", names=listed),
                yaml_word(written),
            ),
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
        also = t("Also possible: {words}.", words=", ".join(self.words)) if self.words else None
        return cx.say(
            "bad-duration",
            t("`{written}` is no duration.", written=written),
            short(node.span),
            help=sentences(t("Write a whole number above 0 and a unit: 30s, 10m, 4h or 2d."), also),
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
            t("`{written}` is no amount of money with its currency.", written=written),
            short(node.span),
            help=t("Write a number, a space and a currency, at most six decimals: 0.05 USD."),
            fix=fix,
        )

    def schema(self, define: Define) -> Json:
        return {"type": "string", "pattern": r"^[0-9]+(\.[0-9]{1,6})? [A-Z]{3}$", "examples": ["0.05 USD"]}


class Moment(msgspec.Struct, frozen=True):
    """A date and time with a zone, kept as text."""

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        scalar = text_of(cx, node, key, mark("a moment"))
        if scalar is None:
            return MISSING
        if parse_moment(scalar.text) is None:
            return cx.say(
                "bad-moment",
                t("`{scalar}` is no moment.", scalar=scalar.text[:40]),
                scalar.span,
                help=t('Write "2026-03-02T09:00:00Z".'),
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
        return {
            "type": ["string", "boolean"] if self.condition else ["string", "number", "boolean"],
            NAMED: "expression",
        }


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
                return cx.say(
                    "wrong-type",
                    t("`{key}` is a map (`name: value`), not {found}.", key=key, found=names(node)),
                    short(node.span),
                )
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
            return cx.say(
                "wrong-type",
                t("`{key}` is a map (`name: value`), not {found}.", key=key, found=names(node)),
                short(node.span),
            )
        return plain(node)

    def schema(self, define: Define) -> Json:
        return {"type": "object"} if self.map_only else {}
