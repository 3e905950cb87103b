"""What happened in the run of a test, in a few lines.

Owns: that short form, for tests that fail. The timeline of a real run is `app.look`'s part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flowrun.core import events as ev
from flowrun.insight.places import locate
from flowrun.plan.model import Plan
from flowrun.testing.result import shown

Json = Any
MOST = 40
"""Lines of a story; what is between its beginning and its end is left out of a longer one."""


def story(plan: Plan, events: Sequence[ev.AnyEvent]) -> list[str]:
    """Return what happened, in order, each line with the step that it happened in."""
    lines = []
    for event in events:
        _, step = locate(plan, event.path)
        where = "" if step is None else f"{step.id}: "
        lines += [f"{where}{text}" for text in _told(event)]
    if len(lines) > MOST:
        left = len(lines) - MOST
        lines = [*lines[: MOST // 2], f"… {left} more", *lines[-MOST // 2 :]]
    return lines


def _told(event: ev.AnyEvent) -> Iterator[str]:
    match event:
        case ev.RunStarted():
            yield f"the input arrived: {shown(event.input)}"
        case ev.ModelReplied():
            for tool, args in event.proposals:
                yield f"the model proposed {tool} {shown(args)}"
            if event.answered:
                yield f"the model answered {shown(event.answer)}"
            if event.text is not None:
                yield f"the model said {shown(event.text)}"
        case ev.ModelFailed():
            yield f"the model failed: {event.fault.message}"
        case ev.AnswerInvalid():
            told = "; ".join(f"{p.get('path') or 'the whole'}: {p['message']}" for p in event.problems)
            yield f"the answer was not valid: {told}"
        case ev.Decided():
            yield from map(_verdict, event.verdicts)
        case ev.Refused():
            yield f"the call was refused at the last moment by {event.rule}: {event.reason}"
        case ev.Returned():
            yield f"{event.tool or 'the call'} gave {shown(event.output)}"
        case ev.CallFailed():
            yield f"{event.tool or 'the call'} failed: {event.fault.message}"
        case ev.Doubted():
            yield f"nobody knows whether {event.tool or 'the call'} was done: {event.fault.message}"
        case ev.StepFailed():
            yield f"the step failed ({event.fault.message}); on_error: {event.on_error}"
        case ev.Asked():
            yield f"{', '.join(event.to)} were asked ({event.kind.replace('_', '-')}): {event.title}"
        case ev.Approved():
            yield f"{event.by} said {'yes' if event.yes else 'no'} for {event.role}"
        case ev.Escalated():
            yield f"{event.late} did not answer in time; now {event.role} is asked"
        case ev.Edited():
            yield f"{event.by} changed the call to {shown(event.args)}"
        case ev.Answered() if event.action == "answer":
            yield f"{event.by or 'somebody'} answered {shown(event.data)}"
        case ev.Answered() if event.action not in ("approve", "reject", "edit"):
            yield f"{event.by or 'nobody'}: {event.action.replace('_', ' ')}"
        case ev.Waiting():
            yield f"waits for {event.event or event.due}"
        case ev.Woken():
            yield "the time came" if event.timer else f"the event came: {shown(event.payload)}"
        case ev.RecordWritten():
            yield f"wrote the record {event.schema}: {shown(event.record)}"
        case ev.RunFinished():
            yield f"ended {event.outcome}" + (f": {event.reason}" if event.reason else "")


def _verdict(verdict: ev.Verdict) -> str:
    what = f"{verdict.tool} {shown(verdict.args)}"
    if verdict.verdict == "deny":
        return f"denied by {', '.join(dict.fromkeys(verdict.denials))}: {what}: {verdict.reason}"
    if verdict.verdict == "ask":
        return f"needs a yes of {', '.join(verdict.approvers)}: {what}"
    return f"allowed: {what}"
