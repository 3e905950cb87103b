"""A comment sets a finding aside where it says why, in its own lines only, until its day; whatever else it does is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowrun.errors import Diagnostic, Span
from flowrun.lang.allowances import allowances
from flowrun.lang.codes import diagnostic
from flowrun.lang.edits import apply
from flowrun.lang.source import Source
from flowrun.lint.allowed import Judged, judge

FILE = "a.flow.yaml"
WHY = 'reason="The desk removes duplicates."'
TODAY = "2026-06-01"


def no_once(line: int, rule: str = "no-once") -> Diagnostic:
    return diagnostic(rule, f"in line {line}", Span(FILE, line, 3, line, 5))


def judged(text: str, *found: Diagnostic, today: str = TODAY) -> Judged:
    return judge(found, {FILE: text}, today, lambda file: True)


def rules(result: Judged) -> list[str]:
    return [d.rule for d in result.findings]


def test_a_comment_at_the_end_of_the_line_allows_its_finding() -> None:
    result = judged(f"a: 1\nb: 2  # flowrun: allow FR1414 {WHY}\nc: 3\n", no_once(1), no_once(2), no_once(3))
    assert [d.span.line for d in result.findings] == [1, 3]
    (allowed,) = result.allowed
    assert (allowed.finding.span.line, allowed.reason, allowed.until) == (2, "The desk removes duplicates.", None)


def test_a_comment_of_its_own_allows_in_the_next_line_that_is_none() -> None:
    result = judged(
        f"a: 1\n# flowrun: allow FR1414 {WHY}\n# more words\nb: 2\nc: 3\n", no_once(1), no_once(4), no_once(5)
    )
    assert [d.span.line for d in result.findings] == [1, 5]


@pytest.mark.parametrize(
    "value", ["|  {}\n  two\n  three\n", "'one\n  two' {}\n", "one\n  two {}\n", '"one\n\n  two" {}\n'], ids=repr
)
def test_the_whole_of_a_text_of_several_lines_is_covered(value: str) -> None:
    text = "ask: " + value.format(f"# flowrun: allow FR1414 {WHY}") + "b: 1\n"
    last = text.count("\n") - 1
    assert judged(text, *[no_once(n) for n in range(1, last + 1)]).findings == []
    assert judged(text, no_once(1), no_once(last + 1)).findings == [no_once(last + 1)]


def test_a_comment_at_the_top_allows_in_the_whole_file() -> None:
    text = f"# a flow\n\n# flowrun: allow-file FR1414 {WHY}\nflow: a\nb: 1\n"
    result = judged(text, no_once(4), no_once(5), diagnostic("no-once", "m", Span(FILE)))
    assert (result.findings, len(result.allowed)) == ([], 3)
    below = judged(f"flow: a\n# flowrun: allow-file FR1414 {WHY}\nb: 1\n", no_once(3))
    assert rules(below) == ["no-once", "allow-form"]


def test_other_codes_and_other_files_stay() -> None:
    other = diagnostic("no-once", "m", Span("b.flow.yaml", 1, 1, 1, 2))
    result = judged(f"a: 1 # flowrun: allow FR1414 {WHY}\n", no_once(1), no_once(1, "fact-unused"), other)
    assert result.findings == [no_once(1, "fact-unused"), other]


def test_several_codes_stand_in_one_comment() -> None:
    text = f"a: 1 # flowrun: allow FR1414, FR1403 FR1415 {WHY}\n"
    result = judged(text, no_once(1), no_once(1, "tool-unused"))
    assert [d.code for d in result.findings] == ["FR1704"]
    assert len(result.allowed) == 2
    assert apply(text, [result.findings[0].changes]).text == f"a: 1 # flowrun: allow FR1414, FR1403 {WHY}\n"


@pytest.mark.parametrize("today, stays", [("2027-01-30", False), ("2027-01-31", False), ("2027-02-01", True)])
def test_after_its_last_day_the_finding_comes_back_and_says_so(today: str, stays: bool) -> None:
    result = judged(f"a: 1 # flowrun: allow FR1414 {WHY} until=2027-01-31\n", no_once(1), today=today)
    assert rules(result) == (["no-once"] if stays else [])
    if stays:
        (span, note), *_ = result.findings[0].related
        assert (span.line, span.column) == (1, 6)
        assert note == "allowed until 2027-01-31, and that day has passed"


@pytest.mark.parametrize("reason", ["", 'reason=""', "reason='  '"])
def test_without_a_reason_nothing_is_allowed(reason: str) -> None:
    assert rules(judged(f"a: 1 # flowrun: allow FR1414 {reason}\n", no_once(1))) == ["no-once", "allow-reason"]


@pytest.mark.parametrize(
    "comment, rule",
    [
        (f"allow FR1999 {WHY}", "allow-unknown"),
        (f"allow fr1414 {WHY}", "allow-unknown"),
        (f"allow no-once {WHY}", "allow-unknown"),
        (f"allow {WHY}", "allow-form"),
        (f"alow FR1414 {WHY}", "allow-form"),
        (f"ignore FR1414 {WHY}", "allow-form"),
        ("allow FR1414 reason=because", "allow-form"),
        (f"allow FR1414 {WHY} {WHY}", "allow-form"),
        (f"allow FR1414 {WHY} by=Sam", "allow-form"),
        ("allow FR1414 reason=“curly”", "allow-form"),
        (f"allow FR1414 {WHY} until=2027-02-30", "allow-date"),
        (f"allow FR1414 {WHY} until=soon", "allow-date"),
        (f"allow FR1414 {WHY} until=20270131", "allow-date"),
    ],
)
def test_what_cannot_be_read_allows_nothing_and_is_told(comment: str, rule: str) -> None:
    assert rules(judged(f"a: 1 # flowrun: {comment}\n", no_once(1))) == ["no-once", rule]


def test_the_name_of_a_rule_is_mended_to_its_code() -> None:
    text = f"a: 1 # flowrun: allow no-once {WHY}\n"
    (found,) = judged(text).findings
    assert apply(text, [found.changes]).text == f"a: 1 # flowrun: allow FR1414 {WHY}\n"


@pytest.mark.parametrize("rule", ["unknown-key", "type-mismatch", "unknown-tool", "allow-unused"])
def test_what_keeps_a_flow_from_running_cannot_be_allowed(rule: str) -> None:
    found = no_once(1, rule)
    result = judged(f"a: 1 # flowrun: allow {found.code} {WHY}\n", found)
    assert rules(result) == [rule, "allow-not-possible"]
    assert result.allowed == []


def test_a_warning_that_is_an_error_here_cannot_be_allowed() -> None:
    hard = diagnostic("no-once", "m", Span(FILE, 1, 1, 1, 2), severity="error")
    assert rules(judged(f"a: 1 # flowrun: allow FR1414 {WHY}\n", hard)) == ["no-once", "allow-not-possible"]


def test_an_unused_comment_is_told_and_taken_out() -> None:
    for text, left in [
        (f"a: 1   # flowrun: allow FR1414 {WHY}\nb: 2\n", "a: 1\nb: 2\n"),
        (f"a: 1\n  # flowrun: allow FR1414 {WHY}\nb: 2\n", "a: 1\nb: 2\n"),
        (f"# flowrun: allow-file FR1414 {WHY}\nb: 2\n", "b: 2\n"),
    ]:
        (found,) = judged(text).findings
        assert found.rule == "allow-unused"
        assert apply(text, [found.changes]).text == left


def test_a_comment_is_not_called_unused_where_not_everything_was_looked_for() -> None:
    text = f"a: 1 # flowrun: allow FR1414 {WHY}\n"
    assert judge([], {FILE: text}, TODAY).findings == []
    broken = diagnostic("unknown-key", "m", Span(FILE, 1, 1, 1, 2))
    assert judged(text, broken).findings == [broken]


@pytest.mark.parametrize(
    "text",
    [
        f"a: 'x # flowrun: allow FR1414 {WHY}'\n",
        f"a: |\n  x\n  # flowrun: allow FR1414 {WHY}\n  y\n",
        f"a: >-\n\n  # flowrun: allow FR1414 {WHY}\nb: 1\n",
        "a: \"x\n  # flowrun: allow FR1414 reason='why'\n  y\"\n",
        f"a: x#flowrun: allow FR1414 {WHY}\n",
    ],
    ids=repr,
)
def test_what_is_no_comment_allows_nothing(text: str) -> None:
    assert allowances(Source(FILE, text)) == ([], [])


@pytest.mark.parametrize("words", ["# flowrun: the tool that runs this", "# see flowrun: allow", "# flowrun is fine"])
def test_other_comments_are_left_alone(words: str) -> None:
    assert allowances(Source(FILE, f"a: 1 {words}\n")) == ([], [])


def test_a_comment_before_a_mistake_of_yaml_is_still_read() -> None:
    found, problems = allowances(Source(FILE, f"a: 1 # flowrun: allow FR1414 {WHY}\nb: [\n"))
    assert (len(found), problems) == (1, [])


SCHEMA = "schemas/records/case/v1.json"


def in_schema(comment: str, *lines: int) -> Judged:
    text = '{\n  "$comment": "flowrun: ' + comment + '",\n  "type": "object"\n}\n'
    found = [diagnostic("no-once", f"in line {n}", Span(SCHEMA, n, 1, n, 2)) for n in lines]
    return judge(found, {SCHEMA: text}, TODAY, lambda file: True)


def test_a_schema_file_says_it_for_itself_in_its_comment() -> None:
    result = in_schema("allow-file FR1414 reason='A form of another house.' until=2027-01-31", 1, 3)
    assert (result.findings, len(result.allowed)) == ([], 2)
    assert {(a.reason, a.until, a.line) for a in result.allowed} == {("A form of another house.", "2027-01-31", 2)}


@pytest.mark.parametrize("comment", ["allow FR1414 reason='x'", "allow-file FR1414", r"allow-file FR1414 reason=\"x\""])
def test_in_a_schema_file_too_what_cannot_be_read_allows_nothing(comment: str) -> None:
    result = in_schema(comment, 1)
    assert result.allowed == [] and len(result.findings) == 2


def test_an_unused_comment_of_a_schema_file_is_told_and_left_to_its_author() -> None:
    (found,) = in_schema("allow-file FR1414 reason='x'").findings
    assert (found.rule, found.changes) == ("allow-unused", ())


def test_a_comment_with_a_sharp_sign_means_nothing_in_json() -> None:
    assert allowances(Source(SCHEMA, '{"title": "# flowrun: allow-file FR1414 reason=x"}')) == ([], [])


WORDS = st.sampled_from(
    [
        "allow",
        "allow-file",
        "FR1414",
        "FR1101",
        "no-once",
        'reason="x"',
        "reason=",
        "until=2027-01-31",
        "until=x",
        '"',
        "'",
        ",",
        "=",
        "#",
    ]
)


@given(st.lists(WORDS, max_size=8), st.sampled_from(["{}\n", "a: 1 {}\nb: 2\n", "a: |\n  {}\n  x\n", "a: 'y {}\n"]))
def test_whatever_a_comment_says_it_is_read_or_told(words: list[str], around: str) -> None:
    text = around.format("# flowrun: " + " ".join(words))
    found, problems = allowances(Source(FILE, text))
    lines = text.split("\n")
    for place in [*(a.span for a in found), *(d.span for d in problems)]:
        assert 1 <= place.line <= len(lines)
        assert 1 <= place.column <= len(lines[place.line - 1]) + 1
    assert all(a.reason and a.codes for a in found)
