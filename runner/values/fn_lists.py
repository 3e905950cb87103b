"""Filters over lists.

Owns: their implementations; names and meanings are in the table of `functions`. All are total: what is no
list, or too long, gives None. A field may be dotted (`"output.id"`) and is only ever the data's field.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from flowrun.values.compare import arithmetic, decimal, equal, is_number, to_text
from flowrun.values.moments import parse_moment
from flowrun.values.names import Json, Names
from flowrun.values.nodes import MAX_LIST, MAX_TEXT


def _items(args: list[Json]) -> list[Json] | None:
    value = args[0]
    return value if isinstance(value, list) and len(value) <= MAX_LIST else None


def _field(item: Json, path: str) -> Json:
    for name in path.split("."):
        if not isinstance(item, dict):
            return None
        item = item.get(name)
    return item


def _values(args: list[Json]) -> list[Json] | None:
    """The items, or the named field of each; None where the field's name is no text."""
    items = _items(args)
    if items is None or len(args) < 2:
        return items
    path = args[1]
    return [_field(item, path) for item in items] if isinstance(path, str) else None


def _answers(args: list[Json], where: dict[str, Json]) -> list[bool | None] | None:
    """For each item whether it meets all conditions: true, false, or None where that is unknown."""
    values = _values(args)
    items = _items(args)
    if values is None or items is None:
        return None
    plain = len(args) > 1 or not where
    answers: list[bool | None] = []
    for value, item in zip(values, items, strict=True):
        parts = [equal(_field(item, name), wanted) for name, wanted in where.items()]
        if plain:
            parts.append(value if value is True or value is False else None)
        answers.append(False if False in parts else None if None in parts else True)
    return answers


def join(names: Names, args: list[Json], where: dict[str, Json]) -> Json:
    items, separator = _items(args), args[1] if len(args) > 1 else ""
    if items is None or not isinstance(separator, str):
        return None
    parts = [to_text(item) for item in items]
    size = sum(map(len, parts)) + len(separator) * len(parts)
    return separator.join(parts) if size <= MAX_TEXT else None


def map_field(names: Names, args: list[Json], where: dict[str, Json]) -> Json:
    return _values(args)


def select(names: Names, args: list[Json], where: dict[str, Json]) -> Json:
    items, answers = _items(args), _answers(args, where)
    if items is None or answers is None:
        return None
    return [item for item, answer in zip(items, answers, strict=True) if answer]


def _sort_keys(values: list[Json]) -> Callable[[Json], Any] | None:
    """How to order values of one kind, or None where they are of several."""
    if all(isinstance(value, str) for value in values):
        if all(parse_moment(value) for value in values):
            return parse_moment
        return str
    if all(is_number(value) for value in values):
        return decimal
    if all(isinstance(value, bool) for value in values):
        return bool
    return None


def sort(names: Names, args: list[Json], where: dict[str, Json]) -> Json:
    items = _items(args)
    values = _values(args[:2] if len(args) > 1 and args[1] is not None else args[:1])
    backwards = args[2] if len(args) > 2 else False
    if items is None or values is None or type(backwards) is not bool:
        return None
    pairs = list(zip(values, items, strict=True))
    known = [pair for pair in pairs if pair[0] is not None]
    key = _sort_keys([value for value, _ in known])
    if key is None:
        return None
    known.sort(key=lambda pair: key(pair[0]), reverse=backwards)
    return [item for _, item in known] + [item for value, item in pairs if value is None]


def unique(names: Names, args: list[Json], where: dict[str, Json]) -> Json:
    items, values = _items(args), _values(args)
    if items is None or values is None:
        return None
    seen: set[object] = set()
    kept = []
    for item, value in zip(items, values, strict=True):
        key = _identity(value)
        if key not in seen:
            seen.add(key)
            kept.append(item)
    return kept


def _identity(value: Json) -> object:
    """A hashable form that is the same exactly for same values: 1 and 1.0 are one, 1 and true are not."""
    if is_number(value):
        return ("number", decimal(value))
    if isinstance(value, list | tuple | dict):
        try:
            return ("json", msgspec.json.encode(value, order="sorted"))
        except (ValueError, ArithmeticError, RecursionError, TypeError):
            return ("object", id(value))
    return (type(value), value)


def first(names: Names, args: list[Json], where: dict[str, Json]) -> Json:
    items = _items(args)
    return items[0] if items else None


def last(names: Names, args: list[Json], where: dict[str, Json]) -> Json:
    items = _items(args)
    return items[-1] if items else None


def total(names: Names, args: list[Json], where: dict[str, Json]) -> Json:
    values = _values(args)
    if values is None:
        return None
    found: Json = 0
    for value in values:
        found = arithmetic("+", found, value) if is_number(value) else None
        if found is None:
            return None
    return found


def _extreme(args: list[Json], choose: Callable[..., Json]) -> Json:
    values = _values(args)
    key = _sort_keys(values) if values else None
    return None if key is None else choose(values, key=key)


def smallest(names: Names, args: list[Json], where: dict[str, Json]) -> Json:
    return _extreme(args, min)


def largest(names: Names, args: list[Json], where: dict[str, Json]) -> Json:
    return _extreme(args, max)


def any_item(names: Names, args: list[Json], where: dict[str, Json]) -> Json:
    answers = _answers(args, where)
    if answers is None:
        return None
    return True if True in answers else None if None in answers else False


def all_items(names: Names, args: list[Json], where: dict[str, Json]) -> Json:
    answers = _answers(args, where)
    if answers is None:
        return None
    return False if False in answers else None if None in answers else True


def count(names: Names, args: list[Json], where: dict[str, Json]) -> Json:
    items = _items(args)
    if items is None or (len(args) < 2 and not where):
        return None if items is None else len(items)
    answers = _answers(args, where)
    return None if answers is None or None in answers else answers.count(True)
