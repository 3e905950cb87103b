"""What-if over recorded runs: each change of a flow, policy or schema has its class, and nothing outside is reached."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flowrun import wiring
from flowrun.app.workspace import load_workspace
from tests.acceptance.replay_kit import (
    CHANGED,
    FLOW,
    POLICY,
    REASON,
    TOOLS,
    edit,
    kinds,
    record,
    replayed,
    swap,
    write,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path)
    return tmp_path


def test_nothing_changed_is_the_same(folder: Path) -> None:
    record(folder, [10, 60, 600, 140, 30])  # done, approved, denied by its rule, approved, denied by the day's limit
    record(folder, [70], say="reject")
    record(folder, [55], say=None)
    report = replayed(folder)
    assert [(found.kind, found.text) for found in report.runs] == [("same", "")] * 7
    assert report.counts == {"same": 7}


def test_a_lower_limit_makes_people_say_yes(folder: Path) -> None:
    record(folder, [10, 40, 60, 30])
    edit(folder, shop_policy=swap(POLICY, "args.amount > 50,", "args.amount > 30,"))
    report = replayed(folder)
    assert kinds(report) == ["same", "needs_approval", "same", "same"]
    assert report.counts == {"same": 3, "needs_approval": 1}
    assert "would wait for leads" in report.runs[1].text and report.runs[1].path == "done"


def test_a_higher_limit_asks_nobody_any_more(folder: Path) -> None:
    record(folder, [10, 60])
    record(folder, [70], say=None)
    edit(folder, shop_policy=swap(POLICY, "args.amount > 50,", "args.amount > 90,"))
    assert kinds(replayed(folder)) == ["same", "no_longer_asks", "no_longer_asks"]


def test_another_approver_was_not_asked(folder: Path) -> None:
    record(folder, [10, 60])
    edit(
        folder,
        flowrun=(folder / "flowrun.yaml").read_text().replace("[ana, bo]}", "[ana, bo]}, boss: {members: [cleo]}"),
        shop_policy=swap(POLICY, "approver: leads", "approver: [leads, boss]"),
    )
    report = replayed(folder)
    assert kinds(report) == ["same", "needs_approval"] and "boss" in report.runs[1].text


def test_a_stricter_and_a_milder_rule(folder: Path) -> None:
    record(folder, [10, 600])
    edit(folder, shop_policy=swap(POLICY, "deny_when: args.amount > 500", "deny_when: args.amount < 20"))
    report = replayed(folder)
    # The second was denied and is: by the limit of the day now, which changes nothing.
    assert kinds(report) == ["denied_now", "same"]
    assert "then it was allowed" in report.runs[0].text


def test_a_rule_that_is_gone_allows(folder: Path) -> None:
    record(folder, [600])
    milder = swap(POLICY, "limit: 200", "limit: 2000")
    edit(folder, shop_policy=swap(milder, "deny_when: args.amount > 500", "deny_when: args.amount > 5000"))
    assert kinds(replayed(folder)) == ["needs_approval"]
    edit(
        folder,
        shop_policy=swap(
            swap(milder, "deny_when: args.amount > 500", "deny_when: args.amount > 5000"),
            "args.amount > 50,",
            "args.amount > 5000,",
        ),
    )
    report = replayed(folder)
    assert kinds(report) == ["allowed_now"] and "then it was denied" in report.runs[0].text


def test_a_window_is_judged_by_what_was_used_at_that_time(folder: Path) -> None:
    record(folder, [50, 50, 50, 50, 50])  # the fifth found no room
    assert kinds(replayed(folder)) == ["same"] * 5
    edit(folder, shop_policy=swap(POLICY, "limit: 200", "limit: 120"))
    assert kinds(replayed(folder)) == ["same", "same", "denied_now", "denied_now", "same"]
    edit(folder, shop_policy=swap(POLICY, "limit: 200", "limit: 250"))
    assert kinds(replayed(folder)) == ["same", "same", "same", "same", "allowed_now"]


def test_one_run_alone_sees_the_windows_of_all_others(folder: Path) -> None:
    runs = record(folder, [50, 50, 50, 50, 50])
    report = replayed(folder, run=runs[4])
    assert [(found.run, found.kind) for found in report.runs] == [(runs[4], "same")]


def test_another_prompt_needs_the_model(folder: Path) -> None:
    record(folder, [10, 60])
    edit(folder, shop_flow=swap(FLOW, "Why is", "Say in a word why"))
    report = replayed(folder)
    assert kinds(report) == ["needs_live_model_call"] * 2
    assert "Step why tells the model something else" in report.runs[0].text


def test_another_argument_is_another_effect(folder: Path) -> None:
    record(folder, [10])
    edit(folder, shop_flow=swap(FLOW, 'amount: "${{ input.amount }}", note', 'amount: "${{ input.amount + 1 }}", note'))
    report = replayed(folder)
    assert kinds(report) == ["other_effects"] and "amount 11" in report.runs[0].text


def test_a_stricter_schema_makes_records_and_answers_invalid(folder: Path) -> None:
    record(folder, [10])
    record_schema = folder / "schemas/records/changed/v1.json"
    record_schema.write_text(
        swap(CHANGED, '"reason": {"type": "string"}', '"reason": {"type": "string", "maxLength": 3}')
    )
    assert kinds(replayed(folder)) == ["not_valid_any_more"]
    record_schema.write_text(CHANGED)
    (folder / "schemas/records/reason/v1.json").write_text(
        swap(REASON, '{"type": "string"}', '{"type": "string", "maxLength": 3}')
    )
    report = replayed(folder)
    assert kinds(report) == ["needs_live_model_call"] and "not valid any more" in report.runs[0].text


def test_a_stricter_input_is_said(folder: Path) -> None:
    record(folder, [10, 60])
    edit(folder, shop_flow=swap(FLOW, "amount: {type: number}", "amount: {type: number, maximum: 20}"))
    assert kinds(replayed(folder)) == ["same", "not_valid_any_more"]


def test_another_record_names_the_fields(folder: Path) -> None:
    record(folder, [10])
    edit(folder, shop_flow=swap(FLOW, 'reason: "${{ steps.why.reason }}"}\n', 'reason: "${{ input.what }}"}\n'))
    report = replayed(folder)
    assert kinds(report) == ["other_record"]
    assert report.runs[0].text == ('The record changed@1 has other values: reason "w0", then "They asked for it."')


def test_what_nobody_recorded_cannot_be_told(folder: Path) -> None:
    record(folder, [10])
    edit(folder, shop_flow=swap(FLOW, 'with: {what: "${{ input.what }}"}}\n', 'with: {what: "x-${{ input.what }}"}}\n'))
    report = replayed(folder)
    assert kinds(report) == ["cannot_tell"] and "was not read then" in report.runs[0].text
    edit(folder, shop_flow=FLOW, shop_policy=swap(POLICY, 'what: "${{ args.what }}"', 'what: "y-${{ args.what }}"'))
    report = replayed(folder)
    assert kinds(report) == ["cannot_tell"] and "The fact seen of shop" in report.runs[0].text


def test_a_flow_that_is_gone_or_wrong_cannot_be_told(folder: Path) -> None:
    record(folder, [10])
    edit(folder, shop_flow=swap(FLOW, "output: changed@1", "output: gone@1"))
    report = replayed(folder)
    assert kinds(report) == ["cannot_tell"] and "The flow shop is wrong" in report.runs[0].text
    (folder / "shop.flow.yaml").unlink()
    report = replayed(folder)
    assert kinds(report) == ["cannot_tell"] and "There is no flow shop" in report.runs[0].text


def test_a_given_flow_file_is_the_one_that_is_tried(folder: Path) -> None:
    record(folder, [10])
    other = folder / "draft" / "shop.flow.yaml"
    other.parent.mkdir()
    other.write_text(swap(FLOW, "Why is", "Say why"), encoding="utf-8")
    (other.parent / "shop.policy.yaml").write_text(POLICY, encoding="utf-8")
    assert kinds(replayed(folder)) == ["same"]
    assert kinds(replayed(folder, flow=str(other))) == ["needs_live_model_call"]


def test_nothing_outside_is_reached_and_nothing_is_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*args: Any, **more: Any) -> Any:
        raise AssertionError("an adapter was reached")

    exploding = swap(
        swap(TOOLS, 'return {"what": what, "stock": 3}', 'raise SystemExit("reached")'),
        'return {"id": "T-" + what}',
        'raise SystemExit("reached")',
    )
    record(folder, [10, 60, 600])
    (folder / "shop.py").write_text(exploding, encoding="utf-8")
    for name in ("models", "tools"):
        monkeypatch.setattr(wiring, name, explode)
    edit(folder, shop_policy=swap(POLICY, "args.amount > 50,", "args.amount > 5,"))
    store = wiring.store_path(load_workspace(folder).store_url)
    before = store.read_bytes()
    assert kinds(replayed(folder)) == ["needs_approval", "same", "same"]
    assert store.read_bytes() == before


def test_only_runs_of_the_last_while_are_replayed(folder: Path) -> None:
    record(folder, [10])
    assert kinds(replayed(folder, since=3600.0)) == ["same"]
    assert kinds(replayed(folder, since=0.0)) == []


@pytest.mark.slow
def test_many_runs_are_replayed(folder: Path) -> None:
    record(folder, [10, 40, 60, 1] * 50)
    edit(
        folder,
        shop_policy=swap(swap(POLICY, "args.amount > 50,", "args.amount > 30,"), "limit: 200", "limit: 9999"),
    )
    report = replayed(folder)
    assert len(report.runs) == 200 and report.counts["needs_approval"] > 1
