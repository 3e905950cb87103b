"""Tests that cannot be played, or show nothing, are found at their place; and few words about style."""

from __future__ import annotations

from typing import Any

import pytest

from flowrun.lang.parse import parse_file
from flowrun.lang.source import Source
from flowrun.lint.check import check_flow
from flowrun.lint.findings import Findings
from flowrun.lint.test_files import FlowTests
from flowrun.lint.tested import as_tested
from flowrun.plan.catalogue import Catalogue, FlowSource
from flowrun.plan.model import ToolPlan

TEXT = {"type": "string"}


def record(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def tool(name: str, once: Any = None) -> ToolPlan:
    return ToolPlan(name=name, title="", effect="read", once=once, input=record(), output=record(n=TEXT))


TOOLS = {
    t.name: t for t in (tool("crm.find"), tool("crm.see"), tool("crm.other"), tool("crm.do", {"confirm_with": "see"}))
}
SCHEMAS = {("in", 1): record(text=TEXT), ("out", 1): record(done=TEXT)}
FLOW = """flow: t
version: 1
owner: leads
input: in@1
output: out@1
tools: {crm.find: {}, crm.do: {}}
steps:
  - {id: c, call: crm.find}
  - {id: q, ask: "${{ input.text }}"}
"""
EXAMPLES = "examples:\n  - {step: q, label: a, texts: [I was billed twice., Hello]}\n"


def parsed(text: str, kind: str, file: str = "t") -> Any:
    value, problems = parse_file(Source(f"{file}.{kind}.yaml", text), kind)
    assert value is not None, problems
    return value


def catalogue() -> Catalogue:
    return Catalogue(tools=TOOLS, schema=lambda name, version: SCHEMAS.get((name, version)))


def told(given: str, expect: str = "{outcome: completed}", name: str = "a", *more: str) -> list[str]:
    text = f"test: {name}\nflow: t\ngiven: {{{given}}}\nexpect: {expect}\n"
    out = Findings()
    tests = FlowTests(catalogue(), [], out)
    for number, other in enumerate(more):
        before = f"test: {other}\nflow: t\ngiven: {{input: {{text: hi}}}}\nexpect: {{outcome: completed}}\n"
        tests.check(parsed(before, "test", f"t{number}"), as_tested(parsed(FLOW, "flow"), None))
    tests.check(parsed(text, "test"), as_tested(parsed(FLOW, "flow"), parsed(EXAMPLES, "examples")))
    rows = text.split("\n")
    return [f"{d.rule} {rows[d.span.line - 1][d.span.column - 1 : d.span.end_column - 1]}" for d in out.found]


INPUT = "input: {text: hi}"


@pytest.mark.parametrize(
    ("given", "expect", "wanted"),
    [
        (INPUT, "{}", ["test-expects-nothing expect"]),
        (f"{INPUT}, tools: {{crm.other: {{n: a}}}}", "{outcome: completed}", ["test-unknown-name crm.other"]),
        (f"{INPUT}, model: {{qq: {{text: a}}}}", "{outcome: completed}", ["test-unknown-name qq"]),
        (INPUT, "{calls: {crm.fynd: 1}}", ["test-unknown-name crm.fynd"]),
        (INPUT, "{attempts: {crm.other: 1}}", ["test-unknown-name crm.other"]),
        ("input: {txt: hi}", "{outcome: completed}", ["test-outside-schema input"]),
        (f"{INPUT}, tools: {{crm.find: {{m: a}}}}", "{outcome: completed}", ["test-outside-schema crm.find"]),
        (f"{INPUT}, tools: {{crm.find: [{{n: a}}, 5]}}", "{outcome: completed}", ["test-outside-schema 5"]),
        (INPUT, "{record: {donne: x}}", ["expects-unknown-field donne"]),
        ("input: {text: I was  billed TWICE.}", "{outcome: completed}", ["test-is-example input"]),
    ],
)
def test_tests_that_cannot_be_played_or_show_nothing(given: str, expect: str, wanted: list[str]) -> None:
    assert told(given, expect) == wanted


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        (
            f"{INPUT}, tools: {{crm.find: {{error: fails}}, crm.see: {{n: a}}, crm.do: [{{n: a}}, {{error: malformed}}]}}",
            "{calls: {}}",
        ),
        (f"{INPUT}, model: {{q: {{text: a}}}}", "{record: {done: x}}"),
        ("input: {text: Hello}", "{outcome: completed}"),
    ],
)
def test_tests_that_can(given: str, expect: str) -> None:
    assert told(given, expect) == []


def test_a_name_that_stands_twice_is_told_in_the_second_file() -> None:
    assert told(INPUT, "{outcome: completed}", "a promise", "a promise", "another") == ["test-name-twice test"]
    assert told(INPUT, "{outcome: completed}", "a promise", "another") == []


def style(text: str, file: str = "t") -> list[str]:
    source = FlowSource(flow=parsed(text, "flow", file), text=text)
    findings = check_flow(source, catalogue()).findings
    return [d.rule for d in findings if d.rule in ("undescribed-field", "flow-file-name")]


def form(fields: str) -> str:
    return FLOW + f"  - {{id: p, ask_person: Fine?, to: leads, answer: {{type: object, properties: {{{fields}}}}}}}\n"


def test_what_misleads_people() -> None:
    assert style(form("a: {type: string}, b: {type: string, title: B}")) == ["undescribed-field"]
    assert style(form("a: {type: string, description: A}, b: {type: string, title: B}")) == []
    assert style(form("a: {type: string}")) == []
    assert style(FLOW, "other") == ["flow-file-name"]
    assert style(FLOW) == []
