"""Each place that uses a tool is compared with itself: another place with fewer guards excuses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowrun.app.change import difference
from flowrun.contract.changes.change import CHANGED, NARROWED, WIDENED, Change
from flowrun.contract.page import page_of
from flowrun.contract.render import as_text
from tests.unit.contract import kit

FORM = "{type: object, properties: {ok: {type: boolean}}, required: [ok], additionalProperties: false}"
ASK = f"  - {{id: look, ask_person: Look., to: leads, answer: {FORM}, on_error: hand_off}}\n"
TOOLS = "  crm.lookup_customer: {}\n  mail.send: {at_most: 2}\n"
READ = (
    "  - id: guess\n    ask: 'Who shall get it? ${{ input.text }}'\n    on_error: hand_off\n"
    "    answer: {type: object, properties: {to: {type: string, format: email}, subject: {type: string, minLength: 1,"
    " maxLength: 100}, body: {type: string, minLength: 1, maxLength: 500}}, required: [to, subject, body],"
    " additionalProperties: false}\n"
)


def mail(id: str, to: str = "${{ input.email }}", *, when: str = "", body: str = "B") -> str:
    condition = f"when: '{when}', " if when else ""
    return f"  - {{id: {id}, {condition}call: mail.send, with: {{to: '{to}', subject: S, body: {body}}}, on_error: hand_off}}\n"


def changes(folder: Path, was: str, now: str, tools: str = TOOLS) -> list[Change]:
    kit.write(folder / "old", kit.flow_text(tools, was))
    kit.write(folder / "new", kit.flow_text(tools, now))
    return list(difference(str(folder / "old" / "shop.flow.yaml"), str(folder / "new" / "shop.flow.yaml")).changes)


def widened(folder: Path, was: str, now: str, tools: str = TOOLS) -> list[str]:
    return [change.text for change in changes(folder, was, now, tools) if change.kind == WIDENED]


@pytest.mark.parametrize("looser", ["", "steps.look.ok or true", "input.amount > 5"])
def test_the_guard_of_one_place_is_lost_though_another_has_none(tmp_path: Path, looser: str) -> None:
    guarded = mail("first") + ASK + mail("offer", when="steps.look.ok")
    told = widened(tmp_path, guarded, mail("first") + ASK + mail("offer", when=looser))
    assert [text.partition(" when")[0].partition(" in every")[0] for text in told] == [
        "mail.send may now be called in step offer"
    ]
    assert widened(tmp_path, mail("first") + ASK + mail("offer"), guarded) == []


def test_a_place_that_comes_before_the_question_now(tmp_path: Path) -> None:
    told = widened(tmp_path, mail("first") + ASK + mail("offer"), mail("first") + mail("offer") + ASK)
    assert told == ["mail.send may now be called in step offer before anybody is asked in look."]


def test_one_more_place_under_the_same_limit(tmp_path: Path) -> None:
    old = mail("first") + ASK + mail("offer", when="steps.look.ok")
    assert widened(tmp_path, old, old + mail("again")) == [
        "mail.send may now also be called in step again in every run."
    ]
    assert widened(tmp_path, old + mail("again"), old) == []


def test_a_place_that_is_split_into_branches_or_renamed_is_none(tmp_path: Path) -> None:
    split = (
        "  - id: how\n    choose:\n      - when: input.amount > 5\n        steps:\n      "
        + mail("much")
        + "      - otherwise:\n        "
        + mail("little")
    )
    assert widened(tmp_path, mail("first"), split) == []
    assert widened(tmp_path, mail("first"), mail("second")) == []


def test_a_recipient_that_only_a_guarded_place_had(tmp_path: Path) -> None:
    """The set of recipients is the same or smaller, and who gets the mail without a question is another one."""
    old = READ + mail("first") + ASK + mail("offer", "${{ steps.guess.to }}", when="steps.look.ok")
    new = (
        READ
        + mail("first", "${{ steps.guess.to }}")
        + ASK
        + mail("offer", "${{ steps.guess.to }}", when="steps.look.ok")
    )
    told = widened(tmp_path, old, new)
    assert told[0].startswith("mail.send in step first may now reach a recipient (to) that is what the model answered")


def test_other_words_are_neither_more_nor_less(tmp_path: Path) -> None:
    offer = mail("offer", body="Money")
    found = changes(tmp_path, mail("first") + offer, mail("first", body="Money") + offer)
    assert [change.kind for change in found] == [CHANGED]
    assert NARROWED not in {change.kind for change in found}


WHOLE = "  - {id: send, call: mail.send, with: '${{ steps.VALUE }}', on_error: hand_off}\n"
SET = "  - {id: made, set: {to: '${{ input.email }}', subject: S, body: B}}\n"


def test_a_whole_value_is_handed_in_by_somebody_else(tmp_path: Path) -> None:
    old, new = READ + SET + WHOLE.replace("VALUE", "made"), READ + SET + WHOLE.replace("VALUE", "guess")
    told = widened(tmp_path, old, new)
    assert any(text.startswith("mail.send may now reach a recipient (to) that is what the model") for text in told)
    assert not any("recipient" in text for text in widened(tmp_path, new, old))


def test_the_page_says_who_receives_a_whole_value(tmp_path: Path) -> None:
    page = as_text(page_of(kit.contract(tmp_path, TOOLS, READ + WHOLE.replace("VALUE", "guess"))))
    received = page.partition("WHO RECEIVES SOMETHING")[2].partition("WHAT IT READS")[0]
    assert "mail.send to: what the model answered in step guess (steps.guess.to)" in received
    assert "Nobody" not in received
    assert "and nothing guards it" in page


def test_the_page_says_what_a_person_hands_in_whole(tmp_path: Path) -> None:
    fields = (
        "{to: {type: string, format: email}, subject: {type: string, minLength: 1, maxLength: 100},"
        " body: {type: string, minLength: 1, maxLength: 500}}"
    )
    ask = (
        f"  - {{id: form, ask_person: Which mail?, to: leads, on_error: hand_off, answer: {{type: object, properties: {fields},"
        " required: [to, subject, body], additionalProperties: false}}\n"
    )
    page = as_text(page_of(kit.contract(tmp_path, TOOLS, ask + WHOLE.replace("VALUE", "form"))))
    assert "to (who receives it): what a person wrote in step form (steps.form.to)" in page
