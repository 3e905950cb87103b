"""What belongs to a flow as a whole, compared: who owns it, how far it may go, its budget, its failures, its record.

Owns: these comparisons.
"""

from __future__ import annotations

import re

from flowrun.contract import model as c
from flowrun.contract.changes.change import NARROWED, WIDENED, Changes
from flowrun.contract.changes.inputs import reaching
from flowrun.contract.changes.nodes import hidden_change, meaning_of, node_of
from flowrun.contract.changes.order import follows
from flowrun.contract.changes.schemas import NARROWER, SAME, WIDER, bare, order
from flowrun.contract.page import figure_amount, figure_name
from flowrun.contract.plain import listed
from flowrun.words import t

MODES = ("shadow", "supervised", "live")
BUDGET, FAILS, MODE, CHECK, INPUT = 74, 64, 94, 58, 62


def compare_head(old: c.Contract, new: c.Contract, out: Changes) -> None:
    """Compare who owns the flow, how far it may go, and whose run is whose."""
    if old.owner != new.owner:
        text = t("Hand-offs go to {now} instead of {before}.", now=new.owner, before=old.owner)
        out.wider(66, "owner", text, sure=False)
    if old.mode != new.mode:
        text = t("The workspace lets it run {now}; before: {before}.", now=new.mode, before=old.mode)
        if MODES.index(new.mode) > MODES.index(old.mode):
            out.wider(MODE, "mode", text)
        else:
            out.narrower(MODE, "mode", text)
    lifted = [name for name in old.halted if name not in new.halted]
    halted = [name for name in new.halted if name not in old.halted]
    if lifted:
        out.wider(MODE, "halted", t("No longer halted: {names}.", names=listed(lifted)))
    if halted:
        out.narrower(MODE, "halted", t("Halted now: {names}.", names=listed(halted)))
    if old.time_zone != new.time_zone:
        text = t(
            "Days and times of day are those of {now} instead of {before}.", now=new.time_zone, before=old.time_zone
        )
        out.wider(20, "time_zone", text, sure=False)
    _key(old, new, out)
    if meaning_of(old.subject) != meaning_of(new.subject):
        now, before = [t("nobody") if one is None else one.text for one in (new.subject, old.subject)]
        text = t("The customer of a run is {now}; before: {before}.", now=now, before=before)
        if old.subject is None:
            out.other(30, "subject", text)
        else:
            out.wider(60, "subject", text, sure=False)


def _key(old: c.Contract, new: c.Contract, out: Changes) -> None:
    if meaning_of(old.key) == meaning_of(new.key):
        return
    if new.key is None:
        out.wider(70, "key", t("The same input twice is no longer one run."))
    elif old.key is None:
        out.narrower(70, "key", t("The same input twice is one run now, by {key}.", key=new.key.text))
    else:
        text = t("The same input is known by {now} instead of {before}.", now=new.key.text, before=old.key.text)
        out.wider(50, "key", text, sure=False)


def compare_schemas(old: c.Contract, new: c.Contract, out: Changes) -> None:
    """Compare what the flow takes and which record it writes."""
    pairs = (("input", old.input, new.input), ("output", old.output, new.output))
    for what, was, now in pairs:
        told = {"now": now.name, "before": was.name}
        if order(was.schema, now.schema) == SAME and bare(was.schema) == bare(now.schema) and was.name == now.name:
            if was.schema != now.schema:
                text = t("The descriptions or marks of the flow's {what} are others.", what=_part(what))
                out.other(15, what, text)
            continue
        more = reaching(was.schema, now.schema, new) if what == "input" else []
        if more:
            text = t("It takes another input, and it cannot be told whether it lets more through: {fields}.",
                     fields=listed(more))  # fmt: skip
            out.wider(INPUT, what, text, sure=False)
        elif was.name == now.name:
            text = t("What {name} holds is otherwise ({what} of the flow).", name=now.name, what=_part(what))
            out.other(30, what, text)
        elif what == "input":
            out.other(30, what, t("It takes another input: {now}; before: {before}.", **told))
        else:
            out.other(30, what, t("It writes another record: {now}; before: {before}.", **told))


def _part(what: str) -> str:
    return t("input") if what == "input" else t("record")


def compare_written(old: c.Contract, new: c.Contract, out: Changes) -> None:
    """Compare from what the records are made."""
    before = {one.step: one for one in old.written}
    for one in new.written:
        was = before.pop(one.step, None)
        if was is None:
            text = t("The record {schema} is now also written in step {step}.", schema=one.schema, step=one.step)
            out.other(20, f"written {one.step}", text)
            continue
        if was.schema != one.schema:
            text = t("Step {step} writes the record {now} instead of {before}.",
                     step=one.step, now=one.schema, before=was.schema)  # fmt: skip
            out.other(20, f"written {one.step}", text)
        other = [name for name in {**was.fields, **one.fields} if was.fields.get(name) != one.fields.get(name)]
        if other:
            text = t("These fields of the record of step {step} come from elsewhere: {fields}.",
                     step=one.step, fields=listed(sorted(other)))  # fmt: skip
            out.other(20, f"written {one.step}", text)
    for one in before.values():
        text = t("The record {schema} is no longer written in step {step}.", schema=one.schema, step=one.step)
        out.other(20, f"written {one.step}", text)


def compare_failing(old: c.Contract, new: c.Contract, out: Changes) -> None:
    """Compare what happens when a step fails."""
    before = {(one.flow == old.flow or one.flow, one.step): one for one in old.failing}
    known = {(one.flow == new.flow or one.flow, one.step) for one in new.failing}
    gone = [one.verb for key, one in before.items() if key not in known and one.on_error != "continue"]
    for one in new.failing:
        was = before.get((one.flow == new.flow or one.flow, one.step))
        if was is None and one.on_error == "continue":
            text = t("When the new step {step} fails, the run goes on without it.", step=one.title or one.step)
            if one.verb in gone:  # it may be one that is gone, under another name
                out.wider(FAILS - 20, f"failing {one.step}", text, sure=False)
            else:
                out.other(25, f"failing {one.step}", text)
        if (
            was is not None
            and was.on_error == one.on_error == "hand_off"
            and was.owner != one.owner
            and one.flow != new.flow
        ):
            text = t("In the flow {flow}, {owner} gets the step {step} instead of {before}.",
                     flow=one.flow, owner=one.owner, step=one.step, before=was.owner)  # fmt: skip
            out.wider(66, f"failing {one.step}", text, sure=False)
        if was is None or was.on_error == one.on_error:
            continue
        about = f"failing {one.step}"
        values = {"step": one.title or one.step, "owner": was.owner or one.owner}
        if one.on_error == "continue" and was.on_error == "hand_off":
            text = t("When the step {step} fails, the run goes on without it, and {owner} no longer gets it.", **values)
            out.wider(FAILS, about, text)
        elif one.on_error == "continue":
            out.wider(FAILS, about, t("When the step {step} fails, the run goes on without it.", **values))
        elif one.on_error == "hand_off" and was.on_error == "continue":
            out.narrower(FAILS, about, t("When the step {step} fails, {owner} gets it.", **values))
        elif one.on_error == "hand_off":
            out.other(
                FAILS, about, t("When the step {step} fails, {owner} gets it, and the run does not fail.", **values)
            )
        elif was.on_error == "continue":
            out.narrower(FAILS, about, t("When the step {step} fails, the run fails.", **values))
        else:
            out.other(
                FAILS, about, t("When the step {step} fails, the run fails, and {owner} does not get it.", **values)
            )


def compare_checks(old: c.Contract, new: c.Contract, out: Changes) -> None:
    """Compare what is asked of the values that models, people and records give."""
    before = {(one.flow == old.flow or one.flow, one.step): one for one in old.checks}
    _lost_checks(old, new, out)
    for one in new.checks:
        was = before.get((one.flow == new.flow or one.flow, one.step))
        if was is None:
            continue
        about = f"checks {one.step}"
        _condition(was, one, about, out)
        if was.by != one.by:
            text = t(
                "The value of step {step} is given by a {now} instead of a {before}.",
                step=one.step,
                now=one.by,
                before=was.by,
            )
            out.wider(CHECK, about, text, sure=False)
        schemas = [{"type": "string"} if check.schema is None else check.schema.schema for check in (was, one)]
        found = order(schemas[0], schemas[1])
        values = {"step": one.step}
        if found == NARROWER:
            out.narrower(CHECK, about, t("The value of step {step} may hold less.", **values))
        elif found == WIDER:
            out.wider(CHECK, about, t("The value of step {step} may hold more.", **values))
        elif found != SAME:
            text = t("The value of step {step} holds something else, perhaps more.", **values)
            out.wider(CHECK, about, text, sure=False)
        elif schemas[0] != schemas[1]:
            out.other(10, about, t("The descriptions or marks of the value of step {step} are others.", **values))


def _lost_checks(old: c.Contract, new: c.Contract, out: Changes) -> None:
    """A check whose step is gone may be lost, even where the step only has another name."""
    before = {(one.flow == old.flow or one.flow, one.step) for one in old.checks}
    after = {(one.flow == new.flow or one.flow, one.step) for one in new.checks}
    fresh = [one for one in new.checks if (one.flow == new.flow or one.flow, one.step) not in before]
    for one in old.checks:
        if (one.flow == old.flow or one.flow, one.step) in after:
            continue
        alike = [other for other in fresh if other.by == one.by]
        if any(_asks_as_much(other, one) for other in alike) or (one.said is None and not alike):
            continue
        asked = t("its form") if one.said is None else one.said.words
        text = t(
            "The step {step} is gone, and with it what was asked of its value: {asked}.", step=one.step, asked=asked
        )
        out.wider(CHECK, f"checks {one.step}", text, sure=False)


def _asks_as_much(now: c.Check, was: c.Check) -> bool:
    forms = [{"type": "string"} if check.schema is None else check.schema.schema for check in (was, now)]
    said = ["" if check.said is None else f"{check.said.text} " for check in (was, now)]
    own = re.compile(rf"\bsteps\.{re.escape(was.step)}\b")
    return order(forms[0], forms[1]) in (SAME, NARROWER) and own.sub(f"steps.{now.step}", said[0]) in ("", said[1])


def _condition(was: c.Check, now: c.Check, about: str, out: Changes) -> None:
    before, after = [[] if one.said is None else [(node_of(one.said), True)] for one in (was, now)]
    values = {
        "step": now.step,
        "before": t("nothing") if was.said is None else was.said.words,
        "now": t("nothing") if now.said is None else now.said.words,
    }
    looser, stricter = (
        not all(follows(after, goal) for goal in before),
        not all(follows(before, goal) for goal in after),
    )
    text = t("Of the value of step {step} it is asked: {now}; before: {before}.", **values)
    hidden = hidden_change(was.said, now.said)
    if hidden:
        text = t("What is asked of the value of step {step} is otherwise. {hidden}", **values, hidden=hidden)
    if looser:
        out.wider(CHECK, about, text, sure=not stricter)
    elif stricter:
        out.narrower(CHECK, about, text)


def compare_inner(old: c.Contract, new: c.Contract, out: Changes) -> None:
    """Compare the budgets of the flows that it calls."""
    for flow in sorted(set(old.inner) & set(new.inner)):
        was, now = old.inner[flow], new.inner[flow]
        for name in sorted({*was, *now}):
            if was.get(name) == now.get(name):
                continue
            text = t("The budget of the flow {flow} for {what} goes from {before} to {now}.", flow=flow, what=name,
                     before=_limit(name, was.get(name)), now=_limit(name, now.get(name)))  # fmt: skip
            if name not in now or (name in was and now[name] > was[name]):
                out.wider(BUDGET - 10, f"inner {flow}", text)
            else:
                out.narrower(BUDGET - 10, f"inner {flow}", text)


def _limit(name: str, value: float | None) -> str:
    unit = name.removeprefix("cost ") if name.startswith("cost ") else "s" if name == "within" else ""
    return figure_amount(c.Figure(name=name, unit=unit), value)


def compare_figures(old: c.Contract, new: c.Contract, out: Changes) -> None:
    """Compare what the budget allows; what the steps come to follows from other changes."""
    before = {(one.name, one.unit): one for one in old.figures}
    after = {(one.name, one.unit): one for one in new.figures}
    for key in dict.fromkeys([*before, *after]):
        empty = c.Figure(name=key[0], unit=key[1], steps=0)
        was, now = before.get(key, empty), after.get(key, empty)
        missing = key not in before or key not in after
        if was.budget != now.budget and not (missing and None in (was.budget, now.budget) and key[0] == "cost"):
            _budget(was, now, out)
        elif was.most != now.most:
            _most(was, now, out, recounted=key[0] == "writes" and _recounted(old, new))


def _recounted(old: c.Contract, new: c.Contract) -> bool:
    """Whether a tool only counts as something else: then fewer writes are not surely less that it does."""
    before = {use.tool: use.effect for use in old.uses}
    return any(before.get(use.tool, use.effect) != use.effect for use in new.uses)


def _budget(was: c.Figure, now: c.Figure, out: Changes) -> None:
    more = now.budget is None or (was.budget is not None and now.budget > was.budget)
    values = {
        "what": figure_name(now.name),
        "before": figure_amount(was, was.budget),
        "now": figure_amount(now, now.budget),
    }
    text = t("The budget changes. {what}: {before} -> {now}.", **values)
    if more:
        out.wider(BUDGET, f"figures {now.name}", text)
    else:
        out.narrower(BUDGET, f"figures {now.name}", text)


def _most(was: c.Figure, now: c.Figure, out: Changes, *, recounted: bool) -> None:
    more = now.most is None or (was.most is not None and now.most > was.most)
    text = t("{what} in a run: {before} -> {now}.", what=figure_name(now.name),
             before=figure_amount(was, was.most), now=figure_amount(now, now.most))  # fmt: skip
    if now.name == "waiting" or (recounted and not more):
        out.other(15, f"figures {now.name}", text)
        return
    causes = ("at_most", "uses ") if now.name in ("writes", "tool_calls", "work") else ("models ",)
    out.follows(WIDENED if more else NARROWED, 35, f"figures {now.name}", text, causes, of_any=True)


def compare_facts(old: c.Contract, new: c.Contract, out: Changes) -> None:
    """Compare what is read for the rules; what a rule makes of it is compared with the rule."""
    for name, call in new.facts.items():
        if name not in old.facts:
            out.other(20, f"facts {name}", t("For its rules it now reads {call}.", call=call))
        elif old.facts[name] != call:
            out.other(20, f"facts {name}", t("For its rules it now reads {call} instead of {before}.",
                                             call=call, before=old.facts[name]))  # fmt: skip
    for name, call in old.facts.items():
        if name not in new.facts:
            out.other(10, f"facts {name}", t("For its rules it no longer reads {call}.", call=call))


def compare_outcomes(old: c.Contract, new: c.Contract, out: Changes) -> None:
    """Compare how a run can end."""
    more = [name for name in new.outcomes if name not in old.outcomes]
    fewer = [name for name in old.outcomes if name not in new.outcomes]
    if more:
        out.other(20, "outcomes", t("A run can now also end: {outcomes}.", outcomes=listed(more)))
    if fewer:
        out.other(20, "outcomes", t("A run can no longer end: {outcomes}.", outcomes=listed(fewer)))
