"""A small workspace for the tests of contracts: a shop with a CRM, payments and mail, as Python tools of its own.

Owns: its files and how a flow in it becomes a contract. Each test changes what it is about.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from flowrun.app.explain import explain
from flowrun.app.workspace import load_workspace
from flowrun.contract.model import Contract

INPUT = """\
input:
  type: object
  properties:
    message_id: {type: string, maxLength: 80}
    email: {type: string, format: email, x-pii: email, x-untrusted: true}
    text: {type: string, x-pii: free_text, x-untrusted: true}
    iban: {type: string, x-secret: true}
    amount: {type: number}
    lines: {type: array, maxItems: 3, items: {type: object, properties: {sku: {type: string}}, required: [sku]}}
  required: [message_id, email, text, iban, amount, lines]
  additionalProperties: false
output: done@1
"""
HEAD = f"""\
flow: shop
version: 1
title: Pay money back
owner: leads
{INPUT}
key: input.message_id
subject: input.email
"""
BUDGET = "budget: {cost: 0.05 USD, model_calls: 6, tool_calls: 10, writes: 4, within: 2m}\n"
END = "  - {id: end, record: done@1, with: {done: true}}\n"
DONE = """\
{"type": "object", "properties": {"done": {"type": "boolean"}}, "required": ["done"], "additionalProperties": false}
"""
CONFIG = """\
models:
  small: {provider: openai, model: mini, price: {input: 1 USD, output: 2 USD}, context_tokens: 10000, max_output_tokens: 500}
roles:
  leads: {members: [eva, tom], within: 4h, then: chiefs}
  chiefs: {members: [ann], within: 1d}
"""


def flow_text(tools: str, steps: str, *, head: str = HEAD, budget: str = BUDGET) -> str:
    """Return a flow file of the shop; `tools` and `steps` are the lines under these keys."""
    return f"{head}{budget}tools:\n{tools}steps:\n{steps}{END}"


def write(folder: Path, flow: str, *, config: str = CONFIG, files: Mapping[str, str] | None = None) -> Path:
    """Write a workspace; return the file of the flow."""
    made = {"flowrun.yaml": config, "shop.flow.yaml": flow, "schemas/records/done/v1.json": DONE, **(files or {})}
    for name, text in made.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "shop.flow.yaml"


def contract(folder: Path, tools: str, steps: str, **more: object) -> Contract:
    """Return the contract of a flow of the shop."""
    names = ("head", "budget")
    text = flow_text(tools, steps, **{name: str(more.pop(name)) for name in names if name in more})
    return explain(load_workspace(write(folder, text, **more).parent), str(folder / "shop.flow.yaml"))  # type: ignore[arg-type]
