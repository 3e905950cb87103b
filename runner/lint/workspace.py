"""Checks what stands in `flowrun.yaml` itself: roles that hand on to each other, modes of flows.

Owns: the findings about that file. Flows and policies are checked against it elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection

from flowrun.errors import Diagnostic
from flowrun.lang import spec_files
from flowrun.lint.findings import Findings


def role_findings(config: spec_files.WorkspaceFile) -> list[Diagnostic]:
    """Return a finding for each `then` that leads nowhere, or in a circle."""
    out = Findings()
    told: set[str] = set()
    for name, role in config.roles.items():
        if role.then is None:
            continue
        if role.then not in config.roles:
            out.unknown("unknown-role", "role", role.then, role.span, config.roles)
            continue
        chain = [name]
        while (then := config.roles[chain[-1]].then) is not None and then in config.roles and then not in chain:
            chain.append(then)
        if then == name and name not in told:
            told.update(chain)
            circle = " -> ".join([*chain, name])
            out.add("role-cycle", f"These roles hand on in a circle: {circle}.", role.span)
    return out.found


def mode_findings(config: spec_files.WorkspaceFile, flows: Collection[str]) -> list[Diagnostic]:
    """Return a finding for each mode of a flow that does not exist: the flow that was meant would run live."""
    out = Findings()
    for name in config.modes:
        if name not in flows:
            out.unknown("unknown-flow", "flow", name, config.at["modes"], flows)
    return out.found
