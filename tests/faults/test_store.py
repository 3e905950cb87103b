"""A store that fails in the middle of a run: what is done is kept, what is wrong is said, and the run goes on afterwards."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from flowrun.adapters.journals.keys import key_file
from flowrun.adapters.journals.sqlite import SqliteJournal
from flowrun.adapters.journals.sqlite_health import examine
from flowrun.app.runs import open_app
from flowrun.app.workspace import load_workspace
from flowrun.core.events import Returned
from flowrun.errors import StoreError
from flowrun.ports.journal import Append
from tests.contracts.journal_kit import AT, opened, put, returned
from tests.faults.place import FLOW, Place

ROOT = os.geteuid() == 0
FILLS = """\
if asked_before("pay") == 1:
    with suppress(OSError), open(HERE / "full", "wb", buffering=0) as filler:
        while True:
            filler.write(b"x" * 4096)
done(f"pay {key}")"""
LONG = FLOW.replace("who: {type: string}", "who: {type: string, maxLength: 100000}")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mounts small file systems; only root may."""
    mounted: list[Path] = []

    def mount(size: str) -> Path:
        place = tmp_path / f"disk-{len(mounted)}"
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
        with suppress(FileNotFoundError):
            if ROOT and subprocess.run(command, capture_output=True, check=False).returncode == 0:
                mounted.append(place)
                return place
        pytest.skip("a file system can be mounted by root only")

    yield mount
    for place in mounted:
        subprocess.run(["umount", "-l", str(place)], check=True)


def goes_on(place: Place, store: str) -> dict[str, Any]:
    done = place.call("resume", "--due", "--json", "--store", store)
    assert done.returncode == 0, done
    (result,) = json.loads(done.stdout)
    assert place.effects() == {"pay": 1, "thank": 1}
    return dict(result)


def test_a_disk_that_fills_up_under_a_write_loses_nothing(tmp_path: Path, disk: Callable[..., Path]) -> None:
    """The write is done, its result finds no room; after room is made the run goes on, with the effect once."""
    full = disk("6m")
    place = Place(tmp_path / "w", pay=FILLS.replace("HERE", f"Path({str(full)!r})"))
    store = f"sqlite:///{full}/runs.db"
    file = place.input()
    file.write_text(json.dumps({"id": "i-1", "who": "a" * 60_000}))
    done = place.call("run", "pay", "--input", str(file), "--store", store)
    assert (done.returncode, done.stdout) == (3, ""), done
    assert "error[FR5004]" in done.stderr and "help: Make room on the disk" in done.stderr
    assert f"`flowrun resume --due --workspace {place.folder} --store {store}`" in done.stderr
    halt = place.call("halt", "bank.pay", "--store", store)
    assert halt.returncode in (0, 3)
    if halt.returncode:
        assert "`halt:` in flowrun.yaml" in halt.stderr and "resume" not in halt.stderr
    assert "Traceback" not in done.stderr and place.asked()["thank"] == 0
    (full / "full").unlink()
    result = goes_on(place, store)
    assert result["outcome"] == "completed"
    assert place.call("doctor", "--store", store).returncode == 0


@pytest.mark.parametrize("room", range(1, 12))
async def test_a_store_that_may_not_grow_stops_the_run_and_no_more(tmp_path: Path, room: int) -> None:
    """At whatever commit the room ends: each effect is there once, and the same run completes."""
    place = Place(tmp_path / "w", flow=LONG)
    store = f"sqlite:///{tmp_path}/runs.db"
    with open_app(load_workspace(place.folder, store)) as app:
        app.flow("pay")
        with app.journal._db() as db:  # type: ignore[attr-defined]
            pages = db.execute("PRAGMA page_count").fetchone()[0]
            db.execute(f"PRAGMA max_page_count = {pages + room * 4}")
        error: StoreError | None = None
        try:
            await app.submit("pay", {"id": "i-1", "who": "a" * 20_000})
        except StoreError as raised:
            error = raised
    assert error is None or error.code == "FR5004"
    with open_app(load_workspace(place.folder, store)) as app:
        result = await app.submit("pay", {"id": "i-1", "who": "a" * 20_000})
    assert (result.outcome, place.effects()) == ("completed", {"pay": 1, "thank": 1})
    assert examine(tmp_path / "runs.db").ok


def test_a_store_on_a_read_only_disk_is_told(tmp_path: Path, disk: Callable[..., Path]) -> None:
    there = disk("8m")
    place = Place(tmp_path / "w")
    store = f"sqlite:///{there}/runs.db"
    assert place.call("run", "pay", "--input", str(place.input()), "--store", store).returncode == 0
    subprocess.run(["mount", "-o", "remount,ro", str(there)], check=True)
    done = place.call("run", "pay", "--input", str(place.input("i-2")), "--store", store)
    assert (done.returncode, done.stdout) == (3, "")
    assert "error[FR500" in done.stderr and "help: " in done.stderr and "Traceback" not in done.stderr
    assert place.effects() == {"pay": 1, "thank": 1}


def test_a_store_that_another_program_locks_is_told(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "s.db", busy=0.01)
    claim = opened(journal)
    with closing(sqlite3.connect(tmp_path / "s.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError) as caught:
            put(journal, claim, returned("a"))
        assert caught.value.code == "FR5001"
        assert len(journal.events("01run")) == 1  # questions are answered meanwhile
    assert put(journal, claim, returned("a")).ok
    journal.close()


def test_two_processes_on_one_store_do_nothing_twice(tmp_path: Path) -> None:
    place = Place(tmp_path / "w")
    inputs = place.folder / "many.jsonl"
    inputs.write_text("".join(json.dumps({"id": f"i-{n}", "who": "ana"}) + "\n" for n in range(12)))
    both = [place.start("run", "pay", "--inputs", str(inputs), "--at-once", "4") for _ in range(2)]
    for process in both:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0 and "12 completed" in out, err
    assert place.asked() == {"balance": 12, "pay": 12, "thank": 12}


def test_a_commit_of_a_process_that_lost_its_claim_is_refused(tmp_path: Path) -> None:
    first, second = SqliteJournal(tmp_path / "s.db"), SqliteJournal(tmp_path / "s.db", wall=lambda: 4e9)
    claim = opened(first)
    taken = second.claim("01run", owner="other:boot:1:1")
    assert taken is not None and taken.epoch == claim.epoch + 1
    assert put(first, claim, returned("a")).refused == "claim"
    assert put(second, taken, returned("a")).ok
    first.close()
    second.close()


def filled(path: Path, runs: int = 20) -> None:
    journal = SqliteJournal(path)
    for number in range(runs):
        claim = opened(journal, f"01run{number:02}")
        for n in range(12):
            event = Returned(path=f"s{n}", at=AT, output="x" * 3000)
            assert journal.commit([Append(run=claim.run, epoch=claim.epoch, events=[event])])[0].ok
        journal.release(claim)
    journal.close()


@pytest.mark.parametrize("page", [1, 3, 20, 60])
@pytest.mark.parametrize("command", [["runs"], ["runs", "--json"], ["show", "01run05"], ["show", "01run05", "--json"]])
def test_a_damaged_store_is_told_and_never_half_shown(
    tmp_path: Path, page: int, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    from flowrun.cli.main import main

    path = tmp_path / "s.db"
    filled(path)
    with path.open("r+b") as file:
        file.seek(4096 * page)
        file.write(b"\xff" * 4096 * 30)
    code = main([*command, "--store", f"sqlite:///{path}"])
    out, err = capsys.readouterr()
    if code != 0:  # what was asked for lies elsewhere in the file otherwise
        assert (code, out) == (3, ""), err
        assert "error[FR5005]" in err and "flowrun doctor" in err and "Traceback" not in err
    assert main(["doctor", "--store", f"sqlite:///{path}"]) == 1
    out, err = capsys.readouterr()
    assert "damaged: " in out and "Traceback" not in err


def test_the_doctor_says_which_runs_can_be_read_and_how_far(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    filled(path)
    assert (examine(path).ok, examine(path).runs, examine(path).events) == (True, 20, 260)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE events SET body = x'00' WHERE n = 3 AND seq = 5")
        db.execute("DELETE FROM events WHERE n = 4 AND seq > 9")
    health = examine(path)
    assert [(d.run, d.events, d.readable) for d in health.damaged] == [("01run02", 13, 4), ("01run03", 13, 9)]
    assert not health.ok and health.runs == 20


@pytest.mark.parametrize("change", ["gone", "other", "one run"])
def test_the_doctor_says_what_no_key_opens(tmp_path: Path, change: str, capsys: pytest.CaptureFixture[str]) -> None:
    from flowrun.cli.main import main

    path = tmp_path / "s.db"
    filled(path)
    if change == "gone":
        key_file(path).unlink()
    elif change == "other":
        key_file(path).write_text("ab" * 32)
    else:
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("UPDATE keys SET key = zeroblob(length(key)) WHERE n = 3")
    health = examine(path)
    assert not health.ok and not health.damaged and bool(health.key) == (change != "one run")
    assert health.locked == (["01run02"] if change == "one run" else [f"01run{n:02d}" for n in range(20)])
    assert main(["doctor", "--store", f"sqlite:///{path}"]) == 1
    out = capsys.readouterr().out
    assert "locked: " in out and "Everything" not in out and ("01run02" in out) == (change == "one run")


@pytest.mark.parametrize("content", [b"", b"this is no database, " * 300, b"SQLite format 3\x00" + b"\xff" * 9000])
def test_the_doctor_says_what_is_no_store(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "s.db").write_bytes(content)
    health = examine(tmp_path / "s.db")
    assert not health.ok and health.problems
    with pytest.raises(StoreError, match="no store"):
        examine(tmp_path / "nothing.db")
