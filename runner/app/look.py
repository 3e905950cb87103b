"""What happened in a run, in plain words.

Owns: the timeline of `flowrun show` and the three sentences of `flowrun why`. It reads events and decides nothing; how
lines are printed is the command line's part.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from flowrun.app import words
from flowrun.app.origins import origins_of, told_below
from flowrun.core import events as ev
from flowrun.core.execution import raised_to
from flowrun.insight.summary import summarise
from flowrun.plan.model import Plan
from flowrun.ports.journal import Journal
from flowrun.values.micros import MICRO

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
            title = f"{event.tool or 'The tool'} {'did it' if event.path in writes else 'answered'}"
            if event.first:
                title = f"{event.tool} was not called: the run {event.first} had done it; the first result is given"
            elif event.repeat:
                title += " (it had been done before; the first result is given)"
            if event.simulated:
                title, tone = f"{event.tool} would have done it (simulated: nothing was written)", ""
        moments.append(Moment(at=event.at, path=event.path, title=title, lines=lines, tone=tone))
    return moments


def rule_words(rule: str, tool: str = "") -> str:
    """Return a rule's id as people know it: of the flow, or of which policy."""
    policy, colon, name = rule.rpartition(":")
    if colon:
        return f"{name} (policy {policy})"
    return f"what the flow says of {tool}" if rule == tool else rule


def judged_by(verdict: ev.Verdict) -> list[str]:
    """Return the rules that were judged, by the file that they stand in."""
    policies: dict[str, list[str]] = {}
    for rule in verdict.rules:
        policy, colon, name = rule.rpartition(":")
        policies.setdefault(policy if colon else "", []).append(name)
    policies.pop("", None)  # the flow itself always speaks
    return [f"rules judged: the flow's, {', '.join(names)} ({policy})" for policy, names in policies.items()]


def _verdict(event: ev.Decided, verdict: ev.Verdict, shadow: bool) -> Moment:
    again = "/@again" in event.path
    what = words.call(verdict.tool, verdict.args)
    judged = judged_by(verdict)
    if verdict.verdict == "deny":
        title, tone = f"Denied: {what}", "bad"
        judged = [f"by {rule_words(verdict.denied_by or 'a rule', verdict.tool)}: {verdict.reason}", *judged]
    elif verdict.verdict == "ask":
        asked = "Would have asked" if shadow else "Needs a yes of"
        title, tone = f"{asked} {words.listed(verdict.approvers)}: {what}", "" if shadow else "wait"
        judged = [*([f"because: {verdict.reason}"] if verdict.reason else []), *judged]
    else:
        title, tone = f"{'Still allowed' if again else 'Allowed'}: {what}", ""
    return Moment(at=event.at, path=verdict.path, title=title, lines=judged, tone=tone)


Told = tuple[str, list[str], str]


def _started(event: ev.RunStarted) -> Told:
    by = f" by {event.by}" if event.by else ""
    model = f" with the model {event.model}" if event.model else ""
    mode = "" if event.mode == "live" else f", {event.mode}"
    return f"Started {event.flow}@{event.version}{by}{model}{mode}", words.pretty(event.input), ""


def _replied(event: ev.ModelReplied) -> Told:
    lines = [f"proposed {words.call(tool, args)}" for tool, args in event.proposals]
    if event.answered:
        lines.append(f"answered {words.fields(event.answer)}")
    if event.text:
        lines.append(f"said {words.short(event.text)}")
    if event.note:
        lines.append(event.note)
    return f"The model {event.model} replied", lines, ""


def _fault(fault: ev.Fault) -> list[str]:
    places = [f"{p.get('path') or 'the whole'}: {p.get('message', '')}" for p in fault.problems]
    return [fault.message, *(place for place in places if place not in fault.message)]


def _invalid(event: ev.AnswerInvalid) -> Told:
    lines = [f"{p.get('path') or 'the whole'}: {p.get('message', '')}" for p in event.problems]
    return (
        "The answer was not valid" + ("" if event.final else "; the model mends it"),
        lines,
        "bad" if event.final else "",
    )


def _step_failed(event: ev.StepFailed) -> Told:
    then = {"hand_off": "a person gets it", "continue": "the run goes on without it", "fail": "the run ends"}
    return f"The step {event.step} failed; {then.get(event.on_error, event.on_error)}", _fault(event.fault), "bad"


def _asked(event: ev.Asked) -> Told:
    who = words.listed(event.to)
    kind = {"approval": f"Asked {who} for a yes", "question": f"Asked {who}", "hand_off": f"Handed to {who}"}
    lines = [words.call(v.tool, v.args) for v in event.proposals]
    lines += [event.why] if event.why else []
    lines += [attempt_words(attempt) for attempt in event.evidence]
    lines += [f"until {words.moment(event.due)}"] if event.due else []
    return f"{kind.get(event.kind, event.kind)}: {event.title}", lines, "wait"


def attempt_words(attempt: Mapping[str, Json]) -> str:
    """Return one attempt of a write in doubt, as evidence."""
    begun, ended = words.moment(attempt["at"]), words.moment(attempt["ended"])
    return f"attempted at {begun}, in doubt since {ended}: {attempt['said']}"


def raised(event: ev.BudgetRaised) -> dict[str, Json]:
    """Return raised limits in the units in which people write them."""
    new = {name: limit / MICRO if name in ("cost", "within") else limit for name, limit in raised_to(event).items()}
    return {name: int(limit) if limit == int(limit) else limit for name, limit in new.items()}


def _approved(event: ev.Approved) -> Told:
    reason = [event.reason] if event.reason else []
    return f"{event.by} ({event.role}) said {'yes' if event.yes else 'no'}", reason, "good" if event.yes else "bad"


def _escalated(event: ev.Escalated) -> Told:
    until = [f"until {words.moment(event.due)}"] if event.due else []
    return f"{event.late} did not answer in time; now {event.role} is asked", until, "wait"


def _edited(event: ev.Edited) -> Told:
    return f"{event.by} changed a call; it is decided anew", words.pretty(event.args), ""


def _answered(event: ev.Answered) -> Told:
    who = event.by or "Somebody"
    said = {
        "approve": f"The calls may run: approved by {who}",
        "reject": f"Rejected by {who}",
        "answer": f"Answered by {who}",
        "done": f"{who} found that the write was done; this is its result",
        "not_done": f"{who} found that the write was not done",
        "resume": f"{who} let it go on",
        "close": f"Closed by {who}",
        "edit": f"{who} changed the call; it is decided anew",
        "late": "Nobody answered in time",
    }
    lines = [f"reason: {event.reason}"] if event.reason else []
    lines += words.pretty(event.data) if event.data is not None else []
    tone = {"approve": "good", "done": "good", "reject": "bad", "late": "bad"}.get(event.action, "")
    return said.get(event.action, event.action), lines, tone


def _waiting(event: ev.Waiting) -> Told:
    parts = [f"for the event {event.event} with the key {event.key}"] if event.event else []
    parts += [f"until {words.moment(event.due)}"] if event.due else []
    return f"Waits {' or '.join(parts)}", [], "wait"


def _finished(event: ev.RunFinished) -> Told:
    tone = "good" if event.outcome in ("completed", "completed_with_gaps", "rejected") else "bad"
    return f"Ended: {event.outcome}", [event.reason] if event.reason else [], tone


def _woken(event: ev.Woken) -> Told:
    lines = words.pretty(event.payload) if event.payload is not None else []
    return "The time came" if event.timer else "The event came", lines, ""


_TOLD: Mapping[type, Callable[[Any], Told]] = {
    ev.RunStarted: _started,
    ev.SubjectKnown: lambda e: (f"This is about {e.subject}", [], ""),
    ev.ModelStarted: lambda e: (f"Asked the model {e.model}; no reply is known", [], ""),
    ev.ModelReplied: _replied,
    ev.ModelFailed: lambda e: ("The model failed", _fault(e.fault), "bad"),
    ev.AnswerInvalid: _invalid,
    ev.StepFailed: _step_failed,
    ev.Intended: lambda e: (f"About to do {e.tool}, once, with the key {e.key}", [], ""),
    ev.Reserved: lambda e: (f"Took the room that {e.tool} needs", [], ""),
    ev.Refused: lambda e: (f"Not done: {e.reason}", [f"by {rule_words(e.rule)}"], "bad"),
    ev.Returned: lambda e: ("", [words.fields(e.output)], ""),
    ev.CallFailed: lambda e: (f"{e.tool or 'The tool'} did not do it", _fault(e.fault), "bad"),
    ev.Doubted: lambda e: (f"Nobody knows whether {e.tool or 'the tool'} did it", _fault(e.fault), "bad"),
    ev.Asked: _asked,
    ev.Approved: _approved,
    ev.Escalated: _escalated,
    ev.Edited: _edited,
    ev.Answered: _answered,
    ev.Waiting: _waiting,
    ev.Woken: _woken,
    ev.Withdrawn: lambda e: ("No longer waits: what asked was closed", [], ""),
    ev.RecordWritten: lambda e: (f"Wrote the record {e.schema}", words.pretty(e.record), "good"),
    ev.BudgetRaised: lambda e: (f"{e.by or 'Somebody'} raised limits", [words.fields(raised(e))], ""),
    ev.CancelAsked: lambda e: (f"{e.by or 'Somebody'} asked to cancel", [e.reason] if e.reason else [], ""),
    ev.RunFinished: _finished,
}


def why(events: Sequence[ev.AnyEvent], waiting: Sequence[Mapping[str, Json]]) -> list[str]:
    """Return three sentences: what happened, who must act, and what it costs to wait.

    `waiting` are the open entries and timers as in `RunResult.waiting`, or better as `with_waits` gives them.
    """
    summary = summarise(events)
    usage = summary.usage
    calls = f"{usage.model_calls} model call{'' if usage.model_calls == 1 else 's'}"
    writes = f"{usage.writes} write{'' if usage.writes == 1 else 's'}"
    spent = f"{calls}, {writes}, cost {usage.cost:g}"
    if summary.outcome is not None:
        return _ended(summary.flow, summary.outcome, summary.reason, events, spent)
    if not waiting:
        return [
            f"{summary.flow} has not ended: its last event is from {words.moment(events[-1].at)} UTC.",
            f"Nobody must act while it runs; where its process is gone, `flowrun resume {summary.run}` goes on.",
            f"So far it has used {spent}; nothing that is finished will be done again.",
        ]
    entry = waiting[0]
    happened, act, cost = _entry(entry, summary.flow, summary.run)
    if len(waiting) > 1:
        act += (
            f" {len(waiting) - 1} more wait{'s' if len(waiting) == 2 else ''} too (flowrun inbox --run {summary.run})."
        )
    return [happened, act, f"While it waits nothing runs and nothing is spent (so far {spent}); {cost}"]


def why_erased(flow: str, outcome: str, erased: str) -> list[str]:
    """Return the three sentences about a run whose person was forgotten."""
    return [
        f"{flow} ended {outcome}; its person was forgotten at {words.moment(erased)} UTC, so nobody can read how.",
        "Nobody must act.",
        "Nothing waits any more; what kinds of things happened, and when, is kept and can be verified.",
    ]


def with_waits(events: Sequence[ev.AnyEvent], waiting: Sequence[Mapping[str, Json]]) -> list[dict[str, Json]]:
    """Return what a run waits for: its open inbox entries, then each timer and each awaited event by name and key.

    A timer is `{"kind": "timer", "due"}`, an event `{"kind": "event", "event", "key", "due"}`.
    """
    woken = {event.path for event in events if isinstance(event, ev.Woken)}
    waits = [event for event in events if isinstance(event, ev.Waiting) and event.path not in woken]
    found = [dict(entry) for entry in waiting if "id" in entry]
    for wait in sorted(waits, key=lambda wait: wait.due or "~"):
        if wait.event is None:
            found.append({"kind": "timer", "due": wait.due})
        else:
            found.append({"kind": "event", "event": wait.event, "key": wait.key, "due": wait.due})
    return found or [dict(entry) for entry in waiting]


def wait_words(entry: Mapping[str, Json]) -> str:
    """Return what a timer or an awaited event waits for."""
    until = f"until {words.moment(entry['due'])} UTC" if entry.get("due") else ""
    if entry.get("event"):
        key = f" with key {entry['key']}" if entry.get("key") else ""
        return f"waits for {entry['event']}{key} {until}".rstrip()
    return f"waits {until or 'for ' + str(entry.get('kind'))}"


def _entry(entry: Mapping[str, Json], flow: str, run: str) -> tuple[str, str, str]:
    kind, due = entry.get("kind"), entry.get("due")
    id, why = entry.get("id", ""), str(entry.get("why") or "").rstrip(".")
    given = list(dict.fromkeys(str(a["role"]) for a in entry.get("approvals", [])))
    who = words.listed(list(dict.fromkeys(entry.get("open", entry.get("to", [])))))
    until = f"by {words.moment(due)} UTC" if due else ""
    no_limit = "there is no deadline."
    if kind == "approval":
        calls = words.listed([p["tool"] for p in entry.get("proposal", [])])
        happened = f"{flow} wants to do {calls}, and a rule asks for a yes first" + (f": {why}." if why else ".")
        said = f"{words.listed(given)} said yes already; " if given else ""
        act = f"{said}{who} must say yes or no: flowrun approve {id} --as NAME, or flowrun reject {id} --as NAME --reason TEXT."
        return happened, act, f"if nobody answers {until}, it counts as a no." if due else no_limit
    if kind == "question":
        happened = f"{flow} asks {who}: {entry.get('title', '')}"
        act = f"{who} must answer: flowrun answer {id} --as NAME --data JSON."
        return happened, act, f"without an answer {until}, the step is late and fails." if due else no_limit
    if kind == "hand_off":
        happened = f"{flow} could not go on at {entry.get('title', 'a step')}" + (f": {why}." if why else ".")
        ways = {
            "answer": f"answer for the step (flowrun answer {id} --as NAME --data JSON)",
            "done": f"say that it was done (flowrun settle {id} --done --data JSON --as NAME)",
            "not_done": f"that it was not done (flowrun settle {id} --not-done --as NAME)",
            "resume": f"let it try again (flowrun resume {run} --as NAME)",
            "close": f"close it (flowrun close {id} --as NAME)",
        }
        may = [ways[way] for way in entry.get("may", []) if way in ways]
        return happened, f"{who} must {words.listed(may, 'or')}.", f"it is handed on {until}." if due else no_limit
    wakes = "`flowrun resume --due` wakes what is due"
    if entry.get("event"):
        sent = f"flowrun event {entry['event']} --key {shlex.quote(str(entry.get('key') or ''))} --data JSON"
        act = f"Whoever knows that it happened must say so: {sent}" + (f"; {wakes}." if due else ".")
        return f"{flow} {wait_words(entry)}.", act, "that is planned." if due else no_limit
    return f"{flow} {wait_words(entry)}.", f"Nobody must act; {wakes}.", "that is planned."


def _ended(flow: str, outcome: str, reason: str, events: Sequence[ev.AnyEvent], spent: str) -> list[str]:
    end = events[-1]
    told = f": {reason.rstrip('.')}." if reason else "."
    doubts = [event.tool for event in events if isinstance(event, ev.Doubted)]
    failed = [event for event in events if isinstance(event, ev.StepFailed)]
    happened = f"{flow} ended {outcome} at {words.moment(end.at)} UTC{told}"
    if outcome == "completed_with_gaps" and failed and not reason:
        happened = f"{flow} ended, but the step {failed[-1].step} was left out: {failed[-1].fault.message.rstrip('.')}."
    happened += _refused(events)
    act = {
        "in_doubt": f"Somebody must look whether {words.listed(doubts) or 'the write'} was done, and set it right by hand.",
        "failed": "Whoever owns the flow must mend the cause and submit it again with a new key.",
        "stopped_by_budget": "Whoever owns the flow must decide whether its budget is right, and submit it again.",
        "handed_off": "A person has taken the case over outside this run.",
    }.get(outcome, "Nobody must act.")
    return [happened, act, f"Nothing waits any more; it used {spent}."]


def _refused(events: Sequence[ev.AnyEvent]) -> str:
    """Return what was not done in the end and which rule or person refused it; empty where nothing was refused."""
    told: dict[str, str] = {}
    for event in events:
        if isinstance(event, ev.Decided):
            for verdict in event.verdicts:
                by = f"{rule_words(verdict.denied_by or 'a rule', verdict.tool)}: {verdict.reason.rstrip('.')}"
                told[verdict.path] = f"{verdict.tool} was denied by {by}" if verdict.verdict == "deny" else ""
        elif isinstance(event, ev.Refused):
            told[event.path] = f"a call was denied by {rule_words(event.rule)}: {event.reason.rstrip('.')}"
        elif isinstance(event, ev.Answered) and event.action in ("reject", "late"):
            who = f"{event.by} said no" if event.action == "reject" else "nobody said yes in time"
            told[event.path] = f"{who}{f': {event.reason.rstrip(chr(46))}' if event.reason and event.by else ''}"
    refusals = dict.fromkeys(text for text in told.values() if text)
    return f" Refused: {'; '.join(refusals)}." if refusals else ""


def awaited_events(journal: Journal) -> list[str]:
    """Return the events that runs wait for, by name."""
    rows = journal.runs(status="waiting", limit=MOST_RUNS)
    kinds = {kind for row in rows for kind in (row.waiting_on or "").split(", ")}
    return sorted(kind for kind in kinds if "@" in kind)
