"""Runs steps one after the other, and says what becomes of a step that fails.

Owns: `when`, `within` of blocks, `on_error` and hand-offs, for every verb alike, and the run of a whole flow.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

from flowrun.core import doubts
from flowrun.core.commands import AskPerson
from flowrun.core.context import Context
from flowrun.core.doubts import Doubt
from flowrun.core.events import Answered, Asked, Fault, StepFailed
from flowrun.core.execute import BAD_OUTPUT
from flowrun.core.failure import Failure, RunEnd
from flowrun.core.schedule import Deadline, Steps
from flowrun.core.steps import ask, ask_person, call, choose, for_each, parallel, record, set_, stop, wait_for
from flowrun.core.steps.state import StepState
from flowrun.plan.model import (
    AnyStep,
    AskPersonStep,
    AskStep,
    CallStep,
    ChooseStep,
    ForEachStep,
    ParallelStep,
    RecordStep,
    SetStep,
    StopStep,
    WaitStep,
)
from flowrun.values.moments import add_seconds

Json = Any
Verb = Callable[[Context, Any, str, StepState], Steps]

BLOCKS = (ChooseStep, ForEachStep, ParallelStep)
RESUMABLE = (CallStep, AskStep, AskPersonStep, RecordStep, WaitStep)


def run_flow(ctx: Context) -> Steps:
    """Run a flow from its first step to its record; return the record."""
    yield from run_steps(ctx, ctx.flow.steps)
    return ctx.final


def run_steps(ctx: Context, steps: Sequence[AnyStep], prefix: str | None = None) -> Steps:
    """Run steps in order; return the value of the last one that ran. `prefix` is their path, else the context's."""
    last: Json = None
    for step in steps:
        path = ctx.at(step.id) if prefix is None else f"{prefix}/{step.id}"
        if step.when is not None and ctx.value(step.when) is not True:
            ctx.names.steps[step.id] = None
            continue
        last = yield from run_step(ctx, step, path)
        ctx.names.steps[step.id] = last
    return last


def run_step(ctx: Context, step: AnyStep, path: str) -> Steps:
    """Run one step, and do what its `on_error` says where it fails."""
    verb = VERBS[type(step)]
    state = StepState()
    while True:
        try:
            if step.within is not None and isinstance(step, BLOCKS):
                return (
                    yield Deadline(
                        lambda: verb(ctx, step, path, state),
                        path=f"{path}/@within-{state.tries}",
                        due=add_seconds(ctx.execution.now, step.within),
                    )
                )
            return (yield from verb(ctx, step, path, state))
        except Failure as failure:
            fault = failure.fault
            state.tries += 1
            on_error = step.on_error
            if ctx.execution.closing or (on_error == "continue" and ctx.execution.doubts_under(path)):
                on_error = "fail"
            ctx.execution.note(
                StepFailed(
                    path=path if state.tries == 1 else f"{path}/@failed-{state.tries}",
                    at=ctx.execution.now,
                    step=step.id,
                    fault=fault,
                    on_error=on_error,
                )
            )
            if on_error == "fail":
                raise
            if on_error == "continue":
                ctx.execution.gaps = True
                return None
            answered = yield from hand_off(ctx, step, path, state, failure)
            if answered is not None:
                return answered[0]


def hand_off(
    ctx: Context, step: AnyStep, path: str, state: StepState, failure: Failure
) -> Generator[Any, Any, tuple[Json] | None]:
    """Wait for a person: return their answer in a tuple, or None to go on with the step.

    Writes of the step that are in doubt come first, one entry each; what else may be done follows from the rest.
    """
    fault, draft, problems = failure.fault, failure.draft, failure.fault.problems
    while True:
        doubt = next(iter(ctx.execution.doubts_under(path)), None)
        if doubt is None and fault.kind == "in_doubt":
            fault = Fault(kind="flow", code="FR3113", message="A person settled the write; the step did not end.")
        may = may_do(ctx, step, path, fault, doubt)
        state.hand_offs += 1
        entry = f"{path}/@hand-off-{state.hand_offs}"
        title = step.title or f"{ctx.flow.title or ctx.flow.name}: {step.id}"
        if doubt is None:
            form, why, about = output_schema(ctx, step), fault.message, None
        else:
            form, why, about = (
                ctx.compiled.plan.tools[doubt.verdict.tool].output,
                in_doubt_words(ctx, doubt, may),
                doubt,
            )
        event = yield AskPerson(
            path=entry,
            asked=Asked(
                path=entry,
                kind="hand_off",
                title=title,
                to=[ctx.flow.owner],
                may=may,
                **ctx.execution.deadlines([ctx.flow.owner], last=False),
                form=form,
                draft=draft,
                why=why,
                problems=problems,
                proposals=[] if about is None else [about.verdict],
                evidence=[] if about is None else about.attempts,
            ),
        )
        assert isinstance(event, Answered)
        if event.action not in may:
            continue
        if event.action == "resume":
            return None
        if event.action == "close":
            outcome = "in_doubt" if doubt is not None else "handed_off"
            raise RunEnd(outcome, event.reason or fault.message)
        if doubt is not None:
            problems = settle_by_person(ctx, step, path, state, doubt, event)
            draft = event.data if problems else failure.draft
            if problems or ctx.execution.doubts_under(path):
                continue
            if isinstance(step, CallStep) and step.flow is None:
                return (event.data,) if event.action == "done" else None
            if isinstance(step, AskStep) and fault.kind == "in_doubt":
                return None
            continue
        problems = check_output(ctx, step, event.data)
        if problems:
            draft = event.data
            continue
        if isinstance(step, RecordStep):
            return ((yield from record.write(ctx, step, f"{path}/@answer-{state.hand_offs}", event.data)),)
        return (event.data,)


def may_do(ctx: Context, step: AnyStep, path: str, fault: Fault, doubt: Doubt | None) -> list[str]:
    """Return what a person may do about a step that failed. A doubt is never answered over, nor blindly repeated."""
    again = resumable(ctx, step, fault)
    if doubt is not None:
        tools = ctx.compiled.plan.tools
        harmless = all(tools[d.verdict.tool].once for d in ctx.execution.doubts_under(path))
        return ["done", "not_done", *(["resume"] if again and harmless else []), "close"]
    return [*(["answer"] if output_schema(ctx, step) is not None else []), *(["resume"] if again else []), "close"]


def in_doubt_words(ctx: Context, doubt: Doubt, may: Sequence[str]) -> str:
    """Return what a person must know before they say whether a write was done."""
    why = f"Nobody knows whether {doubt.verdict.tool} was done: {doubt.fault.message.rstrip('.')}. Look there first."
    if "resume" not in may:
        return why
    once = ctx.compiled.plan.tools[doubt.verdict.tool].once or {}
    if "natural" in once:
        return f"{why} To resume makes the call again, which its tool says does nothing twice."
    if "confirm_with" in once:
        return f"{why} To resume looks with {once['confirm_with']} first, and makes the call again only where it was not done."
    return f"{why} To resume makes the call again with the same key."


def settle_by_person(
    ctx: Context, step: AnyStep, path: str, state: StepState, doubt: Doubt, event: Answered
) -> list[dict[str, Json]]:
    """Take a person's word about a write in doubt; return what is wrong with the output that they gave."""
    verdict = doubt.verdict
    if event.action == "done":
        problems = ctx.compiled.check_output(ctx.compiled.plan.tools[verdict.tool], event.data)
        if not problems:
            sub_flow = isinstance(step, CallStep) and step.flow is not None
            doubts.done(ctx, doubt, event, tell=not sub_flow)
            ask.correct(state, verdict.path, event.data)
        return problems
    doubts.undone(ctx, doubt)
    ask.correct(state, verdict.path, {"error": "A person looked: this call was not done."})
    state.again[verdict.digest] = verdict.key
    return []


def resumable(ctx: Context, step: AnyStep, fault: Fault) -> bool:
    """Say whether a step may be tried again: not where that would repeat what is done."""
    if not isinstance(step, RESUMABLE):
        return False
    if isinstance(step, CallStep):
        if step.flow is not None:
            return False
        return fault.code != BAD_OUTPUT or ctx.compiled.plan.tools[step.tool].effect != "write"
    return True


def output_schema(ctx: Context, step: AnyStep) -> dict[str, Json] | None:
    """Return the schema of what a person may put in the place of a step's value; None where nobody can."""
    plan = ctx.compiled.plan
    if isinstance(step, AskStep | AskPersonStep):
        return plan.schemas[step.answer] if step.answer else {"type": "string", "minLength": 1}
    if isinstance(step, RecordStep):
        return plan.schemas[step.schema]
    if isinstance(step, CallStep):
        return plan.schemas[plan.flows[step.flow].output] if step.flow else plan.tools[step.tool].output
    if isinstance(step, WaitStep):
        return plan.schemas[step.event] if step.event else None
    return None


def check_output(ctx: Context, step: AnyStep, value: Json) -> list[dict[str, Json]]:
    """Return the problems of a person's answer in the place of a step's value."""
    if isinstance(step, CallStep) and not step.flow:
        return ctx.compiled.check_output(ctx.compiled.plan.tools[step.tool], value)
    key = {AskStep: "answer", AskPersonStep: "answer", RecordStep: "schema", WaitStep: "event"}.get(type(step))
    schema = ctx.compiled.plan.flows[step.flow].output if isinstance(step, CallStep) and step.flow else None
    if key is not None:
        schema = getattr(step, key)
    if schema is None:
        return [] if isinstance(value, str) and value else [ask.problem("type", "A text is needed.")]
    problems = ctx.compiled.check(schema, value)
    if not problems and isinstance(step, AskStep | AskPersonStep | RecordStep):
        problems = ask.check_only_when(ctx, step, value)
    return problems


VERBS: dict[type, Verb] = {
    CallStep: call.run,
    AskStep: ask.run,
    AskPersonStep: ask_person.run,
    ChooseStep: choose.run,
    ForEachStep: for_each.run,
    ParallelStep: parallel.run,
    WaitStep: wait_for.run,
    RecordStep: record.run,
    SetStep: set_.run,
    StopStep: stop.run,
}
