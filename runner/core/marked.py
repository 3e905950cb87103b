"""Which values of a run are marked personal or secret: by the schemas of its input, tools, answers, forms and records.

Owns: which schema describes which part of an event and which name of an expression. What a mark does to a value is
`flowrun.privacy`'s part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from flowrun.core import events as ev
from flowrun.plan import model as m
from flowrun.privacy.marks import Found, found, redacted
from flowrun.values.names import Names

Json = Any
Act = Callable[[Json, Json], Json]
"""From a schema and a value to what stands in the value's place."""


LOST = {"x-pii": "hidden"}
"""The schema of what no plan describes any more."""


class EventMarks:
    """Reads the events of one run, in order, beside the schemas of its plan."""

    def __init__(self, plan: m.Plan | None) -> None:
        """`plan`: None where it is lost; then everything that a schema would describe counts as marked."""
        self._plan = plan
        self._steps = {} if plan is None else dict(_schemas_of_steps(plan))
        self._forms: dict[str, Json] = {}
        self._calls: dict[str, str] = {}
        """The tool of each call that was judged, by its path."""
        self._awaited: dict[str, Json] = {}

    def known(self, events: Iterable[ev.AnyEvent]) -> list[Found]:
        """Return every marked value that the events hold."""
        out: list[Found] = []

        def keep(schema: Json, value: Json) -> Json:
            out.extend(found(schema, value))
            return value

        for event in events:
            self.apply(event, keep)
        return list(dict.fromkeys(out))

    def redacted(self, event: ev.AnyEvent) -> ev.AnyEvent:
        """Return an event with placeholders in its marked fields."""
        return self.apply(event, redacted)

    def redacted_args(self, tool: str, args: Json) -> Json:
        """Return arguments of a call with placeholders in its marked fields."""
        return redacted(self._tool(tool, "input"), args)

    def apply(self, event: ev.AnyEvent, act: Act) -> ev.AnyEvent:
        """Return an event with what `act` makes of each value that a schema describes."""
        change: dict[str, Json] = {}
        match event:
            case ev.RunStarted():
                change["input"] = act(self._schema(None if self._plan is None else self._plan.flow.input), event.input)
                if event.subject is not None:
                    change["subject"] = act(_subject_schema(event.subject), event.subject)
            case ev.SubjectKnown():
                change["subject"] = act(_subject_schema(event.subject), event.subject)
            case ev.Decided():
                change["verdicts"] = [self._verdict(verdict, act) for verdict in event.verdicts]
            case ev.Intended():
                change["args"] = act(self._tool(event.tool, "input"), event.args)
            case ev.Returned():
                change["output"] = act(self._tool(event.tool, "output"), event.output)
            case ev.ModelReplied():
                change["proposals"] = [(name, act(self._tool(name, "input"), args)) for name, args in event.proposals]
                change["answer"] = act(self._step(event.path), event.answer)
            case ev.AnswerInvalid():
                change["draft"] = act(self._step(event.path), event.draft)
            case ev.Asked():
                self._forms[event.path] = event.form
                change["draft"] = act(event.form, event.draft)
                change["proposals"] = [self._verdict(verdict, act) for verdict in event.proposals]
            case ev.Edited():
                change["args"] = act(self._tool(self._calls.get(event.call, ""), "input"), event.args)
            case ev.Answered() if event.write:
                change["data"] = act(self._tool(self._calls.get(event.write, ""), "output"), event.data)
            case ev.Answered():
                change["data"] = act(self._forms.get(event.path), event.data)
            case ev.Waiting():
                self._awaited[event.path] = self._schema(event.event)
            case ev.Woken():
                change["payload"] = act(self._awaited.get(event.path), event.payload)
            case ev.RecordWritten():
                change["record"] = act(self._schema(event.schema), event.record)
        return msgspec.structs.replace(event, **change) if change else event

    def _verdict(self, verdict: ev.Verdict, act: Act) -> ev.Verdict:
        self._calls[verdict.path] = verdict.tool
        facts = {name: act(self._fact(name), value) for name, value in verdict.facts.items()}
        args = act(self._tool(verdict.tool, "input"), verdict.args)
        return msgspec.structs.replace(verdict, args=args, facts=facts)

    def _schema(self, name: str | None) -> Json:
        return LOST if self._plan is None else self._plan.schemas.get(name or "")

    def _fact(self, name: str) -> Json:
        """Facts are named alike in several policies; then any of their schemas may hide."""
        if self._plan is None:
            return LOST
        reads = [policy.facts[name].call for policy in self._plan.policies.values() if name in policy.facts]
        return {"anyOf": [self._tool(tool, "output") or {} for tool in reads]}

    def _tool(self, name: str, side: str) -> Json:
        if self._plan is None:
            return LOST
        tool = self._plan.tools.get(name)
        if tool is not None:
            return getattr(tool, side)
        flows = [flow for key, flow in self._plan.flows.items() if f"flows.{key.split('@')[0]}" == name]
        return self._plan.schemas.get(getattr(flows[0], side)) if flows else None

    def _step(self, path: str) -> Json:
        """Return the schema of the innermost step on a path that has one."""
        if self._plan is None:
            return LOST
        for part in reversed(path.split("/")):
            if part in self._steps:
                return self._steps[part]
        return None


def marked_names(plan: m.Plan, flow: m.FlowPlan, names: Names) -> list[Found]:
    """Return every marked value that expressions can read at one place of a run."""
    marks = EventMarks(plan)
    out = list(found(plan.schemas.get(flow.input), names.input))
    for step, value in names.steps.items():
        out += found(marks._steps.get(step), value)
    for tool, calls in names.calls.items():
        for call in calls:
            out += found(marks._tool(tool, "output"), call.get("output"))
            out += found(marks._tool(tool, "input"), call.get("args"))
    return list(dict.fromkeys(out))


def _subject_schema(subject: str) -> Json:
    return {"x-pii": "email"} if "@" in subject else None


def _schemas_of_steps(plan: m.Plan) -> Iterator[tuple[str, Json]]:
    """Yield the schema of the value of every step that has one, sub-flows' steps first."""
    for flow in [*plan.flows.values(), plan.flow]:
        yield from _in_steps(plan, flow.steps)


def _in_steps(plan: m.Plan, steps: Sequence[m.AnyStep]) -> Iterator[tuple[str, Json]]:
    for step in steps:
        match step:
            case m.AskStep() | m.AskPersonStep():
                if step.answer is not None:
                    yield step.id, plan.schemas.get(step.answer)
            case m.RecordStep():
                yield step.id, plan.schemas.get(step.schema)
            case m.CallStep():
                tool = plan.tools.get(step.tool)
                flow = plan.flows.get(step.flow or "")
                if tool is not None:
                    yield step.id, tool.output
                elif flow is not None:
                    yield step.id, plan.schemas.get(flow.output)
            case m.WaitStep():
                if step.event is not None:
                    yield step.id, plan.schemas.get(step.event)
            case m.ChooseStep():
                for branch in step.branches:
                    yield from _in_steps(plan, branch.steps)
            case m.ForEachStep():
                yield from _in_steps(plan, step.steps)
            case m.ParallelStep():
                for inner in step.branches.values():
                    yield from _in_steps(plan, inner)
