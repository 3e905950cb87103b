"""What happened in the run of a test, in a few lines.

Owns: that short form, for tests that fail. The timeline of a real run is `app.look`'s part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flowrun.core import events as ev
from flowrun.insight.places import locate
from flowrun.plan.model import Plan
from flowrun.testing.result import shown
from flowrun.words import t

Json = Any
MOST = 40
"""Lines of a story; what is between its beginning and its end is left out of a longer one."""


def story(plan: Plan, events: Sequence[ev.AnyEvent]) -> list[str]:
    """Return what happened, in order, each line with the step that it happened in."""
    lines = []
    for event in events:
        _, step = locate(plan, event.path)
        where = "" if step is None else f"{step.id}: "
        lines += [f"{where}{text}" for text in _told(event)]
    if len(lines) > MOST:
        left = len(lines) - MOST
        lines = [*lines[: MOST // 2], f"… {left} more", *lines[-MOST // 2 :]]
    return lines


def _told(event: ev.AnyEvent) -> Iterator[str]:
    match event:
        case ev.RunStarted():
            yield t("the input arrived: {value}", value=shown(event.input))
        case ev.ModelReplied():
            for tool, args in event.proposals:
                yield t("the model proposed {tool} {args}", tool=tool, args=shown(args))
            if event.answered:
                yield t("the model answered {value}", value=shown(event.answer))
            if event.text is not None:
                yield t("the model said {value}", value=shown(event.text))
        case ev.ModelFailed():
            yield t("the model failed: {why}", why=event.fault.message)
        case ev.AnswerInvalid():
            told = "; ".join(f"{p.get('path') or t('the whole')}: {p['message']}" for p in event.problems)
            yield t("the answer was not valid: {why}", why=told)
        case ev.Decided():
            yield from map(_verdict, event.verdicts)
        case ev.Refused():
            yield t("the call was refused at the last moment by {rule}: {why}", rule=event.rule, why=event.reason)
        case ev.Returned():
            yield t("{tool} gave {value}", tool=event.tool or t("the call"), value=shown(event.output))
        case ev.CallFailed():
            yield t("{tool} failed: {why}", tool=event.tool or t("the call"), why=event.fault.message)
        case ev.Doubted():
            tool = event.tool or t("the call")
            yield t("nobody knows whether {tool} was done: {why}", tool=tool, why=event.fault.message)
        case ev.StepFailed():
            yield t("the step failed ({why}); on_error: {then}", why=event.fault.message, then=event.on_error)
        case ev.Asked():
            kind, who = event.kind.replace("_", "-"), ", ".join(event.to)
            yield t("{who} were asked ({kind}): {what}", who=who, kind=kind, what=event.title)
        case ev.Approved(yes=True):
            yield t("{who} said yes for {role}", who=event.by, role=event.role)
        case ev.Approved():
            yield t("{who} said no for {role}", who=event.by, role=event.role)
        case ev.Escalated():
            yield t("{late} did not answer in time; now {role} is asked", late=event.late, role=event.role)
        case ev.Edited():
            yield t("{who} changed the call to {args}", who=event.by, args=shown(event.args))
        case ev.Answered() if event.action == "answer":
            yield t("{who} answered {value}", who=event.by or t("somebody"), value=shown(event.data))
        case ev.Answered() if event.action not in ("approve", "reject", "edit"):
            yield f"{event.by or t('nobody')}: {event.action.replace('_', ' ')}"
        case ev.Waiting():
            yield t("waits for {what}", what=event.event or event.due)
        case ev.Woken(timer=True):
            yield t("the time came")
        case ev.Woken():
            yield t("the event came: {value}", value=shown(event.payload))
        case ev.RecordWritten():
            yield t("wrote the record {schema}: {value}", schema=event.schema, value=shown(event.record))
        case ev.RunFinished():
            yield t("ended {outcome}", outcome=event.outcome) + (f": {event.reason}" if event.reason else "")


def _verdict(verdict: ev.Verdict) -> str:
    what = f"{verdict.tool} {shown(verdict.args)}"
    if verdict.verdict == "deny":
        rules = ", ".join(dict.fromkeys(verdict.denials))
        return t("denied by {rules}: {what}: {why}", rules=rules, what=what, why=verdict.reason)
    if verdict.verdict == "ask":
        return t("needs a yes of {who}: {what}", who=", ".join(verdict.approvers), what=what)
    return t("allowed: {what}", what=what)
