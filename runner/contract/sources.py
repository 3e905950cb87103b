"""Where the arguments of tools come from: who says what each is, through the flows that call each other.

Owns: one `Source` for each argument in each place. A flow that is called knows nothing of its caller: what its input holds is
what the calling flow hands in, and is followed there. What cannot be followed may be anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from flowrun.contract import model as c
from flowrun.contract.expression import written
from flowrun.contract.meaning import Meanings, digest_of
from flowrun.contract.outside import Ways
from flowrun.contract.plain import listed
from flowrun.contract.values import (
    CUSTOMER,
    EVENT,
    FIXED,
    INPUT,
    MODEL,
    PERSON,
    RUN,
    TOOL,
    UNKNOWN,
    FlowValues,
    Origin,
)
from flowrun.lint.taint import ARROW
from flowrun.plan import marks
from flowrun.plan import model as m
from flowrun.plan.compile import steps_in
from flowrun.words import t

SUBJECT = "subject"
TRUST = (FIXED, TOOL, RUN, SUBJECT, PERSON, EVENT, INPUT, CUSTOMER, MODEL, UNKNOWN)
"""Who may say what an argument is, the most trusted first."""
Place = m.CallStep | m.AskStep


def sources_of(plan: m.Plan, ways: Sequence[Ways]) -> list[Sources]:
    """Return the sources of a plan's flows, the flow itself first; `ways` stand in the same order."""
    flows = {"": plan.flow, **plan.flows}
    found = {key: Sources(plan, flow, way) for (key, flow), way in zip(flows.items(), ways, strict=True)}
    for one in found.values():
        for step in steps_in(one.flow.steps):
            if isinstance(step, m.CallStep) and step.flow is not None:
                found[step.flow].callers.append((one, step))
    return list(found.values())


class Sources:
    """Where the arguments in one flow come from."""

    def __init__(self, plan: m.Plan, flow: m.FlowPlan, ways: Ways) -> None:
        self.plan = plan
        self.flow = flow
        self.ways = ways
        self.meanings = Meanings(flow, plan.tables)
        self.callers: list[tuple[Sources, m.CallStep]] = []
        """The steps that call this flow, each with the flow in which it stands."""
        self._values = FlowValues(plan, flow, deciding=True)

    def bound(self, tool: str) -> Mapping[str, m.Node]:
        """Return the arguments of a tool that `bind` fixes."""
        return {key: node for rule in self.flow.rules if tool in rule.tools for key, node in rule.bind.items()}

    def source(self, tool: str, name: str, step: Place) -> c.Source | None:
        """Return where an argument comes from in one step; None where the step hands in nothing."""
        bound = self.bound(tool)
        if name in bound:
            return self._from_node(bound[name], step.id, self.ways.bound.get((step.id, tool, name), ""), bound=True)
        if isinstance(step, m.AskStep):
            way = self.ways.prompts.get(step.id, "")
            return c.Source(step=step.id, by=MODEL, words=t("the model chooses"), way=way)
        node = given_by(step, name)
        return None if node is None else self._from_node(node, step.id, self.ways.made.get((step.id, name), ""))

    def _from_node(self, node: m.Node, step: str, way: str, *, bound: bool = False) -> c.Source:
        origins = self._values.origins(node, step) or [Origin(UNKNOWN, "", ())]
        said = self.meanings.said(node, step)
        handed = [one for origin in origins if origin.by == INPUT for one in self._handed_in(origin.path)]
        if not handed:
            kinds = {SUBJECT if node == self.flow.subject and o.by == INPUT else o.by for o in origins}
            by = _least_trusted(kinds)
            words = source_words(by, list(dict.fromkeys(o.name for o in origins if o.by == by)), said)
            return c.Source(step=step, by=by, words=words, way=way, bound=bound, said=said)
        own = {origin.by for origin in origins if origin.by != INPUT}
        by = _least_trusted({*own, *(one.by for one in handed)})
        words = source_words(by, list(dict.fromkeys(o.name for o in origins if o.by == by)), said)
        if by not in own and said.node[0] != "text":
            words = t("what the calling flow hands in ({value}): {source}", value=said.text,
                      source=listed(list(dict.fromkeys(one.words for one in handed if one.by == by))))  # fmt: skip
        outside = next((one.way for one in handed if one.way), "")
        way = f"{outside}{ARROW}{way or t('input of {flow}', flow=self.flow.name)}" if outside else way
        meaning = digest_of(
            [said.meaning, [(one.by, one.said and (one.said.text, one.said.meaning)) for one in handed]]
        )
        return c.Source(
            step=step, by=by, words=words, way=way, bound=bound, said=msgspec.structs.replace(said, meaning=meaning)
        )

    def _handed_in(self, path: tuple[str, ...]) -> list[c.Source]:
        """Return what the calling flows hand in at a path of this flow's input; of all of it without a path."""
        names = path[:1] or arguments_in(self.plan.schemas[self.flow.input])
        every = [caller.source(step.tool, name, step) for caller, step in self.callers for name in names]
        return [one for one in every if one is not None]


def _least_trusted(kinds: set[str]) -> str:
    return max((kind for kind in kinds if kind in TRUST), key=TRUST.index, default=RUN)


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
    if by == UNKNOWN:
        return t("anything: it cannot be followed ({value})", value=said.text)
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
