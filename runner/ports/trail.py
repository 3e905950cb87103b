"""The port to a store as an auditor reads it: all of its rows, as they are, without changing a byte.

Owns: the protocol. What is right or wrong with the rows is `flowrun.journal.verify`'s part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from flowrun.journal.facts import Fact, FactRow
from flowrun.journal.heads import Head
from flowrun.journal.verify import Problems, Row, RunEnd, StoreCheck, Tables


class Trail(Protocol):
    """One store, read at one moment. Every method raises `StoreError` where the file cannot be read."""

    @property
    def store(self) -> str:
        """The store's id."""
        ...

    def rows(self) -> Iterator[Row]:
        """Return every event, in the order of their positions."""
        ...

    def hashes(self) -> Iterator[bytes]:
        """Return the hash of every event, in the order of their positions."""
        ...

    def walk(self, check: StoreCheck) -> None:
        """Put every event through a check."""
        ...

    def run_of(self, n: int) -> RunEnd | None:
        """Return a run by its number."""
        ...

    def runs_without_events(self) -> list[str]:
        """Return the runs of which no event is there."""
        ...

    def heads(self) -> list[Head]:
        """Return the signed heads, the oldest first."""
        ...

    def facts(self) -> list[FactRow]:
        """Return the facts of the store itself (halts, forgettings), the oldest first."""
        ...

    def check_tables_of_facts(self, facts: Sequence[Fact], problems: Problems) -> None:
        """Compare what the store says of halts, forgettings and missing keys with its facts."""
        ...

    def plans(self) -> Iterator[tuple[str, bytes | None]]:
        """Return each plan that is stored, by its digest, and None for each that a run names and is not there."""
        ...

    def tables(self, problems: Problems) -> Tables:
        """Return a check of the derived tables, to be followed along the rows."""
        ...

    def data_key(self, run: str) -> bytes | None:
        """Return the key that opens a run's stored bytes; None where they are in clear, or it was destroyed."""
        ...

    def close(self) -> None:
        """Close the store."""
        ...
