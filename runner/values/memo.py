"""Remembers what a function returned for the very same value.

Owns: `by_identity`, for functions of JSON values that are read once and never changed, such as schemas: they cannot be
hashed, and comparing them would cost as much as working the answer out again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

In = TypeVar("In")
Out = TypeVar("Out")

LIMIT = 1024
"""Most values that one function remembers; then it starts anew."""


def by_identity(function: Callable[[In], Out]) -> Callable[[In], Out]:
    """Return the function with a memory. What it is given is kept, so that its identity stays its own."""
    known: dict[int, tuple[In, Out]] = {}

    @wraps(function)
    def remembered(value: In) -> Out:
        found = known.get(id(value))
        if found is not None:
            return found[1]
        if len(known) >= LIMIT:
            known.clear()
        result = function(value)
        known[id(value)] = (value, result)
        return result

    return remembered
