"""`wait_for`: a duration, a moment, or an event with a key. Owns the wait; whoever wakes it is a runtime's part."""

from __future__ import annotations

from typing import Any

from flowrun.core.commands import Wait
from flowrun.core.context import Context
from flowrun.core.events import Fault, Woken
from flowrun.core.failure import Failure
from flowrun.core.schedule import Steps
from flowrun.core.steps.state import StepState
from flowrun.plan.model import WaitStep
from flowrun.values.moments import add_seconds, format_moment, parse_moment

Json = Any


def run(ctx: Context, step: WaitStep, path: str, state: StepState) -> Steps:
    """Return the event's payload (checked by its schema), or None after a time."""
    now = ctx.execution.now
    here = state.attempt(path)
    limit = None if step.within is None else add_seconds(now, step.within)
    if step.event is None:
        due = add_seconds(now, step.duration) if step.duration is not None else moment(ctx, step)
        if due > now:
            event = yield Wait(path=here, due=due if limit is None else min(due, limit))
            assert isinstance(event, Woken)
            if limit is not None and limit < due:
                raise late(step)
        return None
    key = ctx.value(step.key) if step.key is not None else None
    if key is None:
        raise Failure(Fault(kind="flow", code="FR3109", message=f"The key of the wait {step.id} is empty."))
    event = yield Wait(path=here, due=limit, event=step.event, key=str(key))
    assert isinstance(event, Woken)
    if event.timer:
        raise late(step)
    return event.payload


def moment(ctx: Context, step: WaitStep) -> str:
    """Return the moment that the step names, in UTC."""
    assert step.moment is not None
    text = ctx.value(step.moment)
    parsed = parse_moment(text) if isinstance(text, str) else None
    if parsed is None:
        raise Failure(Fault(kind="flow", code="FR3109", message=f"The wait {step.id} has no valid moment: {text!r}."))
    return format_moment(parsed)


def late(step: WaitStep) -> Failure:
    """Return the failure of a wait that took too long."""
    return Failure(Fault(kind="late", code="FR3102", message=f"{step.event or step.id} did not come in time."))
