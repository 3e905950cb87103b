"""Values of records that say less than the flow knows are found; the same form with a good reason is not."""

from __future__ import annotations

from typing import Any

import pytest

from flowrun.lang.edits import apply
from flowrun.lang.parse import parse_file
from flowrun.lang.source import Source
from flowrun.lint.check import check_flow
from flowrun.plan.catalogue import Catalogue, FlowSource
from flowrun.plan.model import ToolPlan

TEXT, NUMBER = {"type": "string"}, {"type": "number"}
RULES = {"made-up-confidence", "id-from-model", "condition-on-constant"}


def record(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


TOOLS = {
    "crm.find": ToolPlan(name="crm.find", title="", effect="read", input=record(), output=record(customer_id=TEXT)),
    "crm.maybe": ToolPlan(
        name="crm.maybe", title="", effect="read", input=record(),
        output={"anyOf": [record(customer_id=TEXT), {"type": "null"}]},
    ),
}  # fmt: skip
SCHEMAS = {
    ("in", 1): record(text=TEXT),
    ("said", 1): record(customer_id=TEXT, confidence=NUMBER),
    ("out", 1): record(customer_id=TEXT, confidence=NUMBER),
}
HEAD = """flow: t
version: 1
owner: leads
input: in@1
output: out@1
tools: {crm.find: {}, crm.maybe: {}}
budget: {model_calls: 5}
steps:
"""
ASK = '  - {id: q, ask: "Who? ${{ input.text }}", answer: said@1}\n'
FIND = "  - {id: c, call: crm.find, with: {}}\n"


def done(id: str = "x", confidence: str = "${{ steps.q.confidence }}", more: str = "") -> str:
    return (
        f"  - id: done\n    record: out@1\n    with:\n      customer_id: {id}\n      confidence: {confidence}\n{more}"
    )


def found(steps: str) -> tuple[str, list[Any]]:
    flow, problems = parse_file(Source("t.flow.yaml", HEAD + steps), "flow")
    assert flow is not None, problems
    catalogue = Catalogue(tools=TOOLS, schema=lambda name, version: SCHEMAS.get((name, version)))
    return HEAD + steps, [d for d in check_flow(FlowSource(flow=flow), catalogue).findings if d.rule in RULES]


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [
        (ASK + done(confidence="0.9"), ["made-up-confidence"]),
        (FIND + ASK + done(id="${{ steps.q.customer_id }}"), ["id-from-model"]),
        (ASK + done(more='    only_when: steps.done.customer_id == "x"\n'), ["condition-on-constant"]),
    ],
)
def test_values_that_say_less_than_the_flow_knows(steps: str, wanted: list[str]) -> None:
    assert [d.rule for d in found(steps)[1]] == wanted


@pytest.mark.parametrize(
    "steps",
    [
        ASK + done(confidence="null"),
        ASK + done(id="${{ steps.q.customer_id }}"),
        ASK + done(id="${{ steps.q.customer_id }}") + FIND,
        ASK + "  - {id: m, call: crm.maybe, with: {}}\n" + done(id="${{ steps.q.customer_id }}"),
        FIND.replace("with: {}", "with: {}, on_error: continue") + ASK + done(id="${{ steps.q.customer_id }}"),
        ASK + done(id="${{ input.text }}", more='    only_when: steps.done.customer_id == "x"\n'),
        ASK + done(more="    only_when: steps.done.confidence > 0.5\n"),
        ASK + done(more="    only_when: steps.done.customer_id == input.text\n"),
    ],
)
def test_the_same_form_with_a_reason(steps: str) -> None:
    assert found(steps)[1] == []


def test_the_id_of_the_tool_is_written_in_its_place() -> None:
    text, (item,) = found(FIND + ASK + done(id="${{ steps.q.customer_id }}"))
    assert "customer_id: ${{ steps.c.customer_id }}\n" in apply(text, [item.changes]).text
    text, (item,) = found(FIND + ASK + done(id='"${{ steps.q.customer_id }}"'))
    assert item.changes == ()
