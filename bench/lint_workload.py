"""A workspace of many different flows, as large as those that people write: about 80 lines each.

Owns: the text of the flows. No two share a step's name, a prompt or a condition, so that nothing which is remembered
from one file makes the next one cheap.
"""

from __future__ import annotations

import random
from pathlib import Path

LINES = 80
QUEUES = ("billing", "technical", "general", "retention", "logistics", "privacy")
TOPICS = ("an invoice", "a delivery", "a login", "a contract", "an outage", "a refund", "a question", "a complaint")

WORKSPACE = """\
roles:
  support_leads: {members: [kim, ana], within: 1d}
  finance: {members: [lee], within: 2d}
models:
  small: {provider: openai, model: small, base_url: "http://127.0.0.1:9", price: {input: 0.5 USD, output: 1.5 USD, dated: "2026-11-01"}}
"""  # noqa: E501


def write(folder: Path, count: int) -> list[Path]:
    """Write `flowrun.yaml` and `count` flows below `folder`; return the flows."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "flowrun.yaml").write_text(WORKSPACE, encoding="utf-8")
    flows = folder / "flows"
    flows.mkdir(exist_ok=True)
    files = []
    for number in range(count):
        files.append(flows / f"case_{number}.flow.yaml")
        files[-1].write_text(flow(number), encoding="utf-8")
    return files


def flow(number: int) -> str:
    """Return the text of the flow with this number; the same number is the same text."""
    dice = random.Random(number)
    topic, queue = dice.choice(TOPICS), dice.choice(QUEUES)
    sure, hours, notes = round(dice.uniform(0.4, 0.9), 3), dice.randint(2, 48), dice.randint(1, 3)
    customer, triage, checked, act = (f"{name}_{number}" for name in ("customer", "triage", "checked", "act"))
    return f"""\
flow: case_{number}
version: 1
title: Handle {topic} of kind {number}
owner: support_leads

input: support_message@1
output: case_record@1
key: input.message_id
subject: input.email

tools:
  crm.lookup_customer: {{}}
  desk.create_ticket:
    at_most: 1
    bind:
      customer_id: ${{{{ steps.{customer}.customer_id }}}}
    approve_when: args.severity == "critical" or steps.{triage}.confidence < {sure / 2:.4f}
    approver: support_leads
    reason: Critical tickets of kind {number} wake people up.
  crm.add_note:
    at_most: {notes}
    bind:
      customer_id: ${{{{ steps.{customer}.customer_id }}}}

budget: {{cost: 0.0{dice.randint(4, 9)} USD, model_calls: 6, tool_calls: 10, writes: 4, within: {dice.randint(2, 9)}m}}

steps:
  # {topic}: the customer is looked up first, since all else hangs on it
  - id: {customer}
    call: crm.lookup_customer
    with:
      email: ${{{{ input.email }}}}
    on_error: hand_off

  - id: {triage}
    ask: |
      A customer of ours wrote about {topic} ({number}):
      ${{{{ input.text | truncate({900 + number}) }}}}

      Their plan is ${{{{ steps.{customer}.plan }}}}; open invoices: ${{{{ steps.{customer}.open_invoices }}}}.
      What do they need, and is it one for the {queue} queue?
    answer: triage@1
    only_when: steps.{triage}.summary | length <= {dice.randint(100, 300)}{number:04d}
    reason: A summary of kind {number} is shorter than that.
    on_error: hand_off

  - id: {checked}
    title: Have a doubtful one checked
    choose:
      - when: steps.{triage}.confidence < {sure} and steps.{triage}.primary_issue != "other"
        steps:
          - id: person_{number}
            ask_person: Please check this triage of {topic}.
            to: support_leads
            with: ${{{{ steps.{triage} }}}}
            answer: triage@1
            show: [input.text]
            within: {hours}h
            on_error: hand_off
      - otherwise:
          - id: as_is_{number}
            set: ${{{{ steps.{triage} }}}}

  - id: {act}
    ask: |
      Open a ticket in {queue} and note what an agent must know: ${{{{ steps.{checked}.summary }}}}
    tools: [desk.create_ticket, crm.add_note]
    on_error: hand_off

  - id: case_{number}
    record: case_record@1
    with:
      customer_id: ${{{{ steps.{customer}.customer_id | default("unknown") }}}}
      primary_issue: ${{{{ steps.{checked}.primary_issue }}}}
      intent: ${{{{ steps.{checked}.intent }}}}
      recommended_next_action: ${{{{ steps.{checked}.recommended_next_action }}}}
      confidence: ${{{{ steps.{triage}.confidence }}}}
      ticket: {{created: "${{{{ calls.desk.create_ticket.last is not none }}}}", ticket_id: "${{{{ calls.desk.create_ticket.last.output.ticket_id }}}}", queue: "${{{{ calls.desk.create_ticket.last.output.queue }}}}", severity: "${{{{ calls.desk.create_ticket.last.output.severity }}}}"}}
      customer_message_summary: ${{{{ steps.{checked}.summary }}}}
      notes_for_human_agent: ${{{{ steps.{checked}.notes }}}}
    on_error: hand_off
"""  # noqa: E501
