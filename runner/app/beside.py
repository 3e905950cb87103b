"""Checks over several files of a workspace: policies beside each other and the flows that they hold for.

Owns: which files belong together. What is wrong between them is said by `lint`; no file is read here a second time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowrun.errors import Diagnostic
from flowrun.lang import spec, spec_files
from flowrun.lang.files import matching
from flowrun.lint.example_files import check_examples
from flowrun.lint.findings import Findings
from flowrun.lint.literals import secret_findings
from flowrun.lint.policy_files import check_policy
from flowrun.lint.policy_pairs import Index, check_listed, check_pairs
from flowrun.lint.scope import World
from flowrun.lint.tool_files import check_tool_file
from flowrun.lint.workspace import name_findings

if TYPE_CHECKING:
    from flowrun.app.workspace import Workspace
    from flowrun.plan.catalogue import Catalogue

FLOWS = "*.flow.yaml"


def findings_beside(
    ws: Workspace, known: Catalogue | None, values: Mapping[Path, Any], texts: Mapping[str, str]
) -> list[Diagnostic]:
    """Return what is wrong between the files of a check; `values` are all that were read, by path, `texts` their texts.

    `known` is None where no flow was among them: then nothing is known of tools.
    """
    out = Findings()
    read = {path.resolve(): value for path, value in values.items()}
    flows = {path: value for path, value in read.items() if isinstance(value, spec.Flow)}
    policies = {path: value for path, value in read.items() if isinstance(value, spec.Policy)}
    if known is not None:
        _examples(known, flows, read, out)
        for value in read.values():
            if isinstance(value, spec.ToolFile):
                check_tool_file(value, known.tools, out)
    if policies:
        _policies(ws, policies, _Listed(flows, () if known is None else known.tools), out)
    here = [file for file in dict.fromkeys(_flow_files(ws.root)) if file in flows]
    secrets = (found for file, text in texts.items() for found in secret_findings(file, text))
    return [*out.found, *name_findings([flows[file] for file in here], policies.values()), *secrets]


def _examples(known: Catalogue, flows: Mapping[Path, spec.Flow], read: Mapping[Path, Any], out: Findings) -> None:
    for path, value in read.items():
        if isinstance(value, spec_files.ExamplesFile):
            flow = flows.get(path.with_name(path.name.replace(".examples.yaml", ".flow.yaml")))
            if flow is not None:
                check_examples(World(flow, known), value, out)


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

    flows: Mapping[Path, spec.Flow]
    tools: Collection[str]

    def check(self, policy: spec.Policy, files: Sequence[Path], out: Findings) -> None:
        """Only where every flow that a policy holds for was read, and there is one, is it known what none of them lists."""
        if files and all(file in self.flows for file in files):
            listed = {tool.split("@")[0] for file in files for tool in self.flows[file].tools}
            check_listed(policy, listed, self.tools, out)


def _flow_files(root: Path) -> Iterator[Path]:
    for file in [*(root / "flows").glob(f"**/{FLOWS}"), *root.glob(FLOWS)]:
        yield file.resolve()
