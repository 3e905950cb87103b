"""What a run must have come past before a step: the steps that ask, call, wait or write a record, and may end the run.

Owns: these steps for each step of a flow, each with the conditions on its own way. Steps that ask a person are
`contract.people`'s part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from flowrun.contract import model as c
from flowrun.contract.failing import verb_of
from flowrun.contract.meaning import digest_of, inside
from flowrun.plan import model as m
from flowrun.plan.compile import steps_in


def passed_by(flow: m.FlowPlan, ways: Mapping[str, c.Way]) -> dict[str, list[c.Passed]]:
    """Return what stands before each step, by its id, in the order of the flow; `ways`: the way to each step."""
    reader = _Passing(ways)
    reader.walk(flow.steps, (), (), ())
    return reader.found


class _Passing:
    def __init__(self, ways: Mapping[str, c.Way]) -> None:
        self.ways = ways
        self.found: dict[str, list[c.Passed]] = {}
        self.made: dict[str, c.Passed] = {}

    def walk(
        self, steps: Sequence[m.AnyStep], here: tuple[str, ...], around: tuple[str, ...], loops: tuple[str, ...]
    ) -> None:
        """Note what stands before each step; `around`: what answers a failure in the blocks around, the nearest first."""
        for step in steps:
            self.found[step.id] = [self.made[id] for id in here]
            self.note(step, around, loops)
            inner = (*loops, digest_of(step.items)) if isinstance(step, m.ForEachStep) else loops
            for branch in inside(step):
                self.walk(branch, here, (step.on_error, *around), inner)
            here = (*here, *(one.id for one in steps_in([step]) if one.id in self.made))

    def note(self, step: m.AnyStep, around: tuple[str, ...], loops: tuple[str, ...]) -> None:
        what = _what(step)
        if what is None:
            return
        answer = next((word for word in (step.on_error, *around) if word != "fail"), "fail")
        self.made[step.id] = c.Passed(
            step=step.id,
            kind=what[0],
            what=digest_of(_without_name([what, step.when], step.id)),
            # A wait holds a run up even where nothing comes of it.
            ends=answer != "continue" or isinstance(step, m.WaitStep),
            when=self.ways[step.id].when,
            each=list(loops),
        )


def _what(step: m.AnyStep) -> list[Any] | None:
    """Return what a step does, first in a word or two; None for steps that end no run by themselves."""
    verb = verb_of(step)
    match step:
        case m.CallStep():
            return [f"{verb} {step.tool}", step.with_]
        case m.AskStep():
            return [verb, step.prompt, step.answer, step.tools, step.models, step.only_when]
        case m.RecordStep():
            return [f"{verb} {step.schema.split('@')[0]}", step.with_, step.only_when]
        case m.WaitStep():
            return [f"{verb} {step.event or ''}".strip(), step.duration, step.moment, step.event, step.key]
    return None


def _without_name(value: Any, id: str) -> Any:
    """A step that only has another name is the same: what it says of itself names no step."""
    value = msgspec.to_builtins(value)
    if value == ["step", id]:
        return ["step", ""]
    return [_without_name(part, id) for part in value] if isinstance(value, list) else value
