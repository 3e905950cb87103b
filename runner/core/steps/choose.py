"""`choose`: the first branch that holds. Owns that choice and nothing else."""

from __future__ import annotations

from flowrun.core.context import Context
from flowrun.core.schedule import Steps
from flowrun.core.steps.state import StepState
from flowrun.plan.model import ChooseStep


def run(ctx: Context, step: ChooseStep, path: str, state: StepState) -> Steps:
    """Return the last value of the branch that ran, None where none did."""
    from flowrun.core.steps.block import run_steps

    for branch in step.branches:
        if branch.when is None or ctx.value(branch.when) is True:
            return (yield from run_steps(ctx, branch.steps, path))
    return None
