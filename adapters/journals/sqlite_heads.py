"""Signed heads of the SQLite store: when one is due, and how it is made from the one before.

Owns: the `heads` table. The digest's rule and the statement are `flowrun.journal`'s, the key is `signing`'s. A head
costs one read of the hashes since the last full block, one signature and one row.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from flowrun.adapters.journals.signing import Signer
from flowrun.adapters.journals.sqlite_facts import last_fact
from flowrun.core.events import RunFinished
from flowrun.errors import StoreError
from flowrun.journal.heads import FIRST, Head, Statement, signed_bytes, statement_digest
from flowrun.journal.merkle import BLOCK, Tree
from flowrun.ports.journal import Append
from flowrun.values.moments import seconds_between
from flowrun.words import t

DUE_EVENTS = 1000
"""Events since the last head after which the end of a run signs the next."""
DUE_SECONDS = 300.0
"""Seconds since the last head (or the store's first run) after which it does so, too."""

_SELECT = "SELECT store, events, runs, digest, previous, at, key_id, public_key, signature, {facts} FROM heads"
_NEWEST = "ORDER BY rowid DESC LIMIT 1"


def read_heads(db: sqlite3.Connection, *, last: bool = False) -> Iterator[Head]:
    """Return the heads, the oldest first; `last`: only the newest."""
    # A store of an earlier form is read as it is; its heads name no facts.
    known = db.execute("SELECT 1 FROM pragma_table_info('heads') WHERE name = 'facts'").fetchone()
    select = _SELECT.format(facts="facts, facts_end" if known else "0, x''")
    rows = db.execute(f"{select} {_NEWEST if last else 'ORDER BY rowid'}")
    for store, events, runs, digest, previous, at, key, public, signature, facts, facts_end in rows:
        statement = Statement(
            store=str(store),
            events=events,
            runs=runs,
            digest=_bytes(digest).hex(),
            previous=_bytes(previous).hex(),
            at=str(at),
            key=str(key),
            facts=facts,
            facts_end=_bytes(facts_end).hex(),
        )
        yield Head(statement=statement, signature=_bytes(signature), public=_bytes(public))


def store_id(db: sqlite3.Connection) -> str:
    """Return the id that tells this store from all others; it is part of each head."""
    row = db.execute("SELECT value FROM meta WHERE name = 'store'").fetchone()
    return "" if row is None else _bytes(row[0]).hex()


class Interval:
    """When the end of a run is worth a look at whether a head is due; a look costs two rows, a run's end nothing."""

    __slots__ = ("_events", "_looked", "broken")

    def __init__(self) -> None:
        self._events = 0
        self._looked: float | None = None
        self.broken = False
        """The key could not be used; `flowrun audit sign` says why, and `verify` how much is not signed."""

    def is_over(self, appends: Sequence[Append], wall: float) -> bool:
        """Count what was stored, and return whether it is time to look."""
        ended = False
        for item in appends:
            self._events += len(item.events)
            ended = ended or (bool(item.events) and type(item.events[-1]) is RunFinished)
        if not ended or self.broken:
            return False
        if self._looked is None or self._events >= DUE_EVENTS or not 0 <= wall - self._looked < DUE_SECONDS:
            self._events, self._looked = 0, wall
            return True
        return False


def is_due(db: sqlite3.Connection, now: str) -> bool:
    """Return whether a head is due: enough events since the last, of any process, or enough time."""
    events = db.execute("SELECT coalesce(max(pos), 0) FROM events").fetchone()[0]
    last = db.execute(f"SELECT events, at FROM heads {_NEWEST}").fetchone()
    if last is None:
        last = (0, db.execute("SELECT coalesce(min(created), ?) FROM runs WHERE n = 1", (now,)).fetchone()[0])
    if events - last[0] >= DUE_EVENTS:
        return True
    return bool(events > last[0] and seconds_between(str(last[1]), now) >= DUE_SECONDS)


def sign_head(db: sqlite3.Connection, signer: Signer, at: str) -> Head | None:
    """Sign all events and facts of the store, inside a transaction; None where none came since the last head.

    Raises `StoreError` (FR5020) where events are missing: such a store is looked at, and not signed.
    """
    last = next(read_heads(db, last=True), None)
    before = 0 if last is None else last.statement.events
    tree = _tree_at(db, last)
    for (hash,) in db.execute("SELECT hash FROM events WHERE pos > ? ORDER BY pos", (before,)):
        tree.add(hash)
    runs, position = db.execute("SELECT (SELECT count(*) FROM runs), coalesce(max(pos), 0) FROM events").fetchone()
    if tree.events != position or position < before:
        raise StoreError(
            t("The store cannot be signed: events are missing from it."),
            help=t("`flowrun audit verify` tells which."),
            code="FR5020",
        )
    fact = last_fact(db)
    facts, facts_end = (0, b"") if fact is None else (fact.pos, fact.hash)
    if position == before and facts == (0 if last is None else last.statement.facts):
        return None
    statement = Statement(
        store=store_id(db),
        events=position,
        runs=runs,
        digest=tree.root().hex(),
        previous=(FIRST if last is None else statement_digest(last.statement)).hex(),
        at=at,
        key=signer.id,
        facts=facts,
        facts_end=facts_end.hex(),
    )
    head = Head(statement=statement, signature=signer.sign(signed_bytes(statement)), public=signer.public)
    db.execute(
        "INSERT INTO heads (events, store, runs, digest, previous, at, key_id, public_key, signature, peaks, facts, "
        "facts_end) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            position,
            statement.store,
            runs,
            bytes.fromhex(statement.digest),
            bytes.fromhex(statement.previous),
            at,
            signer.id,
            signer.public,
            head.signature,
            b"".join(tree.peaks),
            facts,
            facts_end,
        ),
    )
    return head


def _tree_at(db: sqlite3.Connection, last: Head | None) -> Tree:
    """Return the tree as it was at the last head: from its peaks where they give its digest, else from all hashes."""
    if last is None:
        return Tree()
    said = last.statement
    full = said.events // BLOCK
    peaks = _bytes(db.execute(f"SELECT peaks FROM heads {_NEWEST}").fetchone()[0])
    if len(peaks) == 32 * full.bit_count():
        tree = Tree([peaks[place : place + 32] for place in range(0, len(peaks), 32)], full)
        _grow(db, tree, full * BLOCK, said.events)
        if tree.root().hex() == said.digest:
            return tree
    tree = Tree()
    _grow(db, tree, 0, said.events)
    return tree


def _grow(db: sqlite3.Connection, tree: Tree, after: int, until: int) -> None:
    for (hash,) in db.execute("SELECT hash FROM events WHERE pos > ? AND pos <= ? ORDER BY pos", (after, until)):
        tree.add(hash)


def _bytes(value: object) -> bytes:
    """Return a column as bytes, whatever somebody wrote into it."""
    return value if isinstance(value, bytes) else str(value).encode()
