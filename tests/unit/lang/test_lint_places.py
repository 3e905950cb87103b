"""A finding of the linter points at the very thing that is wrong, and says what to write instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from flowrun.lang import spec
from flowrun.lang.parse import parse_file
from flowrun.lang.source import Source
from flowrun.lint.check import check_flow
from flowrun.plan.catalogue import Catalogue, FlowSource
from flowrun.plan.model import ModelPlan, RolePlan, ToolPlan

TEXT = {"type": "string"}


def record(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


SCHEMAS: Mapping[tuple[str, int], dict[str, Any]] = {
    ("message", 1): record(text=TEXT, notes=TEXT),
    ("triage", 1): record(intent={"enum": ["leave", "complain"]}),
    ("case", 1): record(
        notes=TEXT,
        intent={"enum": ["leave", "complain"]},
        ticket=record(severity={"enum": ["low", "high"]}, created={"type": "boolean"}, notes=TEXT),
    ),
    ("contact.replied", 1): record(text=TEXT),
}
TOOLS = {
    name: ToolPlan(
        name=name,
        title=name,
        effect="write",
        adapter="python",
        input=record(customer_id=TEXT, text=TEXT),
        output=record(id=TEXT),
    )
    for name in ("desk.create_ticket", "crm.add_note")
}

GOOD = """\
flow: support
version: 1
owner: leads
input: message@1
output: case@1
tools:
  desk.create_ticket: {bind: {customer_id: "${{ input.text }}"}, approve_when: true, approver: [leads, customer], reason: r}
  crm.add_note: {}
budget: {model_calls: 2, writes: 2}
subject: input.text
steps:
  - id: note
    call: crm.add_note
    with: {customer_id: a, text: b}
  - id: triage
    ask: Read ${{ input.text }}.
    tools: [crm.add_note, desk.create_ticket]
    answer: triage@1
    model: small
    on_error: hand_off
  - id: person
    ask_person: Is it right?
    to: leads
    answer: triage@1
    show: [input.text]
    within: 1d
    on_error: hand_off
  - {id: again, when: steps.person.intent == "leave", call: crm.add_note, with: {customer_id: a, text: b}}
  - {id: reply, wait_for: contact.replied@1, key: input.text, within: 1d}
  - id: case
    record: case@1
    with:
      notes: ${{ input.notes }}
      intent: ${{ steps.triage.intent }}
      ticket:
        severity: low
        created: true
        notes: ${{ input.notes }}
"""
POLICY = """\
policy: house
version: 1
rules:
  - {id: a, tools: crm.add_note, approve_when: true, approver: leads, reason: Notes are read.}
"""


def lint(text: str, policy: str = POLICY) -> list[tuple[str, str, str, str]]:
    """Return rule, underlined text, help and line of each finding."""
    sources = {"support.flow.yaml": text, "a.policy.yaml": policy}
    parsed = {}
    for file, kind in (("support.flow.yaml", "flow"), ("a.policy.yaml", "policy")):
        parsed[kind], found = parse_file(Source(file, sources[file]), kind)
        assert not found, found
    flow, house = parsed["flow"], parsed["policy"]
    assert isinstance(flow, spec.Flow) and isinstance(house, spec.Policy)
    catalogue = Catalogue(
        tools=TOOLS,
        schema=lambda name, version: SCHEMAS.get((name, version)),
        schema_names=lambda: [f"{name}@{version}" for name, version in SCHEMAS],
        models={"small": ModelPlan(name="small", provider="scripted", model="small")},
        roles={"leads": RolePlan(members=["Sam"])},
    )
    shown = []
    for item in check_flow(FlowSource(flow=flow, policies=[house]), catalogue).findings:
        assert item.span.line == item.span.end_line, item
        line = sources[item.span.file].splitlines()[item.span.line - 1]
        shown.append((item.rule, line[item.span.column - 1 : item.span.end_column - 1], item.help or "", line))
    return shown


def test_the_flow_without_a_mistake_is_silent() -> None:
    assert lint(GOOD) == []


@pytest.mark.parametrize(
    ("right", "wrong", "rule", "underlined", "help_"),
    [
        ("intent: ${{ steps.triage.intent }}", "intent: no", "unknown-enum-value", "no", "the word no"),
        ("severity: low", "severity: 5", "wrong-type", "5", "`low`, `high`"),
        ("severity: low", "severity: lo", "unknown-enum-value", "lo", "`low`"),
        ("created: true", "created: no", "wrong-type", "no", "Write `false`"),
        ("created: true", "createdd: true", "unknown-field", "createdd", "created"),
        ("severity: low", "severity: low\n        notez: x", "unknown-field", "notez", "notes"),
        ("        notes: ${{ input.notes }}", "        notes: 1", "wrong-type", "1", "quotes"),
        (
            "  crm.add_note: {}",
            "  crm.add_note: {}\n  crm.ad_note:\n    at_most: 1",
            "unknown-tool",
            "crm.ad_note",
            "add",
        ),
        ("[crm.add_note, desk", "[crm.add_note, crm.ad_note, desk", "unknown-tool", "crm.ad_note", "add"),
        ("call: crm.add_note", "call: crm.ad_note", "unknown-tool", "crm.ad_note", "add"),
        ("owner: leads", "owner: no", "unknown-role", "no", "the word no"),
        ("[leads, customer]", "[customer, no]", "unknown-role", "no", "the word no"),
        ("to: leads", "to: lead", "unknown-role", "lead", "Did you mean `leads`?"),
        ("[leads, customer]", "[leads, custmer]", "unknown-role", "custmer", "Did you mean `customer`?"),
        ("model: small", "model: smal", "unknown-model", "smal", "`small`"),
        ("model: small", "model: [small, smal]", "unknown-model", "smal", "`small`"),
        ("bind: {customer_id", "bind: {customer_idd", "unknown-field", "customer_idd", "`customer_id`"),
        ("answer: triage@1", "answer: triag@1", "unknown-schema", "triag@1", "Did you mean `triage@1`?"),
        ("contact.replied@1", "contact.replyed@1", "unknown-event", "contact.replyed@1", "`contact.replied@1`"),
        (
            "  - id: case\n",
            "  - {id: end, stop: rejected, when: false}\n  - id: case\n",
            "record-count",
            "rejected",
            "`record: case@1` before",
        ),
    ],
)
def test_a_mistake_is_underlined_where_it_stands(
    right: str, wrong: str, rule: str, underlined: str, help_: str
) -> None:
    assert right in GOOD
    found = [item for item in lint(GOOD.replace(right, wrong, 1)) if item[:2] == (rule, underlined)]
    assert len(found) == 1, lint(GOOD.replace(right, wrong, 1))
    assert help_ in found[0][2]


def test_an_expression_that_stands_twice_is_underlined_in_the_wrong_field() -> None:
    (item,) = lint(GOOD.replace("created: true", "created: ${{ input.notes }}"))
    assert item[:2] == ("wrong-type", "input.notes")
    assert item[3].strip().startswith("created:")


def test_the_customer_may_be_asked_in_every_workspace() -> None:
    assert lint(GOOD.replace("to: leads", "to: customer"), POLICY.replace("r: leads", "r: customer")) == []


def test_approvers_of_policies_are_roles_of_the_workspace() -> None:
    (item,) = lint(GOOD, POLICY.replace("approver: leads", "approver: [leads, finanz]"))
    assert item[:2] == ("unknown-role", "finanz")
