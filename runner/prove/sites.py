"""The places where a call may be made, and what stands in `calls` afterwards.

Owns: calls by the flow and proposals of models. A model may make any number of calls in a step, in any order; what it
made before one of them is followed a few calls back, and beyond that it may be anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flowrun.core.compiled import CompiledPlan
from flowrun.plan import model as m
from flowrun.prove.evaluate import Evaluator
from flowrun.prove.gates import Gate, Judged, asks_role, judge
from flowrun.prove.inside import things_in, unknowns_of
from flowrun.prove.names import Made, Place, Source, entry
from flowrun.prove.shapes import attribute, closed, field, mixture, properties, root, spread
from flowrun.prove.terms import (
    NO,
    NONE,
    YES,
    Fields,
    Formula,
    Unknown,
    Value,
    both,
    cases,
    either,
    meaning,
    negate,
    some,
    thing,
)

Json = Any
BACK = 2
"""How many calls of one step are followed back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place where a call of `tool` may be made. `by_model`: a model proposes it. `edited`: a person changed it."""

    path: str
    step: m.CallStep | m.AskStep
    flow: m.FlowPlan
    tool: str
    by_model: bool
    reach: Formula
    args: Value
    judged: Judged
    edited: Formula
    place: Place
    name: str
    """What its judgement is called; nothing else is called so."""
    loops: bool
    """It stands in a `for_each`, so that it may be reached any number of times."""

    def arg(self, name: str) -> Value:
        """Return an argument."""
        return attribute(self.args, name)


@dataclass(frozen=True, slots=True)
class Proposed:
    """A call that a model proposes in the step at `path`; `args` without what the flow binds."""

    path: str
    tool: str
    args: Fields
    judged: Judged


class Sites:
    """What a walk knows of calls. `axioms`: what follows, in every run, where a statement holds."""

    def __init__(
        self, compiled: CompiledPlan, *, taken_out: Collection[Gate], few: int, edits: bool | None = None
    ) -> None:
        """`edits`: whether people may change a call that they are asked about; without a word, where not few are looked at."""
        self.edits = not few if edits is None else edits
        self.judgements: dict[str, Judged] = {}
        """By name, each judgement of a call."""
        self.compiled = compiled
        self.taken_out = frozenset(taken_out)
        self.few = few
        self.axioms: dict[Formula, list[Formula]] = {}
        self.sites: list[Site] = []
        self.looping = 0
        self._known: dict[str, Made] = {}
        self._first: dict[str, Formula] = {}
        self.proposals: dict[str, Proposed] = {}
        """By name, each call of a model that was looked at."""
        self.roots: dict[tuple[Any, ...], Unknown] = {}
        """What is answered, returned and handed in, by key."""

    def implies(self, trigger: Formula, follows: Formula) -> None:
        """Note what follows from a statement."""
        self.axioms.setdefault(trigger, []).append(follows)

    def root(self, key: tuple[Any, ...], schema: Json, origin: tuple[str, str], parts: Sequence[Value] = ()) -> Unknown:
        """Return an unknown value of a schema, and keep it. `parts`: what it may be made of."""
        found = self.roots[key] = root(key, schema, origin, parts=parts)
        return found

    def whole(self, formulas: Iterable[Formula]) -> list[Formula]:
        """Return formulas with all that follows from what they speak of."""
        found = list(formulas)
        seen: set[Formula | Unknown] = set()
        waiting = list(found)
        while waiting:
            formula = waiting.pop()
            more: list[Formula] = []
            for part in things_in(formula) - seen:
                seen.add(part)
                more += [either(negate(part), follows) for follows in self.axioms.get(part, ())]
            for unknown in unknowns_of(formula) - seen:
                seen.add(unknown)
                whole = unknown
                while whole.parent is not None:
                    whole = whole.parent
                more += [said for said in (meaning(unknown), whole.follows) if said != YES]
            found += more
            waiting += more
        return found

    def call(self, flow: m.FlowPlan, step: m.CallStep, place: Place, runs: Formula, path: str) -> tuple[Value, Formula]:
        """Walk a `call` of a tool."""
        site = self.made_by_flow(flow, step, place, runs, path)
        schema = self.compiled.plan.tools[step.tool].output
        output = self.root(("out", path), schema, ("tool", step.tool))
        return self.returned(flow, step, place, runs, path, site, output, schema)

    def made_by_flow(self, flow: m.FlowPlan, step: m.CallStep, place: Place, runs: Formula, path: str) -> Site:
        """Return the site of a `call` step, and keep it."""
        look = Evaluator(place, few=self.few)
        given = Fields({}) if step.with_ is None else look.value(step.with_)
        schema = self.taken_by(step)
        bound = self.bound(flow, step.tool, place, path)
        own, rest = spread(given, schema, path)
        plain = Fields({**own, **bound}, rest)
        judged = self.judged(flow, step.tool, path, place, plain, bound)
        edited: Formula = NO
        args = plain
        if judged.asking and self.edits:
            # Who is asked may change the call before saying yes.
            edited = thing(path, "edited")
            self.implies(edited, both(judged.allowed, asks_role(judged.asking, None)))
            other = root(("edited", path), schema, ("person", flow.owner))
            names = {*own, *properties(schema), *schema.get("required", ())} - set(bound)
            mixed = {n: cases([(edited, field(other, n)), (negate(edited), own.get(n, NONE))]) for n in sorted(names)}
            open_to = rest is not None or not closed(schema)
            args = Fields({**mixed, **bound}, mixture(("rest", path), [given, other]) if open_to else None)
            judged = self.judged(flow, step.tool, f"{path}/@edit", place, args, bound)
        site = Site(
            path=path, step=step, flow=flow, tool=step.tool, by_model=False, reach=runs, args=args, judged=judged,
            edited=edited, place=place.fork(), name=path, loops=self.looping > 0,
        )  # fmt: skip
        self.sites.append(site)
        return site

    def taken_by(self, step: m.CallStep) -> Json:
        """Return the schema of what a call takes: a tool's arguments, or another flow's input."""
        plan = self.compiled.plan
        if step.flow is not None:
            return plan.schemas[plan.flows[step.flow].input]
        contract = plan.tools.get(step.tool)
        return {} if contract is None else contract.input

    def returned(
        self,
        flow: m.FlowPlan,
        step: m.CallStep,
        place: Place,
        runs: Formula,
        path: str,
        site: Site,
        output: Value,
        schema: Json,
    ) -> tuple[Value, Formula]:
        """Return the value of a `call` step, and note what it leaves in `calls`."""
        done = thing(path, "done")
        self.implies(done, both(runs, site.judged.allowed))
        held = entry(output, site.args, **_marks(path))
        made = Made(done, held, several=False)
        place.add(step.tool, lambda: made)
        if step.on_error == "fail":
            return output, done
        if step.on_error == "continue":
            return cases([(done, output)]), YES
        person = self.root(("handed", path), schema, ("person", flow.owner))
        handed = thing(path, "handed off")
        return cases([(done, output), (both(negate(done), handed), person)]), either(done, handed)

    def proposed(self, flow: m.FlowPlan, step: m.AskStep, place: Place, runs: Formula, path: str) -> None:
        """Walk the proposals of an `ask`: a site for each tool, and what it leaves in `calls`."""
        for tool in step.tools:
            name = f"{path}!{tool}"
            args, judged, here = self._proposal(flow, step, place, path, name, tool, 0)
            self.sites.append(
                Site(
                    path=path,
                    step=step,
                    flow=flow,
                    tool=tool,
                    by_model=True,
                    reach=runs,
                    args=args,
                    judged=judged,
                    edited=NO,
                    place=here,
                    name=name,
                    loops=self.looping > 0,
                )
            )
        before = place.fork()
        for tool in step.tools:
            place.add(tool, self._after(flow, step, before, runs, path, tool))

    def _after(self, flow: m.FlowPlan, step: m.AskStep, before: Place, runs: Formula, path: str, tool: str) -> Source:
        def source() -> Made:
            name = f"{path}!{tool}!last"
            if name not in self._known:
                self._known[name] = self._own(flow, step, before, path, name, tool, 0)
                self.implies(self._known[name].done, runs)
            return self._known[name]

        return source

    def _own(self, flow: m.FlowPlan, step: m.AskStep, place: Place, path: str, name: str, tool: str, back: int) -> Made:
        """Return one call that a model made in a step, `back` calls away from the one that is looked at."""
        done = thing(name, "done")
        args, judged, _ = self._proposal(flow, step, place, path, name, tool, back)
        self.implies(done, both(judged.allowed, self._begins(flow, step, place, path)))
        output = self.root(("out", name), self.compiled.plan.tools[tool].output, ("tool", tool))
        return Made(done, entry(output, args, **_marks(name)), several=True)

    def _begins(self, flow: m.FlowPlan, step: m.AskStep, place: Place, path: str) -> Formula:
        """Return the statement that one of a step's calls can be its first, which no other one was made before."""
        if path not in self._first:
            self._first[path] = YES
            ways = [self._proposal(flow, step, place, path, f"{path}!{tool}!first", tool, -1) for tool in step.tools]
            self._first[path] = some(judged.allowed for _, judged, _ in ways)
        return self._first[path]

    def _proposal(
        self, flow: m.FlowPlan, step: m.AskStep, place: Place, path: str, name: str, tool: str, back: int
    ) -> tuple[Value, Judged, Place]:
        here = place.fork()
        for other in step.tools if back >= 0 else ():
            here.add(other, self._earlier(flow, step, place, path, name, other, back + 1))
        contract = self.compiled.plan.tools[tool]
        offered = self.compiled.offered_input(flow, contract)
        free = root(("args", name), offered, ("model", step.id))
        bound = self.bound(flow, tool, here, name)
        names = offered.get("properties", {})
        more = {n: field(free, n) for n in contract.input.get("properties", {}) if n in names}
        args = Fields({**more, **bound}, rest=None if closed(offered) else free)
        judged = self.judged(flow, tool, name, here, args, bound)
        self.proposals[name] = Proposed(path, tool, Fields(more), judged)
        return args, judged, here

    def _earlier(
        self, flow: m.FlowPlan, step: m.AskStep, place: Place, path: str, name: str, tool: str, back: int
    ) -> Source:
        def source() -> Made:
            own = f"{name}<{tool}"
            if own not in self._known:
                if back > BACK:
                    made = self.anything(flow, tool, own)
                    self._known[own] = Made(NO, made.entry, several=True) if self.few else made
                else:
                    self._known[own] = self._own(flow, step, place, path, own, tool, back)
            return self._known[own]

        return source

    def anything(self, flow: m.FlowPlan, tool: str, name: str) -> Made:
        """Return a call of which nothing is known but its schemas."""
        plan = self.compiled.plan
        contract = plan.tools.get(tool)
        args = root(("args", name), True, ("made", ""))
        shape: Json = True if contract is None else contract.output
        output = root(("out", name), shape, ("tool", tool))
        return Made(thing(name, "done"), entry(output, args, **_marks(name)), several=True)

    def somebody(self, flow: m.FlowPlan, tool: str, path: str) -> Source:
        """Return the last call of a loop: which of the items made it is not known."""
        made = self.anything(flow, tool, f"{path}*{tool}")
        return lambda: made

    def bound(self, flow: m.FlowPlan, tool: str, place: Place, name: str) -> dict[str, Value]:
        """Return the arguments that the flow fixes; without the gate, anybody may choose them."""
        look = Evaluator(place, few=self.few)
        found: dict[str, Value] = {}
        contract = self.compiled.plan.tools.get(tool)
        for rule in flow.rules:
            if tool in rule.tools:
                free = Gate(rule.source, rule.id, "bind") in self.taken_out
                for arg, node in rule.bind.items():
                    shape: Json = {} if contract is None else contract.input.get("properties", {}).get(arg, {})
                    found[arg] = root(("free", name, arg), shape, ("anybody", "")) if free else look.value(node)
        return found

    def judged(
        self,
        flow: m.FlowPlan,
        tool: str,
        at: str,
        place: Place,
        args: Value,
        bound: dict[str, Value],
    ) -> Judged:
        """Return the judgement of a call."""
        found = self.judgements[at] = judge(
            self.compiled,
            flow,
            tool,
            at=at,
            place=place,
            args=args,
            bound=bound,
            taken_out=self.taken_out,
            few=self.few,
        )
        return found


def _marks(name: str) -> dict[str, Unknown]:
    texts: Json = {"type": "array", "items": {"type": "string"}}
    return {
        "rules": root(("rules", name), texts, ("run", "")),
        "approved_by": root(("approved by", name), texts, ("person", "")),
        "at": root(("at", name), {"type": "string", "format": "date-time"}, ("run", "")),
    }
