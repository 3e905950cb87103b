"""The tools that a flow may use: how often, with which arguments, under which rules.

Owns: one `ToolUse` for each tool of a flow. How often comes from `contract.worst`, the words of rules from
`contract.rules`, money from `contract.money`, where arguments come from `contract.sources`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import msgspec

from flowrun.contract import load as ld
from flowrun.contract import model as c
from flowrun.contract.money import money_of
from flowrun.contract.passing import passed_by
from flowrun.contract.people import on_the_way
from flowrun.contract.rules import rule_words
from flowrun.contract.sources import Place, Sources, arguments_in, fields_of_call
from flowrun.plan import marks
from flowrun.plan import model as m


def uses_of(plan: m.Plan, sources: Sources, load: ld.Load) -> list[c.ToolUse]:
    """Return the tools that a flow's steps may use, in the order in which the flow lists them."""
    reader = _Uses(plan, sources)
    found = [reader.use(name, load) for name in sources.flow.tools]
    return [use for use in found if use is not None]


class _Uses:
    def __init__(self, plan: m.Plan, sources: Sources) -> None:
        self.plan = plan
        self.flow = flow = sources.flow
        self.sources = sources
        self.meanings = sources.meanings
        self.places: dict[str, list[Place]] = {}
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

    def arguments(self, name: str, places: list[Place]) -> Iterator[c.Argument]:
        schema = self.schema_of(name)
        roles = roles_in(schema)
        names = dict.fromkeys([*arguments_in(schema), *self.sources.bound(name), *self.given(places)])
        for argument in names:
            sources = [self.sources.source(name, argument, step) for step in places]
            kept = [source for source in sources if source is not None]
            if kept:
                yield c.Argument(
                    name=argument,
                    role=roles.get(argument, ""),
                    guarded=self.sources.ways.guarded.get((name, argument), False),
                    sources=kept,
                )

    def schema_of(self, name: str) -> dict[str, Any]:
        tool = self.plan.tools.get(name)
        if tool is not None:
            return tool.input
        called = next((f for key, f in self.plan.flows.items() if f"flows.{key.split('@')[0]}" == name), None)
        return {} if called is None else self.plan.schemas[called.input]

    def given(self, places: list[Place]) -> list[str]:
        return [key for step in places if isinstance(step, m.CallStep) for key in fields_of_call(step)]


def roles_in(schema: dict[str, Any]) -> dict[str, str]:
    """Return what each argument of a tool decides, by its name; a field inside it counts for it."""
    found: dict[str, str] = {}
    for path, leaf, _ in marks.leaves(schema):
        role = marks.role_of(path, leaf)
        if role is not None and path and (path[0] not in found or role == marks.RECIPIENT):
            found[path[0]] = role
    return found
