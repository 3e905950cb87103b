"""Findings as a JUnit file, which most build servers show as tests.

Owns: that XML form: a suite for each file, a case for each finding. A finding that ends the command with 1 is a failure, a
warning is a case that passed and says something, one that a comment allows is skipped; a file without findings is a case.
"""

from __future__ import annotations

import re
from collections import defaultdict
from xml.etree import ElementTree

from flowrun.errors import Diagnostic
from flowrun.lint.report import Report
from flowrun.words import t

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report) -> str:
    """Return the document, in UTF-8."""
    by_file: dict[str, list[tuple[Diagnostic, str | None]]] = defaultdict(list, {file: [] for file in report.files})
    for found in report.findings:
        by_file[found.span.file].append((found, None))
    for item in report.allowed:
        by_file[item.finding.span.file].append((item.finding, item.reason))
    root = ElementTree.Element("testsuites", name="flowrun lint")
    totals = [_suite(report, root, file, cases) for file, cases in by_file.items()]
    for place, name in enumerate(("tests", "failures", "skipped")):
        root.set(name, str(sum(total[place] for total in totals)))
    root.set("errors", "0")
    root.set("time", "0")
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _suite(
    report: Report, root: ElementTree.Element, file: str, cases: list[tuple[Diagnostic, str | None]]
) -> tuple[int, int, int]:
    """Add a file's suite; return how many cases, failures and skipped ones it has."""
    name = _clean(report.name(file))
    suite = ElementTree.SubElement(root, "testsuite", name=name)
    failures = skipped = 0
    for found, reason in cases:
        case = ElementTree.SubElement(suite, "testcase", name=_title(found), classname=name, file=name, time="0")
        case.set("line", str(max(1, found.span.line)))
        if reason is not None:
            ElementTree.SubElement(case, "skipped", message=_clean(t("allowed: {reason}", reason=reason)))
            skipped += 1
        elif report.fails(found):
            failure = ElementTree.SubElement(case, "failure", type=found.code, message=_clean(found.message))
            failure.text = _clean(_text(report, found))
            failures += 1
        else:
            ElementTree.SubElement(case, "system-out").text = _clean(_text(report, found))
    if not cases:
        ElementTree.SubElement(suite, "testcase", name=t("nothing found"), classname=name, file=name, time="0")
    counts = (max(1, len(cases)), failures, skipped)
    for key, count in zip(("tests", "failures", "skipped"), counts, strict=True):
        suite.set(key, str(count))
    suite.set("errors", "0")
    suite.set("time", "0")
    return counts


def _title(found: Diagnostic) -> str:
    place = f"{found.span.line}:{found.span.column} " if found.span.line else ""
    return _clean(f"{place}{found.rule} {found.code}")


def _text(report: Report, found: Diagnostic) -> str:
    place = f"{report.name(found.span.file)}:{found.span.line}:{found.span.column}"
    lines = [f"{place}: {found.severity}: {found.message}"]
    lines += [t("help: {text}", text=found.help)] if found.help else []
    return "\n".join(lines)


def _clean(text: str) -> str:
    """Return a text without the characters that no XML document may hold."""
    return _NOT_XML.sub("\ufffd", text)
