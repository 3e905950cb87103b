"""The policy language says what an airline's and a shop's written policies say: each sentence allows one call and denies one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flowrun.app.tests import run_tests
from flowrun.app.workspace import load_workspace

FOLDER = Path(__file__).parents[2] / "corpus" / "policies"
SENTENCES = {
    "identify the customer first": ("airline", "air.get_reservation", "identified_first"),
    "one user in a run": ("shop", "shop.find_user", "one_user_per_run"),
    "own records only": ("airline", "air.cancel", "own_records_only"),
    "only pending orders are cancelled": ("shop", "shop.cancel_order", "pending_only"),
    "an exchange once for an order": ("shop", "shop.exchange", "one_exchange"),
    "a refund to the original method or a gift card": ("shop", "shop.refund", "back_the_same_way"),
    "cancelled in 24 hours, in business class, or insured with a listed reason": (
        "airline",
        "air.cancel",
        "may_cancel",
    ),
    "bags by a table of membership and cabin": ("airline", "air.set_bags", "bags_by_table"),
    "at most five passengers": ("airline", "air.book", "at_most_five"),
    "at most one certificate": ("airline", "air.book", "one_certificate"),
    "at most three gift cards": ("airline", "air.book", "three_gift_cards"),
    "compensation only to some": ("airline", "air.compensate", "compensated_members"),
    "compensation computed from the passengers": ("airline", "air.compensate", "compensated_amount"),
}
WRITES = [
    "air.book",
    "air.cancel",
    "air.set_bags",
    "air.compensate",
    "shop.cancel_order",
    "shop.exchange",
    "shop.refund",
]


@pytest.fixture(scope="module")
def passed(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    ws = load_workspace(FOLDER, f"sqlite:///{tmp_path_factory.mktemp('store')}/flowrun.db")
    results = run_tests(ws, [str(FOLDER)])
    assert {result.name: result.messages for result in results if not result.ok} == {}
    # Several tests that say the same have their line in their name.
    return {re.sub(r" \(line \d+\)$", "", result.name) for result in results}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_has_a_call_that_it_allows_and_one_that_it_denies(sentence: str, passed: set[str]) -> None:
    policy, call, rule = SENTENCES[sentence]
    allowed = {f"{policy} allows {call}", f"{policy} allows {call} by {rule}"}
    asked = f"{policy} asks people about {call} by customer_agrees"
    assert passed & {*allowed, asked}
    assert f"{policy} denies {call} by {rule}" in passed


@pytest.mark.parametrize("call", WRITES)
def test_every_write_waits_for_the_customer_s_yes(call: str, passed: set[str]) -> None:
    assert any(name.endswith(f"asks people about {call} by customer_agrees") for name in passed)
