"""Which data reach which model: every field that a step's prompt names or that its tools give back, with its marks.

Owns: one `ModelUse` for each model of each `ask`. What is hidden from a model while a run goes on is `privacy.masking`'s
part; here stands what the workspace's `privacy:` says of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flowrun.contract import model as c
from flowrun.contract.fields import Field, fields_of
from flowrun.contract.meaning import Meanings, digest_of
from flowrun.contract.values import CUSTOMER, EVENT, INPUT, MODEL, PERSON, TOOL, UNKNOWN, FlowValues, Origin
from flowrun.plan import model as m
from flowrun.plan.compile import asks_in, steps_in
from flowrun.plan.model import IN_PROCESS
from flowrun.plan.prices import unpriced
from flowrun.privacy.marks import SECRET
from flowrun.words import t

ALLOW, TOKEN, DENIED = "allow", "token", "deny"


def models_of(plan: m.Plan, flow: m.FlowPlan) -> list[c.ModelUse]:
    """Return which models a flow's steps ask, and what each reads."""
    values = FlowValues(plan, flow)
    found = []
    for step in asks_in(flow.steps):
        for name in step.models:
            model = plan.models.get(name) or m.ModelPlan(name=name, provider=name)
            shown: dict[str, c.Shown] = {}
            for label, field in _read(plan, flow, step, values):
                becomes = treatment(field.kind, model.provider, plan.privacy)
                one = c.Shown(field=label, kind=field.kind, untrusted=field.untrusted, becomes=becomes)
                shown.setdefault(label, one)
            found.append(
                c.ModelUse(
                    flow=flow.name,
                    step=step.id,
                    model=name,
                    provider=model.provider,
                    server=" ".join(part for part in (model.model, model.base_url) if part),
                    priced=not unpriced(model),
                    told=digest_of([step.prompt, [e for e in flow.examples if e.step == step.id]]),
                    shown=sorted(shown.values(), key=lambda one: one.field),
                )
            )
    return found


def checks_of(plan: m.Plan, flow: m.FlowPlan, meanings: Meanings) -> list[c.Check]:
    """Return what is asked of the values that models, people and records give."""
    found = []
    for step in steps_in(flow.steps):
        if not isinstance(step, m.AskStep | m.AskPersonStep | m.RecordStep):
            continue
        name = step.schema if isinstance(step, m.RecordStep) else step.answer
        by = {m.AskStep: MODEL, m.AskPersonStep: PERSON}.get(type(step), "record")
        found.append(
            c.Check(
                flow=flow.name,
                step=step.id,
                by=by,
                schema=None if name is None else c.Schema(name=name, schema=plan.schemas[name]),
                said=None if step.only_when is None else meanings.said(step.only_when, step.id),
            )
        )
    return found


def treatment(kind: str, provider: str, privacy: Mapping[str, str]) -> str:
    """Return what a model sees of a field with a mark: `allow`, `token` or `deny`."""
    if kind == SECRET:
        return DENIED
    return ALLOW if provider in IN_PROCESS or not kind else privacy.get(kind, ALLOW)


def treatment_words(becomes: str) -> str:
    """Return in words what a model sees of a field."""
    if becomes == TOKEN:
        return t("as a token that stands for it")
    return t("not at all") if becomes == DENIED else t("as it is")


def _read(plan: m.Plan, flow: m.FlowPlan, step: m.AskStep, values: FlowValues) -> Iterator[tuple[str, Field]]:
    for origin in values.origins(step.prompt, step.id):
        yield from _fields(origin)
    for name in step.tools:
        tool = plan.tools[name]
        for field in fields_of(tool.output):
            yield label_of(TOOL, name, field.path), field
    if step.to == "customer":
        yield "the customer's words", Field((), "free_text", True)


def _fields(origin: Origin) -> Iterator[tuple[str, Field]]:
    if origin.by == UNKNOWN:
        yield t("what cannot be followed ({name})", name=origin.name), Field((), "", True, loose=True)
    if origin.by not in (INPUT, TOOL, MODEL, PERSON, CUSTOMER, EVENT):
        return
    for field in origin.fields():
        yield label_of(origin.by, origin.name, field.path, origin.output), field


def label_of(by: str, name: str, path: tuple[str, ...], side: str = "") -> str:
    """Return the name of a field by where it comes from: `input.text`, `crm.lookup_customer: plan`."""
    inside = ".".join(path)
    if by == INPUT:
        return f"input.{inside}" if inside else "input"
    what = name if not side else f"{name} ({side})"
    if by in (MODEL, PERSON, CUSTOMER):
        what = f"steps.{name}"
        return f"{what}.{inside}" if inside else what
    return f"{what}: {inside}" if inside else what
