"""A SQLite store as an auditor reads it: read-only, in one snapshot, never brought up to date.

Owns: opening a store (or a copy of one, on a disk that cannot be written) without changing it, and its rows in order.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from flowrun.adapters.journals.sqlite_derived import SqliteTables
from flowrun.adapters.journals.sqlite_facts import fact_rows
from flowrun.adapters.journals.sqlite_facts_check import check_tables_of_facts
from flowrun.adapters.journals.sqlite_heads import read_heads, store_id
from flowrun.adapters.journals.sqlite_keys import Vault
from flowrun.adapters.journals.sqlite_schema import APPLICATION_ID, FACTS, MIGRATIONS, plain_errors
from flowrun.errors import StoreError
from flowrun.journal.facts import Fact, FactRow
from flowrun.journal.heads import Head
from flowrun.journal.verify import Problems, Row, RunEnd, StoreCheck, Tables
from flowrun.words import t

# A column may hold any type once somebody has written to the file by hand; what is cast is read at once as it should be.
_ROWS = """SELECT pos, n, CAST(seq AS INTEGER), path, phase, coalesce(CAST(body AS BLOB), x''),
    coalesce(CAST(hash AS BLOB), x'') FROM events ORDER BY pos"""


class SqliteTrail:
    """One store, read at one moment. Raises `StoreError` (FR5021) where there is none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._vault: Vault | None = None
        if not path.is_file():
            raise StoreError(
                t("There is no store at {path}.", path=path),
                help=t("Give the file of a store, or the folder of a bundle."),
                code="FR5021",
            )
        with plain_errors(path):
            self._db = open_snapshot(path)
            try:
                self._check()
                self._has_heads = bool(
                    self._db.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'heads'").fetchone()
                )
                self._store = store_id(self._db)
            except BaseException:
                self._db.close()
                raise

    @property
    def store(self) -> str:
        """The store's id; empty in a store of a version that signed nothing."""
        return self._store

    def rows(self) -> Iterator[Row]:
        """Return every event, in the order of their positions."""
        with closing(self._db.cursor()) as cursor:
            yield from cursor.execute(_ROWS)

    def hashes(self) -> Iterator[bytes]:
        """Return the hash of every event, in the order of their positions."""
        with plain_errors(self.path):
            for (hash,) in self._db.execute("SELECT hash FROM events ORDER BY pos"):
                yield _as_bytes(hash)

    def walk(self, check: StoreCheck) -> None:
        """Put every event through a check."""
        with plain_errors(self.path):
            check.take(self.rows())

    def run_of(self, n: int) -> RunEnd | None:
        """Return a run by its number."""
        row = self._db.execute("SELECT run, seq, head FROM runs WHERE n = ?", (n,)).fetchone()
        return None if row is None else RunEnd(str(row[0]), _as_int(row[1]), _as_bytes(row[2]))

    def runs_without_events(self) -> list[str]:
        """Return the runs of which no event is there."""
        with plain_errors(self.path):
            rows = self._db.execute(
                "SELECT run FROM runs r WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.n = r.n) ORDER BY n"
            ).fetchall()
        return [str(row[0]) for row in rows]

    def heads(self) -> list[Head]:
        """Return the signed heads, the oldest first."""
        with plain_errors(self.path):
            return list(read_heads(self._db)) if self._has_heads else []

    def facts(self) -> list[FactRow]:
        """Return the facts of the store itself, the oldest first."""
        with plain_errors(self.path):
            return list(fact_rows(self._db))

    def check_tables_of_facts(self, facts: Sequence[Fact], problems: Problems) -> None:
        """Compare halts, forgettings and missing keys with the facts; not in a store of a form that had none."""
        with plain_errors(self.path):
            if self._db.execute("PRAGMA user_version").fetchone()[0] >= FACTS:
                check_tables_of_facts(self._db, facts, problems)

    def plans(self) -> Iterator[tuple[str, bytes | None]]:
        """Return each plan that is stored, by its digest, and None for each that a run names and is not there."""
        with plain_errors(self.path):
            for digest, body in self._db.execute("SELECT digest, body FROM plans ORDER BY digest"):
                yield str(digest), _as_bytes(body)
            missing = "SELECT DISTINCT plan FROM runs WHERE plan NOT IN (SELECT digest FROM plans) ORDER BY plan"
            for (digest,) in self._db.execute(missing):
                yield str(digest), None

    def tables(self, problems: Problems) -> Tables:
        """Return a check of the derived tables, to be followed along the rows."""
        return SqliteTables(self._db, problems, self._keys())

    def data_key(self, run: str) -> bytes | None:
        """Return the key that opens a run's stored bytes; None where they are in clear, or it was destroyed."""
        with plain_errors(self.path):
            row = self._db.execute("SELECT n FROM runs WHERE run = ?", (run,)).fetchone()
            found = None if row is None else self._keys().of_run(self._db, row[0], run)
        return None if found is None else found.key

    def _keys(self) -> Vault:
        if self._vault is None:
            self._vault = Vault(self.path)
            self._vault.attach(self._db)
        return self._vault

    def close(self) -> None:
        """Close the store."""
        self._db.close()

    def _check(self) -> None:
        if self._db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise StoreError(
                t("{path} is not a flowrun store.", path=self.path), help=t("Give the file of a store."), code="FR5005"
            )
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise StoreError(
                t(
                    "The store {path} was written by a newer flowrun (form {version}; this program knows {count}).",
                    path=self.path,
                    version=version,
                    count=len(MIGRATIONS),
                ),
                code="FR5003",
                help=t("Use that newer flowrun."),
            )


def open_snapshot(path: Path) -> sqlite3.Connection:
    """Open read-only, and hold one snapshot, so that runs which go on meanwhile are no problem."""
    place = f"file:{quote(str(path.absolute()))}"
    db = sqlite3.connect(f"{place}?mode=ro", uri=True, isolation_level=None, check_same_thread=False)
    try:
        _snapshot(db)
        return db
    except sqlite3.OperationalError:
        db.close()
        # A copy on a disk that cannot be written: safe as it is only where no commit waits in a log beside it.
        log = path.with_name(path.name + "-wal")
        if log.exists() and log.stat().st_size:
            raise
    db = sqlite3.connect(f"{place}?immutable=1", uri=True, isolation_level=None, check_same_thread=False)
    with suppress(sqlite3.OperationalError):
        _snapshot(db)
    return db


def _snapshot(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA cache_size = -32768")
    db.execute("PRAGMA mmap_size = 268435456")
    db.execute("BEGIN")
    db.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _as_int(value: object) -> int:
    return value if isinstance(value, int) else 0


def _as_bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
