"""Flows by path or name: read, checked and made ready to run.

Owns: what lies beside a flow (policies, examples), the catalogue of a workspace, and the check of many files.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowrun import wiring
from flowrun.errors import Diagnostic, FlowError, InputError
from flowrun.lang import parse, spec, spec_files
from flowrun.lang.expr_problem import closest
from flowrun.lang.files import find_file, matching, read_source, source_of
from flowrun.lang.source import Source
from flowrun.lint.allowed import judge
from flowrun.lint.check import check_flow
from flowrun.lint.schemas import file_findings as schema_findings
from flowrun.lint.workspace import halt_findings
from flowrun.plan.catalogue import Catalogue, FlowSource
from flowrun.plan.model import Example, ModelPlan
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


def _stop_at_errors(findings: Sequence[Diagnostic]) -> None:
    if any(d.severity == "error" for d in findings):
        raise FlowError(list(findings))
