"""What follows from a condition that holds: which others hold with it, and which cannot.

Owns: this reasoning over parsed conditions, for values that do not change meanwhile. It says yes only where it is sure;
names, types and places are not its part.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from flowrun.lang.spec import Node

Json = Any
_MOST = 16
"""Parts of an `and` or `or` that are looked at; longer ones are left alone."""
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_SECONDS = {"minutes": 60, "hours": 3_600, "days": 86_400}
NULL = ("none", None)


class Claim(msgspec.Struct, frozen=True):
    """What a condition says about one value: one of `values`, or none of `barred` and within the bounds.

    `subject` names the value and the unit that it is measured in; a value is its kind with itself, so that 1 is not true.
    """

    subject: str
    values: frozenset[tuple[str, Json]] | None = None
    barred: frozenset[tuple[str, Json]] = frozenset()
    low: float = float("-inf")
    high: float = float("inf")
    low_open: bool = False
    high_open: bool = False

    def allows(self, value: tuple[str, Json]) -> bool:
        """Whether the claim holds for a value."""
        if self.values is not None:
            return value in self.values
        if value in self.barred:
            return False
        if not self.ranged:
            return True
        if value[0] != "number":
            return False
        number: float = value[1]
        above = number > self.low if self.low_open else number >= self.low
        below = number < self.high if self.high_open else number <= self.high
        return above and below

    @property
    def ranged(self) -> bool:
        """Whether the claim sets bounds."""
        return self.low != float("-inf") or self.high != float("inf")


def value_of(value: Json) -> tuple[str, Json]:
    """Return a value as claims hold it."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return "boolean", value
    return ("number", float(value)) if isinstance(value, int | float) else ("text", value)


def claim(node: Node) -> Claim | None:
    """Return what a condition says about one value, or None where it says something else."""
    kind = node[0]
    if kind in ("attr", "step", "index"):
        return Claim(repr(node), values=frozenset({("boolean", True)}))
    if kind == "none":
        return Claim(repr(node[1]), values=frozenset({NULL}))
    if kind == "not":
        return _not(node[1])
    if kind == "cmp":
        return _compared(node[1], node[2], node[3])
    if kind == "or" and len(node[1]) <= _MOST:
        parts = [claim(part) for part in node[1]]
        first = parts[0]
        if first is None or first.values is None:
            return None
        values = first.values
        for part in parts[1:]:
            if part is None or part.values is None or part.subject != first.subject:
                return None
            values |= part.values
        return replace(first, values=values)
    return None


def _not(node: Node) -> Claim | None:
    if node[0] == "none":
        return Claim(repr(node[1]), barred=frozenset({NULL}))
    if node[0] in ("attr", "step", "index"):
        return Claim(repr(node), values=frozenset({("boolean", False)}))
    return None


def _compared(op: str, left: Node, right: Node) -> Claim | None:
    if op in ("in", "not in"):
        if right[0] != "list" or any(item[0] != "lit" for item in right[1]):
            return None
        listed = frozenset(value_of(item[1]) for item in right[1])
        return Claim(repr(left), values=listed) if op == "in" else Claim(repr(left), barred=listed | {NULL})
    if op not in _TURNED:
        return None
    known = _constant(right)
    if known is None:
        known = _constant(left)
        if known is None:
            return None
        op, left = _TURNED[op], right
    unit, value = known
    subject = f"{left!r} {unit}" if unit else repr(left)
    if op == "==":
        return Claim(subject, values=frozenset({value}))
    if op == "!=":
        return Claim(subject, barred=frozenset({value, NULL}))
    if value[0] != "number":
        return None
    if op in ("<", "<="):
        return Claim(subject, high=value[1], high_open=op == "<")
    return Claim(subject, low=value[1], low_open=op == ">")


def _constant(node: Node) -> tuple[str, tuple[str, Json]] | None:
    """Return a written value with its unit, such as a currency."""
    if node[0] == "lit":
        return "", value_of(node[1])
    if node[0] == "call" and len(node[2]) == 1 and not node[3] and node[2][0][0] == "lit":
        value = node[2][0][1]
        if node[1] == "money" and isinstance(value, str):
            amount, _, currency = value.partition(" ")
            try:
                return currency, ("number", float(amount))
            except ValueError:
                return None
        if node[1] in _SECONDS and isinstance(value, int | float):
            return "seconds", ("number", float(value * _SECONDS[node[1]]))
    return None


def implies(one: Node, other: Node) -> bool:
    """Whether the other condition is surely true where the first one is."""
    if one == other:
        return True
    if _long(one) or _long(other):
        return False
    if other[0] == "and":
        return all(implies(one, part) for part in other[1])
    if one[0] == "or":
        return all(implies(part, other) for part in one[1])
    if one[0] == "and" and any(implies(part, other) for part in one[1]):
        return True
    if other[0] == "or" and any(implies(one, part) for part in other[1]):
        return True
    mine, theirs = claim(one), claim(other)
    return mine is not None and theirs is not None and mine.subject == theirs.subject and _within(mine, theirs)


def excludes(one: Node, other: Node) -> bool:
    """Whether the other condition is surely not true where the first one is."""
    if _long(one) or _long(other):
        return False
    if one == ["not", other] or other == ["not", one]:
        return True
    if one[0] == "or":
        return all(excludes(part, other) for part in one[1])
    if other[0] == "or":
        return all(excludes(one, part) for part in other[1])
    if one[0] == "and":
        return any(excludes(part, other) for part in one[1])
    if other[0] == "and":
        return any(excludes(one, part) for part in other[1])
    mine, theirs = claim(one), claim(other)
    return mine is not None and theirs is not None and mine.subject == theirs.subject and _apart(mine, theirs)


def _long(node: Node) -> bool:
    return node[0] in ("and", "or") and len(node[1]) > _MOST


def _within(mine: Claim, theirs: Claim) -> bool:
    if mine.values is not None:
        return all(theirs.allows(value) for value in mine.values)
    if theirs.values is not None:
        return False
    if any(mine.allows(value) for value in theirs.barred):
        return False
    above = mine.low > theirs.low or (mine.low == theirs.low and mine.low_open >= theirs.low_open)
    below = mine.high < theirs.high or (mine.high == theirs.high and mine.high_open >= theirs.high_open)
    return above and below and (mine.ranged or not theirs.ranged)


def _apart(mine: Claim, theirs: Claim) -> bool:
    if mine.values is not None:
        return not any(theirs.allows(value) for value in mine.values)
    if theirs.values is not None:
        return not any(mine.allows(value) for value in theirs.values)
    if not (mine.ranged and theirs.ranged):
        return False
    if mine.high < theirs.low or theirs.high < mine.low:
        return True
    touching = (mine.high == theirs.low and (mine.high_open or theirs.low_open)) or (
        theirs.high == mine.low and (theirs.high_open or mine.low_open)
    )
    return touching
