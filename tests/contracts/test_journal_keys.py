"""What every journal keeps secret, and that a forgotten person is gone from every file of a store while the chain holds."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flowrun.adapters.journals.keys import VARIABLE, blinded, key_file
from flowrun.adapters.journals.memory import MemoryJournal
from flowrun.adapters.journals.sqlite import SqliteJournal
from flowrun.adapters.journals.sqlite_schema import APPLICATION_ID, MIGRATIONS, SEALED
from flowrun.core import events as ev
from flowrun.errors import ConfigError, InputError, StoreError
from flowrun.journal.chain import GENESIS, link, verify
from flowrun.journal.encoding import encode
from flowrun.ports.journal import Claim, Erasure, Journal
from tests.contracts.journal_kit import AT, ME, answered, asked, intended, opened, person, put, returned, started

ANA, BEN = "ana.lopez@example.com", "ben@example.com"
SECRET = b"s" * 32
LATER = "2026-03-03T09:00:00.000000Z"
Open = Callable[[], Journal]


@pytest.fixture(params=["memory", "sqlite"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journal]:
    store: Journal = MemoryJournal() if request.param == "memory" else SqliteJournal(tmp_path / "flowrun.db")
    yield store
    store.close()


def erasure(journal: Journal, subject: str = ANA, **changes: object) -> Erasure:
    runs = [row.run for row in journal.runs_of(subject)]
    remains = {r.id: {"kept": 1} for run in runs for r in journal.records(run=run)}
    return Erasure(**({"subject": subject, "runs": runs, "remains": remains, "at": LATER, "by": "Sam"} | changes))  # type: ignore[arg-type]


def case(journal: Journal, run: str, subject: str | None, *, end: bool = True) -> Claim:
    """One run about a person; with a record, an end and a reason that names them."""
    claim = opened(journal, run, subject=subject, input={"email": subject or "nobody"})
    record = ev.RecordWritten(path="case", at=AT, schema="case@1", record={"name": "Ana Lopez"}, final=True)
    put(journal, claim, returned("a"), record)
    if end:
        put(journal, claim, ev.RunFinished(at=AT, outcome="failed", reason=f"No customer {subject}."))
    return claim


def test_a_run_belongs_to_its_subject_however_it_is_written(journal: Journal) -> None:
    case(journal, "01a", ANA)
    case(journal, "01b", " Ana.Lopez@EXAMPLE.com ")
    case(journal, "01c", BEN)
    case(journal, "01d", None)
    assert [row.run for row in journal.runs_of("ANA.LOPEZ@example.com")] == ["01a", "01b"]
    assert [row.run for row in journal.runs_of(BEN)] == ["01c"] and journal.runs_of("C-1") == []


def test_a_subject_that_is_known_later_counts_from_then_on(journal: Journal) -> None:
    claim = case(journal, "01a", None, end=False)
    before = [item.event for item in journal.events("01a")]
    assert put(journal, claim, ev.SubjectKnown(path="@subject", at=AT, subject=ANA)).ok
    assert [row.run for row in journal.runs_of(ANA)] == ["01a"]
    assert [item.event for item in journal.events("01a")][:-1] == before
    # It is told once.
    assert put(journal, claim, ev.SubjectKnown(path="@subject", at=AT, subject=BEN)).refused == "path"
    assert journal.runs_of(BEN) == []


def test_a_refused_commit_makes_nobody_known(journal: Journal) -> None:
    claim = case(journal, "01a", None, end=False)
    refused = put(journal, claim, ev.SubjectKnown(path="@subject", at=AT, subject=ANA), returned("a"))
    assert refused.refused == "path" and journal.runs_of(ANA) == []
    assert put(journal, claim, returned("b")).ok and journal.events("01a")[-1].event == returned("b")


def test_forgetting_destroys_what_happened_and_keeps_the_rest(journal: Journal) -> None:
    case(journal, "01a", ANA)
    case(journal, "01b", BEN)
    stored = journal.events("01a")
    journal.erase(erasure(journal))
    assert journal.runs_of(ANA) == [] and [row.run for row in journal.runs_of(BEN)] == ["01b"]
    row = journal.run("01a")
    assert (row.outcome, row.reason, row.erased) == ("failed", "", LATER)
    (record,) = journal.records(run="01a")
    assert record.record == {"kept": 1} and record.erased and journal.record(record.id) == record
    again = journal.events("01a")
    assert again == stored and verify(again, head=(4, stored[-1].hash)) == []
    assert [(e.clear.seq, e.clear.type, e.clear.at) for e in again][1:3] == [
        (2, "call.returned", AT),
        (3, "record.written", AT),
    ]
    for item in again:
        with pytest.raises(StoreError) as error:
            _ = item.event
        assert error.value.code == "FR5012"
    other = journal.run("01b")
    assert other.erased is None and BEN in other.reason and journal.records(run="01b")[0].record["name"] == "Ana Lopez"
    assert [(f.at, f.by, f.runs, f.records) for f in journal.forgettings()] == [(LATER, "Sam", 1, 1)]


def test_forgetting_twice_does_nothing_more_and_the_person_may_come_back(journal: Journal) -> None:
    case(journal, "01a", ANA)
    journal.erase(erasure(journal))
    journal.erase(erasure(journal))
    assert len(journal.forgettings()) == 1
    case(journal, "01b", ANA)
    assert [row.run for row in journal.runs_of(ANA)] == ["01b"] and journal.run("01b").reason
    assert journal.run("01a").erased == LATER


def test_nobody_is_forgotten_while_a_run_goes_on(journal: Journal) -> None:
    case(journal, "01a", ANA)
    case(journal, "01b", ANA, end=False)
    with pytest.raises(InputError) as error:
        journal.erase(erasure(journal))
    assert error.value.code == "FR3040" and "01b" in error.value.message and ANA not in error.value.message
    assert journal.run("01a").erased is None and journal.events("01a")[0].event.subject == ANA  # type: ignore[union-attr]


def test_a_run_that_came_in_meanwhile_stops_an_erasure(journal: Journal) -> None:
    case(journal, "01a", ANA)
    planned = erasure(journal)
    case(journal, "01b", ANA)
    with pytest.raises(StoreError) as error:
        journal.erase(planned)
    assert error.value.code == "FR5013" and journal.run("01a").erased is None


def test_a_pseudonym_is_of_the_person_and_gone_with_them(journal: Journal) -> None:
    case(journal, "01a", ANA)
    case(journal, "01b", ANA)
    case(journal, "01c", BEN)
    mine = journal.pseudonym("01a", "x")
    assert mine == journal.pseudonym("01b", "x") and len(mine) == 32
    assert mine != journal.pseudonym("01c", "x") and mine != journal.pseudonym("01a", "y")
    journal.erase(erasure(journal))
    with pytest.raises(StoreError):
        journal.pseudonym("01a", "x")


def test_the_same_key_after_forgetting_is_still_the_same_run(journal: Journal) -> None:
    case(journal, "01a", ANA)
    journal.erase(erasure(journal))
    again = journal.open_run(started("01b", key="01a", input={"email": ANA}, subject=ANA), owner=ME)
    assert again.run == "01a" and again.duplicate


# The SQLite store's files


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store" / "flowrun.db"


@pytest.fixture
def open_store(path: Path) -> Iterator[Callable[[], SqliteJournal]]:
    made: list[SqliteJournal] = []

    def make() -> SqliteJournal:
        made.append(SqliteJournal(path))
        return made[-1]

    yield make
    for store in made:
        store.close()


def files(path: Path) -> bytes:
    """Every byte of the store's files, the key file left out."""
    return b"".join(p.read_bytes() for p in sorted(path.parent.iterdir()) if p != key_file(path))


def test_nothing_that_was_said_stands_in_the_files(path: Path, open_store: Callable[[], SqliteJournal]) -> None:
    store = open_store()
    claim = case(store, "01a", ANA, end=False)
    put(
        store, claim, asked("ok", title="May Ana Lopez?"), ev.Waiting(path="w", at=AT, event="paid@1", key="key-of-ana")
    )
    person(store, "01a", answered("ok", reason="She called from 0170."))
    put(store, claim, intended("b", approvals=["ok"], digest="digest-of-few-args"))
    put(store, claim, ev.RunFinished(at=AT, outcome="failed", reason=f"No customer {ANA}."))
    found = files(path)
    for text in (ANA, "Ana Lopez", "key-of-ana", "0170", "digest-of-few-args", "No customer"):
        assert text.encode() not in found
    assert b"run.finished" in found and b"failed" in found  # what kind of thing happened may be known


def test_after_forgetting_no_key_of_the_person_is_left_in_any_byte(
    path: Path, open_store: Callable[[], SqliteJournal]
) -> None:
    store = open_store()
    early: list[tuple[bool, bytes]] = []
    for n in range(60):
        # Some are known only later: their keys were wrapped by the store's key before.
        claim = opened(store, f"01run{n:03}", subject=None if n % 2 else ANA if n % 3 else BEN)
        if n % 2:
            with store._db() as db:
                early.append(
                    (n % 3 > 0, bytes(db.execute("SELECT key FROM keys ORDER BY n DESC LIMIT 1").fetchone()[0]))
                )
            put(store, claim, ev.SubjectKnown(path="@subject", at=AT, subject=ANA if n % 3 else BEN))
        put(store, claim, ev.RunFinished(at=AT, outcome="completed"))
    other = SqliteJournal(path)
    seen = {bytes(row[0]) for row in other._connect().execute("SELECT key FROM keys")}
    other.close()
    everything = files(path)
    assert all(key in everything for key in seen)
    mine = {row.run for row in store.runs_of(ANA)}
    with store._db() as db:
        lost = [bytes(row[0]) for row in db.execute("SELECT k.key FROM keys k JOIN runs r ON r.n = k.n ORDER BY r.run")]
        names = [row[0] for row in db.execute("SELECT r.run FROM keys k JOIN runs r ON r.n = k.n ORDER BY r.run")]
        persons = [bytes(row[0]) for row in db.execute("SELECT key FROM subjects")]
    store.erase(erasure(store))
    left = files(path)
    for name, key in zip(names, lost, strict=True):
        assert (key in left) is (name not in mine)
    assert sum(key in left for key in persons) == 1
    # The wrappings from before the person was known stand in cells that were freed long ago.
    assert any(key in everything for _, key in early) and not any(key in left for mine, key in early if mine)
    for row in store.runs_of(BEN):
        assert [item.event.at for item in store.events(row.run)] and verify(store.events(row.run)) == []


def test_keys_that_were_wrapped_before_the_person_was_known_are_gone_too(
    path: Path, open_store: Callable[[], SqliteJournal]
) -> None:
    store = open_store()
    claim = opened(store, "01a", subject=None)
    with store._db() as db:
        early = bytes(db.execute("SELECT key FROM keys").fetchone()[0])
    assert early in files(path)
    put(store, claim, ev.SubjectKnown(path="@subject", at=AT, subject=ANA), ev.RunFinished(at=AT, outcome="completed"))
    store.erase(erasure(store))
    assert early not in files(path)


def test_another_reader_of_old_bytes_is_told_and_a_second_try_comes_through(
    path: Path, open_store: Callable[[], SqliteJournal]
) -> None:
    store = SqliteJournal(path, busy=0.05)
    case(store, "01a", ANA)
    reader = open_store()
    with reader._db() as db:
        db.execute("BEGIN")
        db.execute("SELECT count(*) FROM runs").fetchone()
        with pytest.raises(StoreError) as error:
            store.erase(erasure(store))
        assert error.value.code == "FR5001" and store.run("01a").erased == LATER
        db.execute("COMMIT")
    store.erase(erasure(store))
    assert not (path.parent / "flowrun.db-wal").stat().st_size
    store.close()


def test_the_key_file_is_private_and_made_once(path: Path, open_store: Callable[[], SqliteJournal]) -> None:
    case(open_store(), "01a", ANA)
    file = key_file(path)
    assert file.stat().st_mode & 0o777 == 0o600 and len(file.read_text().strip()) == 64
    before = file.read_bytes()
    case(open_store(), "01b", ANA)
    assert file.read_bytes() == before and open_store().run("01a").reason


def test_looking_for_runs_makes_no_key(path: Path, open_store: Callable[[], SqliteJournal]) -> None:
    store = open_store()
    assert store.runs() == [] and store.runs_of(ANA) == [] and not path.parent.exists()


@pytest.mark.parametrize("change", ["lost", "other"])
def test_without_its_key_a_store_says_so_and_its_trail_still_verifies(
    path: Path, open_store: Callable[[], SqliteJournal], change: str
) -> None:
    case(open_store(), "01a", ANA)
    if change == "lost":
        key_file(path).unlink()
    else:
        key_file(path).write_text("ab" * 32)
    store = open_store()
    stored = store.events("01a")
    assert verify(stored) == [] and stored[1].clear.type == "call.returned"
    actions: list[Callable[[], object]] = [
        lambda: stored[0].event,
        lambda: opened(store, "01b"),
        lambda: store.runs_of(ANA),
        lambda: store.records(),
    ]
    for action in actions:
        with pytest.raises(StoreError) as error:
            action()
        assert error.value.code == "FR5011" and "flowrun.db.key" in error.value.message
    assert change == "other" or not key_file(path).exists()


def test_the_key_may_come_from_the_environment(
    path: Path, open_store: Callable[[], SqliteJournal], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, os.urandom(32).hex())
    case(open_store(), "01a", ANA)
    assert not key_file(path).exists() and open_store().run("01a").reason
    monkeypatch.setenv(VARIABLE, "not a key")
    with pytest.raises(ConfigError) as error:
        open_store().run("01a")
    assert error.value.code == "FR2021" and "not a key" not in error.value.message


def test_changed_sealed_bytes_do_not_open(path: Path, open_store: Callable[[], SqliteJournal]) -> None:
    case(open_store(), "01a", ANA)
    store = open_store()
    with store._db() as db:
        bodies = [row[0] for row in db.execute("SELECT body FROM events ORDER BY seq")]
        # The sealed part of one event under the clear part of another.
        head, _, _ = bodies[1].partition(b',"sealed"')
        _, cut, tail = bodies[2].partition(b',"sealed"')
        db.execute("UPDATE events SET body = ? WHERE seq = 2", (head + cut + tail,))
    with pytest.raises(StoreError) as error:
        _ = store.events("01a")[1].event
    assert error.value.code == "FR5005" and verify(store.events("01a"))[0].seq == 2


# Stores of the form before


def old_store(path: Path) -> None:
    """Make a store as the version before sealing left it: one run that waits, with a used right."""
    path.parent.mkdir()
    db = sqlite3.connect(path, isolation_level=None)
    for statements in MIGRATIONS[: SEALED - 1]:
        for statement in statements:
            db.execute(statement)
    db.execute(f"PRAGMA user_version = {SEALED - 1}")
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute("INSERT INTO meta VALUES ('secret', ?)", (SECRET,))
    events = [
        started("01old", key="m-1"),
        asked("ok"),
        answered("ok"),
        intended("w", approvals=["ok"]),
        ev.Waiting(path="t", at=AT, event="paid@1", key="k-1"),
    ]
    head = GENESIS
    db.execute(
        "INSERT INTO runs (n, run, flow, version, plan, key, input, created, updated, epoch, seq, head) "
        "VALUES (1, '01old', 'f', 1, 'p', ?, ?, ?, ?, 1, 5, x'')",
        (blinded(SECRET, "key", "f\0m-1"), blinded(SECRET, "input", '{"a":1}'), AT, AT),
    )
    for seq, event in enumerate(events, 1):
        body = encode("01old", seq, event)
        head = link(head, body)
        db.execute(
            "INSERT INTO events (n, seq, path, phase, body, hash) VALUES (1, ?, ?, ?, ?, ?)",
            (seq, event.path, ev.PHASES[type(event)], body, head),
        )
    db.execute("UPDATE runs SET head = ?, waiting_on = 'paid@1'", (head,))
    db.execute("INSERT INTO inbox VALUES (1, 'ok', 'abcdefgh', 'approval', NULL, ?, 2, 'approve')", (AT,))
    db.execute("INSERT INTO rights VALUES (1, 'ok', 'd1', 'w')")
    db.execute("INSERT INTO waits VALUES (1, 't', NULL, 'paid@1', ?)", (blinded(SECRET, "wait", "k-1"),))
    db.close()


def test_an_older_store_goes_on_and_seals_from_now_on(path: Path, open_store: Callable[[], SqliteJournal]) -> None:
    old_store(path)
    store = open_store()
    before = store.events("01old")
    assert isinstance(before[0].event, ev.RunStarted) and before[0].clear.type == "run.started"
    # What was blinded before is still found: keys, what is waited for, and the used right.
    assert store.open_run(started("01new", key="m-1"), owner=ME).duplicate
    assert store.awaiting("paid@1", "k-1") == [("01old", "t")]
    claim = store.claim("01old", owner=ME)
    assert claim is not None
    assert put(store, claim, intended("v", approvals=["ok"])).refused == "right"
    assert put(store, claim, ev.SubjectKnown(path="@subject", at=AT, subject=ANA), returned("b")).ok
    stored = store.events("01old")
    assert stored[:5] == before and verify(stored) == [] and stored[-1].event == returned("b")
    assert [item.clear.sealed is None for item in stored] == [True] * 5 + [False] * 2
    assert [row.run for row in store.runs_of(ANA)] == ["01old"] and key_file(path).exists()
