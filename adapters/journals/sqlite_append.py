"""How one run's append enters the SQLite store, inside a transaction that the caller has begun.

Owns: the checks of an append (claim, end, path, room, right), the events' rows, and the derived rows.
Transactions, savepoints and syncing are `sqlite`'s part; what an event means is
`flowrun.journal.projections`'.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec

from flowrun.adapters.journals.keys import Sealer
from flowrun.adapters.journals.sqlite_entries import standing_of
from flowrun.adapters.journals.sqlite_halts import find_halt
from flowrun.adapters.journals.sqlite_keys import KEY_OF, Keys, RunKeys, Vault
from flowrun.core.entries import Standing
from flowrun.core.events import PHASES, Answered, AnyEvent, Approved, Edited, RunStarted
from flowrun.errors import StoreError
from flowrun.journal import projections as pr
from flowrun.journal.chain import link
from flowrun.journal.encoding import decode, encode
from flowrun.ports.journal import Append, Receipt

_HEAD = f"""SELECT r.n, r.epoch, r.owner, r.outcome, r.seq, r.head, k.key, k.subject, s.key FROM runs r
    {KEY_OF.format(n="r.n")} WHERE r.run = ?"""
_INSERT = "INSERT INTO events (n, seq, path, phase, body, hash) VALUES (?, ?, ?, ?, ?, ?)"
_MOVE = """UPDATE runs SET seq = ?, head = ?, updated = max(updated, ?), ready = ready | ?
    WHERE n = ? AND seq = ? AND outcome IS NULL AND (? IS NULL OR (epoch = ? AND owner IS NOT NULL))"""
_OPEN = """SELECT due, kind FROM inbox WHERE n = ?1 AND action IS NULL
    UNION ALL SELECT due, coalesce(event, 'timer') FROM waits WHERE n = ?1"""
_USAGE = "SELECT coalesce(sum(amount), 0) FROM counters WHERE counter = ? AND at >= ? AND NOT (n = ? AND path = ?)"


_canonical = msgspec.json.Encoder(order="deterministic")


class Head(NamedTuple):
    """Where a run stood after this process's last commit: row, epoch, last place and hash; and its key."""

    n: int
    epoch: int
    seq: int
    head: bytes
    sealer: Sealer


class Outdated(Exception):
    """A remembered head no longer holds; the caller undoes everything and goes by the rows."""


def append(db: sqlite3.Connection, vault: Vault, item: Append, heads: dict[str, Head]) -> Receipt:
    """Store one append. Raises `Refusal`; then the caller must undo what was written.

    `heads` spares reading a run's row before each commit: the update that follows finds the row only if nothing
    about the run has changed since. It gains the new head, which holds once the transaction is committed.
    """
    known = heads.get(item.run)
    if known is None or known.epoch != item.epoch:
        known = _read_head(db, vault, item)
        remembered = False
    else:
        remembered = True
    if not item.events:
        return Receipt(ok=True, seq=known.seq)
    if item.under:
        held = find_halt(db, vault.blind, item.under, item.events[-1].at)
        if held is not None:
            raise pr.Refusal("halt", held.words)
    n, seq, head, seal = known.n, known.seq, known.head, known.sealer.seal
    rows: list[tuple[int, int, str, str, bytes, bytes]] = []
    for event in item.events:
        seq += 1
        try:
            body = encode(item.run, seq, event, seal)
        except StoreError as error:
            raise pr.Refusal("event", error.message) from None
        head = link(head, body)
        rows.append((n, seq, event.path, PHASES[type(event)], body, head))
    moved = db.execute(
        _MOVE, (seq, head, item.events[-1].at, int(item.epoch is None), n, known.seq, item.epoch, item.epoch)
    )
    if not moved.rowcount:
        raise Outdated if remembered else pr.Refusal("claim")
    try:
        if len(rows) == 1:
            db.execute(_INSERT, rows[0])
        else:
            db.executemany(_INSERT, rows)
    except sqlite3.IntegrityError as error:
        if error.sqlite_errorname != "SQLITE_CONSTRAINT_UNIQUE":
            raise
        raise pr.Refusal("path") from None
    if _project(db, vault, item, known):
        due, waiting_on = open_work(db, n)
        db.execute("UPDATE runs SET due = ?, waiting_on = ? WHERE n = ?", (due, waiting_on, n))
    heads[item.run] = Head(n, known.epoch, seq, head, known.sealer)
    return Receipt(ok=True, seq=seq)


def blinded_start(blind: Callable[[str, str], bytes], started: RunStarted) -> tuple[bytes | None, bytes]:
    """Return what stands for the key (None: it has none) and for the input that a run was started with."""
    key = blind(pr.key_space(started), f"{started.flow}\0{started.key}") if started.key else None
    return key, blind("input", _canonical.encode(started.input).decode())


def _read_head(db: sqlite3.Connection, vault: Vault, item: Append) -> Head:
    row = db.execute(_HEAD, (item.run,)).fetchone()
    if row is None:
        raise pr.Refusal("claim")
    n, epoch, owner, outcome, seq, head, *key = row
    if item.epoch is not None and (item.epoch != epoch or owner is None):
        raise pr.Refusal("claim")
    if outcome is not None:
        raise pr.Refusal("finished")
    sealer = vault.sealer(item.run, *key)
    if sealer is None:
        # The run was begun by a version that did not seal.
        sealer = Sealer()
        vault.give(db, n, item.run, sealer)
    return Head(n, epoch, seq, head, sealer)


def _project(db: sqlite3.Connection, vault: Vault, item: Append, known: Head) -> bool:
    """Apply what the events mean; return whether the run's open entries or waits changed."""
    touched = False
    keys = RunKeys(vault, item.run, known.sealer)
    for seq, event in enumerate(item.events, known.seq + 1):
        changes = pr.fold(item.run, event)
        if not changes:
            continue
        said = event if item.epoch is None and isinstance(event, Answered | Approved | Edited) else None
        touched = apply_changes(db, keys, known.n, seq, changes, said=said) or touched
    return touched


def apply_changes(
    db: sqlite3.Connection, keys: Keys, n: int, seq: int, changes: Iterable[pr.Change], *, said: AnyEvent | None
) -> bool:
    """Apply what one event means; return whether the run's open entries or waits changed. Raises `Refusal`.

    `said`: the event, where a person outside the run gave it.
    """
    touched = False
    for change in changes:
        kind = type(change)
        _APPLY[kind](db, keys, n, seq, change, said)
        touched = touched or kind in _TOUCHING
    return touched


def open_work(db: sqlite3.Connection, n: int) -> tuple[str | None, str | None]:
    """Return (the earliest due, the kinds of what is open) of a run."""
    rows = db.execute(_OPEN, (n,)).fetchall()
    kinds = sorted({kind for _, kind in rows})
    return min((due for due, _ in rows if due is not None), default=None), ", ".join(kinds) or None


def _entry_opened(db: sqlite3.Connection, keys: Keys, n: int, seq: int, c: Any, said: AnyEvent | None) -> None:
    db.execute(
        "INSERT INTO inbox (n, path, id, kind, due, at, seq) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (n, c.path, c.id, c.kind, c.due, c.at, seq),
    )


def _open_entry(db: sqlite3.Connection, keys: Keys, n: int, path: str, before: int) -> Standing:
    """Return where an open entry stood before a place in the run's journal. Raises `Refusal` where it is not open."""
    if db.execute("SELECT 1 FROM inbox WHERE n = ? AND path = ? AND action IS NULL", (n, path)).fetchone() is None:
        raise pr.Refusal("path")
    return standing_of(db, keys.unseal, n, path, before=before)


def _entry_changed(db: sqlite3.Connection, keys: Keys, n: int, seq: int, c: Any, said: AnyEvent | None) -> None:
    if said is not None:
        pr.check(_open_entry(db, keys, n, c.path, seq), said)
    if db.execute("SELECT 1 FROM inbox WHERE n = ? AND path = ?", (n, c.path)).fetchone() is not None:
        due = pr.sortable(standing_of(db, keys.unseal, n, c.path, before=seq + 1).due)
        db.execute("UPDATE inbox SET due = ? WHERE n = ? AND path = ?", (due, n, c.path))


def _entry_settled(db: sqlite3.Connection, keys: Keys, n: int, seq: int, c: Any, said: AnyEvent | None) -> None:
    if said is not None:
        pr.check(_open_entry(db, keys, n, c.path, seq), said)
    db.execute("UPDATE inbox SET action = ? WHERE n = ? AND path = ? AND action IS NULL", (c.action, n, c.path))


def _wait_opened(db: sqlite3.Connection, keys: Keys, n: int, seq: int, c: Any, said: AnyEvent | None) -> None:
    key = None if c.event is None else keys.blind("wait", c.key or "")
    db.execute(
        "INSERT INTO waits (n, path, due, event, key) VALUES (?, ?, ?, ?, ?)",
        (n, c.path, c.due, c.event, key),
    )


def _wait_ended(db: sqlite3.Connection, keys: Keys, n: int, seq: int, c: Any, said: AnyEvent | None) -> None:
    db.execute("DELETE FROM waits WHERE n = ? AND path = ?", (n, c.path))


def _record_added(db: sqlite3.Connection, keys: Keys, n: int, seq: int, c: Any, said: AnyEvent | None) -> None:
    db.execute(
        "INSERT INTO records (n, path, id, schema, at, final, seq) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (n, c.path, c.id, c.schema, c.at, int(c.final), seq),
    )


def _room_taken(db: sqlite3.Connection, keys: Keys, n: int, seq: int, c: Any, said: AnyEvent | None) -> None:
    counter = keys.blind("counter", c.counter)
    taken = db.execute(_USAGE, (counter, c.since or "", n, c.path)).fetchone()[0]
    if taken + c.amount > c.limit:
        raise pr.Refusal("limit", c.rule)
    # A further attempt of the same call takes no further room.
    db.execute(
        "INSERT INTO counters (counter, at, amount, n, path) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (counter, n, path) DO UPDATE "
        "SET at = excluded.at, amount = max(amount, excluded.amount)",
        (counter, c.at, c.amount, n, c.path),
    )


def _room_held(db: sqlite3.Connection, keys: Keys, n: int, seq: int, c: Any, said: AnyEvent | None) -> None:
    db.execute("UPDATE counters SET held = 1 WHERE n = ? AND path = ?", (n, c.path))


def _room_returned(db: sqlite3.Connection, keys: Keys, n: int, seq: int, c: Any, said: AnyEvent | None) -> None:
    db.execute("DELETE FROM counters WHERE n = ? AND path = ? AND NOT held", (n, c.path))


def _room_freed(db: sqlite3.Connection, keys: Keys, n: int, seq: int, c: Any, said: AnyEvent | None) -> None:
    db.execute("DELETE FROM counters WHERE n = ? AND path = ?", (n, c.path))


def _natural_taken(db: sqlite3.Connection, keys: Keys, n: int, seq: int, c: Any, said: AnyEvent | None) -> None:
    key = keys.blind("natural", c.natural)
    db.execute("INSERT OR IGNORE INTO naturals (key, n, write, seq) VALUES (?, ?, ?, 0)", (key, n, c.write))
    has, write, done, run = db.execute(
        "SELECT a.n, a.write, a.seq, r.run FROM naturals a JOIN runs r ON r.n = a.n WHERE a.key = ?", (key,)
    ).fetchone()
    # A further attempt of the same write has its key already.
    if done > 0 or (has, write) != (n, c.write):
        raise pr.Refusal("natural", "once.natural", (run, done))


def _natural_done(db: sqlite3.Connection, keys: Keys, n: int, seq: int, c: Any, said: AnyEvent | None) -> None:
    _natural_moved(db, keys, n, c.natural, seq)


def _natural_held(db: sqlite3.Connection, keys: Keys, n: int, seq: int, c: Any, said: AnyEvent | None) -> None:
    _natural_moved(db, keys, n, c.natural, -1)


def _natural_moved(db: sqlite3.Connection, keys: Keys, n: int, natural: str, seq: int) -> None:
    db.execute(
        "UPDATE naturals SET seq = ? WHERE key = ? AND n = ? AND seq <= 0", (seq, keys.blind("natural", natural), n)
    )


def _natural_freed(db: sqlite3.Connection, keys: Keys, n: int, seq: int, c: Any, said: AnyEvent | None) -> None:
    db.execute(
        "DELETE FROM naturals WHERE key = ? AND n = ? AND (seq = 0 OR (seq < 0 AND ?))",
        (keys.blind("natural", c.natural), n, c.surely),
    )


def _right_used(db: sqlite3.Connection, keys: Keys, n: int, seq: int, c: Any, said: AnyEvent | None) -> None:
    row = db.execute(
        "SELECT e.body FROM inbox i JOIN events e ON e.n = i.n AND e.path = i.path AND e.phase = 'ended' "
        "WHERE i.n = ? AND i.path = ? AND i.action = 'approve'",
        (n, c.entry),
    ).fetchone()
    if row is None or not pr.grants(
        standing_of(db, keys.unseal, n, c.entry, before=seq), decode(row[0], keys.unseal).event, c.digest
    ):
        raise pr.Refusal("right")
    # A digest of few possible arguments could be guessed.
    digest = keys.blind("digest", c.digest).hex()
    db.execute(
        "INSERT OR IGNORE INTO rights (n, path, digest, call) VALUES (?, ?, ?, ?)",
        (n, c.entry, digest, c.path),
    )
    used_by = db.execute(
        "SELECT call FROM rights WHERE n = ? AND path = ? AND digest = ?", (n, c.entry, digest)
    ).fetchone()[0]
    # A further attempt of the same call may use its right again.
    if used_by != c.path:
        raise pr.Refusal("right")


def _run_ended(db: sqlite3.Connection, keys: Keys, n: int, seq: int, c: Any, said: AnyEvent | None) -> None:
    db.execute("UPDATE inbox SET action = 'finished' WHERE n = ? AND action IS NULL", (n,))
    db.execute("DELETE FROM waits WHERE n = ?", (n,))
    db.execute("UPDATE runs SET outcome = ? WHERE n = ?", (c.outcome, n))


def _subject_known(db: sqlite3.Connection, keys: Keys, n: int, seq: int, c: Any, said: AnyEvent | None) -> None:
    keys.adopt(db, n, c.subject)


_APPLY: dict[type, Callable[[sqlite3.Connection, Keys, int, int, Any, AnyEvent | None], None]] = {
    pr.EntryOpened: _entry_opened,
    pr.EntryChanged: _entry_changed,
    pr.EntrySettled: _entry_settled,
    pr.WaitOpened: _wait_opened,
    pr.WaitEnded: _wait_ended,
    pr.RecordAdded: _record_added,
    pr.RoomTaken: _room_taken,
    pr.RoomHeld: _room_held,
    pr.RoomReturned: _room_returned,
    pr.RoomFreed: _room_freed,
    pr.NaturalTaken: _natural_taken,
    pr.NaturalDone: _natural_done,
    pr.NaturalHeld: _natural_held,
    pr.NaturalFreed: _natural_freed,
    pr.RightUsed: _right_used,
    pr.RunEnded: _run_ended,
    pr.SubjectKnown: _subject_known,
}
_TOUCHING: frozenset[type] = frozenset(
    {pr.EntryOpened, pr.EntryChanged, pr.EntrySettled, pr.WaitOpened, pr.WaitEnded, pr.RunEnded}
)
