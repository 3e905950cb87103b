"""Findings as one JSON object for programs.

Owns: `{"files", "findings", "allowed"}` of `flowrun lint --format json`; `mended` and `not_mended` where files are mended.
"""

from __future__ import annotations

from typing import Any

import msgspec

from flowrun.errors import Diagnostic, Span
from flowrun.lint.report import Report


def render(report: Report) -> str:
    """Return the report as JSON."""
    data: dict[str, Any] = {
        "files": list(report.files),
        "findings": [as_dict(item) for item in report.findings],
        "allowed": [
            {**as_dict(item.finding), "allowed": {"reason": item.reason, "until": item.until, "line": item.line}}
            for item in report.allowed
        ],
    }
    if report.mended or report.refused:
        data["mended"] = [as_dict(item) for item in report.mended]
        data["not_mended"] = [{**as_dict(item), "why": why} for item, why in report.refused]
    return msgspec.json.format(msgspec.json.encode(data), indent=2).decode() + "\n"


def as_dict(item: Diagnostic) -> dict[str, Any]:
    """Return one finding as the JSON object of the command line's contract; `edits` are all changes that mend it."""
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
