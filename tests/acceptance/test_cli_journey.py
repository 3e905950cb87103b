"""The way of a user: create a workspace, check it, run it, answer it, read it, and see the demo."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from flowrun.cli import main as frame

Call = Callable[..., tuple[int, str, str]]
FLOW = "flows/support_to_ticket/support_to_ticket.flow.yaml"
SAMPLES = Path("flows/support_to_ticket/samples")


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Run the program in this process; return exit code, stdout and stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = frame.main(list(arguments))
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def workspace(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new workspace, which is the current folder and has a store of its own."""
    monkeypatch.delenv("FLOWRUN_STORE")
    monkeypatch.chdir(tmp_path)
    code, out, _ = call("init", "shop")
    assert code == 0 and "flowrun lint" in out
    monkeypatch.chdir(tmp_path / "shop")
    return tmp_path / "shop"


def load(text: str) -> Any:
    return json.loads(text)


def test_a_new_workspace_passes_lint_and_its_tests(workspace: Path, call: Call) -> None:
    assert call("lint")[0] == 0
    code, out, _ = call("lint", FLOW, "--format", "json")
    assert code == 0 and load(out) == {"files": [FLOW], "findings": [], "allowed": []}
    code, out, _ = call("test", "--json")
    assert code == 0 and len(load(out)) > 10 and all(result["ok"] for result in load(out))
    assert {"flowrun.yaml", "README.md", "flows", "schemas", ".github", ".vscode", ".flowrun"} == {
        path.name for path in workspace.iterdir()
    }


def test_init_overwrites_nothing(workspace: Path, call: Call) -> None:
    (workspace / "flowrun.yaml").write_text("roles: {}\n")
    code, _, err = call("init", ".")
    assert code == 3 and "already" in err
    assert (workspace / "flowrun.yaml").read_text() == "roles: {}\n"
    assert call("init", "other", "--template", "suport_to_ticket")[0] == 3
    assert not (workspace / "other").exists()


def test_from_a_message_to_a_record(workspace: Path, call: Call) -> None:
    sample = str(SAMPLES / "double_billing.json")
    code, out, err = call("run", "support_to_ticket", "--input", sample, "--as", "Ana", "--json")
    first = load(out)
    assert code == 4 and first["outcome"] == "waiting" and "Running" in err
    run, entry = first["run"], first["waiting"][0]["id"]

    code, out, _ = call("why", run)
    assert code == 0 and len(out.splitlines()) == 3 and f"flowrun approve {entry}" in out
    (listed,) = load(call("inbox", "--json")[1])
    assert listed["id"] == entry and listed["kind"] == "approval"
    assert listed["proposal"][0]["args"]["customer_id"] == "C-10492"
    assert call("approve", entry, "--as", "Eve")[0] == 3  # not in the role
    assert call("answer", entry, "--as", "Sam", "--data", "{}")[0] == 3  # not a question

    code, out, _ = call("approve", entry, "--as", "Sam")
    assert code == 0 and out.startswith("completed ") and "severity: critical" in out
    code, out, _ = call("run", "support_to_ticket", "--input", sample, "--json")
    again = load(out)
    assert code == 0 and again["run"] == again["duplicate_of"] == run

    shown = load(call("show", run[:20], "--json")[1])
    assert shown["run"] == run
    assert [event["seq"] for event in shown["events"]] == list(range(1, len(shown["events"]) + 1))
    assert set(shown["events"][0]) == {"seq", "at", "type", "path", "data", "hash"}
    text = call("show", run)[1]
    assert "Needs a yes of support_leads: desk.create_ticket" in text and "Sam (support_leads) said yes" in text
    assert "Nothing waits." in call("inbox")[1]
    assert load(call("runs", "--json")[1])[0]["outcome"] == "completed"

    (record,) = [json.loads(line) for line in call("records", "export")[1].splitlines()]
    assert record["record"]["ticket"]["severity"] == "critical"
    header, row = call("records", "export", "--format", "csv")[1].splitlines()
    assert "ticket.queue" in header.split(",") and run in row


def test_a_no_needs_a_reason_and_leaves_no_ticket(workspace: Path, call: Call) -> None:
    entry = load(call("run", "support_to_ticket", "--input", str(SAMPLES / "double_billing.json"), "--json")[1])[
        "waiting"
    ][0]
    assert call("reject", entry["id"], "--as", "Sam")[0] == 2
    code, out, _ = call("reject", entry["id"], "--as", "Sam", "--reason", "Not urgent.", "--json")
    assert code == 0 and load(out)["record"]["ticket"]["created"] is False


def test_many_inputs_side_by_side(workspace: Path, call: Call) -> None:
    code, out, err = call(
        "run", "support_to_ticket", "--inputs", "flows/support_to_ticket/samples.jsonl", "--at-once", "4"
    )
    assert code == 4
    assert "14 inputs: 10 completed, 4 waiting" in out
    assert "14/14" in err
    # a question is answered by its form, and a second yes finds nothing to settle
    question = next(
        e for e in load(call("inbox", "--json")[1]) if e["kind"] == "question" and "triage" not in e["title"]
    )
    code, _, err = call("answer", question["id"], "--as", "Sam", "--data", '{"email": 1}')
    assert code == 3 and "email" in err
    code, _, _ = call("answer", question["id"], "--as", "Sam", "--data", '{"email": "ana@example.com"}')
    assert code == 0
    assert call("answer", question["id"], "--as", "Sam", "--data", "{}")[0] == 3
    assert call("cancel", load(call("runs", "--status", "waiting", "--json")[1])[0]["run"], "--as", "Sam")[0] == 0
    assert call("resume", "--due")[0] == 0


def test_the_demo_tells_the_whole_story(tmp_path: Path) -> None:
    environment = {"TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "flowrun", "demo"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for words in (
        "I’m going to cancel",
        "proposes; it cannot act",
        "Critical tickets wake people up.",
        "Sam (support_leads) says yes",
        "1 new ticket in the desk",
        "customer_id: C-10492",
        "The chain holds.",
        "duplicate_of: ",
        "flowrun show ",
    ):
        assert words in done.stdout
    assert done.stdout.count("1 new ticket in the desk") == 2


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    context = click.Context(group)
    found = []
    for name in group.list_commands(context):
        child = group.get_command(context, name)
        found.append((*path, name))
        if isinstance(child, click.Group):
            found += commands(child, (*path, name))
    return found


@pytest.mark.parametrize("path", commands(frame.cli), ids=" ".join)
def test_every_help_has_an_example(path: tuple[str, ...], call: Call) -> None:
    code, out, _ = call(*path, "--help")
    assert code == 0
    assert f"\n    flowrun {' '.join(path)}" in out.split("Example", 1)[1]


def test_a_flow_is_tried_in_shadow_before_it_may_act(workspace: Path, call: Call) -> None:
    sample = str(sorted(SAMPLES.glob("*.json"))[0])
    config = workspace / "flowrun.yaml"
    config.write_text(config.read_text() + "\nmodes: {support_to_ticket: shadow}\n")
    code, out, _ = call("run", "support_to_ticket", "--input", sample, "--as", "ana", "--json")
    result = load(out)
    assert (code, result["mode"], result["usage"]["writes"]) == (0, "shadow", 0)
    assert "would have done it" in call("show", result["run"])[1]
    assert load(call("records", "list", "--json")[1]) == []
    assert [r["mode"] for r in load(call("records", "list", "--shadow", "--json")[1])] == ["shadow"]
    code, _, err = call("run", "support_to_ticket", "--input", sample, "--mode", "live")
    assert code == 3 and "shadow at most" in err
    config.write_text(config.read_text().replace("support_to_ticket: shadow", "suport_to_ticket: shadow"))
    assert call("lint")[0] == 1
    assert call("run", "support_to_ticket", "--input", sample)[0] == 3


def test_a_waiting_call_is_changed_and_then_somebody_else_says_yes(workspace: Path, call: Call) -> None:
    config = workspace / "flowrun.yaml"
    config.write_text(config.read_text().replace("members: [Sam]", "members: [Sam, Kim]"))
    for sample in sorted(SAMPLES.glob("*.json")):
        call("run", "support_to_ticket", "--input", str(sample), "--as", "ana")
    entry = next(e for e in load(call("inbox", "--json")[1]) if e["kind"] == "approval")
    assert "flowrun edit" in call("inbox")[1]
    code, _, err = call("edit", entry["id"], "--as", "Sam", "--data", '{"severity": "awful"}')
    assert code == 3 and "severity" in err
    code, out, err = call("edit", entry["id"], "--as", "Sam", "--data", '{"summary": "Written by hand."}', "--json")
    assert code == 4, err
    waiting = load(out)["waiting"]
    assert waiting[0]["id"] != entry["id"] and waiting[0]["proposal"][0]["edited_by"] == "Sam"
    assert call("approve", waiting[0]["id"], "--as", "Sam")[0] == 3
    code, out, _ = call("approve", waiting[0]["id"], "--as", "Kim", "--json")
    assert code == 0 and load(out)["outcome"] == "completed"
    shown = call("show", load(out)["run"])[1]
    assert "Sam changed a call" in shown and "Kim (support_leads) said yes" in shown


@pytest.mark.slow
def test_two_people_say_yes_at_the_same_moment_in_two_processes(workspace: Path, call: Call) -> None:
    """Whichever is first, both count, the call is made once, and the run ends."""
    config = workspace / "flowrun.yaml"
    config.write_text(
        config.read_text().replace("  support_leads:", "  finance: {members: [Kim]}\n  support_leads:", 1)
    )
    flow = workspace / FLOW
    flow.write_text(flow.read_text().replace("approver: support_leads", "approver: [support_leads, finance]"))
    for sample in sorted(SAMPLES.glob("*.json")):
        call("run", "support_to_ticket", "--input", str(sample), "--as", "ana")
    entry = next(e for e in load(call("inbox", "--json")[1]) if e["kind"] == "approval")
    assert entry["to"] == ["support_leads", "finance"]
    start = [sys.executable, "-m", "flowrun", "approve", entry["id"], "--json", "--as"]
    both = [subprocess.Popen([*start, name], stdout=subprocess.PIPE, stderr=subprocess.PIPE) for name in ("Sam", "Kim")]
    said = [process.communicate(timeout=120) for process in both]
    assert all(process.returncode in (0, 4) for process in both), said
    call("resume", "--due")
    shown = load(call("show", entry["run"], "--json")[1])
    assert shown["outcome"] == "completed"
    kinds = [event["type"] for event in shown["events"]]
    assert kinds.count("person.approved") == 2 and kinds.count("person.answered") == 1
