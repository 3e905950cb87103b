"""A gate that is taken away turns the answer around: no promise of a flow rests on another than the one that is named."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from flowrun.core.compiled import CompiledPlan
from flowrun.prove.ask import answer
from tests.unit.prove.kit import bundled, changed, said

LEAD = 'approve_when: args.amount > money("50 EUR")'
TWO = 'approve_when: args.amount > money("200 EUR")'
BY = "\n    approver: billing_leads"
CUSTOMER = "      customer_id: ${{ steps.customer.customer_id }}"
CRITICAL = 'approve_when: args.severity == "critical"'
TWICE = [
    (
        "    at_most: 1\n    bind:                           # what",
        "    at_most: 2\n    bind:                           # what",
    ),
    ("{limit: 1, per: args.order_id, window: ever}", "{limit: 2, per: args.order_id, window: ever}"),
    ("at_most: {limit: 1, per: 'args.customer_id", "at_most: {limit: 2, per: 'args.customer_id"),
]
REFUND = [
    ("pay.refund over 50 EUR without approval", [(LEAD, "approve_when: false")]),
    ("pay.refund over 50 EUR without approval", [(LEAD, 'approve_when: args.amount > money("60 EUR")')]),
    ("pay.refund over 50 EUR without approval by billing_leads", [(LEAD + BY, LEAD + "\n    approver: finance")]),
    ("pay.refund over 200 EUR without approval by finance", [(TWO, 'approve_when: args.amount > money("201 EUR")')]),
    ("pay.refund over 200 EUR without approval by finance", [("approver: [billing_leads, finance]", "approver: billing_leads")]),
    ("pay.refund over 1500 EUR", [("limit: 1500 EUR", "limit: 1600 EUR")]),
    ("pay.refund over 1500 EUR", [("      - {limit: 1500 EUR, sum: args.amount, per: args.customer_id, window: today}\n", "")]),
    (
        'pay.refund when args.reason == "goodwill" without approval',
        [('approve_when: args.reason == "goodwill"', "approve_when: false")],
    ),
    ("pay.refund when facts.earlier is not none", [("only_when: facts.earlier is none", "only_when: true")]),
    (
        'pay.refund when facts.history.orders | any(order_id=args.order_id, status="unpaid")',
        [('deny_when: facts.history.orders | any(order_id=args.order_id, status="unpaid")', "deny_when: false")],
    ),
    (
        "pay.refund with order_id chosen by the model",
        [
            ("only_when: facts.history.orders | any(order_id=args.order_id)", "only_when: true"),
            ("only_when: args.amount <= (facts.history.orders | select(order_id=args.order_id) | first).amount", "only_when: true"),
        ],
    ),
    (
        "pay.refund with customer_id from the message",
        [
            (CUSTOMER + "\n      order_id", "      customer_id: ${{ input.text }}\n      order_id"),
            ("only_when: args.customer_id == calls.crm.lookup_customer.last.output.customer_id", "only_when: true"),
        ],
    ),
    ("mail.draft with to from the message", [("      to: ${{ steps.customer.email }}", "      to: ${{ input.email }}")]),
    ("mail.draft before pay.refund", [("    when: calls.pay.refund.last is not none\n", "")]),
    ("pay.refund more than 1 times", TWICE),
    ("writes > 2", [("writes: 2", "writes: 3"), *TWICE]),
    ("model_calls > 8", [("model_calls: 8", "model_calls: 9")]),
    (
        "input.email reaches the model",
        [("      A customer wants money back. They", "      A customer (${{ input.email }}) wants money back. They")],
    ),
]  # fmt: skip
TICKET = [
    ('desk.create_ticket when args.severity == "critical" without approval', [(CRITICAL, "approve_when: false")]),
    (
        'desk.create_ticket when args.severity == "critical" without approval',
        [(CRITICAL, 'approve_when: args.severity == "high"')],
    ),
    ("desk.create_ticket more than 1 times", [("    at_most: 1\n", "    at_most: 2\n")]),
    ("crm.add_note more than 2 times", [("    at_most: 2\n", "    at_most: 3\n")]),
    ("writes > 3", [("    at_most: 2\n", "    at_most: 3\n")]),
    ("input.email reaches the model", [("      A customer wrote:\n", "      A customer (${{ input.email }}) wrote:\n")]),
    (
        "desk.create_ticket with customer_id chosen by the model",
        [
            ("    bind:\n      customer_id: ${{ steps.customer.customer_id }}\n    approve_when", "    approve_when"),
            ("only_when: args.customer_id == calls.crm.lookup_customer.last.output.customer_id", "only_when: true"),
        ],
    ),
    ("model_calls > 6", [("model_calls: 6", "model_calls: 7")]),
]  # fmt: skip
CASES = [("refund_request", *case) for case in REFUND] + [("support_to_ticket", *case) for case in TICKET]


@cache
def flow(name: str) -> CompiledPlan:
    return bundled(name)


@cache
def unchanged(name: str, question: str) -> str:
    return answer(flow(name), question).said


@pytest.mark.parametrize(("name", "question", "changes"), CASES)
def test_without_its_gate_the_thing_can_happen(
    name: str, question: str, changes: list[tuple[str, str]], tmp_path: Path
) -> None:
    assert unchanged(name, question) == "no"
    assert said(changed(name, tmp_path, *changes), question) == ["yes"]
