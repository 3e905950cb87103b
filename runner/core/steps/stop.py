"""`stop`: ends the run, or the sub-flow that it stands in. Owns nothing but that."""

from __future__ import annotations

from flowrun.core.context import Context
from flowrun.core.failure import RunEnd
from flowrun.core.schedule import Steps
from flowrun.core.steps.ask import as_text
from flowrun.core.steps.state import StepState
from flowrun.plan.model import StopStep


def run(ctx: Context, step: StopStep, path: str, state: StepState) -> Steps:
    """Raise `RunEnd`."""
    raise RunEnd(step.outcome, "" if step.reason is None else as_text(ctx.value(step.reason)))
    yield  # a generator, like every verb
