"""`call`: runs one tool, or another flow.

Owns: the arguments of a call that the flow itself makes. Judging and running are `core.calls`.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import partial
from typing import Any

from flowrun.core.calls import judge, make_proposal
from flowrun.core.commands import TakeRoom
from flowrun.core.context import Context, Meter
from flowrun.core.events import Fault, Refused, Verdict
from flowrun.core.execute import Outcome, step_meter
from flowrun.core.failure import Failure, RunEnd, outcome_of
from flowrun.core.rooms import store_rooms
from flowrun.core.schedule import Steps
from flowrun.core.steps.state import StepState
from flowrun.core.turn import settle
from flowrun.plan.model import CallStep
from flowrun.values.names import Names

Json = Any


def run(ctx: Context, step: CallStep, path: str, state: StepState) -> Steps:
    """Return the tool's output, or the sub-flow's record."""
    args = {} if step.with_ is None else ctx.value(step.with_)
    here = state.attempt(path)
    ordinal = state.ordinals.setdefault(step.tool, 1)
    invalid = ""
    if step.flow is None:
        problems = ctx.compiled.check_args(ctx.flow, ctx.compiled.plan.tools[step.tool], args)
        invalid = f"{problems[0].get('path') or 'the arguments'}: {problems[0]['message']}" if problems else ""
    proposal = make_proposal(ctx, path=here, step=path, tool=step.tool, args=args, ordinal=ordinal, invalid=invalid)
    verdicts = yield from judge(ctx, here, [proposal])
    meter = step_meter(ctx, step.within)
    outcomes: dict[int, Outcome] = {}
    yield from settle(
        ctx,
        here,
        verdicts,
        outcomes,
        meter=meter,
        title=step.title or step.tool,
        perform=None if step.flow is None else partial(run_sub_flow, ctx, step, here, meter),
    )
    outcome = outcomes[0]
    if outcome.state == "done":
        return outcome.output
    rule = f" (rule {outcome.rule})" if outcome.rule else ""
    raise Failure(
        Fault(kind="denied", code="FR3105", message=f"{step.tool} was {outcome.state}{rule}: {outcome.reason}")
    )


def run_sub_flow(
    ctx: Context, step: CallStep, path: str, meter: Meter, verdict: Verdict, approved_by: Sequence[str]
) -> Generator[Any, Any, Outcome]:
    """Run another flow inside this run; its value is its record, another outcome is an error."""
    from flowrun.core.steps.block import run_flow

    assert step.flow is not None
    args = verdict.args
    full = ctx.execution.take(verdict)
    if full is not None:
        ctx.execution.note(Refused(path=f"{path}/@full", at=ctx.execution.now, rule=full[0], reason=full[1]))
        return Outcome(state="denied", reason=full[1], rule=full[0])
    if store_rooms(verdict) and not ctx.execution.shadow:
        event = yield TakeRoom(path=path, verdict=verdict, under=ctx.under())
        if isinstance(event, Refused):
            ctx.execution.free(verdict)
            return Outcome(state="denied", reason=event.reason, rule=event.rule)
    flow = ctx.compiled.plan.flows[step.flow]
    problems = ctx.compiled.check(flow.input, args)
    if problems:
        raise Failure(
            Fault(
                kind="input",
                code="FR3106",
                message=f"The input of {step.tool} is not valid: {problems[0]['message']}",
                problems=problems,
            )
        )
    run = {**ctx.names.run, "flow": flow.name, "version": flow.version}
    names = Names(input=args, run=run, tables=ctx.names.tables, now=ctx.execution.now, time_zone=ctx.names.time_zone)
    child = Context(
        execution=ctx.execution,
        flow=flow,
        names=names,
        meter=Meter(flow.budget, meter),
        path=path,
        key=f"{ctx.key}/{path}",
        group=ctx.group,
        parents=ctx.under(),
    )
    outcome, reason = "completed", ""
    try:
        yield from run_flow(child)
    except RunEnd as end:
        if end.outcome in ("handed_off", "in_doubt"):
            raise
        outcome, reason = end.outcome, end.reason
    except Failure as failure:
        if failure.fault.kind in ("in_doubt", "budget"):
            raise
        outcome, reason = outcome_of(failure.fault), failure.fault.message
    if outcome not in ("completed", "rejected") or child.final is None:
        raise Failure(Fault(kind="flow", code="FR3104", message=f"{step.tool} ended {outcome}: {reason}"))
    entry = {
        "output": child.final,
        "args": args,
        "rules": verdict.rules,
        "approved_by": list(approved_by),
        "at": ctx.execution.now,
    }
    ctx.names.calls[step.tool] = (*ctx.names.calls.get(step.tool, ()), entry)
    return Outcome(state="done", output=child.final)
