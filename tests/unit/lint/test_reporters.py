"""Every form says what the findings say, and is what the programs that read it expect."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowrun.errors import Diagnostic, Edit, Span
from flowrun.lang.codes import catalogue, diagnostic
from flowrun.lint.allowed import Allowed
from flowrun.lint.report import Report, fingerprints
from flowrun.lint.reporters import FORMATS, render

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
FILE = "/repo/flows/a b.flow.yaml"
TEXT = "flow: a\ntitel: b\nkey: c\n"


def finding(rule: str = "unknown-key", line: int = 2, **more: Any) -> Diagnostic:
    return diagnostic(rule, more.pop("message", "no key `titel`."), Span(FILE, line, 1, line, 6), **more)


ALLOWED = Allowed(finding=finding("no-once", 3), reason="The desk does it.", until="2027-01-31", line=3)
WHOLE = diagnostic("file-too-large", "too large", Span(FILE))
FULL = Report(
    files=[FILE, "/repo/ok.flow.yaml"],
    findings=[
        finding(help="Did you mean `title`?", fix="title", related=((Span(FILE, 1, 1, 1, 5), "see here"),)),
        finding("no-once", 3, edits=(Edit(Span(FILE, 4, 1, 4, 1), "x\n"),)),
        WHOLE,
    ],
    allowed=[ALLOWED],
    sources={FILE: TEXT},
    base="/repo",
    version="1.2.3",
)
EMPTY = Report(files=["a.flow.yaml"], findings=[])

texts = st.text(max_size=40)
spans = st.builds(
    lambda file, line, column, more, wide: Span(file or "a", line, column, line + more, column + wide),
    st.text(st.characters(exclude_characters="\0\n", exclude_categories=["Cs"]), max_size=12),
    *(st.integers(1, 50), st.integers(1, 50), st.integers(0, 2), st.integers(1, 9)),
)
findings = st.builds(
    diagnostic,
    st.sampled_from(sorted(catalogue())),
    texts,
    spans,
    help=st.none() | texts,
    fix=st.none() | texts,
    related=st.lists(st.tuples(spans, texts), max_size=2).map(tuple),
)
reports = st.builds(
    Report,
    files=st.just(["a"]),
    findings=st.lists(findings, max_size=4),
    allowed=st.lists(
        st.builds(Allowed, finding=findings, reason=texts, until=st.none(), line=st.integers(1, 9)), max_size=2
    ),
)


@pytest.mark.parametrize("report", [FULL, EMPTY], ids=["full", "empty"])
def test_sarif_is_valid_against_its_schema(report: Report) -> None:
    jsonschema.Draft4Validator(SCHEMA).validate(json.loads(render("sarif", report)))


@given(reports)
def test_any_report_is_valid_sarif(report: Report) -> None:
    jsonschema.Draft4Validator(SCHEMA).validate(json.loads(render("sarif", report)))


def test_sarif_names_rules_places_repairs_and_what_is_allowed() -> None:
    run = json.loads(render("sarif", FULL))["runs"][0]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("flowrun", "1.2.3")
    assert [rule["id"] for rule in driver["rules"]] == ["FR1001", "FR1101", "FR1414"]
    assert "```yaml" in driver["rules"][1]["help"]["markdown"]
    assert [rule["defaultConfiguration"]["level"] for rule in driver["rules"]] == ["error", "error", "warning"]
    first, second, whole, allowed = run["results"]
    assert driver["rules"][first["ruleIndex"]]["id"] == first["ruleId"] == "FR1101"
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "flows/a%20b.flow.yaml", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 6}
    (change,) = first["fixes"][0]["artifactChanges"]
    assert change["replacements"] == [{"deletedRegion": place["region"], "insertedContent": {"text": "title"}}]
    assert first["relatedLocations"][0]["message"]["text"] == "see here"
    assert second["level"] == "warning"
    assert second["fixes"][0]["artifactChanges"][0]["replacements"][0]["insertedContent"]["text"] == "x\n"
    assert "region" not in whole["locations"][0]["physicalLocation"]
    (suppression,) = allowed["suppressions"]
    assert (suppression["kind"], suppression["justification"]) == ("inSource", "The desk does it.")
    assert not any("suppressions" in result for result in (first, second, whole))


def test_files_outside_of_the_folder_keep_their_whole_name() -> None:
    report = Report(
        files=[], findings=[diagnostic("no-once", "m", Span("../x/a.flow.yaml", 1, 1, 1, 2))], base="/repo/b"
    )
    result = json.loads(render("sarif", report))["runs"][0]["results"][0]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "file:///repo/x/a.flow.yaml"}
    assert json.loads(render("gitlab", report))[0]["location"]["path"] == "/repo/x/a.flow.yaml"


def test_a_fingerprint_stays_when_lines_move_and_differs_otherwise() -> None:
    def made(text: str, *lines: int, rule: str = "unknown-key") -> list[str]:
        found = [finding(rule, line) for line in lines]
        return fingerprints(Report(files=[], findings=found, sources={FILE: text}, base="/repo"), found)

    (before,) = made(TEXT, 2)
    assert made("# a comment\n\n" + TEXT, 4) == [before]
    assert made(TEXT.replace("titel: b", "titel:   b"), 2) == [before]
    assert made(TEXT, 3) != [before]
    assert made(TEXT, 2, rule="no-once") != [before]
    assert len(set(made("x: 1\nx: 1\nx: 1\n", 1, 2, 3))) == 3
    moved = Report(files=[], findings=[finding()], sources={FILE: TEXT}, base="/repo/flows")
    assert fingerprints(moved, moved.findings) != [before], "the file is part of it"


def test_github_gets_a_command_for_each_finding() -> None:
    assert render("github", FULL).splitlines() == [
        "::error file=flows/a b.flow.yaml,line=2,endLine=2,col=1,endColumn=6,title=unknown-key FR1101::"
        "no key `titel`.%0ADid you mean `title`?%0Aflows/a b.flow.yaml:1: see here",
        "::warning file=flows/a b.flow.yaml,line=3,endLine=3,col=1,endColumn=6,title=no-once FR1414::no key `titel`.",
        "::error file=flows/a b.flow.yaml,title=file-too-large FR1001::too large",
    ]


def read_command(line: str) -> tuple[dict[str, str], str]:
    """Read a workflow command the way the runner does: split first, then undo the escapes."""
    match = re.fullmatch(r"::(\w+) (.*?)::(.*)", line)
    assert match is not None
    properties = dict(part.split("=", 1) for part in match[2].split(","))

    def undo(text: str) -> str:
        return (
            text.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",").replace("%25", "%")
        )

    return {key: undo(value) for key, value in properties.items()}, undo(
        match[3].replace("%3A", "%253A").replace("%2C", "%252C")
    )


@given(st.text(max_size=30), st.text(st.characters(exclude_characters="\0/."), min_size=1, max_size=20))
def test_nothing_in_a_finding_can_become_a_command_of_its_own(message: str, file: str) -> None:
    found = diagnostic("no-once", message, Span(file, 1, 1, 1, 2), help="::error::x")
    written = render("github", Report(files=[], findings=[found]))
    (line,) = written.removesuffix("\n").split("\n")
    assert "\r" not in line
    properties, data = read_command(line)
    assert properties["file"] == file
    assert data == f"{message}\n::error::x"


def test_gitlab_gets_the_fields_of_its_code_quality_report() -> None:
    first, second, whole = json.loads(render("gitlab", FULL))
    assert first == {
        "description": "no key `titel`. Did you mean `title`?",
        "check_name": "unknown-key FR1101",
        "fingerprint": fingerprints(FULL, FULL.findings)[0],
        "severity": "major",
        "location": {"path": "flows/a b.flow.yaml", "lines": {"begin": 2}},
    }
    assert second["severity"] == "minor"
    assert whole["location"]["lines"] == {"begin": 1}
    assert len({entry["fingerprint"] for entry in (first, second, whole)}) == 3
    assert json.loads(render("gitlab", EMPTY)) == []


SUITES = {"name", "tests", "failures", "errors", "skipped", "time"}
CASES = {"name", "classname", "file", "line", "time"}
INSIDE = {"failure": {"type", "message"}, "skipped": {"message"}, "system-out": set()}


def checked(report: Report) -> ElementTree.Element:
    """Read a JUnit file and check it for the elements, attributes and sums that build servers know."""
    root = ElementTree.fromstring(render("junit", report))
    assert root.tag == "testsuites" and set(root.attrib) <= SUITES
    for suite in root:
        assert suite.tag == "testsuite" and set(suite.attrib) <= SUITES
        cases = list(suite)
        for case in cases:
            assert case.tag == "testcase" and set(case.attrib) <= CASES and {"name", "classname"} <= set(case.attrib)
            assert len(case) <= 1
            assert all(set(inside.attrib) == INSIDE[inside.tag] for inside in case)
        assert suite.get("tests") == str(len(cases))
        assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
        assert suite.get("skipped") == str(len(suite.findall("testcase/skipped")))
    for key in ("tests", "failures", "skipped"):
        assert root.get(key) == str(sum(int(suite.get(key, "x")) for suite in root))
    return root


def test_junit_has_a_suite_for_each_file_and_a_case_for_each_finding() -> None:
    root = checked(FULL)
    assert [(s.get("name"), s.get("tests"), s.get("failures"), s.get("skipped")) for s in root] == [
        ("flows/a b.flow.yaml", "4", "2", "1"),
        ("ok.flow.yaml", "1", "0", "0"),
    ]
    failure = root.find("testsuite/testcase/failure")
    assert failure is not None and failure.get("type") == "FR1101"
    assert (failure.text or "").startswith("flows/a b.flow.yaml:2:1: error: no key `titel`.")


def test_a_warning_is_a_failure_in_junit_only_where_it_ends_the_command() -> None:
    warning = finding("no-once")
    assert checked(Report(files=[FILE], findings=[warning])).get("failures") == "0"
    assert checked(Report(files=[FILE], findings=[warning], fail_on="warning")).get("failures") == "1"


@given(reports)
def test_any_report_is_a_junit_file(report: Report) -> None:
    checked(report)


@given(reports)
def test_every_form_holds_every_finding_and_can_be_stored(report: Report) -> None:
    count = len(report.findings)
    for form in FORMATS:
        render(form, report).encode()
    assert len(json.loads(render("json", report))["findings"]) == count
    assert len(json.loads(render("gitlab", report))) == count
    assert render("github", report).count("\n") == count
    assert len(json.loads(render("sarif", report))["runs"][0]["results"]) == count + len(report.allowed)


@given(st.text(st.characters(exclude_characters="\0/.\\", exclude_categories=["Cs"]), min_size=1, max_size=12))
def test_sarif_names_a_file_so_that_it_is_found_again(file: str) -> None:
    report = Report(files=[], findings=[diagnostic("no-once", "m", Span(file, 1, 1, 1, 2))], base="/repo")
    place = json.loads(render("sarif", report))["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert unquote(place["artifactLocation"]["uri"]) == file
