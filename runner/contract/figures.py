"""The figures of a run at worst: what its steps can come to, and what its budget allows.

Owns: putting the walk beside the budget and the workspace's ceiling, with what a figure leaves out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from flowrun.contract import load as ld
from flowrun.contract import model as c
from flowrun.contract.worst import limits_of
from flowrun.core.context import Meter
from flowrun.plan import model as m
from flowrun.plan.compile import asks_in, steps_in
from flowrun.plan.prices import unpriced
from flowrun.words import t


def figures_of(plan: m.Plan, load: ld.Load) -> list[c.Figure]:
    """Return the figures of one run of a plan."""
    return list(_figures(plan, load))


def allowed(plan: m.Plan) -> m.BudgetPlan:
    """Return a flow's budget, cut to what the workspace allows any run."""
    limits = Meter(plan.flow.budget, ceiling=plan.ceiling).limits
    own = plan.flow.budget
    return m.BudgetPlan(
        cost=limits.get("cost"),
        currency=own.currency if own.cost is not None else plan.ceiling.currency,
        model_calls=limits.get("model_calls"),
        tool_calls=limits.get("tool_calls"),
        writes=limits.get("writes"),
        within=limits["within"] / 1_000_000 if "within" in limits else None,
        tokens=limits.get("tokens"),
    )


def budget_of(budget: m.BudgetPlan) -> dict[str, float]:
    """Return the limits of a budget by name, money with its currency."""
    names = ("model_calls", "tool_calls", "writes", "within")
    found = {name: float(limit) for name in names if (limit := getattr(budget, name)) is not None}
    return found if budget.cost is None else {**found, f"cost {budget.currency}": float(budget.cost)}


def _figures(plan: m.Plan, load: ld.Load) -> Iterator[c.Figure]:
    budget = allowed(plan)
    limits = limits_of(budget)
    flows = [plan.flow, *plan.flows.values()]
    steps = [step for flow in flows for step in steps_in(flow.steps)]
    resumed = [t("A person who resumes a step after a hand-off may add what that step uses.")]
    again = resumed if any(step.on_error == "hand_off" for step in steps) else []
    yield _figure("model_calls", load, ld.MODEL_CALLS, limits, again)
    looked = [t("Reads for the rules of policies, and look-ups of writes in doubt, are not counted.")]
    facts = any(rule.facts for policy in plan.policies.values() for rule in policy.rules)
    yield _figure("tool_calls", load, ld.TOOL_CALLS, limits, [*again, *(looked if facts else [])])
    yield _figure("writes", load, ld.WRITES, limits, [])
    yield from _costs(plan, load, budget)
    pauses = [t("Pauses that a server asks for are not in the time of the steps.")]
    yield _figure("work", load, ld.WORK, limits, pauses if load[ld.WORK] else [], unit="s")
    hand_offs = [t("A hand-off waits until somebody acts; that is not counted.")] if again else []
    yield c.Figure(name="waiting", unit="s", steps=_known(load.waiting), notes=hand_offs)
    if budget.tokens is not None:
        yield c.Figure(name="tokens", budget=budget.tokens)


def _costs(plan: m.Plan, load: ld.Load, budget: m.BudgetPlan) -> Iterator[c.Figure]:
    used = {name for flow in [plan.flow, *plan.flows.values()] for step in asks_in(flow.steps) for name in step.models}
    unknown = sorted(name for name in used if name in plan.models and unpriced(plan.models[name]))
    notes = [t("The price of the model {model} is not known.", model=name) for name in unknown]
    currencies = sorted({key[1] for key in load.sums if key[0] == "cost"} | {budget.currency})
    for currency in currencies:
        mine = budget.cost if currency == budget.currency else None
        steps = load[ld.cost_in(currency)]
        if currency != budget.currency and not steps:
            continue
        endless = [t("How much a model can read is not known, so its steps set no bound on the cost.")]
        more = endless if math.isinf(steps) and not unknown else []
        yield c.Figure(name="cost", unit=currency, steps=_known(steps), budget=mine, notes=[*notes, *more])


def _figure(
    name: str, load: ld.Load, key: ld.Key, limits: dict[ld.Key, float], notes: list[str], unit: str = ""
) -> c.Figure:
    return c.Figure(name=name, unit=unit, steps=_known(load[key]), budget=limits.get(key), notes=notes)


def _known(amount: float) -> float | None:
    return None if math.isinf(amount) else amount
