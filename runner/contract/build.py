"""From a compiled flow to its contract.

Owns: putting the parts together, for a flow and the flows that it calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from flowrun.contract import model as c
from flowrun.contract.expression import written
from flowrun.contract.failing import failing_of, outcomes_of
from flowrun.contract.figures import budget_of, figures_of
from flowrun.contract.meaning import Meanings
from flowrun.contract.outside import ways_of
from flowrun.contract.people import asked_by, roles_of, waits_of
from flowrun.contract.reaching import checks_of, models_of
from flowrun.contract.rules import facts_of
from flowrun.contract.sources import sources_of
from flowrun.contract.tools import uses_of
from flowrun.contract.view import view_of
from flowrun.contract.worst import worst
from flowrun.lang import spec
from flowrun.plan import model as m
from flowrun.plan.catalogue import Catalogue, FlowSource
from flowrun.plan.compile import steps_in


def contract_of(
    source: FlowSource, catalogue: Catalogue, plan: m.Plan, *, mode: str = "live", halted: Sequence[str] = ()
) -> c.Contract:
    """Return what a flow may do. `plan` is compiled from the source without error findings; `mode`: the highest that the
    workspace allows, `halted`: what of the flow nothing may touch now.
    """
    load = worst(plan)
    sources = [source, *(found for key in plan.flows if (found := catalogue.flows.get(key)) is not None)]
    plans = [plan.flow, *plan.flows.values()]
    ways = [ways_of(one, catalogue, policies_of(one, catalogue)) for one in sources]
    uses = [use for one in sources_of(plan, ways) for use in uses_of(plan, one, load)]
    asked = [entry for flow in plans for entry in asked_by(plan, flow)]
    flow = plan.flow
    meanings = Meanings(flow, plan.tables)
    facts: dict[str, str] = {}
    for one_flow in plans:
        facts |= facts_of(plan, one_flow)
    return c.Contract(
        flow=flow.name,
        version=flow.version,
        title=flow.title,
        owner=flow.owner,
        mode=mode,
        halted=list(halted),
        time_zone=plan.time_zone,
        input=c.Schema(name=flow.input, schema=plan.schemas[flow.input]),
        output=c.Schema(name=flow.output, schema=plan.schemas[flow.output]),
        key=None if flow.key is None else meanings.said(flow.key),
        subject=None if flow.subject is None else meanings.said(flow.subject),
        uses=uses,
        facts=facts,
        models=[use for one_flow in plans for use in models_of(plan, one_flow)],
        privacy=dict(plan.privacy),
        asked=asked,
        checks=[check for one in plans for check in checks_of(plan, one, Meanings(one, plan.tables))],
        roles=roles_of(plan, uses, asked, [one.owner for one in plans]),
        waits=[wait for one_flow in plans for wait in waits_of(plan, one_flow)],
        written=[
            c.Written(step=step.id, schema=step.schema, fields=_fields(step.with_))
            for step in steps_in(flow.steps)
            if isinstance(step, m.RecordStep)
        ],
        figures=figures_of(plan, load),
        inner={one.name: budget_of(one.budget) for one in plan.flows.values()},
        failing=[entry for one_flow in plans for entry in failing_of(one_flow)],
        outcomes=outcomes_of(plan),
        reads=sorted(_read(msgspec.to_builtins(flow))),
        steps=view_of(plan, flow),
    )


def policies_of(source: FlowSource, catalogue: Catalogue) -> list[spec.Policy]:
    """Return the policies that hold for a flow: the workspace's and those beside it."""
    return [*catalogue.policies, *source.policies]


def _read(value: Any) -> set[str]:
    """Return the fields of the input that stand anywhere in a flow; an empty name for the input as a whole."""
    if isinstance(value, dict):
        return set().union(*map(_read, value.values()))
    if not isinstance(value, list):
        return set()
    if value == ["name", "input"]:
        return {""}
    if len(value) == 3 and value[:2] == ["attr", ["name", "input"]]:
        return {str(value[2])}
    return set().union(*map(_read, value))


def _fields(node: m.Node) -> dict[str, str]:
    return {key: written(value) for key, value in node[1]} if node[0] == "dict" else {"": written(node)}
