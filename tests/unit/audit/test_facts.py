"""What is a fact of the store and of no run cannot be changed unseen: halts, their end, forgettings, and what these leave."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from flowrun.adapters.journals.sqlite_facts import add_fact
from flowrun.adapters.journals.sqlite_schema import FACTS, MIGRATIONS
from flowrun.app import bundle
from flowrun.app.audit import Report, read_known_head, sign_store, verify_store
from flowrun.app.bundle_check import verify_bundle
from flowrun.app.forget import forget
from flowrun.app.metrics import report as metrics
from flowrun.app.trail_reading import read_facts, read_trails
from flowrun.errors import StoreError
from flowrun.journal.chain import GENESIS
from flowrun.journal.facts import FactRow, Forgotten, Halted, check_facts, next_fact, read_fact
from flowrun.journal.verify import Problems
from flowrun.ports.journal import Halt
from tests.unit.audit.trail_kit import copy_store, edited, make_workspace, opened, run_one

AT = "2026-03-02T09:00:00.000000Z"
FORGOTTEN, KEPT = 1, 2


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a forgotten run (1), one that is kept (2), a halt that holds and one that was lifted."""
    folder = make_workspace(tmp_path_factory.mktemp("facts"))
    with opened(folder) as app:

        async def work() -> None:
            for number in (1, 2):
                await run_one(app, folder, number, 20.0)
            await forget(app, "O-1", by="ana")

        asyncio.run(work())
        app.journal.halt(Halt(what="shop.refund", at=AT, by="ana", reason="Too many."))
        app.journal.halt(Halt(what="all", at=AT, by="bo"))
        assert app.journal.lift("all", by="bo", at=AT) == 1
        app.journal.sign()  # type: ignore[attr-defined]
    file = folder / "flowrun.db"
    with edited(file) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Iterator[Path]:
    make_workspace(tmp_path)
    yield copy_store(made, tmp_path)


def run_id(store: Path, n: int) -> str:
    with closing(sqlite3.connect(store)) as db:
        return str(db.execute("SELECT run FROM runs WHERE n = ?", (n,)).fetchone()[0])


def found(store: Path, *statements: str) -> Report:
    with edited(store) as db:
        for statement in statements:
            assert db.execute(statement).rowcount != 0, f"{statement} changed nothing"
    return verify_store(store)


def test_the_store_is_whole_and_its_facts_are_signed(store: Path) -> None:
    report = verify_store(store)
    assert (report.problems, report.facts, report.signed_facts) == ([], 4, 4)
    assert report.head == sign_store(store).short and report.head.count(":") == 3


CHANGES = {
    "a halt is removed": ("DELETE FROM halts WHERE pos = 1", "fact"),
    "all halts are removed": ("DELETE FROM halts", "fact"),
    "a halt is lifted": (f"UPDATE halts SET lifted_at = '{AT}', lifted_by = 'ana' WHERE pos = 1", "fact"),
    "a halt holds again": ("UPDATE halts SET lifted_at = NULL WHERE pos = 2", "fact"),
    "a halt names another tool": ("UPDATE halts SET what = 'shop.look' WHERE pos = 1", "fact"),
    "a halt is forged": (f"INSERT INTO halts (what, at, by, reason) VALUES ('all', '{AT}', 'ana', '')", "fact"),
    "a forgetting is removed": ("DELETE FROM forgettings", "fact"),
    "a forgetting is changed": ("UPDATE forgettings SET by = 'bo'", "fact"),
    "a forgetting is forged": (f"INSERT INTO forgettings (at, by, runs, records) VALUES ('{AT}', 'x', 1, 1)", "fact"),
    "a forgetting is doubled": (
        "INSERT INTO forgettings (at, by, runs, records) SELECT at, by, runs, records FROM forgettings", "fact",
    ),
    "a fact is removed": ("DELETE FROM facts WHERE pos = 2", "fact"),
    "the last fact is removed": ("DELETE FROM facts WHERE pos = 4", "fact"),
    "all facts are removed": ("DELETE FROM facts", "fact"),
    "the facts' table is removed": ("DROP TABLE facts", "fact"),
    "a fact is changed": ("UPDATE facts SET body = replace(body, 'Too many', 'Too much') WHERE pos = 2", "fact"),
    "a fact is damaged": ("UPDATE facts SET body = x'00' WHERE pos = 2", "fact"),
    "remains of a run that is kept": (f"""UPDATE records SET remains = '{{"order":"X"}}' WHERE n = {KEPT}""", "erased"),
    "remains of a forgotten run": (f"""UPDATE records SET remains = '{{"order":"X"}}' WHERE n = {FORGOTTEN}""", "erased"),
    "remains are removed": (f"UPDATE records SET remains = NULL WHERE n = {FORGOTTEN}", "erased"),
    "keys are removed": (f"DELETE FROM keys WHERE n = {KEPT}", "erased"),
    "a person's key is removed": ("DELETE FROM subjects", "erased"),
    "a key is overwritten": (f"UPDATE keys SET key = zeroblob(60) WHERE n = {KEPT}", "erased"),
    "a run is marked as forgotten": (f"UPDATE runs SET erased = '{AT}' WHERE n = {KEPT}", "erased"),
    "a forgetting is dated back": (f"UPDATE runs SET erased = '{AT}' WHERE n = {FORGOTTEN}", "erased"),
    "a forgotten run gets a key": (f"INSERT INTO keys SELECT {FORGOTTEN}, subject, key FROM keys", "erased"),
    "the submission's key is another": (f"UPDATE runs SET key = zeroblob(32) WHERE n = {KEPT}", "table"),
    "the submission's key is gone": (f"UPDATE runs SET key = NULL WHERE n = {KEPT}", "table"),
    "the input is another": (f"UPDATE runs SET input = zeroblob(32) WHERE n = {KEPT}", "table"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_found(name: str, store: Path) -> None:
    statement, kind = CHANGES[name]
    problems = found(store, statement).problems
    assert kind in {problem.kind for problem in problems}, problems


def test_a_key_and_an_input_that_were_replaced_are_named(store: Path) -> None:
    problems = found(store, "UPDATE runs SET key = zeroblob(32), input = zeroblob(32) WHERE n = 2").problems
    run = run_id(store, KEPT)
    assert [(p.run, p.problem) for p in problems] == [
        (run, "the table runs names another key than the run was started with"),
        (run, "the table runs names another input than the run was started with"),
    ]


def remake(store: Path, change: Callable[[list[FactRow]], list[FactRow]]) -> None:
    """Make the chain of facts anew, as somebody does who knows the format."""
    with edited(store) as db:
        rows = [FactRow(*row) for row in db.execute("SELECT pos, body, hash FROM facts ORDER BY pos")]
        db.execute("DELETE FROM facts")
        for row in change(rows):
            read = read_fact(row.body)
            assert read is not None
            add_fact(db, read[1])


def test_facts_whose_chain_was_made_anew_do_not_fit_the_signed_head(store: Path) -> None:
    remake(store, lambda rows: rows[:1])
    problems = found(store, "DELETE FROM halts").problems
    assert problems and all("are missing" in p.problem and p.kind == "fact" for p in problems)


def test_a_head_that_was_kept_elsewhere_proves_the_facts_too(store: Path) -> None:
    known = read_known_head(sign_store(store).short)
    assert verify_store(store, known=[known]).ok
    remake(store, lambda rows: rows[:1])
    with edited(store) as db:
        db.execute("DELETE FROM halts")
        db.execute("DELETE FROM heads")
    store.with_name("flowrun.db.signing.pem").unlink()
    assert verify_store(store).ok, "without a head nobody can tell"
    assert [p.kind for p in verify_store(store, known=[known]).problems] == ["known"]


def test_a_halt_is_signed_at_once(store: Path) -> None:
    with opened(store.parent) as app:
        app.journal.halt(Halt(what="all", at=AT, by="ana"))
    report = verify_store(store)
    assert (report.problems, report.facts, report.signed_facts) == ([], 5, 5)


def test_forged_remains_are_never_shown(store: Path) -> None:
    for text in ('{"order":"FORGED"}', "no json"):
        with edited(store) as db:
            db.execute("UPDATE records SET remains = ?", (text,))
        with opened(store.parent) as app:
            (kept,) = app.journal.records(run=run_id(store, KEPT))
            assert kept.record["order"] == "O-2" and not kept.erased
            with pytest.raises(StoreError) as error:
                app.journal.records(run=run_id(store, FORGOTTEN))
            assert error.value.code == "FR5024"


def test_what_remains_of_a_forgotten_run_is_shown(store: Path) -> None:
    with opened(store.parent) as app:
        (left,) = app.journal.records(run=run_id(store, FORGOTTEN))
        assert left.erased and set(left.record) == {"order", "customer"}
        assert app.journal.run(run_id(store, FORGOTTEN)).erased is not None


@pytest.mark.parametrize("marked", [False, True])
def test_nobody_counts_as_forgotten_without_a_forgetting(marked: bool, store: Path) -> None:
    """Keys that somebody took away are told as missing, and every other run is still read."""
    with edited(store) as db:
        db.execute(f"DELETE FROM keys WHERE n = {KEPT}")
        if marked:
            db.execute(f"UPDATE runs SET erased = '{AT}' WHERE n = {KEPT}")
    problems = [p.problem for p in verify_store(store).problems]
    assert "its keys are missing although nobody was forgotten" in problems
    run = run_id(store, KEPT)
    with opened(store.parent) as app:
        asyncio.run(run_one(app, store.parent, 3, 20.0))
        rows = {row.run: app.shown_run(row) for row in app.journal.runs()}
        assert len(rows) == 3 and rows[run].erased is None
        assert "keys are missing although nobody was forgotten" in rows[run].reason
        assert "forgotten at" in rows[run_id(store, FORGOTTEN)].reason
        figures = metrics(app.journal, now=AT)
        assert (figures.unreadable, figures.total.runs, figures.total.erased) == ([run], 2, 1)
        trails = {trail.row.run: trail for trail in read_trails(app)}
        assert len(trails) == 3 and trails[run].events is None and "missing" in trails[run].row.unreadable
        with pytest.raises(StoreError) as error:
            app.result(run)
        assert error.value.code == "FR5023" and "nobody was forgotten" in error.value.message


def test_the_facts_are_told(store: Path) -> None:
    with opened(store.parent) as app:
        told = read_facts(app.ws)
        assert [(e.seq, e.type, e.who) for e in sorted(told, key=lambda e: e.seq)] == [
            (1, "store.forgotten", "ana"), (2, "store.halted", "ana"), (3, "store.halted", "bo"), (4, "store.lifted", "bo"),
        ]  # fmt: skip
        assert "Halted shop.refund: Too many." in [e.what for e in told]
        assert [e.type for e in read_facts(app.ws, start="2999")] == []


def test_a_bundle_holds_the_facts_and_proves_them(store: Path, tmp_path: Path) -> None:
    place = tmp_path / "evidence"
    with opened(store.parent) as app:
        bundle.export(app, read_trails(app), place, selection={})
    report = verify_bundle(place)
    assert (report.problems, report.facts, report.signed_facts) == ([], 4, 4)
    lines = (place / bundle.FACTS).read_text().splitlines()
    assert "O-1" not in "".join(lines)
    for content in (lines[:-1], [*lines[:1], json.dumps({**json.loads(lines[1]), "body": "{}"}), *lines[2:]], []):
        (place / bundle.FACTS).write_text("".join(f"{line}\n" for line in content))
        assert "fact" in {p.kind for p in verify_bundle(place).problems}
    (place / bundle.FACTS).unlink()
    assert "fact" in {p.kind for p in verify_bundle(place).problems}


def test_a_store_of_an_earlier_form_is_read_as_it_is_and_taken_over(store: Path) -> None:
    """Halts and forgettings that were there before facts were chained become facts, which say so."""
    with edited(store) as db:
        db.execute("DROP TABLE facts")
        db.execute("DROP TABLE heads")
        db.execute(MIGRATIONS[2][1])
        db.execute(f"PRAGMA user_version = {FACTS - 1}")
    store.with_name("flowrun.db.signing.pem").unlink()
    assert verify_store(store).ok
    with opened(store.parent) as app:
        assert app.journal.run(run_id(store, FORGOTTEN)).erased is not None
        assert app.journal.records(run=run_id(store, FORGOTTEN))[0].erased
    report = verify_store(store)
    assert (report.problems, report.facts) == ([], 4)
    with closing(sqlite3.connect(store)) as db:
        read = [read_fact(body) for (body,) in db.execute("SELECT body FROM facts")]
    assert all(item is not None and item[1].adopted for item in read)


def test_the_chain_of_facts_tells_each_break() -> None:
    first = next_fact(None, Halted(at=AT, by="a", number=1, what="all"))
    second = next_fact(first, Forgotten(at=AT, by="a", runs={"r": {"x": "0" * 64}}))
    for rows, right in (
        ([first, second], True), ([], True), ([second], False), ([second, first], False), ([first, first], False),
        ([first._replace(hash=GENESIS), second], False),
    ):  # fmt: skip
        problems = Problems()
        check_facts(rows, problems)
        assert (not problems) is right, rows
