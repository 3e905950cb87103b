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


@pytest.mark.slow
@pytest.mark.parametrize("flow", ["support_to_ticket", "refund_request"])
def test_from_no_test_at_all_nine_of_ten_branches_and_gates_of_a_bundled_flow_are_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], flow: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["test", "--generate", flow, "--fresh", "--output", "all.test.yaml"]) == 0
    assert "are tried with them, 0 without. Check whether they say what you want." in capsys.readouterr().out
    assert main(["test", "all.test.yaml", "--coverage", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    kinds = report["coverage"]["flows"][0]["kinds"]
    tried, whole = (sum(kinds[kind][what] for kind in ("branch", "gate")) for what in ("tried", "all"))
    assert tried / whole >= 0.9 and report["coverage"]["percent"] >= 90
    assert all(test["ok"] and not test["notes"] for test in report["tests"])


def test_generated_tests_are_printed_or_written_and_never_over_a_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["test", "--generate", "small"]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("# Generated: ") and " tests: of " in told.err
    assert main(["test", "--generate", "small", "--output", "c.test.yaml"]) == 0
    assert (folder / "c.test.yaml").read_text(encoding="utf-8") == told.out
    capsys.readouterr()
    assert main(["test", "--generate", "small", "--fresh", "--output", "c.test.yaml"]) == 3
    assert "error[FR3303]: c.test.yaml is there already; nothing was written." in capsys.readouterr().err
    assert main(["test", "--generate", "small", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["text"] == ""
    assert main(["test", "--generate"]) == 2


def test_defects_that_no_test_notices_are_shown_with_a_score(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "--mutate", "small"]) == 3
    assert "error[FR3305]: The test two tickets fails as it is." in capsys.readouterr().err
    (folder / "b.test.yaml").unlink()
    assert main(["test", "--mutate", "small"]) == 0
    told = capsys.readouterr().out
    assert "small.flow.yaml:9: nobody is asked: desk.create_ticket\n" in told
    assert "\n    - desk.create_ticket: {approve_when: 'args.severity == \"critical\"'" in told
    assert "\n    + desk.create_ticket: {approve_when: false" in told
    assert " %: of " in told and " are errors of flowrun lint." in told
    assert main(["test", "--mutate", "small", "--fail-under", "99", "--json", "-j", "2"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert not report["enough"] and report["survived"] == len(report["survivors"]) > 0
    assert "text" not in report["survivors"][0] or report["survivors"][0]["text"] == ""
