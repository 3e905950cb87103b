"""Checks over several files of a workspace: policies beside each other and the flows that they hold for.

Owns: which files belong together. What is wrong between them is said by `lint`, which is loaded only for kinds of files
that are there; no file is read here a second time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from flowrun.errors import Diagnostic, Span
from flowrun.lang import spec, spec_files
from flowrun.lang.files import matching
from flowrun.lang.spec_files import TestFile, TestsFile, tests_in
from flowrun.lint.findings import Findings
from flowrun.lint.policy_pairs import Index, check_listed, check_pairs
from flowrun.lint.scope import World
from flowrun.lint.tested import Tested, as_tested
from flowrun.lint.workspace import name_findings

if TYPE_CHECKING:
    from flowrun.app.workspace import Workspace
    from flowrun.lint.test_files import FlowTests
    from flowrun.plan.catalogue import Catalogue

FLOWS = "*.flow.yaml"


class FlowHead(msgspec.Struct, frozen=True, kw_only=True):
    """What others must know of a flow: its name with its version, where that stands, and the tools that it lists."""

    name: str
    place: Span
    tools: frozenset[str]
    tested: Tested


def head_of(flow: spec.Flow, path: Path, values: Mapping[Path, Any]) -> FlowHead:
    """Return a flow's head; `values` of what lies beside it, by path."""
    beside = values.get(path.with_name(path.name.replace(".flow.yaml", ".examples.yaml")))
    tested = as_tested(flow, beside if isinstance(beside, spec_files.ExamplesFile) else None)
    name = f"flows.{flow.flow}@{flow.version}"
    tools = frozenset(tool.split("@")[0] for tool in flow.tools)
    return FlowHead(name=name, place=spec.place_of(flow, "flow"), tools=tools, tested=tested)


def findings_beside(
    ws: Workspace, known: Catalogue | None, heads: Mapping[Path, FlowHead], values: Mapping[Path, Any], whole: bool
) -> list[Diagnostic]:
    """Return what is wrong between the files of a check: `heads` of its flows, `values` of what else was read, by path.

    `known` is None where no flow was among them: then nothing is known of tools. `whole`: whether all policies could be read.
    """
    out = Findings()
    read = _resolved(values)
    policies = {path: value for path, value in read.items() if isinstance(value, spec.Policy)}
    if known is not None:
        for value in read.values():
            if isinstance(value, spec.ToolFile):
                from flowrun.lint.tool_files import check_tool_file

                check_tool_file(value, known.tools, out)
        if any(isinstance(value, TestFile | TestsFile) for value in read.values()):
            from flowrun.lint.test_files import FlowTests

            _tests(FlowTests(known, policies.values(), out, whole), heads, read)
    if policies:
        _policies(ws, policies, _Listed(heads, () if known is None else known.tools), out)
    here = [heads[file] for file in dict.fromkeys(_flow_files(ws.root)) if file in heads]
    named = [(head.name, head.place) for head in here]
    named += [(policy.policy, spec.place_of(policy, "policy")) for policy in policies.values()]
    return [*out.found, *name_findings(named)]


def _resolved(values: Mapping[Path, Any]) -> dict[Path, Any]:
    """Return values by whole paths; each folder is asked once where it really is."""
    folders: dict[Path, Path] = {}
    found = {}
    for path, value in values.items():
        if path.parent not in folders:
            folders[path.parent] = path.parent.resolve()
        found[folders[path.parent] / path.name] = value
    return found


def example_findings(known: Catalogue, flow: spec.Flow, path: Path, values: Mapping[Path, Any]) -> list[Diagnostic]:
    """Return what is wrong with the examples beside a flow."""
    beside = values.get(path.with_name(path.name.replace(".flow.yaml", ".examples.yaml")))
    if not isinstance(beside, spec_files.ExamplesFile):
        return []
    from flowrun.lint.example_files import check_examples

    out = Findings()
    check_examples(World(flow, known), beside, out)
    return out.found


def _tests(tests: FlowTests, flows: Mapping[Path, FlowHead], read: Mapping[Path, Any]) -> None:
    """Check tests against their flow: the one of that name beside the test or above it, else anywhere among those read."""
    by_name = {path.name.removesuffix(FLOWS[1:]): path for path in flows}
    for path, value in read.items():
        for test in tests_in(value) if isinstance(value, TestFile | TestsFile) else ():
            name = test.flow.rpartition("/")[2].removesuffix(FLOWS[1:])
            near = (folder / f"{name}{FLOWS[1:]}" for folder in list(path.parents)[:3])
            place = next((file for file in near if file in flows), None) or by_name.get(name)
            if place is not None:
                tests.check(test, flows[place].tested)


def _policies(ws: Workspace, policies: Mapping[Path, spec.Policy], listed: _Listed, out: Findings) -> None:
    from flowrun.lint.policy_files import check_policy

    patterns = () if ws.config is None else ws.config.policies
    holding = [file.resolve() for pattern in patterns for file in matching(ws.root, pattern)]
    everywhere = listed.of(list(_flow_files(ws.root)))
    near: dict[Path, set[str] | None] = {}
    before = Index()
    for path in dict.fromkeys(file for file in holding if file in policies):
        check_policy(policies[path], out)
        check_pairs(policies[path], before, out)
        before.take(policies[path])
        if everywhere is not None:
            check_listed(policies[path], everywhere, listed.tools, out)
    for path, policy in policies.items():
        if path not in holding:
            check_policy(policy, out)
            check_pairs(policy, before, out)
            if path.parent not in near:
                near[path.parent] = listed.of(list(path.parent.glob(FLOWS)))
            if (tools := near[path.parent]) is not None:
                check_listed(policy, tools, listed.tools, out)


@dataclass(frozen=True, slots=True)
class _Listed:
    """The flows that were read, and the tools that exist."""

    flows: Mapping[Path, FlowHead]
    tools: Collection[str]

    def of(self, files: Sequence[Path]) -> set[str] | None:
        """Return the tools that flows list; None where not every flow was read, or there is none: then nothing is known."""
        if not files or any(file not in self.flows for file in files):
            return None
        return {tool for file in files for tool in self.flows[file].tools}


def _flow_files(root: Path) -> Iterator[Path]:
    yield from (root / "flows").glob(f"**/{FLOWS}")
    yield from root.glob(FLOWS)
