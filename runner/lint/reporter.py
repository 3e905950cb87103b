"""Findings as people and programs read them.

Owns: the text form (place, message, the line with carets, help, fix, other places) and the JSON form of
`flowrun lint --format json`. Nothing is found here, and no file is opened: the texts are handed in.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from flowrun.errors import Diagnostic, Span

_WIDEST = 160
"""Longest piece of a line that is shown."""


def render_text(diagnostics: Iterable[Diagnostic], sources: Mapping[str, str]) -> str:
    """Return the findings as text, a blank line between two; `sources` gives the text of each file."""
    split = {file: text.replace("\r\n", "\n").split("\n") for file, text in sources.items()}
    return "\n".join(_one(item, split) for item in diagnostics)


def render_json(diagnostics: Iterable[Diagnostic], files: Iterable[str]) -> str:
    """Return `{"files", "findings"}` as JSON; `files` are the names of all files that were looked at."""
    report = {"files": list(files), "findings": [as_dict(item) for item in diagnostics]}
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"


def as_dict(item: Diagnostic) -> dict[str, Any]:
    """Return one finding as the JSON object of the command line's contract."""
    return {
        "code": item.code,
        "rule": item.rule,
        "severity": item.severity,
        "message": item.message,
        **_place(item.span),
        "help": item.help,
        "fix": item.fix,
        "edits": [{**_place(edit.span), "text": edit.text} for edit in item.changes],
        **({"related": [{**_place(span), "message": note} for span, note in item.related]} if item.related else {}),
    }


def _place(span: Span) -> dict[str, Any]:
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }


def _one(item: Diagnostic, sources: Mapping[str, list[str]]) -> str:
    severity = "" if item.severity == "error" else f"{item.severity}: "
    lines = [f"{item.span}: {severity}{item.message} [{item.rule} {item.code}]"]
    lines += _excerpt(item.span, sources.get(item.span.file, []))
    if item.help:
        lines.append(f"  help: {item.help}")
    if item.fix is not None and item.fix.strip():
        lines.append(f"  fix: {item.fix}" if "\n" not in item.fix else "  fix: (several lines)")
    elif item.edits:
        lines.append("  fix: flowrun lint --fix makes this change")
    for span, note in item.related:
        lines.append(f"  {span}: {note}")
        lines += _excerpt(span, sources.get(span.file, []))
    return "\n".join(lines) + "\n"


def _excerpt(span: Span, lines: list[str]) -> list[str]:
    """The line and, under it, `^~~~`; a long line is cut around the place."""
    if not 1 <= span.line <= len(lines):
        return []
    text = lines[span.line - 1]
    start = max(0, span.column - 1)
    end = span.end_column - 1 if span.end_line == span.line else len(text)
    end = max(start + 1, min(end, len(text) if start < len(text) else start + 1))
    cut = max(0, start - _WIDEST // 2) if len(text) > _WIDEST else 0
    shown = text[cut : cut + _WIDEST]
    end = min(end, cut + _WIDEST)
    before, marked = text[cut:start], text[start:end]
    lead = "".join("\t" if char == "\t" else " " * _width(char) for char in before)
    carets = "^" + "~" * (max(1, sum(_width(char) for char in marked)) - 1)
    gap = "… " if cut else ""
    return [f"  | {gap}{shown.rstrip()}", f"  | {' ' * len(gap)}{lead}{carets}"]


def _width(char: str) -> int:
    """Columns of a character on a terminal."""
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
