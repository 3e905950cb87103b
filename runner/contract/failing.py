"""What happens when a step fails, and how a run can end.

Owns: one entry for each step that can fail, and the outcomes that follow from all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flowrun.contract import model as c
from flowrun.contract.meaning import inside
from flowrun.plan import model as m
from flowrun.plan.compile import steps_in

LEAVES = (m.CallStep, m.AskStep, m.AskPersonStep, m.RecordStep, m.WaitStep)
OUTCOMES = (
    "completed", "completed_with_gaps", "handed_off", "rejected", "stopped_by_budget", "in_doubt", "failed", "cancelled"
)  # fmt: skip


def failing_of(flow: m.FlowPlan) -> list[c.Failing]:
    """Return what each step of a flow does when it fails; blocks only where they say something themselves."""
    found = []
    for step in steps_in(flow.steps):
        if isinstance(step, LEAVES) or step.on_error != "fail":
            owner = flow.owner if step.on_error == "hand_off" else ""
            found.append(
                c.Failing(
                    flow=flow.name,
                    step=step.id,
                    title=step.title,
                    verb=verb_of(step),
                    on_error=step.on_error,
                    owner=owner,
                )
            )
    return found


def verb_of(step: m.AnyStep) -> str:
    """Return a step's verb as the language spells it."""
    return str(type(step).__struct_config__.tag)


def outcomes_of(plan: m.Plan) -> list[str]:
    """Return how a run of a plan can end."""
    found = {"cancelled"}
    flow = plan.flow
    ends = {step.outcome for step in steps_in(flow.steps) if isinstance(step, m.StopStep)}
    found |= ends
    if not always_stops(flow.steps):
        found.add("completed")
    flows = [flow, *plan.flows.values()]
    handled = {answer for one in flows for answer in _answers(one.steps, ())}
    asks = any(isinstance(s, m.AskPersonStep) and s.on_error == "hand_off" for f in flows for s in steps_in(f.steps))
    if "hand_off" in handled or asks:
        found.add("handed_off")
    if "continue" in handled:
        found.add("completed_with_gaps")
    if "fail" in handled:
        found |= {"failed", "stopped_by_budget"} if _limited(plan) else {"failed"}
    if any(_writes(plan, one) for one in flows):
        found.add("in_doubt")
    return [outcome for outcome in OUTCOMES if outcome in found]


def _answers(steps: Sequence[m.AnyStep], around: tuple[str, ...]) -> Iterator[str]:
    """Yield what answers the failure of each step: its own word, else that of the nearest block around it."""
    for step in steps:
        if isinstance(step, LEAVES):
            yield next((word for word in (step.on_error, *around) if word != "fail"), "fail")
        for inner in inside(step):
            yield from _answers(inner, (step.on_error, *around))


def always_stops(steps: Sequence[m.AnyStep]) -> bool:
    """Say whether no path comes out at the end of steps."""
    for step in steps:
        if step.when is not None:
            continue
        if isinstance(step, m.StopStep):
            return True
        if step.on_error != "fail":  # what fails inside before its stop lets the flow go on
            continue
        if isinstance(step, m.ChooseStep) and any(branch.when is None for branch in step.branches):
            if all(always_stops(branch.steps) for branch in step.branches):
                return True
        elif isinstance(step, m.ParallelStep) and any(always_stops(inner) for inner in step.branches.values()):
            return True
    return False


def _limited(plan: m.Plan) -> bool:
    names = ("cost", "model_calls", "tool_calls", "writes", "within", "tokens")
    budgets = [plan.flow.budget, plan.ceiling, *(flow.budget for flow in plan.flows.values())]
    return any(getattr(budget, name) is not None for budget in budgets for name in names)


def _writes(plan: m.Plan, flow: m.FlowPlan) -> bool:
    used = {step.tool for step in steps_in(flow.steps) if isinstance(step, m.CallStep)}
    used |= {name for step in steps_in(flow.steps) if isinstance(step, m.AskStep) for name in step.tools}
    return any(name in plan.tools and plan.tools[name].effect == "write" for name in used)
