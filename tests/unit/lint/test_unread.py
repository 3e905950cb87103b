"""A value that nobody uses, a second name and a tool named twice are found; what has an effect or a reader is left alone."""

from __future__ import annotations

import pytest

from flowrun.lang.edits import apply
from tests.unit.lint.flows import found, lint, rules

LOOK = '{id: who, call: crm.lookup_customer, with: {email: "${{ input.email }}"}%s}'
ASK = '{id: a, ask: "Sum up: ${{ input.text }}"%s}'
USES = '{id: u, call: crm.add_note, with: {customer_id: C-1, text: "${{ %s }}"}, on_error: hand_off}'
NOTE = "{id: n, call: crm.add_note, with: {customer_id: C-1, text: x}, on_error: hand_off}"
TOOLS = "crm.lookup_customer: {}\ncrm.add_note: {}\nmail.draft: {}"


def unread(*steps: str, tools: str = TOOLS, policy: str = "") -> list[str]:
    family = {"step-unused", "set-renames", "tool-listed-twice"}
    return [rule for rule in rules(list(steps), tools=tools, policy=policy) if rule in family]


@pytest.mark.parametrize(
    "step", [LOOK % "", ASK % "", '{id: s, set: "${{ input.text }}"}', LOOK % ", on_error: continue"]
)
def test_work_that_nobody_uses_is_found_at_its_verb(step: str) -> None:
    (item,) = found("step-unused", [step], tools=TOOLS)
    assert item.underlined in ("call", "ask", "set")


@pytest.mark.parametrize(
    "steps",
    [
        [LOOK % "", USES % "steps.who.name"],
        [LOOK % "", USES % "steps['who'].name"],
        [LOOK % "", USES % "calls.crm.lookup_customer.last.output.name | default('-')"],
        [LOOK % ", on_error: hand_off"],
        [NOTE],
        [ASK % ", to: customer, on_error: hand_off"],
        [ASK % ", tools: [crm.add_note], on_error: hand_off"],
        ['{id: a, ask: "Fine? ${{ input.text }}", answer: yes@1, only_when: steps.a.approved, reason: r}'],
        ["{id: s, set: true}"],
        [
            "{id: c, choose: [{when: input.urgent, steps: [{id: s, set: '${{ input.text }}'}]}, "
            "{otherwise: [{id: o, set: 1}]}]}"
        ],
        [
            "{id: c, choose: [{when: input.urgent, steps: [" + ASK % "" + "]}, {otherwise: [{id: o, set: 1}]}]}",
            USES % "steps.c",
        ],
        ["{id: p, parallel: {x: [" + ASK % "" + "], y: [{id: o, set: 1}]}}", USES % "steps.p.x"],
    ],
)
def test_what_has_an_effect_a_reader_or_is_there_to_fail_is_left_alone(steps: list[str]) -> None:
    assert unread(*steps) == []


def test_a_value_inside_a_block_that_nobody_reads_is_found() -> None:
    assert unread("{id: p, parallel: {x: [" + ASK % "" + "], y: [{id: o, set: 1}]}}") == ["step-unused"]
    own = '{id: a, ask: "Sum up ${{ input.text }}", when: steps.a is none}'
    assert unread(own) == ["step-unused"]


def test_rules_that_look_at_calls_use_what_a_step_reads() -> None:
    needs = "  - {id: first, tools: crm.add_note, needs_before: [crm.lookup_customer], reason: r}\n"
    assert unread(LOOK % "", NOTE, policy=needs) == []
    same = (
        "  - id: same\n    tools: crm.add_note\n    reason: r\n"
        "    only_when: args.customer_id == calls.crm.lookup_customer.last.output.customer_id\n"
    )
    assert unread(LOOK % "", NOTE, policy=same) == []
    assert unread(LOOK % "", NOTE) == ["step-unused"]
    bind = TOOLS.replace("crm.add_note: {}", 'crm.add_note: {bind: {customer_id: "${{ steps.who.customer_id }}"}}')
    assert unread(LOOK % "", NOTE.replace("customer_id: C-1, ", ""), tools=bind) == []


def test_a_second_name_is_found_and_the_value_of_a_branch_is_none() -> None:
    assert unread(ASK % "", '{id: b, set: "${{ steps.a }}"}', USES % "steps.b") == ["set-renames"]
    assert unread(ASK % "", '{id: b, set: "${{ steps.a | upper }}"}', USES % "steps.b") == []
    assert unread(ASK % "", '{id: b, when: input.urgent, set: "${{ steps.a }}"}', USES % "steps.b | default('-')") == []
    branch = "{id: c, choose: [{when: input.urgent, steps: [{id: b, set: '${{ steps.a }}'}]}, {otherwise: [{id: o, set: x}]}]}"
    assert unread(ASK % "", branch, USES % "steps.c") == []


@pytest.mark.parametrize(
    ("listed", "mended"),
    [
        ("tools: [crm.add_note, mail.draft, crm.add_note]", "tools: [crm.add_note, mail.draft]"),
        (
            "tools:  # all\n      - crm.add_note\n      - crm.add_note  # again\n      - mail.draft",
            "tools:  # all\n      - crm.add_note\n      - mail.draft",
        ),
    ],
)
def test_a_tool_that_stands_twice_is_taken_out(listed: str, mended: str) -> None:
    step = f'id: a\n    ask: "Help: ${{{{ input.text }}}}"\n    {listed}\n    on_error: hand_off'
    findings, texts = lint([step], tools=TOOLS)
    (item,) = [item for item in findings if item.rule == "tool-listed-twice"]
    text = texts["f.flow.yaml"]
    assert apply(text, [item.changes]).text == text.replace(listed, mended)
