"""Which step of which flow an event's path belongs to.

Owns: reading paths. A path names the steps from the run's flow inward; a `call` of a flow leads into that flow, an item of
`for_each` is a number, a branch of `parallel` is its name, and what begins with `@` or holds a hyphen is inside a step.
"""

from __future__ import annotations

from flowrun.plan.compile import steps_in
from flowrun.plan.model import AnyStep, CallStep, FlowPlan, ParallelStep, Plan


def locate(plan: Plan, path: str) -> tuple[FlowPlan, AnyStep | None]:
    """Return the flow that a path is in and its innermost step, None where it is in none."""
    flow: FlowPlan = plan.flow
    step: AnyStep | None = None
    inner: FlowPlan | None = None
    known = steps_of(flow)
    branch = False
    for part in path.split("/"):
        if branch:  # the name of a branch may be that of a step
            branch = False
            continue
        if inner is not None and part in steps_of(inner):
            flow, known = inner, steps_of(inner)
        found = known.get(part)
        if found is None:
            continue
        step = found
        branch = isinstance(step, ParallelStep)
        inner = plan.flows.get(step.flow) if isinstance(step, CallStep) and step.flow else None
    return flow, step


def steps_of(flow: FlowPlan) -> dict[str, AnyStep]:
    """Return every step of a flow by its id, those inside blocks too."""
    return {step.id: step for step in steps_in(flow.steps)}
