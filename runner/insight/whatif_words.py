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
        return ("other_effects", f"{call} is proposed, and was not then.") if now.effect == "write" else None
    if then.tool != now.tool:
        return "other_effects", f"{now.tool} is called in the place of {then.tool}."
    if then.digest != now.digest and now.effect == "write":
        seen = fields(then.args, now.args, lambda args: hidden.call(now.tool, args))
        return "other_effects", f"{now.tool} is called with other arguments: {seen}"
    if now.verdict == then.verdict:
        if now.verdict != "ask" or set(now.approvers) == set(then.approvers):
            return None
        more = [role for role in now.approvers if role not in then.approvers]
        if more:
            return "needs_approval", f"{call} waits for {', '.join(more)}, too."
        fewer = [role for role in then.approvers if role not in now.approvers]
        return "no_longer_asks", f"{call} does not wait for {', '.join(fewer)} any more."
    if now.verdict == "deny":
        why = f" ({now.reason})" if now.reason else ""
        return "denied_now", f"{call} would be denied by {now.denied_by}{why}; then it was {word(then)}."
    if now.verdict == "ask":
        return (
            "needs_approval",
            f"{call} would wait for {', '.join(now.approvers)}{because(now)}; then it was {word(then)}.",
        )
    if then.verdict == "deny":
        return "allowed_now", f"{call} would be allowed; then it was denied by {then.denied_by}."
    return "no_longer_asks", f"{call} would be allowed; then it waited for {', '.join(then.approvers)}."


def word(verdict: ev.Verdict) -> str:
    """Return what the guard said."""
    return {"allow": "allowed", "deny": f"denied by {verdict.denied_by}", "ask": "put before people"}[verdict.verdict]


def because(verdict: ev.Verdict) -> str:
    """Return the reason of a verdict in brackets."""
    return f" ({verdict.reason})" if verdict.reason else ""


def asks(verdicts: Sequence[ev.Verdict], to: Sequence[str]) -> str:
    """Return that calls wait for people who were not asked then."""
    return f"{', '.join(v.tool for v in verdicts)} would wait for {', '.join(to)}, who were not asked this then."


def not_recorded(verdict: ev.Verdict, hidden: Hidden) -> str:
    """Return that nobody knows what a call would give."""
    what = "was not made then" if verdict.effect == "write" else "was not read then"
    return f"{verdict.tool} {shown(hidden.call(verdict.tool, verdict.args))} {what}, so nobody knows what it gives."


def full(tool: str, rule: str) -> str:
    """Return that the window of a rule has no room any more."""
    return f"{tool} would be denied by {rule}: the limit is reached."


def why_live(command: CallModel, recorded: Recorded) -> str:
    """Return why no recorded reply answers a model call."""
    known = recorded.models_of(command.path)
    if not known:
        return f"Step {command.step} asks a model, and did not then."
    if command.model.name not in known:
        return f"Step {command.step} asks {command.model.name}; then it asked {', '.join(sorted(known))}."
    return f"Step {command.step} tells the model something else than then: its prompt, or what came before it."


def other_record(then: ev.RecordWritten, now: WriteRecord, hidden: Hidden) -> str:
    """Return how a record differs."""
    if then.schema != now.schema:
        return f"The record is a {now.schema}, not a {then.schema}."
    seen = fields(then.record, now.record, lambda record: hidden.written(now.schema, record))
    return f"The record {now.schema} has other values: {seen}"


def fields(then: Mapping[str, Json], now: Mapping[str, Json], seen: Callable[[Json], Json]) -> str:
    """Return the fields that differ, with both values as they may be `seen`."""
    missing = object()

    def told(name: str, value: Json) -> str:
        return "nothing" if value is missing else shown(*seen({name: value}).values())

    parts = []
    for name in [*now, *(name for name in then if name not in now)]:
        left, right = then.get(name, missing), now.get(name, missing)
        if left != right:
            parts.append(f"{name} {told(name, right)}, then {told(name, left)}")
    return "; ".join(parts[:4])


def problem(problems: Sequence[Mapping[str, Json]]) -> str:
    """Return the first problem of a value."""
    first = problems[0]
    return f"{first.get('path') or 'the whole'}: {first['message']}".rstrip(".")


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
