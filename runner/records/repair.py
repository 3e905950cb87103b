"""Mending an invalid answer without letting go of what was right.

Owns: the message that asks a model for a repair, and the merge that takes only the failing places from its
new answer. Whether the merged answer is valid is for `validation` to say; how often to ask is the core's
decision.
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


class _Place:
    """One place of a value: whether it is taken from the new answer or removed, and the places below it."""

    __slots__ = ("action", "below")

    def __init__(self) -> None:
        self.action: str | None = None
        self.below: dict[str, _Place] = {}


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
        "Give the whole JSON answer again, and nothing else. Only the places named above may change; "
        "every other value stays exactly as it was. Do not invent facts to fill a place.",
    ]
    return "\n".join(lines)


def merge(old: Json, new: Json, problems: Sequence[Problem]) -> Json:
    """Return `old` with only the failing places (and what lies below them) taken from `new`.

    A missing field is taken from `new`, a field too many is left out, and so is a failing place that `new`
    has dropped. Where `old` is no object, or the whole value fails, `new` is returned. Neither value is
    changed.
    """
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new if not isinstance(old, dict) else old
    tree = _Place()
    for problem in problems:
        tokens = [token.replace("~1", "/").replace("~0", "~") for token in problem["path"].split("/")[1:]]
        if not tokens:
            return new
        place = tree
        for token in tokens:
            if place.action is None:
                place = place.below.setdefault(token, _Place())
        if place.action is None:
            place.action = "remove" if problem["rule"] in _REMOVES else "take"
    return _merge(old, new, tree)


def same_failure(a: Sequence[Problem], b: Sequence[Problem]) -> bool:
    """Return whether two checks failed at the same places by the same rules: repairing again would not
    help.
    """
    return {(p["path"], p["rule"]) for p in a} == {(p["path"], p["rule"]) for p in b}


def _merge(old: Json, new: Json, place: _Place) -> Json:
    """Merge below a place that does not fail itself."""
    if isinstance(old, dict) and isinstance(new, dict):
        merged = dict(old)
        for name, below in place.below.items():
            value = _value(old.get(name, _MISSING), new.get(name, _MISSING), below)
            if value is _MISSING:
                merged.pop(name, None)
            else:
                merged[name] = value
        return merged
    if isinstance(old, list) and isinstance(new, list):
        return _merge_list(old, new, place)
    return old


def _merge_list(old: list[Json], new: list[Json], place: _Place) -> Json:
    failing = sum(below.action is not None for below in place.below.values())
    # A list that is shorter by as many entries as fail has dropped those; the others have moved up.
    dropped = 0 < failing == len(old) - len(new)
    merged = []
    for index, item in enumerate(old):
        below = place.below.get(str(index))
        if below is None:
            merged.append(item)
        elif not (dropped and below.action is not None):
            value = _value(item, new[index] if index < len(new) else _MISSING, below)
            if value is not _MISSING:
                merged.append(value)
    return merged


def _value(old: Json, new: Json, place: _Place) -> Json:
    if place.action == "remove":
        return _MISSING
    if place.action == "take":
        return new
    return old if new is _MISSING or old is _MISSING else _merge(old, new, place)
