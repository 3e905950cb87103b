"""How large a value is, told without writing it out.

Owns: that estimate. It never looks further than it must, so that a value of any size or depth, circles included, costs no
more than the limit that it is held against.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


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


def _fields(item: Any) -> Iterable[Any]:
    """Return the values inside an object that becomes a JSON object: a dataclass, a model, a struct."""
    if item is None or isinstance(item, bool | int | float | type):
        return ()
    names = getattr(type(item), "__struct_fields__", None)
    if isinstance(names, tuple):
        return [getattr(item, name, None) for name in names]
    inside = getattr(item, "__dict__", None)
    return inside.values() if isinstance(inside, dict) else ()
