"""Whom a flow asks, and when; what becomes of late answers; whose deadlines hold.

Owns: the steps that ask a person or wait, each with the conditions on the way to it, and the roles of a flow.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from flowrun.contract import model as c
from flowrun.contract.expression import written
from flowrun.contract.meaning import Meanings
from flowrun.contract.worst import patience
from flowrun.plan import model as m
from flowrun.plan.compile import steps_in
from flowrun.words import t

WhenList = tuple[c.When, ...]


def asked_by(plan: m.Plan, flow: m.FlowPlan) -> list[c.Asked]:
    """Return the people whom a flow's steps ask, in order."""
    meanings = Meanings(flow, plan.tables)
    found = []
    for step, when in on_the_way(flow.steps, meanings):
        if isinstance(step, m.AskPersonStep):
            waits = patience(plan.roles, step.to) if step.within is None else step.within
            found.append(
                c.Asked(
                    flow=flow.name,
                    step=step.id,
                    to=step.to,
                    words=written(step.prompt).strip().strip('"'),
                    when=list(when),
                    show=list(step.show),
                    within=None if math.isinf(waits) else waits,
                    late=step.on_error,
                    form=c.Schema(name=step.answer, schema=plan.schemas[step.answer]),
                )
            )
        elif isinstance(step, m.AskStep) and step.to == "customer":
            answer = step.answer or "text"
            form = c.Schema(name=answer, schema=plan.schemas.get(answer, {"type": "string"}))
            words = t("The model speaks with the customer.")
            found.append(
                c.Asked(
                    flow=flow.name,
                    step=step.id,
                    to=step.to,
                    words=words,
                    when=list(when),
                    late=step.on_error,
                    form=form,
                )
            )
    return found


def waits_of(plan: m.Plan, flow: m.FlowPlan) -> list[c.Wait]:
    """Return the steps that wait for time or an event."""
    found = []
    for step in steps_in(flow.steps):
        if not isinstance(step, m.WaitStep):
            continue
        limits = [limit for limit in (step.duration, step.within) if limit is not None]
        if step.event is not None:
            words = t("for the event {event}", event=step.event)
        elif step.moment is not None:
            words = t("until {moment}", moment=written(step.moment).strip('"'))
        else:
            words = t("for a while")
        found.append(
            c.Wait(flow=flow.name, step=step.id, words=words, most=min(limits, default=None), late=step.on_error)
        )
    return found


def on_the_way(
    steps: Sequence[m.AnyStep], meanings: Meanings, before: WhenList = ()
) -> Iterator[tuple[m.AnyStep, WhenList]]:
    """Yield each step with the conditions that must hold, or must not, for a run to come to it."""
    for step in steps:
        here = before if step.when is None else (*before, c.When(said=meanings.said(step.when, step.id)))
        yield step, here
        match step:
            case m.ChooseStep():
                passed = here
                for branch in step.branches:
                    if branch.when is None:
                        yield from on_the_way(branch.steps, meanings, passed)
                        continue
                    said = meanings.said(branch.when, step.id)
                    yield from on_the_way(branch.steps, meanings, (*passed, c.When(said=said)))
                    passed = (*passed, c.When(said=said, holds=False))
            case m.ForEachStep():
                yield from on_the_way(step.steps, meanings, here)
            case m.ParallelStep():
                for inner in step.branches.values():
                    yield from on_the_way(inner, meanings, here)


def roles_of(plan: m.Plan, uses: Sequence[c.ToolUse], asked: Sequence[c.Asked], owners: Sequence[str]) -> list[c.Role]:
    """Return the roles that may have to act, and those that late work goes on to, each once."""
    approvers = [role for use in uses for rule in use.rules for role in rule.approver]
    names = dict.fromkeys([*owners, *approvers, *(one.to for one in asked)])
    wanted = [name for name in names if name != "customer"]
    found: dict[str, c.Role] = {}
    while wanted:
        name = wanted.pop(0)
        if name in found:
            continue
        plan_of = plan.roles.get(name, m.RolePlan())
        found[name] = c.Role(name=name, members=list(plan_of.members), within=plan_of.within, then=plan_of.then)
        wanted += [plan_of.then] if plan_of.then is not None else []
    return list(found.values())
