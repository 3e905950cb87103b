"""The emergency brake's rows in the SQLite store.

Owns: storing, lifting and finding halts. They are rows of the store, not of a run, and none is ever removed. What a halt
may name is `flowrun.core.halts`'; what follows from one is the runtime's part.
"""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from flowrun.adapters.journals.sqlite_facts import add_fact
from flowrun.adapters.journals.sqlite_keys import Vault
from flowrun.core.halts import SUBJECT
from flowrun.journal.facts import Halted, Lifted
from flowrun.journal.projections import sortable
from flowrun.ports.journal import Halt

Blind = Callable[[str, str], bytes]
_ALL = "SELECT what, at, by, reason, until, lifted_at, lifted_by FROM halts"
_LIVE = f"{_ALL} WHERE lifted_at IS NULL"


class SqliteHalts(ABC):
    """The halts of a store; the subclass owns the connection."""

    _vault: Vault

    @abstractmethod
    def _db(self) -> AbstractContextManager[sqlite3.Connection]:
        """Return the connection for questions."""

    @abstractmethod
    def _transaction(self, *, durable: bool = False) -> AbstractContextManager[sqlite3.Connection]:
        """Begin a transaction."""

    @abstractmethod
    def _sign_facts(self) -> None:
        """Sign the facts of the store where the key can be used."""

    def halt(self, halt: Halt) -> None:
        """Store a halt durably."""
        with self._transaction(durable=True) as db:
            what, until = stored_name(self._vault.blind, halt.what), sortable(halt.until)
            number = db.execute(
                "INSERT INTO halts (what, at, by, reason, until) VALUES (?, ?, ?, ?, ?)",
                (what, halt.at, halt.by, halt.reason, until),
            ).lastrowid
            assert number is not None
            add_fact(db, Halted(at=halt.at, by=halt.by, number=number, what=what, reason=halt.reason, until=until))
        self._sign_facts()

    def lift(self, what: str, *, by: str, at: str) -> int:
        """Lift every halt of exactly this that holds; return how many there were."""
        with self._transaction(durable=True) as db:
            name = stored_name(self._vault.blind, what)
            rows = db.execute(
                "UPDATE halts SET lifted_at = ?, lifted_by = ? WHERE what = ? AND lifted_at IS NULL "
                "AND (until IS NULL OR until > ?) RETURNING pos",
                (at, by, name, at),
            ).fetchall()
            if rows:
                add_fact(db, Lifted(at=at, by=by, what=name, halts=sorted(row[0] for row in rows)))
        if rows:
            self._sign_facts()
        return len(rows)

    def halts(self) -> list[Halt]:
        """Return all halts that were ever made, the newest first."""
        with self._db() as db:
            rows = db.execute(f"{_ALL} ORDER BY pos DESC").fetchall()
        return [_halt(row) for row in rows]

    def halted(self, names: Sequence[str], at: str) -> Halt | None:
        """Return a halt that names one of these and holds at a moment."""
        with self._db() as db:
            return find_halt(db, self._vault.blind, names, at)


def find_halt(db: sqlite3.Connection, blind: Blind, names: Sequence[str], at: str) -> Halt | None:
    """Return a halt that names one of these and holds at a moment; inside a transaction it is that moment's truth."""
    rows = db.execute(_LIVE).fetchall()
    if not rows:
        return None
    stored = {stored_name(blind, name) for name in names}
    return next((halt for row in rows if (halt := _halt(row)).what in stored and halt.holds(at)), None)


def stored_name(blind: Blind, what: str) -> str:
    """Return what a halt is stored under: a subject blinded, everything else as it is."""
    return f"{SUBJECT}{blind('halt', what).hex()[:32]}" if what.startswith(SUBJECT) else what


def _halt(row: tuple[str, str, str, str, str | None, str | None, str]) -> Halt:
    what, at, by, reason, until, lifted_at, lifted_by = row
    return Halt(what=what, at=at, by=by, reason=reason, until=until, lifted_at=lifted_at, lifted_by=lifted_by)
