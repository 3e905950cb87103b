"""Failures that no person hears of and waits that never end are found; what a person or a deadline catches is left alone."""

from __future__ import annotations

import pytest

from flowrun.lang.edits import apply
from tests.unit.lint.flows import found, lint, rules

NOTE = "{id: note, call: crm.add_note, with: {customer_id: C-1, text: Called.}%s}"
ASK = '{id: a, ask: "Sum up: ${{ input.text }}"%s}'
PERSON = "{id: p, ask_person: Fine?, to: %s, answer: yes@1, show: [input.text]%s}"
WAIT = "{id: w, wait_for: yes@1, key: %s%s}"
SUBJECT = "key: input.message_id\nsubject: input.email"
FAMILY = {
    *("failure-after-write", "customer-left", "late-case-dropped", "waits-for-ever", "event-may-never-come"),
    *("wait-key-constant", "hand-off-only-closes", "cannot-fail", "blind-question", "wait-always-late"),
    "deadline-cut-short",
}


def people(steps: list[str]) -> list[str]:
    return [rule for rule in rules(steps, tools="crm.add_note: {}", more=SUBJECT) if rule in FAMILY]


def test_a_failure_after_a_write_is_found_at_the_step_that_fails() -> None:
    steps = [NOTE % "", ASK % ""]
    (item,) = found("failure-after-write", steps, tools="crm.add_note: {}")
    assert item.underlined == "ask" and "crm.add_note was done" in item.message


@pytest.mark.parametrize(
    "steps",
    [
        [ASK % "", NOTE % ""],
        [NOTE % "", ASK % ", on_error: hand_off"],
        [NOTE % "", ASK % ", on_error: continue"],
        [NOTE % ", on_error: continue", ASK % ""],
        [NOTE % ", when: input.urgent", ASK % ""],
        [NOTE % "", "{id: b, within: 1h, on_error: continue, parallel: {x: [" + ASK % "" + "]}}"],
    ],
)
def test_a_failure_is_left_alone_where_nothing_was_surely_done_or_it_is_answered(steps: list[str]) -> None:
    assert people(steps) == []


def test_a_customer_who_is_spoken_to_is_not_left() -> None:
    assert people([ASK % ", to: customer"]) == ["customer-left"]
    assert people([ASK % ", to: customer, on_error: hand_off"]) == []


@pytest.mark.parametrize(
    ("to", "more", "expected"),
    [
        ("support_leads", "", []),
        ("patient", "", ["waits-for-ever"]),
        ("customer", "", ["waits-for-ever"]),
        ("patient", ", within: 1d, on_error: hand_off", []),
        ("patient", ", within: 1d", ["late-case-dropped"]),
        ("patient", ", within: 1d, on_error: continue", []),
        ("customer", ", within: 1d", []),
        ("unknown_role", "", []),
    ],
)
def test_who_is_asked_answers_in_time_or_somebody_gets_the_case(to: str, more: str, expected: list[str]) -> None:
    assert people([PERSON % (to, more)]) == expected


def test_a_deadline_around_a_question_is_one() -> None:
    around = "{id: b, within: 1d, on_error: continue, parallel: {x: [%s]}}"
    assert people([around % (PERSON % ("patient", ""))]) == []
    assert people([around % (WAIT % ("input.email", ""))]) == []
    assert people([WAIT % ("input.email", "")]) == ["event-may-never-come"]


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("'\"reply\"'", True),
        ("run.flow", True),
        ("run.id", False),
        ("input.email", False),
        ("'\"reply-\" ~ input.email'", False),
        ("calls.crm.add_note.last.output.note_id", False),
    ],
)
def test_the_key_of_an_event_names_a_case(key: str, wrong: bool) -> None:
    steps = [NOTE % "", WAIT % (key, ", within: 1d, on_error: continue")]
    assert people(steps) == (["wait-key-constant"] if wrong else [])


@pytest.mark.parametrize(
    ("shown", "wrong"),
    [
        ("ask_person: Fine?", True),
        ('ask_person: "Fine? ${{ input.text }}"', False),
        ("ask_person: Fine?, show: [input.text]", False),
        ("ask_person: Fine?, with: {approved: true}", False),
    ],
)
def test_a_person_sees_something_of_the_case(shown: str, wrong: bool) -> None:
    step = "{id: p, " + shown + ", to: support_leads, answer: yes@1, on_error: hand_off}"
    assert people([step]) == (["blind-question"] if wrong else [])
    assert people([step.replace("support_leads", "customer, within: 1d")]) == []


def test_a_block_is_not_handed_off_for_an_answer() -> None:
    block = "{id: b, choose: [{otherwise: [{id: s, set: 1}]}], on_error: %s}"
    assert people([block % "hand_off"]) == ["hand-off-only-closes"]
    assert people([block % "continue"]) == []


@pytest.mark.parametrize(
    ("step", "fixed"),
    [
        ("{id: s, set: 1, on_error: continue}", None),
        ("{id: s, on_error: continue, set: 1}", "{id: s, set: 1}"),
        ("id: s  # a name\n    set: 1\n    on_error: hand_off", "id: s  # a name\n    set: 1"),
    ],
)
def test_on_error_is_taken_out_where_nothing_can_fail(step: str, fixed: str | None) -> None:
    findings, texts = lint([step])
    (item,) = [item for item in findings if item.rule == "cannot-fail"]
    assert bool(item.changes) is (fixed is not None)
    if fixed is not None:
        text = texts["f.flow.yaml"]
        assert apply(text, [item.changes]).text == text.replace(step, fixed)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("{id: w, wait_for: 2d, within: 1d}", ["wait-always-late"]),
        ("{id: w, wait_for: 1d, within: 2d}", []),
        ("{id: b, within: 1h, on_error: continue, parallel: {x: [{id: w, wait_for: 2h}]}}", ["wait-always-late"]),
        (
            "{id: b, within: 1h, on_error: continue, parallel: {x: ["
            + PERSON % ("patient", ", within: 1d, on_error: hand_off")
            + "]}}",
            ["deadline-cut-short"],
        ),
        (
            "{id: b, within: 2d, on_error: continue, parallel: {x: ["
            + PERSON % ("patient", ", within: 1d, on_error: hand_off")
            + "]}}",
            [],
        ),
    ],
)
def test_times_inside_other_times(step: str, expected: list[str]) -> None:
    assert people([step]) == expected
