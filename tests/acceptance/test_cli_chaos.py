"""`flowrun chaos` as a user meets it: what it prints, writes and ends with."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as xml

import pytest

from flowrun.cli.main import main
from flowrun.testing.chaos.junit import junit
from flowrun.testing.chaos.matrix import Boundary, CaseResult, ChaosResult
from tests.unit.testing.kit import FLOW, case, schema


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    schema(tmp_path, "result", '{"ticket": {"type": ["string", "null"]}}', '["ticket"]')
    (tmp_path / "small.flow.yaml").write_text(FLOW, encoding="utf-8")
    (tmp_path / "a.test.yaml").write_text(case(expect="{outcome: completed}"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_all_boundaries_are_counted_and_reported(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chaos", "small", "--json", "--junit", "out.xml"]) == 0
    report = json.loads(capsys.readouterr().out)
    (test,) = report["tests"]
    assert report["ok"] and report["passed"] == report["boundaries"] == test["boundaries"] > 20
    assert [entry["number"] for entry in test["cases"]] == list(range(1, test["boundaries"] + 1))
    suite = xml.parse(folder / "out.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == (str(test["boundaries"]), "0")


def test_kinds_of_boundaries_and_one_boundary_can_be_chosen(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chaos", "small", "--json", "--boundaries", "tool,model"]) == 0
    cases = json.loads(capsys.readouterr().out)["tests"][0]["cases"]
    assert {entry["kind"] for entry in cases} == {"tool", "model"}
    assert main(["chaos", "small", "--json", "--at", str(cases[0]["number"])]) == 0
    assert json.loads(capsys.readouterr().out)["tests"][0]["cases"] == cases[:1]


def test_progress_is_on_stderr_and_results_on_stdout(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chaos", "small"]) == 0
    told = capsys.readouterr()
    assert "ok      a case" in told.out and " 0 failed" in told.out
    assert "a case" in told.err and "failed" not in told.err
    assert sorted(file.name for file in folder.iterdir()) == ["a.test.yaml", "schemas", "small.flow.yaml"]


def test_a_test_that_fails_by_itself_is_not_killed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.test.yaml").write_text(case(expect="{outcome: handed_off}"), encoding="utf-8")
    assert main(["chaos", "small"]) == 1
    told = capsys.readouterr().out
    assert "does not pass without a kill" in told and "should be handed_off" in told


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--test", "b case"], 3, "FR3081"),
        (["--boundaries", "disk"], 2, "'disk' is none of journal, tool, model, all."),
        (["--at", "99999"], 2, "boundaries in all"),
        (["--junit", "none/out.xml", "--at", "1"], 3, "none/out.xml cannot be written"),
    ],
)
def test_what_cannot_be_done_is_said(
    folder: Path, words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["chaos", "small", *words]) == code
    assert said in capsys.readouterr().err


def test_a_flow_without_a_test_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.test.yaml").unlink()
    assert main(["chaos", "small"]) == 3
    assert "There is no test of small" in capsys.readouterr().err


def test_a_failure_is_told_with_its_story_and_the_command_for_it() -> None:
    found = CaseResult(
        boundary=Boundary(number=17, kind="tool", what="after pay.refund, before its result is stored"),
        killed=["after pay.refund, before its result is stored"],
        problems=["pay.refund was done 2 times, not 1: {}\x00"],
    )
    result = ChaosResult(name="refunds <once>", file="a.test.yaml", boundaries=40, cases=[found])
    root = xml.fromstring(junit([result], lambda test, each: f"flowrun chaos x --at {each.boundary.number}"))
    failure = root.find("./testsuite[@failures='1']/testcase/failure")
    assert failure is not None and failure.text is not None
    assert "done 2 times" in failure.text and failure.text.endswith("Again: flowrun chaos x --at 17")
