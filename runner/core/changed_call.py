"""A call that a person changes: whether its new arguments may be.

Owns: the checks before an edit is stored. What becomes of it is decided by the rules, not here.
"""

from __future__ import annotations

from typing import Any

from flowrun.core.compiled import CompiledPlan, bound_names
from flowrun.core.events import Verdict
from flowrun.errors import InputError
from flowrun.plan.model import FlowPlan

Json = Any


def new_args(compiled: CompiledPlan, flow: str, verdict: Verdict, data: Json) -> dict[str, Json]:
    """Return all arguments of the changed call, valid and with the bound ones as they were.

    `flow` is the NAME@N of the flow that proposed it. An optional argument is taken away by a null. Raises `InputError`
    (FR3063, FR3064, FR3065).
    """
    source = flow_named(compiled, flow)
    if not isinstance(data, dict):
        raise InputError("The changes are not a map of arguments to values.", code="FR3064")
    bound = bound_names(source, verdict.tool)
    fixed = [name for name, value in data.items() if name in bound and value != verdict.args.get(name)]
    if fixed:
        raise InputError(
            f"{fixed[0]} of {verdict.tool} is fixed by the flow (`bind`) and cannot be changed.",
            help="Change the others, or reject the call.",
            code="FR3063",
        )
    tool = compiled.plan.tools.get(verdict.tool)
    if tool is not None:
        schema = tool.input
    else:
        name = verdict.tool.removeprefix("flows.")
        schema = compiled.plan.schemas[next(f.input for f in compiled.plan.flows.values() if f.name == name)]
    args = {**verdict.args, **data}
    needed = schema.get("required", [])
    gone = [name for name, value in data.items() if value is None and name not in needed and name not in bound]
    args = {name: value for name, value in args.items() if name not in gone}
    if tool is not None:
        free = {name: value for name, value in args.items() if name not in bound}
        problems = compiled.check_args(source, tool, free)
    else:
        input = next(f.input for f in compiled.plan.flows.values() if f.name == name)
        problems = compiled.check(input, args, placeholders=False)
    if problems:
        lines = "; ".join(f"{p.get('path') or 'the arguments'}: {p['message']}" for p in problems[:5])
        raise InputError(f"These are no arguments for {verdict.tool}: {lines}", code="FR3064")
    if args == verdict.args:
        raise InputError("Nothing would be changed.", help="Approve or reject it as it is.", code="FR3065")
    return args


def flow_named(compiled: CompiledPlan, flow: str) -> FlowPlan:
    """Return the flow of a plan by NAME@N; the plan's own where it has none of that name."""
    plan = compiled.plan
    return next((f for f in plan.flows.values() if f"{f.name}@{f.version}" == flow), plan.flow)
