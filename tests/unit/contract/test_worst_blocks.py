"""Figures are never too low: behind a block that may fail, and for a call that a person may change before it is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.contract import kit

BLOCK = """\
  - id: both
    parallel:
      one:
        - {id: look, call: crm.lookup_customer, with: {email: "${{ input.email }}"}}
        - {id: over, stop: failed, reason: It ends here.}
      two:
        - {id: fine, set: true}
    on_error: %s
  - {id: letter, call: mail.send, with: {to: "${{ input.email }}", subject: Hello, body: Hello}}
"""
TOOLS = "  crm.lookup_customer: {}\n  mail.send: {at_most: 3}\n"


@pytest.mark.parametrize(("on_error", "writes"), [("continue", 1), ("hand_off", 1), ("fail", 0)])
def test_what_stands_behind_a_block_that_may_fail_counts(tmp_path: Path, on_error: str, writes: int) -> None:
    found = kit.contract(tmp_path, TOOLS, BLOCK % on_error)
    (figure,) = [item for item in found.figures if item.name == "writes"]
    assert figure.steps == writes


@pytest.mark.parametrize(
    ("rule", "each"), [("{}", 10), ("{approve_when: true, approver: leads, reason: Somebody looks.}", None)]
)
def test_an_amount_that_a_person_may_change_is_no_limit(tmp_path: Path, rule: str, each: float | None) -> None:
    tools = f"  crm.lookup_customer: {{}}\n  pay.refund: {rule}\n"
    paid = "  - {id: paid, call: pay.refund, with: {customer_id: C-1, order_id: O-1, amount: 10, reason: other}}\n"
    found = kit.contract(tmp_path, tools, paid)
    (refund,) = [use for use in found.uses if use.tool == "pay.refund"]
    assert [money.each for money in refund.money] == [each]
