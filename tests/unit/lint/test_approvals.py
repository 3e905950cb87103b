"""Approvals that nobody can give, tools that no call can pass and answers that change nothing are found, and only those."""

from __future__ import annotations

import pytest

from tests.unit.lint.flows import found, rules

FAMILY = {
    *("role-empty", "approver-twice", "too-few-people", "tool-never-allowed", "no-reason", "answer-ignored"),
    *("no-not-heeded", "approval-bypassed", "model-judges-itself", "only-when-not-own"),
}
NOTE = "{id: %s, call: crm.add_note, with: {customer_id: C-1, text: x}%s, on_error: hand_off}"
ASKED = "{id: yes, ask_person: Fine?, to: support_leads, show: [input.text], answer: %s@1%s, on_error: hand_off}"
ANSWER = '{id: a, ask: "Sum up: ${{ input.text }}", answer: triage@1%s, on_error: hand_off}'
USED = '{id: u, record: outcome@1, with: {text: "${{ %s }}"}, on_error: hand_off}'
ASKS = "crm.add_note: {approve_when: true, approver: %s, reason: r}"


def about(*steps: str, tools: str = "crm.add_note: {}", **more: str) -> list[str]:
    return [rule for rule in rules(list(steps), tools=tools, **more) if rule in FAMILY]


@pytest.mark.parametrize(
    ("approver", "expected"),
    [
        ("nobody", ["role-empty"]),
        ("later", []),
        ("customer", []),
        ("support_leads", []),
        ("[support_leads, support_leads]", ["approver-twice"]),
        ("[sams, support_leads]", []),
        ("[sams, customer]", []),
        ("[support_leads, sams, later]", ["too-few-people"]),
        ("[support_leads, nobody]", ["role-empty"]),
    ],
)
def test_a_yes_can_be_given_by_those_who_are_asked(approver: str, expected: list[str]) -> None:
    assert about(NOTE % ("n", ""), tools=ASKS % approver) == expected
    policy = f"  - {{id: p, tools: crm.add_note, approve_when: true, approver: {approver}, reason: r}}\n"
    assert about(NOTE % ("n", ""), policy=policy) == expected
    assert about("{id: s, set: true}", tools="", policy=policy) == []


def test_owners_and_those_who_are_asked_are_somebody() -> None:
    (item,) = found("role-empty", [(ASKED % ("yes", "")).replace("support_leads", "nobody"), USED % "steps.yes"])
    assert item.underlined == "nobody"


@pytest.mark.parametrize(
    ("rule", "budget", "policy", "wrong"),
    [
        ("{at_most: 0}", "{writes: 1}", "", True),
        ("{deny_when: true, reason: r}", "{writes: 1}", "", True),
        ("{only_when: false, reason: r}", "{writes: 1}", "", True),
        ("{}", "{writes: 0, model_calls: 1}", "", True),
        ("{}", "{writes: 1}", "  - {id: p, tools: crm.add_note, deny_when: true, reason: r}\n", True),
        ("{at_most: 1}", "{writes: 1}", "  - {id: p, tools: mail.send, deny_when: true, reason: r}\n", False),
        ("{only_when: true, reason: r}", "{writes: 1}", "", False),
    ],
)
def test_what_is_listed_can_be_allowed(rule: str, budget: str, policy: str, wrong: bool) -> None:
    note = NOTE % ("n", ", when: input.urgent")
    steps = [note.replace("on_error: hand_off", "on_error: continue")]
    items = found("tool-never-allowed", steps, tools=f"crm.add_note: {rule}", budget=budget, policy=policy)
    assert [item.underlined for item in items] == (["crm.add_note"] if wrong else [])


def test_conditions_give_a_reason() -> None:
    assert about(NOTE % ("n", ""), tools='crm.add_note: {deny_when: args.text == "x"}') == ["no-reason"]
    assert about(NOTE % ("n", ""), tools='crm.add_note: {deny_when: args.text == "x", reason: r}') == []
    assert about(NOTE % ("n", ""), tools="crm.add_note: {at_most: 2}") == []
    step = ANSWER % ", only_when: steps.a.summary != input.text"
    assert about(step, USED % "steps.a.summary") == ["no-reason"]
    assert about(step.replace("on_error", "reason: r, on_error"), USED % "steps.a.summary") == []


def test_a_choice_that_nobody_reads_is_found_and_a_task_to_be_done_is_not() -> None:
    assert about(ASKED % ("triage", "")) == ["answer-ignored"]
    assert about(ASKED % ("yes", "")) == ["answer-ignored"]
    assert about(ASKED % ("outcome", "")) == []
    assert about(ASKED % ("yes", ", only_when: steps.yes.approved, reason: r")) == []
    around = (
        "{id: c, choose: [{when: input.urgent, steps: [" + ASKED % ("yes", "") + "]}, {otherwise: [{id: o, set: 1}]}]}"
    )
    assert about(around) == ["answer-ignored"]
    assert about(around, USED % "steps.c") == []


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([NOTE % ("n", "")], ["no-not-heeded"]),
        ([NOTE % ("n", ", when: steps.yes.approved")], []),
        (["{id: s, when: not steps.yes.approved, stop: failed, reason: r}", NOTE % ("n", "")], []),
        (
            [
                "{id: c, choose: [{when: steps.yes.approved, steps: [" + NOTE % ("n", "") + "]}, "
                "{otherwise: [{id: o, set: true}]}]}"
            ],
            [],
        ),
        (['{id: v, set: "${{ steps.yes.approved }}"}', NOTE % ("n", ", when: steps.v")], []),
        (['{id: n, call: crm.add_note, with: {customer_id: C-1, text: "${{ steps.yes }}"}, on_error: hand_off}'], []),
    ],
)
def test_a_no_stops_the_write_after_it(steps: list[str], expected: list[str]) -> None:
    asked = ASKED % ("yes", "")
    used = '{id: told, call: mail.draft, with: {to: a@b.de, subject: s, body: "${{ steps.yes }}"}, on_error: hand_off}'
    assert about(asked, *steps, used, tools="crm.add_note: {}\nmail.draft: {}") == expected
    assert about(used.replace("steps.yes", "input.text"), asked, *steps, USED % "steps.yes") == expected


def test_an_answer_to_another_question_is_no_yes_to_a_write() -> None:
    asked = ASKED % ("triage", "")
    assert about(asked, NOTE % ("n", ""), USED % "steps.yes.summary") == []


def test_a_way_around_the_yes() -> None:
    gated = [ASKED % ("yes", ""), NOTE % ("n", ", when: steps.yes.approved")]
    model = '{id: act, ask: "Help: ${{ input.text }}", tools: [crm.add_note], on_error: hand_off}'
    assert about(model, *gated) == ["approval-bypassed"]
    assert about(NOTE % ("first", ""), *gated) == ["approval-bypassed"]
    assert about(NOTE % ("small", ", when: input.amount < 50"), *gated) == []
    assert about(model, *gated, tools=ASKS % "support_leads") == []
    assert about(*gated) == []


@pytest.mark.parametrize(
    ("only_when", "expected"),
    [
        ("steps.a.confidence > 0.8", ["model-judges-itself"]),
        ("0.8 < steps.a.confidence", ["model-judges-itself"]),
        ("steps.a.fine", ["model-judges-itself"]),
        ("steps.a.fine == true and steps.a.summary != input.text", []),
        ("steps.a.summary | length > 3", []),
        ('steps.a.kind != "other"', []),
        ('steps.a.kind == "bug" or steps.a.fine', []),
        ('input.text != ""', ["only-when-not-own"]),
    ],
)
def test_a_condition_on_an_answer_looks_at_it_and_not_at_what_the_model_thinks_of_itself(
    only_when: str, expected: list[str]
) -> None:
    step = ANSWER % f", only_when: '{only_when}', reason: r"
    assert about(step, USED % "steps.a.summary") == expected
