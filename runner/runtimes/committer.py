"""Brings the commits of many runs into few transactions.

Owns: group commit. One run alone commits inline; as soon as several are admitted, everything that they want to store
in one turn of the loop goes into one transaction. It decides nothing about events.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flowrun.errors import FlowrunError, StoreError
from flowrun.ports.journal import Append, Journal, Open, Opened, Receipt


class LostClaim(StoreError):
    """Another runner took the run over; what this one had not committed is dropped."""

    code = "FR5010"


class Committer:
    """The one writer of a process."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._admitted = 0
        self._opens: list[tuple[Open, asyncio.Future[Opened]]] = []
        self._appends: list[tuple[Append, asyncio.Future[Receipt]]] = []

    @contextmanager
    def admit(self, runs: int = 1) -> Iterator[None]:
        """Count runs as admitted meanwhile. Who is admitted decides about batching, not who is busy at the moment."""
        self._admitted += runs
        try:
            yield
        finally:
            self._admitted -= runs

    async def open(self, item: Open) -> Opened:
        """Store a run's first event durably and claim it; raises what `Journal.open_run` raises."""
        if self._inline():
            return self._journal.open_run(item.started, owner=item.owner)
        future: asyncio.Future[Opened] = self._soon()
        self._opens.append((item, future))
        return await future

    async def commit(self, append: Append) -> Receipt:
        """Store one run's events; return when they are stored (and synced, where durable)."""
        if self._inline():
            return self._journal.commit([append])[0]
        future: asyncio.Future[Receipt] = self._soon()
        self._appends.append((append, future))
        return await future

    def _inline(self) -> bool:
        return self._admitted <= 1 and not self._opens and not self._appends

    def _soon(self) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()
        if not self._opens and not self._appends:
            loop.call_soon(self._flush)
        return loop.create_future()

    def _flush(self) -> None:
        opens, self._opens = self._opens, []
        appends, self._appends = self._appends, []
        futures: list[asyncio.Future[Any]] = [future for _, future in opens] + [future for _, future in appends]
        try:
            opened, receipts = self._journal.write([item for item, _ in opens], [item for item, _ in appends])
        except Exception as error:
            for future in futures:
                if not future.done():
                    future.set_exception(error)
            return
        for future, result in zip(futures, [*opened, *receipts], strict=True):
            if future.done():
                continue
            if isinstance(result, FlowrunError):
                future.set_exception(result)
            else:
                future.set_result(result)
