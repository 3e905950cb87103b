"""The orderly end of a process: nothing new is begun, what runs is finished and stored.

Owns: whether the process was asked to end, and the sleeps that such a request cuts short. Signals and the time that is
granted are the command line's; what a run leaves is stored by its driver.
"""

from __future__ import annotations

import asyncio

from flowrun.errors import FlowrunError
from flowrun.ports.clock import Clock


class Stopped(FlowrunError):
    """A run was left before its end because the process was asked to end. Nothing is lost: it can be resumed."""

    code = "FR6001"
    exit_code = 130

    def __init__(self, message: str, *, help: str, run: str = "") -> None:
        super().__init__(message, help=help)
        self.run = run


class Drain:
    """The request to end. It belongs to one process and is never taken back."""

    def __init__(self, clock: Clock) -> None:
        self.asked = False
        self.runs: dict[str, None] = {}
        """The runs that this process drives now."""
        self._clock = clock
        self._sleeps: set[asyncio.Future[None]] = set()

    def ask(self) -> None:
        """Begin nothing new from now on; whoever sleeps wakes."""
        self.asked = True
        for sleep in self._sleeps:
            sleep.cancel()

    async def sleep(self, seconds: float) -> None:
        """Wait, or return early where the process is to end: look at `asked` afterwards."""
        if self.asked:
            return
        sleep = asyncio.ensure_future(self._clock.sleep(seconds))
        self._sleeps.add(sleep)
        try:
            await asyncio.wait([sleep])
        finally:
            self._sleeps.discard(sleep)
            sleep.cancel()
