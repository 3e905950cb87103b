"""Findings as people read them on a terminal.

Owns: the text form: place, message, the line with carets, help, fix, other places; what was mended or set aside; the counts.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

from flowrun.errors import Diagnostic, Span
from flowrun.lint.allowed import Allowed
from flowrun.lint.report import Report
from flowrun.words import t, tn

_WIDEST = 160
"""Longest piece of a line that is shown."""


def render(report: Report) -> str:
    """Return the findings, what was mended and what was not, those set aside (where asked for), and the counts."""
    parts = [render_text(report.findings, report.sources)] if report.findings else []
    if report.show_allowed and report.allowed:
        split = _split(report.sources)
        parts.append("\n".join(_set_aside(item, split) for item in report.allowed))
    told = [t("mended: {finding}", finding=_head(item)) for item in report.mended]
    for item, why in report.refused:
        told += [t("not mended: {finding}", finding=_head(item)), "  " + t("why: {reason}", reason=why)]
    if told:
        parts.append("\n".join(told) + "\n")
    parts.append(summary(report) + "\n")
    return "\n".join(parts)


def summary(report: Report) -> str:
    """Return the line that counts files and findings."""
    errors = report.errors()
    warnings = len(report.findings) - errors
    found = [tn("{n} error", "{n} errors", errors)] if errors else []
    found += [tn("{n} warning", "{n} warnings", warnings)] if warnings else []
    found = found or [t("nothing found")]
    found += [tn("{n} mended", "{n} mended", len(report.mended))] if report.mended else []
    found += [tn("{n} allowed", "{n} allowed", len(report.allowed))] if report.allowed else []
    files = tn("{n} file checked", "{n} files checked", len(report.files))
    return f"{files}: {', '.join(found)}."


def render_text(diagnostics: Iterable[Diagnostic], sources: Mapping[str, str]) -> str:
    """Return the findings as text, a blank line between two; `sources` gives the text of each file."""
    split = _split(sources)
    return "\n".join(_one(item, split) for item in diagnostics)


def _split(sources: Mapping[str, str]) -> dict[str, list[str]]:
    return {file: text.replace("\r\n", "\n").split("\n") for file, text in sources.items()}


def _head(item: Diagnostic) -> str:
    return f"{item.span}: {item.message} [{item.rule} {item.code}]"


def _set_aside(item: Allowed, sources: Mapping[str, list[str]]) -> str:
    note = t("allowed in line {line}: {reason}", line=item.line, reason=item.reason)
    if item.until is not None:
        note = t("allowed in line {line} until {day}: {reason}", line=item.line, day=item.until, reason=item.reason)
    return f"{_one(item.finding, sources)}  {note}\n"


def _one(item: Diagnostic, sources: Mapping[str, list[str]]) -> str:
    severity = "" if item.severity == "error" else f"{item.severity}: "
    lines = [f"{item.span}: {severity}{item.message} [{item.rule} {item.code}]"]
    lines += _excerpt(item.span, sources.get(item.span.file, []))
    if item.help:
        lines.append("  " + t("help: {text}", text=item.help))
    if item.fix is not None and item.fix.strip():
        lines.append("  " + (t("fix: {text}", text=item.fix) if "\n" not in item.fix else t("fix: (several lines)")))
    elif item.edits:
        lines.append("  " + t("fix: flowrun lint --fix makes this change"))
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
