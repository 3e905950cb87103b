"""What surely happened before each step of a flow, what is known there, and what every run must use at least.

Owns: one walk over a flow's steps, of which the rules about meaning read the places and the least need. It finds nothing
wrong itself, infers no types and judges no conditions; it works on flows with errors, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from flowrun.lang import spec
from flowrun.lint.scope import World
from flowrun.lint.sizes import Sizes

_STEP = re.compile(r"""\bsteps\s*(?:\.\s*([a-z][a-z0-9_]*)|\[\s*["']([a-z][a-z0-9_]*)["']\s*\])""")

_PASSING = re.compile(r"\b(?:calls|now|age|next|time_of)\b")


class Need(NamedTuple):
    """How much of a budget's limits is used."""

    model_calls: int = 0
    tool_calls: int = 0
    writes: int = 0

    def plus(self, other: Need, times: int = 1) -> Need:
        """Return this and `times` the other."""
        return Need(*(mine + times * theirs for mine, theirs in zip(self, other, strict=True)))

    def or_less(self, other: Need) -> Need:
        """Return, for each limit, the smaller of the two."""
        return Need(*map(min, self, other))


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A step where it stands. What is said here holds on every path that comes to the step.

    `above`: the blocks around, the outermost first. `sure`: every run that comes as far as the block around runs the step.
    `last`: its value is the value of its branch. `held`: conditions that are true here; `failed`: conditions that are not
    true here (false, or null). `caught`: a block around does not let a failure end the run. `until`: the shortest `within`
    of the blocks around, in seconds. `asked`: how often a model was surely asked before. `written`: a `call` before that
    writes.
    """

    step: spec.Step
    above: tuple[spec.Step, ...] = ()
    sure: bool = True
    last: bool = False
    held: tuple[spec.Expr, ...] = ()
    failed: tuple[spec.Expr, ...] = ()
    caught: bool = False
    until: float | None = None
    asked: int = 0
    written: spec.Call | None = None

    @property
    def loops(self) -> list[spec.ForEach]:
        """The loops around, the outermost first."""
        return [block for block in self.above if isinstance(block, spec.ForEach)]

    @property
    def dropped(self) -> bool:
        """Whether a failure of the step ends the run without a person."""
        return self.step.on_error == "fail" and not self.caught


class Reach:
    """The places of a flow's steps in the order of the file, and the least that a run needs."""

    def __init__(self, world: World, calling: tuple[str, ...] = ()) -> None:
        """`calling`: the flows that call this one, whose circle would not end."""
        self.world = world
        self.places: list[Place] = []
        self.sizes = Sizes(world, self.places)
        self._calling = (*calling, f"{world.flow.flow}@{world.flow.version}")
        self._subs: dict[str, Need] = {}
        end, ended = self._steps(world.flow.steps, Place(step=world.flow.steps[0]), Need())
        self.least: Need | None = _either(end, ended)
        """What every run that comes to a good end uses at least; None where none comes to one."""

    @cached_property
    def of(self) -> dict[str, Place]:
        """The places by the id of the step."""
        return {place.step.id: place for place in self.places}

    @cached_property
    def readers(self) -> dict[str, set[str]]:
        """By step, the ids of the steps that read it; `""` stands for the flow's `tools` and `subject`."""
        found: dict[str, set[str]] = {}
        for place in self.places:
            for expr in expressions(place.step):
                for name in steps_in(expr.text):
                    found.setdefault(name, set()).add(place.step.id)
        flow = self.world.flow
        outside = [flow.subject] if flow.subject is not None else []
        for rule in flow.tools.values():
            outside += [expr for template in rule.bind.values() for expr in template.exprs]
            outside += [expr for expr in (rule.only_when, rule.deny_when, rule.approve_when) if expr is not None]
            outside += [expr for limit in rule.at_most for expr in (limit.sum, limit.per) if expr is not None]
        for expr in outside:
            for name in steps_in(expr.text):
                found.setdefault(name, set()).add("")
        return found

    def is_read(self, place: Place) -> bool:
        """Whether another step, or the flow, reads a step's value, also as the value of the block around it."""
        if self.readers.get(place.step.id, set()) - {place.step.id}:
            return True
        return place.last and bool(place.above) and self.is_read(self.of[place.above[-1].id])

    def writes(self, name: str) -> bool:
        """Whether a tool changes something."""
        tool = self.world.tool(name)
        return tool is not None and tool.effect != "read"

    # The walk

    def _steps(self, steps: Sequence[spec.Step], around: Place, need: Need) -> tuple[Need | None, Need | None]:
        """Walk steps; return what is used at least where the last one is left, and where the run ends well inside."""
        ended: Need | None = None
        failed, written = around.failed, around.written
        through: Need | None = need
        for step in steps:
            now = Need() if through is None else through
            place = replace(
                around,
                step=step,
                sure=around.sure and step.when is None,
                last=step is steps[-1],
                failed=failed,
                asked=now.model_calls,
                written=written,
            )
            self.places.append(place)
            after, inside, more = self._one(step, place, now)
            ended = _either(ended, inside)
            if step.when is not None or step.on_error == "continue":
                if after is None and step.when is not None and step.on_error != "continue":
                    failed += _lasting(step.when)
                after, more = now, ()
            failed += more
            made = step.when is None and step.on_error != "continue"
            if made and isinstance(step, spec.Call) and self.writes(step.call):
                written = step
            through = None if through is None else after
        return through, ended

    def _one(self, step: spec.Step, place: Place, need: Need) -> tuple[Need | None, Need | None, tuple[spec.Expr, ...]]:
        """Walk one step; also return the conditions that are not true after it."""
        match step:
            case spec.Ask():
                return need.plus(Need(model_calls=1)), None, ()
            case spec.Call():
                if step.call.startswith("flows."):
                    return need.plus(self._sub(step.call.removeprefix("flows."))), None, ()
                return need.plus(Need(tool_calls=1, writes=int(self.writes(step.call)))), None, ()
            case spec.Stop():
                return None, None if step.stop == "failed" else need, ()
            case spec.Choose():
                return self._choose(step, place, need)
            case spec.ForEach():
                # `item` means another thing inside.
                held, failed = (tuple(e for e in known if "item" not in e.text) for known in (place.held, place.failed))
                inside = self._around(step, place, held=held, failed=failed)
                once, _ = self._steps(step.steps, replace(inside, sure=False), Need())
                fewest = self.sizes.of(step.for_each.node, place.loops)[0]
                return need if once is None else need.plus(once, fewest), None, ()
            case spec.Parallel():
                total, ended = need, None
                for steps in step.parallel.values():
                    end, inside_end = self._steps(steps, self._around(step, place), need)
                    ended = _either(ended, inside_end)
                    if end is not None:
                        total = total.plus(end).plus(need, -1)
                return total, ended, ()
        return need, None, ()

    def _choose(
        self, step: spec.Choose, place: Place, need: Need
    ) -> tuple[Need | None, Need | None, tuple[spec.Expr, ...]]:
        failed, ended = place.failed, None
        passed: tuple[spec.Expr, ...] = ()
        through: Need | None = None
        only_ends = True
        open_end = True
        for branch in step.choose:
            held = place.held + _lasting(branch.when)
            around = self._around(step, place, held=held, failed=failed)
            end, inside = self._steps(branch.steps, replace(around, sure=False), need)
            through, ended = _either(through, end), _either(ended, inside)
            only_ends = only_ends and end is None
            if branch.when is None:
                open_end = False
            else:
                failed += _lasting(branch.when)
                passed += _lasting(branch.when) if only_ends else ()
        return (need if open_end else through), ended, passed

    def _around(
        self,
        block: spec.Step,
        place: Place,
        held: tuple[spec.Expr, ...] | None = None,
        failed: tuple[spec.Expr, ...] | None = None,
    ) -> Place:
        """Return what holds for the steps inside a block."""
        known = place.held if held is None else held
        limits = [limit for limit in (place.until, block.within) if limit is not None]
        return replace(
            place,
            above=(*place.above, block),
            held=known + _lasting(block.when),
            failed=place.failed if failed is None else failed,
            caught=place.caught or block.on_error != "fail",
            until=min(limits, default=None),
        )

    def _sub(self, key: str) -> Need:
        """Return what a flow that is called needs at least."""
        if key not in self._subs:
            found = None if key in self._calling else self.world.catalogue.flows.get(key)
            inner = None if found is None else Reach(World(found.flow, self.world.catalogue), self._calling)
            self._subs[key] = Need() if inner is None or inner.least is None else inner.least
        return self._subs[key]


def expressions(step: spec.Step) -> Iterator[spec.Expr]:
    """Yield every expression that a step works out itself; those of the steps inside it are theirs."""
    if step.when is not None:
        yield step.when
    match step:
        case spec.Call():
            yield from () if step.with_ is None else step.with_.exprs
        case spec.Ask():
            yield from step.ask.exprs
            yield from () if step.only_when is None else (step.only_when,)
        case spec.AskPerson():
            yield from (*step.ask_person.exprs, *step.show)
            yield from () if step.with_ is None else step.with_.exprs
            yield from () if step.only_when is None else (step.only_when,)
        case spec.Choose():
            yield from (branch.when for branch in step.choose if branch.when is not None)
        case spec.ForEach():
            yield step.for_each
        case spec.WaitFor():
            yield from () if step.key is None else (step.key,)
            yield from () if step.moment is None else step.moment.exprs
        case spec.Record():
            yield from step.with_.exprs
            yield from () if step.only_when is None else (step.only_when,)
        case spec.Set():
            yield from step.set.exprs
        case spec.Stop():
            yield from () if step.reason is None else step.reason.exprs


def steps_in(text: str) -> Iterator[str]:
    """Yield the ids of the steps that an expression names."""
    if "steps" in text:
        for found in _STEP.finditer(text):
            yield found[1] or found[2]


def _lasting(when: spec.Expr | None) -> tuple[spec.Expr, ...]:
    """Return a condition if what it says stays so: calls are made, and time passes."""
    return () if when is None or _PASSING.search(when.text) else (when,)


def _either(one: Need | None, other: Need | None) -> Need | None:
    if one is None:
        return other
    return one if other is None else one.or_less(other)
