"""A small workspace for tests of tests: one flow, one policy, and test files written in place."""

from __future__ import annotations

from pathlib import Path

from flowrun.app.tests import run_tests
from flowrun.app.workspace import load_workspace
from flowrun.testing import TestResult

FLOW = """
flow: small
version: 1
owner: leads
input: {type: object, properties: {id: {type: string}, email: {type: string}}, required: [id, email]}
output: result@1
key: input.id
tools:
  desk.create_ticket: {approve_when: 'args.severity == "critical"', approver: leads, reason: Wakes people up.}
  crm.lookup_customer: {}
budget: {writes: 3}
steps:
  - id: who
    call: crm.lookup_customer
    with: {email: "${{ input.email }}"}
  - id: act
    ask: Open a ticket for ${{ steps.who.name }}.
    tools: [desk.create_ticket]
    on_error: hand_off
  - id: out
    record: result@1
    with: {ticket: "${{ calls.desk.create_ticket.last.output.ticket_id }}"}
"""
CUSTOMER = (
    "{customer_id: C-1, name: Ana, email: ana@example.com, plan: pro, status: active, locale: en-SE, "
    "account_age_days: 1, open_invoices: 0, last_tickets: []}"
)
TICKET = '{ticket_id: T-1, queue: billing_queue, severity: high, created_at: "2026-03-02T09:00:00Z"}'


def args(severity: str = "high") -> str:
    """Return the arguments of a ticket."""
    return f"{{customer_id: C-1, category: billing_dispute, severity: {severity}, summary: Billed twice.}}"


def case(
    *,
    expect: str,
    tools: str = f"{{crm.lookup_customer: {CUSTOMER}, desk.create_ticket: {TICKET}}}",
    model: str = f"{{act: [{{propose: [{{desk.create_ticket: {args()}}}]}}, {{text: Done.}}]}}",
    more: str = "",
    given: str = "",
) -> str:
    """Return the text of a test file."""
    return f"""test: a case
flow: small
given:
  input: {{id: m-1, email: ana@example.com}}
  tools: {tools}
  model: {model}
  {given}
{more}
expect: {expect}
"""


def schema(folder: Path, name: str, properties: str, required: str) -> None:
    """Write a record schema into the workspace."""
    file = folder / "schemas" / "records" / name / "v1.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    closed = '"additionalProperties": false'
    file.write_text(
        f'{{"type": "object", "properties": {properties}, "required": {required}, {closed}}}', encoding="utf-8"
    )


def run(folder: Path, text: str, *, flow: str = FLOW) -> TestResult:
    """Play one test of one flow."""
    schema(folder, "result", '{"ticket": {"type": ["string", "null"]}}', '["ticket"]')
    (folder / "small.flow.yaml").write_text(flow, encoding="utf-8")
    (folder / "a.test.yaml").write_text(text, encoding="utf-8")
    (result,) = run_tests(load_workspace(folder), [str(folder)])
    return result


def run_policy(folder: Path, text: str) -> list[TestResult]:
    """Run the tests inside a policy."""
    (folder / "p.policy.yaml").write_text(text, encoding="utf-8")
    return run_tests(load_workspace(folder), [str(folder)])
