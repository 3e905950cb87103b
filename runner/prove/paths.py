"""All paths of a flow at once: which steps may run, with which values, and where calls may be made.

Owns: the walk over a plan's steps that mirrors `core.steps`. Each step leaves its value and the statement under which it
ran; nothing that a run can do is left out. Calls are `prove.sites`', their rules `prove.gates`' part.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flowrun.core.compiled import CompiledPlan
from flowrun.plan import model as m
from flowrun.prove.compare import conforms
from flowrun.prove.domains import LIST
from flowrun.prove.evaluate import Evaluator
from flowrun.prove.gates import Gate, fits
from flowrun.prove.lists import items_of
from flowrun.prove.names import Place
from flowrun.prove.shapes import attribute, domain_of, item_schema, root
from flowrun.prove.sites import Sites
from flowrun.prove.terms import (
    NO,
    NONE,
    YES,
    Const,
    Fields,
    Formula,
    Items,
    Unknown,
    Value,
    both,
    cases,
    either,
    every,
    negate,
    some,
    thing,
)

Json = Any
Done = tuple[Value, Formula]
"""A step's value, and when the flow goes on behind it, given that it ran."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One `ask`: when it runs, and what its prompt says."""

    path: str
    step: m.AskStep
    reach: Formula
    said: tuple[Value, ...]
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """A way to complete: when, and when a record was written by then."""

    reach: Formula
    written: Formula
    where: str


class Walk(Sites):
    """One walk. `taken_out`: gates that are taken to be open; `few` as for `Evaluator`."""

    def __init__(
        self,
        compiled: CompiledPlan,
        *,
        taken_out: Collection[Gate] = (),
        few: int = 0,
        edits: bool | None = None,
    ) -> None:
        super().__init__(compiled, taken_out=taken_out, few=few, edits=edits)
        self.prompts: list[Prompt] = []
        self.ends: list[End] = []
        self.stops: list[Formula] = []
        self.records: list[tuple[str, Formula, Value]] = []
        """Each record that may be written, in order: its schema, when, and what it says."""
        self.values: dict[str, list[Value]] = {}
        """By step id, what the steps of that name may have given, wherever they stand."""
        self.listed: list[Unknown] = []
        """What a `for_each` goes over, where it is not known."""
        plan = compiled.plan
        flow = plan.flow
        place = Place(
            input=self.root(("input",), plan.schemas[flow.input], ("input", "")),
            run=root(("run",), RUN, ("run", "")),
            tables=plan.tables,
        )
        reach, _ = self.steps(flow, flow.steps, place, YES, "", fallible=False)
        self.ends.append(End(reach=reach, written=place.written, where="the last step"))

    def steps(
        self, flow: m.FlowPlan, steps: Sequence[m.AnyStep], place: Place, reach: Formula, path: str, *, fallible: bool
    ) -> tuple[Formula, Value]:
        """Walk steps in order; return when the end is reached, and the value of the last step that ran."""
        last: Value = NONE
        for step in steps:
            here = f"{path}/{step.id}" if path else step.id
            when = YES
            if step.when is not None and not self.out(flow, step, "when"):
                when = self.look(place).holds(step.when)
            runs = both(reach, when)
            value, passed = self.step(flow, step, place, runs, here, fallible=fallible)
            if fallible and not self.few:
                passed = both(passed, thing(here, "goes on"))
            # Where a failure may be passed over, a step that did not end has no value.
            ended = both(runs, passed) if fallible and not self.few else runs
            place.steps[step.id] = cases([(ended, value)])
            self.values.setdefault(step.id, []).append(value)
            last = cases([(runs, value), (negate(runs), last)])
            reach = either(both(runs, passed), both(reach, negate(when)))
        return reach, last

    def look(self, place: Place) -> Evaluator:
        """Return the evaluator of a place."""
        return Evaluator(place, few=self.few)

    def out(self, flow: m.FlowPlan, step: m.AnyStep, word: str) -> bool:
        """Whether a step's own condition is taken out."""
        return Gate(f"step:{flow.name}", step.id, word) in self.taken_out

    def step(
        self, flow: m.FlowPlan, step: m.AnyStep, place: Place, runs: Formula, path: str, *, fallible: bool
    ) -> Done:
        """Walk one step."""
        match step:
            case m.CallStep():
                return (
                    self.sub_flow(flow, step, place, runs, path)
                    if step.flow
                    else self.call(flow, step, place, runs, path)
                )
            case m.AskStep():
                return self.ask(flow, step, place, runs, path)
            case m.AskPersonStep():
                value = self.answer(step.answer, ("answer", path), ("person", step.to))
                done, passed = self.answered(flow, step, place, path, value)
                place.people = (*place.people, (step.id, both(runs, self.ok(step, path))))
                return done, passed
            case m.ChooseStep():
                return self.choose(flow, step, place, runs, path, fallible=fallible)
            case m.ForEachStep():
                return self.for_each(flow, step, place, runs, path)
            case m.ParallelStep():
                return self.parallel(flow, step, place, runs, path)
            case m.WaitStep():
                if step.event is None:
                    return NONE, YES
                return cases(
                    [(self.ok(step, path), self.answer(step.event, ("event", path), ("event", step.event)))]
                ), YES
            case m.RecordStep():
                return self.record(flow, step, place, runs, path)
            case m.SetStep():
                return self.look(place).value(step.value), YES
            case m.StopStep():
                self.stops.append(runs)
                if step.outcome in ("completed", "rejected") and flow is self.compiled.plan.flow:
                    self.ends.append(End(reach=runs, written=place.written, where=step.id))
                return NONE, NO

    def ok(self, step: m.AnyStep, path: str) -> Formula:
        """Return when a step that ran and let the flow go on has a value; only `continue` goes on without one."""
        return thing(path, "succeeds") if step.on_error == "continue" else YES

    def answer(self, schema: str | None, key: tuple[Any, ...], origin: tuple[str, str]) -> Unknown:
        """Return what somebody may answer."""
        shape: Json = {"type": "string", "minLength": 1} if schema is None else self.compiled.plan.schemas[schema]
        return self.root(key, shape, origin)

    def answered(
        self, flow: m.FlowPlan, step: m.AskStep | m.AskPersonStep, place: Place, path: str, value: Value
    ) -> Done:
        """Return the value of a step whose answer is checked by its `only_when`."""
        valid = YES
        if step.only_when is not None and not self.out(flow, step, "only_when"):
            valid = self.look(place.fork(steps={**place.steps, step.id: value})).holds(step.only_when)
        if step.on_error != "continue":
            return value, valid
        ok = self.ok(step, path)
        self.implies(ok, valid)
        return cases([(ok, value)]), YES

    def ask(self, flow: m.FlowPlan, step: m.AskStep, place: Place, runs: Formula, path: str) -> Done:
        look = self.look(place)
        said = (look.value(step.prompt), *(look.value(node) for node in step.slots.values()))
        self.prompts.append(Prompt(path=path, step=step, reach=runs, said=said, place=place.fork()))
        self.proposed(flow, step, place, runs, path)
        value = self.answer(step.answer, ("answer", path), ("model", step.id))
        return self.answered(flow, step, place, path, value)

    def record(self, flow: m.FlowPlan, step: m.RecordStep, place: Place, runs: Formula, path: str) -> Done:
        schema = self.compiled.plan.schemas[step.schema]
        value = self.look(place).value(step.with_)
        valid = both(conforms(value, domain_of(schema, schema)), fits(value, schema, ()))
        if step.only_when is not None and not self.out(flow, step, "only_when"):
            valid = both(valid, self.look(place.fork(steps={**place.steps, step.id: value})).holds(step.only_when))
        found: list[tuple[Formula, Value]] = [(valid, value)]
        passed = valid
        written = valid
        if step.on_error == "hand_off":
            # A person may write another record, whether this one was valid or could not be stored.
            other = self.root(("handed", path), schema, ("person", flow.owner))
            by_person = thing(path, "a person")
            found = [(both(valid, negate(by_person)), value), (by_person, other)]
            if step.only_when is not None and not self.out(flow, step, "only_when"):
                holds = self.look(place.fork(steps={**place.steps, step.id: other})).holds(step.only_when)
                self.implies(by_person, holds)
            passed = written = either(valid, by_person)
        elif step.on_error == "continue":
            ok = self.ok(step, path)
            found, passed, written = [(both(valid, ok), value)], YES, both(valid, ok)
        if step.schema == flow.output:
            place.written = either(place.written, both(runs, written))
        self.records.append((step.schema, both(runs, written), cases(found)))
        return cases(found), passed

    def choose(
        self, flow: m.FlowPlan, step: m.ChooseStep, place: Place, runs: Formula, path: str, *, fallible: bool
    ) -> Done:
        open_ = self.out(flow, step, "choose")
        inside = fallible or step.on_error == "continue" or step.within is not None
        stops = len(self.stops)
        before: Formula = NO
        ends: list[Formula] = []
        values: list[tuple[Formula, Value]] = []
        for number, branch in enumerate(step.branches):
            when = YES if branch.when is None else self.look(place).holds(branch.when)
            if open_:
                when = thing(path, "takes", number)
            taken = both(when, negate(before))
            before = either(before, when)
            end, last = self.steps(flow, branch.steps, place, both(runs, taken), path, fallible=inside)
            ends.append(end)
            values.append((taken, last))
        ends.append(both(runs, negate(before)))
        return self.block(step, cases(values), some(ends), stops, path)

    def block(self, step: m.AnyStep, value: Value, ends: Formula, stops: int, path: str) -> Done:
        """Return what a block leaves: under `continue` the flow goes on whatever failed inside, unless it was stopped."""
        if step.on_error != "continue" or self.few:  # an example is one in which all goes well
            return value, ends
        ok = thing(path, "succeeds")
        return cases([(both(ok, ends), value)]), every(negate(stop) for stop in self.stops[stops:])

    def parallel(self, flow: m.FlowPlan, step: m.ParallelStep, place: Place, runs: Formula, path: str) -> Done:
        stops = len(self.stops)
        children: list[Place] = []
        fields: dict[str, Value] = {}
        ends: list[Formula] = []
        for name, steps in step.branches.items():
            child = place.fork()
            end, fields[name] = self.steps(flow, steps, child, runs, f"{path}/{name}", fallible=True)
            children.append(child)
            ends.append(end)
        base = {tool: len(made) for tool, made in place.calls.items()}
        people = len(place.people)
        for child in children:
            for tool, made in child.calls.items():
                for source in made[base.get(tool, 0) :]:
                    place.add(tool, source)
            place.steps = {**child.steps, **place.steps}
            place.people = (*place.people, *child.people[people:])
            place.written = either(place.written, child.written)
        return self.block(step, Fields(fields), every(ends), stops, path)

    def for_each(self, flow: m.FlowPlan, step: m.ForEachStep, place: Place, runs: Formula, path: str) -> Done:
        stops = len(self.stops)
        listed = self.look(place).value(step.items)
        first, there = self.item(listed, path)
        child = place.fork(item=first)
        inside = f"{path}/0"
        if isinstance(listed, Unknown):
            self.listed.append(listed)
        self.looping += 1
        _, last = self.steps(flow, step.steps, child, both(runs, there), inside, fallible=True)
        self.looping -= 1
        for tool in child.calls if not self.few else ():
            if len(child.calls[tool]) > len(place.calls.get(tool, ())):
                place.add(tool, self.somebody(flow, tool, path))
        value: Value = Unknown(
            ("items", path), LIST, schema=True, origin=("made", ""), parts=(listed, last), text=f"steps.{step.id}"
        )
        if self.few:  # an example is one in which the list has one item
            value = Items([(there, last)])
        return self.block(step, value, runs, stops, path)

    def item(self, listed: Value, path: str) -> tuple[Value, Formula]:
        """Return any one item of a list, and when there is one."""
        known = items_of(listed, few=self.few)
        if self.few and known is not None and known.items:
            when, value = known.items[0]
            return value, when
        if known is not None and all(isinstance(value, Const) for _, value in known.items):
            options = [(thing(path, "item", number), value) for number, (_, value) in enumerate(known.items)]
            taken: list[tuple[Formula, Value]] = []
            before: Formula = NO
            for (when, value), (there, _) in zip(options, known.items, strict=True):
                taken.append((both(when, there, negate(before)), value))
                before = either(before, both(when, there))
            return cases(taken), before
        schema = item_schema(listed) if isinstance(listed, Unknown) else True
        whole = listed.root if isinstance(listed, Unknown) else schema
        origin = listed.origin if isinstance(listed, Unknown) else ("made", "")
        found = Unknown(
            ("item", path), domain_of(schema, whole), schema=schema, root=whole, origin=origin, parts=(listed,)
        )
        return found, YES

    def sub_flow(self, flow: m.FlowPlan, step: m.CallStep, place: Place, runs: Formula, path: str) -> Done:
        assert step.flow is not None
        plan = self.compiled.plan
        inner = plan.flows[step.flow]
        site = self.made_by_flow(flow, step, place, runs, path)
        valid = fits(site.args, plan.schemas[inner.input], ())
        own = {"flow": Const(inner.name), "version": Const(inner.version)}
        run = Fields({**{name: attribute(place.run, name) for name in RUN["properties"]}, **own})
        child = Place(input=site.args, run=run, tables=place.tables)
        before, stops = len(self.records), len(self.stops)
        self.steps(inner, inner.steps, child, both(runs, site.judged.allowed, valid), path, fallible=False)
        del self.stops[stops:]  # a `stop` ends the flow that it stands in, and is an error at most for this one
        schema = plan.schemas[inner.output]
        written = [(when, value) for name, when, value in self.records[before:] if name == inner.output]
        output: Value = self.root(("out", path), schema, ("tool", step.tool), [value for _, value in written])
        if self.few:
            output = cases(_last(written))
        return self.returned(flow, step, place, runs, path, site, output, schema)


def _last(written: Sequence[tuple[Formula, Value]]) -> Iterator[tuple[Formula, Value]]:
    later: Formula = NO
    for when, value in reversed(written):
        yield both(when, negate(later)), value
        later = either(later, when)


RUN: Json = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "started": {"type": "string"},
        "flow": {"type": "string"},
        "version": {"type": "integer"},
        "mode": {"enum": ["live", "supervised", "shadow"]},
    },
    "required": ["id", "started", "flow", "version", "mode"],
    "additionalProperties": False,
}
