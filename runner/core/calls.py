"""From a proposal to a verdict: what `call` and `ask` share before anybody acts on it.

Owns: the making of proposals and having them judged. What may happen is the guard's word, brought by the event; no rule is
evaluated here. What follows from the verdicts is `core.turn`'s part.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Sequence
from typing import Any

import msgspec

from flowrun.core.commands import Proposal, Propose
from flowrun.core.context import Context, spent
from flowrun.core.events import AnyEvent, Decided, Verdict
from flowrun.core.execute import call_digest
from flowrun.core.failure import Failure

Json = Any


def idempotency_key(ctx: Context, step: str, tool: str, bound: dict[str, Json], ordinal: int) -> str:
    """Return the key of a write: fixed by run, step, tool, bound arguments and ordinal, never by the model's words."""
    parts = msgspec.json.encode([ctx.key, step, tool, bound, ordinal], order="deterministic")
    return hashlib.sha256(parts).hexdigest()[:40]


def bound_args(ctx: Context, tool: str) -> dict[str, Json]:
    """Return the arguments that the flow fixes for a tool."""
    return {name: ctx.value(node) for rule in ctx.flow.rules if tool in rule.tools for name, node in rule.bind.items()}


def make_proposal(
    ctx: Context,
    *,
    path: str,
    step: str,
    tool: str,
    args: Json,
    ordinal: int,
    invalid: str = "",
    again: dict[str, str] | None = None,
) -> Proposal:
    """Return a proposal with the flow's bound arguments and its idempotency key.

    `again` maps the digests of writes in doubt, and of those that a person found not done, to their keys: the same call
    again takes the key from there, so that a tool which knows it does nothing twice.
    """
    bound = bound_args(ctx, tool)
    if not isinstance(args, dict):
        args, invalid = {}, invalid or "The arguments are not a map of names to values."
    missing = [name for name, value in bound.items() if value is None]
    if missing and not invalid:
        invalid = f"The flow's own value for {', '.join(missing)} is empty."
    key = None if not again else again.pop(call_digest(tool, {**args, **bound}), None)
    if key is None:
        key = idempotency_key(ctx, step, tool, bound, ordinal)
    return Proposal(path=path, tool=tool, args=args, bound=bound, key=key, invalid=invalid)


def judge(
    ctx: Context,
    path: str,
    proposals: Sequence[Proposal],
    *,
    approved: Sequence[str] = (),
    met: Sequence[str] = (),
) -> Generator[Any, AnyEvent, list[Verdict]]:
    """Have proposals judged together; return a verdict for each. A spent budget is raised, for no answer helps it.

    `approved`: digests for which the roles in `met` have said yes.
    """
    doubts = ctx.execution.doubts
    if doubts:
        proposals = [
            msgspec.structs.replace(p, held=doubts[p.key].verdict) if p.key in doubts else p for p in proposals
        ]
    event = yield Propose(
        path=path,
        flow=ctx.flow,
        proposals=list(proposals),
        names=ctx.names,
        used={**ctx.meter.used, **ctx.execution.taken},
        limits=ctx.meter.tightest(),
        approved=list(approved),
        met=list(met),
        mode=ctx.execution.started.mode,
        under=ctx.under(),
    )
    assert isinstance(event, Decided)
    for verdict in event.verdicts:
        if verdict.denied_by and verdict.denied_by.startswith("budget."):
            raise Failure(spent(verdict.denied_by.removeprefix("budget.")))
    return event.verdicts
