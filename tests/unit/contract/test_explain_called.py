"""What a flow that is called does with its input is told as what the calling flow hands in, wherever that comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowrun.app.change import difference
from flowrun.contract.changes.change import WIDENED
from flowrun.contract.model import Contract, Source
from flowrun.plan import marks
from tests.unit.contract import kit

CHILD = (
    "flow: note\nversion: 1\nowner: leads\n"
    "input: {type: object, properties: {who: {type: string, format: email}, say: {type: boolean}}, required: [who, say],"
    " additionalProperties: false}\n"
    "output: done@1\nbudget: {writes: 1}\nsubject: input.who\ntools: {mail.send: {at_most: 1}}\nsteps:\n"
    "  - {id: n, when: input.say, call: mail.send, with: {to: '${{ input.who }}', subject: S, body: B}}\n"
    "  - {id: r, record: done@1, with: {done: true}}\n"
)
READ = (
    "  - id: guess\n    ask: 'Who shall get it? ${{ input.text }}'\n    on_error: hand_off\n"
    "    answer: {type: object, properties: {who: {type: string, format: email}, say: {type: boolean}}, required: [who, say],"
    " additionalProperties: false}\n"
)
FILES = {"note.flow.yaml": CHILD}
TOOLS = "  flows.note@1: {}\n"


def call(given: str) -> str:
    return f"  - {{id: sub, call: flows.note@1, with: {given}, on_error: hand_off}}\n"


def recipient(contract: Contract) -> Source:
    use = next(use for use in contract.uses if use.tool == "mail.send")
    return next(one for one in use.arguments if one.role == marks.RECIPIENT).sources[0]


@pytest.mark.parametrize(
    ("given", "by", "reached"),
    [
        ("{who: '${{ steps.guess.who }}', say: true}", "model", True),
        ("'${{ steps.guess }}'", "model", True),
        ("{who: '${{ input.email }}', say: true}", "subject", False),
        ("{who: desk@example.com, say: true}", "fixed", False),
    ],
)
def test_who_receives_what_a_called_flow_sends(tmp_path: Path, given: str, by: str, reached: bool) -> None:
    found = recipient(kit.contract(tmp_path, TOOLS, READ + call(given), files=FILES))
    assert (found.by, bool(found.way)) == (by, reached)
    assert found.words.startswith("what the calling flow hands in (input.who): ")


def test_another_value_that_is_handed_in_is_a_change_of_what_the_called_flow_does(tmp_path: Path) -> None:
    kit.write(
        tmp_path / "old", kit.flow_text(TOOLS, READ + call("{who: '${{ input.email }}', say: false}")), files=FILES
    )
    kit.write(
        tmp_path / "new", kit.flow_text(TOOLS, READ + call("{who: '${{ steps.guess.who }}', say: true}")), files=FILES
    )
    found = difference(str(tmp_path / "old" / "shop.flow.yaml"), str(tmp_path / "new" / "shop.flow.yaml")).changes
    told = {change.text.partition(" that is")[0]: change.sure for change in found if change.kind == WIDENED}
    assert told.pop("mail.send may now reach a recipient (to)") is True
    assert any(text.startswith("say of flows.note") and not sure for text, sure in told.items()), told


def test_a_part_that_only_joins_others_still_decides(tmp_path: Path) -> None:
    tools = "  crm.lookup_customer: {}\n  mail.send: {at_most: 1}\n"
    mail = "  - {id: mail, call: mail.send, with: {to: '${{ VALUE }}', subject: S, body: B}, on_error: hand_off}\n"
    pieces = READ + mail.replace("VALUE", '["a@example.com", "b@example.com"] | join(steps.guess.who)')
    assert recipient(kit.contract(tmp_path, tools, pieces)).by == "model"
