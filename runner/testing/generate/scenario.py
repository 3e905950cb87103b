"""One way in which a run may go: what comes in, and what tools, model and people say.

Owns: the first scenario of a flow, changes of it, and the test that it is.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from flowrun.core.compiled import CompiledPlan
from flowrun.errors import Span
from flowrun.lang.spec_files import Expect, TestFile
from flowrun.plan import model as m
from flowrun.plan.compile import steps_in
from flowrun.records.samples import NoSample, sample
from flowrun.testing.coverage.conditions import flows_of
from flowrun.testing.play import START, all_steps
from flowrun.values.moments import add_seconds

Json = Any
Path = tuple[str | int, ...]
DAY = 86_400.0
LONG = 40 * DAY
"""Seconds that pass in a scenario in which something is waited for."""
GONE = "\x00gone"
"""In a change: what stood there is taken away."""
CALLS = "\x00calls"
"""A tool's answer `{CALLS: [...]}` holds one answer for each call."""
_SAMPLED = "2000-01-01T00:00:00Z"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One value that differs: `path` begins with a key of a test's `given`, or is `after`."""

    path: Path
    value: Json


def first(compiled: CompiledPlan) -> dict[str, Json]:
    """Return the scenario in which everything goes well: samples for all that is read, each tool proposed once, and a yes.

    Raises `NoSample` where no input can be made.
    """
    plan = compiled.plan
    given: dict[str, Json] = {
        "input": sampled(plan.schemas[plan.flow.input]),
        "tools": {},
        "model": {},
        "people": {},
        "events": {},
    }
    for name, tool in plan.tools.items():
        given["tools"][name] = sampled(tool.output)
    for flow in flows_of(plan):
        for tools in (rule.tools for rule in _asking(plan, flow)):
            given["people"].update(dict.fromkeys((name for name in tools if name in flow.tools), "approve"))
    for step in all_steps(plan):
        if isinstance(step, m.AskStep):
            given["model"][step.id] = _replies(compiled, step)
        elif isinstance(step, m.AskPersonStep):
            given["people"][step.id] = sampled(plan.schemas[step.answer])
        elif isinstance(step, m.WaitStep) and step.event:
            given["events"][step.event] = sampled(plan.schemas[step.event])
        elif isinstance(step, m.WaitStep):
            given["after"] = LONG
    return given


def _asking(plan: m.Plan, flow: m.FlowPlan) -> Iterator[m.RulePlan]:
    rules = [*flow.rules, *(rule for name in flow.policies for rule in plan.policies[name].rules)]
    return (rule for rule in rules if rule.approve_when is not None)


def _replies(compiled: CompiledPlan, step: m.AskStep) -> list[Json]:
    plan = compiled.plan
    flow = next(flow for flow in flows_of(plan) if any(step is each for each in steps_in(flow.steps)))
    calls = [
        {name: sampled(compiled.offered_input(flow, plan.tools[name]))} for name in step.tools if name in plan.tools
    ]
    last = {"answer": sampled(plan.schemas[step.answer])} if step.answer else {"text": "Done."}
    return [*([{"propose": calls}] if calls else []), last]


def sampled(schema: m.Schema) -> Json:
    """Return a valid value whose moments are of yesterday, so that nothing is too late."""
    yesterday = add_seconds(START, -DAY)

    def dated(value: Json) -> Json:
        if isinstance(value, dict):
            return {name: dated(part) for name, part in value.items()}
        if isinstance(value, list):
            return [dated(part) for part in value]
        return yesterday if value == _SAMPLED else value

    return dated(sample(schema))


def changed(given: Mapping[str, Json], changes: Sequence[Change]) -> dict[str, Json] | None:
    """Return a scenario with changes, None where a path leads nowhere any more."""
    made: dict[str, Json] = copy.deepcopy(dict(given))
    for change in changes:
        place: Json = made
        try:
            for key in change.path[:-1]:
                place = place[key]
            last = change.path[-1]
            if change.value == GONE:
                del place[last]
            elif isinstance(place, list) and isinstance(last, int) and last == len(place):
                place.append(copy.deepcopy(change.value))
            else:
                place[last] = copy.deepcopy(change.value)
        except (KeyError, IndexError, TypeError):
            return None
    return made


def values(given: Json, path: Path = ()) -> Iterator[tuple[Path, Json]]:
    """Yield every value of a scenario with its path, each before what it holds."""
    if path:
        yield path, given
    if isinstance(given, dict):
        for key, value in given.items():
            yield from values(value, (*path, key))
    elif isinstance(given, list):
        for place, value in enumerate(given):
            yield from values(value, (*path, place))


def as_test(given: Mapping[str, Json], flow: str, name: str = "", file: str = "") -> TestFile:
    """Return the test that a scenario is; it expects nothing yet."""
    span = Span(file)
    after = given.get("after")
    return TestFile(
        test=name,
        flow=flow,
        now=START,
        input=given["input"],
        tools={tool: answers(answer) for tool, answer in given["tools"].items()},
        model={step: tuple(replies) for step, replies in given["model"].items()},
        people=given["people"],
        events=given["events"],
        deliver=1,
        crash_after=None,
        after=None if after is None else float(after),
        expect=Expect(span=span),
        file=file,
        span=span,
        at={},
    )


def answers(answer: Json) -> Json:
    """Return a tool's answers as a test has them."""
    return answer[CALLS] if isinstance(answer, dict) and set(answer) == {CALLS} else answer


__all__ = ["GONE", "Change", "NoSample", "Path", "as_test", "changed", "first", "values"]
