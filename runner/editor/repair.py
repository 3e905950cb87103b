"""What an editor may change for a finding: its repair, or a comment that allows it.

Owns: these changes, as edits of one file, and their titles. Carrying them out is the editor's part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flowrun.editor.outline import Part, outline
from flowrun.editor.text import Document
from flowrun.errors import Diagnostic, Edit
from flowrun.lang.codes import allowable
from flowrun.lang.edits import insert_line
from flowrun.words import t

SHOWN = 60
"""Characters of a replacement that its title shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """One change that is offered. `best`: the only right one; `found` is what it is for."""

    title: str
    edits: tuple[Edit, ...]
    found: Diagnostic
    best: bool


def repairs(document: Document, found: Sequence[Diagnostic]) -> list[Repair]:
    """Return what may be changed in a file for its findings."""
    offered = []
    for finding in found:
        changes = finding.changes
        if changes and all(edit.span.file == document.file for edit in changes):
            offered.append(Repair(title=_title(finding), edits=changes, found=finding, best=True))
    for finding in found:
        if _may_be_allowed(document, finding):
            offered.append(_allowance(document, finding))
    return offered


def _title(finding: Diagnostic) -> str:
    if finding.fix is not None and not finding.edits and "\n" not in finding.fix:
        text = finding.fix if len(finding.fix) <= SHOWN else finding.fix[: SHOWN - 1] + "…"
        return t("Write {text}", text=text)
    if all(not edit.text for edit in finding.changes):
        return t("Take it out ({code})", code=finding.code)
    return t("Mend it ({code})", code=finding.code)


def _may_be_allowed(document: Document, finding: Diagnostic) -> bool:
    named = document.file.endswith((".yaml", ".yml"))
    return named and finding.span.line > 0 and allowable(finding.code, finding.severity)


def _allowance(document: Document, finding: Diagnostic) -> Repair:
    """The comment stands above the line in which the value begins. Its reason is left open: only the author knows it."""
    start, _ = document.span_offsets(finding.span)
    line, _ = document.position(_beginning(outline(document.text), start))
    written = document.source.line(line + 1)
    indent = written[: len(written) - len(written.lstrip(" "))]
    comment = f'{indent}# flowrun: allow {finding.code} reason=""'
    edit = insert_line(document.file, line + 1, comment)
    title = t("Allow {code} here, with a reason", code=finding.code)
    return Repair(title=title, edits=(edit,), found=finding, best=False)


def _beginning(tree: Part, offset: int) -> int:
    """Return where the value begins that a place is in: a comment inside of a text would be text."""
    part = tree
    while True:
        inner = next((v for v in _inside(part) if v.start <= offset < v.end), None)
        if inner is None:
            return part.start if part.kind == "text" and part.start <= offset < part.end else offset
        part = inner


def _inside(part: Part) -> list[Part]:
    return [*part.items, *(entry.value for entry in part.entries)]
