"""Rates: calls of one tool wait their turn, so that no more than its `rate` are made.

Owns: the turns of this process. How long a call may wait is the caller's word; several processes count each for itself.
"""

from __future__ import annotations

from collections import deque

from flowrun.ports.clock import Clock

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def parse_rate(rate: str) -> tuple[int, float]:
    """Return how many calls in how many seconds a rate such as `5/s` allows."""
    count, _, unit = rate.partition("/")
    return int(count), UNITS[unit]


class Rates:
    """The turns of each tool, in the order of asking. In no window of the rate's length are there more than its count.

    A burst up to the count is let through at once. Time is the clock's monotonic one.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turns: dict[tuple[str, str], deque[float]] = {}

    def turn(self, tool: str, rate: str, within: float) -> tuple[float, bool]:
        """Return the seconds until the next turn, and whether it was taken: it is not where it is not `within`."""
        count, seconds = parse_rate(rate)
        turns = self._turns.get((tool, rate))
        if turns is None:
            turns = self._turns[tool, rate] = deque(maxlen=count)
        now = self._clock.monotonic()
        # A turn may be in the future already; the next one never comes before it.
        start = max(now, turns[-1]) if turns else now
        if len(turns) == count:
            start = max(start, turns[0] + seconds)
        if start - now >= within:
            return start - now, False
        turns.append(start)
        return start - now, True
