"""The emergency brake: it stops the very next call of every process, and can do nothing but stop."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from flowrun.adapters.journals.memory import MemoryJournal
from flowrun.adapters.journals.sqlite import SqliteJournal
from flowrun.app.halt import FileHalts, open_brake
from flowrun.app.runs import open_app
from flowrun.app.workspace import load_workspace
from flowrun.cli.main import main
from flowrun.errors import InputError
from flowrun.ports.journal import Append, Halt, Journal
from tests.contracts.journal_kit import AT, intended, opened
from tests.faults.place import CONFIG, FLOW, Place

LATER = "2026-03-02T10:00:00.000000Z"
HALTS = """\
command = [sys.executable, "-m", "flowrun", "halt", "bank.thank", "--reason", "Twice.", "--as", "Max"]
subprocess.run(command, check=True, cwd=HERE, stdout=subprocess.DEVNULL)"""
WAITS = FLOW.replace("steps:\n", "steps:\n  - {id: pause, wait_for: 30d}\n")


@pytest.fixture(params=["memory", "sqlite"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    made: Any = MemoryJournal() if request.param == "memory" else SqliteJournal(tmp_path / "runs.db")
    yield made
    made.close()


def refused(journal: Journal, *under: str, at: str = AT) -> str:
    claim = opened(journal, f"run-{len(journal.runs())}")
    append = Append(run=claim.run, epoch=claim.epoch, events=[intended("w", at=at)], durable=True, under=under)
    return journal.commit([append])[0].refused


def test_a_halt_refuses_the_intents_that_it_names_and_no_other(journal: Journal) -> None:
    journal.halt(Halt(what="pay.refund", at=AT, by="Max", reason="Twice."))
    assert refused(journal, "all", "pay.refund") == "halt"
    assert refused(journal, "all", "pay.get_order") == ""
    assert refused(journal) == ""


def test_a_halt_ends_at_its_moment_and_when_it_is_lifted(journal: Journal) -> None:
    journal.halt(Halt(what="pay", at=AT, until="2026-03-02T11:00:00+01:00"))
    assert refused(journal, "pay", at=AT) == "halt"
    assert refused(journal, "pay", at=LATER) == ""
    journal.halt(Halt(what="pay", at=AT, by="Max"))
    assert journal.lift("pay", by="Lea", at=LATER) == 1
    assert refused(journal, "pay", at=LATER) == ""
    assert [(h.by, h.lifted_by) for h in journal.halts()] == [("Max", "Lea"), ("", "")]


def test_a_halted_subject_is_found_and_not_readable_in_the_store(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "runs.db")
    journal.halt(Halt(what="subject:ana@example.com", at=AT))
    assert journal.halted(["subject:ana@example.com"], AT) is not None
    assert journal.halted(["subject:bob@example.com"], AT) is None
    journal.close()
    with closing(sqlite3.connect(tmp_path / "runs.db")) as db:
        assert "ana@" not in str(db.execute("SELECT * FROM halts").fetchall())


def test_a_halt_of_another_process_stops_the_next_write_of_a_run_that_goes_on(tmp_path: Path) -> None:
    place = Place(tmp_path / "w", pay=HALTS)
    result = place.run()
    assert (result["outcome"], place.effects()) == ("failed", {"pay": 1})
    assert "bank.thank is halted by Max: Twice." in result["reason"]
    events = json.loads(place.call("show", result["run"], "--json").stdout)["events"]
    verdicts = [v for e in events if e["type"] == "call.decided" for v in e["data"]["verdicts"]]
    assert verdicts[-1]["denied_by"] == "halt"


@pytest.mark.parametrize(
    ("what", "called"),
    [
        ("bank.balance", {}),  # a read is halted like a write
        ("bank.pay", {"balance": 1}),
        ("bank", {}),
    ],
)
def test_what_is_halted_is_not_called(tmp_path: Path, what: str, called: dict[str, int]) -> None:
    place = Place(tmp_path / "w")
    assert place.call("halt", what).returncode == 0
    assert place.run()["outcome"] == "failed"
    assert place.asked() == called
    assert place.call("halt", what, "--off").returncode == 0
    assert place.run("i-2")["outcome"] == "completed"


@pytest.mark.parametrize("what", ["flows.pay", "pay", "subject:ANA@example.com", "all"])
def test_a_halted_flow_or_subject_is_not_begun(tmp_path: Path, what: str) -> None:
    place = Place(tmp_path / "w")
    assert place.call("halt", what, "--reason", "Stop.").returncode == 0
    done = place.call("run", "pay", "--input", str(place.input()))
    assert (done.returncode, place.asked()) == (3, {})
    assert "error[FR3007]" in done.stderr and "Stop." in done.stderr


def test_other_subjects_go_on(tmp_path: Path) -> None:
    place = Place(tmp_path / "w")
    place.call("halt", "subject:ana@example.com")
    assert place.run("i-2", "bob@example.com")["outcome"] == "completed"


def test_on_error_decides_what_a_halted_call_means(tmp_path: Path) -> None:
    flow = FLOW.replace(
        'who: "${{ input.who }}"}}\n  - {id: done', 'who: "${{ input.who }}"}, on_error: hand_off}\n  - {id: done'
    )
    assert flow != FLOW
    place = Place(tmp_path / "w", flow=flow)
    place.call("halt", "bank.thank")
    assert place.run()["waiting"][0]["kind"] == "hand_off"


def test_runs_that_wait_wait_on(tmp_path: Path) -> None:
    place = Place(tmp_path / "w", flow=WAITS)
    run = place.run()["run"]
    place.call("halt", "flows.pay", "--reason", "Stop.")
    refused = place.call("resume", run)
    assert refused.returncode == 3 and "FR3007" in refused.stderr
    assert json.loads(place.call("show", run, "--json").stdout)["outcome"] == "waiting"
    assert place.call("cancel", run, "--as", "Lea").returncode == 0  # an end is no effect


def test_the_workspace_file_halts_too_and_is_read_again_when_it_changes(tmp_path: Path) -> None:
    place = Place(tmp_path / "w", config=CONFIG + "halt: {subjects: [ana@example.com]}\n")
    done = place.call("run", "pay", "--input", str(place.input()))
    assert done.returncode == 3 and "FR3007" in done.stderr
    ws = load_workspace(place.folder)
    halts = FileHalts(ws)
    assert list(halts()) == ["subject:ana@example.com"]
    (place.folder / "flowrun.yaml").write_text(CONFIG + "halt: {tools: [bank.pay], flows: [pay]}\n")
    assert list(halts()) == ["bank.pay", "flows.pay"]
    (place.folder / "flowrun.yaml").write_text("halt: {tools: [")  # half written: nothing is lifted by that
    assert list(halts()) == ["bank.pay", "flows.pay"]


def test_a_halt_of_what_does_not_exist_is_refused_loudly(tmp_path: Path) -> None:
    place = Place(tmp_path / "w")
    with open_brake(load_workspace(place.folder)) as brake:
        with pytest.raises(InputError, match="nothing was halted") as caught:
            brake.pull("bank.payy", by="Max")
        assert caught.value.help == "Did you mean bank.pay?"
        with pytest.raises(InputError, match="no moment to come"):
            brake.pull("bank.pay", by="Max", until="tomorrow")
        with pytest.raises(InputError, match="not halted"):
            brake.lift("bank.pay", by="Max")
        assert brake.listed() == []


def test_the_brake_works_where_the_tools_are_broken(tmp_path: Path) -> None:
    place = Place(tmp_path / "w")
    (place.folder / "bank.py").write_text("import nothing_of_the_kind\n")
    assert place.call("halt", "bank.pay").returncode == 0
    assert "bank.pay" in place.call("halt", "--list").stdout


def test_the_list_tells_who_when_and_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = Place(tmp_path / "w")
    where = ("--workspace", str(place.folder), "--store", f"sqlite:///{tmp_path}/s.db")
    assert main(["halt", "bank.pay", "--reason", "Twice.", "--as", "Max", *where]) == 0
    capsys.readouterr()
    assert main(["halt", "--list", "--json", *where]) == 0
    (halt,) = json.loads(capsys.readouterr().out)
    assert (halt["what"], halt["by"], halt["reason"]) == ("bank.pay", "Max", "Twice.")
    assert main(["halt", "bank.pay", "--off", *where]) == 0
    assert main(["halt", "--list", *where]) == 0
    assert "Nothing is halted." in capsys.readouterr().out
    assert main(["halt", "--list", "--all", *where]) == 0
    assert "Twice." in capsys.readouterr().out
    assert main(["halt", *where]) == 2


async def test_a_fact_is_not_read_with_a_halted_tool(tmp_path: Path) -> None:
    place = Place(tmp_path / "w", config=CONFIG + "policies: [bank.policy.yaml]\n")
    (place.folder / "bank.policy.yaml").write_text(
        "policy: bank\nversion: 1\nfacts:\n  b: {call: bank.balance, with: {who: '${{ args.who }}'}}\n"
        "rules:\n  - {id: enough, tools: bank.pay, only_when: facts.b > 1, reason: Not enough.}\n"
    )
    (place.folder / "flows" / "pay.flow.yaml").write_text(
        FLOW.replace('  - {id: look, call: bank.balance, with: {who: "${{ input.who }}"}}\n', "")
    )
    with open_app(load_workspace(place.folder)) as app:
        app.journal.halt(Halt(what="bank.balance", at=AT))
        result = await app.submit("pay", {"id": "i-1", "who": "ana"})
    assert "Not enough." in result.reason and place.asked() == {}
