"""Labelled examples reach a language model mixed, filled in and in bounds."""

from __future__ import annotations

from flowrun.adapters.models.fewshot import MAX_BYTES, few_shot, interleaved
from flowrun.adapters.models.openai_body import build
from flowrun.plan.model import Example
from flowrun.values.names import Names
from tests.contracts.models_server import TICKET, ask

EXAMPLES = [
    Example(
        step="triage",
        label="refund",
        texts=["r1", "r2", "r3"],
        answer=[
            "dict",
            [["intent", ["lit", "refund"]], ["confidence", ["attr", ["name", "model"], "confidence"]]],
        ],
    ),
    Example(
        step="triage",
        label="question",
        texts=["q1"],
        propose=[
            {
                "desk.create_ticket": [
                    "dict",
                    [["severity", ["lit", "low"]], ["who", ["attr", ["name", "input"], "name"]]],
                ]
            },
            {"pay.refund": ["dict", []]},
        ],
    ),
]


def test_labels_take_turns() -> None:
    assert [text for _, text in interleaved(EXAMPLES)] == ["r1", "q1", "r2", "r3"]
    assert [text for _, text in interleaved(EXAMPLES, 2)] == ["r1", "q1"]


def test_slots_are_filled_and_only_offered_tools_are_shown() -> None:
    shown = few_shot(ask(examples=EXAMPLES, tools=[TICKET], names=Names(input={"name": None})))
    assert 'Answer: {"intent":"refund","confidence":0.9}' in shown
    assert 'Calls: [{"tool":"desk.create_ticket","args":{"severity":"low"}}]' in shown
    assert "pay.refund" not in shown


def test_they_stand_in_the_system_message_and_not_in_the_conversation() -> None:
    messages = build(ask(examples=EXAMPLES)).body["messages"]
    assert [m["role"] for m in messages] == ["system", "user"]
    assert "Text: q1" in messages[0]["content"]


def test_they_never_take_much_room() -> None:
    many = [Example(step="s", label=str(n), texts=["é" * 5000], answer=["lit", "ü" * 900]) for n in range(20)]
    assert len(few_shot(ask(examples=many)).encode()) <= MAX_BYTES
    assert few_shot(ask()) == ""
