"""The facts of a SQLite store: adding one to the chain, reading them, and who was forgotten by them.

Owns: the table `facts`. What a fact says and its chain are `flowrun.journal.facts`'; comparing the tables `halts` and
`forgettings` with it is `sqlite_facts_check`'s part.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from hashlib import sha256

from flowrun.journal.facts import Fact, FactRow, Forgotten, Halted, Lifted, next_fact, read_fact

_ROWS = "SELECT pos, CAST(body AS BLOB), CAST(hash AS BLOB) FROM facts"


def add_fact(db: sqlite3.Connection, fact: Fact) -> None:
    """Add a fact to the end of the chain, in the caller's transaction."""
    row = next_fact(last_fact(db), fact)
    kind = str(fact.__struct_config__.tag)
    db.execute("INSERT INTO facts (pos, kind, body, hash) VALUES (?, ?, ?, ?)", (row.pos, kind, row.body, row.hash))


def last_fact(db: sqlite3.Connection) -> FactRow | None:
    """Return the end of the chain."""
    row = db.execute(f"{_ROWS} ORDER BY pos DESC LIMIT 1").fetchone()
    return None if row is None else FactRow(*row)


def fact_rows(db: sqlite3.Connection) -> Iterator[FactRow]:
    """Return all facts, the oldest first; none where the table is not there."""
    if db.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'facts'").fetchone():
        for pos, body, hash in db.execute(f"{_ROWS} ORDER BY pos"):
            yield FactRow(pos, body or b"", hash or b"")


def remains_of(db: sqlite3.Connection, n: int) -> dict[str, str]:
    """Return the digest of what remains of each record of a run that was forgotten."""
    rows = db.execute("SELECT id, CAST(remains AS BLOB) FROM records WHERE n = ? AND remains IS NOT NULL", (n,))
    return {id: remains_digest(remains) for id, remains in rows}


def remains_digest(remains: bytes) -> str:
    """Return what a forgetting says of the bytes that remain of a record."""
    return sha256(remains).hexdigest()


def adopt_facts(db: sqlite3.Connection) -> None:
    """Take over what a store of an earlier form says of halts and forgettings."""
    found: list[Fact] = []
    halts = "SELECT pos, what, at, by, reason, until, lifted_at, lifted_by FROM halts ORDER BY pos"
    for number, what, at, by, reason, until, lifted_at, lifted_by in db.execute(halts):
        found.append(Halted(at=at, by=by, number=number, what=what, reason=reason, until=until, adopted=True))
        if lifted_at is not None:
            found.append(Lifted(at=lifted_at, by=lifted_by, what=what, halts=[number], adopted=True))
    for at, by in db.execute("SELECT at, by FROM forgettings ORDER BY pos").fetchall():
        runs = db.execute("SELECT n, run FROM runs WHERE erased = ? ORDER BY n", (at,)).fetchall()
        found.append(Forgotten(at=at, by=by, runs={run: remains_of(db, n) for n, run in runs}, adopted=True))
    for fact in sorted(found, key=lambda fact: fact.at):
        add_fact(db, fact)


class ForgottenRuns:
    """Which runs were forgotten, as the facts say it; what came since the last question is read and kept."""

    def __init__(self) -> None:
        self._read = 0
        self._runs: dict[str, Forgotten] = {}

    def find(self, db: sqlite3.Connection, run: str) -> Forgotten | None:
        """Return the fact by which a run was forgotten."""
        rows = db.execute(
            "SELECT pos, body FROM facts WHERE pos > ? AND kind = 'forgotten' ORDER BY pos", (self._read,)
        )
        for pos, body in rows:
            self._read = pos
            found = read_fact(body)
            if found is not None and isinstance(found[1], Forgotten):
                for name in found[1].runs:
                    self._runs.setdefault(name, found[1])
        return self._runs.get(run)
