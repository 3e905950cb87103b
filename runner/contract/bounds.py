"""How large an argument can be when a rule's condition holds: the numbers that rules and schemas set.

Owns: reading upper bounds out of conditions on `args`, and the bounds of a schema. A bound that is not a number (no more
than an order cost) is told in the rule's own words elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flowrun.contract.fields import schemas_at
from flowrun.plan import model as m
from flowrun.values.money import MICRO, parse_money

Node = list[Any]
_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">", "in": "not in", "not in": "in"}
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}


def upper(node: Node, argument: str, *, holds: bool = True) -> float | None:
    """Return the most that an argument can be where a condition holds (or does not); None where it says nothing."""
    kind = node[0]
    if kind == "not":
        return upper(node[1], argument, holds=not holds)
    if kind in ("and", "or"):
        found = [upper(part, argument, holds=holds) for part in node[1]]
        known = [bound for bound in found if bound is not None]
        if (kind == "and") is holds:
            return min(known, default=None)
        return max(known) if known and len(known) == len(found) else None
    if kind == "lit":
        # A condition that cannot hold lets no call through.
        return None if node[1] is holds or not isinstance(node[1], bool) else 0.0
    if kind != "cmp":
        return None
    op = node[1] if holds else _OPPOSITE[node[1]]
    left, right = node[2], node[3]
    if op == "in" and right[0] == "list" and _is(left, argument):
        return _largest(number(item) for item in right[1])
    if _is(right, argument) and op in _TURNED:
        op, left, right = _TURNED[op], right, left
    if op in ("<", "<=", "==") and _is(left, argument):
        return number(right)
    return None


def of_schema(schema: dict[str, Any], path: Sequence[str]) -> float | None:
    """Return the most that a schema lets a number be, None where it does not say."""
    parts = [part for part in schemas_at(schema, tuple(path)) if not {"anyOf", "oneOf", "allOf", "$ref"} & set(part)]
    bounds: list[float | None] = []
    for part in parts:
        known = [part[word] for word in ("maximum", "exclusiveMaximum", "const") if _plain(part.get(word))]
        if isinstance(part.get("enum"), list):
            known += [largest] if (largest := _largest(number(["lit", v]) for v in part["enum"])) is not None else []
        bounds.append(min(known, default=None))
    real = [bound for bound in bounds if bound is not None]
    return max(real) if real and len(real) == len(bounds) else None


def number(node: Node) -> float | None:
    """Return the amount that a node is, None where it is not a plain one."""
    if node[0] == "lit" and _plain(node[1]):
        return float(node[1])
    if node[0] == "neg":
        inner = number(node[1])
        return None if inner is None else -inner
    if node[0] == "call" and node[1] == "money" and node[2] and node[2][0][0] == "lit":
        parsed = parse_money(str(node[2][0][1]))
        return None if parsed is None else parsed[0] / MICRO
    if node[0] == "money":
        return number(node[1])
    if node[0] == "call" and node[1] == "default":
        return _largest(number(part) for part in node[2])
    return None


def most_of(rules: Iterable[m.RulePlan], argument: str) -> float | None:
    """Return the most that the rules of a tool let an argument be; None where none says a number."""
    bounds = [
        bound
        for rule in rules
        for node, holds in ((rule.only_when, True), (rule.deny_when, False))
        if node is not None and (bound := upper(node, argument, holds=holds)) is not None
    ]
    return min(bounds, default=None)


def _is(node: Node, argument: str) -> bool:
    if node[0] == "money":
        return _is(node[1], argument)
    return node == ["attr", ["name", "args"], argument]


def _largest(found: Iterable[float | None]) -> float | None:
    every = list(found)
    known = [bound for bound in every if bound is not None]
    return max(known) if known and len(known) == len(every) else None


def _plain(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
