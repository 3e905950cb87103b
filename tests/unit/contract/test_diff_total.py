"""Nothing of a contract is left out of the comparison: each field is either compared, or listed as neutral with a reason.

A field counts as compared where another value of it is told. Every field of every part of three contracts is tried.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from flowrun.app.explain import explain
from flowrun.app.workspace import load_workspace
from flowrun.contract import model as c
from flowrun.contract.changes.change import NARROWED
from flowrun.contract.changes.compare import NEUTRAL, compare
from tests.unit.contract.kit import CONFIG, contract

PARTS = [
    part for part in vars(c).values() if isinstance(part, type) and issubclass(part, c._Part) and part is not c._Part
]
PICTURES = {c.StepView, c.Branch}
"""Only reached through `Contract.steps`, which is neutral."""


def whole(folder: Path) -> c.Contract:
    """A contract with something in every part: each kind of rule, a wait, people, a flow that is called."""
    sub = (
        "flow: note\nversion: 1\nowner: leads\n"
        "input: {type: object, properties: {id: {type: string}}, required: [id], additionalProperties: false}\n"
        "output: done@1\nbudget: {writes: 1}\ntools: {crm.add_note: {}}\nsteps:\n"
        "  - {id: n, call: crm.add_note, with: {customer_id: '${{ input.id }}', text: Hello}}\n"
        "  - {id: r, record: done@1, with: {done: true}}\n"
    )
    policy = (
        "policy: money\nversion: 1\n"
        "facts: {history: {call: crm.get_orders, with: {customer_id: '${{ args.customer_id }}'}}}\n"
        "rules:\n"
        "  - {id: own, tools: pay.refund, only_when: 'facts.history.orders | any(order_id=args.order_id)', reason: R}\n"
        '  - {id: no, tools: pay.refund, deny_when: args.reason == "x", needs_before: [crm.lookup_customer], reason: R}\n'
        "  - id: day\n    tools: [pay.refund, mail.send]\n    reason: R\n    at_most:\n"
        "      - {limit: 9, per: args.customer_id, window: today}\n"
        "  - id: sum\n    tools: pay.refund\n    reason: R\n"
        "    at_most: {limit: 90 EUR, sum: args.amount, window: run}\n"
    ).replace("tools: [pay.refund, mail.send]", "tools: pay.refund")
    form = "{type: object, properties: {ok: {type: boolean}}, required: [ok], additionalProperties: false}"
    tools = (
        "  crm.lookup_customer: {}\n  flows.note@1: {}\n"
        "  pay.refund: {at_most: 1, approve_when: 'args.amount > money(\"50 EUR\")', approver: leads, reason: R}\n"
        "  mail.send: {at_most: 1, bind: {to: '${{ steps.who.email }}'}, approve_when: true, approver: leads}\n"
    )
    steps = (
        "  - {id: who, call: crm.lookup_customer, with: {email: '${{ input.email }}'}, on_error: hand_off}\n"
        "  - id: maybe\n    choose:\n      - when: input.amount > 50\n        steps:\n"
        f"          - {{id: look, ask_person: Look., to: leads, answer: {form}, show: [input.text], within: 2h,\n"
        "             on_error: hand_off}\n"
        "          - {id: mail, call: mail.send, with: {subject: S, body: B}, on_error: continue}\n"
        "      - otherwise: [{id: no, set: 1}]\n"
        "  - {id: later, wait_for: 3d}\n"
        "  - {id: act, ask: 'Pay: ${{ input.text }} ${{ input.email }}', tools: [pay.refund], on_error: hand_off}\n"
        "  - {id: sub, call: flows.note@1, with: {id: C-1}, on_error: hand_off}\n"
    )
    config = (
        f"{CONFIG}privacy: {{free_text: {{to_model: token}}}}\nmodes: {{shop: supervised}}\n"
        "policies: [money.policy.yaml]\nhalt: {tools: [mail.send]}\n"
    )
    return contract(folder, tools, steps, config=config, files={"note.flow.yaml": sub, "money.policy.yaml": policy})


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> list[c.Contract]:
    folder = tmp_path_factory.mktemp("plain")
    bundled = [explain(load_workspace(folder), name) for name in ("support_to_ticket", "refund_request")]
    return [*bundled, whole(tmp_path_factory.mktemp("whole"))]


CHOICES = {
    "by": ["fixed", "model"], "mode": ["shadow", "live"], "effect": ["read", "write"], "on_error": ["fail", "continue"],
    "becomes": ["allow", "deny"], "kind": ["deny_when", "only_when"],
}  # fmt: skip


def others(name: str, value: Any) -> Iterator[Any]:
    """Yield other values of a field."""
    if name in CHOICES and value:
        yield from (one for one in CHOICES[name] if one != value)
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield from (value + 1, value - 1)
    elif isinstance(value, str):
        yield f"{value}x" if value else "x"
    elif isinstance(value, list):
        if value:
            yield value[:-1]
        else:
            yield ["x"]
    elif isinstance(value, dict):
        if value:
            yield dict(list(value.items())[:-1])
            yield {key: {**inner, "writes": 9.0} if isinstance(inner, dict) else inner for key, inner in value.items()}
        yield {**value, "x": "allow"}
    elif value is None:
        yield from (7, c.Said(words="w", text="input", node=["name", "input"]))


def node_changed(node: Any) -> Any:
    return ["cmp", "==", ["name", "input"], ["lit", "another"]]


def variants(value: Any) -> Iterator[tuple[type, str, Any]]:
    """Yield (part, field, whole) for every field of a value and of all parts inside, with that one field changed."""
    if isinstance(value, msgspec.Struct):
        for field in msgspec.structs.fields(value):
            current = getattr(value, field.name)
            if field.name == "node":
                yield type(value), "node", msgspec.structs.replace(value, node=node_changed(current))
                continue
            for other in others(field.name, current):
                if (
                    current is None
                    and isinstance(other, c.Said)
                    and field.name not in ("key", "subject", "said", "sum", "per")
                ):
                    continue
                if current is None and field.name == "schema":
                    continue
                if current is None and other == 7 and field.name in ("key", "subject", "said", "sum", "per", "limit"):
                    continue
                if current == [] and field.name not in (
                    "members",
                    "halted",
                    "approver",
                    "needs",
                    "show",
                    "told",
                    "outcomes",
                    "tools",
                ):
                    continue  # an empty list of parts: the same part is tried in another contract
                yield type(value), field.name, msgspec.structs.replace(value, **{field.name: other})
            for part, name, inner in variants(current):
                changed = msgspec.structs.replace(value, **{field.name: inner})
                yield part, name, changed
                if isinstance(current, msgspec.Struct) or field.name in ("roles", "failing", "checks"):
                    yield type(value), field.name, changed
    elif isinstance(value, list):
        for place, item in enumerate(value):
            for part, name, inner in variants(item):
                yield part, name, [*value[:place], inner, *value[place + 1 :]]


def test_every_field_is_compared_or_neutral(contracts: list[c.Contract]) -> None:
    told: set[tuple[type, str]] = set()
    for one in contracts:
        assert compare(one, one) == []
        for part, name, other in variants(one):
            if part not in PICTURES and (part, name) not in told and compare(one, other):
                told.add((part, name))
    neutral = {(part, name) for part, fields in NEUTRAL.items() for name in fields}
    every = {(part, field.name) for part in PARTS if part not in PICTURES for field in msgspec.structs.fields(part)}
    assert {f"{part.__name__}.{name}" for part, name in every - told - neutral} == set()
    assert {f"{part.__name__}.{name}" for part, name in neutral - every} == set(), "neutral fields that do not exist"


def test_a_neutral_field_is_never_a_change_of_what_it_may_do(contracts: list[c.Contract]) -> None:
    names = {(part, name) for part, fields in NEUTRAL.items() for name in fields}
    keys = {"flow", "tool", "step", "model", "id", "source"}
    for one in contracts:
        for part, name, other in variants(one):
            if (part, name) in names and name not in keys:
                assert compare(one, other) == [], f"{part.__name__}.{name}"


def test_no_single_change_of_a_rule_that_removes_it_is_called_narrower(contracts: list[c.Contract]) -> None:
    for one in contracts:
        for place, use in enumerate(one.uses):
            for number in range(len(use.rules)):
                rest = msgspec.structs.replace(use, rules=[r for n, r in enumerate(use.rules) if n != number])
                other = msgspec.structs.replace(one, uses=[*one.uses[:place], rest, *one.uses[place + 1 :]])
                assert [change for change in compare(one, other) if change.kind == NARROWED] == []
