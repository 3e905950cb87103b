"""`record`: writes a schema-versioned record. Owns its check; an invalid one is never written."""

from __future__ import annotations

from typing import Any

from flowrun.core.commands import WriteRecord
from flowrun.core.context import Context
from flowrun.core.events import AnswerInvalid, Fault, RecordWritten
from flowrun.core.failure import Failure
from flowrun.core.schedule import Steps
from flowrun.core.steps.ask import check_only_when
from flowrun.core.steps.state import StepState
from flowrun.plan.model import RecordStep

Json = Any


def run(ctx: Context, step: RecordStep, path: str, state: StepState) -> Steps:
    """Return the record; raise `Failure` with the draft where it is not valid."""
    value = ctx.value(step.with_)
    problems = ctx.compiled.check(step.schema, value) or check_only_when(ctx, step, value)
    here = state.attempt(path)
    if problems:
        ctx.execution.note(AnswerInvalid(path=here, at=ctx.execution.now, problems=problems, final=True, draft=value))
        first = problems[0]
        raise Failure(
            Fault(
                kind="record",
                code="FR3110",
                message=f"The record {step.schema} is not valid: "
                f"{first.get('path') or 'the whole'}: {first['message']}",
                problems=problems,
            ),
            draft=value,
        )
    return (yield from write(ctx, step, here, value))


def write(ctx: Context, step: RecordStep, path: str, value: dict[str, Json]) -> Steps:
    """Write a valid record and return it."""
    final = step.schema == ctx.flow.output
    event = yield WriteRecord(path=path, schema=step.schema, record=value, final=final and not ctx.path)
    assert isinstance(event, RecordWritten)
    if final:
        ctx.final = event.record
    return event.record
