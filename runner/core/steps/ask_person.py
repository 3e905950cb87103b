"""`ask_person`: a form before a role or the customer.

Owns: the form's entry and the check of what comes back. Who may answer is the use case's part, not the core's.
"""

from __future__ import annotations

from typing import Any

from flowrun.core.commands import AskPerson
from flowrun.core.context import Context
from flowrun.core.events import Answered, Asked, Fault
from flowrun.core.failure import Failure, RunEnd
from flowrun.core.schedule import Steps
from flowrun.core.steps.ask import as_text, check_only_when
from flowrun.core.steps.state import StepState
from flowrun.plan.model import AskPersonStep
from flowrun.values.moments import add_seconds

Json = Any


def run(ctx: Context, step: AskPersonStep, path: str, state: StepState) -> Steps:
    """Return the person's answer, once it is valid; raise `Failure` when it comes too late."""
    title = as_text(ctx.value(step.prompt))
    draft = None if step.with_ is None else ctx.value(step.with_)
    show = {text: ctx.value(node) for text, node in step.show.items()}
    within = step.within
    # The step's own `within` is the last word; the role's then only moves the entry on.
    until = None if within is None else add_seconds(ctx.execution.now, within)
    deadlines = ctx.execution.deadlines([step.to], last=within is None, until=until)
    problems: list[dict[str, Json]] = []
    here = state.attempt(path)
    number = 0
    while True:
        number += 1
        entry = here if number == 1 else f"{here}/ask-{number}"
        event = yield AskPerson(
            path=entry,
            asked=Asked(
                path=entry,
                kind="question",
                title=title,
                to=[step.to],
                may=["answer", "close"],
                **deadlines,
                form=ctx.compiled.plan.schemas[step.answer],
                draft=draft,
                show=show,
                why=step.title,
                problems=problems,
            ),
        )
        assert isinstance(event, Answered)
        if event.action == "late":
            raise Failure(Fault(kind="late", code="FR3102", message=f"{step.to} did not answer in time."), draft=draft)
        if event.action != "answer" and step.on_error == "hand_off":
            raise RunEnd("handed_off", event.reason or f"{step.to} closed the question.")
        if event.action != "answer":
            raise Failure(
                Fault(kind="denied", code="FR3108", message=event.reason or f"{step.to} closed the question."),
                draft=draft,
            )
        problems = ctx.compiled.check(step.answer, event.data) or check_only_when(ctx, step, event.data)
        if not problems:
            return event.data
        draft = event.data
