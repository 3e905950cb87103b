"""What differs between a recorded run and its replay, in plain words.

Owns: the comparison of two verdicts, and the sentences. Nothing is replayed here; what of a value may be seen is told by the
caller (`Hidden`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from flowrun.core import events as ev
from flowrun.core.commands import CallModel, Proposal, WriteRecord
from flowrun.core.execute import call_digest
from flowrun.insight.recorded import Question, Recorded
from flowrun.words import t

Json = Any
SHOWN = 100


class Hidden(Protocol):
    """What of a run may be seen. Values are compared as they are, and shown as this gives them."""

    def call(self, tool: str, args: Json) -> Json:
        """Return arguments of a call as they may be shown."""

    def written(self, schema: str, record: Json) -> Json:
        """Return a record as it may be shown."""

    def text(self, text: str) -> str:
        """Return a text as it may be shown."""


def changed(now: ev.Verdict, then: ev.Verdict | None, hidden: Hidden) -> tuple[str, str] | None:
    """Return the class and the words of what changed in the guard's word on a call, None where nothing did."""
    call = f"{now.tool} {shown(hidden.call(now.tool, now.args))}"
    if then is None:
        return (
            ("other_effects", t("{call} is proposed, and was not then.", call=call)) if now.effect == "write" else None
        )
    if then.tool != now.tool:
        return "other_effects", t("{tool} is called in the place of {other}.", tool=now.tool, other=then.tool)
    if then.digest != now.digest and now.effect == "write":
        seen = fields(then.args, now.args, lambda args: hidden.call(now.tool, args))
        return "other_effects", t("{tool} is called with other arguments: {seen}", tool=now.tool, seen=seen)
    if now.verdict == then.verdict:
        if now.verdict != "ask" or set(now.approvers) == set(then.approvers):
            return None
        more = [role for role in now.approvers if role not in then.approvers]
        if more:
            return "needs_approval", t("{call} waits for {more}, too.", call=call, more=", ".join(more))
        fewer = [role for role in then.approvers if role not in now.approvers]
        return "no_longer_asks", t("{call} does not wait for {fewer} any more.", call=call, fewer=", ".join(fewer))
    if now.verdict == "deny":
        why = f" ({now.reason})" if now.reason else ""
        return "denied_now", t(
            "{call} would be denied by {rule}; then it was {was}.",
            call=call,
            rule=f"{now.denied_by}{why}",
            was=word(then),
        )
    if now.verdict == "ask":
        return (
            "needs_approval",
            t(
                "{call} would wait for {roles}; then it was {was}.",
                call=call,
                roles=", ".join(now.approvers) + because(now),
                was=word(then),
            ),
        )
    if then.verdict == "deny":
        return "allowed_now", t(
            "{call} would be allowed; then it was denied by {denied_by}.", call=call, denied_by=then.denied_by
        )
    return "no_longer_asks", t(
        "{call} would be allowed; then it waited for {approvers}.", call=call, approvers=", ".join(then.approvers)
    )


def word(verdict: ev.Verdict) -> str:
    """Return what the guard said."""
    if verdict.verdict == "deny":
        return t("denied by {rule}", rule=verdict.denied_by)
    return t("allowed") if verdict.verdict == "allow" else t("put before people")


def because(verdict: ev.Verdict) -> str:
    """Return the reason of a verdict in brackets."""
    return f" ({verdict.reason})" if verdict.reason else ""


def asks(verdicts: Sequence[ev.Verdict], to: Sequence[str]) -> str:
    """Return that calls wait for people who were not asked then."""
    return t(
        "{verdicts} would wait for {to}, who were not asked this then.",
        verdicts=", ".join(v.tool for v in verdicts),
        to=", ".join(to),
    )


def not_recorded(verdict: ev.Verdict, hidden: Hidden) -> str:
    """Return that nobody knows what a call would give."""
    call = f"{verdict.tool} {shown(hidden.call(verdict.tool, verdict.args))}"
    if verdict.effect == "write":
        return t("{call} was not made then, so nobody knows what it gives.", call=call)
    return t("{call} was not read then, so nobody knows what it gives.", call=call)


def full(tool: str, rule: str) -> str:
    """Return that the window of a rule has no room any more."""
    return t("{tool} would be denied by {rule}: the limit is reached.", tool=tool, rule=rule)


def why_live(command: CallModel, recorded: Recorded) -> str:
    """Return why no recorded reply answers a model call."""
    known = recorded.models_of(command.path)
    if not known:
        return t("Step {step} asks a model, and did not then.", step=command.step)
    if command.model.name not in known:
        return t(
            "Step {step} asks {name}; then it asked {known}.",
            step=command.step,
            name=command.model.name,
            known=", ".join(sorted(known)),
        )
    return t(
        "Step {step} tells the model something else than then: its prompt, or what came before it.", step=command.step
    )


def other_record(then: ev.RecordWritten, now: WriteRecord, hidden: Hidden) -> str:
    """Return how a record differs."""
    if then.schema != now.schema:
        return t("The record is a {schema}, not a {other}.", schema=now.schema, other=then.schema)
    seen = fields(then.record, now.record, lambda record: hidden.written(now.schema, record))
    return t("The record {schema} has other values: {seen}", schema=now.schema, seen=seen)


def fields(then: Mapping[str, Json], now: Mapping[str, Json], seen: Callable[[Json], Json]) -> str:
    """Return the fields that differ, with both values as they may be `seen`."""
    missing = object()

    def told(name: str, value: Json) -> str:
        return "nothing" if value is missing else shown(*seen({name: value}).values())

    parts = []
    for name in [*now, *(name for name in then if name not in now)]:
        left, right = then.get(name, missing), now.get(name, missing)
        if left != right:
            parts.append(t("{name} {now}, then {then}", name=name, now=told(name, right), then=told(name, left)))
    return "; ".join(parts[:4])


def problem(problems: Sequence[Mapping[str, Json]]) -> str:
    """Return the first problem of a value."""
    first = problems[0]
    return f"{first.get('path') or t('the whole')}: {first['message']}".rstrip(".")


def shown(value: Json) -> str:
    """Return a value as JSON, cut where it is long."""
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def roles_of(question: Question) -> set[str]:
    """Return the roles that were asked or answered."""
    said = {event.role for _, event in question.said if isinstance(event, ev.Approved | ev.Escalated)}
    return {*question.asked.to, *said}


def digest_of(proposal: Proposal) -> str:
    """Return the digest of a proposed call."""
    return call_digest(proposal.tool, {**proposal.args, **proposal.bound})
