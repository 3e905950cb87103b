"""The desk's SQLite file: connections, tables, and effects that happen once.

Owns: how an effect, its result and its idempotency key become durable together. What the effects are is in
`actions.py`; the first customers are in `seed.py`.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from flowrun.adapters.desk import seed
from flowrun.errors import AdapterError, StoreError
from flowrun.words import t

Json = Any
VERSION = 1
BUSY_SECONDS = 20.0
WAL_TRIES = 400

TABLES = """
CREATE TABLE customers (
  customer_id TEXT PRIMARY KEY, plan TEXT NOT NULL, status TEXT NOT NULL, since TEXT NOT NULL);
CREATE TABLE contacts (
  customer_id TEXT PRIMARY KEY REFERENCES customers, name TEXT NOT NULL,
  email TEXT NOT NULL UNIQUE COLLATE NOCASE, phone TEXT, locale TEXT NOT NULL);
CREATE TABLE orders (
  order_id TEXT PRIMARY KEY, customer_id TEXT NOT NULL REFERENCES customers, item TEXT NOT NULL,
  cents INTEGER NOT NULL, currency TEXT NOT NULL, status TEXT NOT NULL, placed_at TEXT NOT NULL);
CREATE TABLE invoices (
  invoice_id TEXT PRIMARY KEY, customer_id TEXT NOT NULL REFERENCES customers,
  order_id TEXT REFERENCES orders,
  cents INTEGER NOT NULL, currency TEXT NOT NULL, status TEXT NOT NULL, due_on TEXT NOT NULL);
CREATE TABLE tickets (
  ticket_id TEXT PRIMARY KEY, customer_id TEXT NOT NULL REFERENCES customers, category TEXT NOT NULL,
  severity TEXT NOT NULL, queue TEXT NOT NULL, status TEXT NOT NULL, summary TEXT NOT NULL,
  created_at TEXT NOT NULL);
CREATE TABLE notes (
  note_id TEXT PRIMARY KEY, customer_id TEXT NOT NULL REFERENCES customers, text TEXT NOT NULL,
  created_at TEXT NOT NULL);
CREATE TABLE refunds (
  refund_id TEXT PRIMARY KEY, customer_id TEXT NOT NULL REFERENCES customers,
  order_id TEXT NOT NULL REFERENCES orders, cents INTEGER NOT NULL, currency TEXT NOT NULL,
  reason TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE TABLE drafts (
  draft_id TEXT PRIMARY KEY, recipient TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL,
  created_at TEXT NOT NULL);
CREATE TABLE outbox (
  mail_id TEXT PRIMARY KEY, recipient TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL,
  queued_at TEXT NOT NULL);
CREATE TABLE bookings (
  booking_id TEXT PRIMARY KEY, customer_id TEXT NOT NULL REFERENCES customers, slot TEXT NOT NULL,
  topic TEXT NOT NULL, status TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE UNIQUE INDEX one_booking_a_slot ON bookings (slot) WHERE status = 'booked';
CREATE TABLE counters (kind TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE effects (
  n INTEGER PRIMARY KEY, tool TEXT NOT NULL, key TEXT UNIQUE, args TEXT NOT NULL, result TEXT NOT NULL,
  at TEXT NOT NULL);
CREATE TABLE attempts (tool TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE INDEX tickets_of ON tickets (customer_id);
CREATE INDEX orders_of ON orders (customer_id);
CREATE INDEX invoices_of ON invoices (customer_id);
"""
SHOWN = (
    "customers",
    "contacts",
    "orders",
    "invoices",
    "tickets",
    "notes",
    "refunds",
    "drafts",
    "outbox",
    "bookings",
)


def utc_now() -> str:
    """Return the moment as RFC 3339 in UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Desk:
    """The world of the bundled flows, in one file that several processes may use at once.

    `now` gives the moment (RFC 3339, UTC) for what is created. The file is made at the first use; each method raises
    `StoreError` where it cannot be used.
    """

    def __init__(self, path: Path | str, *, now: Callable[[], str] = utc_now) -> None:
        self.path = Path(path)
        self.now = now
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._ready = False

    def connection(self) -> sqlite3.Connection:
        """Return this thread's connection."""
        known: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if known is None:
            try:
                with self._lock:
                    known = self._connect()
                    self._open.append(known)
            except (sqlite3.Error, OSError) as error:
                why = getattr(error, "strerror", None) or error
                raise StoreError(
                    t("{path} cannot be used as the desk: {why}.", path=self.path, why=why),
                    help=t("Check that the folder exists and that this user may write in it."),
                    code="FR5101",
                ) from error
            self._local.connection = known
        return known

    def _connect(self) -> sqlite3.Connection:
        if not self._ready and not self.path.exists():
            # Customers' data: for this user only, as the runs beside it are.
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(FileExistsError):
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        # Closing happens in another thread than the one that opened; use never does.
        base = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            base.row_factory = sqlite3.Row
            base.execute("PRAGMA synchronous=FULL")
            base.execute("PRAGMA foreign_keys=ON")
            if not self._ready:
                self._prepare(base)
                self._ready = True
        except BaseException:
            base.close()
            raise
        return base

    def _prepare(self, base: sqlite3.Connection) -> None:
        with self._writing(base):  # one process makes the tables, the others wait and then find them
            found = base.execute("PRAGMA user_version").fetchone()[0]
            if found > VERSION:
                raise StoreError(t("{path} was made by a newer flowrun.", path=self.path), code="FR5102")
            if found == 0:
                for statement in TABLES.split(";\n"):
                    base.execute(statement)
                seed.fill(base)
                base.execute(f"PRAGMA user_version={VERSION}")
        # SQLite does not wait for other processes when the mode changes, so the waiting is here.
        for _ in range(WAL_TRIES):
            with suppress(sqlite3.OperationalError):
                if base.execute("PRAGMA journal_mode=WAL").fetchone()[0] == "wal":
                    return
            time.sleep(BUSY_SECONDS / WAL_TRIES)
        raise StoreError(t("{path} stayed locked by another process.", path=self.path), code="FR5101")

    @contextmanager
    def _writing(self, base: sqlite3.Connection) -> Iterator[None]:
        base.execute("BEGIN IMMEDIATE")
        try:
            yield
            base.execute("COMMIT")
        except BaseException:
            if base.in_transaction:
                base.execute("ROLLBACK")
            raise

    def once(
        self, tool: str, key: str, args: Mapping[str, Json], effect: Callable[[sqlite3.Connection], Json]
    ) -> tuple[Json, bool]:
        """Have an effect and its key stored in one transaction; return its result, and whether it is the
        first one's.

        The same key with the same arguments gives the first result; an empty key is never compared. Raises
        `AdapterError`: FR4010 for a key that was used otherwise, retryable FR4013 where the file stayed
        locked.
        """
        digest = hashlib.sha256(msgspec.json.encode(dict(args), order="deterministic")).hexdigest()
        base = self.connection()
        try:
            base.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise AdapterError(t("The desk is busy: {error}.", error=error), code="FR4013", retryable=True) from error
        try:
            row = key and base.execute("SELECT tool, args, result FROM effects WHERE key = ?", (key,)).fetchone()
            if row:
                if (row["tool"], row["args"]) != (tool, digest):
                    raise AdapterError(
                        t("{tool}: this idempotency key was used for another call.", tool=tool),
                        help=t("A key belongs to one call; another call needs another key."),
                        code="FR4010",
                    )
                return msgspec.json.decode(row["result"]), True
            result = effect(base)
            base.execute(
                "INSERT INTO effects (tool, key, args, result, at) VALUES (?, ?, ?, ?, ?)",
                (tool, key or None, digest, msgspec.json.encode(result).decode(), self.now()),
            )
            base.execute("COMMIT")
            return result, False
        except sqlite3.Error as error:
            # Also a failed COMMIT lands here: only then may the effect be there or not.
            in_doubt = not base.in_transaction
            raise AdapterError(
                t("{tool}: the desk's file failed: {error}.", tool=tool, error=error), code="FR4013", in_doubt=in_doubt
            ) from error
        finally:
            if base.in_transaction:
                base.execute("ROLLBACK")

    def new_id(self, base: sqlite3.Connection, kind: str) -> str:
        """Return the next id of a kind (`T-1001`), inside the effect's transaction."""
        row = base.execute(
            "INSERT INTO counters VALUES (?, 1001) ON CONFLICT (kind) DO UPDATE SET value = value + 1 RETURNING value",
            (kind,),
        ).fetchone()
        return f"{kind}-{row[0]}"

    def attempt(self, tool: str) -> int:
        """Count a call of a tool that has faults, over all processes; return its number."""
        base = self.connection()
        with self._writing(base):
            row = base.execute(
                "INSERT INTO attempts VALUES (?, 1) ON CONFLICT (tool) DO UPDATE SET value = value + 1 RETURNING value",
                (tool,),
            ).fetchone()
        return int(row[0])

    def result_of(self, tool: str, key: str) -> Json:
        """Return the first result of a key, or None where that call had no effect."""
        row = self.connection().execute("SELECT result FROM effects WHERE key = ? AND tool = ?", (key, tool)).fetchone()
        return None if row is None else msgspec.json.decode(row["result"])

    def count(self, tool: str) -> int:
        """Return how often a write had its effect."""
        row = self.connection().execute("SELECT count(*) FROM effects WHERE tool = ?", (tool,)).fetchone()
        return int(row[0])

    def world(self) -> dict[str, list[dict[str, Json]]]:
        """Return every table as a list of rows, in order of creation; money stands in cents."""
        base = self.connection()
        return {
            table: [dict(row) for row in base.execute(f"SELECT * FROM {table} ORDER BY rowid")]  # table: a constant
            for table in SHOWN
        }

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for base in self._open:
                base.close()
            self._open.clear()
            self._ready = False
        self._local = threading.local()
