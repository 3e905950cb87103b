"""`flowrun audit` from the outside: what people read, what programs read, and how it ends."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from flowrun.cli import main as frame
from tests.unit.audit.trail_kit import edited, make_trail

Call = Callable[..., tuple[int, str, str]]
HOLDS = """\
The trail holds: every event is the one that was written.

checked: 45 events of 5 runs
signed:  45 events, last MOMENT UTC, by KEY (the key beside the store)
head:    45:DIGEST
"""
BROKEN = """\
The trail is broken: 2 problems.
  run RUN: event 3 is not the one that was written
  run RUN: the table runs says outcome 'failed', and the events say 'completed_with_gaps'

checked: 45 events of 5 runs
signed:  45 events, last MOMENT UTC, by KEY (the key beside the store)
head:    45:DIGEST
"""


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Call:
    """Run the program in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = frame.main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = make_trail(tmp_path / "shop", events=40)
    monkeypatch.setenv("FLOWRUN_STORE", f"sqlite:///{file}")
    return file


def steady(text: str) -> str:
    """Return text without what differs between runs of the test."""
    for pattern, word in (
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "MOMENT"), (r"\b[0-9a-f]{64}\b", "DIGEST"), (r"\b01[0-9a-z]{24}\b", "RUN"),
        (r"by [0-9a-f]{16}", "by KEY"),
    ):  # fmt: skip
        text = re.sub(pattern, word, text)
    return text


def test_a_trail_that_holds(call: Call, store: Path) -> None:
    code, out, _ = call("audit", "verify")
    assert (code, steady(out)) == (0, HOLDS)
    code, out, _ = call("audit", "verify", store, "--json")
    found = json.loads(out)
    assert code == 0 and {"ok", "runs", "events", "head", "problems"} <= set(found)
    assert (found["ok"], found["runs"], found["events"], found["problems"]) == (True, 5, 45, [])


def test_a_broken_trail(call: Call, store: Path) -> None:
    with edited(store) as db:
        db.execute("UPDATE events SET body = body || ' ' WHERE n = 2 AND seq = 3")
        db.execute("UPDATE runs SET outcome = 'failed' WHERE n = 3")
    code, out, _ = call("audit", "verify")
    assert (code, steady(out)) == (1, BROKEN)
    code, out, _ = call("audit", "verify", "--json")
    problems = json.loads(out)["problems"]
    assert code == 1 and all({"run", "seq", "problem"} <= set(problem) for problem in problems)
    assert {problem["seq"] for problem in problems} == {0, 3}


def test_what_cannot_be_read_ends_with_3(call: Call, tmp_path: Path, store: Path) -> None:
    (tmp_path / "text.db").write_text("no store")
    (tmp_path / "empty").mkdir()
    for place in ("text.db", "nothing.db", "empty"):
        code, out, err = call("audit", "verify", place)
        assert (code, out) == (3, "") and err.startswith("error[FR50"), place
    code, _, err = call("audit", "verify", "--head", "nonsense")
    assert code == 3 and "error[FR3090]" in err


def test_a_head_is_kept_and_checked_later(call: Call, store: Path, tmp_path: Path) -> None:
    code, out, _ = call("audit", "sign", "--json")
    (tmp_path / "head.json").write_text(out)
    assert code == 0 and json.loads(out)["events"] == 45
    code, out, _ = call("audit", "sign")
    line = next(line for line in out.splitlines() if re.fullmatch(r"45:[0-9a-f]{64}", line))
    for head in (line, "head.json"):
        assert call("audit", "verify", "--head", head)[0] == 0
    code, out, _ = call("audit", "verify", "--head", f"44:{'0' * 64}")
    assert code == 1 and "is not in this trail" in out


def test_the_public_key_is_printed_and_trusted(call: Call, store: Path, tmp_path: Path) -> None:
    code, pem, err = call("audit", "show", "--key")
    (tmp_path / "key.pem").write_text(pem)
    assert code == 0 and pem.startswith("-----BEGIN PUBLIC KEY-----") and re.fullmatch(r"key [0-9a-f]{16}\n", err)
    code, out, _ = call("audit", "verify", "--key", "key.pem")
    assert code == 0 and "(the key that you gave)" in out
    assert call("audit", "verify", "--key", store)[0] == 3


def test_the_trail_tells_what_was_not_done(call: Call, store: Path) -> None:
    code, out, _ = call("audit", "show", "--denied", "--json")
    found = json.loads(out)
    assert code == 0 and all(entry["not_done"] for entry in found)
    denied = [entry for entry in found if entry["decision"] == "denied" and entry["rules"]]
    assert denied[0]["rules"] == [{"rule": "too_much", "source": "refunds@3"}]
    assert {"rejected"} <= {entry["decision"] for entry in found}
    run = denied[0]["run"]
    code, out, _ = call("audit", "show", run, "--denied")
    assert "by too_much (refunds@3)" in out and "Above 500 nobody refunds." in out
    assert call("audit", "show", "--flow", "other")[1] == "No runs yet.\n"
    assert call("audit", "show", "nothing")[0] == 3
    assert call("audit", "show", "--since", "soon")[0] == 2


def test_evidence_is_exported_and_proves_itself_anywhere(
    call: Call, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = json.loads(call("audit", "show", "--json")[1])[0]["run"]
    code, out, _ = call("audit", "export", "evidence", "--run", run, "--workspace", store.parent)
    assert code == 0 and "verify: flowrun audit verify evidence" in out
    monkeypatch.setenv("FLOWRUN_STORE", "sqlite:///nowhere.db")
    code, out, _ = call("audit", "verify", "evidence")
    assert code == 0 and out.startswith("The bundle holds")
    page = tmp_path / "evidence" / "index.html"
    page.write_text(page.read_text().replace("allowed", "denied"))
    code, out, _ = call("audit", "verify", "evidence")
    assert code == 1 and "the file index.html is not the one that was exported" in out


def test_only_an_owner_reveals(call: Call, store: Path) -> None:
    arguments = ("--reveal", "--as", "olga", "--workspace", store.parent)
    code, _, err = call("audit", "export", "evidence", *arguments)
    assert code == 3 and "error[FR3025]" in err
    code, _, _ = call("audit", "export", "evidence2", "--reveal", "--as", "ana", "--workspace", store.parent)
    assert code == 0 and call("audit", "verify", "evidence2")[0] == 0


def test_looking_at_nothing_makes_nothing(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FLOWRUN_STORE")
    for arguments in (("verify",), ("sign",), ("export", "evidence"), ("show", "--key")):
        code, _, err = call("audit", *arguments)
        assert code == 3 and "error[FR5021]" in err, arguments
    assert list(tmp_path.iterdir()) == []


def test_a_person_is_forgotten_and_the_trail_still_proves_itself(call: Call, store: Path) -> None:
    before = json.loads(call("audit", "show", "--json")[1])
    run = next(entry["run"] for entry in before if entry["decision"] == "rejected")
    at = ("--workspace", store.parent)
    assert call("audit", "sign")[0] == 0
    assert call("forget", "O-2", "--as", "ana", "--yes", *at)[0] == 0
    code, out, _ = call("audit", "verify")
    assert code == 0, out
    code, out, _ = call("audit", "show", run)
    assert code == 0 and "its person was forgotten" in out and "person.answered" in out and "Not this one." not in out
    code, out, _ = call("audit", "export", "evidence", "--reveal", "--as", "ana", *at)
    assert code == 0 and "1 of the runs can no longer be read" in out
    code, out, _ = call("audit", "verify", "evidence")
    assert code == 0 and "45 events of 5 runs" in out


def test_a_copy_without_the_stores_key_is_checked_as_far_as_it_can_be(call: Call, store: Path) -> None:
    store.with_name("flowrun.db.key").unlink()
    code, out, _ = call("audit", "verify")
    assert code == 0 and "tables:  not compared for 5 runs" in out
    with edited(store) as db:
        db.execute("UPDATE events SET path = path || 'x' WHERE pos = 9")
        db.execute("UPDATE events SET body = body || ' ' WHERE pos = 12")
    assert len(json.loads(call("audit", "verify", "--json")[1])["problems"]) == 2


def test_keys_that_somebody_took_away_are_told_as_missing_and_hide_no_other_run(call: Call, store: Path) -> None:
    at = ("--workspace", store.parent)
    run = next(entry["run"] for entry in json.loads(call("audit", "show", "--json")[1]))
    with edited(store) as db:
        db.execute("DELETE FROM keys WHERE n = (SELECT n FROM runs WHERE run = ?)", (run,))
    code, out, _ = call("audit", "verify")
    assert code == 1 and f"run {run}: its keys are missing although nobody was forgotten" in out
    code, out, _ = call("runs", "--json", *at)
    rows = json.loads(out)
    assert code == 0 and len(rows) == 5 and "keys are missing" in str(next(row for row in rows if row["run"] == run))
    code, out, _ = call("metrics", *at)
    assert code == 0 and "4 runs" in out and f"Run {run} cannot be read" in out
    code, out, _ = call("audit", "show")
    assert code == 0 and "nobody was forgotten" in out and len(re.findall(r"refund@2", out)) >= 5
    code, _, err = call("show", run, *at)
    assert code == 3 and "FR5023" in err and "nobody was forgotten" in err


def test_the_facts_of_the_store_are_told(call: Call, store: Path) -> None:
    at = ("--workspace", store.parent)
    assert call("halt", "shop.refund", "--as", "ana", "--reason", "Too many.", *at)[0] == 0
    assert call("forget", "O-2", "--as", "ana", "--yes", *at)[0] == 0
    code, out, _ = call("audit", "show")
    assert code == 0 and "ana: Halted shop.refund: Too many." in out and "ana: A person was forgotten: 1 runs" in out
    assert "The store" not in call("audit", "show", "--flow", "refund")[1]
    assert "facts:   2 facts of the store (halts, forgettings), 2 signed" in call("audit", "verify")[1]
