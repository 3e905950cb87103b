"""`flowrun prove` at the command line: answers, exit codes, JSON, and the file that CI holds."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from flowrun.cli.main import main

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(ROOT / "flows/support_to_ticket", tmp_path / "flow")
    (tmp_path / "flow/support_to_ticket.prove.yaml").unlink()
    monkeypatch.chdir(tmp_path)
    return tmp_path / "flow"


def test_a_no_names_the_gate_and_ends_with_0(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "flow", "desk.create_ticket more than once"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("No: desk.create_ticket more than once\n  flow/support_to_ticket.flow.yaml:")
    assert "desk.create_ticket, at_most" in said


def test_a_yes_tells_the_story_and_ends_with_1(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "flow", "desk.create_ticket without approval"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "YES, it can happen: desk.create_ticket without approval"
    assert lines[1].startswith('  1. The flow starts with {"message_id":')
    assert lines[-1].endswith("This is what was asked about.")


def test_what_cannot_be_told_ends_with_4(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "flow", "cost > 0.01 USD"]) == 4
    assert capsys.readouterr().out.startswith("CANNOT TELL: cost > 0.01 USD")


def test_json_has_places_story_and_an_example(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    questions = ["crm.add_note more than twice", "crm.add_note without approval"]
    assert main(["prove", "flow", *questions, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["flow"], found["version"]) == ("support_to_ticket", 1)
    no, yes = found["results"]
    assert (no["answer"], no["gates"][0]["rule"], no["gates"][0]["word"]) == ("no", "crm.add_note", "at_most")
    assert no["gates"][0]["line"] > 0 and no["story"] == []
    assert yes["answer"] == "yes" and len(yes["story"]) >= 5
    assert set(yes["example"]) == {"now", "input", "tools", "model"}
    assert yes["calls"]["crm.add_note"] == 1


def test_the_file_holds_what_was_looked_at(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "flow"]) == 1  # nobody has looked yet
    assert "are not in support_to_ticket.prove.yaml" in capsys.readouterr().out
    assert main(["prove", "flow", "--write"]) == 0
    kept = (folder / "support_to_ticket.prove.yaml").read_text(encoding="utf-8")
    assert "possible:\n  - desk.create_ticket without approval\n" in kept
    assert main(["prove", "flow"]) == 0
    assert main(["lint", "flow"]) == 0
    flow = folder / "support_to_ticket.flow.yaml"
    flow.write_text(flow.read_text(encoding="utf-8").replace("at_most: 1", "at_most: 2"), encoding="utf-8")
    capsys.readouterr()
    assert main(["prove", "flow"]) == 1
    said = capsys.readouterr().out
    assert "YES, it can happen: desk.create_ticket more than once\n  FLOW.prove.yaml says `never`." in said
    assert main(["prove", "flow", "--write"]) == 0  # what was never to happen stays so
    assert main(["prove", "flow"]) == 1


def test_what_is_no_longer_possible_is_told(folder: Path) -> None:
    file = folder / "support_to_ticket.prove.yaml"
    file.write_text("prove: support_to_ticket\npossible: [writes > 9]\n", encoding="utf-8")
    assert main(["prove", "flow"]) == 1


@pytest.mark.parametrize(
    ("question", "code", "words"),
    [
        ("what about it", "FR3201", "This question is not understood"),
        ("crm.add_note without a doubt", "FR3201", "This part of the question is not understood: without a doubt"),
        ("pay.refund without approval", "FR3202", "This flow does not use pay.refund."),
        ("steps.nowhere reaches the model", "FR3202", "This flow has no step nowhere."),
        ("crm.add_note over 5 EUR", "FR3203", "No argument of crm.add_note says an amount of money."),
        ("writes > many", "FR3201", "many is no whole number."),
        ('crm.add_note when args.text = "x"', "FR3201", "`=`"),
    ],
)
def test_a_question_that_cannot_be_asked_is_explained(
    question: str, code: str, words: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["prove", "flow", question]) == 3
    said = capsys.readouterr().err
    assert code in said and words in said and "help:" in said


def test_another_currency_is_no_question(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", str(ROOT / "flows/refund_request"), "pay.refund over 5 USD"]) == 3
    assert "takes amounts in EUR, not in USD" in capsys.readouterr().err


def test_a_bad_question_in_the_file_has_its_place(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = folder / "support_to_ticket.prove.yaml"
    file.write_text("prove: support_to_ticket\nnever:\n  - what about it\n", encoding="utf-8")
    assert main(["prove", "flow"]) == 3
    assert "flow/support_to_ticket.prove.yaml:2" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["support_to_ticket", "refund_request"])
def test_the_bundled_flows_are_as_their_files_say(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", str(ROOT / "flows" / name)]) == 0
