"""What a prompt says beside its step is found at its place; names that something explains are not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flowrun.lang.parse import parse_file
from flowrun.lang.source import Source
from flowrun.lint.check import check_flow
from flowrun.lint.literals import secret_findings
from flowrun.plan.catalogue import Catalogue, FlowSource
from flowrun.plan.model import ToolPlan

TEXT = {"type": "string", "maxLength": 10}


def record(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


TOOLS = {
    "crm.find": ToolPlan(name="crm.find", title="", effect="read", input=record(email=TEXT), output=record(plan=TEXT)),
    "crm.note": ToolPlan(name="crm.note", title="", effect="read", input=record(text=TEXT), output=record(done=TEXT)),
}
SCHEMAS = {
    ("in", 1): record(text=TEXT, order=TEXT),
    ("out", 1): record(n=TEXT),
    ("case", 1): record(summary=TEXT, urgency={"enum": ["low", "high"]}, inner=record(page=TEXT)),
}
HEAD = """flow: t
version: 1
owner: leads
input: in@1
output: out@1
tools: {crm.find: {}}
budget: {model_calls: 1}
steps:
  - id: asked
    ask: |
"""
TAIL = '  - {id: done, record: out@1, with: {n: "1"}}\n'
RULES = {"field-not-in-answer", "json-by-hand", "prompt-without-data", "tool-not-offered", "long-prompt"}


def told(prompt: str, more: str = "answer: case@1", *, data: str = "${{ input.text }}") -> list[str]:
    """Each finding as `rule line:column what is underlined`."""
    lines = "".join(f"      {line}\n" for line in [*prompt.split("\n"), data])
    text = HEAD + lines + (f"    {more}\n" if more else "") + TAIL
    flow, problems = parse_file(Source("t.flow.yaml", text), "flow")
    assert flow is not None, problems
    catalogue = Catalogue(tools=TOOLS, schema=lambda name, version: SCHEMAS.get((name, version)))
    rows = text.split("\n")
    findings = check_flow(FlowSource(flow=flow, text=text), catalogue).findings
    return [
        f"{d.rule} {rows[d.span.line - 1][d.span.column - 1 : d.span.end_column - 1]}"
        for d in findings
        if d.rule in RULES
    ]


@pytest.mark.parametrize(
    ("prompt", "wanted"),
    [
        ("Answer with `summary` and `reason`.", ["field-not-in-answer reason"]),
        ("Fill the fields `topic` and `mood`.", ["field-not-in-answer topic", "field-not-in-answer mood"]),
        ('Answer like {"summary": "…", "reason": "…"}', ["field-not-in-answer reason"]),
        ("Say:\n- summary: in one sentence\n- reason: why", ["field-not-in-answer reason"]),
        ("Answer with `summary` and `sumary`.", ["field-not-in-answer sumary"]),
        ("Return JSON.", ["json-by-hand JSON"]),
        ("Please answer only in valid JSON:", ["json-by-hand JSON"]),
        ("Use crm.note for it.", ["tool-not-offered crm.note"]),
        ("Ask crm.find or crm.note, then crm.note.", ["tool-not-offered crm.find", "tool-not-offered crm.note"]),
    ],
)
def test_what_the_step_does_not_do_is_found_where_it_is_said(prompt: str, wanted: list[str]) -> None:
    assert told(prompt) == wanted


@pytest.mark.parametrize(
    "prompt",
    [
        "Answer with `summary` and `urgency`, `low` or `high`.",
        "Answer with `summary`; write `null` where there is none.",
        "Answer with the `page` in `inner`, and the `order` in `summary`.",
        "Answer with `yes` or `maybe`.",
        "The log says `timeout`. Answer with `summary`.",
        '{"order": 1, "state": "open"} is what the shop said.',
        "Steps:\n- first: read\n- then: think\n- last: answer",
        "Write a summary of the JSON file below.",
        "See www.example.com and file.txt and crm.other.",
        "Answer with `summary` and the `plan` that crm knows.",
    ],
)
def test_what_something_explains_is_not(prompt: str) -> None:
    assert told(prompt) == []


def test_the_place_is_right_although_expressions_say_the_same_word() -> None:
    assert told("${{ input.order | default('reason') }} Answer with `summary` and `reason`.") == [
        "field-not-in-answer reason"
    ]


def test_a_prompt_without_data_is_found_where_nothing_else_gives_it() -> None:
    assert told("What do they need?", data="Say it.") == ["prompt-without-data ask"]
    assert told("What do they need?", "tools: [crm.find]", data="Say it.") == []
    assert told("What do they need?", "to: customer", data="Say it.") == []
    assert told("{% if input.text == 'a' %}Be short.{% endif %}", data="Say it.") == []


def test_json_in_words_is_told_without_a_schema_too_and_long_prompts_once() -> None:
    assert told("Return JSON.", "") == ["json-by-hand JSON"]
    assert [item.split()[0] for item in told("Be kind. " * 1_000)] == ["long-prompt"]
    assert told("Be kind. " * 800) == []


@pytest.mark.parametrize(
    "key",
    [
        "sk-abcdefghijklmnopqrstuvwx",
        "ghp_" + "a1" * 18,
        "AKIA" + "ABCDEFGH12345678",
        "xoxb-123456789012-abcdefghijkl",
        "-----BEGIN RSA PRIVATE KEY-----",
        "eyJhbGciOiJIUzI1NiJ9aa.eyJzdWIiOiIxMjM0NTY3ODkw.c2lnbmF0dXJlMTIz",
    ],
)
def test_a_key_in_a_file_is_found_at_its_place(key: str) -> None:
    (item,) = secret_findings("a.flow.yaml", f"flow: a\ntitle: the key is {key} here\n")
    assert (item.span.line, item.span.column, item.span.end_column) == (2, 19, 19 + len(key))


@pytest.mark.parametrize(
    "text", ["task-abcdefghijklmnopqrstuvwxyz", "sk-short", "AKIA123", "eyJ.eyJ.x", "BEGIN", "risk-" + "a" * 30]
)
def test_what_only_begins_like_one_is_not(text: str) -> None:
    assert secret_findings("a.flow.yaml", json.dumps(text)) == []
