"""The check of many files: all findings of a workspace, or of the files that are named.

Owns: which files are looked at, and that many flows are looked at by several processes. What is wrong is said by `lint`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from flowrun.app.beside import FlowHead, example_findings, findings_beside, head_of
from flowrun.app.flows import SUFFIX, Reader, catalogue, flow_files, flow_names, locate, today
from flowrun.app.lock import changed
from flowrun.app.processes import spread
from flowrun.errors import ConfigError, Diagnostic
from flowrun.lang import parse, spec, spec_files
from flowrun.lang.files import matching
from flowrun.lint.allowed import Allowed, judge
from flowrun.lint.budget import price_findings
from flowrun.lint.check import check_flow
from flowrun.lint.literals import secret_findings
from flowrun.lint.schemas import is_schema_file
from flowrun.lint.supported import tools_findings, workspace_findings
from flowrun.lint.workspace import file_findings, halt_findings, mark_findings, mode_findings, role_findings
from flowrun.plan.catalogue import Catalogue
from flowrun.privacy.marks import SECRET, kinds_in

if TYPE_CHECKING:
    from flowrun.app.workspace import Workspace

MANY = 100
"""From so many flows on, several processes share them; below that, starting one costs more than it saves."""


class Looked(NamedTuple):
    """What a check of many files came to."""

    files: list[Path]
    findings: list[Diagnostic]
    texts: dict[str, str]
    """The text of each file that was read, as findings count its lines."""
    allowed: list[Allowed]
    """Findings that comments set aside."""


class _Part(NamedTuple):
    """What a check of some flows came to, small enough to be handed from one process to another."""

    findings: list[Diagnostic]
    texts: dict[str, str]
    """Of the files with a finding or with a comment about findings."""
    heads: dict[Path, FlowHead]


def check_paths(ws: Workspace, paths: Sequence[str], stored: Mapping[str, bytes] | None = None) -> Looked:
    """Check files, all of the workspace where none is named. `stored`: what to read in place of files on the disk."""
    files = list(dict.fromkeys(file for path in paths or [str(ws.root)] for file in _expand(ws, path, stored or {})))
    flows = [file for file in files if file.name.endswith(SUFFIX)]
    parts = spread(flows, lambda some: _part(ws, some, stored), least=MANY) if len(flows) >= MANY else []
    reader = Reader(stored)
    known = _lenient(ws, reader) if flows else None
    findings: list[Diagnostic] = []
    heads: dict[Path, FlowHead] = {}
    if not parts:
        findings, heads = _flows(reader, known, flows)
    for part in parts:
        findings += part.findings
        reader.texts |= part.texts
        heads |= part.heads
    for folder in {file.parent for file in flows}:
        reader.policies_in(folder)
    for file in files:
        known = _other(ws, reader, file, known, findings)
    if any(ws.root.is_relative_to(Path(path).resolve()) for path in paths or [str(ws.root)] if Path(path).is_dir()):
        findings += _lock_findings(ws)
    secrets = [found for file, text in reader.texts.items() for found in secret_findings(file, text)]
    whole = all(Path(file) in reader.values for file in reader.texts if file.endswith(".policy.yaml"))
    found = [*reader.findings, *findings, *findings_beside(ws, known, heads, reader.values, whole), *secrets]
    judged = judge(found, reader.texts, today(), _looked_for(ws, paths, files))
    unique = dict.fromkeys(sorted(judged.findings, key=lambda d: (d.span.file, d.span.line, d.span.column, d.rule)))
    return Looked(files, list(unique), reader.texts, judged.allowed)


def _flows(
    reader: Reader, known: Catalogue | None, files: Sequence[Path]
) -> tuple[list[Diagnostic], dict[Path, FlowHead]]:
    """Check flows with the examples beside them."""
    findings: list[Diagnostic] = []
    heads: dict[Path, FlowHead] = {}
    for file in files:
        source = reader.flow(file)
        if source is not None and known is not None:
            findings += check_flow(source, known).findings
            findings += example_findings(known, source.flow, file, reader.values)
            heads[file.resolve()] = head_of(source.flow, file, reader.values)
    return findings, heads


def _part(ws: Workspace, files: Sequence[Path], stored: Mapping[str, bytes] | None) -> _Part:
    """Check some of the flows in a process of their own."""
    reader = Reader(stored)
    findings, heads = _flows(reader, _lenient(ws, reader), files)
    findings += reader.findings
    findings += [found for file, text in reader.texts.items() for found in secret_findings(file, text)]
    told = {item.span.file for item in findings} | {place.file for item in findings for place, _ in item.related}
    texts = {file: text for file, text in reader.texts.items() if file in told or "flowrun:" in text}
    return _Part(findings, texts, heads)


def _other(
    ws: Workspace, reader: Reader, file: Path, known: Catalogue | None, findings: list[Diagnostic]
) -> Catalogue | None:
    """Check a file that is no flow; return the catalogue, if that was needed."""
    if file.suffix == ".json" and is_schema_file(str(file.absolute())):
        reader.schema(file)
    elif file.name.endswith(SUFFIX) or str(file) in reader.texts:
        return known
    elif not any(d.span.file == str(file) for d in reader.findings):
        value = reader.read(file, parse.kind_of(file.name) or "flow")
        if isinstance(value, spec.ToolFile):
            findings += tools_findings(value)
        elif isinstance(value, spec_files.WorkspaceFile):
            known = known or _lenient(ws, reader)
            findings += _file_findings(ws, value, known)
        elif isinstance(value, spec_files.UpgradeFile | spec_files.ReadersFile):
            findings += _record_findings(ws, value)
    return known


def _record_findings(ws: Workspace, file: spec_files.UpgradeFile | spec_files.ReadersFile) -> list[Diagnostic]:
    from flowrun.lint.record_files import readers_findings, upgrade_findings  # most workspaces have no such file

    if isinstance(file, spec_files.UpgradeFile):
        return upgrade_findings(file, ws.registry.get)
    return readers_findings(file, ws.registry.get, None if ws.config is None else ws.roles)


def _lock_findings(ws: Workspace) -> list[Diagnostic]:
    broken = changed(ws)
    if not broken:
        return []
    from flowrun.lint.record_files import lock_findings

    return lock_findings(broken)


def _file_findings(ws: Workspace, file: spec_files.WorkspaceFile, known: Catalogue) -> list[Diagnostic]:
    flows, aside = flow_names(ws), Reader()  # each flow's own findings are told where it is checked
    all_flows = [aside.read(path, "flow") for path in flow_files(ws)] if file.privacy else []
    marks = _marks(ws, known, [flow for flow in all_flows if flow is not None])
    return [
        *workspace_findings(file),
        *role_findings(file),
        *file_findings(file, lambda pattern: bool(matching(Path(file.file).parent, pattern))),
        *mode_findings(file, flows),
        *halt_findings(file, known.tools, flows),
        *mark_findings(file, marks),
        *price_findings(file, today()),
    ]


def _marks(ws: Workspace, known: Catalogue, flows: Iterable[spec.Flow]) -> set[str]:
    """Return the kinds that schemas mark anywhere in a workspace, and those that are known by their form."""
    schemas: list[Any] = [schema for tool in known.tools.values() for schema in (tool.input, tool.output)]
    schemas += [known.schema(name, version) for name, version in ws.registry.names()]
    schemas += [msgspec.to_builtins(flow) for flow in flows]
    return {"email", "phone", SECRET, *(kind for schema in schemas for kind in kinds_in(schema))}


def _looked_for(ws: Workspace, paths: Sequence[str], files: Iterable[Path]) -> Callable[[str], bool]:
    """Whether all findings of a file were looked for: those of a policy or a tool come from every flow that it is for."""
    whole = not paths or any(ws.root.is_relative_to(Path(path).resolve()) for path in paths if Path(path).is_dir())
    alone = {str(file) for file in files if whole or file.name.endswith((SUFFIX, ".test.yaml", ".json"))}
    return alone.__contains__


def _lenient(ws: Workspace, reader: Reader) -> Catalogue:
    """Return the catalogue for a check: a schema file that is wrong is a finding there, and says nothing here."""

    def schema(name: str, version: int) -> dict[str, Any] | None:
        try:
            return ws.registry.get(name, version)
        except ConfigError:
            path = ws.registry.path(name, version)
            if path is not None and str(path) not in reader.texts:
                reader.schema(path)
            return {}

    return replace(catalogue(ws, reader), schema=schema)


def _expand(ws: Workspace, path: str, stored: Mapping[str, bytes]) -> list[Path]:
    folder = Path(path)
    if path in stored:
        return [folder]  # it need not be on the disk
    if not folder.is_dir():
        return [locate(ws, path)]
    found = [f for f in sorted(folder.rglob("*.yaml")) if parse.kind_of(f.name) is not None]
    found += [f for f in sorted(folder.rglob("v*.json")) if is_schema_file(str(f.absolute()))]
    return [f for f in found if not any(part.startswith(".") for part in f.relative_to(folder).parts)]
