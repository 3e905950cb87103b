"""The port to time and chance.

Owns: the protocol; `adapters.clock` has the real one. Tests use one that stands still or is moved.
"""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Time, waiting, ids and jitter."""

    def now(self) -> str:
        """Return the moment as RFC 3339 in UTC with microseconds, for example `2026-03-02T09:00:00.000000Z`."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def jitter(self) -> float:
        """Return a number from 0 to 1 for spreading retries."""
        ...

    def new_id(self) -> str:
        """Return a new id: 26 characters that sort by time."""
        ...
