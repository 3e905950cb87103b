"""The questions that the SQLite store answers; nothing is written here.

Owns: the read side of the journal's port. How the connection is opened and how commits are made is `sqlite`'s
part.
"""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import msgspec

from flowrun.adapters.journals.lookup import (
    Lookup,
    bad_remains,
    by_beginning,
    erased_run,
    lost_keys,
    run_not_found,
    settled_entry,
)
from flowrun.adapters.journals.owners import is_gone
from flowrun.adapters.journals.sqlite_entries import standing_of
from flowrun.adapters.journals.sqlite_facts import ForgottenRuns, remains_digest
from flowrun.adapters.journals.sqlite_keys import KEY_OF, Vault
from flowrun.core.events import AnyEvent, RecordWritten, RunFinished
from flowrun.errors import StoreError
from flowrun.journal.encoding import decode
from flowrun.journal.facts import Forgotten
from flowrun.journal.projections import sortable
from flowrun.ports.journal import Forgetting, InboxRow, RecordRow, RunRow, StoredEvent, inbox_row
from flowrun.words import t

_LAST = "\U0010ffff"
UNREADABLE = ("FR5005", "FR5012", "FR5023")
"""What is wrong with one run alone: it is damaged, or its key is not there."""
# The last event of a finished run says why it ended.
_RUNS = f"""SELECT r.run, r.flow, r.version, r.plan,
    CASE WHEN r.outcome IS NOT NULL THEN 'finished' WHEN r.owner IS NULL THEN 'waiting' ELSE 'running' END,
    r.outcome, r.created, r.updated, r.due, r.owner, r.lease, r.waiting_on, r.mode, r.erased,
    e.body, k.key, k.subject, s.key FROM runs r
    LEFT JOIN events e ON e.n = r.n AND e.seq = r.seq AND r.outcome IS NOT NULL {KEY_OF.format(n="r.n")}"""
_STATUS = {
    "finished": "r.outcome IS NOT NULL",
    "waiting": "r.outcome IS NULL AND r.owner IS NULL",
    "running": "r.outcome IS NULL AND r.owner IS NOT NULL",
}
_INBOX = f"""SELECT i.id, r.run, i.path, i.due, i.n, k.key, k.subject, s.key FROM inbox i
    JOIN runs r ON r.n = i.n JOIN events e ON e.n = i.n AND e.seq = i.seq {KEY_OF.format(n="i.n")}"""
_RECORDS = f"""SELECT c.id, r.run, c.path, r.flow, c.schema, c.at, c.final, c.remains, r.mode, e.body, k.key, k.subject, s.key
    FROM records c JOIN runs r ON r.n = c.n JOIN events e ON e.n = c.n AND e.seq = c.seq {KEY_OF.format(n="c.n")}"""


class SqliteReads(ABC):
    """The read side; the subclass owns the connection."""

    _vault: Vault
    _forgotten: ForgottenRuns

    @abstractmethod
    def _db(self) -> AbstractContextManager[sqlite3.Connection]:
        """Return the connection, for this thread alone, with errors in plain words."""

    @abstractmethod
    def _wall(self) -> float:
        """Return seconds, for leases."""

    def get_plan(self, digest: str) -> bytes:
        """Return a stored plan. Raises `StoreError` (FR5008) where there is none."""
        with self._db() as db:
            row = db.execute("SELECT body FROM plans WHERE digest = ?", (digest,)).fetchone()
        if row is None:
            raise StoreError(t("The store holds no plan {digest}.", digest=digest), code="FR5008")
        return bytes(row[0])

    def usage(self, counter: str, since: str | None, *, besides: tuple[str, str] | None = None) -> int:
        """Return how much of an `at_most` counter is taken since a moment, in millionths, `besides` left out."""
        run, path = besides or ("", "")
        with self._db() as db:
            row = db.execute(
                "SELECT coalesce(sum(amount), 0) FROM counters WHERE counter = ? AND at >= ? "
                "AND NOT (path = ? AND n IN (SELECT n FROM runs WHERE run = ?))",
                (self._vault.blind("counter", counter), sortable(since) or "", path, run),
            ).fetchone()
        return int(row[0])

    def events(self, run: str, *, after: int = 0) -> list[StoredEvent]:
        """Return the run's events in order. Raises `InputError` (FR3002) for an unknown run."""
        with self._db() as db:
            number = db.execute(
                f"SELECT r.n, k.key, k.subject, s.key FROM runs r {KEY_OF.format(n='r.n')} WHERE r.run = ?", (run,)
            ).fetchone()
            if number is None:
                raise run_not_found(run)
            rows = db.execute(
                "SELECT seq, pos, body, hash FROM events WHERE n = ? AND seq > ? ORDER BY seq",
                (number[0], after),
            ).fetchall()
        unseal = partial(self._unseal, run, number[1:])
        return [
            StoredEvent(run=run, seq=seq, pos=pos, body=body, hash=hash, unseal=unseal) for seq, pos, body, hash in rows
        ]

    def _unseal(
        self, run: str, key: tuple[bytes | None, bytes | None, bytes | None], clear: bytes, sealed: bytes
    ) -> bytes:
        """Open an event's bytes by its run's key, which is unwrapped only now: a trail is verified without any."""
        sealer = self._vault.sealer(run, *key)
        if sealer is None:
            raise self._no_key(run)
        return sealer.unseal(clear, sealed)

    def _no_key(self, run: str) -> StoreError:
        """Return why a run has no key: its person was forgotten, or somebody took it away."""
        return lost_keys(run) if self._forgetting(run) is None else erased_run(run)

    def _forgetting(self, run: str) -> Forgotten | None:
        with self._db() as db:
            return self._forgotten.find(db, run)

    def runs(
        self,
        *,
        status: str | None = None,
        flow: str | None = None,
        limit: int = 50,
        since: str | None = None,
        before: str | None = None,
    ) -> list[RunRow]:
        """Return runs, the newest first; `since` a moment, and older than the run `before`."""
        where, values = ["1"], []
        if status is not None:
            where.append(_STATUS.get(status, "0"))
        for condition, value in (
            ("r.flow = ?", flow),
            ("r.created >= ?", sortable(since)),
            ("r.n < (SELECT n FROM runs WHERE run = ?)", before),
        ):
            if value is not None:
                where.append(condition)
                values.append(value)
        with self._db() as db:
            rows = db.execute(
                f"{_RUNS} WHERE {' AND '.join(where)} ORDER BY r.n DESC LIMIT ?",
                (*values, limit),
            ).fetchall()
        return [self._run_row(row) for row in rows]

    def run(self, run: str) -> RunRow:
        """Return one run by its id or by a unique beginning of it. Raises `InputError` (FR3002)."""
        with self._db() as db:
            rows = db.execute(f"{_RUNS} WHERE r.run >= ? AND r.run <= ? LIMIT 9", (run, run + _LAST)).fetchall()
        return by_beginning(Lookup.RUN, run, [(row[0], self._run_row(row)) for row in rows])

    def due(self, now: str) -> list[str]:
        """Return the runs that have something to do, the longest due first."""
        with self._db() as db:
            free = db.execute(
                "SELECT run FROM runs WHERE outcome IS NULL AND owner IS NULL "
                "AND (ready OR due <= ? OR waiting_on IS NULL) ORDER BY coalesce(due, updated), n",
                (sortable(now),),
            ).fetchall()
            held = db.execute(
                "SELECT run, owner, lease FROM runs WHERE outcome IS NULL AND owner IS NOT NULL ORDER BY n"
            ).fetchall()
        wall = self._wall()
        gone = {owner: is_gone(owner) for owner in {owner for _, owner, _ in held}}
        return [row[0] for row in free] + [run for run, owner, lease in held if lease <= wall or gone[owner]]

    def inbox(self, *, run: str | None = None) -> list[InboxRow]:
        """Return open entries, the oldest first."""
        with self._db() as db:
            rows = db.execute(
                f"{_INBOX} WHERE i.action IS NULL AND (?1 IS NULL OR r.run = ?1) ORDER BY i.at, e.pos", (run,)
            ).fetchall()
            return [self._inbox_row(db, row) for row in rows]

    def entry(self, id: str) -> InboxRow:
        """Return an open entry by its id or a unique beginning. Raises `InputError` (FR3003); says so if
        settled.
        """
        with self._db() as db:
            rows = db.execute(
                f"{_INBOX} WHERE i.action IS NULL AND i.id >= ? AND i.id <= ? LIMIT 9", (id, id + _LAST)
            ).fetchall()
            if not rows:
                settled = db.execute(
                    "SELECT id, action FROM inbox WHERE id >= ? AND id <= ? LIMIT 1", (id, id + _LAST)
                ).fetchone()
                if settled is not None:
                    raise settled_entry(settled[0], settled[1])
            return by_beginning(Lookup.ENTRY, id, [(row[0], self._inbox_row(db, row)) for row in rows])

    def awaiting(self, event: str, key: str) -> list[tuple[str, str]]:
        """Return (run, path) of every wait for this event and key, the oldest run first."""
        with self._db() as db:
            return db.execute(
                "SELECT r.run, w.path FROM waits w JOIN runs r ON r.n = w.n WHERE w.event = ? AND w.key = ? "
                "ORDER BY w.n, w.path",
                (event, self._vault.blind("wait", key)),
            ).fetchall()

    def records(
        self, *, schema: str | None = None, run: str | None = None, shadow: bool = False, limit: int = 1000
    ) -> list[RecordRow]:
        """Return records, the newest first; those of shadow runs only where they are asked for, and alone."""
        with self._db() as db:
            rows = db.execute(
                f"{_RECORDS} WHERE (?1 IS NULL OR c.schema = ?1) AND (?2 IS NULL OR r.run = ?2) "
                "AND (r.mode = 'shadow') = ?3 ORDER BY c.pos DESC LIMIT ?4",
                (schema, run, shadow, limit),
            ).fetchall()
        return [self._record_row(row) for row in rows]

    def record(self, id: str) -> RecordRow:
        """Return one record by its id or a unique beginning. Raises `InputError` (FR3004)."""
        with self._db() as db:
            rows = db.execute(f"{_RECORDS} WHERE c.id >= ? AND c.id <= ? LIMIT 9", (id, id + _LAST)).fetchall()
        return by_beginning(Lookup.RECORD, id, [(row[0], self._record_row(row)) for row in rows])

    def runs_of(self, subject: str) -> list[RunRow]:
        """Return the runs whose `subject:` is this person, the oldest first."""
        with self._db() as db:
            rows = db.execute(f"{_RUNS} WHERE k.subject = ? ORDER BY r.n", (self._vault.subject(subject),)).fetchall()
        return [self._run_row(row) for row in rows]

    def forgettings(self) -> list[Forgetting]:
        """Return what was forgotten, the oldest first."""
        with self._db() as db:
            rows = db.execute("SELECT at, by, runs, records FROM forgettings ORDER BY pos").fetchall()
        return [Forgetting(at=at, by=by, runs=runs, records=records) for at, by, runs, records in rows]

    def pseudonym(self, run: str, text: str) -> bytes:
        """Return 32 bytes that stand for a text, by the key of the run's person, or of the run while nobody is known."""
        with self._db() as db:
            row = db.execute(
                f"SELECT k.key, k.subject, s.key FROM runs r {KEY_OF.format(n='r.n')} WHERE r.run = ?", (run,)
            ).fetchone()
        if row is None:
            raise run_not_found(run)
        sealer = self._vault.person(row[1], row[2]) or self._vault.sealer(run, *row)
        if sealer is None:
            raise self._no_key(run)
        return sealer.mac("pseudonym", text)

    def _run_row(self, row: tuple[Any, ...]) -> RunRow:
        (
            run,
            flow,
            version,
            plan,
            status,
            outcome,
            created,
            updated,
            due,
            owner,
            lease,
            waiting_on,
            mode,
            erased,
            body,
            *key,
        ) = row
        # Only a forgetting makes a run a forgotten one, whatever its row says.
        forgotten = self._forgetting(run) if key[0] is None else None
        ended, unreadable = None, ""
        if forgotten is None and body is not None:
            try:
                ended = self._event(run, key, body)
            except StoreError as error:
                # One run that cannot be read hides no other; without the store's key none can.
                if error.code not in UNREADABLE:
                    raise
                unreadable = error.message
        elif forgotten is None and erased is not None:
            unreadable = lost_keys(run).message
        return RunRow(
            run=run,
            flow=flow,
            version=version,
            plan=plan,
            status=status,
            outcome=outcome,
            reason=ended.reason if isinstance(ended, RunFinished) else "",
            created=created,
            updated=updated,
            due=due,
            claimed=owner is not None and lease > self._wall() and not is_gone(owner),
            waiting_on=waiting_on,
            mode=mode,
            erased=None if forgotten is None else forgotten.at,
            unreadable=unreadable,
        )

    def _inbox_row(self, db: sqlite3.Connection, row: tuple[Any, ...]) -> InboxRow:
        id, run, path, due, n, *key = row
        wrapped, who, persons = key
        unseal = partial(self._unseal, run, (wrapped, who, persons))
        return inbox_row(id=id, run=run, due=due, now=standing_of(db, unseal, n, path))

    def _record_row(self, row: tuple[Any, ...]) -> RecordRow:
        id, run, path, flow, schema, at, final, remains, mode, body, *key = row
        # What remains is believed only where the forgetting vouches for it, and the key is really gone.
        forgotten = self._forgetting(run) if key[0] is None else None
        if forgotten is not None and remains is not None:
            record = _proven(id, remains, forgotten.runs[run].get(id))
        else:
            event = self._event(run, key, body)
            if not isinstance(event, RecordWritten):
                raise StoreError(t("Record {name} does not point to its event.", name=id), code="FR5005")
            record = event.record
        return RecordRow(
            id=id,
            run=run,
            path=path,
            flow=flow,
            schema=schema,
            at=at,
            final=bool(final),
            record=record,
            erased=forgotten is not None,
            mode=mode,
        )

    def _event(self, run: str, key: Sequence[bytes | None], body: bytes) -> AnyEvent:
        wrapped, who, persons = key
        return decode(body, partial(self._unseal, run, (wrapped, who, persons))).event


def _proven(id: str, remains: object, digest: str | None) -> dict[str, Any]:
    """Return what remains of a record. Raises `StoreError` (FR5024) where it is not what the forgetting kept."""
    stored = remains if isinstance(remains, bytes) else str(remains).encode()
    try:
        if remains_digest(stored) == digest:
            return msgspec.json.decode(stored, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    raise bad_remains(id)
