"""A run whose Python tool has changed goes on only with --accept, may always be cancelled, and keeps no other run back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.faults.place import BANK, FLOW, Place

ASKS = FLOW.replace("bank.pay: {}", "bank.pay: {approve_when: true, approver: leads, reason: Money.}")


def change(place: Place, what: str) -> None:
    file = place.folder / "bank.py"
    file.write_text(file.read_text() + {"changed": "\n# changed\n", "broken": "\nimport nothing_of_the_kind\n"}[what])


@pytest.mark.parametrize("what", ["changed", "broken"])
def test_a_run_is_cancelled_although_its_tool_has_changed(tmp_path: Path, what: str) -> None:
    place = Place(tmp_path / "w", flow=ASKS)
    run = place.run()["run"]
    change(place, what)
    done = place.call("cancel", run, "--as", "Lea", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["outcome"] == "cancelled" and place.effects() == {}


@pytest.mark.parametrize("what", ["changed", "broken"])
def test_a_write_in_flight_is_not_called_again_by_a_cancel(tmp_path: Path, what: str) -> None:
    place = Place(tmp_path / "w", pay="os.kill(os.getpid(), 9)")
    place.call("run", "pay", "--input", str(place.input()))
    assert place.asked()["pay"] == 1
    run = json.loads(place.call("runs", "--json").stdout)[0]["run"]
    change(place, what)
    done = place.call("cancel", run, "--as", "Lea", "--json")
    assert json.loads(done.stdout)["outcome"] == "in_doubt", done.stderr
    assert place.asked()["pay"] == 1


def test_one_run_that_cannot_go_on_hides_no_other(tmp_path: Path) -> None:
    place = Place(tmp_path / "w", flow=ASKS)
    other = place.run("i-1", "ana@example.com")["run"]
    entry = json.loads(place.call("inbox", "--json").stdout)[0]["id"]
    assert place.call("approve", entry, "--as", "Lea", "--no-run").returncode == 0
    change(place, "changed")
    mine = place.run("i-2", "bob@example.com")["run"]
    entry = next(e["id"] for e in json.loads(place.call("inbox", "--json").stdout) if e["run"] == mine)
    assert place.call("approve", entry, "--as", "Lea", "--no-run").returncode == 0
    done = place.call("resume", "--due", "--json")
    told = {item["run"]: item for item in json.loads(done.stdout)}
    assert told[mine]["outcome"] == "completed"
    assert told[other]["error"]["code"] == "FR3030"
    assert done.returncode == 3 and other in done.stderr
    done = place.call("resume", "--due")
    assert done.returncode == 3 and "error[FR3030]" in done.stderr


def test_what_is_only_stored_is_no_failure(tmp_path: Path) -> None:
    place = Place(tmp_path / "w", flow=ASKS)
    run = place.run()["run"]
    entry = json.loads(place.call("inbox", "--json").stdout)[0]["id"]
    edited = place.call("edit", entry, "--data", '{"amount": 2}', "--as", "Lea", "--no-run", "--json")
    assert (edited.returncode, json.loads(edited.stdout)["outcome"]) == (0, "running"), edited.stderr
    assert f"flowrun resume {run}" in edited.stderr
    assert place.call("resume", run).returncode == 4
    entry = json.loads(place.call("inbox", "--json").stdout)[0]["id"]
    said = place.call("approve", entry, "--as", "Max", "--no-run", "--json")
    assert (said.returncode, json.loads(said.stdout)["outcome"]) == (0, "running")
    assert place.effects() == {} and f"flowrun resume {run}" in said.stderr
    assert place.call("resume", run).returncode == 0


def test_the_inbox_says_how_to_settle_a_write_in_doubt(tmp_path: Path) -> None:
    flow = FLOW.replace("amount: 1}}", "amount: 1}, on_error: hand_off}")
    place = Place(tmp_path / "w", flow=flow, pay="raise RuntimeError('gone')")
    run = place.run()
    text = place.call("inbox").stdout
    id = run["waiting"][0]["id"]
    assert f"flowrun settle {id} --done --data JSON" in text and f"flowrun settle {id} --not-done" in text


def test_a_once_that_is_no_map_says_what_to_write(tmp_path: Path) -> None:
    place = Place(tmp_path / "w")
    text = BANK.replace('once={"argument": "key"}', 'once="none"')
    (place.folder / "bank.py").write_text(
        text.replace("    BALANCE\n", "").replace("    PAY\n", "").replace("    THANK\n", "")
    )
    done = place.call("lint")
    assert done.returncode == 3 and "FR2302" in done.stderr and "or None" in done.stderr
    assert "bank.py:" in done.stderr and "ValueError" not in done.stderr
