"""Mending an invalid answer without letting go of what was right.

Owns: the message that asks a model for a repair, and the merge that takes only the failing places from its new answer.
Whether the merged answer is valid is for `validation` to say; how often to ask is the core's decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flowrun.records.words import show

Json = Any
Problem = dict[str, Json]

_REMOVES = frozenset({"additionalProperties", "unevaluatedProperties", "falseSchema", "propertyNames"})
_MAX_SHOWN = 20


class _Missing:
    """No value, as opposed to null."""


_MISSING = _Missing()


def repair_message(problems: Sequence[Problem], schema: dict[str, Json], value: Json) -> str:
    """Return the text that asks for a repair: each place, its rule, what is there and what is allowed."""
    if not isinstance(value, dict) and schema.get("type", "object") == "object":
        head = "Your answer is not a JSON object, so it could not be used."
    else:
        count = len(problems)
        head = f"Your answer is not valid yet: {count} place{'s' if count != 1 else ''} must change."
    lines = [head, ""]
    for problem in problems[:_MAX_SHOWN]:
        line = f"- {problem['path'] or '(the whole answer)'}: {problem['message']} [rule: {problem['rule']}]"
        if problem.get("allowed"):
            line += f" Allowed: {', '.join(show(option) for option in problem['allowed'])}."
        lines.append(line)
    if len(problems) > _MAX_SHOWN:
        lines.append(f"- and {len(problems) - _MAX_SHOWN} more places of the same kinds")
    lines += [
        "",
        "Give the whole JSON answer again, and nothing else. Only the places named above may change; every other value"
        " stays exactly as it was. Do not invent facts to fill a place.",
    ]
    return "\n".join(lines)


def merge(old: Json, new: Json, problems: Sequence[Problem]) -> Json:
    """Return `old` with only the failing places (and what lies below them) taken from `new`.

    A missing field is taken from `new`, a field too many is left out, and so is a failing place that `new` has dropped.
    Where `old` is no object, or the whole value fails, `new` is returned. Neither value is changed.
    """
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new if not isinstance(old, dict) else old
    tree: dict[str, Any] = {}
    for problem in problems:
        tokens = [token.replace("~1", "/").replace("~0", "~") for token in problem["path"].split("/")[1:]]
        if not tokens:
            return new
        node = tree
        for token in tokens[:-1]:
            node = node.setdefault(token, {})
            if "" in node and isinstance(node[""], str):
                break
        else:
            node[tokens[-1]] = {"": "remove" if problem["rule"] in _REMOVES else "take"}
    return _merge(old, new, tree)


def same_failure(a: Sequence[Problem], b: Sequence[Problem]) -> bool:
    """Return whether two checks failed at the same places by the same rules: repairing again would not help."""
    return {(p["path"], p["rule"]) for p in a} == {(p["path"], p["rule"]) for p in b}


def _merge(old: Json, new: Json, tree: dict[str, Any]) -> Json:
    if isinstance(old, dict):
        return _merge_object(old, new if isinstance(new, dict) else {}, tree)
    if isinstance(old, list):
        return _merge_list(old, new if isinstance(new, list) else [], tree)
    return old


def _merge_object(old: dict[str, Json], new: dict[str, Json], tree: dict[str, Any]) -> Json:
    merged = dict(old)
    for name, below in tree.items():
        value = _place(old.get(name, _MISSING), new.get(name, _MISSING), below)
        if value is _MISSING:
            merged.pop(name, None)
        else:
            merged[name] = value
    return merged


def _merge_list(old: list[Json], new: list[Json], tree: dict[str, Any]) -> Json:
    whole = {token for token, below in tree.items() if "" in below}
    # A shorter list by as many entries as fail: the failing entries were dropped, the others have moved up.
    dropped = bool(new) and len(new) == len(old) - len(whole) or not new
    merged = []
    for index, item in enumerate(old):
        below = tree.get(str(index))
        if below is None:
            merged.append(item)
            continue
        if dropped and "" in below:
            continue
        value = _place(item, new[index] if index < len(new) else _MISSING, below)
        if value is not _MISSING:
            merged.append(value)
    return merged


def _place(old: Json, new: Json, below: dict[str, Any]) -> Json:
    action = below.get("")
    if action == "remove":
        return _MISSING
    if action == "take":
        return new
    return old if new is _MISSING or old is _MISSING else _merge(old, new, below)
