"""Findings as people and programs read them, one module a form.

Owns: the names of the forms. A reporter turns a `Report` into text: it finds nothing, opens no file and knows no other one.
"""

from __future__ import annotations

from importlib import import_module

from flowrun.lint.report import Report

FORMATS = ("text", "json", "sarif", "github", "junit", "gitlab")
"""Every form; `flowrun.lint.reporters.NAME` has a function `render`."""


def render(form: str, report: Report) -> str:
    """Return a report in a form of `FORMATS`, with the end of its last line."""
    written: str = import_module(f"{__name__}.{form}").render(report)
    return written
