"""The trail as an auditor reads it: who did or decided what, when, by which rule; what was not done included.

Owns: turning a run's events into entries, and where each rule stands. The words of an event are `app.look`'s; which events may
be seen is `app.shown`'s. It decides nothing and prints nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from flowrun.app import words
from flowrun.app.look import Moment, timeline
from flowrun.core import events as ev
from flowrun.plan.model import FlowPlan, Plan
from flowrun.words import mark, t

Json = Any
BUILT_IN = {
    "tools": mark("the flow's list of tools"),
    "halt": mark("the emergency brake"),
    "modes": mark("how far flowrun.yaml lets the flow go now"),
    "roles": mark("who is in the role now"),
    "tool_changed": mark("a tool that has changed is not called"),
    "arguments": mark("the tool's input schema"),
    "right": mark("an approval is used once"),
    "claim": mark("one process drives a run"),
}
"""Rules that no file writes down, and what they are."""
NOT_DONE = {
    "rejected": "rejected", "stopped_by_budget": "budget", "cancelled": "cancelled", "failed": "failed",
    "in_doubt": "in doubt",
}  # fmt: skip
"""Outcomes of runs that did not do, or not surely, what was asked of them."""


class RuleRef(msgspec.Struct, frozen=True, kw_only=True):
    """A rule and where it stands: `source` is `NAME@VERSION` of a policy, `flow NAME@VERSION`, or flowrun's own."""

    rule: str
    source: str


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the trail.

    `decision`: `allowed`, `needs approval`, `denied`, `refused`, `approved`, `rejected`, `expired`, `budget`, `halted`,
    `failed`, `in doubt`, `cancelled` or empty. `not_done`: something was asked for and, by this entry, did not happen or
    is not known to have happened.
    """

    run: str
    seq: int
    at: str
    who: str
    what: str
    type: str
    decision: str = ""
    not_done: bool = False
    rules: list[RuleRef] = []
    details: list[str] = []
    tone: str = ""
    path: str = ""


def entries_of(run: str, events: Sequence[tuple[int, ev.AnyEvent]], plan: Plan) -> list[Entry]:
    """Return the trail of one run from its events, each with its place."""
    writes = {event.path for _, event in events if isinstance(event, ev.Intended)}
    places = _Places(plan)
    found: list[Entry] = []
    for seq, event in events:
        for moment in timeline([event]):
            found += _entries(run, seq, event, moment, places, writes)
    return found


class _Places:
    """Where the rules of a plan stand."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._flows: list[FlowPlan] = [plan.flow, *plan.flows.values()]

    def judged(self, verdict: ev.Verdict) -> list[RuleRef]:
        """Return the rules that were judged."""
        return list(self._refs(verdict.rules))

    def denying(self, verdict: ev.Verdict) -> list[RuleRef]:
        """Return the rules that denied; `denials` names them without their policy."""
        refs: list[RuleRef] = []
        for rule in dict.fromkeys([*([verdict.denied_by] if verdict.denied_by else []), *verdict.denials]):
            named = [each for each in verdict.rules if each.rpartition(":")[2] == rule or each == rule]
            refs += self._refs(named) if named else [self.any(rule)]
        return list(dict.fromkeys(refs))

    def any(self, rule: str) -> RuleRef:
        """Return a rule that is known by its id alone."""
        policy, colon, _ = rule.rpartition(":")
        if colon:
            return next(self._refs([rule]))
        if rule.startswith("budget"):
            return RuleRef(rule=rule, source=f"budget of flow {_versioned(self._plan.flow)}")
        if rule in BUILT_IN:
            return RuleRef(rule=rule, source=t(BUILT_IN[rule]))
        for pinned in self._plan.policies.values():
            if any(each.id == rule for each in pinned.rules):
                return RuleRef(rule=rule, source=f"{pinned.name}@{pinned.version}")
        for flow in self._flows:
            if any(each.id == rule for each in flow.rules):
                return RuleRef(rule=rule, source=f"flow {_versioned(flow)}")
        return RuleRef(rule=rule, source=policy or "flowrun")

    def _refs(self, rules: Sequence[str]) -> Iterator[RuleRef]:
        for rule in rules:
            policy, colon, name = rule.rpartition(":")
            pinned = self._plan.policies.get(policy) if colon else None
            if pinned is not None:
                yield RuleRef(rule=name, source=f"{pinned.name}@{pinned.version}")
            elif colon:
                yield RuleRef(rule=name, source=policy)
            else:
                flow = next((f for f in self._flows if any(each.id == rule for each in f.rules)), self._plan.flow)
                yield RuleRef(rule=rule, source=f"flow {_versioned(flow)}")


def _versioned(flow: FlowPlan) -> str:
    return f"{flow.name}@{flow.version}"


def _entries(
    run: str, seq: int, event: ev.AnyEvent, moment: Moment, places: _Places, writes: set[str]
) -> Iterator[Entry]:
    who, decision, not_done, rules = "flowrun", "", False, []
    title, tone, details = moment.title, moment.tone, moment.lines
    match event:
        case ev.Decided():
            verdict = next(v for v in event.verdicts if v.path == moment.path)
            who = t("the rules")
            decision = {"allow": "allowed", "ask": t("needs approval"), "deny": "denied"}[verdict.verdict]
            not_done = verdict.verdict == "deny"
            if not_done and verdict.denied_by == "halt":
                decision = "halted"
            elif not_done and (verdict.denied_by or "").startswith("budget"):
                decision = "budget"
            rules = places.denying(verdict) if not_done else places.judged(verdict)
            details = [verdict.reason] if verdict.reason else []
        case ev.Refused():
            who, decision, not_done = t("the rules"), "halted" if event.rule == "halt" else "refused", True
            rules, details = [places.any(event.rule)], []
        case ev.ModelStarted():
            title = t("Asked the model {model}", model=event.model)
        case ev.ModelReplied():
            who = t("the model {model}", model=event.model)
        case ev.ModelFailed():
            who = t("the model")
            decision, not_done = _fault(event.fault)
        case ev.Returned():
            who, done = event.tool or t("the tool"), event.path in writes
            title = _done(done, event.repeat)
            tone = "good" if done else ""
        case ev.CallFailed():
            who, decision, not_done = event.tool or t("the tool"), "failed", True
        case ev.Doubted():
            who, decision, not_done = event.tool or t("the tool"), "in doubt", True
        case ev.StepFailed():
            decision, not_done = _fault(event.fault)
        case ev.Approved():
            who, decision, not_done = (
                f"{event.by} ({event.role})",
                "approved" if event.yes else "rejected",
                not event.yes,
            )
        case ev.Answered():
            who = event.by or "nobody"
            decision = {"approve": "approved", "reject": "rejected", "late": "expired"}.get(event.action, "")
            not_done = event.action in ("reject", "late")
        case ev.Escalated():
            who, decision, not_done = event.late, "expired", True
        case ev.RunStarted() | ev.BudgetRaised() | ev.CancelAsked() | ev.Edited():
            who = event.by or "somebody"
        case ev.RunFinished():
            decision = NOT_DONE.get(event.outcome, "")
            not_done = event.outcome in NOT_DONE
        case _:
            pass
    yield Entry(
        run=run, seq=seq, at=moment.at, who=who, what=title, type=str(type(event).__struct_config__.tag),
        decision=decision, not_done=not_done, rules=rules, details=details, tone=tone, path=moment.path,
    )  # fmt: skip


def _fault(fault: ev.Fault) -> tuple[str, bool]:
    return {"budget": "budget", "late": "expired", "denied": "denied", "in_doubt": "in doubt"}.get(
        fault.kind, "failed"
    ), True


def rule_words(rules: Sequence[RuleRef]) -> str:
    """Return rules in one line, by the file that they stand in."""
    sources: dict[str, list[str]] = {}
    for ref in rules:
        sources.setdefault(ref.source, []).append(ref.rule)
    return "; ".join(f"{words.listed(names)} ({source})" for source, names in sources.items())


def _done(done: bool, repeat: bool) -> str:
    if repeat:
        return t("Done (it had been done before)") if done else t("Answered (it had been done before)")
    return t("Done") if done else t("Answered")
