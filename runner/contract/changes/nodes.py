"""Conditions of two versions in one form, so that equal parts mean the same.

Owns: that form. A fact is what is read for it, not its name; a step is what it is computed from, not its id alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowrun.contract.changes.order import Fact
from flowrun.contract.expression import written
from flowrun.contract.model import Said, When

Node = list[Any]


def node_of(said: Said, facts: Mapping[str, str] | None = None) -> Node:
    """Return the parsed expression, with facts and steps replaced by what they stand for."""
    found: Node = _replaced(said.node, facts or {}, said.meaning)
    return found


def fact_of(when: When) -> Fact:
    """Return a condition on a way as a fact."""
    return node_of(when.said), when.holds


def meaning_of(said: Said | None) -> str:
    """Return what tells two expressions apart: their text, and what they are computed from."""
    return "" if said is None else f"{written(said.node)} {said.meaning}"


def _replaced(node: Any, facts: Mapping[str, str], meaning: str) -> Any:
    if not isinstance(node, list) or not node:
        return node
    if len(node) == 3 and node[0] == "attr" and node[1] == ["name", "facts"]:
        return ["fact", facts.get(node[2], node[2])]
    if node[0] == "step" and len(node) == 2:
        return ["step", node[1], meaning]
    if node[0] == "lit":
        return node
    return [_replaced(part, facts, meaning) for part in node]
