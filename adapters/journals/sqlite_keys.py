"""The keys of runs and people inside a SQLite store: made, found, wrapped anew, destroyed.

Owns: the tables `subjects`, `keys` and `forgettings`. A run has one data key; it is wrapped by the key of its person as
soon as that person is known, until then by the store's key. A person's key is itself wrapped by the store's key, which
is not in the store. Ciphers are `keys`', transactions are `sqlite`'s part.
"""

from __future__ import annotations

import hmac
import sqlite3
from pathlib import Path
from typing import Protocol

import msgspec

from flowrun.adapters.journals.keys import Sealer, blinded, missing, read_store_key
from flowrun.adapters.journals.lookup import runs_changed, still_going_on
from flowrun.adapters.journals.sqlite_facts import add_fact, remains_of
from flowrun.errors import StoreError
from flowrun.journal.facts import Forgotten
from flowrun.journal.projections import subject_text
from flowrun.ports.journal import Erasure
from flowrun.words import t

MOST_SEALERS = 4000
KEY_OF = "LEFT JOIN keys k ON k.n = {n} LEFT JOIN subjects s ON s.subject = k.subject"
"""Joins the columns that `Vault.sealer` needs: k.key, k.subject, s.key."""


class Vault:
    """The keys of one store, for one connection at a time. `attach` comes first."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._own: Sealer | None = None
        self._blinding = b""
        self._meta: dict[str, bytes] = {}
        self._sealers: dict[bytes, Sealer] = {}
        """Unwrapped keys by their wrapping, which is another one after each change."""

    def attach(self, db: sqlite3.Connection) -> None:
        """Take what the store says of its key."""
        self._meta = {name: bytes(value) for name, value in db.execute("SELECT name, value FROM meta")}
        self._own, self._blinding = None, b""

    def _store_key(self) -> Sealer:
        if self._own is None:
            own = read_store_key(self._path, make=False)
            if not hmac.compare_digest(own.mac("check", ""), self._meta.get("check", b"")):
                raise missing(self._path)
            self._own = own
        return self._own

    def check(self) -> None:
        """Do nothing where the store's key is there and is this store's. Raises `StoreError` or `ConfigError` else."""
        self._store_key()

    def blind(self, purpose: str, text: str) -> bytes:
        """Return what is stored in place of a key: of use for comparing, and telling nothing without the store's key."""
        if not self._blinding:
            secret = self._meta.get("secret", b"")
            # A store of the first form blinded with what lies in it; one that does not exist has nothing to blind.
            plain = "old_blinding" in self._meta or "check" not in self._meta
            self._blinding = secret if plain else hmac.digest(self._store_key().key, secret, "sha256")
        return blinded(self._blinding, purpose, text)

    def subject(self, subject: str) -> bytes:
        """Return what stands for a person."""
        return self.blind("subject", subject_text(subject))

    def give(self, db: sqlite3.Connection, n: int, run: str, sealer: Sealer, subject: str | None = None) -> None:
        """Store a run's new key, wrapped by its person's, or by the store's own where nobody is known yet."""
        who = None if subject is None else self.subject(subject)
        over = self._store_key() if who is None else self._person(db, who)
        wrapped = over.seal(_label("run", run.encode()), sealer.key)
        db.execute("INSERT INTO keys (n, subject, key) VALUES (?, ?, ?)", (n, who, wrapped))
        self._sealers[wrapped] = sealer

    def adopt(self, db: sqlite3.Connection, n: int, run: str, sealer: Sealer, subject: str) -> None:
        """Wrap a run's key by the key of its person, who is known now."""
        who = self.subject(subject)
        wrapped = self._person(db, who).seal(_label("run", run.encode()), sealer.key)
        self._sealers[wrapped] = sealer
        db.execute("UPDATE keys SET subject = ?, key = ? WHERE n = ?", (who, wrapped, n))

    def sealer(self, run: str, wrapped: bytes | None, who: bytes | None, persons: bytes | None) -> Sealer | None:
        """Return a run's key from its row, None where it has none. Raises `StoreError` where it cannot be unwrapped."""
        if wrapped is None:
            return None
        found = self._sealers.get(wrapped)
        if found is None:
            over = self._store_key() if who is None else self._unwrap("subject", who, persons or b"", self._store_key())
            found = self._unwrap("run", run.encode(), wrapped, over)
        return found

    def of_run(self, db: sqlite3.Connection, n: int, run: str) -> Sealer | None:
        """Return a run's key, None where it has none. Raises `StoreError` where it cannot be unwrapped."""
        row = db.execute(
            "SELECT k.key, k.subject, s.key FROM keys k LEFT JOIN subjects s ON s.subject = k.subject WHERE k.n = ?",
            (n,),
        ).fetchone()
        return None if row is None else self.sealer(run, *row)

    def person(self, who: bytes | None, wrapped: bytes | None) -> Sealer | None:
        """Return the key of a person from its row, None where there is none."""
        return None if who is None or wrapped is None else self._unwrap("subject", who, wrapped, self._store_key())

    def _person(self, db: sqlite3.Connection, who: bytes) -> Sealer:
        row = db.execute("SELECT key FROM subjects WHERE subject = ?", (who,)).fetchone()
        if row is not None:
            return self._unwrap("subject", who, row[0], self._store_key())
        person = Sealer()
        wrapped = self._store_key().seal(_label("subject", who), person.key)
        db.execute("INSERT INTO subjects (subject, key) VALUES (?, ?)", (who, wrapped))
        return person

    def _unwrap(self, kind: str, name: bytes, wrapped: bytes, over: Sealer) -> Sealer:
        found = self._sealers.get(wrapped)
        if found is None:
            if len(self._sealers) >= MOST_SEALERS:
                self._sealers.clear()
            found = self._sealers[wrapped] = Sealer(over.unseal(_label(kind, name), wrapped))
        return found

    def erase(self, db: sqlite3.Connection, erasure: Erasure) -> None:
        """Destroy the keys of a person and of their runs, and keep the records' remains; the caller's transaction.

        Raises as the port's `erase`.
        """
        who = self.subject(erasure.subject)
        rows = db.execute(
            "SELECT r.n, r.run, r.outcome FROM keys k JOIN runs r ON r.n = k.n WHERE k.subject = ?", (who,)
        ).fetchall()
        going_on = [run for _, run, outcome in rows if outcome is None]
        if going_on:
            raise still_going_on(going_on)
        if {run for _, run, _ in rows} != set(erasure.runs):
            raise runs_changed()
        for id, remains in erasure.remains.items():
            db.execute("UPDATE records SET remains = ? WHERE id = ?", (msgspec.json.encode(remains), id))
        db.executemany("UPDATE runs SET erased = ? WHERE n = ?", [(erasure.at, n) for n, _, _ in rows])
        # The tables are emptied and filled anew: only then is every page zeroed that ever held one of these keys.
        for table, kept in (("keys", "subject IS NOT ?"), ("subjects", "subject <> ?")):
            db.execute(f"CREATE TEMP TABLE kept AS SELECT * FROM {table} WHERE {kept}", (who,))
            db.execute(f"DELETE FROM {table}")
            db.execute(f"INSERT INTO {table} SELECT * FROM temp.kept")
            db.execute("DROP TABLE temp.kept")
        db.execute(
            "INSERT INTO forgettings (at, by, runs, records) VALUES (?, ?, ?, ?)",
            (erasure.at, erasure.by, len(rows), len(erasure.remains)),
        )
        runs = {run: remains_of(db, n) for n, run, _ in rows}
        add_fact(db, Forgotten(at=erasure.at, by=erasure.by, runs=runs))
        self._sealers.clear()


class Keys(Protocol):
    """What the derived rows of one run need of its keys."""

    def blind(self, purpose: str, text: str) -> bytes:
        """Return what is stored in place of a text."""
        ...

    def unseal(self, clear: bytes, sealed: bytes) -> bytes:
        """Open an event of the run."""
        ...

    def adopt(self, db: sqlite3.Connection, n: int, subject: str) -> None:
        """Take the run for one about this person."""
        ...


class RunKeys:
    """The keys of a run that is appended to."""

    __slots__ = ("_run", "_sealer", "_vault", "blind", "unseal")

    def __init__(self, vault: Vault, run: str, sealer: Sealer) -> None:
        self._vault, self._run, self._sealer = vault, run, sealer
        self.blind, self.unseal = vault.blind, sealer.unseal

    def adopt(self, db: sqlite3.Connection, n: int, subject: str) -> None:
        """Wrap the run's key by its person's."""
        self._vault.adopt(db, n, self._run, self._sealer, subject)


def flush_erased(db: sqlite3.Connection, path: Path) -> None:
    """Bring an erasure into the file and empty the log, where older bytes stand. Raises `StoreError` (FR5001)."""
    busy, _, _ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise StoreError(
            t("The keys are destroyed, but another program still reads older bytes of {path}.", path=path),
            code="FR5001",
            help=t("Wait until it is done, or end it, and give the same command again."),
        )


def _label(kind: str, name: bytes) -> bytes:
    return kind.encode() + b":" + name
