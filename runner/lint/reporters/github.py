"""Findings as workflow commands of GitHub Actions, which shows them in the changed files of a pull request.

Owns: the commands `::error …::` and `::warning …::` and their escapes. GitHub shows ten of each kind for one step.
"""

from __future__ import annotations

from flowrun.errors import Diagnostic
from flowrun.lint.report import Report

_KINDS = {"error": "error", "warning": "warning"}


def render(report: Report) -> str:
    """Return one line for each finding."""
    return "".join(_command(report, found) for found in report.findings)


def _command(report: Report, found: Diagnostic) -> str:
    span = found.span
    places: dict[str, object] = {"file": report.name(span.file)}
    if span.line:
        places |= {"line": span.line, "endLine": span.end_line}
        if span.end_line == span.line:  # columns mean something within one line only
            places |= {"col": span.column, "endColumn": span.end_column}
    places["title"] = f"{found.rule} {found.code}"
    properties = ",".join(f"{name}={_property(str(value))}" for name, value in places.items())
    lines = [found.message, *([found.help] if found.help else [])]
    lines += [f"{report.name(at.file)}:{at.line}: {note}" for at, note in found.related]
    return f"::{_KINDS.get(found.severity, 'notice')} {properties}::{_data(chr(10).join(lines))}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
