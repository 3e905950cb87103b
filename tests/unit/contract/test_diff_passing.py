"""What must have gone well before a write, what may come into it, and limits, models and marks that only look the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowrun.app.change import difference
from flowrun.contract.changes.change import NARROWED, WIDENED, Change
from tests.unit.contract.kit import CONFIG, HEAD, flow_text, write

TOOLS = "  crm.lookup_customer: {}\n  crm.get_orders: {}\n  crm.add_note: {at_most: 1}\n"
NOTE = "  - {id: note, call: crm.add_note, with: {customer_id: C-1, text: '${{ input.text }}'}}\n"
SAFE = "{type: object, properties: {safe: {type: boolean}}, required: [safe], additionalProperties: false}"
CHECK = f"  - {{id: check, ask: 'Safe? ${{{{ input.text }}}}', answer: {SAFE}, only_when: steps.check.safe, reason: unsafe}}\n"
LOOK = "  - {id: orders, call: crm.get_orders, with: {customer_id: C-1}}\n"
WAIT = "  - {id: later, wait_for: 2d}\n"


def changes(folder: Path, was: str, now: str, **files: dict[str, str]) -> list[Change]:
    for side, text in (("old", was), ("new", now)):
        made = files.get(side, {})
        write(folder / side, text, config=made.pop("config", CONFIG), files=made)
    return list(difference(str(folder / "old" / "shop.flow.yaml"), str(folder / "new" / "shop.flow.yaml")).changes)


def widened(folder: Path, was: str, now: str, **files: dict[str, str]) -> list[str]:
    return [change.text for change in changes(folder, was, now, **files) if change.kind == WIDENED]


def of_steps(folder: Path, was: str, now: str) -> list[str]:
    return widened(folder, flow_text(TOOLS, was), flow_text(TOOLS, now))


@pytest.mark.parametrize(("guard", "name"), [(CHECK, "check"), (LOOK, "orders"), (WAIT, "later")])
def test_a_step_that_can_end_the_run_stands_behind_the_write_now(tmp_path: Path, guard: str, name: str) -> None:
    told = of_steps(tmp_path / "behind", guard + NOTE, NOTE + guard)
    assert told == [f"crm.add_note in step note may now be called though these have not gone well before it: {name}."]
    assert of_steps(tmp_path / "before", NOTE + guard, guard + NOTE) == []


def test_a_guard_that_only_some_runs_come_past_now(tmp_path: Path) -> None:
    some = LOOK.replace("call:", "when: input.amount > 50, call:")
    assert len(of_steps(tmp_path / "fewer", LOOK + NOTE, some + NOTE)) == 1
    told = of_steps(tmp_path / "more", some + NOTE, LOOK + NOTE)
    assert told == ["crm.get_orders may now be called in step orders in every run."]


def test_a_place_beside_it_without_the_guard_excuses_nothing(tmp_path: Path) -> None:
    other = NOTE.replace("id: note", "id: first")
    told = of_steps(tmp_path, other + LOOK + NOTE, other + NOTE + LOOK)
    assert len(told) == 1
    assert "in step note" in told[0]


def test_a_guard_in_another_loop(tmp_path: Path) -> None:
    looped = f"  - id: all\n    for_each: input.lines\n    steps:\n    {LOOK}"
    assert any("orders" in text for text in of_steps(tmp_path, LOOK + NOTE, looped + NOTE))


def test_a_failure_that_is_passed_over_keeps_nothing_out(tmp_path: Path) -> None:
    passed_over = LOOK.replace("}}\n", "}, on_error: continue}\n")
    assert of_steps(tmp_path, passed_over + NOTE, NOTE + passed_over) == []


def test_another_name_is_no_change_of_what_stands_before(tmp_path: Path) -> None:
    assert of_steps(tmp_path / "call", LOOK + NOTE, LOOK.replace("id: orders,", "id: found,") + NOTE) == []
    renamed = CHECK.replace("id: check", "id: sure").replace("steps.check", "steps.sure")
    assert of_steps(tmp_path / "ask", CHECK + NOTE, renamed + NOTE) == []


def test_another_name_and_no_check(tmp_path: Path) -> None:
    renamed = CHECK.replace("id: check", "id: sure").replace(", only_when: steps.check.safe, reason: unsafe", "")
    told = of_steps(tmp_path, CHECK + NOTE, renamed + NOTE)
    assert "The step check is gone, and with it what was asked of its value: the safe of step check." in told


def test_an_input_that_allows_more(tmp_path: Path) -> None:
    few = HEAD.replace("amount: {type: number}", "amount: {type: number, maximum: 50}")
    pay = "  - {id: pay, call: pay.refund, with: {customer_id: C-1, order_id: O-1, amount: '${{ input.amount }}', reason: x}}\n"
    tools = "  pay.refund: {at_most: 1}\n"
    was, now = flow_text(tools, pay, head=few), flow_text(tools, pay)
    assert widened(tmp_path / "more", was, now) == [
        "It takes another input, and it cannot be told whether it lets more through: amount."
    ]
    assert widened(tmp_path / "less", now, was) == []
    unread = pay.replace("'${{ input.amount }}'", "5")
    texts = widened(tmp_path / "unread", flow_text(tools, unread, head=few), flow_text(tools, unread))
    assert texts == [], "nothing looks at the amount"


def test_a_mark_whose_fields_models_may_see(tmp_path: Path) -> None:
    config = f"{CONFIG}privacy: {{email: {{to_model: deny}}}}\n"
    ask = "  - {id: read, ask: 'Who? ${{ input.email }}', model: small}\n"
    was = flow_text("  {}\n", ask)
    now = was.replace("x-pii: email", "x-pii: name")
    told = widened(tmp_path, was, now, old={"config": config}, new={"config": config})
    assert told == ["input.email, which reaches the model small, is marked name instead of email."]


def test_another_model_at_the_same_place(tmp_path: Path) -> None:
    config = CONFIG.replace("model: mini", "model: mini, base_url: 'http://127.0.0.1:9/v1'")
    other = config.replace("model: mini", "model: large")
    ask = flow_text("  {}\n", "  - {id: read, ask: Who?, model: small}\n")
    told = widened(tmp_path, ask, ask, old={"config": config}, new={"config": other})
    assert len(told) == 1
    assert "large" in told[0]


def test_a_customer_who_is_no_longer_halted(tmp_path: Path) -> None:
    halted = f"{CONFIG}halt: {{subjects: [ana@example.com]}}\n"
    text = flow_text(TOOLS, NOTE)
    assert widened(tmp_path, text, text, old={"config": halted}) == ["No longer halted: ana@example.com."]


def test_a_limit_of_a_policy_that_a_flow_keeps_for_itself_now(tmp_path: Path) -> None:
    policy = (
        "policy: day\nversion: 1\n"
        "rules: [{id: few, tools: crm.add_note, at_most: {limit: 3, window: today}, reason: few}]\n"
    )
    tools = "  crm.add_note: {at_most: {limit: 3, window: today}, reason: few}\n"
    old = {"config": f"{CONFIG}policies: [day.policy.yaml]\n", "day.policy.yaml": policy}
    was, now = flow_text("  crm.add_note: {}\n", NOTE), flow_text(tools, NOTE)
    assert widened(tmp_path / "out", was, now, old=dict(old)) == ["The policy day no longer holds for this flow."]
    assert widened(tmp_path / "in", now, was, new=dict(old)) == []


def test_a_write_that_only_says_it_is_a_read(tmp_path: Path) -> None:
    code = 'from flowrun import tool\n\n\n@tool(effect=EFFECT)\ndef go(id: str) -> dict[str, str]:\n    """Go."""\n    return {}\n'
    files = {side: {"my.py": code.replace("EFFECT", f'"{effect}"'), "my.tools.yaml": "tools: my\nadapter: python\nsource: my.py\n",
                    "config": f"{CONFIG}tools: [my.tools.yaml]\n"}
             for side, effect in (("old", "write"), ("new", "read"))}  # fmt: skip
    text = flow_text("  my.go: {}\n", "  - {id: go, call: my.go, with: {id: x}}\n")
    found = changes(tmp_path, text, text, **files)
    assert [(one.text, one.sure) for one in found if one.kind == WIDENED] == [
        ("my.go counts as a read now, and was a write.", False)
    ]
    assert [one.text for one in found if one.kind == NARROWED] == []
