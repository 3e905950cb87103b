"""What of a SQLite store can be read, looked at without changing a byte.

Owns: SQLite's own check, and reading run by run as far as it goes, where a question over the whole store would fail. Proving
who wrote what is the trail's part.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from flowrun.adapters.journals.sqlite_keys import Vault
from flowrun.adapters.journals.sqlite_schema import APPLICATION_ID, MIGRATIONS, SEALED, store_error
from flowrun.adapters.journals.sqlite_trail import open_snapshot
from flowrun.errors import FlowrunError, StoreError
from flowrun.journal.chain import GENESIS, link
from flowrun.ports.health import DamagedRun, Health
from flowrun.words import t

MOST_PROBLEMS = 100
LITTLE_ROOM = 100_000_000
"""Bytes below which the room on the disk is told as a problem to come."""


def examine(path: Path) -> Health:
    """Look at a store. Raises `StoreError` (FR5021) where there is none; everything else is in the answer."""
    if not path.is_file():
        raise StoreError(
            t("There is no store at {path}.", path=path),
            help=t("Give its place with --store sqlite:///PATH."),
            code="FR5021",
        )
    problems: list[str] = []
    warnings = _surroundings(path)
    try:
        with closing(open_snapshot(path)) as db:
            if db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
                return Health(store=str(path), problems=[t("It is not a flowrun store.")], warnings=warnings)
            form = db.execute("PRAGMA user_version").fetchone()[0]
            if form > len(MIGRATIONS):
                warnings.append(
                    t(
                        "It was written by a newer flowrun (form {form}; this one knows {count}).",
                        form=form,
                        count=len(MIGRATIONS),
                    )
                )
            problems += _integrity(db)
            runs, events, damaged, unread = _runs(db)
            key, locked = _locked(path, db) if form >= SEALED else ("", [])
    except sqlite3.Error as error:
        return Health(store=str(path), problems=[store_error(path, error).message], warnings=warnings)
    if unread:
        problems.append(unread)
    return Health(
        store=str(path), form=form, runs=runs, events=events, problems=problems, damaged=damaged, warnings=warnings,
        key=key, locked=locked,
    )  # fmt: skip


def _surroundings(path: Path) -> list[str]:
    found = []
    if not os.access(path, os.W_OK) or not os.access(path.parent, os.W_OK):
        found.append(t("The file or its folder cannot be written by this user."))
    free = shutil.disk_usage(path.parent).free
    if free < LITTLE_ROOM:
        found.append(t("Only {free} MB are left on its disk.", free=free // 1000000))
    return found


def _integrity(db: sqlite3.Connection) -> list[str]:
    try:
        rows = db.execute(f"PRAGMA integrity_check({MOST_PROBLEMS})").fetchall()
    except sqlite3.Error as error:
        return [t("SQLite's check could not be finished: {error}.", error=error)]
    return [str(row[0]) for row in rows if row[0] != "ok"]


def _runs(db: sqlite3.Connection) -> tuple[int, int, list[DamagedRun], str]:
    """Read every run from its first event on; return runs, events, the damaged ones, and what kept runs from being listed."""
    runs = events = 0
    damaged: list[DamagedRun] = []
    last = 0
    try:
        while row := db.execute(
            "SELECT n, run, seq, head FROM runs WHERE n > ? ORDER BY n LIMIT 1", (last,)
        ).fetchone():
            last, run, seq, head = row
            good, whole = _chain(db, last, head)
            runs, events = runs + 1, events + good
            if not whole or good != seq:
                damaged.append(DamagedRun(run=str(run), events=int(seq), readable=good))
    except (sqlite3.Error, ValueError, TypeError) as error:
        return runs, events, damaged, t("The list of runs breaks off after {runs}: {error}.", runs=runs, error=error)
    return runs, events, damaged, ""


def _locked(path: Path, db: sqlite3.Connection) -> tuple[str, list[str]]:
    """Return why the store's key opens nothing, and the runs that cannot be opened. A forgotten run has no key to open."""
    vault = Vault(path)
    try:
        vault.attach(db)
        kept = db.execute("SELECT r.n, r.run FROM runs r JOIN keys k ON k.n = r.n ORDER BY r.n").fetchall()
    except (sqlite3.Error, TypeError, ValueError) as error:
        return t("What the store says of its keys cannot be read: {error}.", error=error), []
    try:
        vault.check()
    except FlowrunError as error:
        return error.message, [str(run) for _, run in kept]
    locked = []
    for n, run in kept:
        try:
            vault.of_run(db, n, run)
        except (FlowrunError, sqlite3.Error, TypeError, ValueError, AttributeError):
            locked.append(str(run))
    return "", locked


def _chain(db: sqlite3.Connection, n: int, head: bytes) -> tuple[int, bool]:
    """Return how many events are as they were written, from the first on, and whether they end where the run says."""
    good, previous = 0, GENESIS
    try:
        for seq, body, hash in db.execute("SELECT seq, body, hash FROM events WHERE n = ? ORDER BY seq", (n,)):
            if seq != good + 1 or not isinstance(body, bytes) or link(previous, body) != hash:
                return good, False
            good, previous = good + 1, hash
    except sqlite3.Error:
        return good, False
    return good, previous == head
