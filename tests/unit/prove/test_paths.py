"""Ways through blocks, loops, other flows, waits and people: what they let happen, each yes played on the real runtime."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowrun.core.compiled import CompiledPlan
from flowrun.prove.answers import Answer
from flowrun.prove.ask import answer
from tests.unit.prove.kit import calls_in, gates, played, said, written

HEAD = """\
flow: main
version: 1
title: Do something
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
output: done@1
subject: input.email
budget: {cost: 5 USD, model_calls: 9, tool_calls: 20, writes: 9, within: 2m}
"""
DONE = '{"type": "object", "properties": {"done": {"type": "boolean"}}, "required": ["done"]}'
NOTES = "tools: {crm.add_note: {}, crm.lookup_customer: {}, mail.send: {}, pay.refund: {}}\n"
LOOK = """\
  - id: who
    call: crm.lookup_customer
    with: {email: "${{ input.email }}"}
"""
KNOWN = """\
  - id: known
    choose:
      - when: steps.who is none
        steps:
          - {id: none, record: done@1, with: {done: false}}
          - {id: bye, stop: rejected, reason: Unknown.}
      - otherwise:
          - {id: ok, set: true}
"""
END = "  - {id: end, record: done@1, with: {done: true}}\n"


def flow(
    folder: Path, steps: str, tools: str = NOTES, more: dict[str, str] | None = None, head: str = HEAD
) -> CompiledPlan:
    text = f"{head}{tools}steps:\n{steps}{END}"
    files = {"main.flow.yaml": text, "schemas/records/done/v1.json": DONE, **(more or {})}
    return written(folder, files, "main.flow.yaml")


def shown(compiled: CompiledPlan, question: str) -> Answer:
    """Ask, and play the story of a yes."""
    found = answer(compiled, question)
    if found.said == "yes" and found.question.kind == "call":
        made = calls_in(played(compiled, found), found.question.tool)
        assert found.did is not None and found.did.data in made
        assert len(made) > (found.question.most or 0)
    return found


NOTE = """\
  - id: note
    call: crm.add_note
    with: {customer_id: '${{ steps.who.customer_id | default("C-0") }}', text: "${{ input.text }}"}
"""


def test_a_branch_keeps_a_call_from_others(tmp_path: Path) -> None:
    steps = (
        LOOK
        + """\
  - id: way
    choose:
      - when: input.vip
        steps:
          - id: paid
            call: pay.refund
            with: {customer_id: C, order_id: O, amount: "${{ input.amount }}", reason: "${{ input.text }}"}
      - otherwise:
          - {id: no_pay, set: true}
"""
    )
    compiled = flow(tmp_path, steps)
    assert shown(compiled, "pay.refund when steps.who is none").said == "yes"
    never = shown(compiled, "pay.refund when input.vip == false")
    assert (never.said, gates(never)) == ("no", {"way.choose"})
    assert shown(compiled, "pay.refund over 900 EUR").said == "yes"
    assert shown(compiled, "pay.refund with amount from the message").said == "yes"
    assert shown(compiled, "pay.refund with amount chosen by the model").said == "no"
    assert shown(compiled, "pay.refund with order_id from the message").said == "no"
    assert shown(compiled, "pay.refund more than once").said == "no"
    assert shown(compiled, "pay.refund without crm.lookup_customer before").said == "no"


def test_what_a_failed_step_is_handed_to_a_person_for_counts_as_no_call(tmp_path: Path) -> None:
    handed = (LOOK + NOTE).replace(
        'with: {email: "${{ input.email }}"}', 'with: {email: "${{ input.email }}"}\n    on_error: hand_off'
    )
    assert shown(flow(tmp_path, handed), "crm.add_note without crm.lookup_customer before").said == "yes"
    assert shown(flow(tmp_path, LOOK + NOTE), "crm.add_note without crm.lookup_customer before").said == "no"
    going = (LOOK + NOTE).replace(
        'with: {email: "${{ input.email }}"}', 'with: {email: "${{ input.email }}"}\n    on_error: continue'
    )
    assert shown(flow(tmp_path, going), "crm.add_note without crm.lookup_customer before").said == "yes"


def test_a_loop_calls_as_often_as_it_has_items(tmp_path: Path) -> None:
    steps = """\
  - id: each
    for_each: input.lines
    steps:
      - {id: line, call: crm.add_note, with: {customer_id: C-1, text: "${{ item }}"}}
"""
    compiled = flow(tmp_path, steps)
    assert shown(compiled, "crm.add_note more than 4 times").said == "yes"
    assert shown(compiled, "crm.add_note with text from the message").said == "yes"
    most = shown(compiled, "crm.add_note more than 9 times")
    assert (most.said, gates(most)) == ("no", {"budget.writes"})
    limited = NOTES.replace("crm.add_note: {}", "crm.add_note: {at_most: 3}")
    few = shown(flow(tmp_path, steps, limited), "crm.add_note more than 3 times")
    assert (few.said, gates(few)) == ("no", {"crm.add_note.at_most"})


def test_calls_side_by_side_do_not_see_each_other(tmp_path: Path) -> None:
    both = """\
  - id: both
    parallel:
      one: [{id: a, call: crm.add_note, with: {customer_id: C-1, text: one}}]
      two: [{id: b, call: mail.send, with: {to: "${{ input.email }}", subject: S, body: B}}]
"""
    assert shown(flow(tmp_path, both), "mail.send without crm.add_note before").said == "yes"
    after = both + '  - {id: c, call: mail.send, with: {to: "a@example.com", subject: S, body: B}}\n'
    assert (
        shown(flow(tmp_path, after), "mail.send when args.to != input.email and calls.crm.add_note.last is none").said
        == "no"
    )
    assert shown(flow(tmp_path, after), "mail.send more than twice").said == "no"
    assert shown(flow(tmp_path, after), "mail.send more than once").said == "yes"


def test_a_person_may_change_the_call_that_they_are_asked_about(tmp_path: Path) -> None:
    steps = "  - {id: p, call: pay.refund, with: {customer_id: C, order_id: O, amount: 10, reason: R}}\n"
    asked = NOTES.replace("pay.refund: {}", "pay.refund: {approve_when: true, approver: leads}")
    found = shown(flow(tmp_path, steps, asked), "pay.refund over 400 EUR")
    assert found.said == "yes" and found.drive is not None
    assert any(did.what == "edits" for did in found.drive.done)
    bound = NOTES.replace("pay.refund: {}", "pay.refund: {approve_when: true, approver: leads, bind: {amount: 10}}")
    assert shown(flow(tmp_path, steps.replace("amount: 10, ", ""), bound), "pay.refund over 400 EUR").said == "no"
    nobody = NOTES.replace(
        "pay.refund: {}", 'pay.refund: {approve_when: args.amount > money("50 EUR"), approver: leads}'
    )
    assert shown(flow(tmp_path, steps, nobody), "pay.refund over 400 EUR").said == "no"


SUB = """\
flow: sub
version: 1
title: Sub
owner: leads
input: {type: object, properties: {text: {type: string, maxLength: 100}}, required: [text], additionalProperties: false}
output: done@1
tools: {crm.add_note: {approve_when: 'args.text != "fine"', approver: leads}}
budget: {writes: 2}
steps:
  - {id: inner, call: crm.add_note, with: {customer_id: C-1, text: "${{ input.text }}"}}
  - {id: end, record: done@1, with: {done: true}}
"""


def test_what_another_flow_may_do_counts(tmp_path: Path) -> None:
    tools = "tools: {flows.sub@1: {}, crm.lookup_customer: {}}\n"
    steps = '  - {id: s, call: flows.sub@1, with: {text: "${{ input.text }}"}}\n'
    more = {"sub.flow.yaml": SUB, "flowrun.yaml": "roles: {leads: {members: [Kim]}}\n"}
    compiled = flow(tmp_path, steps, tools, more)
    found = answer(compiled, "crm.add_note without approval")
    assert found.said == "yes" and found.did is not None and found.did.data["text"] == "fine"
    never = answer(compiled, 'crm.add_note when args.text != "fine" without approval')
    assert (never.said, gates(never)) == ("no", {"crm.add_note.approve_when"})
    other = flow(tmp_path, steps.replace("${{ input.text }}", "not fine"), tools, more)
    assert said(other, "crm.add_note without approval", "flows.sub without approval") == ["no", "yes"]


def test_a_wait_brings_what_somebody_sent(tmp_path: Path) -> None:
    event = '{"type": "object", "properties": {"who": {"type": "string", "format": "email"}}, "required": ["who"]}'
    steps = """\
  - {id: reply, wait_for: replied@1, key: input.text, within: 3d, on_error: continue}
  - id: m
    when: steps.reply is not none
    call: mail.send
    with: {to: '${{ steps.reply.who | default("a@example.com") }}', subject: S, body: B}
"""
    compiled = flow(tmp_path, steps, more={"schemas/records/replied/v1.json": event})
    assert shown(compiled, "mail.send with to from the message").said == "yes"
    assert shown(compiled, "mail.send with to chosen by the model").said == "no"
    assert shown(compiled, "mail.send when steps.reply is none").said == "no"


def test_who_is_asked_first_must_have_answered(tmp_path: Path) -> None:
    form = "{type: object, properties: {go: {type: boolean}}, required: [go], additionalProperties: false}"
    person = f"  - {{id: look, ask_person: Is this fine?, to: leads, answer: {form}, only_when: steps.look.go}}\n"
    assert shown(flow(tmp_path, LOOK + person + NOTE), "crm.add_note without ask_person").said == "no"
    late = person.replace("to: leads,", "to: leads, within: 1d, on_error: continue,")
    assert shown(flow(tmp_path, LOOK + late + NOTE), "crm.add_note without ask_person").said == "yes"
    when = person.replace("{id: look,", "{id: look, when: input.vip,")
    assert shown(flow(tmp_path, LOOK + when + NOTE), "crm.add_note without ask_person").said == "yes"


def test_a_record_that_may_be_missing_is_found(tmp_path: Path) -> None:
    assert said(flow(tmp_path, LOOK + KNOWN), "completed without record") == ["no"]


def test_data_that_a_mark_keeps_from_models_do_not_reach_them(tmp_path: Path) -> None:
    steps = '  - {id: a, ask: "Mail of ${{ input.email }}: ${{ input.text }}", model: m}\n'
    model = 'models: {m: {provider: openai, model: x, price: {input: 1 USD, output: 1 USD, dated: "2026-01-01"}}}\n'
    roles = "roles: {leads: {members: [Kim]}}\n"
    shows = flow(tmp_path, steps, "tools: {}\n", {"flowrun.yaml": model + roles})
    assert said(shows, "input.email reaches the model", "input.text reaches the model") == ["yes", "yes"]
    assert said(shows, "input.vip reaches the model", "input.amount reaches the model") == ["no", "no"]
    kept = flow(
        tmp_path, steps, "tools: {}\n", {"flowrun.yaml": model + roles + "privacy: {email: {to_model: token}}\n"}
    )
    found = answer(kept, "input.email reaches the model")
    assert (found.said, gates(found)) == ("no", {"email.to_model"})
    assert said(kept, "input.text reaches the model") == ["yes"]


@pytest.mark.parametrize(
    ("question", "expected"), [("model_calls > 0", "yes"), ("model_calls > 9", "no"), ("tool_calls > 20", "no")]
)
def test_what_a_run_uses_is_counted(question: str, expected: str, tmp_path: Path) -> None:
    steps = '  - {id: a, ask: "Text: ${{ input.text }}", model: m, tools: [crm.add_note]}\n'
    model = 'models: {m: {provider: openai, model: x, price: {input: 1 USD, output: 1 USD, dated: "2026-01-01"}}}\n'
    tools = "tools: {crm.add_note: {bind: {customer_id: C-1}}}\n"
    compiled = flow(tmp_path, steps, tools, {"flowrun.yaml": model + "roles: {leads: {members: [Kim]}}\n"})
    assert said(compiled, question) == [expected]
    assert said(compiled, "writes > 8", "writes > 9", "crm.add_note with text chosen by the model") == [
        "yes",
        "no",
        "yes",
    ]
