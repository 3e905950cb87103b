"""From a proposal to an outcome: judging, approval, and the order in which calls are made.

Owns: what `call` and `ask` share before a call is made. What may happen is the guard's word, brought by the event;
no rule is evaluated here. Making the call is `core.execute`'s part.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Sequence
from typing import Any

import msgspec

from flowrun.core.commands import AskPerson, Proposal, Propose
from flowrun.core.context import Context, Meter, spent
from flowrun.core.events import Answered, AnyEvent, Asked, Decided, Verdict
from flowrun.core.execute import Outcome, call_digest, execute
from flowrun.core.failure import Failure

Json = Any
Perform = Callable[[Verdict, Sequence[str]], Generator[Any, AnyEvent, Outcome]]
"""Makes an allowed call in its own way; given who approved it."""


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
    doubtful: dict[str, str] | None = None,
) -> Proposal:
    """Return a proposal with the flow's bound arguments and its idempotency key.

    `doubtful` maps the digests of writes in doubt to their keys: the same call again takes the key from there, so that
    a tool which knows it does nothing twice.
    """
    bound = bound_args(ctx, tool)
    if not isinstance(args, dict):
        args, invalid = {}, invalid or "The arguments are not a map of names to values."
    missing = [name for name, value in bound.items() if value is None]
    if missing and not invalid:
        invalid = f"The flow's own value for {', '.join(missing)} is empty."
    key = None if not doubtful else doubtful.pop(call_digest(tool, {**args, **bound}), None)
    if key is None:
        key = idempotency_key(ctx, step, tool, bound, ordinal)
    return Proposal(path=path, tool=tool, args=args, bound=bound, key=key, invalid=invalid)


def judge(
    ctx: Context, path: str, proposals: Sequence[Proposal], approved: Sequence[str] = ()
) -> Generator[Any, AnyEvent, list[Verdict]]:
    """Have proposals judged together; return a verdict for each. A spent budget is raised, for no answer helps it."""
    used = {**ctx.meter.used, **ctx.execution.taken}
    held = ctx.execution.doubts.get(proposals[0].key) if len(proposals) == 1 else None
    if held is not None:
        # The write in doubt has its room already; settling it takes no more.
        used["writes"] -= 1
        for room in ctx.execution.run_rooms(held[0]):
            used[room.counter] -= room.amount
    event = yield Propose(
        path=path,
        flow=ctx.flow,
        proposals=list(proposals),
        names=ctx.names,
        used=used,
        limits=ctx.meter.tightest(),
        approved=list(approved),
        under=ctx.under(),
    )
    assert isinstance(event, Decided)
    for verdict in event.verdicts:
        if verdict.denied_by and verdict.denied_by.startswith("budget."):
            raise Failure(spent(verdict.denied_by.removeprefix("budget.")))
    return event.verdicts


def settle(
    ctx: Context,
    path: str,
    verdicts: Sequence[Verdict],
    outcomes: dict[int, Outcome],
    *,
    meter: Meter,
    title: str,
    perform: Perform | None = None,
) -> Generator[Any, AnyEvent, None]:
    """Run what is allowed, in order; let people decide what waits; put each outcome by its place into `outcomes`.

    They are there, too, where one call fails and the failure is raised. `meter` is the step's own; `perform` makes a
    call in the place of `execute`.
    """
    asked: list[tuple[int, Verdict]] = []
    for place, verdict in enumerate(verdicts):
        if verdict.verdict == "deny":
            outcomes[place] = Outcome(state="denied", reason=verdict.reason, rule=verdict.denied_by or "")
        elif verdict.verdict == "ask":
            asked.append((place, verdict))
    entry = f"{path}/@approval"

    def act(verdict: Verdict, approvals: Sequence[str], people: Sequence[str]) -> Generator[Any, AnyEvent, Outcome]:
        if perform is not None:
            return (yield from perform(verdict, people))
        return (yield from execute(ctx, verdict, meter=meter, approvals=approvals, approved_by=people))

    try:
        for place, verdict in enumerate(verdicts):
            if verdict.verdict == "allow":
                outcomes[place] = yield from act(verdict, (), ())
        if asked:
            answer = yield from ask_approval(ctx, entry, [verdict for _, verdict in asked], title)
            people = tuple(name for name in answer.by.split(", ") if name)
        for place, verdict in asked:
            fresh = yield from after_approval(ctx, verdict, answer)
            outcomes[place] = fresh if isinstance(fresh, Outcome) else (yield from act(fresh, (entry,), people))
    except Failure as failure:
        outcomes[place] = Outcome(state="failed", reason=failure.fault.message)
        raise


def ask_approval(
    ctx: Context, path: str, verdicts: Sequence[Verdict], title: str
) -> Generator[Any, AnyEvent, Answered]:
    """Open one entry for all waiting calls of a turn and return how it was settled."""
    roles: list[str] = []
    for verdict in verdicts:
        roles += [role for role in verdict.approvers if role not in roles]
    event = yield AskPerson(
        path=path,
        asked=Asked(
            path=path,
            kind="approval",
            title=title,
            to=roles,
            may=["approve", "reject"],
            due=ctx.execution.role_due(roles),
            proposals=list(verdicts),
            why=" ".join(dict.fromkeys(v.reason for v in verdicts if v.reason)),
        ),
    )
    assert isinstance(event, Answered)
    return event


def after_approval(ctx: Context, verdict: Verdict, answer: Answered) -> Generator[Any, AnyEvent, Verdict | Outcome]:
    """Judge an approved call again, with fresh facts; return the fresh verdict, or why it does not run after all."""
    if answer.action == "late":
        return Outcome(state="rejected", reason="Nobody answered in time.")
    if answer.action != "approve" or verdict.digest in answer.rejected:
        return Outcome(state="rejected", reason=answer.reason or "A person said no.")
    again = Proposal(path=verdict.path, tool=verdict.tool, args=verdict.args, bound={}, key=verdict.key)
    fresh = (yield from judge(ctx, f"{verdict.path}/@again", [again], [verdict.digest]))[0]
    if fresh.verdict != "allow":
        return Outcome(state="denied", reason=fresh.reason, rule=fresh.denied_by or "")
    return fresh
