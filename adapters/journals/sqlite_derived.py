"""Whether the derived tables of a SQLite store say what its events say.

Owns: making a run's rows anew from its events in a store in memory, by the very code that made them, and comparing.
What a difference means for the trail is the reader's judgement: the events are the truth, and the tables can be made
again from them.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from flowrun.adapters.journals.keys import Sealer
from flowrun.adapters.journals.lookup import erased_run
from flowrun.adapters.journals.sqlite_append import apply_changes, blinded_start, open_work
from flowrun.adapters.journals.sqlite_keys import Vault
from flowrun.adapters.journals.sqlite_schema import connect_empty
from flowrun.core.events import PHASES, PHASES_BY_TAG, AnyEvent, RunFinished, RunStarted
from flowrun.errors import FlowrunError, StoreError
from flowrun.journal import projections as pr
from flowrun.journal.encoding import decode, decode_clear
from flowrun.journal.verify import Problems, Row
from flowrun.words import t

DERIVED = {
    "inbox": "path, id, kind, due, at, seq, action",
    "waits": "path, due, event, key",
    "records": "path, id, schema, at, final, seq",
    "counters": "counter, at, amount, path, held",
    "rights": "path, digest, call",
    "naturals": "key, write, seq",
}
"""Every derived table and what of it is compared; `pos` of a record and `n` only number the rows."""
_RUN = "SELECT flow, version, plan, mode, created, outcome, reason, due, waiting_on FROM runs WHERE n = ?"
WRONG_KEY = "FR5005"
_END = ("", PHASES[RunFinished])
_NAMES = ("flow", "version", "plan", "mode", "created", "outcome", "reason", "due", "waiting_on")


class _AuditKeys:
    """The keys of a run that is only read; they are unwrapped when a sealed event comes."""

    def __init__(self, db: sqlite3.Connection, vault: Vault, n: int, run: str) -> None:
        self._db, self._vault, self._n, self._run = db, vault, n, run
        self._sealer: Sealer | None = None
        self.blind = vault.blind

    def unseal(self, clear: bytes, sealed: bytes) -> bytes:
        """Open an event. Raises `StoreError` where the key is not there."""
        if self._sealer is None:
            self._sealer = self._vault.of_run(self._db, self._n, self._run)
            if self._sealer is None:
                raise erased_run(self._run)
        return self._sealer.unseal(clear, sealed)

    def adopt(self, db: sqlite3.Connection, n: int, subject: str) -> None:
        """Do nothing: whose key wraps another is no part of what events say."""


class SqliteTables:
    """Follows the events of all runs; compares a run's rows when its events are complete."""

    def __init__(self, db: sqlite3.Connection, problems: Problems, vault: Vault) -> None:
        self._db = db
        self._problems = problems
        self._new = connect_empty()
        self._new.execute("BEGIN")
        self._vault = vault
        self._keys: dict[int, _AuditKeys] = {}
        self.unread = 0
        self._unread: set[int] = set()
        self._touched: set[int] = set()
        self._seen: dict[int, set[tuple[str, str]]] = {}
        self._tables = {
            name: f"SELECT {columns} FROM {name} WHERE n = ? ORDER BY {columns}" for name, columns in DERIVED.items()
        }
        self._filled = "SELECT " + " OR ".join(f"EXISTS (SELECT 1 FROM {name} WHERE n = ?1)" for name in DERIVED)

    def see(self, run: str, row: Row) -> None:
        """Take the next event of a run."""
        n, body = row[1], row[5]
        try:
            event = decode(body, self._keys_of(n, run).unseal).event
        except FlowrunError as error:
            if error.code == WRONG_KEY:
                self._note_wrong_key(n, run)
            # It was erased, its key is elsewhere, or the chain tells that it is damaged: nothing can be made again of it.
            self._unread.add(n)
            self._see_place(run, row, None)
            return
        self._see_place(run, row, event)
        if isinstance(event, RunStarted):
            self._start(n, event)
            self._check_blinded(n, run, event)
        changes = pr.fold(run, event)
        if changes:
            self._apply(run, row, event, changes)

    def _see_place(self, run: str, row: Row, event: AnyEvent | None) -> None:
        """Check where an event stands; of one that cannot be opened, its clear part says where it belongs."""
        _, n, seq, said_path, said_phase, body, _ = row
        if event is not None:
            path, phase = event.path, PHASES[type(event)]
        else:
            try:
                clear = decode_clear(body)
            except StoreError:
                return  # the chain tells
            path, phase = clear.path, PHASES_BY_TAG.get(clear.type, said_phase)
        seen, place = self._seen.setdefault(n, set()), (said_path, said_phase)
        if place in seen:
            self._note(run, seq, t("event {seq} could not have been stored: the run has had this one", seq=seq))
        elif _END in seen:
            self._note(run, seq, t("event {seq} could not have been stored: the run had ended", seq=seq))
        seen.add(place)
        if (path, phase) != (said_path, said_phase):
            self._note(
                run,
                seq,
                t(
                    "the event's place is stored as {said_path} ({said_phase}), which it is not",
                    said_path=repr(said_path),
                    said_phase=said_phase,
                ),
            )

    def end(self, n: int, run: str) -> None:
        """Compare the rows of a run whose events are complete."""
        unread = n in self._unread
        self.unread += unread
        self._seen.pop(n, None)
        self._keys.pop(n, None)
        self._unread.discard(n)
        try:
            if not unread:
                self._compare(n, run)
        finally:
            if n in self._touched:
                self._touched.discard(n)
                for name in DERIVED:
                    self._new.execute(f"DELETE FROM {name} WHERE n = ?", (n,))
                self._new.execute("DELETE FROM events WHERE n = ?", (n,))
            self._new.execute("DELETE FROM runs WHERE n = ?", (n,))

    def _compare(self, n: int, run: str) -> None:
        old, new = (db.execute(_RUN, (n,)).fetchone() for db in (self._db, self._new))
        for name, was, now in zip(_NAMES, old or (), new or (), strict=False):
            if was != now:
                self._note(
                    run,
                    0,
                    t(
                        "the table runs says {name} {was}, and the events say {now}",
                        name=name,
                        was=repr(was),
                        now=repr(now),
                    ),
                )
        if n not in self._touched and not self._db.execute(self._filled, (n,)).fetchone()[0]:
            return
        for name, query in self._tables.items():
            had, has = (db.execute(query, (n,)).fetchall() for db in (self._db, self._new))
            if had != has:
                wrong = len(set(had) ^ set(has))
                self._note(
                    run,
                    0,
                    t(
                        "the table {name} does not say what the events say ({wrong} rows differ)",
                        name=name,
                        wrong=wrong,
                    ),
                )

    def _start(self, n: int, event: RunStarted) -> None:
        self._new.execute(
            "INSERT OR IGNORE INTO runs (n, run, flow, version, plan, mode, input, created, updated, head) "
            "VALUES (?, ?, ?, ?, ?, ?, x'', ?, ?, x'')",
            (n, event.run, event.flow, event.version, event.plan, event.mode, event.at, event.at),
        )

    def _check_blinded(self, n: int, run: str, event: RunStarted) -> None:
        """Check what stands for the run's key and input, by which a second submission is known."""
        row = self._db.execute("SELECT key, input FROM runs WHERE n = ?", (n,)).fetchone()
        try:
            said = blinded_start(self._vault.blind, event)
        except FlowrunError:
            return  # the store's key is elsewhere
        for name, was, now in zip(("key", "input"), row or (), said, strict=False):
            if was != now:
                self._note(run, 0, t("the table runs names another {name} than the run was started with", name=name))

    def _note_wrong_key(self, n: int, run: str) -> None:
        """Tell a key that does not open from an event that does not."""
        if run and n not in self._unread:
            try:
                self._vault.of_run(self._db, n, run)
            except FlowrunError:
                self._problems.note("erased", t("its key, or that of its person, is not the one that was stored"), run)

    def _apply(self, run: str, row: Row, event: AnyEvent, changes: Any) -> None:
        _, n, seq, _, _, body, hash = row
        self._touched.add(n)
        try:
            # What a later change looks up among the events: the answer that a right comes from.
            self._new.execute(
                "INSERT INTO events (n, seq, path, phase, body, hash) VALUES (?, ?, ?, ?, ?, ?)",
                (n, seq, event.path, PHASES[type(event)], body, hash),
            )
            if apply_changes(self._new, self._keys_of(n, run), n, seq, changes, said=None):
                due, waiting_on = open_work(self._new, n)
                self._new.execute("UPDATE runs SET due = ?, waiting_on = ? WHERE n = ?", (due, waiting_on, n))
        except (pr.Refusal, sqlite3.IntegrityError, StoreError):
            self._note(run, seq, t("event {seq} could not have been stored: it does not fit those before it", seq=seq))

    def _keys_of(self, n: int, run: str) -> _AuditKeys:
        keys = self._keys.get(n)
        if keys is None:
            keys = self._keys[n] = _AuditKeys(self._db, self._vault, n, run)
        return keys

    def _note(self, run: str, seq: int, problem: str) -> None:
        self._problems.note("table", problem, run, seq)
