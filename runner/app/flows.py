"""Flows by path or name: read, checked and made ready to run.

Owns: what lies beside a flow (policies, examples), the catalogue of a workspace, and the check of many files.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from flowrun import wiring
from flowrun.app.beside import findings_beside
from flowrun.app.lock import changed
from flowrun.errors import ConfigError, Diagnostic, FlowError, InputError
from flowrun.lang import parse, spec, spec_files
from flowrun.lang.expr_problem import closest
from flowrun.lang.files import find_file, matching, read_source, source_of
from flowrun.lang.source import Source
from flowrun.lint.allowed import Allowed, judge
from flowrun.lint.budget import price_findings
from flowrun.lint.check import check_flow
from flowrun.lint.record_files import lock_findings, readers_findings, upgrade_findings
from flowrun.lint.schemas import file_findings as schema_findings
from flowrun.lint.schemas import is_schema_file
from flowrun.lint.supported import tools_findings, workspace_findings
from flowrun.lint.workspace import file_findings, halt_findings, mark_findings, mode_findings, role_findings
from flowrun.plan.catalogue import Catalogue, FlowSource
from flowrun.plan.model import Example, ModelPlan
from flowrun.privacy.marks import SECRET, kinds_in
from flowrun.words import t

if TYPE_CHECKING:
    from flowrun.app.workspace import Workspace
    from flowrun.core.compiled import CompiledPlan

SUFFIX = ".flow.yaml"


def bundled() -> Path:
    """Return the folder of the bundled templates."""
    import flowrun.flows

    return Path(flowrun.flows.__file__).parent


def locate(ws: Workspace, flow: str) -> Path:
    """Return the file of a flow: a path, a folder with one flow, or a name in the workspace or among the templates.

    Raises `InputError` (FR3010) where there is none.
    """
    path = Path(flow)
    if path.exists() or flow.endswith((".yaml", ".yml")) or "/" in flow:
        return find_file(path)
    known = {file.name.removesuffix(SUFFIX): file for file in flow_files(ws)}
    if flow in known:
        return known[flow]
    guess = closest(flow, known)
    raise InputError(
        t("There is no flow {flow}.", flow=flow),
        help=t("Did you mean {guess}?", guess=guess)
        if guess
        else t("Known flows: {known}.", known=", ".join(sorted(known))),
        code="FR3010",
    )


def flow_names(ws: Workspace) -> set[str]:
    """Return the names of the flows of the workspace and of the bundled ones."""
    return {file.name.removesuffix(SUFFIX) for file in flow_files(ws)}


def flow_files(ws: Workspace) -> Iterable[Path]:
    """Yield the files of the bundled flows, then those of the workspace."""
    yield from sorted(bundled().glob(f"*/*{SUFFIX}"))
    yield from sorted((ws.root / "flows").glob(f"**/*{SUFFIX}"))
    yield from sorted(ws.root.glob(f"*{SUFFIX}"))


class Reader:
    """Reads files once, and keeps their findings and texts. `stored`: bytes to read in place of those on the disk."""

    def __init__(self, stored: Mapping[str, bytes] | None = None) -> None:
        self.findings: list[Diagnostic] = []
        self.texts: dict[str, str] = {}
        self.values: dict[Path, Any] = {}
        """What each file says, where it can be read."""
        self._stored = stored or {}
        self._policies: dict[Path, list[Any]] = {}
        self._unread: set[Path] = set()

    def read(self, path: Path, kind: str) -> Any:
        """Return the parsed file, or None where it is wrong. Raises `InputError` where it cannot be read at all."""
        try:
            source = self._source(path)
        except FlowError as error:
            self.findings += error.diagnostics
            return None
        self.texts[source.file] = source.text
        value, findings = parse.parse_file(source, kind)
        self.findings += findings
        if value is not None:
            self.values[path] = value
        return value

    def schema(self, path: Path) -> None:
        """Look at the file of a record schema."""
        try:
            source = self._source(path)
        except FlowError as error:
            self.findings += error.diagnostics
            return
        self.texts[source.file] = source.text
        self.findings += schema_findings(source)

    def _source(self, path: Path) -> Source:
        data = self._stored.get(str(path))
        return read_source(path) if data is None else source_of(str(path), data)

    def judged(self, findings: Iterable[Diagnostic] = ()) -> list[Diagnostic]:
        """Return the findings of the files that were read, and `findings`, without those that comments allow today."""
        return judge([*self.findings, *findings], self.texts, today()).findings

    def policies_in(self, folder: Path) -> list[spec.Policy]:
        """Return the policies of a folder that can be read; they are read once, however many flows lie beside them."""
        if folder not in self._policies:
            read = [self.read(file, "policy") for file in sorted(folder.glob("*.policy.yaml"))]
            self._policies[folder] = [policy for policy in read if policy is not None]
            self._unread |= {folder} if None in read else set()
        return self._policies[folder]

    def flow(self, path: Path) -> FlowSource | None:
        """Return a flow with the policies and examples beside it."""
        flow: spec.Flow | None = self.read(path, "flow")
        policies = self.policies_in(path.parent)
        beside = path.with_name(path.name.removesuffix(SUFFIX) + ".examples.yaml")
        examples: spec_files.ExamplesFile | None = None
        if beside.is_file():
            examples = self.read(beside, "examples")
        if flow is None:
            return None
        return FlowSource(
            flow=flow,
            text=self.texts[str(path)],
            policies=policies,
            examples=[] if examples is None else [_example(item) for item in examples.examples],
            unread=path.parent in self._unread,
        )


def _example(item: spec_files.ExampleSpec) -> Example:
    return Example(
        step=item.step,
        label=item.label,
        texts=list(item.texts),
        propose=[{name: template.node for name, template in entry.items()} for entry in item.propose],
        answer=None if item.answer is None else item.answer.node,
    )


def catalogue(ws: Workspace, reader: Reader, main: Path | None = None, model: ModelPlan | None = None) -> Catalogue:
    """Return what names in a workspace mean. `main`: the flow that is loaded, so that others are read only if called."""
    from flowrun.plan.compile import budget_plan

    config = ws.config
    patterns = () if config is None else config.policies
    read = [reader.read(file, "policy") for pattern in patterns for file in matching(ws.root, pattern)]
    flows = _LazyFlows(ws, reader, main)
    models = dict(ws.models)
    if model is not None:
        models = {model.name: model, **models}
    return Catalogue(
        tools=wiring.tool_contracts(ws.root, config),
        schema=ws.registry.get,
        schema_names=lambda: [f"{name}@{version}" for name, version in ws.registry.names()],
        policies=[policy for policy in read if policy is not None],
        flows=flows,
        models=models,
        roles=ws.roles,
        tables={} if config is None else config.tables,
        time_zone=ws.time_zone,
        limits={} if config is None else config.limits,
        ceiling=budget_plan(None if config is None else config.ceiling),
        privacy={} if config is None else config.privacy,
        unread=None in read,
        unread_flows=flows.unread,
    )


class _LazyFlows(dict[str, FlowSource]):
    """Other flows by `NAME@N`, read when one is asked for."""

    def __init__(self, ws: Workspace, reader: Reader, main: Path | None) -> None:
        super().__init__()
        self._ws, self._reader, self._main = ws, reader, main
        self._looked: set[str] = set()
        self.unread: set[str] = set()
        """Names of those that were asked for and could not be read."""

    def _look(self, key: object) -> None:
        name = str(key).split("@")[0]
        if name in self._looked:
            return
        self._looked.add(name)
        for path in flow_files(self._ws):
            if path.name == name + SUFFIX and path != self._main:
                source = self._reader.flow(path)
                if source is None:
                    self.unread.add(name)
                else:
                    self[f"{source.flow.flow}@{source.flow.version}"] = source

    def get(self, key: str, default: Any = None) -> Any:
        self._look(key)
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        self._look(key)
        return super().__contains__(key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A flow made ready to run, with what it was made from."""

    source: FlowSource
    catalogue: Catalogue
    compiled: CompiledPlan


def load_flow(ws: Workspace, flow: str, *, model: str | None = None) -> CompiledPlan:
    """Return a flow made ready to run. Raises `FlowError` with every finding where it, or what it uses, is wrong."""
    return load_whole(ws, flow, model=model).compiled


def load_whole(ws: Workspace, flow: str, *, model: str | None = None) -> Loaded:
    """Return a flow made ready to run, and its source. Raises as `load_flow`."""
    path = locate(ws, flow)
    reader = Reader()
    source = reader.flow(path)
    chosen = None if model is None or model in ws.models else wiring.model_from_name(model)
    known = catalogue(ws, reader, path, chosen)
    _stop_at_errors(reader.judged(halts_unknown(ws, known.tools)))
    assert source is not None
    return Loaded(source=source, catalogue=known, compiled=made_ready(source, known, reader.judged))


def made_ready(
    source: FlowSource, known: Catalogue, judged: Callable[[Sequence[Diagnostic]], Sequence[Diagnostic]] = list
) -> CompiledPlan:
    """Check and compile a flow. Raises `FlowError` with what the check finds, as `judged` gives it."""
    from flowrun.core.compiled import CompiledPlan
    from flowrun.plan.compile import compile_plan, digest, plan_bytes

    checked = check_flow(source, known)
    _stop_at_errors(judged(checked.findings))
    plan = compile_plan(source, known, checked.rewrites)
    return CompiledPlan(plan, digest(plan_bytes(plan)))


def halts_unknown(
    ws: Workspace, tools: Collection[str], flows: Collection[str] = (), more: Collection[str] = ()
) -> list[Diagnostic]:
    """Return what `halt:` of the workspace file names and is neither here nor among `flows` and `more` tools."""
    if ws.config is None or not (ws.config.halt.tools or ws.config.halt.flows):
        return []
    return halt_findings(ws.config, {*tools, *more}, {*flow_names(ws), *flows})


def checked_catalogue(ws: Workspace) -> Catalogue:
    """Return the catalogue of a workspace. Raises `FlowError` where one of its policies is wrong: none may be left out."""
    reader = Reader()
    known = catalogue(ws, reader)
    _stop_at_errors(reader.judged(halts_unknown(ws, known.tools)))
    return known


def today() -> str:
    """Return the day of the clock, as YYYY-MM-DD."""
    return wiring.clock().now()[:10]


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


def _stop_at_errors(findings: Sequence[Diagnostic]) -> None:
    if any(d.severity == "error" for d in findings):
        raise FlowError(list(findings))


class Looked(NamedTuple):
    """What a check of many files came to."""

    files: list[Path]
    findings: list[Diagnostic]
    texts: dict[str, str]
    """The text of each file that was read, as findings count its lines."""
    allowed: list[Allowed]
    """Findings that comments set aside."""


def check_paths(ws: Workspace, paths: Sequence[str], stored: Mapping[str, bytes] | None = None) -> Looked:
    """Check files, all of the workspace where none is named. `stored`: what to read in place of files on the disk."""
    files = [file for path in paths or [str(ws.root)] for file in _expand(ws, path, stored or {})]
    reader = Reader(stored)
    known: Catalogue | None = None
    findings: list[Diagnostic] = []
    for file in dict.fromkeys(files):
        if file.suffix == ".json" and is_schema_file(str(file.absolute())):
            reader.schema(file)
        elif file.name.endswith(SUFFIX):
            source = reader.flow(file)
            if source is not None:
                known = known or _lenient(ws, reader)
                findings += check_flow(source, known).findings
        elif not any(d.span.file == str(file) for d in reader.findings) and str(file) not in reader.texts:
            value = reader.read(file, parse.kind_of(file.name) or "flow")
            if isinstance(value, spec.ToolFile):
                findings += tools_findings(value)
            elif isinstance(value, spec_files.WorkspaceFile):
                known = known or _lenient(ws, reader)
                findings += _file_findings(ws, value, known)
            elif isinstance(value, spec_files.UpgradeFile):
                findings += upgrade_findings(value, ws.registry.get)
            elif isinstance(value, spec_files.ReadersFile):
                findings += readers_findings(value, ws.registry.get, None if ws.config is None else ws.roles)
    if any(ws.root.is_relative_to(Path(path).resolve()) for path in paths or [str(ws.root)] if Path(path).is_dir()):
        findings += lock_findings(changed(ws))
    found = [*reader.findings, *findings, *findings_beside(ws, known, reader.values, reader.texts)]
    judged = judge(found, reader.texts, today(), _looked_for(ws, paths, files))
    unique = dict.fromkeys(sorted(judged.findings, key=lambda d: (d.span.file, d.span.line, d.span.column, d.rule)))
    return Looked(list(dict.fromkeys(files)), list(unique), reader.texts, judged.allowed)


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
