"""Which values can be compared.

Owns: the rule that both sides of a comparison have one type, that enum values exist, and that money is
compared with money of its currency.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flowrun.lang.expr_problem import Problem, meant, suggestion
from flowrun.lang.types_model import Type
from flowrun.values.compare import to_text
from flowrun.values.moments import is_clock, is_date, parse_moment
from flowrun.values.money import is_currency
from flowrun.values.nodes import Node, children, dotted
from flowrun.words import capital, t

_ORDERED = {"number", "moment", "date", "time", "duration", "money"}
_LIKE_TEXT: dict[str, Callable[[str], object]] = {"moment": parse_moment, "date": is_date, "time": is_clock}
_INSTEAD = {"moment": 'date("2026-01-31")', "duration": "hours(24)", "money": 'money("50 EUR")'}


def check_comparison(node: Node, left: Type, right: Type) -> Problem | None:
    """Return what is wrong with `["cmp", OP, LEFT, RIGHT]`, or None."""
    op = node[1]
    if op in ("in", "not in"):
        return _membership(node, left, right)
    return comparable(left, right, node[2], node[3], op)


def _membership(node: Node, left: Type, right: Type) -> Problem | None:
    if "any" in (left.kind, right.kind) or right.kind == "list":
        item = right.item
        if right.kind != "list" or item is None:
            return None
        return comparable(left, item, node[2], node[3], "==", every=node[3][0] == "list")
    if right.kind in ("string", "map", "object"):
        if left.kind == "string":
            return None
        return _wrong(
            node[2],
            t("{left} cannot be inside {right}.", left=left.words(), right=right.words()),
            t("Look for a text."),
        )
    return _wrong(
        node[3],
        t("`in` looks into lists, texts and maps, but this is {right}.", right=right.words()),
        t("Write a list: `[…]`."),
    )


def _wrong(node: Node, message: str, help_: str) -> Problem:
    return Problem("wrong-comparison", capital(message), help_, dotted(node))


def _group(found: Type) -> str:
    return "number" if found.kind == "integer" else "object" if found.kind == "map" else found.kind


def comparable(left: Type, right: Type, at: Node, other: Node, op: str, *, every: bool = False) -> Problem | None:
    """Return what is wrong with comparing two types; with `every` each value of the right enum must exist."""
    if left.kind in ("any", "null") or right.kind in ("any", "null"):
        return None
    one, two = _group(left), _group(right)
    if "money" in (one, two) or left.currency or right.currency:
        problem = _money(left, right, at, other)
        if problem is not None or one != two:
            return problem
    if one != two:
        for kind, text in ((one, right), (two, left)):
            fits = _LIKE_TEXT.get(kind)
            if fits is not None and text.kind == "string" and text.enum and all(fits(value) for value in text.enum):
                return None
        asked = one if at[0] not in ("lit", "list") else two
        instead = _INSTEAD.get(asked)
        pointed = other if other[0] in ("lit", "list") or at[0] not in ("lit", "list") else at
        help_ = t("Write it like `{instead}`.", instead=instead) if instead else _quotes(left, right)
        return _wrong(pointed, t("{left} is compared with {right}.", left=left.words(), right=right.words()), help_)
    if op not in ("==", "!=") and one not in _ORDERED:
        return _wrong(
            at,
            t("{left} has no order, so `{op}` means nothing.", left=left.words(), op=op),
            t("Use `==`, `!=` or `in`."),
        )
    return _enums(left, right, at, other, every=every) if op in ("==", "!=") else None


def _quotes(left: Type, right: Type) -> str:
    if "string" in (left.kind, right.kind) and {left.kind, right.kind} & {"integer", "number", "boolean"}:
        return t("Texts are in quotes, numbers, true and false are not: make both sides the same.")
    return t("Both sides must be of one kind.")


def _money(left: Type, right: Type, at: Node, other: Node) -> Problem | None:
    for one, two, mine in ((left, right, at), (right, left, other)):
        if _group(two) not in ("number", "money"):
            return _wrong(
                mine,
                t("{left} is compared with {right}.", left=left.words(), right=right.words()),
                t('Write `money("50 EUR")`.'),
            )
        if not one.currency and one.kind != "money":
            if one.enum is not None and set(one.enum) == {0}:
                return None
            if two.kind == "money":
                return _wrong(
                    mine,
                    t("`{mine}` is not marked as money.", mine=dotted(mine)),
                    t("Mark the field with `x-money` in its schema."),
                )
            code = two.currency if two.currency and is_currency(two.currency) else "EUR"
            amount = to_text(one.enum[0]) if one.enum else "50"
            problem = _wrong(
                mine,
                t("An amount of money is compared with a plain number."),
                t('Write `money("{amount} {code}")`.', amount=amount, code=code),
            )
            sure = mine[0] == "lit" and code == two.currency and problem.needle == amount
            return replace(problem, fix=f'money("{amount} {code}")') if sure else problem
    codes = [kind.currency for kind in (left, right) if kind.currency and is_currency(kind.currency)]
    if len(codes) == 2 and codes[0] != codes[1]:
        return _wrong(
            other,
            t("{one} is compared with {other}.", one=codes[0], other=codes[1]),
            t("Compare amounts of one currency."),
        )
    for one, mine in ((left, at), (right, other)):
        if (
            one.kind != "money"
            and one.currency
            and not is_currency(one.currency)
            and (one.currency == "?" or mine[0] != "attr")
        ):
            return _wrong(mine, t("These amounts may be in different currencies."), t("Compare one amount at a time."))
    return None


def _enums(left: Type, right: Type, at: Node, other: Node, *, every: bool) -> Problem | None:
    possible, given = left.enum, right.enum
    if possible is None or given is None or left.kind == "boolean":
        return None
    # A literal is checked against the values that its other side can have.
    if at[0] == "lit" and other[0] != "lit":
        possible, given, at, other = given, possible, other, at
    strange = [value for value in given if value not in possible]
    if not strange or (not every and len(strange) < len(given)) or at[0] == "lit":
        return None
    value = to_text(strange[0])
    known = [to_text(each) for each in possible]
    message = t("`{at}` is never `{value}`.", at=dotted(at), value=value)
    if every:
        other = next((item for item in children(other) if item == ["lit", strange[0]]), other)
    needle = value if other[0] == "lit" else dotted(other)
    fix = meant(value, known) if needle == value else None
    return Problem("unknown-enum-value", message, suggestion(value, known), needle, fix=fix)
