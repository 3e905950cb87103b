"""Findings as text show the place with carets; as JSON they follow the command line's contract."""

from __future__ import annotations

import json

from flowrun.errors import Span
from flowrun.lang.codes import diagnostic
from flowrun.lint.reporter import render_json, render_text

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
    assert json.loads(render_json([found], ["a.yaml", "b.yaml"])) == {
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
    }
