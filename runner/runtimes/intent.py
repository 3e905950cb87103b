"""The intent of a call, and what stands in for its result where the call is not made.

Owns: these events, for every runtime alike: refused at the intent, done before by another run, lost with its process. When
they are committed is the runtime's part.
"""

from __future__ import annotations

from flowrun.core.commands import CallModel, CallTool, TakeRoom
from flowrun.core.events import (
    Answered,
    AnyEvent,
    CallFailed,
    Doubted,
    Fault,
    Intended,
    ModelFailed,
    Refused,
    Reserved,
    Returned,
)
from flowrun.core.rooms import store_rooms
from flowrun.errors import FlowrunError
from flowrun.ports.journal import Journal, Receipt
from flowrun.runtimes.refusals import refused
from flowrun.values.micros import MICRO
from flowrun.values.moments import seconds_between
from flowrun.words import t


def needs_intent(command: CallTool) -> bool:
    """Say whether a call must be in the journal before it is made: a write, or what takes room over runs."""
    if command.simulated:
        return False
    return command.verdict.effect == "write" or bool(store_rooms(command.verdict))


def intent_of(command: CallTool, now: str) -> Intended:
    """Return what is committed before the call. Each attempt takes its room anew; the same call never takes it twice."""
    verdict = command.verdict
    return Intended(
        path=command.path,
        at=now,
        tool=verdict.tool,
        args=verdict.args,
        digest=verdict.digest,
        key=verdict.key,
        reserve=store_rooms(verdict),
        approvals=command.approvals,
        holds=command.holds,
        natural=verdict.natural,
    )


def reserved(command: TakeRoom, now: str) -> Reserved:
    """Return what takes the room of a call of another flow."""
    return Reserved(path=command.path, at=now, tool=command.verdict.tool, reserve=store_rooms(command.verdict))


def instead(journal: Journal, command: CallTool | TakeRoom, receipt: Receipt, now: str) -> Returned | Refused | None:
    """Return the event of a call that its intent's refusal settles; None where the run must be looked at anew."""
    if receipt.refused == "natural" and receipt.first is not None:
        return _first_result(journal, command, receipt.first, now)
    return refused(command, receipt, now)


def _first_result(
    journal: Journal, command: CallTool | TakeRoom, first: tuple[str, int], now: str
) -> Returned | Refused:
    run, seq = first
    verdict = command.verdict
    if seq <= 0:
        return Refused(path=command.path, at=now, rule="once.natural", reason=_holder(journal, run, in_doubt=seq < 0))
    try:
        event: AnyEvent | None = next((stored.event for stored in journal.events(run, after=seq - 1)), None)
    except FlowrunError:
        event = None
    if isinstance(event, Returned | Answered):
        output, omitted = (event.output, event.omitted) if isinstance(event, Returned) else (event.data, "")
        return Returned(
            path=command.path, at=now, output=output, tool=verdict.tool, repeat=True, worked=0,
            natural=verdict.natural, first=run, omitted=omitted,
        )  # fmt: skip
    reason = t("The run {run} has done it, and its result can no longer be read.", run=run)
    return Refused(path=command.path, at=now, rule="once.natural", reason=reason)


def _holder(journal: Journal, run: str, *, in_doubt: bool) -> str:
    """Return what the run that holds a natural key is at, and what settles it where nobody drives it."""
    if in_doubt:
        return t("The run {run} may have done it, and nobody knows yet.", run=run)
    try:
        driven = journal.run(run).claimed
    except FlowrunError:
        return t("The run {run} has begun it.", run=run)
    if driven:
        return t("The run {run} is doing it now.", run=run)
    return t("The run {run} has begun it and nobody drives that run: `flowrun resume {run}` settles it.", run=run)


def lost(command: CallTool | CallModel, *, begun: str, last: str, now: str) -> CallFailed | Doubted | ModelFailed:
    """Return what became of a call whose process died: `begun` at its intent, `last` the run's last event before.

    The time in which nobody worked is not charged as work.
    """
    limit = command.timeout
    if isinstance(command, CallTool):
        limit = command.within if limit is None else min(limit, command.within)
    seconds = max(seconds_between(begun, last), 0.0)
    worked = round((seconds if limit is None else min(seconds, limit)) * MICRO)
    if isinstance(command, CallModel):
        fault = Fault(
            kind="model",
            code="FR4121",
            message=t("The process ended while the model's reply was under way."),
            retryable=True,
        )
        return ModelFailed(
            path=command.path, at=now, fault=fault, cost=command.reserve, tokens=command.tokens, worked=worked
        )
    verdict = command.verdict
    if verdict.effect != "write":
        fault = Fault(
            kind="tool", code="FR4121", message=t("The process ended while the call was under way."), retryable=True
        )
        return CallFailed(path=command.path, at=now, fault=fault, tool=verdict.tool, worked=worked)
    fault = Fault(kind="in_doubt", code="FR3103", message=t("The process ended while the call was under way."))
    return Doubted(path=command.path, at=now, fault=fault, tool=verdict.tool, worked=worked, natural=verdict.natural)
