"""Values handed on as a whole, out of loops and through other flows: what is not followed may be anything, never nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowrun.core.compiled import CompiledPlan
from flowrun.prove.ask import answer
from tests.unit.prove.kit import said
from tests.unit.prove.test_paths import NOTES, flow, shown

CONFIG = """\
models: {m: {provider: openai, model: x, price: {input: 1 USD, output: 1 USD, dated: "2026-01-01"}}}
roles: {leads: {members: [Kim, Sam]}}
"""
PAID = (
    "{customer_id: {type: string, minLength: 1}, order_id: {type: string, minLength: 1}, "
    "amount: {type: number, exclusiveMinimum: 0, multipleOf: 0.01}, reason: {type: string, minLength: 1}}"
)
REFUND = f"{{type: object, properties: {PAID}, required: [customer_id, order_id, amount, reason]}}"
REFUND = REFUND[:-1] + ", additionalProperties: false}"
MAIL = (
    "{type: object, properties: {to: {type: string, format: email, maxLength: 254}, "
    "subject: {type: string, minLength: 1, maxLength: 100}, body: {type: string, minLength: 1, maxLength: 500}}, "
    "required: [to, subject, body], additionalProperties: false}"
)
MODEL = f"  - {{id: w, ask: Who shall get it?, model: m, answer: {MAIL}}}\n"


def made(folder: Path, steps: str, tools: str = NOTES) -> CompiledPlan:
    return flow(folder, steps, tools, {"flowrun.yaml": CONFIG})


def test_a_call_takes_over_all_that_somebody_answered(tmp_path: Path) -> None:
    steps = f"""\
  - {{id: w, ask_person: Which?, to: leads, answer: {REFUND}}}
  - {{id: p, call: pay.refund, with: "${{{{ steps.w }}}}"}}
"""
    assert shown(made(tmp_path, steps), "pay.refund over 500 EUR").said == "yes"
    assert shown(made(tmp_path, steps), "pay.refund without ask_person").said == "no"


@pytest.mark.parametrize(
    "whole",
    [
        "${{ steps.w }}",
        "${{ steps.other.it }}",
        "${{ steps.w if input.vip else steps.w }}",
        "${{ steps.side.one }}",
        "${{ steps.way }}",
        "${{ [steps.w] | first | default(steps.w) }}",
        "${{ steps.w | default(steps.w) }}",
    ],
)
def test_a_call_takes_over_all_that_a_model_answered(whole: str, tmp_path: Path) -> None:
    steps = (
        MODEL
        + """\
  - {id: other, set: {it: "${{ steps.w }}"}}
  - id: side
    parallel:
      one: [{id: o, set: "${{ steps.w }}"}]
      two: [{id: t, set: 1}]
  - id: way
    choose:
      - when: input.vip
        steps: [{id: a, set: "${{ steps.w }}"}]
      - otherwise: [{id: b, set: "${{ steps.other.it }}"}]
"""
        + f'  - {{id: s, call: mail.send, with: "{whole}"}}\n'
    )
    compiled = made(tmp_path, steps)
    for question in (
        "mail.send with to chosen by the model",
        "mail.send with to from the message",
        "mail.send with to unbound",
        'mail.send when args.subject == "Pay now" without approval',
    ):
        assert shown(compiled, question).said == "yes", question


def test_a_person_may_change_a_call_that_was_handed_over_as_a_whole(tmp_path: Path) -> None:
    steps = MODEL + '  - {id: s, call: mail.send, with: "${{ steps.w }}"}\n'
    tools = NOTES.replace("mail.send: {}", "mail.send: {approve_when: args.subject == 'Hi', approver: leads}")
    compiled = made(tmp_path, steps, tools)
    assert said(compiled, "mail.send when args.subject == 'Hi' without approval") == ["no"]
    assert said(compiled, "mail.send without approval") == ["yes"]


SUB = """\
flow: sub
version: 1
title: Sub
owner: leads
input:
  type: object
  properties:
    email: {type: string, format: email, x-pii: email}
    text: {type: string, maxLength: 100, x-pii: free_text}
    amount: {type: number, exclusiveMinimum: 0, x-money: EUR}
    vip: {type: boolean}
    lines: {type: array, maxItems: 9, items: {type: string, minLength: 1, maxLength: 50}}
  required: [email, text, amount, vip, lines]
  additionalProperties: false
output: result@1
tools: {mail.send: {}}
budget: {cost: 1 USD, model_calls: 3, tool_calls: 9, writes: 2, within: 1m}
steps:
"""
WHOLE = '  - {id: kid, call: flows.sub@1, with: "${{ input }}"}\n'
TOOLS = "tools: {flows.sub@1: {}, mail.send: {}}\n"


def sub_flow(folder: Path, inner: str, steps: str = WHOLE) -> CompiledPlan:
    result = '{"type": "object", "properties": {"to": {"type": "string"}}, "required": ["to"], "additionalProperties": false}'
    more = {"flowrun.yaml": CONFIG, "sub.flow.yaml": SUB + inner, "schemas/records/result/v1.json": result}
    return flow(folder, steps, TOOLS, more)


def test_another_flow_gets_the_input_as_a_whole(tmp_path: Path) -> None:
    inner = """\
  - {id: m, call: mail.send, with: {to: "${{ input.email }}", subject: S, body: B}}
  - {id: end, record: result@1, with: {to: "${{ input.email }}"}}
"""
    compiled = sub_flow(tmp_path, inner)
    questions = ("mail.send without approval", "mail.send more than 0 times", "mail.send with to from the message")
    assert said(compiled, *questions) == ["yes", "yes", "yes"]
    assert (
        said(compiled, "mail.send with to chosen by the model", "mail.send when args.to != input.email") == ["no"] * 2
    )


def test_what_another_flow_hands_back_is_what_went_into_its_record(tmp_path: Path) -> None:
    inner = MODEL + '  - {id: end, record: result@1, with: {to: "${{ steps.w.to }}"}}\n'
    steps = WHOLE + '  - {id: s, call: mail.send, with: {to: "${{ steps.kid.to }}", subject: S, body: B}}\n'
    compiled = sub_flow(tmp_path, inner, steps)
    assert said(compiled, "mail.send with to chosen by the model") == ["yes"]
    inner = '  - {id: end, record: result@1, with: {to: "${{ input.email }}"}}\n'
    steps = WHOLE + '  - {id: q, ask: "To ${{ steps.kid.to }}", model: m}\n'
    compiled = sub_flow(tmp_path, inner, steps)
    assert said(compiled, "input.email reaches the model", "input.text reaches the model") == ["yes", "no"]


def test_a_flow_that_another_one_calls_knows_its_own_name(tmp_path: Path) -> None:
    inner = """\
  - {id: m, when: run.flow == "sub", call: mail.send, with: {to: "${{ input.email }}", subject: S, body: B}}
  - {id: end, record: result@1, with: {to: "${{ input.email }}"}}
"""
    compiled = sub_flow(tmp_path, inner, WHOLE.replace("id: kid", "id: kid, when: run.flow == 'main'"))
    assert said(compiled, "mail.send without approval") == ["yes"]


def test_what_a_loop_made_is_made_of_what_its_steps_saw(tmp_path: Path) -> None:
    steps = """\
  - id: each
    for_each: input.lines
    steps: [{id: e, set: {mail: "${{ input.email }}", line: "${{ item }}"}}]
  - {id: q, ask: "All: ${{ steps.each }}", model: m}
"""
    compiled = made(tmp_path, steps)
    questions = [f"{path} reaches the model" for path in ("input.email", "input.lines", "steps.e.mail", "input.text")]
    assert said(compiled, *questions)[:2] == ["yes", "yes"]
    assert said(compiled, questions[2])[0] != "no"
    assert said(compiled, questions[3]) == ["no"]


def test_an_item_of_a_list_is_a_part_of_it(tmp_path: Path) -> None:
    steps = """\
  - {id: who, call: crm.lookup_customer, with: {email: "${{ input.email }}"}}
  - id: each
    for_each: steps.who.last_tickets
    steps: [{id: q, ask: "Is this fine? ${{ item.summary }}", model: m}]
"""
    compiled = made(tmp_path, steps)
    assert answer(compiled, "crm.lookup_customer.last_tickets reaches the model").said != "no"
    assert answer(compiled, "steps.who.last_tickets.summary reaches the model").said != "no"
    assert answer(compiled, "crm.lookup_customer.plan reaches the model").said == "no"


def test_what_a_call_in_a_loop_returned_reaches_a_later_prompt(tmp_path: Path) -> None:
    steps = """\
  - id: each
    for_each: input.lines
    steps: [{id: who, call: crm.lookup_customer, with: {email: "${{ input.email }}"}}]
  - {id: q, ask: "Last: ${{ calls.crm.lookup_customer.last.output.name }}", model: m}
"""
    assert answer(made(tmp_path, steps), "crm.lookup_customer.name reaches the model").said != "no"


def test_a_model_that_answers_for_each_item_chooses(tmp_path: Path) -> None:
    steps = f"""\
  - id: each
    for_each: input.lines
    steps: [{{id: w, ask: "Who is meant by ${{{{ item }}}}?", model: m, answer: {MAIL}}}]
"""
    to = "${{ (steps.each | first).to | default('boss@example.com') }}"
    call = f'  - {{id: s, call: mail.send, with: {{to: "{to}", subject: S, body: B}}}}\n'
    assert shown(made(tmp_path, steps + call), "mail.send with to chosen by the model").said == "yes"
    fixed = call.replace(to, "boss@example.com")
    assert shown(made(tmp_path, steps + fixed), "mail.send with to chosen by the model").said == "no"
