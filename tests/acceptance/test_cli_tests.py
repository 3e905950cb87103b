"""`flowrun test` as a user meets it: what it prints, writes and ends with."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as xml

import pytest

from flowrun.cli.main import main
from tests.unit.testing.kit import FLOW, case, schema


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    schema(tmp_path, "result", '{"ticket": {"type": ["string", "null"]}}', '["ticket"]')
    (tmp_path / "small.flow.yaml").write_text(FLOW, encoding="utf-8")
    (tmp_path / "a.test.yaml").write_text(case(expect="{outcome: completed}"), encoding="utf-8")
    failing = case(expect="\n  calls: {desk.create_ticket: 2}").replace("a case", "two tickets")
    (tmp_path / "b.test.yaml").write_text(failing, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_failure_is_told_with_its_line_and_what_happened_instead(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["test"]) == 1
    told = capsys.readouterr()
    assert "ok      a case\nFAILED  two tickets\n" in told.out
    assert f"        {folder}/b.test.yaml:10: desk.create_ticket had an effect 1 times, not 2.\n" in told.out
    assert "        what happened:\n          the input arrived: " in told.out
    assert "          act: the model proposed desk.create_ticket" in told.out
    assert told.out.endswith("s\n") and "1 passed, 1 failed" in told.out
    assert "Traceback" not in told.out + told.err


@pytest.mark.parametrize(
    ("words", "code", "names"),
    [
        ([], 1, ["a case", "two tickets"]),
        (["-j", "2"], 1, ["a case", "two tickets"]),
        (["--only", "A CASE"], 0, ["a case"]),
        (["--only", "b.test.yaml"], 1, ["two tickets"]),
        (["-x", "b.test.yaml", "a.test.yaml"], 1, ["two tickets"]),
    ],
)
def test_which_tests_run(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, names: list[str]
) -> None:
    assert main(["test", "--json", *words]) == code
    assert [result["name"] for result in json.loads(capsys.readouterr().out)] == names


def test_a_report_for_build_servers(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "--junit", "out.xml"]) == 1
    cases = {found.get("name"): found for found in xml.parse(folder / "out.xml").iter("testcase")}
    assert set(cases) == {"a case", "two tickets"}
    assert cases["a case"].find("failure") is None and cases["two tickets"].find("failure") is not None
    assert main(["test", "--junit", "nowhere/out.xml"]) == 3
    assert "error[FR3083]: nowhere/out.xml cannot be written" in capsys.readouterr().err


def test_a_name_without_a_test_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "--only", "three tickets"]) == 3
    assert "error[FR3301]: There is no test three tickets." in capsys.readouterr().err


def test_what_the_tests_try_and_leave_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "--only", "a case", "--coverage"]) == 0
    told = capsys.readouterr().out
    assert "Not tried in small:\n" in told
    assert f"  {folder}/small.flow.yaml:9: desk.create_ticket: asks. Write a test in which " in told
    assert told.splitlines()[-2].split() == ["flow", "steps", "branches", "gates", "failures", "values", "tried"]
    assert told.splitlines()[-1].split()[:5] == ["small", "3/3", "-", "1/2", "0/1"]


@pytest.mark.parametrize(("least", "code"), [("10", 0), ("99", 1)])
def test_too_little_coverage_fails(folder: Path, capsys: pytest.CaptureFixture[str], least: str, code: int) -> None:
    assert main(["test", "--only", "a case", "--fail-under", least, "--json"]) == code
    report = json.loads(capsys.readouterr().out)
    assert report["coverage"]["enough"] == (code == 0) and 10 < report["coverage"]["percent"] < 99
    assert {test["ok"] for test in report["tests"]} == {True}
    assert report["coverage"]["flows"][0]["missing"][0]["line"] > 0
