"""A write whose effect nobody knows, and what a person says of it.

Owns: the value, and how a person's word changes the run: done counts as the call's result, not done gives its room back.
Settling without a person (a repeat, a look-up) is `core.execute`'s part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from flowrun.core.events import Answered, CallFailed, Doubted, Fault, Verdict

if TYPE_CHECKING:
    from flowrun.core.context import Context

Json = Any


class Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """`verdict` is the call that came into doubt first: its path has the room. `attempts` are the evidence so far."""

    verdict: Verdict
    fault: Fault
    attempts: list[dict[str, Json]] = []


def after(doubt: Doubt | None, verdict: Verdict, event: Doubted | CallFailed, begun: str) -> Doubt:
    """Return the doubt after one more attempt that settled nothing."""
    attempt = {"path": event.path, "at": begun, "ended": event.at, "said": event.fault.message}
    if doubt is None:
        return Doubt(verdict=verdict, fault=event.fault, attempts=[attempt])
    return msgspec.structs.replace(doubt, fault=event.fault, attempts=[*doubt.attempts, attempt])


def done(ctx: Context, doubt: Doubt, event: Answered, *, tell: bool) -> None:
    """Take a person's word that the write was done; `tell`: it counts as a call of this flow. Its room stays taken."""
    verdict = doubt.verdict
    del ctx.execution.doubts[verdict.key]
    if tell:
        entry = {
            "output": event.data,
            "args": verdict.args,
            "rules": verdict.rules,
            "approved_by": [],
            "at": event.at,
            "settled_by": event.by,
        }
        ctx.names.calls[verdict.tool] = (*ctx.names.calls.get(verdict.tool, ()), entry)


def undone(ctx: Context, doubt: Doubt) -> None:
    """Take a person's word that the write was not done: its room is free again."""
    del ctx.execution.doubts[doubt.verdict.key]
    ctx.execution.free(doubt.verdict)
    ctx.meter.add("writes", -1)
