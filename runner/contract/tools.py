"""The tools that a flow may use: how often, with which arguments from where, under which rules.

Owns: one `ToolUse` for each tool of a flow. How often comes from `contract.worst`, the words of rules from
`contract.rules`, money from `contract.money`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from flowrun.contract import load as ld
from flowrun.contract import model as c
from flowrun.contract.expression import written
from flowrun.contract.meaning import Meanings
from flowrun.contract.money import money_of
from flowrun.contract.outside import Ways
from flowrun.contract.passing import passed_by
from flowrun.contract.people import on_the_way
from flowrun.contract.plain import listed
from flowrun.contract.rules import rule_words
from flowrun.contract.values import CUSTOMER, EVENT, FIXED, INPUT, MODEL, PERSON, RUN, TOOL, FlowValues
from flowrun.plan import marks
from flowrun.plan import model as m
from flowrun.words import t

SUBJECT = "subject"
TRUST = (FIXED, TOOL, RUN, SUBJECT, PERSON, EVENT, INPUT, CUSTOMER, MODEL)
"""Who may say what an argument is, the most trusted first."""


def uses_of(plan: m.Plan, flow: m.FlowPlan, ways: Ways, load: ld.Load) -> list[c.ToolUse]:
    """Return the tools that a flow's steps may use, in the order in which the flow lists them."""
    reader = _Uses(plan, flow, ways)
    found = [reader.use(name, load) for name in flow.tools]
    return [use for use in found if use is not None]


class _Uses:
    def __init__(self, plan: m.Plan, flow: m.FlowPlan, ways: Ways) -> None:
        self.plan = plan
        self.flow = flow
        self.ways = ways
        self.values = FlowValues(plan, flow)
        self.meanings = Meanings(flow, plan.tables)
        self.places: dict[str, list[m.CallStep | m.AskStep]] = {}
        self.way: dict[str, c.Way] = {}
        for step, when, after in on_the_way(flow.steps, self.meanings):
            self.way[step.id] = c.Way(step=step.id, when=list(when), after=list(after))
            if isinstance(step, m.CallStep):
                self.places.setdefault(step.tool, []).append(step)
            elif isinstance(step, m.AskStep):
                for name in step.tools:
                    self.places.setdefault(name, []).append(step)
        passed = passed_by(flow, self.way)
        self.way = {id: msgspec.structs.replace(way, passed=passed[id]) for id, way in self.way.items()}

    def use(self, name: str, load: ld.Load) -> c.ToolUse | None:
        places = self.places.get(name)
        if not places:
            return None
        most = load[ld.call_of(self.flow.name, name)]
        count = None if math.isinf(most) else int(most)
        rules = rule_words(self.plan, self.flow, name, self.meanings)
        arguments = list(self.arguments(name, places))
        base: dict[str, Any] = {
            "flow": self.flow.name,
            "tool": name,
            "ways": [self.way[step.id] for step in places],
            "proposed": any(isinstance(step, m.AskStep) for step in places),
            "most": count,
            "rules": rules,
            "arguments": arguments,
        }
        tool = self.plan.tools.get(name)
        if tool is None:
            called = next(self.plan.flows[step.flow] for step in places if isinstance(step, m.CallStep) and step.flow)
            return c.ToolUse(
                **base,
                title=called.title,
                effect="flow",
                sub_flow=True,
                takes=self.plan.schemas[called.input],
                gives=self.plan.schemas[called.output],
                digest=f"{called.name}@{called.version}",
            )
        once = next(iter((tool.once or {}).items()), ("none", ""))
        return c.ToolUse(
            **base,
            title=tool.title,
            effect=tool.effect,
            once=once[0],
            once_by=", ".join(once[1]) if isinstance(once[1], list) else str(once[1]),
            money=money_of(self.plan, self.flow, tool, arguments, rules, count) if tool.effect == "write" else [],
            takes=tool.input,
            gives=tool.output,
            adapter=tool.adapter,
            digest=tool.digest,
            rate=tool.rate or "",
        )

    def arguments(self, name: str, places: list[m.CallStep | m.AskStep]) -> Iterator[c.Argument]:
        bound = {key: node for rule in self.flow.rules if name in rule.tools for key, node in rule.bind.items()}
        schema = self.schema_of(name)
        roles = roles_in(schema)
        names = dict.fromkeys([*arguments_in(schema), *bound, *self.given(places)])
        for argument in names:
            sources = [self.source(name, argument, step, bound) for step in places]
            kept = [source for source in sources if source is not None]
            if kept:
                yield c.Argument(
                    name=argument,
                    role=roles.get(argument, ""),
                    guarded=self.ways.guarded.get((name, argument), False),
                    sources=kept,
                )

    def schema_of(self, name: str) -> dict[str, Any]:
        tool = self.plan.tools.get(name)
        if tool is not None:
            return tool.input
        called = next((f for key, f in self.plan.flows.items() if f"flows.{key.split('@')[0]}" == name), None)
        return {} if called is None else self.plan.schemas[called.input]

    def given(self, places: list[m.CallStep | m.AskStep]) -> list[str]:
        return [key for step in places if isinstance(step, m.CallStep) for key in fields_of_call(step)]

    def source(
        self, tool: str, name: str, step: m.CallStep | m.AskStep, bound: Mapping[str, m.Node]
    ) -> c.Source | None:
        """Return where an argument comes from in one step; None where the step hands in nothing."""
        if name in bound:
            way = self.ways.bound.get((step.id, tool, name), "")
            return self.from_node(bound[name], step.id, way, bound=True)
        if isinstance(step, m.AskStep):
            way = self.ways.prompts.get(step.id, "")
            return c.Source(step=step.id, by=MODEL, words=t("the model chooses"), way=way)
        node = given_by(step, name)
        return None if node is None else self.from_node(node, step.id, self.ways.made.get((step.id, name), ""))

    def from_node(self, node: m.Node, step: str, way: str, *, bound: bool = False) -> c.Source:
        origins = self.values.origins(node, step)
        kinds = [SUBJECT if node == self.flow.subject and o.by == INPUT else o.by for o in origins] or [FIXED]
        by = max((kind for kind in kinds if kind in TRUST), key=TRUST.index, default=RUN)
        said = self.meanings.said(node, step)
        names = list(dict.fromkeys(o.name for o in origins if o.by == by))
        return c.Source(step=step, by=by, words=self.words(by, names, said), way=way, bound=bound, said=said)

    def words(self, by: str, names: list[str], said: c.Said) -> str:
        if by == INPUT and self.flow is not self.plan.flow and said.node[0] != "text":
            return t("what the calling flow hands in ({value})", value=said.text)
        return source_words(by, names, said)


def source_words(by: str, names: list[str], said: c.Said) -> str:
    """Return in words who says what an argument is."""
    if said.node[0] == "text":
        filled = list(dict.fromkeys(written(part) for part in said.node[1] if part[0] != "lit"))
        return t("written by the flow, with {values}", values=listed(filled)) if filled else t("written by the flow")
    if by == FIXED:
        return t("fixed: {value}", value=said.words) if said.node[0] == "lit" else t("fixed by the flow")
    if by == TOOL:
        return t("on file ({value}, from {tool})", value=said.text, tool=", ".join(names))
    if by == SUBJECT:
        return t("the customer whose run it is ({value})", value=said.text)
    if by == PERSON:
        return t("what a person wrote in step {step} ({value})", step=", ".join(names), value=said.text)
    if by == EVENT:
        return t("from the event {event} ({value})", event=", ".join(names), value=said.text)
    if by == INPUT:
        return t("taken from the message ({value})", value=said.text)
    if by == CUSTOMER:
        return t("what the customer answered in step {step} ({value})", step=", ".join(names), value=said.text)
    if by == MODEL:
        return t("what the model answered in step {step} ({value})", step=", ".join(names), value=said.text)
    return t("from the run ({value})", value=said.text)


def fields_of_call(step: m.CallStep) -> dict[str, m.Node]:
    """Return the arguments that a `call` step writes out, by name; none where it hands in a whole value."""
    return {} if step.with_ is None or step.with_[0] != "dict" else {key: node for key, node in step.with_[1]}


def given_by(step: m.CallStep, name: str) -> m.Node | None:
    """Return what a `call` step hands in as one argument, None for nothing; of a whole value it is the field of that name."""
    if step.with_ is None or step.with_[0] == "dict":
        return fields_of_call(step).get(name)
    return ["attr", step.with_, name]


def arguments_in(schema: dict[str, Any]) -> list[str]:
    """Return the names of a tool's arguments, also of those that stand in alternatives."""
    return list(dict.fromkeys([*(schema.get("properties") or {}), *(f[0] for f, *_ in marks.leaves(schema) if f)]))


def roles_in(schema: dict[str, Any]) -> dict[str, str]:
    """Return what each argument of a tool decides, by its name; a field inside it counts for it."""
    found: dict[str, str] = {}
    for path, leaf, _ in marks.leaves(schema):
        role = marks.role_of(path, leaf)
        if role is not None and path and (path[0] not in found or role == marks.RECIPIENT):
            found[path[0]] = role
    return found
