"""Expressions in plain words, and as they are written."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings

from flowrun.contract.expression import expression
from flowrun.contract.plain import amount, duration, plain, refused, spoken
from flowrun.lang.expressions import parse_expression
from flowrun.values.evaluate import compile_node
from tests.property.test_expressions import data, expressions, names_of


def node(text: str) -> list[object]:
    found, problems = parse_expression(text)
    assert found is not None and not problems, problems
    return found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('args.amount > money("50 EUR")', "the amount is over 50 EUR"),
        ('args.severity == "critical" and args.queue != "a"', 'the severity is "critical" and the queue is not "a"'),
        ('args.reason in ["a", "b"]', 'the reason is one of "a" or "b"'),
        ('args.reason not in ["a", "b"]', 'the reason is none of "a" or "b"'),
        ("steps.triage.confidence < 0.6", "the confidence of step triage is under 0.6"),
        (
            "input.a and (input.b or input.c)",
            "the a of the input is true and (the b of the input is true or the c of the input is true)",
        ),
        ("input.a or not input.b", "the a of the input is true or the b of the input is false"),
        ("calls.pay.refund.last is not none", "pay.refund was done before"),
        ("calls.pay.refund.last is none", "pay.refund was not done"),
        ("facts.r.user_id == args.user_id", "the user id of the fact r is the user id"),
        ("age(facts.r.booked_at) < hours(24)", "the time since the booked at of the fact r is under 24 hours"),
        ('facts.r.flights | any(status="flown")', 'one of the flights of the fact r has status "flown"'),
        ("facts.r.orders | any(order_id=args.order_id)", "one of the orders of the fact r has this order id"),
        ("not (args.amount <= 3)", "the amount is over 3"),
        ("true", "always"),
        ('input.a | join(",") == "x"', '`(input.a | join(",")) == "x"`'),
    ],
)
def test_what_a_condition_is_called(text: str, words: str) -> None:
    assert plain(node(text)) == words


def test_what_must_not_hold_is_turned_round() -> None:
    assert refused(node("args.amount > 3 or args.a is none")) == "the amount is at most 3 and the a is not empty"


def test_a_question_that_says_one_of_several_texts_shows_them_all() -> None:
    chosen = node('"Paid." if input.a else "Refused." if input.b else "Paid."')
    assert spoken(["text", [chosen, ["lit", " Anything else?"]]]) == "“Paid.” or “Refused.” Anything else?"
    assert spoken(["text", [["lit", "For "], node("input.a")]]) == "For ${{ input.a }}"
    assert spoken(["lit", "Which order?"]) == "Which order?"


@settings(max_examples=300)
@given(expressions, data)
def test_an_expression_that_is_written_again_means_the_same(text: str, value: Any) -> None:
    first, _ = parse_expression(text)
    if first is None:
        return
    second, problems = parse_expression(expression(first))
    assert second is not None, (text, expression(first), problems)
    names = names_of(value)
    assert compile_node(second)(names) == compile_node(first)(names), (text, expression(first))
    assert plain(first)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(86_400, "1 day"), (14_400, "4 hours"), (90, "90 seconds"), (120, "2 minutes"), (0.5, "0.5 seconds")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_amounts() -> None:
    assert [amount(1500.0, "EUR"), amount(9.5, "EUR"), amount(0.6), amount(3)] == ["1,500 EUR", "9.50 EUR", "0.6", "3"]
    assert not re.search(r"\d{4}", amount(12_345_678))
