"""Work on many files, shared among the processors of the machine.

Owns: forking and collecting. Where there is one processor, or no fork (Windows), the work is done here: the answer is the
same.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_work: Callable[[list[Any]], Any] | None = None
"""What a forked process does: it has this from its parent, so that nothing but answers is sent."""


def spread(items: Sequence[Item], work: Callable[[list[Item]], Result], *, least: int) -> list[Result]:
    """Return what `work` gives for parts of the items, each part in a process of its own; at least `least // 2` in each.

    An exception of a part is raised here. The order of the parts is that of the items' first ones.
    """
    global _work
    count = min(processors(), max(len(items) * 2 // max(least, 1), 1))
    if count < 2 or not hasattr(os, "fork"):
        return [work(list(items))]
    import multiprocessing

    # Neighbours are often alike, so each process takes every n-th.
    parts = [list(items[start::count]) for start in range(count)]
    _work = work
    try:
        with multiprocessing.get_context("fork").Pool(count) as pool:
            return pool.map(_do, parts, chunksize=1)
    finally:
        _work = None


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _do(part: list[Any]) -> Any:
    assert _work is not None
    return _work(part)
