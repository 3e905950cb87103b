"""How large a value is, and whether it can be written at all, told without writing it out.

Owns: these looks. The estimate never looks further than it must, so that a value of any size or depth, circles included, costs no
more than the limit that it is held against.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

FURTHEST = 1_000_000


def exceeds(value: Any, limit: int) -> bool:
    """Return whether a value surely has more than `limit` bytes as JSON. One that is below may still have more."""
    left = limit
    stack: list[Any] = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str | bytes | bytearray | memoryview):
            left -= len(item) + 2
        elif isinstance(item, Mapping):
            left -= 2 + 2 * len(item)
            if left >= 0:
                stack.extend(item.keys())
                stack.extend(item.values())
        elif isinstance(item, list | tuple | set | frozenset):
            left -= 2 + len(item)
            if left >= 0:
                stack.extend(item)
        else:
            left -= 1
            stack.extend(_fields(item))
        if left < 0:
            return True
    return False


def unwritable(value: Any) -> str:
    """Return why a value has no JSON, empty where nothing is known against it: it holds itself, or a number that is none.

    After `FURTHEST` values it looks no further.
    """
    within: set[int] = set()
    known: dict[int, Any] = {}
    stack: list[tuple[Any, Iterator[Any]]] = [(None, iter((value,)))]
    for _ in range(FURTHEST):
        holder, rest = stack[-1]
        try:
            item = next(rest)
        except StopIteration:
            stack.pop()
            within.discard(id(holder))
            if not stack:
                return ""
            continue
        if isinstance(item, float):
            if not math.isfinite(item):
                return f"the number {item}"
        elif id(item) in within:
            return "it holds itself"
        elif id(item) not in known and not isinstance(item, str | bytes | bytearray | memoryview | int | None):
            known[id(item)] = item
            within.add(id(item))
            stack.append((item, _inside(item)))
    return ""


def _inside(item: Any) -> Iterator[Any]:
    if isinstance(item, Mapping):
        return iter(list(item.values()))
    if isinstance(item, set | frozenset):
        return iter(list(item))
    return iter(item if isinstance(item, list | tuple) else list(_fields(item)))


def _fields(item: Any) -> Iterable[Any]:
    """Return the values inside an object that becomes a JSON object: a dataclass, a model, a struct."""
    if item is None or isinstance(item, bool | int | float | type):
        return ()
    names = getattr(type(item), "__struct_fields__", None)
    if isinstance(names, tuple):
        return [getattr(item, name, None) for name in names]
    inside = getattr(item, "__dict__", None)
    return inside.values() if isinstance(inside, dict) else ()
