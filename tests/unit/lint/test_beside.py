"""Examples and tool files beside flows: what does not fit, or teaches nothing, is found at its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flowrun.lang.parse import parse_file
from flowrun.lang.source import Source
from flowrun.lint.example_files import check_examples
from flowrun.lint.findings import Findings
from flowrun.lint.scope import World
from flowrun.lint.tool_files import check_tool_file
from flowrun.plan.catalogue import Catalogue
from flowrun.plan.model import ToolPlan

ROOT = Path(__file__).parents[3]
TEXT = {"type": "string"}


def record(*optional: str, **fields: Any) -> dict[str, Any]:
    required = [name for name in fields if name not in optional]
    return {"type": "object", "properties": fields, "required": required, "additionalProperties": False}


TOOLS = {"crm.find": ToolPlan(name="crm.find", title="", effect="read", input=record(who=TEXT), output=record(a=TEXT))}
SCHEMAS = {
    ("in", 1): record("order", text=TEXT, order=TEXT),
    ("said", 1): record("note", topic={"enum": ["bill", "refund"]}, sure={"type": "number"}, note=TEXT),
}
FLOW = """flow: t
version: 1
owner: leads
input: in@1
output: in@1
tools: {crm.find: {}}
steps:
  - {id: read, ask: "${{ input.text }}", answer: said@1, tools: [crm.find]}
  - {id: free, ask: "${{ input.text }}"}
  - {id: person, ask_person: Who?, to: leads, answer: said@1}
"""


def parsed(text: str, kind: str) -> Any:
    value, problems = parse_file(Source(f"t.{kind}.yaml", text), kind)
    assert value is not None, problems
    return value


def told(*examples: str) -> list[str]:
    text = "examples:\n" + "".join(f"  - {{{line}}}\n" for line in examples)
    out = Findings()
    world = World(
        parsed(FLOW, "flow"), Catalogue(tools=TOOLS, schema=lambda name, version: SCHEMAS.get((name, version)))
    )
    check_examples(world, parsed(text, "examples"), out)
    rows = text.split("\n")
    return [f"{d.rule} {rows[d.span.line - 1][d.span.column - 1 : d.span.end_column - 1]}" for d in out.found]


def one(label: str, texts: str = "a, b", answer: str = "", step: str = "read", more: str = "") -> str:
    said = f", answer: {{topic: {answer or label}, sure: 1}}" if step == "read" else ""
    return f"step: {step}, label: {label}, texts: [{texts}]{said}{more}"


GOOD = (one("bill"), one("refund", "c, d"))


@pytest.mark.parametrize(
    ("examples", "wanted"),
    [
        ([*GOOD, one("x", "e, f", step="reed")], ["example-of-no-step reed"]),
        ([*GOOD, one("x", "e, f", step="person")], ["example-of-no-step person"]),
        ([one("bill"), one("refund", "c, A")], ["example-text-twice A"]),
        ([one("bill", "a, b, a"), one("refund", "c, d")], ["example-text-twice a"]),
        ([one("bill"), one("refund", "c")], ["one-example refund"]),
        ([one("bill"), "step: read, label: bill, texts: [e, f], answer: {topic: bill, sure: 1}"], ["choice-without-example read"]),
        ([*GOOD, one("bill", "e, f", answer="bil")], ["unknown-enum-value bil"]),
        ([*GOOD, one("bill", "e, f", more=", propose: [{crm.note: {}}]")], ["example-tool propose"]),
        (["step: read, label: x, texts: [a, b], answer: {topic: bill}"], ["missing-field {topic: bill}"]),
        (["step: read, label: x, texts: [a, b], answer: {topic: bill, sure: 1, moood: x}"], ["extra-field moood"]),
    ],
)  # fmt: skip
def test_examples_that_do_not_fit_or_teach(examples: list[str], wanted: list[str]) -> None:
    assert [item.replace("unknown-field", "extra-field") for item in told(*examples)] == wanted


@pytest.mark.parametrize(
    "examples",
    [
        GOOD,
        [one("only", "a", step="free")],
        [one("a", "a, b", step="free"), one("b", "c, d", step="free")],
        [*GOOD, one("x", "a, b", step="free")],
        [
            'step: read, label: x, texts: [a, b], answer: {topic: bill, sure: "${{ model.confidence }}", '
            'note: "${{ input.order | default(model.text) }}"}'
        ],
        [*GOOD, one("bill", "e, f", more=', propose: [{crm.find: {who: "${{ steps.free }}"}}]')],
    ],
)
def test_examples_that_do(examples: list[str]) -> None:
    assert told(*examples) == []


def tools(text: str, *plans: ToolPlan) -> list[str]:
    text = f"tools: shop\nadapter: python\nsource: shop.py\n{text}"
    out = Findings()
    check_tool_file(parsed(text, "tools"), {plan.name: plan for plan in plans}, out)
    rows = text.split("\n")
    return [f"{d.rule} {rows[d.span.line - 1][d.span.column - 1 : d.span.end_column - 1]}" for d in out.found]


def plan(name: str, effect: str, once: Any = None, *optional: str) -> ToolPlan:
    return ToolPlan(
        name=name, title="", effect=effect, once=once, input=record(*optional, id=TEXT, line=TEXT), output={}
    )


@pytest.mark.parametrize(
    ("text", "plans", "wanted"),
    [
        ("actions: {send_offer: {}}", [plan("shop.send_offer", "read")], ["write-as-read send_offer"]),
        ("actions: {send_offer: {effect: read}}", [plan("shop.send_offer", "read")], ["write-as-read effect"]),
        ("", [plan("shop.delete_line", "read")], ["write-as-read tools"]),
        ("actions: {open: {}}", [plan("shop.open", "write")], ["no-once open"]),
        (
            "actions: {open: {}}",
            [plan("shop.open", "write", {"natural": ["id", "line"]}, "line")],
            ["optional-natural open"],
        ),
        ("auth: {bearer: abc}", [], ["secret-in-file abc"]),
    ],
)
def test_tools_whose_name_or_repeat_is_wrong(text: str, plans: list[ToolPlan], wanted: list[str]) -> None:
    assert tools(text, *plans) == wanted


@pytest.mark.parametrize(
    ("text", "plans"),
    [
        (
            "actions: {sender: {}, payments: {}, creates: {}}",
            [plan("shop.sender", "read"), plan("shop.payments", "read")],
        ),
        ("actions: {open: {once: none}}", [plan("shop.open", "write")]),
        ("", [plan("shop.open", "write", {"natural": ["id"]}, "line"), plan("other.send_it", "read")]),
        ('auth: {bearer: "${{ secret.KEY }}"}', []),
    ],
)
def test_tools_whose_name_and_repeat_are_right(text: str, plans: list[ToolPlan]) -> None:
    assert tools(text, *plans) == []
