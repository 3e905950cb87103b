"""How much a piece of a flow can come to at worst, and how pieces add up.

Owns: `Load`, the sums and maxima over it. Which step comes to what is `contract.worst`'s part.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Key = tuple[str, ...]
"""What is counted: `("model_calls",)`, `("cost", CURRENCY)`, `("call", FLOW, TOOL)` and the like."""

MODEL_CALLS: Key = ("model_calls",)
TOOL_CALLS: Key = ("tool_calls",)
WRITES: Key = ("writes",)
WORK: Key = ("within",)
NO_BOUND = math.inf


def cost_in(currency: str) -> Key:
    """Return the key of what models cost in a currency, in millionths."""
    return ("cost", currency)


def call_of(flow: str, tool: str) -> Key:
    """Return the key of the calls of a tool that a flow makes and that are not surely undone."""
    return ("call", flow, tool)


@dataclass(frozen=True, slots=True)
class Load:
    """What is used at most: `sums` add up wherever they happen; `waiting` (seconds) passes side by side."""

    sums: Mapping[Key, float] = field(default_factory=dict)
    waiting: float = 0.0

    def __getitem__(self, key: Key) -> float:
        return self.sums.get(key, 0)

    def then(self, other: Load) -> Load:
        """Return both, one after the other."""
        return Load(_merge(self.sums, other.sums, lambda a, b: a + b), self.waiting + other.waiting)

    def beside(self, other: Load) -> Load:
        """Return both at the same time."""
        return Load(self.then(other).sums, max(self.waiting, other.waiting))

    def or_else(self, other: Load) -> Load:
        """Return what either can come to."""
        return Load(_merge(self.sums, other.sums, max), max(self.waiting, other.waiting))

    def times(self, items: float, at_once: int) -> Load:
        """Return the load of so many items, `at_once` of them side by side."""
        rounds = items if items == NO_BOUND else math.ceil(items / max(at_once, 1))
        return Load({key: _times(amount, items) for key, amount in self.sums.items()}, _times(self.waiting, rounds))

    def capped(self, limits: Mapping[Key, float]) -> Load:
        """Return the load cut to limits that hold for it as a whole."""
        return Load({key: min(amount, limits.get(key, NO_BOUND)) for key, amount in self.sums.items()}, self.waiting)


NOTHING = Load()


def either(loads: Iterable[Load]) -> Load:
    """Return what any of some loads can come to."""
    found = NOTHING
    for load in loads:
        found = found.or_else(load)
    return found


def _times(amount: float, count: float) -> float:
    return 0 if amount == 0 or count == 0 else amount * count


def _merge(left: Mapping[Key, float], right: Mapping[Key, float], join: object) -> dict[Key, float]:
    assert callable(join)
    return {key: join(left.get(key, 0), right.get(key, 0)) for key in {**left, **right}}
