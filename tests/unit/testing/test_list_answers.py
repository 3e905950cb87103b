"""A tool that gives a list: what a test gives for it may be that list, for every call, or a list of lists, by call."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowrun.app.generate import generate
from flowrun.app.workspace import load_workspace
from tests.unit.testing.kit import case, run, schema

TOOL = """
from flowrun import tool


@tool(effect="read")
def names() -> list[str] | None:
    "List names."
    return []
"""
FLOW = """
flow: small
version: 1
owner: leads
input: {type: object, properties: {id: {type: string}, email: {type: string}}, required: [id, email]}
output: count@1
tools: {people.names: {}}
steps:
  - {id: one, call: people.names}
  - {id: two, call: people.names}
  - id: many
    choose:
      - when: (steps.two | default([]) | length) > 2
        steps: [{id: crowd, set: 1}]
      - otherwise: [{id: few, set: 0}]
  - id: out
    record: count@1
    with: {one: "${{ steps.one | default([]) | length }}", two: "${{ steps.two | default([]) | length }}"}
"""


def prepared(folder: Path) -> Path:
    (folder / "people.py").write_text(TOOL, encoding="utf-8")
    tools = "tools: people\nadapter: python\nsource: people.py\nactions: {names: {}}\n"
    (folder / "people.tools.yaml").write_text(tools, encoding="utf-8")
    (folder / "flowrun.yaml").write_text("tools: [people.tools.yaml]\n", encoding="utf-8")
    schema(folder, "count", '{"one": {"type": "integer"}, "two": {"type": "integer"}}', '["one", "two"]')
    return folder


@pytest.mark.parametrize(
    ("given", "one", "two"),
    [("[a, b]", 2, 2), ("[[a], [a, b, c]]", 1, 3), ("[]", 0, 0), ("[null, [a]]", 0, 1), ("null", 0, 0)],
)
def test_what_is_given(tmp_path: Path, given: str, one: int, two: int) -> None:
    expect = f"{{outcome: completed, record: {{one: {one}, two: {two}}}, calls: {{people.names: 2}}}}"
    text = case(tools=f"{{people.names: {given}}}", model="{}", expect=expect)
    assert run(prepared(tmp_path), text, flow=FLOW).messages == []


def test_a_list_by_call_can_end(tmp_path: Path) -> None:
    text = case(tools="{people.names: [[a]]}", model="{}", expect="{}")
    (message,) = run(prepared(tmp_path), text, flow=FLOW).messages
    assert "people.names was called for the 2. time; given.tools.people.names lists 1 answers." in message


def test_cases_are_found_for_it(tmp_path: Path) -> None:
    (prepared(tmp_path) / "small.flow.yaml").write_text(FLOW, encoding="utf-8")
    made = generate(load_workspace(tmp_path), str(tmp_path / "small.flow.yaml"))
    assert made.tried == made.all, made.missing
