"""A store that cannot be used, is not there yet, or holds runs of other processes: said in one line, and nothing is made."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from flowrun.adapters.clock import SystemClock
from flowrun.adapters.journals.owners import this_process
from flowrun.adapters.journals.sqlite import SqliteJournal
from flowrun.cli import cancel
from flowrun.cli import main as frame
from flowrun.core import events as ev
from flowrun.flows import __file__ as flows
from flowrun.ports.journal import Append, Claim

Call = Callable[..., tuple[int, str, str]]
SAMPLE = str(Path(flows).parent / "support_to_ticket" / "samples" / "double_billing.json")
STORE = Path(".flowrun/flowrun.db")
AT = "2026-03-02T09:00:00.000000Z"
WAITS = """\
flow: patient
version: 1
owner: leads
input: {type: object, properties: {id: {type: string}}, required: [id], additionalProperties: false}
output: patient_record@1
budget: {within: 1m}
steps:
  - WAIT
  - {id: done, record: patient_record@1, with: {ok: true}}
"""


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Call:
    """Run the program in an empty folder with a store of its own."""
    monkeypatch.delenv("FLOWRUN_STORE")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = frame.main(list(arguments))
        return code, *capsys.readouterr()

    return run


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (("runs",), 0),
        (("inbox",), 0),
        (("records", "list"), 0),
        (("show", "01"), 3),
        (("why", "01"), 3),
        (("cancel", "01", "--as", "Sam"), 3),
        (("resume", "--due"), 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_looking_makes_no_store(command: tuple[str, ...], code: int, call: Call, tmp_path: Path) -> None:
    assert call(*command)[0] == code
    assert list(tmp_path.iterdir()) == []


def test_only_this_user_may_read_what_customers_wrote(call: Call, tmp_path: Path) -> None:
    assert call("run", "support_to_ticket", "--input", SAMPLE)[0] == 4
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [STORE.parent, *STORE.parent.glob("*.db")]}
    assert modes == {".flowrun": 0o700, "flowrun.db": 0o600, "desk.db": 0o600}
    call("init", "shop")
    assert stat.S_IMODE((tmp_path / "shop" / ".flowrun").stat().st_mode) == 0o700


@pytest.mark.parametrize("command", [("run", "support_to_ticket", "--input", SAMPLE), ("runs",)], ids=["run", "runs"])
def test_a_store_without_permission_is_one_line(
    command: tuple[str, ...], call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    exists = Path.exists

    def refused(path: Path) -> bool:
        if path.name == STORE.name:
            raise PermissionError(13, "Permission denied")
        return exists(path)

    monkeypatch.setattr(Path, "exists", refused)  # root may do everything, so the system itself would not refuse
    code, out, err = call(*command)
    assert (code, out) == (3, "")
    first, help = err.splitlines()[-2:]
    assert first.startswith("error[FR5002]: The store ") and "Permission denied" in first
    assert help.startswith("help: ")


def begun(owner: str) -> tuple[SqliteJournal, Claim]:
    journal = SqliteJournal(STORE)
    started = ev.RunStarted(run="01run", flow="f", version=1, plan="p", input={}, key="k", at=AT)
    claim = journal.open_run(started, owner=owner).claim
    assert claim is not None
    return journal, claim


def test_a_run_whose_process_is_gone_is_interrupted(call: Call) -> None:
    host, _, _, start = this_process().rsplit(":", 3)
    journal, _ = begun(f"{host}:another-boot:1:{start}")
    out = call("runs")[1]
    assert "interrupted" in out and "flowrun resume 01run" in " ".join(out.split())
    assert call("show", "01run")[1].startswith(
        "interrupted  f@1  01run\nIts process is gone; flowrun resume 01run goes on."
    )
    (row,) = json.loads(call("runs", "--json")[1])
    assert (row["status"], row["outcome"], row["claimed"]) == ("running", None, False)
    journal.close()


def test_a_run_that_goes_on_is_not_interrupted(call: Call) -> None:
    journal, _ = begun(this_process())
    assert "interrupted" not in call("runs")[1]
    assert json.loads(call("runs", "--json")[1])[0]["claimed"]
    journal.close()


def begun_elsewhere(monkeypatch: pytest.MonkeyPatch, call: Call, ends: bool) -> tuple[int, str, str]:
    """Cancel a run that another owner drives; it `ends` when it is waited for, or never."""
    journal, claim = begun(this_process())
    journal.put_plan("p", b"{}")
    monkeypatch.setattr("flowrun.app.runs.App.plan_of", lambda *_, **__: SimpleNamespace(plan=None))

    async def sleep(self: SystemClock, seconds: float) -> None:
        if ends and journal.run("01run").outcome is None:
            end = ev.RunFinished(path="", at=AT, outcome="cancelled", reason="Sam said so")
            assert journal.commit([Append(run="01run", epoch=claim.epoch, events=[end], durable=True)])[0].ok

    monkeypatch.setattr(SystemClock, "sleep", sleep)
    return call("cancel", "01run", "--as", "Sam")


def test_cancel_waits_for_the_process_that_drives_the_run(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = begun_elsewhere(monkeypatch, call, True)
    assert code == 0 and out.startswith("cancelled")


def test_cancel_says_that_a_write_is_awaited(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancel, "PATIENCE", 1.0)
    code, _, err = begun_elsewhere(monkeypatch, call, False)
    assert code == 1 and "The cancel is stored" in err and "write in flight" in err
    code, _, err = call("cancel", "01run", "--as", "Sam")
    assert code == 1 and "The cancel is stored" in err


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("{id: w, wait_for: reply@1, key: input.id, within: 2d}", "Waits for reply@1 with key C-17 until 20"),
        ("{id: w, wait_for: 2d}", "Waits until 20"),
    ],
    ids=["event", "timer"],
)
def test_a_waiting_run_says_what_for(step: str, words: str, call: Call, tmp_path: Path) -> None:
    for name, schema in {"patient_record": {"ok": {"type": "boolean"}}, "reply": {"text": {"type": "string"}}}.items():
        folder = tmp_path / "schemas" / "records" / name
        folder.mkdir(parents=True)
        object = {"type": "object", "properties": schema, "required": list(schema), "additionalProperties": False}
        (folder / "v1.json").write_text(json.dumps(object))
    (tmp_path / "patient.flow.yaml").write_text(WAITS.replace("WAIT", step))
    (tmp_path / "who.json").write_text('{"id": "C-17"}')
    code, out, err = call("run", "patient", "--input", "who.json")
    assert code == 4, err
    assert words in out
    run = json.loads(call("runs", "--json")[1])[0]["run"]
    assert words in call("show", run)[1] and words.lower() in call("why", run)[1].lower()
