"""Conditions of two versions in one form, so that equal parts mean the same.

Owns: that form. A fact is what is read for it, not its name; a step is what it is computed from, not its id alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flowrun.contract.changes.order import Fact
from flowrun.contract.expression import literal, written
from flowrun.contract.model import Said, When
from flowrun.contract.plain import listed
from flowrun.words import t

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


def hidden_change(was: Said | None, now: Said | None) -> str:
    """Return what differs between two expressions that read the same, as a sentence; empty where they read otherwise."""
    if was is None or now is None or was.words != now.words:
        return ""
    values = list(dict.fromkeys(_values(was.node, now.node, "")))
    if values:
        return t("The words are the same, and these values are others: {values}.", values=listed(values))
    return t("The words are the same, and what they are computed from is not.")


def _values(was: Any, now: Any, name: str) -> Iterator[str]:
    """Yield each plain value of a table that is another one now, with its name."""
    if was == now:
        return
    if isinstance(was, list) and isinstance(now, list) and was[:1] == now[:1] == ["lit"] and len(was) == len(now) == 2:
        yield from _inside(was[1], now[1], name)
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for one, other in zip(was, now, strict=True):
            yield from _values(one, other, name)


def _inside(was: Any, now: Any, name: str) -> Iterator[str]:
    if isinstance(was, dict) and isinstance(now, dict):
        for key in {**was, **now}:
            if was.get(key) != now.get(key) or (key in was) != (key in now):
                gone = t("nothing")
                inner = f"{name}.{key}" if name else str(key)
                if key in was and key in now:
                    yield from _inside(was[key], now[key], inner)
                else:
                    yield f"{inner} {_shown(was[key]) if key in was else gone} -> {_shown(now[key]) if key in now else gone}"
    else:
        yield f"{name} {_shown(was)} -> {_shown(now)}".strip()


def _shown(value: Any) -> str:
    return literal(value)


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
