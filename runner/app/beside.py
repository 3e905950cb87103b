"""Checks over several files of a workspace: policies beside each other and the flows that they hold for.

Owns: which files belong together. What is wrong between them is said by `lint`; no file is read here a second time.
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
from flowrun.lint.example_files import check_examples
from flowrun.lint.findings import Findings
from flowrun.lint.policy_files import check_policy
from flowrun.lint.policy_pairs import Index, check_listed, check_pairs
from flowrun.lint.scope import World
from flowrun.lint.tool_files import check_tool_file
from flowrun.lint.workspace import name_findings

if TYPE_CHECKING:
    from flowrun.app.workspace import Workspace
    from flowrun.plan.catalogue import Catalogue

FLOWS = "*.flow.yaml"


class FlowHead(msgspec.Struct, frozen=True, kw_only=True):
    """What others must know of a flow: its name with its version, where that stands, and the tools that it lists."""

    name: str
    place: Span
    tools: frozenset[str]


def head_of(flow: spec.Flow) -> FlowHead:
    """Return a flow's head."""
    name = f"flows.{flow.flow}@{flow.version}"
    tools = frozenset(tool.split("@")[0] for tool in flow.tools)
    return FlowHead(name=name, place=spec.place_of(flow, "flow"), tools=tools)


def findings_beside(
    ws: Workspace, known: Catalogue | None, heads: Mapping[Path, FlowHead], values: Mapping[Path, Any]
) -> list[Diagnostic]:
    """Return what is wrong between the files of a check: `heads` of its flows, `values` of what else was read, by path.

    `known` is None where no flow was among them: then nothing is known of tools.
    """
    out = Findings()
    read = {path.resolve(): value for path, value in values.items()}
    policies = {path: value for path, value in read.items() if isinstance(value, spec.Policy)}
    if known is not None:
        for value in read.values():
            if isinstance(value, spec.ToolFile):
                check_tool_file(value, known.tools, out)
    if policies:
        _policies(ws, policies, _Listed(heads, () if known is None else known.tools), out)
    here = [heads[file] for file in dict.fromkeys(_flow_files(ws.root)) if file in heads]
    named = [(head.name, head.place) for head in here]
    named += [(policy.policy, spec.place_of(policy, "policy")) for policy in policies.values()]
    return [*out.found, *name_findings(named)]


def example_findings(known: Catalogue, flow: spec.Flow, path: Path, values: Mapping[Path, Any]) -> list[Diagnostic]:
    """Return what is wrong with the examples beside a flow."""
    beside = values.get(path.with_name(path.name.replace(".flow.yaml", ".examples.yaml")))
    if not isinstance(beside, spec_files.ExamplesFile):
        return []
    out = Findings()
    check_examples(World(flow, known), beside, out)
    return out.found


def _policies(ws: Workspace, policies: Mapping[Path, spec.Policy], listed: _Listed, out: Findings) -> None:
    patterns = () if ws.config is None else ws.config.policies
    holding = [file.resolve() for pattern in patterns for file in matching(ws.root, pattern)]
    everywhere = list(_flow_files(ws.root))
    before = Index()
    for path in dict.fromkeys(file for file in holding if file in policies):
        check_policy(policies[path], out)
        check_pairs(policies[path], before, out)
        before.take(policies[path])
        listed.check(policies[path], everywhere, out)
    for path, policy in policies.items():
        if path not in holding:
            check_policy(policy, out)
            check_pairs(policy, before, out)
            listed.check(policy, [file.resolve() for file in path.parent.glob(FLOWS)], out)


@dataclass(frozen=True, slots=True)
class _Listed:
    """The flows that were read, and the tools that exist."""

    flows: Mapping[Path, FlowHead]
    tools: Collection[str]

    def check(self, policy: spec.Policy, files: Sequence[Path], out: Findings) -> None:
        """Only where every flow that a policy holds for was read, and there is one, is it known what none of them lists."""
        if files and all(file in self.flows for file in files):
            listed = {tool for file in files for tool in self.flows[file].tools}
            check_listed(policy, listed, self.tools, out)


def _flow_files(root: Path) -> Iterator[Path]:
    for file in [*(root / "flows").glob(f"**/{FLOWS}"), *root.glob(FLOWS)]:
        yield file.resolve()
