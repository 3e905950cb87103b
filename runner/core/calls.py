"""From a proposal to an effect: judging, approval, execution, repetition and doubt.

Owns: what `call` and `ask` share. It yields `Propose`, `AskPerson` and `CallTool`; what may happen is the guard's word,
brought by the event. No rule is evaluated here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from flowrun.core.commands import AskPerson, CallTool, Proposal, Propose
from flowrun.core.context import Context, spent
from flowrun.core.events import (
    AnyEvent,
    Answered,
    Asked,
    CallFailed,
    Decided,
    Doubted,
    Fault,
    Refused,
    Returned,
    Verdict,
)
from flowrun.core.failure import Failure
from flowrun.plan.model import ToolPlan

Json = Any
ATTEMPTS = 4
FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one proposal: `done` with `output`, or `denied`, or `rejected`, with a reason."""

    state: str
    output: Json = None
    reason: str = ""
    rule: str = ""


def backoff(attempt: int, retry_after: float | None) -> float:
    """Return the seconds before an attempt (2, 3, …): exponential, or what the other side asked for."""
    if retry_after is not None:
        return max(retry_after, 0.0)
    return min(FIRST_DELAY * 2.0 ** (attempt - 2), LONGEST_DELAY)


def idempotency_key(ctx: Context, step: str, tool: str, bound: dict[str, Json], ordinal: int) -> str:
    """Return the key of a write: fixed by run, step, tool, bound arguments and ordinal, never by the model's words."""
    parts = msgspec.json.encode([ctx.key, step, tool, bound, ordinal], order="deterministic")
    return hashlib.sha256(parts).hexdigest()[:40]


def bound_args(ctx: Context, tool: str) -> dict[str, Json]:
    """Return the arguments that the flow fixes for a tool."""
    return {
        name: ctx.value(node)
        for rule in ctx.flow.rules
        if tool in rule.tools
        for name, node in rule.bind.items()
    }


def make_proposal(
    ctx: Context, *, path: str, step: str, tool: str, args: Json, ordinal: int, invalid: str = ""
) -> Proposal:
    """Return a proposal with the flow's bound arguments and its idempotency key."""
    bound = bound_args(ctx, tool)
    if not isinstance(args, dict):
        args, invalid = {}, invalid or "The arguments are not a map of names to values."
    missing = [name for name, value in bound.items() if value is None]
    if missing and not invalid:
        invalid = f"The flow's own value for {', '.join(missing)} is empty."
    key = idempotency_key(ctx, step, tool, bound, ordinal)
    return Proposal(path=path, tool=tool, args=args, bound=bound, key=key, invalid=invalid)


def judge(
    ctx: Context, path: str, proposals: Sequence[Proposal], approved: Sequence[str] = ()
) -> Generator[Any, AnyEvent, list[Verdict]]:
    """Have proposals judged together; return a verdict for each. A spent budget is raised, for no answer helps it."""
    event = yield Propose(
        path=path,
        flow=ctx.flow,
        proposals=list(proposals),
        names=ctx.names,
        used={**ctx.meter.used, **ctx.execution.taken},
        limits=ctx.meter.tightest(),
        approved=list(approved),
    )
    assert isinstance(event, Decided)
    for verdict in event.verdicts:
        if verdict.denied_by and verdict.denied_by.startswith("budget."):
            raise Failure(spent(verdict.denied_by.removeprefix("budget.")))
    return event.verdicts


def settle(
    ctx: Context, path: str, verdicts: Sequence[Verdict], *, timeout: float | None, title: str
) -> Generator[Any, AnyEvent, list[Outcome]]:
    """Run what is allowed, in order; let people decide what waits; return the outcomes in the order of proposal."""
    outcomes: dict[int, Outcome] = {}
    asked: list[tuple[int, Verdict]] = []
    for place, verdict in enumerate(verdicts):
        if verdict.verdict == "deny":
            outcomes[place] = Outcome(state="denied", reason=verdict.reason, rule=verdict.denied_by or "")
        elif verdict.verdict == "ask":
            asked.append((place, verdict))
        else:
            outcomes[place] = yield from execute(ctx, verdict, timeout=timeout, approvals=(), approved_by=())
    if asked:
        entry = f"{path}/@approval"
        answer = yield from ask_approval(ctx, entry, [verdict for _, verdict in asked], title)
        for place, verdict in asked:
            outcomes[place] = yield from after_approval(ctx, entry, verdict, answer, timeout)
    return [outcomes[place] for place in range(len(verdicts))]


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


def after_approval(
    ctx: Context, entry: str, verdict: Verdict, answer: Answered, timeout: float | None
) -> Generator[Any, AnyEvent, Outcome]:
    """Judge an approved call again, with fresh facts, and run it; a rejected or late one is not run."""
    if answer.action == "late":
        return Outcome(state="rejected", reason="Nobody answered in time.")
    if answer.action != "approve" or verdict.digest in answer.rejected:
        return Outcome(state="rejected", reason=answer.reason or "A person said no.")
    again = Proposal(path=verdict.path, tool=verdict.tool, args=verdict.args, bound={}, key=verdict.key)
    fresh = (yield from judge(ctx, f"{verdict.path}/@again", [again], [verdict.digest]))[0]
    if fresh.verdict != "allow":
        return Outcome(state="denied", reason=fresh.reason, rule=fresh.denied_by or "")
    people = tuple(name for name in answer.by.split(", ") if name)
    return (yield from execute(ctx, fresh, timeout=timeout, approvals=(entry,), approved_by=people))


def execute(
    ctx: Context,
    verdict: Verdict,
    *,
    timeout: float | None,
    approvals: Sequence[str],
    approved_by: Sequence[str],
) -> Generator[Any, AnyEvent, Outcome]:
    """Make an allowed call; repeat what is harmless to repeat; return its output or raise `Failure`."""
    tool = ctx.compiled.plan.tools[verdict.tool]
    full = ctx.execution.take(verdict)
    if full is not None:
        return Outcome(state="denied", reason=full[1], rule=full[0])
    write = tool.effect == "write"
    started = ctx.meter.used["within"]
    attempt, delay, fault = 0, 0.0, Fault(kind="tool", message="")
    while True:
        attempt += 1
        ctx.meter.need("tool_calls", 1)
        if attempt == 1 and write:
            ctx.meter.need("writes", 1)
            ctx.meter.add("writes", 1)
        ctx.meter.add("tool_calls", 1)
        left = work_left(ctx, timeout, started)
        if left is not None and left <= 0:
            raise Failure(fault if fault.message else Fault(kind="late", code="FR3102", message="The time is used up."))
        event = yield CallTool(
            path=verdict.path if attempt == 1 else f"{verdict.path}~{attempt}",
            verdict=verdict,
            first=verdict.path,
            within=tool.within,
            timeout=left,
            delay=delay,
            approvals=list(approvals) if attempt == 1 else [],
        )
        ctx.execution.count_work(ctx.meter, event)
        if isinstance(event, Returned):
            return done(ctx, tool, verdict, event, approved_by)
        if isinstance(event, Refused):
            give_back(ctx, verdict, write)
            return Outcome(state="denied", reason=event.reason, rule=event.rule)
        assert isinstance(event, CallFailed | Doubted)
        fault = event.fault
        if isinstance(event, CallFailed):
            again = fault.retryable and attempt < ATTEMPTS
            if not again:
                give_back(ctx, verdict, write)
                raise Failure(fault)
        else:
            found = yield from settle_doubt(ctx, tool, verdict, event, attempt)
            if found is not None:
                return done(ctx, tool, verdict, found, approved_by)
        delay = backoff(attempt + 1, fault.retry_after)


def settle_doubt(
    ctx: Context, tool: ToolPlan, verdict: Verdict, event: Doubted, attempt: int
) -> Generator[Any, AnyEvent, Returned | None]:
    """Settle a doubtful write as its `once` says: None to repeat it, its output where it was done; else raise."""
    once = tool.once or {}
    if "confirm_with" in once:
        return (yield from look_up(ctx, tool, verdict, event, attempt))
    if once and attempt < ATTEMPTS:
        return None
    raise Failure(
        Fault(
            kind="in_doubt",
            code="FR3103",
            message=f"Nobody knows whether {tool.name} was done: {event.fault.message}",
        )
    )


def look_up(
    ctx: Context, tool: ToolPlan, verdict: Verdict, event: Doubted, attempt: int
) -> Generator[Any, AnyEvent, Returned | None]:
    """Ask the `confirm_with` action whether the write was done; null means that it was not."""
    assert tool.once is not None
    name = tool.once["confirm_with"]
    if "." not in name:
        name = f"{tool.name.split('.')[0]}.{name}"
    reader = ctx.compiled.plan.tools[name]
    takes = reader.input.get("properties", {})
    args = {k: v for k, v in {**verdict.args, "key": verdict.key}.items() if k in takes}
    path = f"{verdict.path}/@confirm-{attempt}"
    digest = hashlib.sha256(msgspec.json.encode([name, args], order="deterministic")).hexdigest()
    question = Verdict(path=path, tool=name, args=args, digest=digest, verdict="allow", rules=["once.confirm_with"])
    answer = yield CallTool(path=path, verdict=question, first=path, within=reader.within)
    ctx.execution.count_work(ctx.meter, answer)
    if isinstance(answer, Returned):
        if answer.output is not None:
            return answer
        if attempt < ATTEMPTS:
            return None
    raise Failure(
        Fault(kind="in_doubt", code="FR3103", message=f"{name} could not tell whether {tool.name} was done.")
    )


def done(
    ctx: Context, tool: ToolPlan, verdict: Verdict, event: Returned, approved_by: Sequence[str]
) -> Outcome:
    """Check a tool's output, remember the call, and return the output."""
    problems = ctx.compiled.check_output(tool, event.output)
    if problems:
        first = problems[0]
        raise Failure(
            Fault(
                kind="tool",
                code="FR4003",
                message=f"{tool.name} gave back something else than its schema says: "
                f"{first.get('path') or 'the whole'}: {first['message']}",
                problems=problems,
            ),
            draft=event.output,
        )
    entry = {
        "output": event.output,
        "args": verdict.args,
        "rules": verdict.rules,
        "approved_by": list(approved_by),
        "at": event.at,
    }
    ctx.names.calls[tool.name] = (*ctx.names.calls.get(tool.name, ()), entry)
    return Outcome(state="done", output=event.output)


def give_back(ctx: Context, verdict: Verdict, write: bool) -> None:
    """Free the room of a write that surely was not done."""
    ctx.execution.free(verdict)
    if write:
        ctx.meter.add("writes", -1)


def work_left(ctx: Context, timeout: float | None, started: float) -> float | None:
    """Return the seconds of work that the step and the run's budget still allow."""
    used = ctx.meter.used["within"] - started
    limits = [room for room in (ctx.meter.left("within"), None if timeout is None else timeout - used) if room is not None]
    return min(limits) if limits else None
