"""Checks what stands in `flowrun.yaml` itself: files that it names, roles, modes, halts, marks.

Owns: the findings about that file. Flows and policies are checked against it elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from flowrun.core.halts import ALL, FLOWS
from flowrun.errors import Diagnostic, Span
from flowrun.lang import spec_files
from flowrun.lint.findings import Findings
from flowrun.words import t


def role_findings(config: spec_files.WorkspaceFile) -> list[Diagnostic]:
    """Return a finding for each `then` that leads nowhere, or in a circle."""
    out = Findings()
    told: set[str] = set()
    for name, role in config.roles.items():
        if role.then is None:
            continue
        if role.then not in config.roles:
            out.unknown("unknown-role", "role", role.then, role.places.get("then", (role.span,))[0], config.roles)
            continue
        chain = [name]
        while (then := config.roles[chain[-1]].then) is not None and then in config.roles and then not in chain:
            chain.append(then)
        if then == name and name not in told:
            told.update(chain)
            circle = " -> ".join([*chain, name])
            out.add("role-cycle", t("These roles hand on in a circle: {circle}.", circle=circle), role.span)
    return out.found


def mode_findings(config: spec_files.WorkspaceFile, flows: Collection[str]) -> list[Diagnostic]:
    """Return a finding for each mode of a flow that does not exist: the flow that was meant would run live."""
    out = Findings()
    for name in config.modes:
        if name not in flows:
            out.unknown("unknown-flow", "flow", name, config.at["modes"], flows)
    return out.found


def file_findings(config: spec_files.WorkspaceFile, found: Callable[[str], bool]) -> list[Diagnostic]:
    """Return a finding for each path or pattern that names no file; `found` says whether one does."""
    out = Findings()
    for key in ("policies", "tools"):
        patterns: tuple[str, ...] = getattr(config, key)
        for pattern, span in zip(patterns, config.places.get(key, ()), strict=True):
            if not found(pattern):
                message = t("`{key}` names {pattern}, and there is no such file.", key=key, pattern=pattern)
                help = t("Paths and patterns begin at the folder of flowrun.yaml. Mend it, or take it out.")
                out.add("no-file-matches", message, span, help=help)
    return out.found


def halt_findings(config: spec_files.WorkspaceFile, tools: Collection[str], flows: Collection[str]) -> list[Diagnostic]:
    """Return a finding for each halt of a tool or flow that does not exist: what was meant would go on."""
    out = Findings()
    known = {*tools, *(name.partition(".")[0] for name in tools), ALL}
    for name, span in zip(config.halt.tools, config.halt.places.get("tools", ()), strict=True):
        if name not in known:
            out.unknown("unknown-tool", "tool", name, span, known)
    for name, span in zip(config.halt.flows, config.halt.places.get("flows", ()), strict=True):
        if name.removeprefix(FLOWS) not in flows:
            out.unknown("unknown-flow", "flow", name, span, flows)
    return out.found


def mark_findings(config: spec_files.WorkspaceFile, marks: Collection[str]) -> list[Diagnostic]:
    """Return a finding for each kind under `privacy` that no schema marks and no form shows."""
    out = Findings()
    for name, span in zip(config.privacy, config.places.get("privacy", ()), strict=True):
        if name not in marks:
            out.unknown("unknown-mark", "mark", name, span, marks)
    return out.found


def name_findings(named: Iterable[tuple[str, Span]]) -> list[Diagnostic]:
    """Return a finding for each flow and policy whose name another file has already: only one of the two is ever found."""
    out = Findings()
    first: dict[str, Span] = {}
    for name, place in named:
        if name in first:
            out.add(
                "duplicate-name",
                t("Another file has the name {name} already.", name=name),
                place,
                help=t("Give this one another name, or a flow the next version."),
                related=((first[name], t("first here")),),
            )
        first.setdefault(name, place)
    return out.found
