"""Findings as GitLab's code quality report, which shows them in a merge request.

Owns: that JSON form: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

import msgspec

from flowrun.lint.report import Report, fingerprints

_SEVERITIES = {"error": "major", "warning": "minor"}


def render(report: Report) -> str:
    """Return a list with an entry for each finding; what comments allow is not in it."""
    issues = [
        {
            "description": f"{found.message} {found.help}" if found.help else found.message,
            "check_name": f"{found.rule} {found.code}",
            "fingerprint": mark,
            "severity": _SEVERITIES.get(found.severity, "info"),
            "location": {"path": report.name(found.span.file), "lines": {"begin": max(1, found.span.line)}},
        }
        for found, mark in zip(report.findings, fingerprints(report, report.findings), strict=True)
    ]
    return msgspec.json.format(msgspec.json.encode(issues), indent=2).decode() + "\n"
