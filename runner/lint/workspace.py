"""Checks what stands in `flowrun.yaml` itself: roles that hand on to each other.

Owns: the findings about that file. Flows and policies are checked against it elsewhere.
"""

from __future__ import annotations

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
