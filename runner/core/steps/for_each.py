"""`for_each`: the steps once per item, several at once. Owns the fork over items."""

from __future__ import annotations

from functools import partial
from typing import Any

from flowrun.core.context import Context
from flowrun.core.events import StepFailed
from flowrun.core.failure import Failure
from flowrun.core.schedule import Fork, Steps
from flowrun.core.steps.state import StepState
from flowrun.plan.model import ForEachStep

Json = Any


def run(ctx: Context, step: ForEachStep, path: str, state: StepState) -> Steps:
    """Return the items' last values in order; under `on_error: continue` an item that failed is None."""
    from flowrun.core.steps.block import run_steps

    items = ctx.value(step.items)
    if not isinstance(items, list):
        items = []
    children = [ctx.child(f"{path}/{place}", item=item) for place, item in enumerate(items)]
    for child, item in zip(children, items, strict=True):
        child.group = ctx.group or path
        child.names.item = item  # a null item, too, hides the item of an outer `for_each`

    def on_failure(place: int, failure: Failure) -> None:
        ctx.execution.gaps = True
        at = children[place].path
        ctx.execution.note(
            StepFailed(path=at, at=ctx.execution.now, step=step.id, fault=failure.fault, on_error="continue")
        )

    try:
        values: list[Json] = yield Fork(
            [partial(run_steps, child, step.steps) for child in children],
            at_once=step.at_once,
            on_failure=on_failure if step.on_error == "continue" else None,
        )
    finally:  # what was done stays done, also where an item failed
        for child in children:
            ctx.join(child, visible=False)
    return values
