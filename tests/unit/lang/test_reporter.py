"""Findings as text show the place with carets; as JSON they follow the command line's contract."""

from __future__ import annotations

import json

from flowrun.errors import Span
from flowrun.lang.codes import diagnostic
from flowrun.lint.allowed import Allowed
from flowrun.lint.report import Report
from flowrun.lint.reporters import render
from flowrun.lint.reporters.text import render_text

TEXT = "flow: a\ntitel: ünïcode 日本 x\n"


def test_text_has_place_message_line_carets_help_fix_and_related_places() -> None:
    found = diagnostic(
        "unknown-key",
        "a flow has no key `titel`.",
        Span("a.flow.yaml", 2, 1, 2, 6),
        help="Did you mean `title`?",
        fix="title",
        related=((Span("a.flow.yaml", 1, 1, 1, 5), "see here"),),
    )
    assert render_text([found], {"a.flow.yaml": TEXT}) == (
        "a.flow.yaml:2:1: a flow has no key `titel`. [unknown-key FR1101]\n"
        "  | titel: ünïcode 日本 x\n"
        "  | ^~~~~\n"
        "  help: Did you mean `title`?\n"
        "  fix: title\n"
        "  a.flow.yaml:1:1: see here\n"
        "  | flow: a\n"
        "  | ^~~~\n"
    )


def test_carets_stand_under_wide_letters_and_after_tabs() -> None:
    wide = diagnostic("text-cut", "m", Span("a", 1, 4, 1, 6))
    assert render_text([wide], {"a": "a: 日本 x"}).splitlines()[2] == "  |    ^~~~"
    tab = diagnostic("text-cut", "m", Span("a", 1, 2, 1, 3))
    assert render_text([tab], {"a": "\tx"}).splitlines()[2] == "  | \t^"


def test_a_long_line_is_cut_around_the_place() -> None:
    lines = render_text([diagnostic("text-cut", "m", Span("a", 1, 5001, 1, 5004))], {"a": "x" * 5000 + "abc" * 3000})
    shown, carets = lines.splitlines()[1:3]
    assert len(shown) < 200
    assert shown[carets.index("^") : carets.index("^") + 3] == "abc"


def test_a_whole_file_or_an_unknown_text_has_no_excerpt() -> None:
    assert render_text([diagnostic("binary-file", "m", Span("a"))], {}) == "a: m [binary-file FR1002]\n"
    assert "|" not in render_text([diagnostic("text-cut", "m", Span("a", 9, 1, 9, 2))], {"a": "x"})


def test_several_lines_are_marked_to_the_end_of_the_first() -> None:
    text = render_text([diagnostic("text-cut", "m", Span("a", 1, 3, 2, 2))], {"a": "a: one\ntwo"})
    assert text.splitlines()[2] == "  |   ^~~~"


def test_warnings_say_so() -> None:
    assert "a:1:1: warning: m" in render_text([diagnostic("no-once", "m", Span("a", 1, 1, 1, 2))], {})


def test_json_has_the_files_and_the_findings() -> None:
    found = diagnostic("bad-choice", "m", Span("a.yaml", 3, 2, 3, 5), fix="x")
    assert json.loads(render("json", Report(files=["a.yaml", "b.yaml"], findings=[found]))) == {
        "files": ["a.yaml", "b.yaml"],
        "findings": [
            {
                "code": "FR1106",
                "rule": "bad-choice",
                "severity": "error",
                "message": "m",
                "file": "a.yaml",
                "line": 3,
                "column": 2,
                "end_line": 3,
                "end_column": 5,
                "help": None,
                "fix": "x",
                "edits": [{"file": "a.yaml", "line": 3, "column": 2, "end_line": 3, "end_column": 5, "text": "x"}],
            }
        ],
        "allowed": [],
    }


def test_json_lists_what_is_allowed_apart_and_what_was_mended() -> None:
    found = diagnostic("no-once", "m", Span("a.yaml", 3, 2, 3, 5))
    set_aside = Allowed(finding=found, reason="why", until="2027-01-31", line=2)
    data = json.loads(
        render("json", Report(files=[], findings=[], allowed=[set_aside], mended=[found], refused=[(found, "no")]))
    )
    assert data["findings"] == []
    assert data["allowed"][0]["code"] == "FR1414"
    assert data["allowed"][0]["allowed"] == {"reason": "why", "until": "2027-01-31", "line": 2}
    assert data["mended"][0]["line"] == 3
    assert data["not_mended"][0]["why"] == "no"


def test_text_ends_with_the_counts_and_shows_what_is_allowed_where_asked_for() -> None:
    found = diagnostic("no-once", "m", Span("a", 1, 1, 1, 2))
    set_aside = Allowed(finding=found, reason="why", until=None, line=1)
    report = Report(files=["a"], findings=[], allowed=[set_aside], sources={"a": "x"})
    assert render("text", report) == "1 file checked: nothing found, 1 allowed.\n"
    shown = Report(files=["a"], findings=[], allowed=[set_aside], sources={"a": "x"}, show_allowed=True)
    assert render("text", shown).splitlines() == [
        "a:1:1: warning: m [no-once FR1414]",
        "  | x",
        "  | ^",
        "  allowed in line 1: why",
        "",
        "1 file checked: nothing found, 1 allowed.",
    ]


def test_text_tells_what_was_mended_and_what_was_not() -> None:
    found = diagnostic("no-once", "m", Span("a", 1, 1, 1, 2))
    report = Report(files=["a", "b"], findings=[found], mended=[found], refused=[(found, "because")])
    assert render("text", report).splitlines()[2:] == [
        "mended: a:1:1: m [no-once FR1414]",
        "not mended: a:1:1: m [no-once FR1414]",
        "  why: because",
        "",
        "2 files checked: 1 warning, 1 mended.",
    ]
