"""What the tests inside a policy promise: the policy alone is judged, with the facts, calls and moment that they give."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.testing.kit import run_policy

POLICY = """
policy: money
version: 1
facts:
  orders: {call: crm.get_orders, with: {customer_id: "${{ args.customer_id }}"}}
tables:
  most: {small: 50}
rules:
  - {id: known, tools: pay.refund, needs_before: [crm.lookup_customer], reason: Look the customer up first.}
  - {id: has_orders, tools: pay.refund, only_when: facts.orders.orders | length > 0, reason: No order.}
  - {id: early, tools: pay.refund, deny_when: time_of(now()) < "09:00", reason: The office is closed.}
  - {id: lead, tools: pay.refund, approve_when: 'args.amount > money("50 EUR")', approver: leads, reason: Over 50.}
  - {id: daily, tools: pay.refund, at_most: {limit: 100 EUR, sum: args.amount, window: today}, reason: 100 a day.}
tests:
  - call: pay.refund
    args: {customer_id: C-1, order_id: O-1, amount: AMOUNT, reason: Late.}
    before: [{call: crm.lookup_customer, output: {customer_id: C-1}}MORE]
    facts: FACTS
    now: "2026-03-02TTIME:00Z"
    EXPECT
"""
GOOD = {"AMOUNT": "20", "MORE": "", "FACTS": "{orders: {orders: [{}], invoices: []}}", "TIME": "10:00"}


def messages(folder: Path, expect: str, **changes: str) -> list[str]:
    text = POLICY.replace("EXPECT", expect)
    for name, value in {**GOOD, **changes}.items():
        text = text.replace(name, value)
    (result,) = run_policy(folder, text)
    assert result.ok is not bool(result.messages)
    return result.messages


@pytest.mark.parametrize(
    ("changes", "expect"),
    [
        ({}, "expect: allow"),
        ({"AMOUNT": "60"}, "{expect: approve, by: lead}"),
        ({"FACTS": "{orders: {orders: [], invoices: []}}"}, "{expect: deny, by: has_orders}"),
        ({"FACTS": "{}"}, "{expect: deny, by: has_orders}"),
        ({"AMOUNT": "120"}, "{expect: deny, by: daily}"),
        ({"MORE": ", {call: pay.refund, args: {amount: 90}}"}, "{expect: deny, by: daily}"),
        ({"MORE": ", {call: pay.refund, args: {amount: 80}}"}, "expect: allow"),
    ],
)
def test_a_policy_says_what_its_test_expects(tmp_path: Path, changes: dict[str, str], expect: str) -> None:
    lines = expect.strip("{}").replace(", ", "\n    ")
    assert messages(tmp_path, lines, **changes) == []


def test_a_test_without_earlier_calls_meets_needs_before(tmp_path: Path) -> None:
    text = POLICY.replace("before: [{call: crm.lookup_customer, output: {customer_id: C-1}}MORE]", "before: []")
    for name, value in {**GOOD, "EXPECT": "expect: deny\n    by: known"}.items():
        text = text.replace(name, value)
    assert [result.messages for result in run_policy(tmp_path, text)] == [[]]


def test_another_verdict_is_told_with_rule_and_reason(tmp_path: Path) -> None:
    (message,) = messages(tmp_path, "expect: allow", AMOUNT="60")
    assert "The policy asks people about pay.refund" in message and "the test expects allow" in message
    (message,) = messages(tmp_path, "expect: allow", FACTS="{orders: {orders: [], invoices: []}}")
    assert 'The policy denies pay.refund (has_orders: "No order."); the test expects allow.' in message
    assert message.startswith(f"{tmp_path}/p.policy.yaml:")


def test_another_rule_is_told(tmp_path: Path) -> None:
    (message,) = messages(tmp_path, "expect: approve\n    by: daily", AMOUNT="60")
    assert "asks people about pay.refund by lead; the test expects it by daily." in message


def test_tests_that_say_the_same_are_told_apart_by_their_lines(tmp_path: Path) -> None:
    text = """
policy: money
version: 1
rules:
  - {id: small, tools: pay.refund, only_when: args.amount < money("50 EUR"), reason: Too much.}
tests:
  - {call: pay.refund, args: {amount: 90}, expect: deny}
  - {call: pay.refund, args: {amount: 20}, expect: allow}
  - {call: pay.refund, args: {amount: 60}, expect: deny}
"""
    assert [result.name for result in run_policy(tmp_path, text)] == [
        "money denies pay.refund (line 7)",
        "money allows pay.refund",
        "money denies pay.refund (line 9)",
    ]
