"""Where each argument of a proposed write came from, found in the events before it.

Owns: that search. What the flow fixes is read from the plan; what a model chose is looked for among the values that the run
had seen by then: its input, results of tools, and what people and events brought. Nothing is copied: an origin names a
place and never holds a value. What is equal by chance looks the same; very common values are not looked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any

import msgspec

from flowrun.core import events as ev
from flowrun.insight.places import locate, steps_of
from flowrun.journal.projections import call_path
from flowrun.plan import marks
from flowrun.plan.model import AskPersonStep, AskStep, CallStep, FlowPlan, Node, Plan, StepPlan, WaitStep
from flowrun.values.nodes import children, dotted, walk

Json = Any
CUSTOMER = "customer"
LONG = 20
"""Shortest text from outside, in characters, that is looked for inside an argument."""
WORD = 4
"""Shortest argument that is looked for inside a text from outside."""
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_COMMON = {Decimal(0), Decimal(1), Decimal(-1)}


class Origin(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a value came from.

    `kind`: `bound`, `flow` or `constant` (the flow fixes it, works it out, or says it), `input`, `result`, `event`,
    `person` or `customer` (equal to what these brought), `choice` (the model chose from a list), `model` (found nowhere but
    in the model's words). `source` names the place, `by` the person, `derived` says that only a part is the same.
    """

    kind: str
    source: str = msgspec.field(name="from", default="")
    by: str = ""
    derived: bool = False
    untrusted: bool = False


class Trail:
    """The values that a run has seen so far. Feed it the events in order; ask it about a verdict where it stands."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._known: dict[Json, Origin] = {}
        self._outside: list[tuple[str, Origin]] = []
        self._asked: dict[str, ev.Asked] = {}
        self._verdicts: dict[str, list[ev.Verdict]] = {}

    def see(self, event: ev.AnyEvent) -> None:
        """Remember what an event brought."""
        if isinstance(event, ev.RunStarted):
            self._input(self._plan.flow, event.input)
        elif isinstance(event, ev.Decided):
            for verdict in event.verdicts:
                self._verdicts.setdefault(verdict.path, []).append(verdict)
                flow = self._called(verdict)
                if flow is not None:
                    self._input(flow, verdict.args)
        elif isinstance(event, ev.Returned):
            judged = self._verdicts.get(call_path(event.path))
            name = event.tool or (judged[0].tool if judged else "")
            tool = self._plan.tools.get(name)
            schema = tool.output if tool else {}
            self._add(event.output, f"calls.{name}", Origin(kind="result"), schema)
        elif isinstance(event, ev.Asked):
            self._asked[event.path] = event
        elif isinstance(event, ev.Answered):
            self._answered(event)
        elif isinstance(event, ev.Woken) and event.payload is not None:
            _, step = locate(self._plan, event.path)
            key = step.event if isinstance(step, WaitStep) else None
            self._add(event.payload, _step(step), Origin(kind="event"), self._plan.schemas.get(key or "", {}))

    def _called(self, verdict: ev.Verdict) -> FlowPlan | None:
        _, step = locate(self._plan, verdict.path)
        return self._plan.flows.get(step.flow) if isinstance(step, CallStep) and step.flow else None

    def _input(self, flow: FlowPlan, value: Json) -> None:
        schema = self._plan.schemas.get(flow.input, {})
        own = dotted(flow.subject) if flow.subject is not None and _is_path(flow.subject) else ""
        self._add(value, "input", Origin(kind="input"), schema, free_text=True, own=own)

    def _answered(self, event: ev.Answered) -> None:
        asked = self._asked.get(event.path)
        if asked is None or event.action != "answer":
            return
        _, step = locate(self._plan, event.path)
        if asked.to == [CUSTOMER]:
            said = Origin(kind="customer", by=CUSTOMER, untrusted=True)
        else:
            said = Origin(kind="person", by=f"{event.by} ({', '.join(asked.to)})")
        self._add(event.data, _step(step), said, asked.form or {})

    def _add(
        self,
        value: Json,
        label: str,
        base: Origin,
        schema: dict[str, Json],
        *,
        free_text: bool = False,
        own: str = "",
    ) -> None:
        """`own`: the place of the run's subject, which is trusted: it is the customer's own."""
        fields = {path: (field, marked) for path, field, marked in marks.leaves(schema)}
        for path, leaf in flat(value):
            plain = tuple(marks.ITEM if isinstance(part, int) else part for part in path)
            field, marked = fields.get(plain, ({}, schema.get("x-untrusted") is True))
            open_text = free_text and bool(field) and marks.is_free_text(plain, field)
            source = ".".join([label, *(str(part) for part in path)])
            untrusted = (base.untrusted or marked or open_text) and source != own
            origin = msgspec.structs.replace(base, source=source, untrusted=untrusted)
            key = normal(leaf)
            if key is None:
                continue
            before = self._known.get(key)
            if before is None or (before.untrusted and not origin.untrusted):
                self._known[key] = origin
            if origin.untrusted and isinstance(leaf, str):
                self._outside.append((_folded(leaf), origin))

    def origins(self, verdict: ev.Verdict) -> dict[str, Origin]:
        """Return the origin of each argument of a call, by its JSON pointer; what a person changed is that person's."""
        judged = [*self._verdicts.get(verdict.path, ()), verdict] if verdict.edited_by else [verdict]
        found = self._proposed(judged[0])
        for before, after in pairwise(judged):
            known = dict(flat(before.args))
            written = Origin(kind="person", by=after.edited_by)
            found = {
                pointer(path): found[pointer(path)] if path in known and known[path] == leaf else written
                for path, leaf in flat(after.args)
            }
        return found

    def _proposed(self, verdict: ev.Verdict) -> dict[str, Origin]:
        flow, step = locate(self._plan, verdict.path)
        bound = {name: node for rule in flow.rules if verdict.tool in rule.tools for name, node in rule.bind.items()}
        given = step.with_ if isinstance(step, CallStep) else None
        tool = self._plan.tools.get(verdict.tool)
        fields = {path: field for path, field, _ in marks.leaves(tool.input)} if tool else {}
        found: dict[str, Origin] = {}
        for path, leaf in flat(verdict.args):
            name = str(path[0]) if path else ""
            if name in bound:
                origin = self._written(bound[name], path[1:], leaf, flow, "bound")
            elif given is not None:
                origin = self._written(given, path, leaf, flow, "flow")
            else:
                plain = tuple(marks.ITEM if isinstance(part, int) else part for part in path)
                origin = self._chosen(leaf, fields.get(plain, {}))
            found[pointer(path)] = origin
        return found

    def _written(self, node: Node, path: Place, leaf: Json, flow: FlowPlan, kind: str) -> Origin:
        """What the flow's own expression gives; a stranger's words stay a stranger's on the way through it."""
        for part in path:
            if node[0] == "dict":
                node = next((value for key, value in node[1] if key == part), node)
            elif node[0] == "list" and isinstance(part, int) and part < len(node[1]):
                node = node[1][part]
        if not any(inner[0] in ("name", "step", "calls", "var") for inner in walk(node)):
            return Origin(kind="constant" if kind == "flow" else kind, source="" if kind == "flow" else "a constant")
        found = self._found(leaf)
        return Origin(kind=kind, source=_reads(node, flow), untrusted=found is not None and found.untrusted)

    def _chosen(self, leaf: Json, field: dict[str, Json]) -> Origin:
        if marks.is_choice(field) if field else isinstance(leaf, bool):
            return Origin(kind="choice")
        return self._found(leaf) or Origin(kind="model")

    def _found(self, leaf: Json) -> Origin | None:
        key = normal(leaf)
        if key is None:
            return None
        known = self._known.get(key)
        if known is not None:
            return known
        for text, origin in reversed(self._outside):
            if _inside(key, text):
                return msgspec.structs.replace(origin, derived=True)
        return None


Place = tuple[str | int, ...]


def flat(value: Json, path: Place = ()) -> Iterator[tuple[Place, Json]]:
    """Yield each plain value inside a value with its path; what is empty has none."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from flat(item, (*path, name))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from flat(item, (*path, place))
    elif value is not None:
        yield path, value


def pointer(path: Place) -> str:
    """Return a path as a JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def normal(value: Json) -> Json:
    """Return a value in the form in which it is compared; None where it is too common to tell where it came from."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        text = _folded(value)
        number = _decimal(text)
        if number is None:
            return text if len(text) > 2 else None
        return None if number in _COMMON else number
    number = _decimal(repr(value))
    return None if number is None or number in _COMMON else number


def _decimal(text: str) -> Decimal | None:
    if not text or len(text) > 40 or not (text[0].isdigit() or text[0] in "+-."):
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number.normalize() if number.is_finite() else None


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _inside(key: Json, text: str) -> bool:
    """Whether an argument stands in a text from outside as a whole, or holds the text."""
    if isinstance(key, Decimal):
        return any(_decimal(found.replace(",", ".")) == key for found in _NUMBER.findall(text))
    if len(key) >= WORD and key in text:
        return re.search(rf"(?<!\w){re.escape(key)}(?!\w)", text) is not None
    return len(text) >= LONG and text in key


def _step(step: StepPlan | None) -> str:
    return f"steps.{step.id}" if step is not None else "steps"


def _reads(node: Node, flow: FlowPlan) -> str:
    """Return the places that an expression reads, as the flow writes them; a model's answer is told as such."""
    known = steps_of(flow)
    texts: dict[str, None] = {}
    pending = [node]
    while pending:
        here = pending.pop()
        if here[0] in ("name", "step", "calls") or (here[0] == "attr" and _is_path(here)):
            root = here
            while root[0] == "attr":
                root = root[1]
            said = root[0] == "step" and isinstance(known.get(root[1]), AskStep)
            asked = root[0] == "step" and isinstance(known.get(root[1]), AskPersonStep)
            note = " (a model's answer)" if said else " (a person's answer)" if asked else ""
            texts[dotted(here) + note] = None
            continue
        pending.extend(reversed(list(children(here))))
    return ", ".join(texts)


def _is_path(node: Node) -> bool:
    while node[0] == "attr":
        node = node[1]
    return node[0] in ("name", "step", "calls")
