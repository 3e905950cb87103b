"""The journal in a SQLite file: one file, no server, safe for several processes on one machine.

Owns: the connection's life, transactions, syncing, claims and submissions. The tables are `sqlite_schema`'s,
the rows of an append `sqlite_append`'s, the questions `sqlite_queries`'.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock

from flowrun.adapters.journals.keys import Sealer
from flowrun.adapters.journals.lookup import key_reused
from flowrun.adapters.journals.owners import is_gone
from flowrun.adapters.journals.signing import Signer, find_signer
from flowrun.adapters.journals.sqlite_append import Head, Outdated, append, blinded_start
from flowrun.adapters.journals.sqlite_facts import ForgottenRuns
from flowrun.adapters.journals.sqlite_halts import SqliteHalts
from flowrun.adapters.journals.sqlite_heads import Interval, is_due, sign_head
from flowrun.adapters.journals.sqlite_keys import Vault, flush_erased
from flowrun.adapters.journals.sqlite_queries import SqliteReads
from flowrun.adapters.journals.sqlite_schema import BUSY_SECONDS, connect, connect_empty, exists, store_error
from flowrun.core.events import PHASES, RunStarted
from flowrun.errors import ConfigError, FlowrunError, InputError, StoreError
from flowrun.journal.chain import GENESIS, link
from flowrun.journal.encoding import encode
from flowrun.journal.heads import Head as SignedHead
from flowrun.journal.projections import Refusal
from flowrun.ports.journal import Append, Claim, Erasure, Open, Opened, Receipt
from flowrun.values.moments import format_moment
from flowrun.words import t

LEASE_SECONDS = 60.0
MOST_HEADS = 2000
OPEN_REFUSED = ("FR3005", "FR5006", "FR5009")
"""What is wrong with one submission; every other error is the store's, and stops the whole transaction."""


class SqliteJournal(SqliteReads, SqliteHalts):
    """The journal's port over a SQLite file. Every method raises `StoreError` where the file cannot be used.

    The file is opened at the first use and made at the first write: questions to a file that is not there find
    nothing. One object may be used from several threads, one at a time by itself.
    `lease` is how long (seconds) a claim holds without `renew` where its process cannot be seen; `wall` gives
    seconds for leases.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        lease: float = LEASE_SECONDS,
        busy: float = BUSY_SECONDS,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.path = Path(path)
        self._lease = lease
        self._busy = busy
        self._wall_clock = wall
        self._lock = RLock()
        self._connection: sqlite3.Connection | None = None
        self._vault = Vault(self.path)
        self._forgotten = ForgottenRuns()
        self._synced = False
        self._heads: dict[str, Head] = {}
        self._interval = Interval()
        self._signer: Signer | None = None

    def put_plan(self, digest: str, body: bytes) -> None:
        """Store a plan once."""
        with self._transaction() as db:
            db.execute("INSERT OR IGNORE INTO plans (digest, body) VALUES (?, ?)", (digest, body))

    def open_run(self, started: RunStarted, *, owner: str) -> Opened:
        """Store the run's first event durably and claim it, or return the first run with the same key.

        Raises `InputError` (FR3005) where the key was used with another input.
        """
        opened = self.write([Open(started=started, owner=owner)], [])[0][0]
        if isinstance(opened, FlowrunError):
            raise opened
        return opened

    def claim(self, run: str, *, owner: str) -> Claim | None:
        """Take the run, or return None where a live owner has it, or where it has ended or does not exist."""
        with self._transaction() as db:
            row = db.execute("SELECT n, epoch, owner, lease, outcome FROM runs WHERE run = ?", (run,)).fetchone()
            if row is None or row[4] is not None:
                return None
            n, epoch, holder, lease, _ = row
            if holder is not None and lease > self._wall() and not is_gone(holder):
                return None
            db.execute(
                "UPDATE runs SET epoch = ?, owner = ?, lease = ?, ready = 0 WHERE n = ?",
                (epoch + 1, owner, self._wall() + self._lease, n),
            )
        return Claim(run=run, epoch=epoch + 1)

    def release(self, claim: Claim, *, ready: bool = False) -> None:
        """Give the run back; nothing happens where it was taken over."""
        with self._transaction() as db:
            db.execute(
                "UPDATE runs SET owner = NULL, ready = ready | ? WHERE run = ? AND epoch = ?",
                (int(ready), claim.run, claim.epoch),
            )

    def renew(self, claims: Sequence[Claim]) -> None:
        """Prolong the leases that still hold."""
        lease = self._wall() + self._lease
        with self._transaction() as db:
            db.executemany(
                "UPDATE runs SET lease = ? WHERE run = ? AND epoch = ? AND owner IS NOT NULL",
                [(lease, claim.run, claim.epoch) for claim in claims],
            )

    def commit(self, appends: Sequence[Append]) -> list[Receipt]:
        """Store all appends in one transaction; a refused one leaves nothing and disturbs no other."""
        return self.write([], appends)[1]

    def write(
        self, opens: Sequence[Open], appends: Sequence[Append]
    ) -> tuple[list[Opened | FlowrunError], list[Receipt]]:
        """Open runs and store appends in one transaction; a refused one leaves nothing and disturbs no other."""
        if not opens and not appends:
            return [], []
        heads, self._heads = self._heads, {}
        try:
            result = self._write(opens, appends, heads)
        except Outdated:
            heads = {}
            result = self._write(opens, appends, heads)
        # Only what is committed is remembered, and of few runs: a finished one is not asked for again.
        self._heads = heads if len(heads) < MOST_HEADS else {}
        if self._interval.is_over(appends, self._wall()):
            self._sign_if_due()
        return result

    def sign(self) -> SignedHead | None:
        """Sign all events that the store holds; None where none came since the last head.

        Raises `ConfigError` (FR2035) where the key cannot be used, `StoreError` (FR5020) where events are missing.
        """
        return self._sign(durable=True) if exists(self.path) else None

    def _sign(self, *, durable: bool) -> SignedHead | None:
        signer = self._signer = self._signer or find_signer(self.path, make=True)
        assert signer is not None
        with self._transaction(durable=durable) as db:
            return sign_head(db, signer, self._now())

    def _sign_if_due(self) -> None:
        """Sign at intervals. A key that cannot be used stops no run: the trail tells how much of it is signed."""
        with self._db() as db:
            if not is_due(db, self._now()):
                return
        try:
            self._sign(durable=False)
        except (ConfigError, StoreError):
            self._interval.broken = True

    def _sign_facts(self) -> None:
        """Sign at once what was said of the store itself, for it comes seldom; a key that cannot be used stops nothing."""
        with suppress(ConfigError, StoreError):
            self._sign(durable=False)

    def _write(
        self, opens: Sequence[Open], appends: Sequence[Append], heads: dict[str, Head]
    ) -> tuple[list[Opened | FlowrunError], list[Receipt]]:
        durable = bool(opens) or any(item.durable for item in appends)
        # Refusals are rare, and a savepoint costs a fifth of an append: so first all at once, then one by one.
        try:
            with self._transaction(durable=durable) as db:
                opened_all: list[Opened | FlowrunError] = [self._open(db, item, heads) for item in opens]
                return opened_all, [append(db, self._vault, item, heads) for item in appends]
        except Refusal as refusal:
            heads.clear()
            if len(appends) == 1 and not opens:
                return [], [_refused(refusal)]
        except (InputError, StoreError) as error:
            heads.clear()
            if error.code not in OPEN_REFUSED:
                raise
            if len(opens) == 1 and not appends:
                return [error], []
        opened: list[Opened | FlowrunError] = []
        receipts: list[Receipt] = []
        with self._transaction(durable=durable) as db:
            for start in opens:
                try:
                    with _savepoint(db):
                        opened.append(self._open(db, start, heads))
                except (InputError, StoreError) as error:
                    opened.append(error)
            for item in appends:
                try:
                    with _savepoint(db):
                        receipts.append(append(db, self._vault, item, heads))
                except Refusal as refusal:
                    heads.pop(item.run, None)
                    receipts.append(_refused(refusal))
        return opened, receipts

    def _open(self, db: sqlite3.Connection, item: Open, heads: dict[str, Head]) -> Opened:
        started, owner = item.started, item.owner
        sealer = Sealer()
        body = encode(started.run, 1, started, sealer.seal)
        head = link(GENESIS, body)
        key, content = blinded_start(self._vault.blind, started)
        if key is not None:
            row = db.execute("SELECT run, input FROM runs WHERE key = ?", (key,)).fetchone()
            if row is not None:
                if row[1] != content:
                    raise key_reused(row[0])
                return Opened(run=row[0], claim=None, duplicate=True)
        try:
            n = db.execute(
                "INSERT INTO runs (run, flow, version, plan, mode, key, input, created, updated, owner, lease, "
                "epoch, seq, head) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 1, ?)",
                (
                    started.run,
                    started.flow,
                    started.version,
                    started.plan,
                    started.mode,
                    key,
                    content,
                    started.at,
                    started.at,
                    owner,
                    self._wall() + self._lease,
                    head,
                ),
            ).lastrowid
        except sqlite3.IntegrityError:
            raise StoreError(t("Run {run} is in the store already.", run=started.run), code="FR5009") from None
        assert n is not None
        self._vault.give(db, n, started.run, sealer, started.subject)
        db.execute(
            "INSERT INTO events (n, seq, path, phase, body, hash) VALUES (?, 1, ?, ?, ?, ?)",
            (n, started.path, PHASES[RunStarted], body, head),
        )
        heads[started.run] = Head(n, 1, 1, head, sealer)
        return Opened(run=started.run, claim=Claim(run=started.run, epoch=1))

    def erase(self, erasure: Erasure) -> None:
        """Destroy the keys of a person's runs, keep the records' remains, and leave no older byte in the store's files.

        Raises as the port says.
        """
        with self._lock:
            db = self._connection or self._connect()
            if erasure.runs:
                with self._transaction(durable=True) as db:
                    self._vault.erase(db, erasure)
                self._sign_facts()
            try:
                # Also without runs: an earlier erasure may not have come through.
                flush_erased(db, self.path)
            except sqlite3.Error as error:
                raise store_error(self.path, error) from None

    def close(self) -> None:
        """Close the store. A later use opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextmanager
    def _db(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            if self._connection is None and not exists(self.path):
                with closing(connect_empty()) as nothing:
                    yield nothing
                return
            try:
                yield self._connection or self._connect()
            except sqlite3.Error as error:
                raise store_error(self.path, error) from None

    def _connect(self) -> sqlite3.Connection:
        db = self._connection = connect(self.path, busy_seconds=self._busy)
        self._synced = False
        self._vault.attach(db)
        return db

    def _transaction(self, *, durable: bool = False) -> _Transaction:
        return _Transaction(self, durable)

    def begin(self, durable: bool) -> sqlite3.Connection:
        """Begin a transaction under the lock; `end` must follow."""
        self._lock.acquire()
        try:
            db = self._connection or self._connect()
            if durable is not self._synced:
                # It cannot change inside a transaction. A synced commit syncs the earlier ones with it.
                db.execute("PRAGMA synchronous = FULL" if durable else "PRAGMA synchronous = NORMAL")
                self._synced = durable
            db.execute("BEGIN IMMEDIATE")
        except BaseException as error:
            self._lock.release()
            if isinstance(error, sqlite3.Error):
                raise store_error(self.path, error) from None
            raise
        return db

    def end(self, error: BaseException | None) -> None:
        """Commit, or after an error roll back; raises `StoreError` for what SQLite says."""
        db = self._connection
        assert db is not None
        try:
            if error is None:
                try:
                    db.execute("COMMIT")
                    return
                except sqlite3.Error as failed:
                    error = failed
            try:
                if db.in_transaction:
                    db.execute("ROLLBACK")
            except sqlite3.Error as failed:
                error = failed
            if isinstance(error, sqlite3.Error):
                raise store_error(self.path, error) from None
        finally:
            self._lock.release()

    def _wall(self) -> float:
        return self._wall_clock()

    def _now(self) -> str:
        return format_moment(datetime.fromtimestamp(self._wall(), UTC))


class _Transaction:
    """A transaction as a context; a class, for one is made for every commit."""

    __slots__ = ("_durable", "_journal")

    def __init__(self, journal: SqliteJournal, durable: bool) -> None:
        self._journal = journal
        self._durable = durable

    def __enter__(self) -> sqlite3.Connection:
        return self._journal.begin(self._durable)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._journal.end(error)


def _refused(refusal: Refusal) -> Receipt:
    return Receipt(ok=False, refused=refusal.refused, rule=refusal.rule, first=refusal.first)


@contextmanager
def _savepoint(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("SAVEPOINT one")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK TO one")
        db.execute("RELEASE one")
        raise
    db.execute("RELEASE one")
