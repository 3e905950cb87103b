"""`set`: names a value. Owns nothing but that."""

from __future__ import annotations

from flowrun.core.context import Context
from flowrun.core.schedule import Steps
from flowrun.core.steps.state import StepState
from flowrun.plan.model import SetStep


def run(ctx: Context, step: SetStep, path: str, state: StepState) -> Steps:
    """Return the value."""
    return ctx.value(step.value)
    yield  # a generator, like every verb
