"""No test of a flow reaches anything real: no tool's function, no model's client, no socket, no store, no clock."""

from __future__ import annotations

import socket
import sqlite3
from pathlib import Path

import pytest

from tests.unit.testing.kit import case, run

TOOL = """
from pathlib import Path
from typing import TypedDict

from flowrun import tool


class Sent(TypedDict):
    id: str


@tool(effect="write", once={"natural": ["to"]})
def send(to: str, text: str) -> Sent:
    "Send a letter."
    Path(__file__).with_name("called").write_text(to)
    return {"id": "real"}
"""
TOOLS = "tools: post\nadapter: python\nsource: post.py\nactions: {send: {}}\n"
WORKSPACE = """
tools: [post.tools.yaml]
models:
  real:
    provider: openai
    model: gpt
    base_url: "http://127.0.0.1:9/v1"
    key: "${{ env.KEY }}"
    price: {input: 1 USD, output: 1 USD, dated: "2026-01-01"}
store: sqlite:///here.db
"""
FLOW = """
flow: small
version: 1
owner: leads
input: {type: object, properties: {id: {type: string}, email: {type: string}}, required: [id, email]}
output: result@1
tools: {post.send: {}, desk.create_ticket: {}}
budget: {writes: 3, cost: 1 USD}
steps:
  - {id: act, ask: Write to them., tools: [post.send], model: real}
  - {id: out, record: result@1, with: {ticket: "${{ calls.post.send.last.output.id }}"}}
"""


def test_tools_and_models_are_never_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in {"post.py": TOOL, "post.tools.yaml": TOOLS, "flowrun.yaml": WORKSPACE}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    reached: list[str] = []

    def never(name: str) -> object:
        def call(*args: object, **more: object) -> object:
            reached.append(name)
            raise AssertionError(f"{name} was reached")

        return call

    monkeypatch.setattr(socket.socket, "connect", never("a socket"))
    monkeypatch.setattr(socket, "getaddrinfo", never("a name server"))
    monkeypatch.setattr(sqlite3, "connect", never("a store"))
    text = case(
        tools="{post.send: {id: fake}}",
        model="{act: [{propose: [{post.send: {to: ana, text: Hello}}]}, {text: Done.}]}",
        expect="{outcome: completed, calls: {post.send: 1}, record: {ticket: fake}}",
    )
    result = run(tmp_path, text, flow=FLOW)
    assert (result.messages, reached) == ([], [])
    assert not (tmp_path / "called").exists() and not (tmp_path / "here.db").exists()


def test_what_the_test_does_not_give_is_not_fetched_from_the_real_one(tmp_path: Path) -> None:
    for name, text in {"post.py": TOOL, "post.tools.yaml": TOOLS, "flowrun.yaml": WORKSPACE}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    text = case(
        tools="{}",
        model="{act: [{propose: [{post.send: {to: ana, text: Hello}}]}, {text: Done.}]}",
        expect="{outcome: completed}",
    )
    messages = run(tmp_path, text, flow=FLOW).messages
    assert "called post.send, and the test says nothing about it" in messages[0]
    assert not (tmp_path / "called").exists()
