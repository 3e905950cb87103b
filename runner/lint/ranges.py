"""What a condition that holds says about single values: which are left, and whether two such statements exclude each other.

Owns: this reading of conditions as ranges. It is sure of what it says and silent about the rest: `or` and what it does not
know say nothing. Whose conditions are set side by side is the caller's part.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Node = list[Any]
Value = tuple[str, Any]

_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "==", "in": "not in", "not in": "in"}


@dataclass(frozen=True, slots=True)
class Range:
    """What is left of a value: one of `values` (None: any), none of `without`, and between two ends."""

    values: frozenset[Value] | None = None
    without: frozenset[Value] = frozenset()
    low: tuple[float, bool] | None = None
    """The lower end, and whether the end itself is left out."""
    high: tuple[float, bool] | None = None

    def takes(self, value: Value) -> bool:
        """Whether a value is left."""
        if (self.values is not None and value not in self.values) or value in self.without:
            return False
        kind, number = value
        if kind != "number":
            return self.low is None and self.high is None
        if self.low is not None and (number < self.low[0] or (self.low[1] and number == self.low[0])):
            return False
        return self.high is None or not (number > self.high[0] or (self.high[1] and number == self.high[0]))

    def excludes(self, other: Range) -> bool:
        """Whether no value is left by both."""
        for one, two in ((self, other), (other, self)):
            if one.values is not None and not any(one.takes(value) and two.takes(value) for value in one.values):
                return True
            if one.low is not None and two.high is not None:
                (low, above), (high, below) = one.low, two.high
                if low > high or (low == high and (above or below)):
                    return True
        return False


def said(node: Node, holds: bool = True) -> Iterator[tuple[str, Range]]:
    """Yield what is known of single values where a condition holds (or does not): a key that names the value, its range."""
    kind = node[0]
    if kind == "not":
        yield from said(node[1], not holds)
    elif kind in ("and", "or"):
        if (kind == "and") is holds:
            for part in node[1]:
                yield from said(part, holds)
    elif kind == "cmp":
        yield from _compared(node, holds)
    elif kind == "none":
        yield (
            _key(node[1]),
            Range(values=frozenset([("null", None)])) if holds else Range(without=frozenset([("null", None)])),
        )
    elif kind != "lit":
        yield _key(node), Range(values=frozenset([("boolean", holds)]))


def _compared(node: Node, holds: bool) -> Iterator[tuple[str, Range]]:
    _, op, left, right = node
    if _constant(left) is not None:
        left, right, op = right, left, _TURNED.get(op, op)
    if not holds:
        op = _OPPOSITE[op]
    if op in ("in", "not in"):
        listed = [_constant(item) for item in right[1]] if right[0] == "list" else [None]
        values = frozenset(item[1] for item in listed if item is not None)
        if len(values) == len(listed):
            yield _key(left), Range(values=values) if op == "in" else Range(without=values)
        return
    found = _constant(right)
    if found is None:
        if op in ("==", "!="):  # that two values are equal excludes that they are not
            yield _key(["cmp", "==", left, right]), Range(values=frozenset([("boolean", op == "==")]))
        return
    unit, value = found
    key = f"{_key(left)}{unit}"
    if op == "==":
        yield key, Range(values=frozenset([value]))
    elif op == "!=":
        yield key, Range(without=frozenset([value]))
    elif value[0] == "number":
        strict = op in ("<", ">")
        yield key, Range(high=(value[1], strict)) if op in ("<", "<=") else Range(low=(value[1], strict))


def _key(node: Node) -> str:
    return json.dumps(node, separators=(",", ":"))


def _constant(node: Node) -> tuple[str, Value] | None:
    """Return a constant as its unit (of money) and its value, or None for what is none."""
    if node[0] == "call" and node[1] == "money" and len(node[2]) == 1 and node[2][0][0] == "lit":
        amount, _, currency = str(node[2][0][1]).partition(" ")
        try:
            return currency, ("number", float(amount))
        except ValueError:
            return None
    if node[0] != "lit":
        return None
    value = node[1]
    if value is None:
        return "", ("null", None)
    if isinstance(value, bool):
        return "", ("boolean", value)
    if isinstance(value, int | float):
        return "", ("number", float(value))
    return ("", ("text", value)) if isinstance(value, str) else None
