"""Marks that are lost on the way are found where they are lost; a mark that goes along, and a count, are not."""

from __future__ import annotations

from typing import Any

import pytest

from flowrun.lang.parse import parse_file
from flowrun.lang.source import Source
from flowrun.lint.check import check_flow
from flowrun.plan.catalogue import Catalogue, FlowSource
from flowrun.plan.model import ToolPlan

TEXT = {"type": "string"}
MAIL = {"type": "string", "x-pii": "email"}
LETTER = {"type": "string", "x-pii": "free_text"}
PIN = {"type": "string", "x-secret": True}


def record(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def tool(name: str, effect: str, input: Any, output: Any) -> ToolPlan:
    return ToolPlan(name=name, title="", effect=effect, input=input, output=output)


PERSON = record(email=MAIL, plan=TEXT)
TOOLS = {
    "crm.find": tool("crm.find", "read", record(who=MAIL), {**PERSON, "required": []}),
    "crm.list": tool("crm.list", "read", record(), {"type": "array", "items": PERSON}),
    "mail.send": tool("mail.send", "write", record(to=MAIL, title=TEXT), record(done=TEXT)),
    "log.write": tool("log.write", "write", record(line=TEXT), record(done=TEXT)),
}
SCHEMAS = {
    ("in", 1): record(id=TEXT, email=MAIL, letter=LETTER, pin=PIN, person={"x-pii": "name", **record(first=TEXT)}),
    ("out", 1): record(a=TEXT, b=LETTER, n={"type": "integer"}, k={"enum": ["x", "y"]}),
    ("said", 1): record(mood={"enum": ["good", "bad"]}, why=LETTER),
    ("bare", 1): record(mood={"enum": ["good", "bad"]}, why=TEXT),
    ("form", 1): record(email=MAIL),
}
RULES = {"mark-lost", "unmarked-answer", "secret-shown", "pii-to-model", "secret-to-model"}
HEAD = """flow: t
version: 1
owner: leads
input: in@1
output: out@1
budget: {model_calls: 5, writes: 5}
"""


def told(
    steps: str, tools: str = "{crm.find: {}, crm.list: {}, mail.send: {}, log.write: {}}", **more: Any
) -> list[str]:
    text = f"{HEAD}tools: {tools}\nsteps:\n" + "".join(f"  - {line}\n" for line in steps.strip().split("\n"))
    flow, problems = parse_file(Source("t.flow.yaml", text), "flow")
    assert flow is not None, problems
    catalogue = Catalogue(tools=TOOLS, schema=lambda name, version: SCHEMAS.get((name, version)), **more)
    rows = text.split("\n")
    return [
        f"{d.rule} {rows[d.span.line - 1][d.span.column - 1 : d.span.end_column - 1]}"
        for d in check_flow(FlowSource(flow=flow, text=text), catalogue).findings
        if d.rule in RULES
    ]


def out(a: str = "x", b: str = "x", n: str = "1") -> str:
    return f'{{id: done, record: out@1, with: {{a: "{a}", b: "{b}", n: "{n}", k: x}}}}'


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [
        (out(a="${{ input.email }}"), ["mark-lost a"]),
        (out(a="Dear ${{ input.email | lower }}"), ["mark-lost a"]),
        (out(a="${{ input.person.first }}"), ["mark-lost a"]),
        (out(a="${{ input.pin }}", b="${{ input.pin }}"), ["mark-lost a", "mark-lost b"]),
        ('{id: s, set: "${{ input.email }}"}\n' + out(a="${{ steps.s }}"), ["mark-lost a"]),
        ("{id: c, call: crm.find, with: {who: x}}\n" + out(a="${{ steps.c.email }}"), ["mark-lost a"]),
        ("{id: c, call: crm.list, with: {}}\n" + out(a="${{ (steps.c | first).email }}"), ["mark-lost a"]),
        ("{id: c, call: crm.find, with: {who: x}}\n" + out(a="${{ calls.crm.find.last.output.email }}"), ["mark-lost a"]),
        ("{id: p, ask_person: Who?, to: leads, answer: form@1}\n" + out(a="${{ steps.p.email }}"), ["mark-lost a"]),
        ('{id: m, call: mail.send, with: {to: x, title: "For ${{ input.email }}"}}', ["mark-lost title"]),
        ("{id: q, ask: \"Read ${{ input.letter }}\", answer: bare@1}", ["unmarked-answer bare@1"]),
        ("{id: p, ask_person: 'PIN ${{ input.pin }}?', to: leads, answer: form@1, show: [input.pin]}",
         ["secret-shown input.pin", "secret-shown input.pin"]),
    ],
)  # fmt: skip
def test_a_mark_that_is_lost_is_found_where_it_is_lost(steps: str, wanted: list[str]) -> None:
    assert told(steps) == wanted


@pytest.mark.parametrize(
    "steps",
    [
        out(b="${{ input.email }}"),
        out(a="${{ input.id }}"),
        out(n="${{ input.letter | length }}"),
        out(a="${{ 'known' if input.email == 'x' else 'new' }}"),
        '{id: m, call: mail.send, with: {to: "${{ input.email }}", title: Hello}}',
        '{id: l, call: log.write, with: {line: "${{ input.email }}"}}',
        '{id: q, ask: "Read ${{ input.letter }}", answer: said@1}',
        '{id: q, ask: "Read ${{ input.id }}", answer: bare@1}',
        "{id: p, ask_person: 'Hello ${{ input.email }}?', to: leads, answer: form@1, show: [input.letter]}",
    ],
)
def test_a_mark_that_goes_along_is_not(steps: str) -> None:
    assert told(steps) == []


def test_what_is_bound_loses_its_mark_at_the_bind() -> None:
    tools = '{mail.send: {bind: {title: "${{ input.email }}", to: "${{ input.email }}"}}}'
    assert told('{id: q, ask: "Say ${{ input.id }}", tools: [mail.send]}', tools) == ['mark-lost "${{ input.email }}"']


def test_a_prompt_names_what_the_workspace_keeps_from_models() -> None:
    steps = '{id: q, ask: "To ${{ input.email }}: ${{ input.letter }}"}'
    assert told(steps, privacy={"email": "deny", "free_text": "token"}) == ["pii-to-model input.email"]
    assert told(steps, privacy={"email": "token"}) == told(steps) == []
