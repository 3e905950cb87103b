"""Whom a flow asks, and when; what becomes of late answers; whose deadlines hold.

Owns: the steps that ask a person or wait, each with the conditions on the way to it, and the roles of a flow.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

from flowrun.contract import model as c
from flowrun.contract.expression import written
from flowrun.contract.failing import always_stops
from flowrun.contract.meaning import Meanings
from flowrun.contract.plain import plain, spoken
from flowrun.contract.worst import patience
from flowrun.plan import model as m
from flowrun.plan.compile import steps_in
from flowrun.words import t

WhenList = tuple[c.When, ...]


def asked_by(plan: m.Plan, flow: m.FlowPlan) -> list[c.Asked]:
    """Return the people whom a flow's steps ask, in order."""
    meanings = Meanings(flow, plan.tables)
    found = []
    for step, when, _ in on_the_way(flow.steps, meanings):
        if isinstance(step, m.AskPersonStep):
            waits = patience(plan.roles, step.to) if step.within is None else step.within
            found.append(
                c.Asked(
                    flow=flow.name,
                    step=step.id,
                    to=step.to,
                    words=spoken(step.prompt),
                    when=list(when),
                    show=list(step.show),
                    told=list(dict.fromkeys(written(part) for part in _parts(step.prompt) if part[0] != "lit")),
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


def _parts(prompt: m.Node) -> list[m.Node]:
    """Return the parts of a question: its own words, and the values between them."""
    return list(prompt[1]) if prompt[0] == "text" else [prompt]


def waits_of(plan: m.Plan, flow: m.FlowPlan) -> list[c.Wait]:
    """Return the steps that wait for time or an event."""
    found = []
    for step in steps_in(flow.steps):
        if not isinstance(step, m.WaitStep):
            continue
        limits = [limit for limit in (step.duration, step.within) if limit is not None]
        if step.event is not None:
            key = "" if step.key is None else written(step.key)
            words = t("for the event {event} with the key {key}", event=step.event, key=key)
        elif step.moment is not None:
            words = t("until {moment}", moment=written(step.moment).strip('"'))
        else:
            words = t("for a while")
        found.append(
            c.Wait(flow=flow.name, step=step.id, words=words, most=min(limits, default=None), late=step.on_error)
        )
    return found


def on_the_way(steps: Sequence[m.AnyStep], meanings: Meanings) -> Iterator[tuple[m.AnyStep, WhenList, tuple[str, ...]]]:
    """Yield each step with the conditions that must hold, or must not, for a run to come to it, and the steps before it that
    ask a person. A branch that ends the run is a condition for all that stands after it.
    """
    yield from _way(steps, meanings, _Place())


@dataclass(frozen=True, slots=True)
class _Place:
    when: WhenList = ()
    after: tuple[str, ...] = ()

    def where(self, *more: c.When) -> _Place:
        return _Place((*self.when, *more), self.after)


def _way(
    steps: Sequence[m.AnyStep], meanings: Meanings, here: _Place
) -> Generator[tuple[m.AnyStep, WhenList, tuple[str, ...]], None, _Place]:
    for step in steps:
        inside = here if step.when is None else here.where(c.When(said=meanings.said(step.when, step.id)))
        yield step, inside.when, inside.after
        more: list[c.When] = []
        match step:
            case m.ChooseStep():
                more = yield from _choice(step, meanings, inside)
            case m.ForEachStep():
                yield from _way(step.steps, meanings, inside)
            case m.ParallelStep():
                for inner in step.branches.values():
                    yield from _way(inner, meanings, inside)
            case m.StopStep() if step.when is not None:
                more = [c.When(said=meanings.said(step.when, step.id), holds=False)]
        if step.when is not None and not isinstance(step, m.StopStep):
            more = []  # where the step is skipped, its branches bar nothing
        asked = tuple(one.id for one in steps_in([step]) if isinstance(one, m.AskPersonStep))
        here = _Place((*here.when, *more), (*here.after, *asked))
    return here


def _choice(
    step: m.ChooseStep, meanings: Meanings, here: _Place
) -> Generator[tuple[m.AnyStep, WhenList, tuple[str, ...]], None, list[c.When]]:
    """Yield the steps of the branches; return what holds after them, for those that end the run are not passed."""
    passed = here
    passing: list[c.Said] = []
    barred: list[c.When] = []
    for branch in step.branches:
        ends = always_stops(branch.steps)
        if branch.when is None:
            yield from _way(branch.steps, meanings, passed)
            if ends and len(passing) == 1:
                barred.append(c.When(said=passing[0]))
            elif ends and passing:
                either = ["or", [one.node for one in passing]]
                meaning = " ".join(one.meaning for one in passing)
                barred.append(
                    c.When(said=c.Said(words=plain(either), text=written(either), node=either, meaning=meaning))
                )
            continue
        said = meanings.said(branch.when, step.id)
        yield from _way(branch.steps, meanings, passed.where(c.When(said=said)))
        passed = passed.where(c.When(said=said, holds=False))
        if not ends:
            passing.append(said)
        elif not passing:
            barred.append(c.When(said=said, holds=False))
    return barred


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
