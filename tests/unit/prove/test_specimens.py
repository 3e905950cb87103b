"""Examples that a proof makes up fit their forms, so that what can happen is not left open for want of an example."""

from __future__ import annotations

from pathlib import Path

from tests.unit.prove.kit import said, written


def test_texts_of_a_form_that_may_be_null_are_written_as_the_form_asks(tmp_path: Path) -> None:
    moment = '{"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}'
    closed = '"required": ["at"], "additionalProperties": false'
    schema = f'{{"type": "object", "properties": {{"at": {moment}}}, {closed}}}'
    flow = """
flow: when
version: 1
owner: leads
input: {type: object, properties: {id: {type: string}}, required: [id]}
output: moment@1
budget: {model_calls: 2}
steps:
  - {id: read, ask: "When? ${{ input.id }}", answer: moment@1, on_error: hand_off}
  - {id: sure, when: steps.read.at is none, stop: failed, reason: No moment.}
  - {id: out, record: moment@1, with: {at: "${{ steps.read.at }}"}}
"""
    compiled = written(tmp_path, {"schemas/records/moment/v1.json": schema, "when.flow.yaml": flow}, "when.flow.yaml")
    assert said(compiled, "input.id reaches the model") == ["yes"]
