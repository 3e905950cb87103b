"""The SQLite store's file: opening it, its tables, its version, and SQLite's errors in plain words.

Owns: connection settings, the numbered migrations (forward only) and the translation of errors. Queries and
commits live in `sqlite_queries` and `sqlite`.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flowrun.adapters.journals.keys import Sealer, blinded, read_store_key
from flowrun.adapters.journals.sqlite_facts import adopt_facts
from flowrun.errors import StoreError
from flowrun.words import t

APPLICATION_ID = 0x466C6F77
SEALED = 6
"""The form from which on events are sealed."""
FACTS = 7
"""The form from which on the facts of the store itself are chained."""
BUSY_SECONDS = 30.0

MIGRATIONS: list[list[str]] = [
    [
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
        "CREATE TABLE plans (digest TEXT PRIMARY KEY, body BLOB NOT NULL)",
        # n is a run's short number inside the store; seq and head are the end of its chain.
        """CREATE TABLE runs (
            n INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE, flow TEXT NOT NULL, version INTEGER NOT NULL,
            plan TEXT NOT NULL, key BLOB UNIQUE, input BLOB NOT NULL, created TEXT NOT NULL,
            updated TEXT NOT NULL,
            outcome TEXT, reason TEXT NOT NULL DEFAULT '', due TEXT, waiting_on TEXT,
            owner TEXT, lease REAL NOT NULL DEFAULT 0, epoch INTEGER NOT NULL DEFAULT 0,
            ready INTEGER NOT NULL DEFAULT 0, seq INTEGER NOT NULL DEFAULT 0, head BLOB NOT NULL)""",
        "CREATE INDEX runs_open ON runs (owner, ready, due) WHERE outcome IS NULL",
        """CREATE TABLE events (
            pos INTEGER PRIMARY KEY, n INTEGER NOT NULL REFERENCES runs, seq INTEGER NOT NULL,
            path TEXT NOT NULL,
            phase TEXT NOT NULL, body BLOB NOT NULL, hash BLOB NOT NULL)""",
        "CREATE UNIQUE INDEX events_seq ON events (n, seq)",
        "CREATE UNIQUE INDEX events_path ON events (n, path, phase)",
        # action is NULL while the entry is open.
        """CREATE TABLE inbox (
            n INTEGER NOT NULL REFERENCES runs, path TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL,
            due TEXT, at TEXT NOT NULL, seq INTEGER NOT NULL, action TEXT, PRIMARY KEY (n,
            path)) WITHOUT ROWID""",
        "CREATE INDEX inbox_id ON inbox (id)",
        "CREATE INDEX inbox_open ON inbox (at) WHERE action IS NULL",
        """CREATE TABLE waits (
            n INTEGER NOT NULL REFERENCES runs, path TEXT NOT NULL, due TEXT, event TEXT, key BLOB,
            PRIMARY KEY (n, path)) WITHOUT ROWID""",
        "CREATE INDEX waits_event ON waits (event, key) WHERE event IS NOT NULL",
        """CREATE TABLE records (
            pos INTEGER PRIMARY KEY, n INTEGER NOT NULL REFERENCES runs, path TEXT NOT NULL, id TEXT NOT NULL,
            schema TEXT NOT NULL, at TEXT NOT NULL, final INTEGER NOT NULL, seq INTEGER NOT
            NULL, UNIQUE (n, path))""",
        "CREATE INDEX records_id ON records (id)",
        "CREATE INDEX records_schema ON records (schema)",
        # held: an attempt ended in doubt, so the room is never given back.
        """CREATE TABLE counters (
            counter BLOB NOT NULL, at TEXT NOT NULL, amount INTEGER NOT NULL, n INTEGER NOT NULL
            REFERENCES runs,
            path TEXT NOT NULL, held INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (counter, n, path))
            WITHOUT ROWID""",
        "CREATE INDEX counters_at ON counters (counter, at, amount)",
        "CREATE INDEX counters_call ON counters (n, path)",
        """CREATE TABLE rights (
            n INTEGER NOT NULL REFERENCES runs, path TEXT NOT NULL, digest TEXT NOT NULL, call TEXT NOT NULL,
            PRIMARY KEY (n, path, digest)) WITHOUT ROWID""",
    ],
    [
        # No row is ever removed: who halted what, when and why stays.
        """CREATE TABLE halts (
            pos INTEGER PRIMARY KEY, what TEXT NOT NULL, at TEXT NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL,
            until TEXT, lifted_at TEXT, lifted_by TEXT NOT NULL DEFAULT '')""",
        "CREATE INDEX halts_live ON halts (what) WHERE lifted_at IS NULL",
    ],
    [
        # The store's own id, and signed statements about its first `events` events; peaks spare hashing them anew.
        "INSERT INTO meta VALUES ('store', randomblob(16))",
        """CREATE TABLE heads (
            events INTEGER PRIMARY KEY, store TEXT NOT NULL, runs INTEGER NOT NULL, digest BLOB NOT NULL,
            previous BLOB NOT NULL, at TEXT NOT NULL, key_id TEXT NOT NULL, public_key BLOB NOT NULL,
            signature BLOB NOT NULL, peaks BLOB NOT NULL)""",
    ],
    [
        # write is the idempotency key that has the natural key; seq is the event with its result, 0 while it is in
        # flight, -1 while it is in doubt.
        """CREATE TABLE naturals (
            key BLOB PRIMARY KEY, n INTEGER NOT NULL REFERENCES runs, write TEXT NOT NULL, seq INTEGER NOT NULL)
            WITHOUT ROWID""",
    ],
    [
        "ALTER TABLE runs ADD COLUMN mode TEXT NOT NULL DEFAULT 'live'",
    ],
    [
        # key: the run's data key, wrapped by the person's key, or by the store's own while subject is NULL.
        "CREATE TABLE keys (n INTEGER PRIMARY KEY REFERENCES runs, subject BLOB, key BLOB NOT NULL)",
        "CREATE INDEX keys_subject ON keys (subject) WHERE subject IS NOT NULL",
        "CREATE TABLE subjects (subject BLOB PRIMARY KEY, key BLOB NOT NULL) WITHOUT ROWID",
        """CREATE TABLE forgettings (
            pos INTEGER PRIMARY KEY, at TEXT NOT NULL, by TEXT NOT NULL, runs INTEGER NOT NULL,
            records INTEGER NOT NULL)""",
        "ALTER TABLE runs ADD COLUMN erased TEXT",
        # What is left of a record after its person was forgotten.
        "ALTER TABLE records ADD COLUMN remains BLOB",
        # Reasons may name people; they are read from the sealed event.
        "UPDATE runs SET reason = ''",
        "UPDATE rights SET digest = blinded('digest', digest)",
    ],
    [
        # Halts and forgettings as statements, each chained to the one before; what is there already is taken over.
        "CREATE TABLE facts (pos INTEGER PRIMARY KEY, kind TEXT NOT NULL, body BLOB NOT NULL, hash BLOB NOT NULL)",
        # A head may cover new facts and no new event.
        """CREATE TABLE heads_anew (
            number INTEGER PRIMARY KEY, events INTEGER NOT NULL, store TEXT NOT NULL, runs INTEGER NOT NULL,
            digest BLOB NOT NULL, previous BLOB NOT NULL, at TEXT NOT NULL, key_id TEXT NOT NULL,
            public_key BLOB NOT NULL, signature BLOB NOT NULL, peaks BLOB NOT NULL,
            facts INTEGER NOT NULL DEFAULT 0, facts_end BLOB NOT NULL DEFAULT x'')""",
        """INSERT INTO heads_anew (events, store, runs, digest, previous, at, key_id, public_key, signature, peaks)
            SELECT events, store, runs, digest, previous, at, key_id, public_key, signature, peaks
            FROM heads ORDER BY events""",
        "DROP TABLE heads",
        "ALTER TABLE heads_anew RENAME TO heads",
    ],
]


def connect(path: Path | str, *, busy_seconds: float = BUSY_SECONDS) -> sqlite3.Connection:
    """Open the store, make it or bring it up to date. Raises `StoreError`."""
    place = Path(path)
    with plain_errors(place):
        _make_private(place)
        db = sqlite3.connect(
            place, timeout=busy_seconds, isolation_level=None, cached_statements=256, check_same_thread=False
        )
        try:
            _prepare(db, place, busy_seconds)
        except BaseException:
            db.close()
            raise
    return db


def connect_empty() -> sqlite3.Connection:
    """Return what a store that does not exist holds: the tables in memory, without a row."""
    db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    _migrate(db, None)
    return db


def exists(path: Path) -> bool:
    """Return whether there is a store. Raises `StoreError` where that cannot be seen."""
    with plain_errors(path):
        return path.exists()


def _make_private(path: Path) -> None:
    """A new store is readable by its owner only, since it holds what customers wrote."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return


def _prepare(db: sqlite3.Connection, path: Path, busy_seconds: float) -> None:
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise StoreError(
            t(
                "The store {path} was written by a newer flowrun (form {version}; this program knows {count}).",
                path=path,
                version=version,
                count=len(MIGRATIONS),
            ),
            code="FR5003",
            help=t("Use that newer flowrun, or give another store."),
        )
    if version == 0 and db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] and not _is_ours(db):
        raise StoreError(
            t("{path} is a SQLite database of another program.", path=path),
            code="FR5005",
            help=t("Give another place for the store."),
        )
    _enable_wal(db, path, busy_seconds)
    # secure_delete: also a new page of another table may hold what stood in memory before, a key for example.
    for setting in ("secure_delete = ON", "foreign_keys = ON", "synchronous = NORMAL", "wal_autocheckpoint = 2000",
                    "journal_size_limit = 67108864", "fullfsync = ON", "temp_store = MEMORY"):  # fmt: skip
        db.execute(f"PRAGMA {setting}")
    if version < len(MIGRATIONS):
        _migrate(db, read_store_key(path, make=True) if version < SEALED else None)


def _is_ours(db: sqlite3.Connection) -> bool:
    mine: bool = db.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    return mine


def _enable_wal(db: sqlite3.Connection, path: Path, busy_seconds: float) -> None:
    """Several processes may make the same store at once; SQLite does not wait by itself for this one
    setting.
    """
    if db.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
        return
    end = time.monotonic() + busy_seconds
    while True:
        try:
            mode = db.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            break
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname not in ("SQLITE_BUSY", "SQLITE_BUSY_RECOVERY") or time.monotonic() > end:
                raise
            time.sleep(0.01)
    if mode != "wal":
        raise StoreError(
            t(
                "The store {path} cannot be used safely there: SQLite has no write-ahead log on this file system.",
                path=path,
            ),
            code="FR5007",
            help=t("Put the store on a local disk."),
        )


def _migrate(db: sqlite3.Connection, key: Sealer | None) -> None:
    """Bring the tables up to date; `key`: the store's own, where the store begins to seal events."""
    db.execute("BEGIN IMMEDIATE")
    try:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        secret = db.execute("SELECT value FROM meta WHERE name = 'secret'").fetchone() if version else (os.urandom(32),)
        db.create_function("blinded", 2, lambda purpose, text: blinded(secret[0], purpose, text).hex())
        for number, statements in enumerate(MIGRATIONS[version:], version + 1):
            for statement in statements:
                db.execute(statement)
            if number == FACTS:
                adopt_facts(db)
            db.execute(f"PRAGMA user_version = {number}")
        if version == 0:
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            db.execute("INSERT INTO meta VALUES ('secret', ?)", secret)
        elif version < SEALED:
            db.execute("INSERT INTO meta VALUES ('old_blinding', x'01')")
        if version < SEALED and key is not None:
            db.execute("INSERT INTO meta VALUES ('check', ?)", (key.mac("check", ""),))
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


_RIGHTS = "Give this user the right to write it and its folder."
_WAIT = "Wait until it is done, or end the other program."
_ROOM = "Make room on the disk, then go on with `flowrun resume --due`."
_RESTORE = "Restore a backup; `flowrun doctor` tells what can be read."
_OTHER = "Give another place for the store, or restore a backup."
_FOLDER = "Check that the folder exists and that this user may write in it."
_DISK = "Check the disk and its free room."
_WORDS = {
    "SQLITE_BUSY": ("FR5001", "is locked by another program", _WAIT),
    "SQLITE_LOCKED": ("FR5001", "is locked by another program", _WAIT),
    "SQLITE_READONLY": ("FR5002", "cannot be written: it is read-only", _RIGHTS),
    "SQLITE_PERM": ("FR5002", "cannot be written: access was denied", _RIGHTS),
    "SQLITE_FULL": ("FR5004", "cannot grow: the disk is full", _ROOM),
    "SQLITE_CORRUPT": ("FR5005", "is damaged", _RESTORE),
    "SQLITE_NOTADB": ("FR5005", "is not a flowrun store", _OTHER),
    "SQLITE_CANTOPEN": ("FR5007", "cannot be opened", _FOLDER),
    "SQLITE_IOERR": ("FR5007", "cannot be read or written: the disk reports an error", _DISK),
}  # fmt: skip


@contextmanager
def plain_errors(path: Path | str) -> Iterator[None]:
    """Turn SQLite's and the system's errors into `StoreError`."""
    try:
        yield
    except sqlite3.Error as error:
        raise store_error(path, error) from None
    except OSError as error:
        code = "FR5004" if error.errno == 28 else "FR5002" if isinstance(error, PermissionError) else "FR5007"
        raise StoreError(
            t("The store {path} cannot be opened: {why}.", path=path, why=error.strerror or error),
            code=code,
            help=t("Check that the folder exists, has room, and that this user may write in it."),
        ) from None


def store_error(path: Path | str, error: sqlite3.Error) -> StoreError:
    """Return one SQLite error in plain words."""
    name = getattr(error, "sqlite_errorname", None) or ""
    # Extended names such as SQLITE_IOERR_WRITE begin with the name of their kind.
    kind = "_".join(name.split("_")[:2])
    code, what, help_text = _WORDS.get(kind, ("FR5000", f"cannot be used ({error})", "Run `flowrun doctor`."))
    return StoreError(t("The store {path} {what}.", path=path, what=what), code=code, help=help_text)
