"""A key tells messages apart, a subject tells persons apart, and ids tell steps apart; else lint says so."""

from __future__ import annotations

from typing import Any

import pytest

from flowrun.lang.edits import apply
from tests.unit.lint import flows
from tests.unit.lint.flows import found, lint, rules

NOTE = "{id: %s, call: crm.add_note, with: {customer_id: C-1, text: x}, on_error: hand_off}"
TOOLS = "crm.add_note: {}"


@pytest.mark.parametrize(
    ("key", "rule", "severity"),
    [
        ("'\"support\"'", "key-too-coarse", "error"),
        ("input.kind", "key-too-coarse", "error"),
        ("input.urgent", "key-too-coarse", "error"),
        ("input.nickname", "key-may-be-null", "warning"),
    ],
)
def test_a_key_that_does_not_name_a_message(key: str, rule: str, severity: str) -> None:
    (item,) = found(rule, [NOTE % "n"], tools=TOOLS, more=f"key: {key}")
    assert (item.underlined, item.severity) == (key, severity)


@pytest.mark.parametrize("key", ["input.message_id", 'input.kind ~ "-" ~ input.message_id', "input.amount"])
def test_a_key_that_differs_is_left_alone(key: str) -> None:
    assert rules([NOTE % "n"], tools=TOOLS, more=f"key: {key}") == []


def test_a_flow_that_writes_needs_a_key_where_the_input_has_one() -> None:
    findings, texts = lint([NOTE % "n"], tools=TOOLS, more="")
    (item,) = findings
    assert item.rule == "key-missing"
    mended = apply(texts["f.flow.yaml"], [item.changes]).text
    assert "input: message@1\nkey: input.message_id\noutput:" in mended
    assert rules(["{id: s, set: true}"], more="") == []


def test_a_key_is_not_asked_for_where_no_field_names_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    fields: dict[str, Any] = {**flows.SCHEMAS["message", 1]["properties"]}
    del fields["message_id"]
    monkeypatch.setitem(flows.SCHEMAS, ("message", 1), flows.record(**fields))
    assert rules([NOTE % "n"], tools=TOOLS, more="") == []


def test_a_person_in_the_input_is_the_subject(monkeypatch: pytest.MonkeyPatch) -> None:
    fields: dict[str, Any] = {**flows.SCHEMAS["message", 1]["properties"]}
    fields["email"] = {**fields["email"], "x-pii": "email"}
    monkeypatch.setitem(flows.SCHEMAS, ("message", 1), flows.record("nickname", **fields))
    (item,) = found("subject-missing", [NOTE % "n"], tools=TOOLS)
    assert item.underlined == "message@1"
    assert rules([NOTE % "n"], tools=TOOLS, more="key: input.message_id\nsubject: input.email") == []


@pytest.mark.parametrize(
    "step",
    [
        "{id: p, ask_person: Which one?, to: customer, answer: yes@1, within: 1d, on_error: hand_off}",
        "{id: a, ask: Find out more., to: customer, on_error: hand_off}",
    ],
)
def test_a_customer_who_is_spoken_to_is_known(step: str) -> None:
    assert "missing-subject" in rules([step])
    assert "missing-subject" not in rules([step], more="key: input.message_id\nsubject: input.email")


def test_a_customer_who_approves_by_a_policy_is_known() -> None:
    policy = "  - {id: yes, tools: crm.add_note, approve_when: true, approver: customer, reason: r}\n"
    assert "missing-subject" in rules([NOTE % "n"], tools=TOOLS, policy=policy)
    other = policy.replace("crm.add_note", "mail.send")
    assert "missing-subject" not in rules([NOTE % "n"], tools=TOOLS, policy=other)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("customer", "custommer", True),
        ("customer", "cusotmer", True),
        ("summary", "sumary", True),
        ("go_on_now", "go_onnow", True),
        ("order", "orders", False),
        ("check1", "check2", False),
        ("person_a", "person_b", False),
        ("note_in", "note_on", False),
        ("ask", "act", False),
        ("customer", "case", False),
    ],
)
def test_ids_that_differ_in_one_letter(one: str, other: str, alike: bool) -> None:
    assert rules([NOTE % one, NOTE % other], tools=TOOLS) == (["ids-alike"] if alike else [])


def test_an_id_is_no_word_of_expressions() -> None:
    (item,) = found("id-is-a-word", [NOTE % "item"], tools=TOOLS)
    assert item.underlined == "item"
