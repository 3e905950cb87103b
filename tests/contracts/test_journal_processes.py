"""The SQLite store among several processes, after a real kill, and when its file is not as it should be."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from flowrun.adapters.journals.owners import is_gone, this_process
from flowrun.adapters.journals.sqlite import SqliteJournal
from flowrun.core import events as ev
from flowrun.errors import StoreError
from flowrun.journal.chain import verify
from flowrun.ports.journal import Append
from tests.contracts.journal_kit import AT, intended, opened, put, returned, room, started, used

PROCESSES = 4
Store = Callable[..., SqliteJournal]


def submit(path: str, index: int) -> str:
    """Send the same twelve submissions as every other process; return what came of them."""
    journal = SqliteJournal(path)
    found = [journal.open_run(started(f"{index}-{n:02}", key=f"k{n}"), owner=this_process()) for n in range(12)]
    journal.close()
    return ",".join(("dup" if o.duplicate else "new") + ":" + o.run for o in found)


def spend(path: str, index: int) -> str:
    """Take room one by one, in a window that all processes share; return how often there was room."""
    journal = SqliteJournal(path)
    claim = opened(journal, f"run-{index}")
    taken = sum(put(journal, claim, intended(f"w{n}", room(1, 25))).ok for n in range(15))
    over = sum(put(journal, claim, intended(f"x{n}", room(0.5, 26, counter="half"))).ok for n in range(15))
    journal.close()
    return f"{taken},{over}"


def answer(path: str, index: int) -> str:
    """Answer the same entry as every other process."""
    journal = SqliteJournal(path)
    yes = ev.Approved(path="ok@lead", at=AT, role="lead", by=str(index), yes=True)
    event = ev.Answered(path="ok", at=AT, action="approve", by=str(index))
    receipt = journal.commit([Append(run="01run", epoch=None, events=[yes, event], durable=True)])[0]
    journal.close()
    return "ok" if receipt.ok else receipt.refused


@pytest.fixture
def store() -> Iterator[Store]:
    """Opens stores, and closes them at the end."""
    made: list[SqliteJournal] = []

    def make(path: Path, **options: Any) -> SqliteJournal:
        made.append(SqliteJournal(path, **options))
        return made[-1]

    yield make
    for journal in made:
        journal.close()


def together(work: Any, path: Path) -> list[str]:
    """Run the work in several fresh processes at once, on a store that may not exist yet."""
    context = multiprocessing.get_context("spawn")
    meeting = context.Barrier(PROCESSES)
    with context.Pool(PROCESSES, initializer=_meet, initargs=(meeting,)) as pool:
        return pool.starmap(_at_once, [(work, str(path), index) for index in range(PROCESSES)], chunksize=1)


_meetings: list[Any] = []


def _meet(meeting: Any) -> None:
    _meetings.append(meeting)


def _at_once(work: Any, path: str, index: int) -> str:
    """Wait until every process is there, so that they really compete."""
    _meetings[0].wait(timeout=60)
    result: str = work(path, index)
    return result


def test_the_same_submissions_from_four_processes_are_the_same_runs(tmp_path: Path, store: Store) -> None:
    results = [line.split(",") for line in together(submit, tmp_path / "s.db")]
    assert {tuple(item.split(":")[1] for item in line) for line in results} == {
        tuple(item.split(":")[1] for item in results[0])
    }
    assert sum(item.startswith("new") for line in results for item in line) == 12
    assert len(store(tmp_path / "s.db").runs()) == 12


def test_four_processes_never_overfill_a_window(tmp_path: Path, store: Store) -> None:
    results = [line.split(",") for line in together(spend, tmp_path / "s.db")]
    assert sum(int(taken) for taken, _ in results) == 25
    assert sum(int(over) for _, over in results) == 52
    journal = store(tmp_path / "s.db")
    assert used(journal, "daily", None) == 25 and used(journal, "half", None) == 26
    assert all(verify(journal.events(row.run)) == [] for row in journal.runs())


def test_of_four_answers_one_counts(tmp_path: Path, store: Store) -> None:
    journal = store(tmp_path / "s.db")
    asked = ev.Asked(path="ok", at=AT, kind="approval", title="?", to=["lead"], may=["approve"])
    put(journal, opened(journal), asked)
    assert sorted(together(answer, tmp_path / "s.db")) == ["ok", "path", "path", "path"]


KILLED = """
import sys
from flowrun.adapters.journals.owners import this_process
from flowrun.adapters.journals.sqlite import SqliteJournal
from tests.contracts.journal_kit import put, returned, started
journal = SqliteJournal(sys.argv[1])
claim = journal.open_run(started(), owner=this_process()).claim
n = 0
while True:
    assert put(journal, claim, returned(f"s{n}")).ok
    n += 1
    print(n, flush=True)
"""


def test_a_killed_process_loses_nothing_that_was_committed(tmp_path: Path, store: Store) -> None:
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", KILLED, str(tmp_path / "s.db")]
    env = {**os.environ, "PYTHONPATH": str(root)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root, env=env) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if int(line) >= 40:
                break
        child.send_signal(signal.SIGKILL)
        said = [int(line) for line in child.stdout.read().split()]
    journal = store(tmp_path / "s.db")
    stored = journal.events("01run")
    assert len(stored) - 1 >= max(said, default=40)
    assert verify(stored) == []
    assert journal.due(AT) == ["01run"], "a run whose process was killed has something to do"
    taken = journal.claim("01run", owner=this_process())
    assert taken is not None and put(journal, taken, returned("after")).ok


def test_only_barriers_are_synced(tmp_path: Path, store: Store) -> None:
    journal = store(tmp_path / "s.db")
    claim = opened(journal)

    def level() -> int:
        with journal._db() as db:
            found: int = db.execute("PRAGMA synchronous").fetchone()[0]
        return found

    put(journal, claim, returned("a"))
    assert level() == 1
    put(journal, claim, returned("b"), durable=True)
    assert level() == 2


def test_a_store_is_private_and_holds_no_key_in_clear(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "deep" / "s.db"
    journal = store(path)
    opened(journal, key="ana@example.com")
    assert path.stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(path)) as db:
        row = db.execute("SELECT key FROM runs").fetchone()
    assert isinstance(row[0], bytes) and b"ana" not in row[0]


def test_a_newer_store_is_refused(tmp_path: Path, store: Store) -> None:
    store(tmp_path / "s.db").put_plan("d", b"")
    with closing(sqlite3.connect(tmp_path / "s.db", isolation_level=None)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError) as error:
        store(tmp_path / "s.db").runs()
    assert error.value.code == "FR5003" and "newer" in error.value.message and error.value.help


def test_a_locked_store_says_so(tmp_path: Path, store: Store) -> None:
    journal = store(tmp_path / "s.db", busy=0.01)
    journal.put_plan("d", b"")
    other = sqlite3.connect(tmp_path / "s.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked") as error:
        journal.put_plan("e", b"")
    assert error.value.code == "FR5001"
    other.execute("ROLLBACK")
    other.close()
    journal.put_plan("e", b"")


def test_what_is_no_store_says_so(tmp_path: Path, store: Store) -> None:
    (tmp_path / "text.db").write_text("this is no database, " * 200)
    with closing(sqlite3.connect(tmp_path / "foreign.db")) as db:
        db.execute("CREATE TABLE things (id)")
    (tmp_path / "folder.db").mkdir()
    codes = {}
    for name in ("text.db", "foreign.db", "folder.db"):
        with pytest.raises(StoreError) as error:
            store(tmp_path / name).runs()
        codes[name] = error.value.code
        assert error.value.help and "sqlite3" not in error.value.message
    assert codes == {"text.db": "FR5005", "foreign.db": "FR5005", "folder.db": "FR5007"}


def test_a_damaged_store_says_so(tmp_path: Path, store: Store) -> None:
    journal = store(tmp_path / "s.db")
    claim = opened(journal)
    for n in range(30):
        put(journal, claim, ev.Returned(path=f"s{n}", at=AT, output="x" * 3000))
    journal.close()
    raw = bytearray((tmp_path / "s.db").read_bytes())
    raw[4096 * 3 :] = b"\xff" * (len(raw) - 4096 * 3)
    (tmp_path / "s.db").write_bytes(raw)
    with pytest.raises(StoreError) as error:
        store(tmp_path / "s.db").events("01run")
    assert error.value.code == "FR5005"


def test_a_full_disk_says_so_and_the_run_goes_on_later(tmp_path: Path, store: Store) -> None:
    journal = store(tmp_path / "s.db")
    claim = opened(journal)
    with journal._db() as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StoreError) as error:
        put(journal, claim, ev.Returned(path="a", at=AT, output="x" * 100_000))
    assert error.value.code == "FR5004"
    with journal._db() as db:
        db.execute("PRAGMA max_page_count = 100000")
    assert put(journal, claim, ev.Returned(path="a", at=AT, output="x" * 100_000)).ok


def test_a_read_only_store_says_so(tmp_path: Path, store: Store) -> None:
    journal = store(tmp_path / "s.db")
    claim = opened(journal)
    with journal._db() as db:
        db.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreError) as error:
        put(journal, claim, returned("a"))
    assert error.value.code == "FR5002" and "read-only" in error.value.message


def test_an_owner_is_gone_only_where_that_is_sure() -> None:
    host, boot, pid, start = this_process().rsplit(":", 3)
    assert not is_gone(this_process())
    assert is_gone(f"{host}:{boot}:{pid}:1{start}"), "the number was given to another process"
    assert is_gone(f"{host}:other-boot:{pid}:{start}"), "the machine was started again"
    assert not is_gone(f"elsewhere:{boot}:{pid}:{start}"), "another host cannot be seen"
    assert not is_gone("somebody")


def say_yes(path: str, index: int) -> str:
    """Say yes in one of two roles; two processes are the same person."""
    journal = SqliteJournal(path)
    role, by = ("lead", "money")[index % 2], ("ana", "ana", "bob", "cy")[index]
    yes = ev.Approved(path=f"ok@{role}", at=AT, role=role, by=by, yes=True)
    receipt = journal.commit([Append(run="01run", epoch=None, events=[yes], durable=True)])[0]
    journal.close()
    return f"{by} {'ok' if receipt.ok else receipt.rule or receipt.refused}"


def test_one_person_never_counts_for_two_roles_however_quick(tmp_path: Path, store: Store) -> None:
    journal = store(tmp_path / "s.db")
    asked = ev.Asked(path="ok", at=AT, kind="approval", title="?", to=["lead", "money"], may=["approve"])
    put(journal, opened(journal), asked)
    said = together(say_yes, tmp_path / "s.db")
    people = [yes["by"] for yes in journal.inbox()[0].approvals]
    assert len(people) == len(set(people)) == 2, said
    assert sorted(line.split()[0] for line in said if line.endswith(" ok")) == sorted(people)
