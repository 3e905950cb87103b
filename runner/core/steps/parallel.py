"""`parallel`: named branches side by side. Owns the fork over branches."""

from __future__ import annotations

from functools import partial
from typing import Any

from flowrun.core.context import Context
from flowrun.core.schedule import Fork, Steps
from flowrun.core.steps.state import StepState
from flowrun.plan.model import ParallelStep

Json = Any


def run(ctx: Context, step: ParallelStep, path: str, state: StepState) -> Steps:
    """Return a map of the branches' last values, in the order of declaration."""
    from flowrun.core.steps.block import run_steps

    children = {name: ctx.child(f"{path}/{name}") for name in step.branches}
    try:
        values: list[Json] = yield Fork(
            [partial(run_steps, children[name], steps) for name, steps in step.branches.items()]
        )
    finally:  # what was done stays done, also where a branch failed
        for child in children.values():
            ctx.join(child, visible=True)
    return dict(zip(step.branches, values, strict=True))
