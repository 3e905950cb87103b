"""Mending files by the repairs of their findings.

Owns: which files may be changed, that no change harms another file, and the change on the disk. What mends a finding, and
which repairs of one file go together, is `lint`'s part.
"""

from __future__ import annotations

import difflib
import os
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec

from flowrun.app.flows import SUFFIX
from flowrun.app.lint import look, looked_at
from flowrun.app.workspace import workspace_file
from flowrun.errors import Diagnostic, InputError
from flowrun.lang.document import compose
from flowrun.lang.files import load_bytes
from flowrun.lang.parse import kind_of, parse_file
from flowrun.lang.source import Source, decode
from flowrun.lint.fixing import NOT_A_FILE, NOT_YAML, READ, Checkup, mend
from flowrun.lint.report import Report
from flowrun.words import t

Stored = dict[str, bytes]
"""Files by name, with the bytes that stand in them or would."""


class Mending(msgspec.Struct, frozen=True, kw_only=True):
    """What mending came to: the report of what remains, and the changed files as they were and as they are to be."""

    report: Report
    before: Stored
    after: Stored


def mended(workspace: Path | None, paths: Sequence[str]) -> Mending:
    """Return what mending the files would come to; nothing is written. Raises as `look`."""
    first = look(workspace, paths)
    before: Stored = {}
    after: Stored = {}
    done: list[Diagnostic] = []
    refused: list[tuple[Diagnostic, str]] = []
    root = _root(workspace)
    for file in dict.fromkeys(edit.span.file for found in first.findings for edit in found.changes):
        if not Path(file).resolve().is_relative_to(root):
            why = t("the file is outside of the workspace {folder}", folder=root)
            refused += [(d, why) for d in first.findings if any(edit.span.file == file for edit in d.changes)]
            continue
        stored = load_bytes(file)[1]
        # What stands in a policy or a tool file is judged by the flows that use it.
        look_at = partial(_check, workspace, [file] if file.endswith(SUFFIX) else paths, file, dict(after))
        result = mend(stored.decode("utf-8"), file, look_at)
        refused += result.refused
        if result.mended:
            before[file], after[file] = stored, result.text.encode()
            done += result.mended
    after, harm = _harmless(workspace, paths, before, after)
    refused += [(d, harm[d.changes[0].span.file]) for d in done if d.changes[0].span.file in harm]
    done = [d for d in done if d.changes[0].span.file in after]
    rest = look(workspace, paths, after) if after else first
    report = replace(rest, mended=done, refused=refused)
    return Mending(report=report, before={file: before[file] for file in after}, after=after)


def _root(workspace: Path | None) -> Path:
    file = workspace_file(workspace)
    return (file.parent if file is not None else workspace or Path.cwd()).resolve()


def _check(workspace: Path | None, paths: Sequence[str], file: str, others: Stored, text: str) -> Checkup:
    """Judge a text in the place of a file, among files that are mended already."""
    data = text.encode()
    looked = looked_at(workspace, paths, {**others, file: data})
    return Checkup(looked.findings, _read(file, data))


def _read(file: str, data: bytes) -> int:
    source = decode(file, data)
    if not isinstance(source, Source) or compose(source)[0] is None:
        return NOT_YAML
    return NOT_A_FILE if parse_file(source, kind_of(file) or "flow")[0] is None else READ


def _harmless(
    workspace: Path | None, paths: Sequence[str], before: Stored, after: Stored
) -> tuple[Stored, dict[str, str]]:
    """Leave out files whose change brings errors into files that are not changed; return the rest, and why for each.

    A file that could not be read before had hidden what it means for others, so that is no harm of the change.
    """
    kept = {file: data for file, data in after.items() if _read(file, before[file]) < READ}
    harm: dict[str, str] = {}
    known = {_key(d) for d in looked_at(workspace, paths, kept).findings}
    kept, hidden = dict(after), set(kept)
    for file in [file for file in after if file not in hidden]:
        new = _new_errors(workspace, paths, kept, known)
        if not new:
            break
        without = {name: data for name, data in kept.items() if name != file}
        if len(_new_errors(workspace, paths, without, known)) < len(new):
            place, message = new[0].span, new[0].message
            harm[file] = t("it would bring an error into {place}: {message}", place=place, message=message)
            kept = without
    return kept, harm


def _new_errors(
    workspace: Path | None, paths: Sequence[str], stored: Stored, known: set[tuple[str, str, str]]
) -> list[Diagnostic]:
    found = looked_at(workspace, paths, stored).findings
    return [d for d in found if d.severity == "error" and d.span.file not in stored and _key(d) not in known]


def _key(found: Diagnostic) -> tuple[str, str, str]:
    return found.span.file, found.rule, found.message


def diff(mending: Mending) -> str:
    """Return the changes as a unified diff, with names as from the working folder."""
    return "".join(
        _file_diff(mending.report.name(file), mending.before[file], data) for file, data in mending.after.items()
    )


def _file_diff(name: str, before: bytes, after: bytes) -> str:
    old, new = (_lines(data.decode("utf-8")) for data in (before, after))
    lines = difflib.unified_diff(old, new, f"a/{name}", f"b/{name}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(text: str) -> list[str]:
    """The lines with their ends; other than `splitlines`, parted only where a file has lines."""
    parts = text.split("\n")
    return [f"{part}\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def write(mending: Mending) -> None:
    """Put the mended texts in the place of the old ones, each at once or not at all; the mode of a file stays.

    Raises `InputError` (FR3051) where a file was changed meanwhile or cannot be written; files before it are written then.
    """
    for file, data in mending.after.items():
        if load_bytes(file)[1] != mending.before[file]:
            raise InputError(
                t("{file} was changed while it was being mended; it is left as it is.", file=file),
                help=t("Call the command again."),
                code="FR3051",
            )
        try:
            _replace(Path(file).resolve(), data)
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            raise InputError(
                t("{file} cannot be written: {reason}.", file=file, reason=reason),
                help=t("Ask for the right to write it, or see what to change: flowrun lint --diff"),
                code="FR3051",
            ) from None


def _replace(path: Path, data: bytes) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if not os.access(path, os.W_OK):
        raise PermissionError(13, "permission denied")
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
