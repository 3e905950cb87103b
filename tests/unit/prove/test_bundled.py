"""What the bundled flows let happen: every answer, and every yes played on the real runtime."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from flowrun.app.prove import prove
from flowrun.app.workspace import load_workspace
from flowrun.core.compiled import CompiledPlan
from flowrun.prove.answers import Answer
from flowrun.prove.ask import answer, usual
from tests.unit.prove.kit import ROOT, bundled, calls_in, gates, played

FOLDER = Path(__file__).parent / "golden"
TICKET = [
    "desk.create_ticket without approval",
    "desk.create_ticket without approval by support_leads",
    'desk.create_ticket when args.severity == "critical" without approval',
    "desk.create_ticket without ask_person",
    "desk.create_ticket without crm.lookup_customer before",
    "desk.create_ticket with customer_id chosen by the model",
    "desk.create_ticket with customer_id unbound",
    "desk.create_ticket with severity chosen by the model",
    "crm.add_note with text chosen by the model",
    "crm.lookup_customer with email from the message",
    "desk.create_ticket more than 1 times",
    "crm.add_note more than 1 times",
    "writes > 2",
    "writes > 3",
    "model_calls > 3",
    "model_calls > 6",
    "cost > 0.05 USD",
    "input.email reaches the model",
    "input.text reaches the model",
    "crm.lookup_customer.plan reaches the model",
    "desk.create_ticket.queue reaches the model",
    "completed without record",
]
REFUND = [
    "pay.refund without approval",
    "pay.refund over 50 EUR without approval",
    "pay.refund over 200 EUR without approval by finance",
    "pay.refund over 1500 EUR",
    "pay.refund over 1499 EUR",
    "pay.refund without crm.lookup_customer before",
    "pay.refund with amount chosen by the model",
    "pay.refund with customer_id chosen by the model",
    "pay.refund with order_id chosen by the model",
    "pay.refund with order_id from the message",
    "mail.draft with to from the message",
    "mail.draft before pay.refund",
    'pay.refund when args.reason == "goodwill" without approval',
    'pay.refund when args.reason == "changed_mind" without approval',
    "pay.refund when facts.earlier is not none",
    'pay.refund when facts.history.orders | any(order_id=args.order_id, status="unpaid")',
    "pay.refund without ask_person",
    "pay.refund more than 1 times",
    "pay.refund more than 1 times in a day",
    "pay.refund over 1500 EUR in a day for one customer_id",
    "writes > 1",
    "writes > 2",
    "input.text reaches the model",
    "completed without record",
]
CASES = [("support_to_ticket", text) for text in TICKET] + [("refund_request", text) for text in REFUND]


@cache
def flow(name: str) -> CompiledPlan:
    return bundled(name)


@cache
def answered(name: str, text: str) -> Answer:
    return answer(flow(name), text)


def told(found: Answer) -> dict[str, Any]:
    shown: dict[str, Any] = {"question": found.question.text, "answer": found.said}
    if found.gates:
        shown["gates"] = sorted(f"{gate.source} {name}" for gate, name in _named(found))
    if found.because:
        shown["because"] = found.because
    return shown


def _named(found: Answer) -> list[tuple[Any, str]]:
    return [(gate, f"{gate.id}.{gate.word}") for gate in found.gates]


@pytest.mark.parametrize("name", ["support_to_ticket", "refund_request"])
def test_the_answers_of_a_bundled_flow_are_these(name: str) -> None:
    asked = [text for each, text in CASES if each == name]
    listed = [told(answered(name, text)) for text in dict.fromkeys([*asked, *usual(flow(name))])]
    golden = FOLDER / f"{name}.json"
    text = "[\n" + ",\n".join(f"  {json.dumps(each, ensure_ascii=False)}" for each in listed) + "\n]\n"
    assert golden.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(("name", "text"), CASES)
def test_a_yes_really_happens_when_its_story_is_played(name: str, text: str) -> None:
    found = answered(name, text)
    if found.said != "yes" or found.question.kind != "call":
        return
    assert found.did is not None
    play = played(flow(name), found)
    assert found.did.data in calls_in(play, found.question.tool)
    made = calls_in(play, found.question.tool)
    assert len(made) > (found.question.most or 0)


def test_what_stops_a_refund_is_named() -> None:
    assert gates(answered("refund_request", "pay.refund over 50 EUR without approval")) == {"lead.approve_when"}
    assert gates(answered("refund_request", "pay.refund over 1500 EUR")) == {"daily.at_most"}
    assert gates(answered("refund_request", "mail.draft before pay.refund")) == {"letter.when"}


def test_a_gate_has_its_place_and_reason() -> None:
    found = prove(load_workspace(ROOT / "flows"), str(ROOT / "flows/refund_request"), ["pay.refund over 1500 EUR"])
    (gate,) = found.results[0].gates
    line = Path(ROOT / "flows/refund_request/refund_request.policy.yaml").read_text().splitlines()[gate.line - 1]
    assert gate.file.endswith("refund_request.policy.yaml") and line.strip().startswith("at_most")
    assert gate.reason == "At most 1,500 EUR a day and three refunds a week for one customer."
