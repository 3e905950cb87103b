"""An allowed call, made once: attempts, doubt and the check of what came back.

Owns: which failed call is repeated, how a write in doubt is settled, and the time and room that a call takes. It yields
`CallTool` and nothing else; whether a call may be made was said before.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Generator, Mapping, Sequence
from typing import Any

import msgspec

from flowrun.core.commands import CallTool
from flowrun.core.context import Context, Meter, spent
from flowrun.core.doubts import after
from flowrun.core.events import AnyEvent, CallFailed, Doubted, Fault, Refused, Returned, Verdict
from flowrun.core.failure import Failure
from flowrun.plan.model import BudgetPlan, ToolPlan
from flowrun.values.micros import MICRO

Json = Any
BAD_OUTPUT = "FR4005"
ATTEMPTS = 4
FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one proposal: `done` with `output`, or `denied`, or `rejected`, with a reason."""

    state: str
    output: Json = None
    reason: str = ""
    rule: str = ""
    edited: dict[str, Json] | None = None
    """The arguments that a person wrote in the place of the proposed ones."""


def call_digest(tool: str, args: Mapping[str, Json]) -> str:
    """Return the digest of a call: SHA-256 over tool and arguments, in sorted JSON."""
    return hashlib.sha256(msgspec.json.encode([tool, args], order="deterministic")).hexdigest()


def natural_digest(tool: ToolPlan, args: Mapping[str, Json]) -> str:
    """Return the digest of what makes a write the same one in every run; empty where its tool has no natural key."""
    names = (tool.once or {}).get("natural") if tool.effect == "write" else None
    return call_digest(tool.name, {name: _composed(args.get(name)) for name in names}) if names else ""


def _composed(value: Json) -> Json:
    """Return a value with all text in Unicode's composed form: a word that is typed in two ways is one word."""
    if isinstance(value, str):
        return value if value.isascii() else unicodedata.normalize("NFC", value)
    if isinstance(value, list):
        return [_composed(item) for item in value]
    if isinstance(value, dict):
        return {_composed(name): _composed(item) for name, item in value.items()}
    return value


def backoff(attempt: int, retry_after: float | None) -> float:
    """Return the seconds before an attempt (2, 3, …): exponential, or what the other side asked for."""
    if retry_after is not None:
        return max(retry_after, 0.0)
    return min(FIRST_DELAY * 2.0 ** (attempt - 2), LONGEST_DELAY)


def execute(
    ctx: Context,
    verdict: Verdict,
    *,
    meter: Meter,
    approvals: Sequence[str],
    approved_by: Sequence[str],
) -> Generator[Any, AnyEvent, Outcome]:
    """Make an allowed call; repeat what is harmless to repeat; return its output or raise `Failure`.

    A write that was once in doubt stays so until it returned or was looked up: no later refusal, failure or lack of
    time tells what became of the first attempt.
    """
    tool = ctx.compiled.plan.tools[verdict.tool]
    doubts = ctx.execution.doubts
    write = tool.effect == "write"
    held = doubts.get(verdict.key)
    if held is None:
        meter.need("tool_calls", 1)
        meter.need("writes", 1 if write else 0)
        full = ctx.execution.take(verdict)
        if full is not None:
            note = Refused(path=f"{verdict.path}/@full", at=ctx.execution.now, rule=full[0], reason=full[1])
            ctx.execution.note(note)
            return Outcome(state="denied", reason=full[1], rule=full[0])
        meter.add("writes", 1 if write else 0)
    attempt, delay, settling = 0, 0.0, 0
    fault: Fault | None = None
    try:
        if held is not None and "confirm_with" in (tool.once or {}):
            # Nothing makes a repeat harmless but that the write was looked for and not found.
            found = yield from look_up(ctx, tool, verdict, held.fault, attempt, meter)
            if found is not None:
                doubts.pop(verdict.key, None)
                return done(ctx, tool, verdict, found, approved_by)
        while True:
            attempt += 1
            meter.need("tool_calls", 1)
            left = work_left(ctx, meter, delay, fault)
            meter.add("tool_calls", 1)
            begun = ctx.execution.now
            event = yield CallTool(
                path=verdict.path if attempt == 1 else f"{verdict.path}~{attempt}",
                verdict=verdict,
                first=verdict.path,
                within=tool.within,
                timeout=left,
                delay=delay,
                least=0.0 if fault is None else fault.retry_after or 0.0,
                approvals=list(approvals) if attempt == 1 else [],
                holds="" if held is None else held.verdict.path,
                simulated=ctx.execution.shadow and write,
                under=ctx.under(),
            )
            ctx.execution.count_work(meter, event, delay)
            if isinstance(event, Returned):
                doubts.pop(verdict.key, None)
                if event.first and held is None:
                    give_back(ctx, meter, verdict, write)  # it was done before, so this run has done nothing
                return done(ctx, tool, verdict, event, approved_by)
            if isinstance(event, Refused):
                if verdict.key in doubts:
                    raise Failure(Fault(kind="denied", message=event.reason))
                give_back(ctx, meter, verdict, write)
                return Outcome(state="denied", reason=event.reason, rule=event.rule)
            assert isinstance(event, CallFailed | Doubted)
            fault = event.fault
            if isinstance(event, Doubted) or verdict.key in doubts:
                doubts[verdict.key] = after(doubts.get(verdict.key), verdict, event, begun)
            if isinstance(event, Doubted):
                # What is closed and wanted by nobody gets one attempt to settle it, not all.
                settling += ctx.execution.closing
                if settling > 1:
                    raise Failure(in_doubt(tool, Fault(kind="tool", message=fault.message)))
                found = yield from settle_doubt(ctx, tool, verdict, event, attempt, meter)
                if found is not None:
                    doubts.pop(verdict.key, None)
                    return done(ctx, tool, verdict, found, approved_by)
            elif not fault.retryable or attempt >= ATTEMPTS or ctx.execution.closing:
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
    return Fault(kind="in_doubt", code="FR3103", message=f"Nobody knows whether {tool.name} was done: {fault.message}")


def settle_doubt(
    ctx: Context, tool: ToolPlan, verdict: Verdict, event: Doubted, attempt: int, meter: Meter
) -> Generator[Any, AnyEvent, Returned | None]:
    """Settle a doubtful write as its `once` says: None to repeat it, its output where it was done; else raise."""
    once = tool.once or {}
    if "confirm_with" in once:
        return (yield from look_up(ctx, tool, verdict, event.fault, attempt, meter))
    if once and attempt < ATTEMPTS:
        return None
    raise Failure(in_doubt(tool, Fault(kind="tool", message=event.fault.message)))


def look_up(
    ctx: Context, tool: ToolPlan, verdict: Verdict, doubt: Fault, attempt: int, meter: Meter
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
    answer = yield CallTool(path=path, verdict=question, first=path, within=reader.within, under=ctx.under())
    ctx.execution.count_work(meter, answer)
    if not isinstance(answer, Returned):
        message = f"{name} could not tell whether {tool.name} was done."
        raise Failure(Fault(kind="in_doubt", code="FR3103", message=message))
    if answer.output is not None:
        return answer
    ctx.execution.doubts.pop(verdict.key, None)
    if attempt >= ATTEMPTS:
        raise Failure(msgspec.structs.replace(doubt, kind="tool"))
    return None


def done(ctx: Context, tool: ToolPlan, verdict: Verdict, event: Returned, approved_by: Sequence[str]) -> Outcome:
    """Check a tool's output, remember the call, and return the output."""
    if event.omitted:
        message = f"{tool.name} was done, but its output is not kept: {event.omitted}"
        raise Failure(Fault(kind="tool", code=BAD_OUTPUT, message=message))
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
    return ctx.meter if within is None else Meter(BudgetPlan(within=within), ctx.meter)


def work_left(ctx: Context, meter: Meter, delay: float, fault: Fault | None) -> float | None:
    """Return the seconds of work that are left after a delay, None where nothing limits them.

    Raises `Failure` where there are none: with the spent budget, with the fault that a repeat was to mend, or as late.
    """
    waits = round(delay * MICRO)
    room = ctx.meter.left("within")
    if room is not None and room <= waits:
        raise Failure(spent("within"))
    left = meter.left("within")
    if left is not None and left <= waits:
        raise Failure(fault or Fault(kind="late", code="FR3102", message="The time is used up."))
    return None if left is None else (left - waits) / MICRO
