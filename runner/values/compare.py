"""What two values have to do with each other: equality, order, membership, arithmetic, and the text of one.

Owns: the semantics of operators over JSON values. Everything here is total: what has no answer is None
(null). Numbers are read as decimals by their shortest text; booleans are never numbers.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import TypeGuard

import msgspec

from flowrun.values.moments import add_seconds, is_clock, is_date, looks_like_moment, parse_moment
from flowrun.values.money import is_money
from flowrun.values.names import Json
from flowrun.values.nodes import MAX_TEXT

_DECIMAL = Context(prec=34, traps=[DivisionByZero, InvalidOperation, Overflow])
_BIGGEST = 10**30
_DEEPEST = 60

Number = int | float


def is_number(value: Json) -> TypeGuard[Number]:
    """Return whether a value is a finite number; booleans are not."""
    return type(value) is int or (type(value) is float and -_INFINITE < value < _INFINITE)


_INFINITE = float("inf")


def decimal(value: Number) -> Decimal:
    """Return the number as a decimal by its shortest text."""
    return Decimal(value) if type(value) is int else Decimal(repr(value))


def order(left: Json, right: Json) -> int | None:
    """Return -1, 0 or 1 for numbers, money of one currency, moments, dates and times of day; else None."""
    if is_number(left) and is_number(right):
        if type(left) is type(right):
            return (left > right) - (left < right)
        first, second = decimal(left), decimal(right)
        return (first > second) - (first < second)
    if type(left) is str and type(right) is str:
        return _order_texts(left, right)
    if is_money(left):
        if is_money(right):
            return order(left["amount"], right["amount"]) if left["currency"] == right["currency"] else None
        return order(left["amount"], right) if is_number(right) else None
    return order(left, right["amount"]) if is_money(right) and is_number(left) else None


def _order_texts(left: str, right: str) -> int | None:
    if looks_like_moment(left) and looks_like_moment(right):
        first, second = parse_moment(left), parse_moment(right)
        return None if first is None or second is None else (first > second) - (first < second)
    if (is_date(left) and is_date(right)) or (is_clock(left) and is_clock(right)):
        return (left > right) - (left < right)
    return None


def equal(left: Json, right: Json, depth: int = 0) -> bool | None:
    """Return whether two values are the same; None where one is null or they are of different kinds."""
    if left is None or right is None or depth > _DEEPEST:
        return None
    if type(left) is bool or type(right) is bool:
        return left is right if type(left) is type(right) else None
    if type(left) is str and type(right) is str:
        if left != right and looks_like_moment(left) and looks_like_moment(right):
            return _order_texts(left, right) == 0
        return left == right
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        if len(left) != len(right):
            return False
        return _every([_same(a, b, depth) for a, b in zip(left, right, strict=True)])
    if isinstance(left, dict) and isinstance(right, dict) and not (is_money(left) and is_money(right)):
        if left.keys() != right.keys():
            return False
        return _every([_same(value, right[key], depth) for key, value in left.items()])
    ordered = order(left, right)
    return None if ordered is None else ordered == 0


def _same(left: Json, right: Json, depth: int) -> bool | None:
    """Inside lists and maps null is a value like others."""
    return left is right if left is None or right is None else equal(left, right, depth + 1)


def _every(answers: list[bool | None]) -> bool | None:
    return False if False in answers else None if None in answers else True


def contains(whole: Json, part: Json) -> bool | None:
    """Return whether a list has the item, a text has the text, or a map has the key."""
    if whole is None or part is None:
        return None
    if isinstance(whole, list | tuple):
        unsure = False
        for item in whole:
            answer = equal(item, part)
            if answer:
                return True
            unsure = unsure or answer is None
        return None if unsure else False
    if type(whole) is str:
        return part in whole if type(part) is str else None
    if isinstance(whole, dict):
        key = key_text(part)
        return None if key is None else key in whole
    return None


def compare(op: str, left: Json, right: Json) -> bool | None:
    """Return what `left OP right` says, or None."""
    if op == "==":
        return equal(left, right)
    if op in ("!=", "not in"):
        answer = equal(left, right) if op == "!=" else contains(right, left)
        return None if answer is None else not answer
    if op == "in":
        return contains(right, left)
    ordered = order(left, right)
    if ordered is None:
        return None
    if op == "<":
        return ordered < 0
    if op == "<=":
        return ordered <= 0
    return ordered > 0 if op == ">" else ordered >= 0


def plain(value: Decimal, *, whole: bool) -> Number | None:
    """Return a decimal as a JSON number: an int where `whole` and integral, else the nearest float."""
    if not value.is_finite() or abs(value) >= _BIGGEST:
        return None
    return int(value) if whole and value == value.to_integral_value() else float(value)


def arithmetic(op: str, left: Json, right: Json) -> Json:
    """Return `left OP right` of numbers, money and moments (with seconds), or None."""
    try:
        if is_number(left) and is_number(right):
            return _numbers(op, left, right)
        if is_money(left) or is_money(right):
            return _monies(op, left, right)
        if op in "+-" and type(left) is str:
            return _moments(op, left, right)
        if op == "+" and type(right) is str and is_number(left):
            return add_seconds(right, left)
    except (ArithmeticError, ValueError):
        return None
    return None


def _numbers(op: str, left: Number, right: Number) -> Number | None:
    whole = type(left) is int and type(right) is int
    if whole and op in "+-*":
        found = left + right if op == "+" else left - right if op == "-" else left * right
        return found if -_BIGGEST < found < _BIGGEST else None
    first, second = decimal(left), decimal(right)
    if op == "+":
        return plain(_DECIMAL.add(first, second), whole=whole)
    if op == "-":
        return plain(_DECIMAL.subtract(first, second), whole=whole)
    if op == "*":
        return plain(_DECIMAL.multiply(first, second), whole=whole)
    ratio = _DECIMAL.divide(first, second)
    if op == "/":
        return plain(ratio, whole=whole)
    floor = ratio.to_integral_value(rounding=ROUND_FLOOR)
    if op == "//":
        return plain(floor, whole=whole)
    return plain(_DECIMAL.subtract(first, _DECIMAL.multiply(floor, second)), whole=whole)


def _monies(op: str, left: Json, right: Json) -> Json:
    if op in "+-" and is_money(left) and is_money(right) and left["currency"] == right["currency"]:
        amount, currency = _numbers(op, left["amount"], right["amount"]), left["currency"]
    elif op in "*/" and is_money(left) and is_number(right):
        amount, currency = _numbers(op, left["amount"], right), left["currency"]
    elif op == "*" and is_money(right) and is_number(left):
        amount, currency = _numbers(op, left, right["amount"]), right["currency"]
    else:
        return None
    return None if amount is None else {"amount": amount, "currency": currency}


def _moments(op: str, left: str, right: Json) -> Json:
    if is_number(right):
        return add_seconds(left, right if op == "+" else -right)
    if op == "-" and type(right) is str:
        first, second = parse_moment(left), parse_moment(right)
        return None if first is None or second is None else elapsed(second, first)
    return None


def elapsed(start: object, end: object) -> Number:
    """Return the seconds from one datetime to another, as an int where they are whole."""
    seconds = (end - start).total_seconds()  # type: ignore[operator]
    return int(seconds) if seconds == int(seconds) else float(seconds)


def key_text(value: Json) -> str | None:
    """Return the text under which a value is looked up in a map."""
    if type(value) is str:
        return value
    return to_text(value) if type(value) is bool or is_number(value) else None


def to_text(value: Json) -> str:
    """Return a value as text: null is empty, numbers are shortest, lists and maps are compact JSON."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    if value is True or value is False:
        return "true" if value else "false"
    try:
        if type(value) is float:
            return str(int(value)) if abs(value) < 1e15 and value == int(value) else repr(value)
        if type(value) is int:
            return str(value)
        encoded = msgspec.json.encode(value)
    except (ValueError, ArithmeticError, RecursionError, TypeError):
        return ""
    return "" if len(encoded) > MAX_TEXT * 4 else encoded.decode()
