"""The check of a workspace's files as one report.

Owns: what is looked at when `flowrun.yaml` itself is broken, and the names and texts that reporters need. What is wrong is
`lint`'s part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from flowrun import __version__
from flowrun.app.checking import Looked, check_paths
from flowrun.app.workspace import load_workspace
from flowrun.errors import FlowError, InputError
from flowrun.lang.files import load_bytes
from flowrun.lang.source import Source, decode
from flowrun.lint.report import Report
from flowrun.words import t


def look(workspace: Path | None, paths: Sequence[str], stored: Mapping[str, bytes] | None = None) -> Report:
    """Return the report of files, of the whole workspace where none is named.

    `stored`: what to read in place of files on the disk. Raises `InputError` where a path does not exist or holds nothing to
    check (FR3017).
    """
    looked = looked_at(workspace, paths, stored or {})
    if not looked.files:
        raise InputError(
            t("There is no flow here to check."), help=t("flowrun lint PATH, or flowrun init"), code="FR3017"
        )
    return Report(
        files=[str(file) for file in looked.files],
        findings=looked.findings,
        allowed=looked.allowed,
        sources=looked.texts,
        base=str(Path.cwd()),
        version=__version__,
    )


def looked_at(workspace: Path | None, paths: Sequence[str], stored: Mapping[str, bytes]) -> Looked:
    """Return what a check finds, also where `flowrun.yaml` itself is broken: then its findings alone."""
    try:
        ws = load_workspace(workspace, stored=stored)
        return check_paths(ws, paths, stored)
    except FlowError as error:  # flowrun.yaml itself, or a file that is too large to read
        found = list(error.diagnostics)
        files = list(dict.fromkeys(d.span.file for d in found))
        texts = {}
        for name in files:
            source = decode(name, stored[name] if name in stored else _bytes(name))
            if isinstance(source, Source):
                texts[name] = source.text
        return Looked([Path(file) for file in files], found, texts, [])


def _bytes(file: str) -> bytes:
    try:
        return load_bytes(file)[1]
    except (FlowError, InputError):
        return b""
