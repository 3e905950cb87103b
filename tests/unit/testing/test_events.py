"""Events in a test: they reach the run that waits for them, once their payload is valid."""

from __future__ import annotations

from pathlib import Path

from tests.unit.testing.kit import run, schema

FLOW = """
flow: small
version: 1
owner: leads
input: {type: object, properties: {id: {type: string}}, required: [id]}
output: reply@1
steps:
  - {id: reply, wait_for: contact_replied@1, key: input.id, within: 3d}
  - id: out
    record: reply@1
    with: {text: "${{ steps.reply.text }}"}
"""


def play(folder: Path, given: str, expect: str, more: str = "") -> list[str]:
    for name in ("reply", "contact_replied"):
        schema(folder, name, '{"text": {"type": "string"}}', '["text"]')
    text = f"test: t\nflow: small\ngiven:\n  input: {{id: a}}\n  {given}\n{more}\nexpect: {expect}\n"
    return run(folder, text, flow=FLOW).messages


def test_an_event_reaches_the_run_that_waits_for_it(tmp_path: Path) -> None:
    expect = "{outcome: completed, record: {text: Yes}}"
    assert play(tmp_path, "events: {contact_replied@1: {text: Yes}}", expect) == []
    assert play(tmp_path, "events: {contact_replied: {text: Yes}}", expect) == []


def test_an_event_that_never_comes_leaves_the_run_waiting_until_it_is_late(tmp_path: Path) -> None:
    assert play(tmp_path, "", "{outcome: waiting}") == []
    assert play(tmp_path, "", "{outcome: failed}", more="after: 4d") == []


def test_an_event_that_is_not_valid_is_told(tmp_path: Path) -> None:
    (message,) = play(tmp_path, "events: {contact_replied: {words: Yes}}", "{}")
    assert "given.events.contact_replied is no valid contact_replied@1: " in message
