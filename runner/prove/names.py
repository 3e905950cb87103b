"""What an expression sees at a place of the flow, where most of it is unknown.

Owns: the names of one place, and the calls that may have been made before it. They mirror `values.names`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flowrun.prove.terms import NO, NONE, Fields, Formula, Items, Unknown, Value, both, cases, either, negate

Json = Any


class Made:
    """A call that may have been made before a place: `done` says when it was, `entry` is what `calls` holds of it.

    `several`: it stands for the last of an unknown number of calls.
    """

    __slots__ = ("done", "entry", "several")

    def __init__(self, done: Formula, entry: Fields, *, several: bool) -> None:
        self.done = done
        self.entry = entry
        self.several = several


Source = Callable[[], Made]
"""Gives a call when somebody asks for it."""


class Place:
    """The names of one place. A fork does not see what others add."""

    __slots__ = (
        "args",
        "calls",
        "facts",
        "input",
        "item",
        "moment",
        "people",
        "run",
        "steps",
        "tables",
        "written",
    )

    def __init__(
        self,
        *,
        input: Value,
        run: Value,
        tables: Json,
        moment: str = "",
        steps: dict[str, Value] | None = None,
        calls: dict[str, tuple[Source, ...]] | None = None,
        item: Value = NONE,
        args: Value = NONE,
        facts: dict[str, Value] | None = None,
        people: tuple[tuple[str, Formula], ...] = (),
        written: Formula = NO,
    ) -> None:
        """`people`: the `ask_person` steps before, with when each was answered; `written`: the flow's record is."""
        self.input = input
        self.run = run
        self.tables = tables
        self.moment = moment
        self.steps = {} if steps is None else steps
        self.calls = {} if calls is None else calls
        self.item = item
        self.args = args
        self.facts = {} if facts is None else facts
        self.people = people
        self.written = written

    def fork(self, **changes: Any) -> Place:
        """Return a copy with some names changed."""
        now: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        now["steps"], now["calls"] = dict(self.steps), dict(self.calls)
        return Place(**{**now, **changes})

    def made(self, tool: str) -> list[Made]:
        """Return the calls of a tool that may have been made, in order."""
        return [source() for source in self.calls.get(tool, ())]

    def add(self, tool: str, source: Source) -> None:
        """Note a call that later places see."""
        self.calls[tool] = (*self.calls.get(tool, ()), source)

    def last(self, tool: str) -> Value:
        """Return `calls.TOOL.last`."""
        later: Formula = NO
        found: list[tuple[Formula, Value]] = []
        for made in reversed(self.made(tool)):
            found.append((both(made.done, negate(later)), made.entry))
            later = either(later, made.done)
        return cases(found)

    def all(self, tool: str) -> Value | None:
        """Return `calls.TOOL.all`, None where the number of calls is not known."""
        made = self.made(tool)
        if any(each.several for each in made):
            return None
        return Items([(each.done, each.entry) for each in made])


def entry(output: Value, args: Value, *, rules: Unknown, approved_by: Unknown, at: Unknown) -> Fields:
    """Return what `calls` holds of a call."""
    return Fields({"output": output, "args": args, "rules": rules, "approved_by": approved_by, "at": at})
