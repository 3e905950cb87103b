"""Changes in the way to a write: guards that are taken away, moved behind it, or no longer ask what they asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flowrun.app.change import difference
from flowrun.cli.main import main
from flowrun.contract.changes.change import WIDENED
from tests.unit.contract.kit import flow_text, write

CRM = "  crm.lookup_customer: {}\n  crm.add_note: {at_most: 1}\n"
LOOK = "  - {id: who, call: crm.lookup_customer, with: {email: '${{ input.email }}'}, on_error: hand_off}\n"
NOTE = "  - {id: note, call: crm.add_note, with: {customer_id: C-1, text: T}, on_error: hand_off}\n"
FORM = "{type: object, properties: {ok: {type: boolean}}, required: [ok], additionalProperties: false}"
ASK = f"  - {{id: look, ask_person: Look., to: leads, answer: {FORM}, on_error: hand_off}}\n"
GUARD = (
    "  - id: small\n    choose:\n"
    "      - when: input.amount > 50\n        steps:\n"
    "          - {id: no, record: done@1, with: {done: false}, on_error: hand_off}\n"
    "          - {id: large, stop: rejected, reason: Too large.}\n"
    "      - otherwise: [{id: go, set: true}]\n"
)


def widened(folder: Path, was: str, now: str, tools: str = CRM, **files: dict[str, str]) -> list[tuple[str, bool]]:
    write(folder / "old", flow_text(tools, was), files=files.get("old"))
    write(folder / "new", flow_text(tools, now), files=files.get("new"))
    found = difference(str(folder / "old" / "shop.flow.yaml"), str(folder / "new" / "shop.flow.yaml")).changes
    return [(change.text, change.sure) for change in found if change.kind == WIDENED]


def test_a_branch_that_ended_the_run_before_a_write_is_gone(tmp_path: Path) -> None:
    assert widened(tmp_path, LOOK + GUARD + NOTE, LOOK + NOTE) == [
        ("crm.add_note may now be called in step note in every run.", True)
    ]
    assert widened(tmp_path, LOOK + NOTE, LOOK + GUARD + NOTE) == []


def test_a_branch_that_ends_the_run_in_fewer_cases(tmp_path: Path) -> None:
    looser = GUARD.replace("> 50", "> 500")
    told = widened(tmp_path, LOOK + GUARD + NOTE, LOOK + looser + NOTE)
    assert [sure for _, sure in told] == [True]
    assert "the amount of the input is at most 500" in told[0][0]
    assert widened(tmp_path, LOOK + looser + NOTE, LOOK + GUARD + NOTE) == []


def test_a_write_that_stands_before_the_question_now(tmp_path: Path) -> None:
    assert widened(tmp_path, ASK + NOTE, NOTE + ASK) == [
        ("crm.add_note may now be called in step note before anybody is asked in look.", True)
    ]
    assert widened(tmp_path, NOTE + ASK, ASK + NOTE) == []


def test_a_condition_of_a_write_is_gone(tmp_path: Path) -> None:
    guarded = NOTE.replace("{id: note,", "{id: note, when: input.amount < 5,")
    assert [sure for _, sure in widened(tmp_path, LOOK + guarded, LOOK + NOTE)] == [True]
    assert widened(tmp_path, LOOK + NOTE, LOOK + guarded) == []


def test_what_is_asked_of_an_answer(tmp_path: Path) -> None:
    read = (
        "  - id: read\n    ask: 'How sure? ${{ input.text }}'\n    on_error: hand_off\n"
        "    answer: {type: object, properties: {sure: {type: number, maximum: MOST}}, required: [sure],"
        " additionalProperties: false}\n"
    )
    checked = read.replace("MOST", "1") + "    only_when: steps.read.sure > 0.5\n"
    assert [sure for _, sure in widened(tmp_path, checked, read.replace("MOST", "1"))] == [True]
    assert widened(tmp_path, read.replace("MOST", "1"), checked) == []
    wider = widened(tmp_path, read.replace("MOST", "1"), read.replace("MOST", "2"))
    assert wider == [("The value of step read may hold more.", True)]
    assert widened(tmp_path, read.replace("MOST", "2"), read.replace("MOST", "1")) == []


def test_a_value_that_only_hands_on_is_looked_through(tmp_path: Path) -> None:
    send = "  - {id: mail, call: mail.send, with: {subject: S, body: B}, on_error: hand_off}\n"
    rules = "at_most: 1, bind: {to: '${{ steps.to }}'}, approve_when: true, approver: leads"
    tools = f"  crm.lookup_customer: {{}}\n  mail.send: {{{rules}}}\n"
    by_name = "  - {id: to, set: desk@example.com}\n"
    told = widened(tmp_path, LOOK + by_name + send, LOOK + "  - {id: to, set: '${{ input.email }}'}\n" + send, tools)
    assert [text.partition(" that")[0] for text, _ in told] == ["mail.send may now reach a recipient (to)"]
    other = widened(tmp_path, LOOK + by_name + send, LOOK + by_name.replace("desk@", "boss@") + send, tools)
    assert [sure for _, sure in other] == [False], "another fixed recipient is not surely as safe"


def test_a_budget_of_a_flow_that_is_called(tmp_path: Path) -> None:
    sub = (
        "flow: note\nversion: 1\nowner: leads\n"
        "input: {type: object, properties: {id: {type: string}}, required: [id], additionalProperties: false}\n"
        "output: done@1\nbudget: {writes: 1, tool_calls: 1}\ntools: {crm.add_note: {}}\nsteps:\n"
        "  - {id: n, call: crm.add_note, with: {customer_id: '${{ input.id }}', text: Hello}}\n"
        "  - {id: r, record: done@1, with: {done: true}}\n"
    )
    step = "  - {id: sub, call: flows.note@1, with: {id: C-1}, on_error: hand_off}\n"
    told = widened(tmp_path, step, step, "  flows.note@1: {}\n", old={"note.flow.yaml": sub},
                   new={"note.flow.yaml": sub.replace("tool_calls: 1", "tool_calls: 3")})  # fmt: skip
    assert told == [("The budget of the flow note for tool_calls goes from 1 to 3.", True)]


def test_what_could_not_run_before_is_new(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "old", flow_text(CRM, LOOK + NOTE).replace("crm.add_note,", "crm.add_notes,"))
    write(tmp_path / "new", flow_text(CRM, LOOK + NOTE))
    assert main(["diff", str(tmp_path / "old"), str(tmp_path / "new"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["broken"], told["summary"]["widened"]) == (["shop.flow.yaml"], 1)
    assert main(["diff", str(tmp_path / "new"), str(tmp_path / "old")]) == 3
    assert "FR1" in capsys.readouterr().err
