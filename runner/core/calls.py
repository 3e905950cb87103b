"""From a proposal to an effect: judging, approval, execution, repetition and doubt.

Owns: what `call` and `ask` share. It yields `Propose`, `AskPerson` and `CallTool`; what may happen is the guard's word,
brought by the event. No rule is evaluated here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from flowrun.core.commands import AskPerson, CallTool, Proposal, Propose
from flowrun.core.context import Context, Meter, spent
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
from flowrun.plan.model import BudgetPlan, ToolPlan

Json = Any
Perform = Callable[[Verdict, Sequence[str]], Generator[Any, AnyEvent, "Outcome"]]
"""Makes an allowed call in its own way; given who approved it."""
BAD_OUTPUT = "FR4003"
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


def call_digest(tool: str, args: Mapping[str, Json]) -> str:
    """Return the digest of a call: SHA-256 over tool and arguments, in sorted JSON."""
    return hashlib.sha256(msgspec.json.encode([tool, args], order="deterministic")).hexdigest()


def make_proposal(
    ctx: Context,
    *,
    path: str,
    step: str,
    tool: str,
    args: Json,
    ordinal: int,
    invalid: str = "",
    doubtful: Mapping[str, str] | None = None,
) -> Proposal:
    """Return a proposal with the flow's bound arguments and its idempotency key.

    `doubtful` maps the digests of writes in doubt to their keys: the same call again keeps the key, so that a tool which
    knows it does nothing twice.
    """
    bound = bound_args(ctx, tool)
    if not isinstance(args, dict):
        args, invalid = {}, invalid or "The arguments are not a map of names to values."
    missing = [name for name, value in bound.items() if value is None]
    if missing and not invalid:
        invalid = f"The flow's own value for {', '.join(missing)} is empty."
    key = (doubtful or {}).get(call_digest(tool, {**args, **bound}))
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
    """Run what is allowed, in order; let people decide what waits; put the outcomes by place of proposal into `outcomes`.

    They are there, too, where one call fails and the failure is raised. `meter` is the step's own; `perform` makes a call
    in the place of `execute`.
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


def after_approval(
    ctx: Context, verdict: Verdict, answer: Answered
) -> Generator[Any, AnyEvent, Verdict | Outcome]:
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


def execute(
    ctx: Context,
    verdict: Verdict,
    *,
    meter: Meter,
    approvals: Sequence[str],
    approved_by: Sequence[str],
) -> Generator[Any, AnyEvent, Outcome]:
    """Make an allowed call; repeat what is harmless to repeat; return its output or raise `Failure`.

    A write that was once in doubt stays so until it returned or was looked up: no later refusal, failure or lack of time
    tells what became of the first attempt.
    """
    tool = ctx.compiled.plan.tools[verdict.tool]
    doubts = ctx.execution.doubts
    write = tool.effect == "write"
    held = verdict.key in doubts
    if not held:
        meter.need("tool_calls", 1)
        meter.need("writes", 1 if write else 0)
        full = ctx.execution.take(verdict)
        if full is not None:
            return Outcome(state="denied", reason=full[1], rule=full[0])
        meter.add("writes", 1 if write else 0)
    attempt, delay = 0, 0.0
    fault: Fault | None = None
    try:
        while True:
            attempt += 1
            meter.need("tool_calls", 1)
            left = work_left(ctx, meter, delay, fault)
            meter.add("tool_calls", 1)
            event = yield CallTool(
                path=verdict.path if attempt == 1 else f"{verdict.path}~{attempt}",
                verdict=verdict,
                first=verdict.path,
                within=tool.within,
                timeout=left,
                delay=delay,
                approvals=list(approvals) if attempt == 1 else [],
            )
            ctx.execution.count_work(meter, event)
            if isinstance(event, Returned):
                doubts.pop(verdict.key, None)
                return done(ctx, tool, verdict, event, approved_by)
            if isinstance(event, Refused):
                if verdict.key in doubts:
                    raise Failure(Fault(kind="denied", message=event.reason))
                give_back(ctx, meter, verdict, write)
                return Outcome(state="denied", reason=event.reason, rule=event.rule)
            assert isinstance(event, CallFailed | Doubted)
            fault = event.fault
            if isinstance(event, Doubted):
                doubts[verdict.key] = (verdict, fault)
                found = yield from settle_doubt(ctx, tool, verdict, event, attempt, meter)
                if found is not None:
                    doubts.pop(verdict.key, None)
                    return done(ctx, tool, verdict, found, approved_by)
            elif not fault.retryable or attempt >= ATTEMPTS:
                raise Failure(fault)
            delay = backoff(attempt + 1, fault.retry_after)
    except Failure as failure:
        if verdict.key in doubts:
            raise Failure(in_doubt(tool, failure.fault), draft=failure.draft) from failure
        if failure.fault.code != BAD_OUTPUT:
            give_back(ctx, meter, verdict, write)
        raise


def in_doubt(tool: ToolPlan, fault: Fault) -> Fault:
    """Return the fault of a write whose effect nobody knows."""
    if fault.kind == "in_doubt" and fault.code:
        return fault
    return Fault(
        kind="in_doubt", code="FR3103", message=f"Nobody knows whether {tool.name} was done: {fault.message}"
    )


def settle_doubt(
    ctx: Context, tool: ToolPlan, verdict: Verdict, event: Doubted, attempt: int, meter: Meter
) -> Generator[Any, AnyEvent, Returned | None]:
    """Settle a doubtful write as its `once` says: None to repeat it, its output where it was done; else raise."""
    once = tool.once or {}
    if "confirm_with" in once:
        return (yield from look_up(ctx, tool, verdict, event, attempt, meter))
    if once and attempt < ATTEMPTS:
        return None
    raise Failure(in_doubt(tool, Fault(kind="tool", message=event.fault.message)))


def look_up(
    ctx: Context, tool: ToolPlan, verdict: Verdict, event: Doubted, attempt: int, meter: Meter
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
    question = Verdict(
        path=path,
        tool=name,
        args=args,
        digest=call_digest(name, args),
        verdict="allow",
        key=verdict.key,
        rules=["once.confirm_with"],
    )
    answer = yield CallTool(path=path, verdict=question, first=path, within=reader.within)
    ctx.execution.count_work(meter, answer)
    if not isinstance(answer, Returned):
        message = f"{name} could not tell whether {tool.name} was done."
        raise Failure(Fault(kind="in_doubt", code="FR3103", message=message))
    if answer.output is not None:
        return answer
    ctx.execution.doubts.pop(verdict.key, None)
    if attempt >= ATTEMPTS:
        raise Failure(msgspec.structs.replace(event.fault, kind="tool"))
    return None


def done(
    ctx: Context, tool: ToolPlan, verdict: Verdict, event: Returned, approved_by: Sequence[str]
) -> Outcome:
    """Check a tool's output, remember the call, and return the output."""
    problems = ctx.compiled.check_output(tool, event.output)
    if problems:
        first = problems[0]
        was = "was done, but gave" if tool.effect == "write" else "gave"
        raise Failure(
            Fault(
                kind="tool",
                code=BAD_OUTPUT,
                message=f"{tool.name} {was} back something else than its schema says: "
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


def give_back(ctx: Context, meter: Meter, verdict: Verdict, write: bool) -> None:
    """Free the room of a write that surely was not done."""
    ctx.execution.free(verdict)
    if write:
        meter.add("writes", -1)


def step_meter(ctx: Context, within: float | None) -> Meter:
    """Return the meter of one step: its own `within`, and through its parents all budgets of the flow."""
    return Meter(BudgetPlan(within=within), ctx.meter)


def work_left(ctx: Context, meter: Meter, delay: float, fault: Fault | None) -> float | None:
    """Return the seconds of work that are left after a delay, None where nothing limits them.

    Raises `Failure` where there are none: with the spent budget, with the fault that a repeat was to mend, or as late.
    """
    room = ctx.meter.left("within")
    if room is not None and room <= delay:
        raise Failure(spent("within"))
    left = meter.left("within")
    if left is not None and left <= delay:
        raise Failure(fault or Fault(kind="late", code="FR3102", message="The time is used up."))
    return None if left is None else left - delay
