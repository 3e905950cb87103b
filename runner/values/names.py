"""What an expression can see while a run goes on.

Owns: the container of names that evaluation reads. It holds plain JSON data; nothing here reads a clock or a
store.
"""

from __future__ import annotations

from typing import Any

Json = Any
"""A JSON value: None, bool, int, float, str, list or dict with text keys."""


class Names:
    """The names of one place in a run. A fork copies the maps, so that branches do not see each other.

    `steps` maps a step's id to its value; `calls` maps a tool's name to the tuple of its succeeded calls,
    each a dict with `output, args, rules, approved_by, at`; `now` is the journaled moment (RFC 3339, UTC) of
    the step or decision. `model` is what the model has said so far, where a caller gives it. `more` holds the
    names that only some places have: `env`, `secret`, `event`, and the variables of `{% for %}`.
    """

    __slots__ = (
        "args",
        "calls",
        "facts",
        "input",
        "item",
        "model",
        "more",
        "now",
        "run",
        "steps",
        "tables",
        "time_zone",
    )

    def __init__(
        self,
        *,
        input: Json = None,
        steps: dict[str, Json] | None = None,
        calls: dict[str, tuple[dict[str, Json], ...]] | None = None,
        item: Json = None,
        run: dict[str, Json] | None = None,
        tables: dict[str, Json] | None = None,
        args: dict[str, Json] | None = None,
        facts: dict[str, Json] | None = None,
        now: str = "1970-01-01T00:00:00Z",
        time_zone: str = "UTC",
        model: dict[str, Json] | None = None,
        more: dict[str, Json] | None = None,
    ) -> None:
        self.input = input
        self.steps = {} if steps is None else steps
        self.calls = {} if calls is None else calls
        self.item = item
        self.run = {} if run is None else run
        self.tables = {} if tables is None else tables
        self.args = args
        self.facts = facts
        self.now = now
        self.time_zone = time_zone
        self.model = model
        self.more = more

    def fork(self, *, item: Json = None) -> Names:
        """Return a copy whose maps can grow without being seen by the parent or by other branches."""
        return Names(
            input=self.input,
            steps=dict(self.steps),
            calls=dict(self.calls),
            item=self.item if item is None else item,
            run=self.run,
            tables=self.tables,
            now=self.now,
            time_zone=self.time_zone,
            model=self.model,
            more=self.more,
        )

    def judging(self, *, args: dict[str, Json], facts: dict[str, Json], now: str) -> Names:
        """Return the view that rules have of one proposed call."""
        return Names(
            input=self.input,
            steps=self.steps,
            calls=self.calls,
            item=self.item,
            run=self.run,
            tables=self.tables,
            args=args,
            facts=facts,
            now=now,
            time_zone=self.time_zone,
            model=self.model,
            more=self.more,
        )

    def within(self, more: dict[str, Json]) -> Names:
        """Return the same names and `more` in the place of the current ones; the maps are shared, not
        copied.
        """
        return Names(
            input=self.input,
            steps=self.steps,
            calls=self.calls,
            item=self.item,
            run=self.run,
            tables=self.tables,
            args=self.args,
            facts=self.facts,
            now=self.now,
            time_zone=self.time_zone,
            model=self.model,
            more=more,
        )
