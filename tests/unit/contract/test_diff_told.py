"""What a change hides from a person, which value of a table is another one, and that one wrong flow hides no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowrun.app.change import difference
from flowrun.cli.main import main
from flowrun.contract.changes.change import CHANGED, WIDENED, Change
from tests.unit.contract import kit

FORM = "{type: object, properties: {ok: {type: boolean}}, required: [ok], additionalProperties: false}"
NOTE = "  - {id: note, call: crm.add_note, with: {customer_id: C-1, text: T}, on_error: hand_off}\n"
TOOLS = "  crm.add_note: {at_most: 1}\n"


def ask(show: str, words: str = "Look.") -> str:
    return f"  - {{id: look, ask_person: '{words}', to: leads, show: {show}, answer: {FORM}, on_error: hand_off}}\n"


def changes(folder: Path, was: str, now: str, *, tools: str = TOOLS, **files: dict[str, str]) -> list[Change]:
    kit.write(folder / "old", kit.flow_text(tools, was), **_config(files.get("old", {})))
    kit.write(folder / "new", kit.flow_text(tools, now), **_config(files.get("new", {})))
    return list(difference(str(folder / "old" / "shop.flow.yaml"), str(folder / "new" / "shop.flow.yaml")).changes)


def _config(more: dict[str, str]) -> dict[str, str]:
    return {"config": kit.CONFIG + more["config"]} if "config" in more else {}


def test_who_decides_sees_less(tmp_path: Path) -> None:
    less = changes(tmp_path, ask("[input.text, input.email]") + NOTE, ask("[input.email]") + NOTE)
    assert [(one.kind, one.sure, one.text) for one in less] == [
        (WIDENED, False, "leads no longer sees input.text in step look.")
    ]
    more = changes(tmp_path, ask("[input.email]") + NOTE, ask("[input.text, input.email]") + NOTE)
    assert [(one.kind, one.text) for one in more] == [(CHANGED, "leads now also sees input.text in step look.")]
    assert changes(tmp_path, ask("[input.text, input.email]"), ask("[input.email, input.text]")) == []


def test_who_decides_is_no_longer_told_in_the_question(tmp_path: Path) -> None:
    found = changes(
        tmp_path, ask("[input.email]", "Pay ${{ input.amount }}?") + NOTE, ask("[input.email]", "Pay?") + NOTE
    )
    assert "leads no longer sees input.amount in step look." in [one.text for one in found if one.kind == WIDENED]
    moved = changes(
        tmp_path, ask("[input.email]", "Pay ${{ input.amount }}?"), ask("[input.email, input.amount]", "Pay?")
    )
    assert [one for one in moved if one.kind == WIDENED] == []


def test_a_table_says_which_value_is_another_one(tmp_path: Path) -> None:
    tools = '  crm.add_note: {at_most: 1, only_when: "input.amount <= tables.most[args.customer_id]", reason: R}\n'
    old, new = ({"config": f"tables: {{most: {{gold: {gold}, plain: 14}}}}\n"} for gold in (60, 500))
    found = changes(tmp_path, NOTE, NOTE, tools=tools, old=old, new=new)
    told = " ".join(one.text for one in found)
    assert "gold 60 -> 500" in told
    assert "plain" not in told.replace("plain 14", "plain")


def test_no_change_is_told_with_the_same_text_twice(tmp_path: Path) -> None:
    choose = (
        "  - id: amount\n    choose:\n      - when: input.amount > 5\n        steps: [{id: a, set: C-1}]\n"
        "      - otherwise: [{id: b, set: C-2}]\n"
    )
    note = NOTE.replace("C-1", "'${{ steps.amount }}'")
    for one in changes(tmp_path, choose + note, choose.replace("> 5", "> 9") + note):
        before, _, now = one.text.partition("; before: ")
        assert not now or now.rstrip(".") not in before, one.text
        assert "computed otherwise" in one.text


@pytest.mark.parametrize("text", ["flow: other\nversion: 1\n", "flow: other\n  - [", ""])
def test_a_wrong_flow_hides_nothing_of_the_others(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for side, steps in (("old", ask("[input.text]") + NOTE), ("new", NOTE)):
        kit.write(tmp_path / side, kit.flow_text(TOOLS, steps))
    other = kit.flow_text(TOOLS, NOTE).replace("flow: shop", "flow: other")
    (tmp_path / "old" / "other.flow.yaml").write_text(other, encoding="utf-8")
    (tmp_path / "new" / "other.flow.yaml").write_text(text, encoding="utf-8")
    assert main(["diff", str(tmp_path / "old"), str(tmp_path / "new"), "--fail-on", "widened"]) == 3
    told = capsys.readouterr()
    out = " ".join(told.out.split())
    assert "shop: No longer asks leads in step look: Look." in out
    assert "other: Perhaps: The flow other is wrong now, so what it may do cannot be told." in out
    assert "is gone" not in out
    assert "other.flow.yaml" in told.err
