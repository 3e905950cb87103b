"""What happened in a run, in plain words.

Owns: the timeline of `flowrun show`. It reads events and decides nothing; how lines are printed is the command line's
part, and the three sentences of `flowrun why` are in `whys`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from flowrun.app import words
from flowrun.app.origins import origins_of, told_below
from flowrun.app.words import listed
from flowrun.core import events as ev
from flowrun.core.execution import raised_to
from flowrun.plan.model import Plan
from flowrun.ports.journal import Journal
from flowrun.values.micros import MICRO
from flowrun.words import mark, t

Json = Any
MOST_RUNS = 10_000
"""Waiting runs that are looked through for the events that they await."""


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened. `tone`: `good`, `bad`, `wait` or empty; `lines` are details."""

    at: str
    path: str
    title: str
    lines: list[str] = []
    tone: str = ""


def timeline(
    events: Sequence[ev.AnyEvent], plan: Plan | None = None, real: Sequence[ev.AnyEvent] | None = None
) -> list[Moment]:
    """Return what happened, in order; with the run's plan also where each argument of a write came from.

    `real`: the events as they are, where `events` hold placeholders: origins are found by comparing values.
    """
    origins = {} if plan is None else origins_of(plan, events if real is None else real)
    replied = {event.path for event in events if isinstance(event, ev.ModelReplied | ev.ModelFailed)}
    writes = {event.path for event in events if isinstance(event, ev.Intended)}
    moments: list[Moment] = []
    shadow = bool(events) and isinstance(events[0], ev.RunStarted) and events[0].mode == "shadow"
    for number, event in enumerate(events):
        if isinstance(event, ev.ModelStarted) and event.path in replied:
            continue
        if isinstance(event, ev.Answered) and event.action == "edit":
            continue  # the edit itself is told; this only closes its entry
        if isinstance(event, ev.Decided):
            for verdict in event.verdicts:
                moment = _verdict(event, verdict, shadow)
                below = told_below(origins.get((number, verdict.path)))
                moments.append(msgspec.structs.replace(moment, lines=[*moment.lines, *below]))
            continue
        title, lines, tone = _TOLD[type(event)](event)
        if isinstance(event, ev.Returned):
            tone = "good" if event.path in writes else ""
            title = _returned(event, wrote=event.path in writes)
            if event.first:
                title = t(
                    "{tool} was not called: the run {first} had done it; the first result is given",
                    tool=event.tool,
                    first=event.first,
                )
            if event.simulated:
                title, tone = t("{tool} would have done it (simulated: nothing was written)", tool=event.tool), ""
        moments.append(Moment(at=event.at, path=event.path, title=title, lines=lines, tone=tone))
    return moments


def _returned(event: ev.Returned, *, wrote: bool) -> str:
    tool = event.tool or t("The tool")
    if event.repeat:
        if wrote:
            return t("{tool} did it (it had been done before; the first result is given)", tool=tool)
        return t("{tool} answered (it had been done before; the first result is given)", tool=tool)
    return t("{tool} did it", tool=tool) if wrote else t("{tool} answered", tool=tool)


def rule_words(rule: str, tool: str = "") -> str:
    """Return a rule's id as people know it: of the flow, or of which policy."""
    policy, colon, name = rule.rpartition(":")
    if colon:
        return t("{name} (policy {policy})", name=name, policy=policy)
    return t("what the flow says of {tool}", tool=tool) if rule == tool else rule


def judged_by(verdict: ev.Verdict) -> list[str]:
    """Return the rules that were judged, by the file that they stand in."""
    policies: dict[str, list[str]] = {}
    for rule in verdict.rules:
        policy, colon, name = rule.rpartition(":")
        policies.setdefault(policy if colon else "", []).append(name)
    policies.pop("", None)  # the flow itself always speaks
    return [
        t("rules judged: the flow's, {names} ({policy})", names=", ".join(names), policy=policy)
        for policy, names in policies.items()
    ]


def _verdict(event: ev.Decided, verdict: ev.Verdict, shadow: bool) -> Moment:
    again = "/@again" in event.path
    what = words.call(verdict.tool, verdict.args)
    judged = judged_by(verdict)
    if verdict.verdict == "deny":
        title, tone = t("Denied: {call}", call=what), "bad"
        judged = [
            t(
                "by {rule}: {reason}",
                rule=rule_words(verdict.denied_by or t("a rule"), verdict.tool),
                reason=verdict.reason,
            ),
            *judged,
        ]
    elif verdict.verdict == "ask":
        who = listed(verdict.approvers)
        if shadow:
            title, tone = t("Would have asked {who}: {call}", who=who, call=what), ""
        else:
            title, tone = t("Needs a yes of {who}: {call}", who=who, call=what), "wait"
        judged = [*([t("because: {reason}", reason=verdict.reason)] if verdict.reason else []), *judged]
    else:
        title = t("Still allowed: {call}", call=what) if again else t("Allowed: {call}", call=what)
        tone = ""
    return Moment(at=event.at, path=verdict.path, title=title, lines=judged, tone=tone)


Told = tuple[str, list[str], str]


def _started(event: ev.RunStarted) -> Told:
    flow = f"{event.flow}@{event.version}"
    title = t("Started {flow} by {by}", flow=flow, by=event.by) if event.by else t("Started {flow}", flow=flow)
    if event.model:
        title = t("{title} with the model {model}", title=title, model=event.model)
    mode = "" if event.mode == "live" else f", {event.mode}"
    return title + mode, words.pretty(event.input), ""


def _replied(event: ev.ModelReplied) -> Told:
    lines = [t("proposed {call}", call=words.call(tool, args)) for tool, args in event.proposals]
    if event.answered:
        lines.append(t("answered {answer}", answer=words.fields(event.answer)))
    if event.text:
        lines.append(t("said {text}", text=words.short(event.text)))
    if event.note:
        lines.append(event.note)
    return t("The model {model} replied", model=event.model), lines, ""


def _fault(fault: ev.Fault) -> list[str]:
    places = [f"{p.get('path') or t('the whole')}: {p.get('message', '')}" for p in fault.problems]
    return [fault.message, *(place for place in places if place not in fault.message)]


def _invalid(event: ev.AnswerInvalid) -> Told:
    lines = [f"{p.get('path') or t('the whole')}: {p.get('message', '')}" for p in event.problems]
    return (
        t("The answer was not valid") if event.final else t("The answer was not valid; the model mends it"),
        lines,
        "bad" if event.final else "",
    )


def _step_failed(event: ev.StepFailed) -> Told:
    then = {
        "hand_off": mark("The step {step} failed; a person gets it"),
        "continue": mark("The step {step} failed; the run goes on without it"),
        "fail": mark("The step {step} failed; the run ends"),
    }
    return t(then.get(event.on_error, then["fail"]), step=event.step), _fault(event.fault), "bad"


def _asked(event: ev.Asked) -> Told:
    who = listed(event.to)
    kind = {
        "approval": t("Asked {who} for a yes", who=who),
        "question": t("Asked {who}", who=who),
        "hand_off": t("Handed to {who}", who=who),
    }
    lines = [words.call(v.tool, v.args) for v in event.proposals]
    lines += [event.why] if event.why else []
    lines += [attempt_words(attempt) for attempt in event.evidence]
    lines += [t("until {due}", due=words.moment(event.due))] if event.due else []
    return f"{kind.get(event.kind, event.kind)}: {event.title}", lines, "wait"


def attempt_words(attempt: Mapping[str, Json]) -> str:
    """Return one attempt of a write in doubt, as evidence."""
    begun, ended = words.moment(attempt["at"]), words.moment(attempt["ended"])
    return t("attempted at {begun}, in doubt since {ended}: {said}", begun=begun, ended=ended, said=attempt["said"])


def raised(event: ev.BudgetRaised) -> dict[str, Json]:
    """Return raised limits in the units in which people write them."""
    new = {name: limit / MICRO if name in ("cost", "within") else limit for name, limit in raised_to(event).items()}
    return {name: int(limit) if limit == int(limit) else limit for name, limit in new.items()}


def _approved(event: ev.Approved) -> Told:
    reason = [event.reason] if event.reason else []
    if event.yes:
        return t("{by} ({role}) said yes", by=event.by, role=event.role), reason, "good"
    return t("{by} ({role}) said no", by=event.by, role=event.role), reason, "bad"


def _escalated(event: ev.Escalated) -> Told:
    until = [t("until {due}", due=words.moment(event.due))] if event.due else []
    return t("{late} did not answer in time; now {role} is asked", late=event.late, role=event.role), until, "wait"


def _edited(event: ev.Edited) -> Told:
    return t("{by} changed a call; it is decided anew", by=event.by), words.pretty(event.args), ""


def _answered(event: ev.Answered) -> Told:
    who = event.by or t("Somebody")
    said = {
        "approve": t("The calls may run: approved by {who}", who=who),
        "reject": t("Rejected by {who}", who=who),
        "answer": t("Answered by {who}", who=who),
        "done": t("{who} found that the write was done; this is its result", who=who),
        "not_done": t("{who} found that the write was not done", who=who),
        "resume": t("{who} let it go on", who=who),
        "close": t("Closed by {who}", who=who),
        "edit": t("{who} changed the call; it is decided anew", who=who),
        "late": t("Nobody answered in time"),
    }
    lines = [t("reason: {reason}", reason=event.reason)] if event.reason else []
    lines += words.pretty(event.data) if event.data is not None else []
    tone = {"approve": "good", "done": "good", "reject": "bad", "late": "bad"}.get(event.action, "")
    return said.get(event.action, event.action), lines, tone


def _waiting(event: ev.Waiting) -> Told:
    due = None if event.due is None else words.moment(event.due)
    if event.event and due:
        title = t(
            "Waits for the event {event} with the key {key} or until {due}", event=event.event, key=event.key, due=due
        )
    elif event.event:
        title = t("Waits for the event {event} with the key {key}", event=event.event, key=event.key)
    else:
        title = t("Waits until {due}", due=due)
    return title, [], "wait"


def _finished(event: ev.RunFinished) -> Told:
    tone = "good" if event.outcome in ("completed", "completed_with_gaps", "rejected") else "bad"
    return t("Ended: {outcome}", outcome=event.outcome), [event.reason] if event.reason else [], tone


def _woken(event: ev.Woken) -> Told:
    lines = words.pretty(event.payload) if event.payload is not None else []
    return t("The time came") if event.timer else t("The event came"), lines, ""


_TOLD: Mapping[type, Callable[[Any], Told]] = {
    ev.RunStarted: _started,
    ev.SubjectKnown: lambda e: (t("This is about {subject}", subject=e.subject), [], ""),
    ev.ModelStarted: lambda e: (t("Asked the model {model}; no reply is known", model=e.model), [], ""),
    ev.ModelReplied: _replied,
    ev.ModelFailed: lambda e: (t("The model failed"), _fault(e.fault), "bad"),
    ev.AnswerInvalid: _invalid,
    ev.StepFailed: _step_failed,
    ev.Intended: lambda e: (t("About to do {tool}, once, with the key {key}", tool=e.tool, key=e.key), [], ""),
    ev.Reserved: lambda e: (t("Took the room that {tool} needs", tool=e.tool), [], ""),
    ev.Refused: lambda e: (t("Not done: {reason}", reason=e.reason), [t("by {rule}", rule=rule_words(e.rule))], "bad"),
    ev.Returned: lambda e: ("", [words.fields(e.output)], ""),
    ev.CallFailed: lambda e: (t("{tool} did not do it", tool=e.tool or t("The tool")), _fault(e.fault), "bad"),
    ev.Doubted: lambda e: (
        t("Nobody knows whether {tool} did it", tool=e.tool or t("the tool")),
        _fault(e.fault),
        "bad",
    ),
    ev.Asked: _asked,
    ev.Approved: _approved,
    ev.Escalated: _escalated,
    ev.Edited: _edited,
    ev.Answered: _answered,
    ev.Waiting: _waiting,
    ev.Woken: _woken,
    ev.Withdrawn: lambda e: (t("No longer waits: what asked was closed"), [], ""),
    ev.RecordWritten: lambda e: (t("Wrote the record {schema}", schema=e.schema), words.pretty(e.record), "good"),
    ev.BudgetRaised: lambda e: (t("{by} raised limits", by=e.by or t("Somebody")), [words.fields(raised(e))], ""),
    ev.CancelAsked: lambda e: (t("{by} asked to cancel", by=e.by or t("Somebody")), [e.reason] if e.reason else [], ""),
    ev.RunFinished: _finished,
}


def awaited_events(journal: Journal) -> list[str]:
    """Return the events that runs wait for, by name."""
    rows = journal.runs(status="waiting", limit=MOST_RUNS)
    kinds = {kind for row in rows for kind in (row.waiting_on or "").split(", ")}
    return sorted(kind for kind in kinds if "@" in kind)
