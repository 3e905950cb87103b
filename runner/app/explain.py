"""The contract of a flow, read from its files.

Owns: bringing a flow, its workspace's modes and halts, and the computation of `flowrun.contract` together. How a contract
is printed is the command's part.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from flowrun.app import flows
from flowrun.contract.build import contract_of
from flowrun.contract.model import Contract
from flowrun.errors import Diagnostic, FlowError
from flowrun.lint.check import check_flow
from flowrun.plan.compile import compile_plan
from flowrun.plan.model import Plan

if TYPE_CHECKING:
    from flowrun.app.workspace import Workspace


def explain(ws: Workspace, flow: str) -> Contract:
    """Return what a flow may do. Raises `FlowError` with every finding where it, or what it uses, is wrong."""
    return contract_at(ws, flows.locate(ws, flow))


def contract_at(ws: Workspace, path: Path) -> Contract:
    """Return the contract of the flow in a file; raises as `explain`."""
    reader = flows.Reader()
    source = reader.flow(path)
    known = flows.catalogue(ws, reader, path)
    _stop(reader.findings)
    assert source is not None
    checked = check_flow(source, known)
    _stop([*reader.findings, *checked.findings])
    plan = compile_plan(source, known, checked.rewrites)
    return contract_of(source, known, plan, mode=highest_mode(ws, plan), halted=halted(ws, plan))


def highest_mode(ws: Workspace, plan: Plan) -> str:
    """Return the highest mode that the workspace allows a flow and the flows that it calls."""
    from flowrun.app.modes import highest

    return highest({} if ws.config is None else ws.config.modes, plan)[0]


def halted(ws: Workspace, plan: Plan) -> list[str]:
    """Return what the workspace file halts of the tools and flows of a plan, and the customers whose runs it halts."""
    if ws.config is None:
        return []
    names = {plan.flow.name, *(flow.name for flow in plan.flows.values())}
    used = {name for flow in [plan.flow, *plan.flows.values()] for name in flow.tools}
    touched = {"all", *used, *(name.partition(".")[0] for name in used)}
    tools = [name for name in ws.config.halt.tools if name in touched]
    return [
        *tools,
        *ws.config.halt.subjects,
        *(name for name in ws.config.halt.flows if name.removeprefix("flows.") in names),
    ]


def _stop(findings: Sequence[Diagnostic]) -> None:
    if any(found.severity == "error" for found in findings):
        raise FlowError(list(findings))
