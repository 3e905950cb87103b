"""A customer asks to be forgotten: what the operator types, and what is left."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from flowrun.adapters.journals.sqlite import SqliteJournal
from flowrun.cli import main as frame
from flowrun.journal.chain import verify

Call = Callable[..., tuple[int, str, str]]
STORE = Path(".flowrun/flowrun.db")
FLOW = """
flow: greet
version: 1
title: Greet somebody
owner: leads
input:
  type: object
  properties:
    email: {type: string, x-pii: email}
    name: {type: string, x-pii: name}
    remark: {type: string}
  required: [email, name, remark]
  additionalProperties: false
output: greeting@1
subject: input.email
steps:
  - {id: wait, wait_for: 5d, when: input.remark == "wait"}
  - id: done
    record: greeting@1
    with: {who: "${{ input.name }}", size: 3, remark: "${{ input.remark }}"}
"""
SCHEMA = {
    "type": "object",
    "properties": {
        "who": {"type": "string", "x-pii": "name"},
        "size": {"type": "integer"},
        "remark": {"type": "string"},
    },
    "required": ["who", "size", "remark"],
    "additionalProperties": False,
}
ANA = {"email": "ana.lopez@example.com", "name": "Ana Lopez", "remark": "Ana Lopez likes blue, ana.lopez@example.com"}


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = frame.main(list(arguments))
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("FLOWRUN_STORE")
    monkeypatch.chdir(tmp_path)
    Path("flowrun.yaml").write_text("roles: {leads: {members: [Sam]}}\n")
    schemas = Path("schemas/records/greeting")
    schemas.mkdir(parents=True)
    (schemas / "v1.json").write_text(json.dumps(SCHEMA))
    Path("greet.flow.yaml").write_text(FLOW)
    return tmp_path


@pytest.fixture
def greet(call: Call, folder: Path) -> Callable[..., Any]:
    def run(**changes: str) -> Any:
        Path("in.json").write_text(json.dumps({**ANA, **changes}))
        code, out, err = call("run", "greet.flow.yaml", "--input", "in.json", "--as", "Kim", "--json")
        assert code in (0, 4), err
        return json.loads(out)

    return run


def test_marked_fields_are_shown_to_the_owner_alone(greet: Callable[..., Any], call: Call) -> None:
    result = greet()
    run = result["run"]
    assert result["record"] == {"who": "[name]", "size": 3, "remark": "[name] likes blue, [email]"}
    for words in (
        ["show", run],
        ["show", run, "--json"],
        ["records", "export"],
        ["records", "list"],
        ["why", run],
        ["runs"],
    ):
        code, out, err = call(*words)
        assert code == 0 and "Ana" not in out + err and "lopez" not in out + err, words
    code, out, _ = call("show", run, "--reveal", "--as", "Sam")
    assert code == 0 and "ana.lopez@example.com" in out
    assert "Ana Lopez likes blue" in call("records", "export", "--reveal", "--as", "Sam")[1]
    for who in (["--as", "Kim"], []):
        code, out, err = call("show", run, "--reveal", *who)
        assert code == 3 and "FR3025" in err and "lopez" not in out
        assert call("records", "export", "--reveal", *who)[0] == 3


def test_forgetting_is_told_first_then_done_and_others_stay(greet: Callable[..., Any], call: Call) -> None:
    runs = [greet()["run"], greet(remark="blue")["run"]]
    other = greet(email="ben@example.com", name="Ben Wu", remark="blue")["run"]

    code, out, _ = call("forget", "Ana.Lopez@example.com", "--as", "Sam", "--dry-run")
    assert code == 0 and "2 runs, 2 records" in out and "backups" in out
    assert call("show", runs[0], "--reveal", "--as", "Sam")[0] == 0
    code, out, err = call("forget", "ana.lopez@example.com", "--as", "Kim", "--dry-run")
    assert code == 3 and "FR3025" in err and "2 runs" not in out and runs[0] not in out + err
    code, _, err = call("forget", "ana.lopez@example.com", "--as", "Sam")
    assert code == 2 and "--yes" in err
    code, _, err = call("forget", "ana.lopez@example.com", "--as", "Kim", "--yes")
    assert code == 3 and "FR3025" in err

    code, out, _ = call("forget", "ana.lopez@example.com", "--as", "Sam", "--yes", "--json")
    told = json.loads(out)
    assert code == 0 and told["runs"] == runs and told["done"] and "ana" not in out.lower()

    code, out, _ = call("show", runs[0])
    assert code == 0 and "forgotten" in out and "run.finished" in out and "Ana" not in out
    assert json.loads(call("show", runs[0], "--json")[1])["events"][-1]["type"] == "run.finished"
    assert "forgotten" in call("why", runs[0])[1] and "forgotten" in call("runs")[1]
    rows = [json.loads(line) for line in call("records", "export", "--reveal", "--as", "Sam")[1].splitlines()]
    assert [row["record"] for row in rows] == [
        {"who": None, "size": 3, "remark": "[name] likes blue, [email]"},
        {"who": None, "size": 3, "remark": "blue"},
        {"who": "Ben Wu", "size": 3, "remark": "blue"},
    ]
    assert "ben@example.com" in call("show", other, "--reveal", "--as", "Sam")[1]
    code, out, _ = call("forget", "ana.lopez@example.com", "--as", "Sam", "--yes")
    assert code == 0 and "No run" in out

    journal = SqliteJournal(STORE)
    for run in [*runs, other]:
        assert verify(journal.events(run)) == []
    journal.close()
    found = b"".join(file.read_bytes() for file in STORE.parent.iterdir())
    assert b"Ana" not in found and b"lopez" not in found.lower()


def test_what_is_left_of_a_record_and_was_changed_is_a_damage_of_the_store(
    greet: Callable[..., Any], call: Call
) -> None:
    greet()
    call("forget", "ana.lopez@example.com", "--as", "Sam", "--yes")
    for forged in (b"not json", b"[1]"):
        with closing(sqlite3.connect(STORE)) as db, db:
            db.execute("UPDATE records SET remains = ?", (forged,))
        code, _, err = call("records", "list")
        assert code == 3 and "FR5024" in err


def test_a_run_that_goes_on_is_ended_first_only_if_that_is_asked(greet: Callable[..., Any], call: Call) -> None:
    run = greet(remark="wait")["run"]
    code, _, err = call("forget", "ana.lopez@example.com", "--as", "Sam", "--yes")
    assert code == 3 and "FR3040" in err and "--cancel" in err
    code, _, _ = call("forget", "ana.lopez@example.com", "--as", "Sam", "--yes", "--cancel")
    assert code == 0
    code, out, _ = call("show", run)
    assert code == 0 and "cancelled" in out and "forgotten" in out
    assert call("resume", run)[0] == 1 and call("resume", "--due")[0] == 0


def test_forgetting_is_a_fact_of_the_store_that_names_nobody(greet: Callable[..., Any], call: Call) -> None:
    greet()
    call("forget", "ana.lopez@example.com", "--as", "Sam", "--yes")
    db = sqlite3.connect(STORE)
    assert [row[1:] for row in db.execute("SELECT at, by, runs, records FROM forgettings")] == [("Sam", 1, 1)]
    db.close()
