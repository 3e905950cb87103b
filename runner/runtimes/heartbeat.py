"""Keeps the claims of a process alive while it drives runs.

Owns: the renewal of leases. One task serves all runs of the process.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from flowrun.errors import StoreError
from flowrun.ports.journal import Claim, Journal

EVERY = 10.0
"""Seconds between renewals; a third of a lease, so that two may fail."""


class Heartbeat:
    """The claims that this process holds now."""

    def __init__(self, journal: Journal, *, every: float = EVERY) -> None:
        self._journal = journal
        self._every = every
        self._claims: set[Claim] = set()
        self._task: asyncio.Task[None] | None = None

    def hold(self, claim: Claim) -> None:
        """Renew a claim from now on."""
        self._claims.add(claim)
        if self._task is None:
            self._task = asyncio.create_task(self._beat())

    def drop(self, claim: Claim) -> None:
        """Renew it no longer."""
        self._claims.discard(claim)

    async def _beat(self) -> None:
        while self._claims:
            await asyncio.sleep(self._every)
            if self._claims:
                # A store that is locked or full now may be free at the next beat; a lease outlives two misses.
                with suppress(StoreError):
                    self._journal.renew(list(self._claims))
        self._task = None
