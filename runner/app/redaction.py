"""The one boundary through which what a run holds gets out: to a terminal, a file, a page.

Owns: which values are taken out of a run's events, result and records before anybody sees them. Which fields are
marked is told by schemas (`core.marked`); how a value is taken out by `flowrun.privacy`; who may see more by
`app.people`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import msgspec

from flowrun.app.result import RunResult
from flowrun.core.events import AnyEvent
from flowrun.core.marked import LOST, EventMarks
from flowrun.insight.places import steps_of
from flowrun.plan.model import Plan
from flowrun.ports.journal import RecordRow
from flowrun.privacy.marks import SECRET, Found, blanked, redacted
from flowrun.privacy.scrub import Scrubber

Json = Any
T = TypeVar("T")
STRUCTURE = frozenset(
    ("type", "path", "at", "run", "flow", "plan", "step", "tool", "schema", "kind", "action", "verdict", "effect",
     "mode", "outcome", "digest", "digests", "due", "seen", "entries", "open", "to", "may", "entry", "call", "group",
     "on_error", "code", "hash", "id", "event")
)  # fmt: skip
"""Fields that flowrun itself fills; a value that happens to be written alike is not hidden in them."""

_SPACE = re.compile(r"\s")
LONG = 20
"""A free text of one word is looked for elsewhere from so many characters on; a shorter one may be any word."""


def told_apart(plan: Plan | None, known: Sequence[Found]) -> list[Found]:
    """Return the marked values that mean the same wherever they stand; the others are hidden in their own fields alone.

    A short free text of one word is none, nor is what the plan itself writes so: a choice of a schema, the name of a field, a
    rule or a step. A secret always is.
    """
    words: frozenset[str] | None = None
    apart = []
    for item in known:
        text = str(item.value)
        if item.kind != SECRET and not _SPACE.search(text.strip()):
            if item.kind == "free_text" and len(text) < LONG:
                continue
            words = own_words(plan) if words is None else words
            if text.strip().casefold() in words:
                continue
        apart.append(item)
    return apart


def own_words(plan: Plan | None) -> frozenset[str]:
    """Return the choices of a plan's schemas and the names of its fields, rules, steps, tools and flows, case-folded."""
    found: set[str] = set()
    if plan is not None:
        flows = [plan.flow, *plan.flows.values()]
        found.update(rule.id for flow in flows for rule in flow.rules)
        found.update(rule.id for policy in plan.policies.values() for rule in policy.rules)
        found.update(step for flow in flows for step in steps_of(flow))
        found.update([*plan.tools, *plan.policies, *plan.roles, *(flow.name for flow in flows)])
        stack: list[Json] = [*plan.schemas.values()]
        stack += [schema for tool in plan.tools.values() for schema in (tool.input, tool.output)]
        while stack:
            part = stack.pop()
            if isinstance(part, dict):
                found.update(str(choice) for choice in [*_list(part.get("enum")), part.get("const")])
                found.update(part["properties"] if isinstance(part.get("properties"), dict) else ())
                stack += part.values()
            elif isinstance(part, list):
                stack += part
    return frozenset(word.casefold() for word in found)


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


class Redaction:
    """What is hidden of one run. `only_secrets`: for those who must see exactly what they decide on."""

    def __init__(
        self,
        plan: Plan | None,
        events: Sequence[AnyEvent],
        secrets: Iterable[Found] = (),
        *,
        only_secrets: bool = False,
    ) -> None:
        self._plan = plan
        self._output = "" if plan is None else plan.flow.output
        self._events = events
        self._only_secrets = only_secrets
        known = [*EventMarks(plan).known(events), *secrets]
        self._scrubber = Scrubber([i for i in known if i.kind == SECRET] if only_secrets else told_apart(plan, known))

    def events(self) -> list[AnyEvent]:
        """Return the events with placeholders for what is marked, wherever it stands."""
        marks = EventMarks(self._plan)
        return [self.struct(event if self._only_secrets else marks.redacted(event)) for event in self._events]

    def struct(self, value: T) -> T:
        """Return a struct of any kind without known values."""
        assert isinstance(value, msgspec.Struct)
        kept = {name: self._field(name, getattr(value, name)) for name in value.__struct_fields__}
        return msgspec.structs.replace(value, **kept)

    def _field(self, name: str, value: Json) -> Json:
        if name in STRUCTURE and not isinstance(value, dict):
            return value
        if isinstance(value, msgspec.Struct):
            return self.struct(value)
        if isinstance(value, list) and value and isinstance(value[0], msgspec.Struct):
            return [self.struct(item) for item in value]
        return self.data(value)

    def data(self, value: Json) -> Json:
        """Return data without known values."""
        return self._scrubber.value(value)

    def entry(self, entry: dict[str, Json]) -> dict[str, Json]:
        """Return an inbox entry, or something else that flowrun named the fields of, without known values."""
        kept = {name: self._field(name, value) for name, value in entry.items()}
        for part in ("proposal", "approvals"):
            if part in entry:
                kept[part] = [self.entry(item) for item in entry[part]]
        return kept

    def text(self, text: str) -> str:
        """Return a text without known values."""
        return self._scrubber.text(text)

    def record(self, row: RecordRow) -> RecordRow:
        """Return a record with placeholders for what is marked."""
        return msgspec.structs.replace(row, record=self.written(row.schema, row.record))

    def call(self, tool: str, args: Json) -> Json:
        """Return the arguments of a call of a tool with placeholders for what is marked."""
        return self.data(args if self._only_secrets else EventMarks(self._plan).redacted_args(tool, args))

    def written(self, schema: str, record: Json) -> Json:
        """Return what a record of a schema holds with placeholders for what is marked."""
        return self.data(record if self._only_secrets else redacted(self._schema(schema), record))

    def remains(self, row: RecordRow) -> dict[str, Json]:
        """Return what is kept of a record when its person is forgotten: null in every marked field."""
        kept: dict[str, Json] = self.data(blanked(self._schema(row.schema), row.record))
        return kept

    def _schema(self, name: str) -> Json:
        return LOST if self._plan is None else self._plan.schemas.get(name)

    def result(self, result: RunResult) -> RunResult:
        """Return a result with placeholders for what is marked."""
        return msgspec.structs.replace(
            result,
            record=result.record and self.written(self._output, result.record),
            records=[{**entry, "record": self.written(entry["schema"], entry["record"])} for entry in result.records],
            waiting=[self.entry(entry) for entry in result.waiting],
            reason=self.text(result.reason),
        )
