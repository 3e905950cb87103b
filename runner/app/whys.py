"""What happened, who must act and what waiting costs: the three sentences of `flowrun why`.

Owns: these sentences, and what a run waits for in words. The timeline is in `look`; nothing is decided here.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from flowrun.app import words
from flowrun.app.look import rule_words
from flowrun.app.words import listed
from flowrun.core import events as ev
from flowrun.insight.summary import summarise
from flowrun.words import mark, sentences, t, tn

Json = Any


def why(events: Sequence[ev.AnyEvent], waiting: Sequence[Mapping[str, Json]]) -> list[str]:
    """Return three sentences: what happened, who must act, and what it costs to wait.

    `waiting` are the open entries and timers as in `RunResult.waiting`, or better as `with_waits` gives them.
    """
    summary = summarise(events)
    usage = summary.usage
    spent = ", ".join(
        [
            tn("{n} model call", "{n} model calls", usage.model_calls),
            tn("{n} write", "{n} writes", usage.writes),
            t("cost {cost}", cost=f"{usage.cost:g}"),
        ]
    )
    if summary.outcome is not None:
        return _ended(summary.flow, summary.outcome, summary.reason, events, spent)
    if not waiting:
        return [
            t(
                "{flow} has not ended: its last event is from {due} UTC.",
                flow=summary.flow,
                due=words.moment(events[-1].at),
            ),
            t(
                "Nobody must act while it runs; where its process is gone, `flowrun resume {run}` goes on.",
                run=summary.run,
            ),
            t("So far it has used {spent}; nothing that is finished will be done again.", spent=spent),
        ]
    entry = waiting[0]
    happened, act, cost = _entry(entry, summary.flow, summary.run)
    if len(waiting) > 1:
        more = tn(
            "{n} more waits too (flowrun inbox --run {run}).",
            "{n} more wait too (flowrun inbox --run {run}).",
            len(waiting) - 1,
            run=summary.run,
        )
        act = sentences(act, more)
    return [
        happened,
        act,
        t("While it waits nothing runs and nothing is spent (so far {spent}); {cost}", spent=spent, cost=cost),
    ]


def why_erased(flow: str, outcome: str, erased: str) -> list[str]:
    """Return the three sentences about a run whose person was forgotten."""
    return [
        t(
            "{flow} ended {outcome}; its person was forgotten at {due} UTC, so nobody can read how.",
            flow=flow,
            outcome=outcome,
            due=words.moment(erased),
        ),
        t("Nobody must act."),
        t("Nothing waits any more; what kinds of things happened, and when, is kept and can be verified."),
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
    return t(_waits(entry), **_wait_values(entry))


def _wait_values(entry: Mapping[str, Json]) -> dict[str, Json]:
    due = words.moment(entry["due"]) if entry.get("due") else ""
    return {"event": entry.get("event"), "key": entry.get("key"), "due": due, "kind": entry.get("kind")}


def _waits(entry: Mapping[str, Json]) -> str:
    if not entry.get("event"):
        return mark("waits until {due} UTC") if entry.get("due") else mark("waits for {kind}")
    if entry.get("key"):
        if entry.get("due"):
            return mark("waits for {event} with key {key} until {due} UTC")
        return mark("waits for {event} with key {key}")
    return mark("waits for {event} until {due} UTC") if entry.get("due") else mark("waits for {event}")


def _entry(entry: Mapping[str, Json], flow: str, run: str) -> tuple[str, str, str]:
    kind, due = entry.get("kind"), entry.get("due")
    id, why = entry.get("id", ""), str(entry.get("why") or "").rstrip(".")
    given = list(dict.fromkeys(str(a["role"]) for a in entry.get("approvals", [])))
    who = listed(list(dict.fromkeys(entry.get("open", entry.get("to", [])))))
    due_at = words.moment(due) if due else ""
    no_limit = t("there is no deadline.")
    if kind == "approval":
        calls = listed([p["tool"] for p in entry.get("proposal", [])])
        happened = _because(
            t("{flow} wants to do {calls}, and a rule asks for a yes first", flow=flow, calls=calls), why
        )
        act = t(
            "{who} must say yes or no: flowrun approve {name} --as NAME, or flowrun reject {name} --as NAME --reason TEXT.",
            who=who,
            name=id,
        )
        if given:
            act = t("{given} said yes already; {act}", given=listed(given), act=act)
        cost = t("if nobody answers by {due} UTC, it counts as a no.", due=due_at) if due else no_limit
        return happened, act, cost
    if kind == "question":
        happened = t("{flow} asks {who}: {title}", flow=flow, who=who, title=entry.get("title", ""))
        act = t("{who} must answer: flowrun answer {name} --as NAME --data JSON.", who=who, name=id)
        cost = t("without an answer by {due} UTC, the step is late and fails.", due=due_at) if due else no_limit
        return happened, act, cost
    if kind == "hand_off":
        title = entry.get("title") or t("a step")
        happened = _because(t("{flow} could not go on at {title}", flow=flow, title=title), why)
        ways = {
            "answer": t("answer for the step (flowrun answer {name} --as NAME --data JSON)", name=id),
            "done": t("say that it was done (flowrun settle {name} --done --data JSON --as NAME)", name=id),
            "not_done": t("that it was not done (flowrun settle {name} --not-done --as NAME)", name=id),
            "resume": t("let it try again (flowrun resume {run} --as NAME)", run=run),
            "close": t("close it (flowrun close {name} --as NAME)", name=id),
        }
        may = [ways[way] for way in entry.get("may", []) if way in ways]
        act = t("{who} must {ways}.", who=who, ways=listed(may, last=t("or")))
        return happened, act, t("it is handed on by {due} UTC.", due=due_at) if due else no_limit
    wakes = t("`flowrun resume --due` wakes what is due")
    if entry.get("event"):
        sent = f"flowrun event {entry['event']} --key {shlex.quote(str(entry.get('key') or ''))} --data JSON"
        act = t("Whoever knows that it happened must say so: {command}", command=sent) + (f"; {wakes}." if due else ".")
        return f"{flow} {wait_words(entry)}.", act, t("that is planned.") if due else no_limit
    return f"{flow} {wait_words(entry)}.", t("Nobody must act; {wakes}.", wakes=wakes), t("that is planned.")


def _because(happened: str, why: str) -> str:
    return f"{happened}: {why}." if why else f"{happened}."


def _ended(flow: str, outcome: str, reason: str, events: Sequence[ev.AnyEvent], spent: str) -> list[str]:
    end = events[-1]
    doubts = [event.tool for event in events if isinstance(event, ev.Doubted)]
    failed = [event for event in events if isinstance(event, ev.StepFailed)]
    happened = t("{flow} ended {outcome} at {at} UTC", flow=flow, outcome=outcome, at=words.moment(end.at))
    happened = _because(happened, reason.rstrip("."))
    if outcome == "completed_with_gaps" and failed and not reason:
        happened = t(
            "{flow} ended, but the step {step} was left out: {reason}.",
            flow=flow,
            step=failed[-1].step,
            reason=failed[-1].fault.message.rstrip("."),
        )
    happened = sentences(happened, _refused(events))
    act = {
        "in_doubt": t(
            "Somebody must look whether {tools} was done, and set it right by hand.",
            tools=listed(doubts) or t("the write"),
        ),
        "failed": t("Whoever owns the flow must mend the cause and submit it again with a new key."),
        "stopped_by_budget": t("Whoever owns the flow must decide whether its budget is right, and submit it again."),
        "handed_off": t("A person has taken the case over outside this run."),
    }.get(outcome, t("Nobody must act."))
    return [happened, act, t("Nothing waits any more; it used {spent}.", spent=spent)]


def _refused(events: Sequence[ev.AnyEvent]) -> str:
    """Return what was not done in the end and which rule or person refused it; empty where nothing was refused."""
    told: dict[str, str] = {}
    for event in events:
        if isinstance(event, ev.Decided):
            for verdict in event.verdicts:
                by = f"{rule_words(verdict.denied_by or t('a rule'), verdict.tool)}: {verdict.reason.rstrip('.')}"
                told[verdict.path] = (
                    t("{tool} was denied by {by}", tool=verdict.tool, by=by) if verdict.verdict == "deny" else ""
                )
        elif isinstance(event, ev.Refused):
            told[event.path] = t(
                "a call was denied by {rule}: {reason}", rule=rule_words(event.rule), reason=event.reason.rstrip(".")
            )
        elif isinstance(event, ev.Answered) and event.action in ("reject", "late"):
            who = t("{by} said no", by=event.by) if event.action == "reject" else t("nobody said yes in time")
            told[event.path] = f"{who}: {event.reason.rstrip('.')}" if event.reason and event.by else who
    refusals = dict.fromkeys(text for text in told.values() if text)
    return t("Refused: {what}.", what="; ".join(refusals)) if refusals else ""
