"""The system's clock, ids and jitter.

Owns: the real implementation of `flowrun.ports.clock.Clock`. No other module of the product reads a clock for
a run.
"""

from __future__ import annotations

import os
import random
import time
from datetime import UTC, datetime
from threading import Lock

_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [a + b for a in _LETTERS for b in _LETTERS]
_RANDOM_BITS = 80


class SystemClock:
    """Time and chance of this machine. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._last = 0
        self._random = random.Random()
        self._second = (0, "")

    def now(self) -> str:
        """Return the moment as RFC 3339 in UTC with microseconds."""
        micros = time.time_ns() // 1000
        second, rest = divmod(micros, 1_000_000)
        known, text = self._second
        if known != second:
            # The date is written out once a second; a run asks for the time at every event.
            text = datetime.fromtimestamp(second, UTC).isoformat(timespec="seconds")[:19]
            self._second = (second, text)
        return f"{text}.{rest:06d}Z"

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait without blocking the event loop."""
        import asyncio

        await asyncio.sleep(seconds)

    def jitter(self) -> float:
        """Return a number from 0 to 1."""
        return self._random.random()

    def new_id(self) -> str:
        """Return a new id: a ULID in lower case. Ids of one process rise, also when the clock is set back."""
        value = time.time_ns() // 1_000_000 << _RANDOM_BITS | int.from_bytes(os.urandom(10), "big")
        with self._lock:
            if value >> _RANDOM_BITS <= self._last >> _RANDOM_BITS:
                value = self._last + 1 + int.from_bytes(os.urandom(4), "big")
            self._last = value
        return "".join(_PAIRS[value >> shift & 1023] for shift in range(120, -1, -10))
