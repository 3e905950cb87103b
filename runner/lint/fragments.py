"""Examples of rules as whole workspaces: a few lines, and all that must stand around them.

Owns: the completion of a fragment, as texts by file name. Nothing is written, and nothing is checked here.

A fragment is the top of `example.flow.yaml`, or begins with `# file: NAME`; each such line begins another file. What a
file lacks is appended below, so that lines keep their numbers. `# without: KEY, KEY` leaves keys out, `# whole file` all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

FLOW = "example.flow.yaml"
CUSTOMER = "crm.lookup_customer"
READS = (CUSTOMER, "crm.get_orders", "desk.find_ticket", "pay.find_refund", "calendar.free_slots")
WRITES = (
    *("crm.update_contact", "crm.add_note", "desk.create_ticket", "pay.refund"),
    *("mail.draft", "mail.send", "calendar.book", "calendar.cancel"),
)
"""The tools of the bundled desk, which every example may use."""

_FILE = re.compile(r"^# file: (\S+)[ \t]*$", re.MULTILINE)
_KEY = re.compile(r"^([a-z_]+)[ \t]*:", re.MULTILINE)
_WITHOUT = re.compile(r"^# without: (.+)$", re.MULTILINE)
_WHOLE = re.compile(r"^# whole file\b", re.MULTILINE)
_TOOL = re.compile(rf"\b(?:{'|'.join(re.escape(name) for name in READS + WRITES)})(?![\w.])")
_STEPS = re.compile(r"^steps:[ \t]*(?:#[^\n]*)?\n(?:[ \t]*(?:#[^\n]*)?\n)*([ ]*)- ", re.MULTILINE)

_CUSTOMER = '  - {id: customer, call: crm.lookup_customer, with: {email: "${{ input.email }}"}, on_error: hand_off}'
_DONE = "- {id: done, record: outcome@1, with: {text: Done.}, on_error: hand_off}"
_ROLES = """\
roles:
  support_leads: {members: [Sam, Kim], within: 1d}
  billing_leads: {members: [Robin, Alex], within: 1d}
  finance: {members: [Jo, Uma], within: 1d}"""
_MODELS = """\
models:
  small: {provider: openai, model: small, key: "${{ secret.MODEL_KEY }}", price: {input: 0.15 USD, output: 0.60 USD}}
  large: {provider: openai, model: large, key: "${{ secret.MODEL_KEY }}", price: {input: 2.50 USD, output: 10 USD}}"""
_OUTCOME = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "What became of a case",
    "type": "object",
    "properties": {"text": {"type": "string", "minLength": 1, "maxLength": 500}},
    "required": ["text"],
    "additionalProperties": False,
}
_SHOP = '''\
"""The tools of a small shop."""

from typing import TypedDict

from flowrun import tool


class Order(TypedDict):
    order_id: str
    amount: float


@tool(effect="read")
def find_order(order_id: str) -> Order:
    """Read an order."""
    return {"order_id": order_id, "amount": 1.0}


@tool(effect="write", once={"natural": ["order_id"]})
def cancel_order(order_id: str) -> Order:
    """Cancel an order."""
    return {"order_id": order_id, "amount": 1.0}


@tool(effect="write")
def call_back(order_id: str) -> Order:
    """Have somebody call the customer."""
    return {"order_id": order_id, "amount": 1.0}
'''
_KINDS = {".flow.yaml": "flow", ".policy.yaml": "policy", ".tools.yaml": "tools", ".test.yaml": "test"}


def parts(fragment: str) -> dict[str, str]:
    """Return the files that a fragment shows, as they stand in it."""
    pieces = _FILE.split(fragment if _FILE.match(fragment) else f"# file: {FLOW}\n{fragment}")
    return {name: text.removeprefix("\n") for name, text in zip(pieces[1::2], pieces[2::2], strict=True)}


def complete(fragment: str) -> dict[str, str]:
    """Return the texts of a workspace around a fragment, by file name relative to its root."""
    shown = parts(fragment)
    tools = _tools("\n".join(text for name, text in shown.items() if name.endswith((".flow.yaml", ".policy.yaml"))))
    files = {"schemas/records/outcome/v1.json": json.dumps(_OUTCOME, indent=2), "flowrun.yaml": "", **shown}
    if not any(name.endswith(".flow.yaml") for name in files):
        files[FLOW] = ""
    for name in [name for name in files if name.endswith(".tools.yaml")]:
        files.setdefault(name.replace(".tools.yaml", ".py"), _SHOP)
    return {name: _completed(name, text, _base(name, text, files, tools)) for name, text in files.items()}


def _tools(text: str) -> list[str]:
    return list(dict.fromkeys(_TOOL.findall(text)))


def _base(name: str, text: str, files: Mapping[str, str], tools: list[str]) -> dict[str, str]:
    """Return the keys that a file of this kind needs, each as its lines."""
    stem = name.rpartition("/")[2].partition(".")[0]
    if name == "flowrun.yaml":
        own = [file for file in files if file.endswith(".tools.yaml")]
        return {"roles": _ROLES, "models": _MODELS, **({"tools": f"tools: [{', '.join(own)}]"} if own else {})}
    kind = next((kind for suffix, kind in _KINDS.items() if name.endswith(suffix)), None)
    match kind:
        case "flow":
            apart = "steps" in _KEY.findall(text) or "tools" in _KEY.findall(text)
            return _flow(stem, text, _tools(text) if apart else tools)
        case "policy":
            return {"policy": f"policy: {stem}", "version": "version: 1"}
        case "tools":
            return {"tools": f"tools: {stem}", "adapter": "adapter: python", "source": f"source: {stem}.py"}
        case "test":
            given = "given: {input: {message_id: m-1, email: ana@example.com, text: Hello}}"
            return {"test": "test: an example", "flow": "flow: example", "given": given, "expect": "expect: {}"}
    return {}


def _flow(stem: str, text: str, tools: list[str]) -> dict[str, str]:
    own = _KEY.findall(text)
    looked = "tools" not in own or CUSTOMER in text
    writes = [name for name in tools if name in WRITES]
    listed = [f"  {name}: {{}}" for name in tools]
    if "steps" not in own:
        # Nobody but a person decides about the writes of a flow that only stands around another file.
        asked = "{approve_when: true, approver: billing_leads, reason: A person looks at it first.}"
        listed = [f"  {CUSTOMER}: {{}}", *(f"  {name}: {asked}" for name in writes)]
    act = f"  - {{id: act, ask: Help this customer., tools: [{', '.join(writes)}], on_error: hand_off}}"
    return {
        "flow": f"flow: {stem}",
        "version": "version: 1",
        "owner": "owner: support_leads",
        "input": "input: support_message@1",
        "output": "output: outcome@1",
        "key": "key: input.message_id",
        **({} if "input" in own else {"subject": "subject: input.email"}),
        "budget": "budget: {model_calls: 6, tool_calls: 10, writes: 4, within: 2m}",
        "tools": "\n".join(["tools:", *listed]) if listed else "tools: {}",
        "steps": "\n".join(["steps:", *([_CUSTOMER] if looked else []), *([act] if writes else []), f"  {_DONE}"]),
    }


def _completed(name: str, text: str, base: Mapping[str, str]) -> str:
    if _WHOLE.search(text) or not name.endswith(".yaml"):
        return text
    without = {key.strip() for line in _WITHOUT.findall(text) for key in line.split(",")}
    own = _KEY.findall(text)
    lines = [text.rstrip("\n")] if text.strip() else []
    steps = _STEPS.search(text)
    # Steps that come last and write no record get one: an example about a prompt need not show it.
    if steps and own[-1] == "steps" and "output" not in own and not without & {"record"} and "record:" not in text:
        lines.append(steps.group(1) + _DONE)
    lines += [line for key, line in base.items() if key not in own and key not in without]
    return "\n".join(lines) + "\n"
