"""The policies of an airline and a shop, under a flow that gives a model all tools: each gate holds, and none is missed."""

from __future__ import annotations

import shutil
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from flowrun.app.flows import load_flow
from flowrun.app.workspace import load_workspace
from flowrun.core.compiled import CompiledPlan
from flowrun.prove.answers import Answer
from flowrun.prove.ask import answer
from tests.unit.prove.kit import calls_in, gates, played

CORPUS = Path(__file__).parents[2] / "corpus/policies"
FLOW = """\
flow: desk
version: 1
title: Serve a customer
owner: desk
input:
  type: object
  properties: {email: {type: string, format: email}, text: {type: string, maxLength: 500}}
  required: [email, text]
  additionalProperties: false
output: done@1
subject: input.email
tools: {air.find_user: {}, air.get_user: {}, air.get_reservation: {}, air.book: {}, air.cancel: {}, air.set_bags: {},
  air.compensate: {}, shop.find_user: {}, shop.get_order: {}, shop.cancel_order: {}, shop.exchange: {}, shop.refund: {}}
budget: {cost: 5 USD, model_calls: 6, tool_calls: 10, writes: 4, within: 2m}
steps:
  - id: serve
    ask: "Do what the customer asks: ${{ input.text }}"
    tools: [air.find_user, air.get_user, air.get_reservation, air.book, air.cancel, air.set_bags, air.compensate, shop.find_user,
      shop.get_order, shop.cancel_order, shop.exchange, shop.refund]
    model: m
    on_error: hand_off
  - {id: end, record: done@1, with: {done: true}}
"""
DONE = '{"type": "object", "properties": {"done": {"type": "boolean"}}, "required": ["done"], "additionalProperties": false}'
CONFIG = """\
tools: [air.tools.yaml, shop.tools.yaml]
policies: ["*.policy.yaml"]
roles: {desk: {members: [Kim]}}
models:
  m: {provider: openai, model: x, price: {input: 1 USD, output: 1 USD, dated: "2026-01-01"}}
"""
OWN = "only_when: facts.r.user_id == calls.air.find_user.last.output.user_id"
FIRST = "    needs_before: [air.find_user]\n"
CANCEL = """only_when: >-
      age(facts.r.booked_at) < hours(24) or facts.r.cancelled_by_airline or facts.r.cabin == "business"
      or (facts.r.insured and args.reason in ["health", "weather"])"""
MEMBERS = 'only_when: facts.owner.membership in ["silver", "gold"] or facts.r.insured or facts.r.cabin == "business"'
NO_REASON = "facts.r.cancelled_by_airline == false and facts.r.insured == false and age(facts.r.booked_at) > hours(24)"
FLOWN = 'any(status="flown")'
LATE = f'air.cancel when {NO_REASON} and facts.r.cabin == "economy"'
MANY = "air.book when (args.passengers | length) > 5"
NOBODY = 'facts.owner.membership == "regular" and facts.r.insured == false and facts.r.cabin == "economy"'
OTHER = "calls.air.find_user.last.args.email != args.email"
SHOP_OWN = "facts.o.user_id == calls.shop.find_user.last.output.user_id"
BACK = 'only_when: args.to == facts.o.paid_with or args.to == "gift_card"'
ANY = "only_when: true"
AIR = [
    (
        "air.cancel without approval",
        "customer_agrees.approve_when",
        [("approve_when: true", "approve_when: false")],
        "yes",
    ),
    ("air.cancel without air.find_user before", None, [(FIRST, "    only_when: true\n"), (OWN, ANY)], "yes"),
    (
        f"air.cancel when facts.r.flights | {FLOWN}",
        "nothing_flown.deny_when",
        [(f"deny_when: facts.r.flights | {FLOWN}", "deny_when: false")],
        "yes",
    ),
    (LATE, "may_cancel.only_when", [(CANCEL, ANY)], "yes"),
    (LATE, "may_cancel.only_when", [('cabin == "business"\n      or', 'cabin == "economy"\n      or')], "yes"),
    (
        "air.get_reservation when facts.r.user_id != calls.air.find_user.last.output.user_id",
        "own_records_only.only_when",
        [(OWN, ANY)],
        "yes",
    ),
    (
        "air.book with user_id chosen by the model",
        "books_for_themselves.only_when",
        [("only_when: args.user_id == calls", "deny_when: args.user_id == calls")],
        "yes",
    ),
    (MANY, "at_most_five.only_when", [("length) <= 5", "length) <= 6")], "yes"),
    (MANY, "at_most_five.only_when", [("only_when: (args.passengers | length) <= 5", ANY)], "yes"),
    (
        'air.book when (args.payments | count(kind="certificate")) > 1',
        "one_certificate.only_when",
        [('count(kind="certificate")) <= 1', 'count(kind="certificate")) <= 2')],
        "yes",
    ),
    (f"air.compensate when {NOBODY}", "compensated_members.only_when", [(MEMBERS, ANY)], "yes"),
    (
        f"air.find_user when {OTHER}",
        "one_user_per_run.deny_when",
        [(f"deny_when: calls.air.find_user.last is not none and {OTHER}", "deny_when: false")],
        "yes",
    ),
]
SHOP = [
    ("shop.refund with to chosen by the model", "back_the_same_way.only_when", [(BACK, ANY)], "yes"),
    (
        "shop.refund without approval by customer",
        "customer_agrees.approve_when",
        [("approve_when: true", "approve_when: false")],
        "yes",
    ),
    (
        'shop.exchange when facts.o.status != "delivered"',
        "delivered_only.only_when",
        [('only_when: facts.o.status == "delivered"', 'only_when: facts.o.status in ["delivered", "pending"]')],
        "yes",
    ),
    (
        'shop.cancel_order when facts.o.status == "delivered"',
        "pending_only.only_when",
        [('only_when: facts.o.status == "pending"', ANY)],
        "yes",
    ),
    (
        f"shop.get_order when not ({SHOP_OWN})",
        "own_records_only.only_when",
        [(f"only_when: {SHOP_OWN}", ANY)],
        "yes",
    ),
]
CASES = [("airline", *case) for case in AIR] + [("shop", *case) for case in SHOP]


def loaded(folder: Path, name: str = "", changes: list[tuple[str, str]] | None = None) -> CompiledPlan:
    shutil.copytree(CORPUS, folder, dirs_exist_ok=True)
    files = {"flowrun.yaml": CONFIG, "desk.flow.yaml": FLOW, "schemas/records/done/v1.json": DONE}
    for file, text in files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text, encoding="utf-8")
    # In a flow, an amount of money is not compared with a plain number; the policies alone say nothing of that.
    tools = folder / "air.py"
    tools.write_text(
        tools.read_text(encoding="utf-8").replace('{"x-money": "USD"}', '{"x-role": "amount"}'), encoding="utf-8"
    )
    policy = folder / f"{name}.policy.yaml"
    for old, new in changes or ():
        text, tests, rest = policy.read_text(encoding="utf-8").partition("\ntests:")
        assert old in text, old
        policy.write_text(text.replace(old, new) + tests + rest, encoding="utf-8")
    return load_flow(load_workspace(folder), str(folder / "desk.flow.yaml"))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> CompiledPlan:
    return loaded(tmp_path_factory.mktemp("desk"))


@cache
def asked(compiled: CompiledPlan, question: str) -> Answer:
    return answer(compiled, question)


@pytest.mark.parametrize(("name", "question", "gate", "changes", "then"), CASES)
def test_a_gate_of_a_policy_holds_and_without_it_the_thing_can_happen(
    name: str,
    question: str,
    gate: str | None,
    changes: list[tuple[str, str]],
    then: str,
    desk: CompiledPlan,
    tmp_path: Path,
) -> None:
    before = asked(desk, question)
    assert before.said == "no"
    assert gate is None or gate in gates(before)
    compiled = loaded(tmp_path, name, changes)
    after = answer(compiled, question)
    assert after.said == then
    if after.said == "yes":
        assert after.did is not None and after.did.data in calls_in(played(compiled, after), after.question.tool)


def test_what_the_policies_allow_is_shown(desk: CompiledPlan) -> None:
    questions = [
        "air.cancel", "air.book", "air.compensate over 150", "air.set_bags when args.free_bags > 5", "shop.refund",
        'shop.refund when args.to == "gift_card"', "shop.exchange more than 1 times",
        "air.find_user with email chosen by the model", "air.set_bags when args.free_bags > 100",
    ]  # fmt: skip
    said = Counter(asked(desk, question).said for question in questions)
    assert said == {"yes": 8, "cannot tell": 1}, [(question, asked(desk, question).said) for question in questions]
