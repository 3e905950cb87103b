"""What no budget bounds is found, what every run breaks is refused, and what is bounded or fits is left alone."""

from __future__ import annotations

import pytest

from tests.unit.lint.flows import found, rules

NOTE = "{id: %s, call: crm.add_note, with: {customer_id: C-1, text: Called.}, on_error: hand_off}"
ACT = '{id: act, ask: "Help: ${{ input.text }}", tools: [desk.create_ticket], on_error: hand_off}'
CHECK = '{id: %s, ask: "Sum up: ${{ input.text }}", on_error: hand_off}'
TICKET = "desk.create_ticket: %s"


def budget_rules(steps: list[str], *, tools: str = "", budget: str, more: str = "") -> list[str]:
    return [rule for rule in rules(steps, tools=tools, budget=budget, more=more) if rule in FAMILY]


FAMILY = {
    "write-unbounded",
    "write-in-loop",
    "ask-in-loop",
    "budget-too-small",
    "step-outlasts-budget",
    "repair-unpaid",
    "limit-above-budget",
}


@pytest.mark.parametrize(
    ("rule", "budget"),
    [
        ("{}", "{model_calls: 9, writes: 2}"),
        ("{}", "{model_calls: 9, tool_calls: 2}"),
        ("{at_most: 1}", "{model_calls: 9}"),
        ("{at_most: {limit: 1, window: today}}", "{model_calls: 9}"),
        ("{at_most: {limit: 1, per: args.customer_id}, bind: {customer_id: C-1}}", "{model_calls: 9}"),
        ("{approve_when: true, approver: support_leads, reason: r}", "{model_calls: 9}"),
    ],
)
def test_a_write_that_something_bounds_is_left_alone(rule: str, budget: str) -> None:
    assert budget_rules([ACT], tools=TICKET % rule, budget=budget) == []


@pytest.mark.parametrize(
    "rule",
    [
        "{}",
        "{at_most: {limit: 1, per: args.customer_id}}",
        '{approve_when: args.severity == "critical", approver: support_leads, reason: r}',
    ],
)
def test_a_write_that_nothing_bounds_is_found_at_the_tool_that_the_model_gets(rule: str) -> None:
    (item,) = found("write-unbounded", [ACT], tools=TICKET % rule, budget="{model_calls: 9}")
    assert (item.underlined, item.severity) == ("desk.create_ticket", "warning")


LOOP = "{id: each, for_each: input.%s, on_error: hand_off, steps: [%s]}"
ITEM_NOTE = '{id: note, call: crm.add_note, with: {customer_id: "${{ item }}", text: Moved.}}'
ITEM_ASK = '{id: short, ask: "Sum up ${{ item }}"}'


@pytest.mark.parametrize(("inside", "rule"), [(ITEM_NOTE, "write-in-loop"), (ITEM_ASK, "ask-in-loop")])
def test_a_loop_over_any_number_of_items_is_found_at_its_list(inside: str, rule: str) -> None:
    (item,) = found(
        rule,
        [LOOP % ("ids", inside)],
        tools="crm.add_note: {}",
        budget="{tool_calls: 5}" if rule == "ask-in-loop" else "{model_calls: 5}",
    )
    assert item.underlined == "input.ids"


@pytest.mark.parametrize(
    ("listed", "inside", "budget"),
    [
        ("few", ITEM_NOTE, "{model_calls: 5}"),
        ("few | sort", ITEM_NOTE, "{model_calls: 5}"),
        ("ids", ITEM_NOTE, "{writes: 5}"),
        ("ids", ITEM_ASK, "{model_calls: 5}"),
        ("few", ITEM_ASK, "{tool_calls: 5}"),
        ("anything", ITEM_ASK, "{tool_calls: 5}"),
    ],
)
def test_a_loop_that_its_schema_or_the_budget_bounds_is_left_alone(listed: str, inside: str, budget: str) -> None:
    assert budget_rules([LOOP % (listed, inside)], tools="crm.add_note: {}", budget=budget) == []


def test_the_budget_must_pay_what_every_run_does() -> None:
    (item,) = found("budget-too-small", [NOTE % "a", NOTE % "b"], tools="crm.add_note: {}", budget="{writes: 1}")
    assert (item.underlined, item.severity) == ("writes", "error")
    assert "writes 2 times" in item.message


@pytest.mark.parametrize(
    "steps",
    [
        [NOTE % "a", (NOTE % "b").replace("id: b", 'id: b, when: input.text == ""')],
        [
            "{id: c, choose: [{when: 'input.text == \"\"', steps: ["
            + NOTE % "a"
            + "]}, {otherwise: ["
            + NOTE % "b"
            + "]}]}"
        ],
        [NOTE % "a", (NOTE % "b").replace("hand_off", "continue")],
        [NOTE % "a", LOOP % ("ids", ITEM_NOTE)],
    ],
)
def test_what_only_some_runs_do_needs_no_room(steps: list[str]) -> None:
    assert budget_rules(steps, tools="crm.add_note: {}", budget="{writes: 1}") == []


@pytest.mark.parametrize(
    ("steps", "budget", "meter"),
    [
        ([CHECK % "a", CHECK % "b"], "{model_calls: 1}", "model_calls"),
        ([NOTE % "a"], "{tool_calls: 0}", "tool_calls"),
        (["{id: p, parallel: {x: [" + NOTE % "a" + "], y: [" + NOTE % "b" + "]}}"], "{writes: 1}", "writes"),
        (["{id: e, for_each: '[1, 2]', steps: [" + NOTE % "a" + "]}"], "{writes: 1}", "writes"),
    ],
)
def test_blocks_and_every_limit_count(steps: list[str], budget: str, meter: str) -> None:
    assert [item.underlined for item in found("budget-too-small", steps, tools="crm.add_note: {}", budget=budget)] == [
        meter
    ]


def test_the_shortest_way_to_an_end_counts() -> None:
    early = (
        "{id: c, choose: [{when: 'input.text == \"\"', steps: [{id: r, record: outcome@1, with: {text: No.}}, "
        "{id: s, stop: rejected, reason: r}]}, {otherwise: [" + NOTE % "a" + ", " + NOTE % "b" + "]}]}"
    )
    assert budget_rules([early], tools="crm.add_note: {}", budget="{writes: 1}") == []
    assert budget_rules([early.replace("rejected", "failed")], tools="crm.add_note: {}", budget="{writes: 1}") == [
        "budget-too-small"
    ]


def test_repairs_are_paid_from_the_calls_that_are_left() -> None:
    asks = [CHECK % "a", '{id: t, ask: "${{ input.text }}", answer: triage@1, repair: 3, on_error: hand_off}']
    (item,) = found("repair-unpaid", asks, budget="{model_calls: 4}")
    assert item.underlined == "3" and "2 may be left" in item.message and "model_calls: 5" in str(item.help)
    assert budget_rules(asks, budget="{model_calls: 5}") == []


def test_a_step_outlasts_the_run_only_where_both_count_work() -> None:
    slow = '{id: a, ask: "Sum up: ${{ input.text }}", within: 5m, on_error: hand_off}'
    assert budget_rules([slow], budget="{model_calls: 1, within: 2m}") == ["step-outlasts-budget"]
    waits = "{id: w, wait_for: 5m}"
    assert budget_rules([waits], budget="{within: 2m}") == []


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [("{at_most: 3}", True), ("{at_most: 2}", False), ("{at_most: {limit: 9, window: today}}", False)],
)
def test_a_limit_above_the_budget_is_found(rule: str, wrong: bool) -> None:
    steps = [ACT]
    expected = ["limit-above-budget"] if wrong else []
    assert budget_rules(steps, tools=TICKET % rule, budget="{model_calls: 9, writes: 2}") == expected
