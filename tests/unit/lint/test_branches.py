"""Branches and conditions that change nothing are found; those that part, narrow or choose are left alone."""

from __future__ import annotations

import pytest

from tests.unit.lint.flows import found, rules

FAMILY = {
    *("branch-never", "otherwise-never", "no-choice", "condition-repeated", "condition-contradicts", "same-branches"),
    *("one-branch", "item-unused"),
}
NOTE = "{{id: {id}, call: crm.add_note, with: {{customer_id: C-1, text: {id}}}{more}}}"


def branch_rules(*steps: str) -> list[str]:
    return [rule for rule in rules(list(steps), tools="crm.add_note: {}") if rule in FAMILY]


def choose(*whens: str | None, id: str = "c") -> str:
    """A choice whose branches write different notes."""
    branches = []
    for number, when in enumerate(whens):
        note = NOTE.format(id=f"{id}{number}", more="")
        branches.append(f"{{otherwise: [{note}]}}" if when is None else f"{{when: '{when}', steps: [{note}]}}")
    return f"{{id: {id}, choose: [{', '.join(branches)}]}}"


def inside(when: str, step_when: str) -> str:
    note = NOTE.format(id="n", more=f", when: '{step_when}'")
    return f"{{id: c, choose: [{{when: '{when}', steps: [{note}]}}, {{otherwise: [{{id: o, set: true}}]}}]}}"


@pytest.mark.parametrize(
    ("whens", "expected"),
    [
        (['input.kind == "bug"', 'input.kind == "bug"', None], ["branch-never"]),
        (["input.urgent", "input.urgent and input.amount > 3", None], ["branch-never"]),
        (["input.amount > 10", "input.amount > 50", None], ["branch-never"]),
        (['input.amount > money("10 EUR")', 'input.amount >= money("50 EUR")', None], ["branch-never"]),
        (['input.kind in ["bug", "other"]', 'input.kind == "other"', None], ["branch-never"]),
        (['input.kind == "bug"', 'input.kind == "other"', 'input.kind in ["bug", "other"]', None], ["branch-never"]),
        (["input.amount > 50", "input.amount > 10", None], []),
        (["input.amount > 10", "input.amount >= 10", None], []),
        (['input.amount > money("50 EUR")', 'input.amount > money("10 EUR")', None], []),
        (['input.kind == "bug"', 'input.kind in ["bug", "other"]', None], []),
        (["input.urgent and input.amount > 3", "input.urgent", None], []),
        (["input.urgent", "not input.urgent"], []),
    ],
)
def test_a_branch_that_earlier_ones_leave_nothing_for(whens: list[str | None], expected: list[str]) -> None:
    found_rules = branch_rules(choose(*whens))
    assert [rule for rule in found_rules if rule != "unhandled-enum"] == expected


@pytest.mark.parametrize(
    ("whens", "expected"),
    [
        (['input.kind == "bug"', 'input.kind in ["refund", "other"]', None], ["otherwise-never"]),
        (["input.urgent", "not input.urgent", None], ["otherwise-never"]),
        (['input.kind == "bug"', 'input.kind == "refund"', None], []),
        (["input.urgent", None], []),
        (["input.nickname is none", "input.nickname is not none", None], []),
        (['input.kind == "bug"', 'input.kind == "refund" and input.urgent', 'input.kind == "other"', None], []),
    ],
)
def test_an_otherwise_for_which_no_value_is_left(whens: list[str | None], expected: list[str]) -> None:
    assert branch_rules(choose(*whens)) == expected


def test_the_places_of_branches() -> None:
    (item,) = found("branch-never", [choose("input.urgent", "input.urgent", None)], tools="crm.add_note: {}")
    assert item.underlined == "'input.urgent'"
    (item,) = found("otherwise-never", [choose("input.urgent", "not input.urgent", None)], tools="crm.add_note: {}")
    assert item.underlined == "otherwise"


@pytest.mark.parametrize(
    ("around", "when", "expected"),
    [
        ("input.urgent", "input.urgent", ["condition-repeated"]),
        ("input.urgent and input.amount > 5", "input.amount > 3", ["condition-repeated"]),
        ("input.urgent", "not input.urgent", ["condition-contradicts"]),
        ('input.kind == "bug"', 'input.kind == "refund"', ["condition-contradicts"]),
        ('input.kind == "bug"', 'input.kind != "refund"', ["condition-repeated"]),
        ("input.amount > 10", "input.amount < 5", ["condition-contradicts"]),
        ("input.nickname is none", 'input.nickname == "x"', ["condition-contradicts"]),
        ("input.amount > 10", "input.amount > 50", []),
        ('input.kind in ["bug", "refund"]', 'input.kind == "bug"', []),
        ("calls.crm.add_note.last is none", "calls.crm.add_note.last is none", []),
    ],
)
def test_a_condition_that_is_decided_by_the_branch_around(around: str, when: str, expected: list[str]) -> None:
    assert branch_rules(inside(around, when)) == expected


def test_what_an_earlier_branch_or_an_end_has_ruled_out() -> None:
    nested = (
        "{id: c, choose: [{when: input.urgent, steps: [{id: a, set: true}]}, {otherwise: ["
        + NOTE.format(id="n", more=", when: input.urgent")
        + "]}]}"
    )
    assert branch_rules(nested) == ["condition-contradicts"]
    ended = "{id: s, when: input.urgent, stop: failed, reason: r}"
    assert branch_rules(ended, NOTE.format(id="n", more=", when: input.urgent")) == ["condition-contradicts"]
    assert branch_rules(NOTE.format(id="n", more=", when: input.urgent")) == []
    caught = (
        "{id: b, on_error: continue, choose: [{when: input.urgent, steps: [{id: s, stop: failed}]}, "
        "{otherwise: [{id: o, set: 1}]}]}"
    )
    assert branch_rules(caught, NOTE.format(id="n", more=", when: input.urgent")) == []


def test_an_item_is_another_one_in_another_loop() -> None:
    loop = (
        "{{id: {0}, for_each: input.{1}, steps: [{{id: {0}c, choose: [{{when: 'item == \"x\"', steps: [{2}]}}, "
        "{{otherwise: [{{id: {0}o, set: true}}]}}]}}]}}"
    )
    inner = loop.format("i", "few", '{id: n, call: crm.add_note, with: {customer_id: "${{ item }}", text: x}}')
    assert branch_rules(loop.format("o", "few", inner)) == []


def test_a_choice_of_one_way_and_branches_that_are_alike() -> None:
    assert branch_rules(choose(None)) == ["no-choice"]
    one = NOTE.format(id="a", more="")
    two = one.replace("id: a", "id: b", 1)
    same = "{id: c, choose: [{when: input.urgent, steps: [" + one + "]}, {otherwise: [" + two + "]}]}"
    assert branch_rules(same) == ["same-branches"]
    assert branch_rules(same.replace("text: a", "text: z", 1)) == []
    assert branch_rules(same.replace("id: b", "id: b, on_error: continue", 1)) == []


def test_one_branch_side_by_side() -> None:
    one = "{id: p, parallel: {a: [{id: x, set: 1}]}}"
    assert branch_rules(one) == ["one-branch"]
    assert branch_rules(one.replace("]}}", "], b: [{id: y, set: 2}]}}")) == []
    assert branch_rules(one.replace("id: p", "id: p, within: 1h, on_error: continue")) == []


@pytest.mark.parametrize(
    ("inner", "wrong"),
    [
        (NOTE.format(id="n", more=""), True),
        (NOTE.format(id="n", more=", when: 'item == \"x\"'"), False),
        ('{id: n, call: crm.add_note, with: {customer_id: C-1, text: "${{ item }}"}}', False),
        ("{id: c, choose: [{when: 'item == \"x\"', steps: [{id: a, set: 1}]}, {otherwise: [{id: b, set: 2}]}]}", False),
        ('{id: e, for_each: input.few, steps: [{id: i, set: "${{ item }}"}]}', True),
    ],
)
def test_a_loop_reads_its_item(inner: str, wrong: bool) -> None:
    loop = "{id: l, for_each: input.few, steps: [" + inner + "]}"
    assert branch_rules(loop) == (["item-unused"] if wrong else [])
