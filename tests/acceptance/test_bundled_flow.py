"""The main job from outside: a support message becomes one ticket and one case record, whatever happens on the way.

The real desk, the examples model, the SQLite store and the command line, in a folder of their own.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from flowrun.app.flows import bundled
from flowrun.app.runs import open_app
from flowrun.app.tests import run_tests
from flowrun.app.workspace import Workspace, load_workspace

FLOW = "support_to_ticket"
SAMPLES = bundled() / FLOW / "samples"
CRITICAL = SAMPLES / "double_billing.json"
PLAIN = SAMPLES / "duplicate_charge.json"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a store of its own, for this process and for those that it starts."""
    monkeypatch.setenv("FLOWRUN_STORE", f"sqlite:///{tmp_path}/flowrun.db")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def start(*words: str | Path, fault: str = "") -> subprocess.Popen[str]:
    """Start `flowrun` as a user would."""
    command = [sys.executable, "-m", "flowrun", *map(str, words)]
    environment = {**os.environ, "FLOWRUN_DESK_FAULT": fault} if fault else None
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def output(process: subprocess.Popen[str], codes: Sequence[int] = (0,)) -> Any:
    """Wait for a process and return what it printed."""
    out, err = process.communicate(timeout=120)
    assert process.returncode in codes, err
    return json.loads(out)


def flowrun(*words: str | Path, codes: Sequence[int] = (0,)) -> Any:
    """Run a command and return the JSON that it prints."""
    return output(start(*words, "--json"), codes)


def made(place: Path, table: str) -> list[tuple[Any, ...]]:
    """Return the rows of a table of the desk that runs have made; the ids of its first ones begin with 0."""
    with contextlib.closing(sqlite3.connect(place / "desk.db")) as desk:
        rows = desk.execute(f"SELECT * FROM {table}").fetchall()
    return [row for row in rows if not row[0].partition("-")[2].startswith("0")]


def message(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture
def ws(place: Path) -> Workspace:
    """The workspace that holds without a `flowrun.yaml`."""
    return load_workspace(place)


def test_every_test_beside_the_bundled_flows_passes(ws: Workspace) -> None:
    results = run_tests(ws)
    assert {result.name: result.messages for result in results if not result.ok} == {}
    flows = {path.parent.name for path in bundled().glob("*/*.flow.yaml")}
    assert {flow for flow in flows if any(f"/{flow}/" in result.file for result in results)} == flows


@pytest.mark.slow
async def test_a_message_becomes_one_ticket_and_one_case_record(ws: Workspace, place: Path) -> None:
    with open_app(ws) as app:
        result = await app.submit(FLOW, message(PLAIN), by="mailbox")
        again = await app.submit(FLOW, message(PLAIN), by="mailbox")
        (stored,) = app.journal.records(run=result.run)
    assert result.outcome == "completed" and result.record is not None
    assert result.record["primary_issue"] == "double_billing"
    (ticket,) = made(place, "tickets")
    assert result.record["ticket"]["ticket_id"] == ticket[0] and len(made(place, "notes")) == 1
    assert stored.record == result.record and stored.final
    assert (again.duplicate_of, again.record) == (result.run, result.record)


@pytest.mark.slow
async def test_a_critical_ticket_is_opened_after_a_yes_and_not_before(ws: Workspace, place: Path) -> None:
    with open_app(ws) as app:
        waiting = await app.submit(FLOW, message(CRITICAL), by="mailbox")
        assert waiting.outcome == "waiting" and waiting.exit_code == 4
        (entry,) = waiting.waiting
        assert entry["kind"] == "approval" and entry["proposal"][0]["tool"] == "desk.create_ticket"
        assert made(place, "tickets") == []
        done = await app.approve(entry["id"], by="ines")
    assert done.outcome == "completed" and done.record is not None
    assert done.record["ticket"]["severity"] == "critical"
    assert len(made(place, "tickets")) == 1


@pytest.mark.slow
async def test_a_no_ends_in_a_record_without_a_ticket(ws: Workspace, place: Path) -> None:
    with open_app(ws) as app:
        waiting = await app.submit(FLOW, message(CRITICAL), by="mailbox")
        done = await app.reject(waiting.waiting[0]["id"], by="ines", reason="We call them instead.")
    assert done.outcome == "completed" and done.record is not None
    assert done.record["ticket"]["created"] is False
    assert made(place, "tickets") == []


@pytest.mark.slow
def test_the_command_line_carries_an_approval_through(place: Path) -> None:
    waiting = flowrun("run", FLOW, "--input", CRITICAL, codes=[4])
    (entry,) = flowrun("inbox")
    assert entry["run"] == waiting["run"] and entry["kind"] == "approval"
    done = flowrun("approve", entry["id"], "--as", "ines")
    assert (done["run"], done["outcome"]) == (waiting["run"], "completed")
    assert len(made(place, "tickets")) == 1


@pytest.mark.slow
def test_eight_processes_with_one_message_make_one_run_and_one_ticket(place: Path) -> None:
    processes = [start("run", FLOW, "--input", PLAIN, "--json") for _ in range(8)]
    results = [output(process) for process in processes]
    assert len({result["run"] for result in results}) == 1
    assert sorted(result["duplicate_of"] is None for result in results) == [False] * 7 + [True]
    assert {result["outcome"] for result in results} == {"completed"}
    assert all(result["record"] == results[0]["record"] for result in results)
    assert len(made(place, "tickets")) == 1 and len(made(place, "notes")) == 1


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("moment", ["kill_before_effect", "kill_after_effect"])
def test_a_process_killed_in_the_middle_of_the_write_opens_no_second_ticket(place: Path, moment: str) -> None:
    killed = start("run", FLOW, "--input", PLAIN, "--json", fault=f"desk.create_ticket:{moment}@1")
    killed.communicate(timeout=120)
    assert killed.returncode == -signal.SIGKILL
    assert len(made(place, "tickets")) == (moment == "kill_after_effect")
    (run,) = flowrun("runs")
    done = flowrun("resume", run["run"])
    assert (done["run"], done["outcome"]) == (run["run"], "completed")
    (ticket,) = made(place, "tickets")
    assert done["record"]["ticket"]["ticket_id"] == ticket[0]
    assert len(made(place, "notes")) == 1


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_the_same_message_again_takes_over_a_run_whose_process_died(place: Path) -> None:
    killed = start("run", FLOW, "--input", PLAIN, fault="desk.create_ticket:kill_after_effect@1")
    killed.communicate(timeout=120)
    done = flowrun("run", FLOW, "--input", PLAIN)
    assert done["outcome"] == "completed" and done["duplicate_of"] == done["run"]
    assert len(made(place, "tickets")) == 1
