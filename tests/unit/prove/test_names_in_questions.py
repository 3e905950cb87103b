"""Names in questions: one that is not there is said, with what may be meant, and never answered with a no."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowrun.app.prove import prove
from flowrun.app.workspace import load_workspace
from flowrun.cli.prove import exit_code
from flowrun.errors import InputError
from flowrun.prove.ask import answer
from tests.unit.prove.test_paths import LOOK, NOTE, NOTES, flow

WRONG = {
    "input.emial reaches the model": "email",
    "steps.who.plam reaches the model": "plan",
    "steps.whoo.plan reaches the model": "who",
    "crm.lookup_customer.plam reaches the model": "plan",
    "crm.add_note without approval by leds": "leads",
    "crm.add_note with txt from the message": "text",
    "pay.refund over 5 EUR in a day for one customer": "customer_id",
    "crm.add_note when args.txt == 'a'": "text",
    "crm.add_note when input.vp and steps.who is none": "vip",
    "crm.add_note when steps.wo is none": "who",
    "crm.add_note when steps.who.plam == 'pro'": "plan",
    "crm.add_note when calls.crm.lookup_customer.last.output.plam == 'pro'": "plan",
    "crm.add_note when calls.crm.lookup_custmer.last is none": "crm.lookup_customer",
}
ROLES = {"flowrun.yaml": "roles: {leads: {members: [Kim]}}\n"}


@pytest.mark.parametrize("question", WRONG)
def test_a_name_that_is_not_there_is_said(question: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        answer(flow(tmp_path, LOOK + NOTE, NOTES, ROLES), question)
    assert caught.value.code == "FR3202"
    assert f"`{WRONG[question]}`" in (caught.value.help or "")


@pytest.mark.parametrize(
    "question",
    [
        "input.lines reaches the model",
        "steps.who.last_tickets.summary reaches the model",
        "crm.lookup_customer.last_tickets.summary reaches the model",
        "crm.lookup_customer reaches the model",
        "crm.add_note without approval by leads",
        "pay.refund over 5 EUR in a day for one customer_id",
        "crm.add_note when args.text == input.text and steps.who.plan == 'pro'",
    ],
)
def test_a_name_that_is_there_is_fine(question: str, tmp_path: Path) -> None:
    assert answer(flow(tmp_path, LOOK + NOTE, NOTES, ROLES), question).said in ("yes", "no", "cannot tell")


def test_a_question_that_cannot_be_asked_does_not_stop_the_others(tmp_path: Path) -> None:
    flow(tmp_path, LOOK + NOTE, NOTES, ROLES)
    asked = ("input.emial reaches the model", "crm.add_note without approval", "input.text reaches the model")
    ws = load_workspace(tmp_path)
    found = prove(ws, str(tmp_path / "main.flow.yaml"), asked)
    assert [result.answer for result in found.results] == ["not asked", "yes", "no"]
    assert found.results[0].code == "FR3202" and "emial" in found.results[0].why[0]
    assert exit_code(found.results) == InputError.exit_code
    assert exit_code(found.results[1:]) == 1


def test_the_place_of_a_wrong_question_in_a_file_is_said(tmp_path: Path) -> None:
    flow(tmp_path, LOOK + NOTE, NOTES, ROLES)
    text = "prove: main\nnever:\n  - input.emial reaches the model\n  - input.text reaches the model\n"
    (tmp_path / "main.prove.yaml").write_text(text, encoding="utf-8")
    first, second, *_ = prove(load_workspace(tmp_path), str(tmp_path / "main.flow.yaml")).results
    assert (first.answer, first.held, first.code) == ("not asked", "never", "FR3202")
    assert "main.prove.yaml:2" in first.why[0] or "main.prove.yaml:3" in first.why[0]
    assert second.answer == "no"
