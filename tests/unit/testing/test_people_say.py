"""What people can say in a test: by name, one after the other, a change of the call, about a write in doubt."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.testing.kit import CUSTOMER, FLOW, TICKET, args, case, run, schema

TWICE = (
    f"{{act: [{{propose: [{{desk.create_ticket: {args('critical')}}}]}}, "
    f"{{propose: [{{desk.create_ticket: {args('critical').replace('twice', 'thrice')}}}]}}, {{text: Done.}}]}}"
)
ONCE = f"{{act: [{{propose: [{{desk.create_ticket: {args('critical')}}}]}}, {{text: Done.}}]}}"
ROLES = "roles: {leads: {members: [Sam, Kim]}}\n"
RECORDED = """
flow: small
version: 1
owner: leads
input: {type: object, properties: {id: {type: string}, email: {type: string}}, required: [id, email]}
output: yes@1
tools:
  desk.create_ticket: {approve_when: true, approver: [leads, bosses]}
budget: {writes: 3}
steps:
  - id: act
    call: desk.create_ticket
    with: {customer_id: C-1, category: billing_dispute, severity: high, summary: Twice.}
  - id: out
    record: yes@1
    with: {by: "${{ calls.desk.create_ticket.last.approved_by }}"}
"""


def said(folder: Path, people: str, expect: str, *, model: str = ONCE, flow: str = FLOW, tools: str = "") -> list[str]:
    more = {"tools": tools} if tools else {}
    return run(folder, case(model=model, given=f"people: {people}", expect=expect, **more), flow=flow).messages


def test_a_list_has_a_word_for_each_time_that_is_asked(tmp_path: Path) -> None:
    expect = "{outcome: completed, calls: {desk.create_ticket: 1}, asked: {desk.create_ticket: leads}}"
    assert said(tmp_path, "{desk.create_ticket: [reject, approve]}", expect, model=TWICE) == []


def test_after_the_end_of_a_list_nobody_answers(tmp_path: Path) -> None:
    assert said(tmp_path, "{desk.create_ticket: [reject]}", "{outcome: waiting}", model=TWICE) == []


def test_a_changed_call_is_decided_anew(tmp_path: Path) -> None:
    expect = (
        "{outcome: completed, decisions: {desk.create_ticket: [approve, approve]}, "
        "world: {desk.create_ticket: [{category: outage}]}}"
    )
    people = "{desk.create_ticket: [{edit: {category: outage}, by: Kim}, approve by Sam]}"
    assert said(tmp_path, people, expect) == []


def test_who_changed_a_call_may_not_approve_it(tmp_path: Path) -> None:
    people = "{desk.create_ticket: [{edit: {severity: low}, by: Kim}, approve by Kim]}"
    (message,) = said(tmp_path, people, "{}")
    assert "The journal refused an answer of the test" in message and "person" in message


def test_a_change_that_the_tool_would_not_take_is_told_with_its_line(tmp_path: Path) -> None:
    (message,) = said(tmp_path, "{desk.create_ticket: {edit: {severity: pink}}}", "{}")
    assert message.startswith(f"{tmp_path}/a.test.yaml:7: given.people.desk.create_ticket: These are no arguments")


def test_a_person_of_the_role_is_named(tmp_path: Path) -> None:
    (tmp_path / "flowrun.yaml").write_text(ROLES, encoding="utf-8")
    assert said(tmp_path, "{desk.create_ticket: approve by Kim}", "{outcome: completed}") == []
    (message,) = said(tmp_path, "{desk.create_ticket: approve by Ben}", "{outcome: completed}")
    assert "Ben is not in the role leads, which has Sam, Kim." in message


def test_each_role_of_a_list_has_its_own_person(tmp_path: Path) -> None:
    schema(tmp_path, "yes", '{"by": {"type": "array", "items": {"type": "string"}}}', '["by"]')
    people = "{desk.create_ticket: {leads: approve by Sam, bosses: approve by Kim}}"
    expect = "{outcome: completed, record: {by: [Sam, Kim]}, asked: {act: [leads, bosses]}}"
    more = {"model": "{}", "flow": RECORDED, "tools": f"{{desk.create_ticket: {TICKET}}}"}
    assert said(tmp_path, people, expect, **more) == []
    (message,) = said(tmp_path, "{desk.create_ticket: approve by Sam}", expect, **more)
    assert "one person cannot say yes for all" in message and "leads: approve by NAME" in message


@pytest.mark.parametrize(
    ("word", "expect"),
    [
        ("{act: not_done}", "{outcome: completed, record: {ticket: null}}"),
        (f"{{act: {{done: {TICKET}}}}}", "{outcome: completed, record: {ticket: T-1}}"),
    ],
)
def test_a_person_settles_a_write_in_doubt(tmp_path: Path, word: str, expect: str) -> None:
    tools = f"{{crm.lookup_customer: {CUSTOMER}, desk.create_ticket: {{error: times_out_after_success}}}}"
    assert said(tmp_path, word, expect, tools=tools, model=ONCE.replace("critical", "high")) == []


def test_the_customer_answers_one_question_after_the_other(tmp_path: Path) -> None:
    flow = FLOW.replace("    ask: Open", "    to: customer\n    ask: Open").replace(
        "output:", "subject: input.email\noutput:"
    )
    model = "{act: [{text: What is wrong?}, {text: Since when?}, {answer: ok}]}".replace("{answer: ok}", "{text: Bye.}")
    expect = "{outcome: waiting, asked: {act: customer}, prompts: {act: {contains: [The export., Since Monday.]}}}"
    result = run(
        tmp_path, case(model=model, given="people: {act: [The export., Since Monday.]}", expect=expect), flow=flow
    )
    assert result.messages == []


def test_an_empty_list_says_on_purpose_that_nobody_answers(tmp_path: Path) -> None:
    def notes(people: str) -> list[str]:
        return run(tmp_path, case(given=f"people: {people}", expect="{outcome: completed}")).notes

    assert notes("{desk.create_ticket: []}") == []
    assert len(notes("{desk.create_ticket: [approve]}")) == 1
