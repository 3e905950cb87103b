"""Brings the commits of many runs into few transactions.

Owns: group commit. One run alone commits inline; as soon as several are admitted, everything that they want to commit
in one turn of the loop goes into one transaction. It decides nothing about events.
"""

from __future__ import annotations

import asyncio

from flowrun.ports.journal import Append, Journal, Receipt


class Committer:
    """The one writer of a process."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.admitted = 0
        self._queue: list[tuple[Append, asyncio.Future[Receipt]]] = []

    async def commit(self, append: Append) -> Receipt:
        """Store one run's events; return when they are stored (and synced, where durable)."""
        if self.admitted <= 1 and not self._queue:
            return self.journal.commit([append])[0]
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Receipt] = loop.create_future()
        if not self._queue:
            loop.call_soon(self._flush)
        self._queue.append((append, future))
        return await future

    def _flush(self) -> None:
        batch, self._queue = self._queue, []
        try:
            receipts = self.journal.commit([append for append, _ in batch])
        except Exception as error:
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), receipt in zip(batch, receipts, strict=True):
            if not future.done():
                future.set_result(receipt)
