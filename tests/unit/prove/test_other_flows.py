"""What a flow does through other flows: changed calls of them, stops in them, and limits that both have."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowrun.core.compiled import CompiledPlan
from flowrun.errors import InputError
from flowrun.prove.ask import answer
from tests.unit.prove.kit import gates, said
from tests.unit.prove.test_paths import flow, shown

PEOPLE = {"flowrun.yaml": "roles: {leads: {members: [Kim, Sam]}}\n"}
SUB = """\
flow: sub
version: 1
title: Do a part
owner: leads
input: {type: object, properties: {amount: {type: number, minimum: 0}}, required: [amount], additionalProperties: false}
output: done@1
tools: TOOLS
budget: {writes: 2}
steps:
  - id: inner
    call: pay.refund
    with: {customer_id: C-1, order_id: O-1, amount: "${{ input.amount }}", reason: x}
  - {id: end, record: done@1, with: {done: true}}
"""
CALL = "  - {id: s, call: flows.sub@1, with: {amount: 10}}\n"
PAID = "  - {id: p, call: pay.refund, with: {customer_id: C-2, order_id: O-2, amount: 10, reason: x}}\n"
A_DAY = "pay.refund: {at_most: {limit: 100, sum: args.amount, window: today}}"
POLICY = """\
policy: refunds
version: 1
rules:
  - {id: a_day, tools: [pay.refund], at_most: {limit: 100, sum: args.amount, window: today}}
"""


def two(
    folder: Path, steps: str, own: str, inner: str = "pay.refund: {}", more: dict[str, str] | None = None
) -> CompiledPlan:
    """Return a flow that calls another one."""
    sub = SUB.replace("TOOLS", f"{{{inner}}}")
    files = {"sub.flow.yaml": sub, **PEOPLE, **(more or {})}
    return flow(folder, steps, f"tools: {{{own}}}\n", files)


def test_a_person_may_change_the_call_of_another_flow(tmp_path: Path) -> None:
    compiled = two(tmp_path, CALL, "flows.sub@1: {approve_when: true, approver: leads}")
    assert shown(compiled, "pay.refund over 50 EUR").said == "yes"
    assert shown(compiled, "pay.refund when args.amount < 0").said == "no"
    fixed = two(tmp_path / "b", CALL, "flows.sub@1: {}")
    assert shown(fixed, "pay.refund over 50 EUR").said == "no"


def test_a_changed_call_keeps_what_the_flow_fixes(tmp_path: Path) -> None:
    call = "  - {id: s, call: flows.sub@1, with: {}}\n"
    compiled = two(tmp_path, call, "flows.sub@1: {bind: {amount: 10}, approve_when: true, approver: leads}")
    assert shown(compiled, "pay.refund over 10 EUR").said == "no"
    assert shown(compiled, "pay.refund over 9 EUR").said == "yes"


def test_who_changes_a_call_may_leave_out_what_need_not_be_given(tmp_path: Path) -> None:
    schema = "{amount: {type: number, minimum: 0}, note: {type: string}}"
    sub = SUB.replace("TOOLS", "{pay.refund: {}}").replace("{amount: {type: number, minimum: 0}}", schema)
    more = {"sub.flow.yaml": sub.replace("    call: pay", "    when: input.note is none\n    call: pay")}
    call = CALL.replace("amount: 10", "amount: 10, note: x")
    compiled = two(tmp_path, call, "flows.sub@1: {approve_when: true, approver: leads}", more=more)
    assert said(compiled, "pay.refund") == ["yes"]
    fixed = two(tmp_path / "b", call, "flows.sub@1: {}", more=more)
    assert said(fixed, "pay.refund") == ["no"]


def test_a_stop_in_another_flow_ends_that_one_alone(tmp_path: Path) -> None:
    block = "  - id: b\n    on_error: continue\n    parallel:\n      one:\n      " + CALL
    sub = SUB.replace("TOOLS", "{}").partition("  - id: inner")[0]
    more = {"sub.flow.yaml": sub + "  - {id: out, stop: failed, reason: No.}\n"}
    compiled = two(tmp_path, block + PAID, "flows.sub@1: {}, pay.refund: {}", more=more)
    assert shown(compiled, "pay.refund").said == "yes"
    own = block.replace("call: flows.sub@1, with: {amount: 10}", "stop: failed, reason: No.")
    assert shown(two(tmp_path / "b", own + PAID, "pay.refund: {}"), "pay.refund").said == "no"


def test_what_two_flows_may_pay_in_a_day_is_added_up(tmp_path: Path) -> None:
    call = CALL.replace("amount: 10", 'amount: "${{ input.amount }}"')
    compiled = two(tmp_path, call + PAID, f"flows.sub@1: {{}}, {A_DAY}", A_DAY)
    assert said(compiled, "pay.refund over 150 EUR in a day", "pay.refund over 199 EUR in a day") == ["cannot tell"] * 2
    both = answer(compiled, "pay.refund over 200 EUR in a day")
    assert both.said == "no" and {gate.source for gate in both.gates} == {"flow:main", "flow:sub"} and not both.each
    alone = two(tmp_path / "b", call + PAID, "flows.sub@1: {}, pay.refund: {}", A_DAY)
    assert said(alone, "pay.refund over 200 EUR in a day") == ["cannot tell"]


def test_a_rule_of_a_policy_adds_up_what_all_flows_pay(tmp_path: Path) -> None:
    call = CALL.replace("amount: 10", 'amount: "${{ input.amount }}"')
    config = PEOPLE["flowrun.yaml"] + "policies: [refunds.policy.yaml]\n"
    more = {"refunds.policy.yaml": POLICY, "flowrun.yaml": config}
    compiled = two(tmp_path, call + PAID, "flows.sub@1: {}, pay.refund: {}", more=more)
    found = answer(compiled, "pay.refund over 100 EUR in a day")
    assert (found.said, gates(found), found.each) == ("no", {"a_day.at_most"}, True)
    assert said(compiled, "pay.refund over 99 EUR in a day") == ["yes"]


def test_what_is_no_amount_is_no_question(tmp_path: Path) -> None:
    compiled = two(tmp_path, PAID, "pay.refund: {}")
    for question in ("pay.refund over 1.2.3 EUR", "pay.refund over 5. EUR", "writes > ²"):
        with pytest.raises(InputError) as told:
            answer(compiled, question)
        assert told.value.code == "FR3201"


def test_a_model_inside_flowrun_reads_marked_data_as_they_are(tmp_path: Path) -> None:
    steps = '  - {id: a, ask: "Mail of ${{ input.email }}: ${{ input.text }}", model: MODEL}\n'
    other = 'm: {provider: openai, model: x, price: {input: 1 USD, output: 1 USD, dated: "2026-01-01"}}'
    config = f"{PEOPLE['flowrun.yaml']}models: {{examples: {{provider: examples}}, {other}}}\n"
    more = {"flowrun.yaml": config + "privacy: {email: {to_model: deny}}\n"}
    question = "input.email reaches the model"
    for model, expected in (("examples", "yes"), ("m", "no"), ("[m, examples]", "yes")):
        compiled = two(tmp_path / model.strip("[]"), steps.replace("MODEL", model), "", more=more)
        assert said(compiled, question) == [expected], model
    never = two(tmp_path / "w", steps.replace("${{ input.email }}", "x").replace("MODEL", "examples"), "", more=more)
    assert said(never, question) == ["no"]
