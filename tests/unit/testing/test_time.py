"""Time in a test: it stands still, jumps where somebody is late, and passes by `after`."""

from __future__ import annotations

from pathlib import Path

from tests.unit.testing.kit import run, schema

FLOW = """
flow: small
version: 1
owner: leads
input: {type: object, properties: {id: {type: string}}, required: [id]}
output: spoken@1
steps:
STEPS
  - id: out
    record: spoken@1
    with: {said: SAID, at: "${{ now() }}"}
"""
FORM = "{type: object, properties: {word: {type: string, minLength: 3}}, required: [word]}"
ASK = f"""  - id: person
    ask_person: What is it?
    to: leads
    answer: {FORM}
    within: 4h
    on_error: continue"""
WAITS = """  - {id: one, wait_for: 1d}
  - {id: two, wait_for: 2h}"""


def play(folder: Path, steps: str, more: str, expect: str, *, given: str = "", said: str = "null") -> list[str]:
    properties = '{"said": {"type": ["string", "null"]}, "at": {"type": "string", "format": "date-time"}}'
    schema(folder, "spoken", properties, '["said", "at"]')
    flow = FLOW.replace("STEPS", steps).replace("SAID", said)
    text = f"""test: t
flow: small
given:
  now: "2026-03-02T09:00:00Z"
  input: {{id: a}}
  {given}
{more}
expect: {expect}
"""
    return run(folder, text, flow=flow).messages


SAID = '"${{ steps.person.word }}"'


def test_a_person_answers_at_once(tmp_path: Path) -> None:
    expect = '{outcome: completed, record: {said: abc, at: "2026-03-02T09:00:00.000000Z"}}'
    assert play(tmp_path, ASK, "", expect, given="people: {person: {word: abc}}", said=SAID) == []


def test_a_late_person_makes_the_clock_jump_to_the_deadline(tmp_path: Path) -> None:
    expect = '{outcome: completed_with_gaps, record: {said: null, at: "2026-03-02T13:00:00.000000Z"}}'
    assert play(tmp_path, ASK, "", expect, given="people: {person: late}", said=SAID) == []


def test_time_that_passes_ends_a_question_like_a_late_person(tmp_path: Path) -> None:
    assert play(tmp_path, ASK, "after: 3h", "{outcome: waiting}", said=SAID) == []
    assert play(tmp_path, ASK, "after: 5h", "{outcome: completed_with_gaps}", said=SAID) == []


def test_an_answer_that_does_not_fit_the_form_is_told(tmp_path: Path) -> None:
    (message,) = play(tmp_path, ASK, "", "{}", given="people: {person: {word: a}}", said=SAID)
    assert "given.people.person does not fit the form of the step: /word: " in message


def test_waits_end_one_after_the_other_when_time_passes(tmp_path: Path) -> None:
    assert play(tmp_path, WAITS, "", "{outcome: waiting}") == []
    assert play(tmp_path, WAITS, "after: 25h", "{outcome: waiting}") == []
    expect = '{outcome: completed, record: {at: "2026-03-03T11:00:00.000000Z"}}'
    assert play(tmp_path, WAITS, "after: 3d", expect) == []
