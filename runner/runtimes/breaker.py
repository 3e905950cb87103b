"""Breakers: after several failures in a row a tool or a model is left alone for a while.

Owns: who may be called now. It keeps no state beyond this process and repeats nothing: repeating is the core's, and a call
that is not let through is a failed attempt like any other.
"""

from __future__ import annotations

from dataclasses import dataclass

from flowrun.ports.clock import Clock

FAILURES = 5
"""Failures in a row after which a breaker opens."""
OPEN_SECONDS = 30.0
"""How long it stays open before one call may try again."""
TRIAL_SECONDS = 1.0
"""When to come back while that one call is under way."""


@dataclass(slots=True)
class _State:
    failures: int = 0
    opened: float | None = None
    trial: bool = False


class Breakers:
    """One breaker for each name. Time is the clock's monotonic one, so that a wall clock set back changes nothing."""

    def __init__(self, clock: Clock, *, failures: int = FAILURES, seconds: float = OPEN_SECONDS) -> None:
        self._clock = clock
        self._failures = failures
        self._seconds = seconds
        self._states: dict[str, _State] = {}

    def enter(self, name: str) -> float | None:
        """Return None where a call may be made, which must then be `leave`d; else the seconds until the next try."""
        state = self._states.get(name)
        if state is None or state.opened is None:
            return None
        left = state.opened + self._seconds - self._clock.monotonic()
        if left > 0:
            return left
        if state.trial:
            return TRIAL_SECONDS
        state.trial = True
        return None

    def leave(self, name: str, failed: bool | None) -> None:
        """Say how a call ended: `failed` as one that may be repeated, or not, or None where it reached nobody."""
        state = self._states.get(name)
        if failed is None:
            if state is not None:
                state.trial = False
        elif failed:
            state = self._states.setdefault(name, _State())
            state.failures += 1
            if state.trial or (state.opened is None and state.failures >= self._failures):
                state.opened = self._clock.monotonic()
            state.trial = False
        elif state is not None:
            # Any answer, also a refusal, shows that the other side is there.
            del self._states[name]
