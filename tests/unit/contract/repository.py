"""A workspace in a Git repository, for the tests of `flowrun diff`: two commits of it, made from texts.

Owns: its files before the change, and running git. What a test changes stands in the test.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.unit.contract.kit import DONE

INPUT = """\
input:
  type: object
  properties:
    message_id: {type: string, maxLength: 80}
    email: {type: string, format: email, x-pii: email}
    reply_to: {type: string, format: email}
    topic: {enum: [refund, question]}
  required: [message_id, email, reply_to, topic]
  additionalProperties: false
"""
FLOW = f"""\
flow: shop
version: 1
owner: leads
{INPUT}output: done@1
key: input.message_id
subject: input.email
tools:
  crm.lookup_customer: {{}}
  pay.refund:
    at_most: 1
    bind: {{customer_id: '${{{{ steps.who.customer_id }}}}', order_id: O-1}}
    approve_when: args.amount > money("50 EUR")
    approver: [leads, chiefs]
  desk.create_ticket:
    at_most: 1
    bind: {{customer_id: '${{{{ steps.who.customer_id }}}}'}}
    approve_when: args.severity == "critical"
    approver: leads
  mail.send:
    at_most: 1
    bind: {{to: '${{{{ steps.who.email }}}}'}}
  crm.add_note:
    at_most: 2
    bind: {{customer_id: '${{{{ steps.who.customer_id }}}}'}}
  box.store: {{}}
budget: {{cost: 0.05 USD, model_calls: 6, tool_calls: 20, writes: 9, within: 2m}}
steps:
  - {{id: who, call: crm.lookup_customer, with: {{email: '${{{{ input.email }}}}'}}, on_error: hand_off}}
  - id: act
    ask: |
      The customer wants: ${{{{ input.topic }}}}.
    tools: [pay.refund, desk.create_ticket, crm.add_note]
    on_error: hand_off
  - {{id: keep, call: box.store, with: {{id: '${{{{ input.message_id }}}}', text: kept}}, on_error: hand_off}}
  - {{id: mail, call: mail.send, with: {{subject: Hello, body: Hello}}, on_error: hand_off}}
  - {{id: end, record: done@1, with: {{done: true}}, on_error: hand_off}}
"""
MONEY = """\
policy: money
version: 1
rules:
  - id: cap
    tools: pay.refund
    only_when: args.amount <= money("500 EUR")
    reason: No more than 500.
  - id: no_goodwill
    tools: pay.refund
    deny_when: args.reason == "goodwill"
    reason: Goodwill is paid by hand.
"""
CARE = """\
policy: care
version: 1
rules:
  - id: short
    tools: crm.add_note
    deny_when: args.text == "all"
    reason: Notes are short.
  - id: known
    tools: crm.add_note
    needs_before: [crm.lookup_customer]
    reason: Look first.
"""
CONFIG = """\
models:
  small: {provider: openai, model: mini, price: {input: 1 USD, output: 2 USD}, context_tokens: 1000, max_output_tokens: 500}
roles:
  leads: {members: [eva, tom], within: 4h, then: chiefs}
  chiefs: {members: [ann], within: 1d}
policies: [policies/money.policy.yaml, policies/care.policy.yaml]
tools: [tools/box.tools.yaml]
modes: {shop: supervised}
"""
BOX = '''\
from flowrun import tool


@tool(effect="write", once={"natural": ["id"]})
def store(id: str, text: str) -> str:
    """Keep a text."""
    return text
'''
FILES = {
    "flowrun.yaml": CONFIG,
    "flows/shop.flow.yaml": FLOW,
    "policies/money.policy.yaml": MONEY,
    "policies/care.policy.yaml": CARE,
    "tools/box.tools.yaml": "tools: box\nadapter: python\nsource: box.py\n",
    "tools/box.py": BOX,
    "schemas/records/done/v1.json": DONE,
}


def git(folder: Path, *words: str) -> str:
    """Run git as nobody in particular."""
    who = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_COMMITTER_NAME": "A",
           "GIT_COMMITTER_EMAIL": "a@example.com", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}  # fmt: skip
    done = subprocess.run(
        ["git", "-C", str(folder), *words], capture_output=True, text=True, check=True, env={**os.environ, **who}
    )
    return done.stdout.strip()


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def commit(folder: Path, files: Mapping[str, str], message: str = "a change") -> str:
    """Write files and commit them; return the commit."""
    if not (folder / ".git").exists():
        folder.mkdir(parents=True, exist_ok=True)
        git(folder, "init", "--quiet", "--initial-branch=main")
    write(folder, files)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)
    return git(folder, "rev-parse", "HEAD")


def swapped(text: str, *pairs: tuple[str, str]) -> str:
    """Return a text with each first one of a pair replaced by the second one; each must be there once."""
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text
