"""Findings as SARIF 2.1.0, which code hosts and editors read: https://docs.oasis-open.org/sarif/sarif/v2.1.0/

Owns: that JSON form: the rules with what they teach, the results with places, repairs and what comments allow. Files are
named relative to `%SRCROOT%`, the folder from which the check was made; columns count characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from flowrun.errors import Diagnostic, Edit, Span
from flowrun.lang.codes import Entry, entry
from flowrun.lint.allowed import Allowed
from flowrun.lint.report import Report, fingerprints
from flowrun.words import t

Json = dict[str, Any]

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "flowrun/v1"
"""Name and version of the fingerprint; a new way to make it gets a new number."""

_LEVELS = {"error": "error", "warning": "warning"}


def render(report: Report) -> str:
    """Return a log with one run."""
    findings = [*report.findings, *(item.finding for item in report.allowed)]
    used = {found.code for found in findings}
    rules = [known for known in map(entry, sorted(used)) if known is not None]
    index = {rule.code: number for number, rule in enumerate(rules)}
    marks = fingerprints(report, findings)
    set_aside: list[Allowed | None] = [*[None] * len(report.findings), *report.allowed]
    run = {
        "tool": {
            "driver": {
                "name": "flowrun",
                **({"version": report.version} if report.version else {}),
                "rules": [_rule(rule) for rule in rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(report, found, index.get(found.code), mark, why)
            for found, mark, why in zip(findings, marks, set_aside, strict=True)
        ],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(log), indent=2).decode() + "\n"


def _rule(rule: Entry) -> Json:
    teaching, not_this, but_this = t(rule.teaching), t("Not this:"), t("But this:")
    return {
        "id": rule.code,
        "name": rule.rule,
        "shortDescription": {"text": t(rule.title)},
        "fullDescription": {"text": teaching},
        "help": {
            "text": f"{teaching}\n\n{not_this}\n\n{rule.bad}\n\n{but_this}\n\n{rule.good}",
            "markdown": f"{teaching}\n\n{not_this}\n\n{_fenced(rule.bad)}\n\n{but_this}\n\n{_fenced(rule.good)}",
        },
        "defaultConfiguration": {"level": _LEVELS.get(rule.severity, "note")},
        "properties": {"tags": [rule.code[:4]], "problem.severity": rule.severity},
    }


def _fenced(text: str) -> str:
    fence = "````" if "```" in text else "```"
    return f"{fence}yaml\n{text.rstrip()}\n{fence}"


def _result(report: Report, found: Diagnostic, rule: int | None, mark: str, allowed: Allowed | None) -> Json:
    text = found.message if not found.help else f"{found.message}\n{found.help}"
    return {
        "ruleId": found.code,
        **({} if rule is None else {"ruleIndex": rule}),
        "level": _LEVELS.get(found.severity, "note"),
        "message": {"text": text},
        "locations": [{"physicalLocation": _place(report, found.span)}],
        "partialFingerprints": {FINGERPRINT: mark},
        **({"relatedLocations": _related(report, found)} if found.related else {}),
        **({"fixes": [_fix(report, found.changes)]} if found.changes else {}),
        **({"suppressions": [_suppression(report, allowed)]} if allowed is not None else {}),
    }


def _related(report: Report, found: Diagnostic) -> list[Json]:
    return [
        {"id": number, "message": {"text": note}, "physicalLocation": _place(report, span)}
        for number, (span, note) in enumerate(found.related, 1)
    ]


def _fix(report: Report, changes: Sequence[Edit]) -> Json:
    return {
        "description": {"text": t("Make this change; it is the only one that is right.")},
        "artifactChanges": [
            {
                "artifactLocation": _artifact(report, changes[0].span.file),
                "replacements": [
                    {"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.text}} for edit in changes
                ],
            }
        ],
    }


def _suppression(report: Report, allowed: Allowed) -> Json:
    until = {} if allowed.until is None else {"properties": {"until": allowed.until}}
    place = Span(allowed.finding.span.file, allowed.line, 1, allowed.line, 1)
    location = {"physicalLocation": {**_place(report, place), "region": {"startLine": allowed.line}}}
    return {"kind": "inSource", "status": "accepted", "justification": allowed.reason, "location": location, **until}


def _place(report: Report, span: Span) -> Json:
    where: Json = {"artifactLocation": _artifact(report, span.file)}
    return {**where, "region": _region(span)} if span.line else where


def _artifact(report: Report, file: str) -> Json:
    name = report.name(file)
    if name.startswith("/") or name[1:3] == ":/":
        return {"uri": "file:///" + quote(name.lstrip("/"), safe="/:")}
    return {"uri": quote(name), "uriBaseId": "%SRCROOT%"}


def _region(span: Span) -> Json:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
