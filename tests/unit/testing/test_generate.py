"""Generated cases: they touch what no test touches, say what really happens, and are the same each time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flowrun.app.coverage import run_covered
from flowrun.app.generate import generate
from flowrun.app.tests import run_tests
from flowrun.app.workspace import Workspace, load_workspace
from flowrun.errors import InputError
from flowrun.lang.parse import parse_test
from flowrun.lang.source import Source
from flowrun.testing.generate import yaml_text
from tests.unit.testing.kit import schema

FLOW = """
flow: refunds
version: 1
owner: leads
input:
  type: object
  properties: {id: {type: string}, email: {type: string, format: email}, order: {type: string}}
  required: [id, email, order]
output: refund@1
tools:
  crm.lookup_customer: {}
  crm.get_orders: {bind: {customer_id: "${{ steps.who.customer_id }}"}}
  pay.refund:
    at_most: 1
    bind: {customer_id: "${{ steps.who.customer_id }}", order_id: "${{ input.order }}"}
budget: {writes: 3, tool_calls: 9, model_calls: 9}
steps:
  - id: who
    call: crm.lookup_customer
    with: {email: "${{ input.email }}"}
    on_error: hand_off
  - id: orders
    call: crm.get_orders
    on_error: hand_off
  - id: late
    wait_for: 1d
  - id: act
    ask: Pay it back.
    tools: [pay.refund]
    on_error: continue
  - id: out
    record: refund@1
    with: {paid: "${{ calls.pay.refund.last is not none }}"}
"""
POLICY = """
policy: refunds
version: 1
facts:
  history: {call: crm.get_orders, with: {customer_id: "${{ args.customer_id }}"}}
rules:
  - {id: theirs, tools: pay.refund, only_when: 'facts.history.orders | any(order_id=args.order_id)', reason: Not theirs.}
  - id: in_time
    tools: pay.refund
    only_when: 'age((facts.history.orders | select(order_id=args.order_id) | first).placed_at) <= days(14)'
    reason: Too late.
  - {id: known, tools: pay.refund, needs_before: [crm.lookup_customer], reason: Look first.}
  - {id: same, tools: pay.refund, only_when: args.customer_id == calls.crm.lookup_customer.last.output.customer_id, reason: R.}
  - {id: lead, tools: pay.refund, approve_when: 'args.amount > money("50 EUR")', approver: leads, reason: Much.}
  - {id: daily, tools: pay.refund, at_most: {limit: 500 EUR, sum: args.amount, per: args.customer_id, window: today}}
"""


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    schema(tmp_path, "refund", '{"paid": {"type": "boolean"}}', '["paid"]')
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "refunds.flow.yaml").write_text(FLOW, encoding="utf-8")
    (tmp_path / "flows" / "refunds.policy.yaml").write_text(POLICY, encoding="utf-8")
    return load_workspace(tmp_path)


def test_from_no_test_at_all_nearly_everything_is_touched(ws: Workspace, tmp_path: Path) -> None:
    made = generate(ws, "refunds")
    assert (made.tried_before, made.tried) == (0, made.all), [point.what for point in made.missing]
    (tmp_path / "flows" / "all.test.yaml").write_text(made.text, encoding="utf-8")
    results, (found,) = run_covered(ws, [str(tmp_path / "flows")])
    assert [result.messages for result in results if not result.ok] == []
    assert found.percent == 100 and len(results) == made.tests + made.cases
    again = generate(ws, "refunds")
    assert (again.text, again.tests, again.cases) == ("", 0, 0)


@pytest.mark.slow
def test_it_is_the_same_each_time(ws: Workspace, tmp_path: Path) -> None:
    made = set()
    for seed in ("1", "2"):
        words = [sys.executable, "-m", "flowrun", "test", "--generate", "refunds", "--workspace", str(tmp_path)]
        # Sets of texts have another order in each process.
        done = subprocess.run(
            words, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        )
        made.add(done.stdout)
    assert made == {generate(ws, "refunds").text}


def test_what_is_tried_already_is_not_tried_again(ws: Workspace, tmp_path: Path) -> None:
    whole = generate(ws, "refunds")
    first = whole.text[: whole.text.index("  - test:", whole.text.index("  - test:") + 1)]
    (tmp_path / "flows" / "well.test.yaml").write_text(first, encoding="utf-8")
    more = generate(ws, "refunds")
    assert 0 < more.tried_before < more.tried == whole.tried
    assert "everything goes well" in first and "everything goes well" not in more.text.replace("# everything", "")
    assert generate(ws, "refunds", fresh=True).text == whole.text


def test_a_case_says_what_happened_and_what_it_is_for(ws: Workspace) -> None:
    text = generate(ws, "refunds").text
    assert text.startswith("# Generated: each test says what really happened when it was run. Check whether ")
    asks = text[text.index('  - test: "lead: asks') :]
    asks = asks[: asks.index("  - ", 5)]
    assert "# lead: asks (refunds.policy.yaml:" in asks
    assert "decisions: {pay.refund: {approve: lead}}" in asks and "asked: {act: [leads]}" in asks
    assert "calls: {pay.refund: 1}" in asks
    case = text[text.index("  - policy: refunds\n    # daily: is full") :]
    assert "expect: deny\n    by: daily" in case


def test_expectations_can_fail(ws: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "flows" / "all.test.yaml"
    file.write_text(generate(ws, "refunds").text, encoding="utf-8")
    policy = tmp_path / "flows" / "refunds.policy.yaml"
    policy.write_text(POLICY.replace("50 EUR", "5000 EUR"), encoding="utf-8")
    failed = [result for result in run_tests(ws, [str(file)]) if not result.ok]
    assert any("lead: asks" in result.name for result in failed)


def test_an_input_that_cannot_be_made_is_told(ws: Workspace, tmp_path: Path) -> None:
    flow = tmp_path / "flows" / "refunds.flow.yaml"
    flow.write_text(FLOW.replace("id: {type: string}", 'id: {type: string, pattern: "(?=x)y"}'), encoding="utf-8")
    with pytest.raises(InputError, match="No input of refunds can be made") as caught:
        generate(ws, "refunds")
    assert caught.value.code == "FR3302"


@pytest.mark.parametrize(
    "value",
    [
        {
            "a": "yes",
            "b": "no",
            "c": "null",
            "d": "1e3",
            "e": "2026-01-01",
            "f": "a: b",
            "g": "x #y",
            "h": "",
            "i": " x",
        },
        {"long": ["x" * 90, "y" * 90, {"z": "w" * 90}], "empty": {}, "none": None, "numbers": [1, 1.5, -0.0, True]},
        {"deep": {"deeper": [{"a": "q" * 150, "b": {"c": ["r" * 100]}}]}, "text": "two\nlines", "quote": "'\"${{ x }}"},
        {"- x": "-", "?": "!", "&a": "*b", "@c": "`d", "%": "|", "key: x": ">", "~": "0x10", "1": "=", "on": "0o7"},
    ],
)
def test_data_comes_back_as_it_was(value: dict[str, object]) -> None:
    lines = ["test: t", "flow: f", "expect: {}", "given:", "  input:", *yaml_text.lines(value, 4)]
    test, findings = parse_test(Source("t.test.yaml", "\n".join(lines)))
    assert findings == [] and test is not None and not hasattr(test, "tests")
    assert test.input == value
