"""The model `examples` learns from labelled texts, proposes, then answers, and knows how unsure it is."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from flowrun.adapters.models.examples import ExamplesModels, text_of
from flowrun.core.commands import CallModel
from flowrun.core.events import Usage
from flowrun.errors import AdapterError
from flowrun.plan.model import Example
from flowrun.ports.models import ModelReply
from flowrun.values.names import Names
from tests.contracts.models_server import TICKET, ask


def slot(name: str) -> list[Any]:
    return ["attr", ["name", "model"], name]


EXAMPLES = [
    Example(
        step="triage",
        label="double_billing",
        texts=[
            "I was billed twice this month",
            "You charged my card two times",
            "There is a duplicate charge on my invoice",
            "My invoice shows the same payment twice",
            "Why was I charged double for my plan",
        ],
        propose=[
            {
                "desk.create_ticket": [
                    "dict",
                    [["severity", ["lit", "high"]], ["who", ["attr", ["name", "input"], "name"]]],
                ]
            },
            {"pay.refund": ["dict", []]},
        ],
        answer=[
            "dict",
            [["intent", slot("label")], ["confidence", slot("confidence")], ["text", slot("text")]],
        ],
    ),
    Example(
        step="triage",
        label="login",
        texts=[
            "I cannot log in to my account",
            "The password reset mail does not arrive",
            "Login fails with a wrong password error",
            "My account is locked after I tried to sign in",
            "How can I reset my password",
        ],
        answer=["lit", "login"],
    ),
]


def request(text: str, **changes: Any) -> CallModel:
    fields: dict[str, Any] = {
        "examples": EXAMPLES,
        "slots": {"input.text": text},
        "names": Names(input={"name": None}),
    }
    return ask(**(fields | changes))


async def reply(text: str, **changes: Any) -> ModelReply:
    return await ExamplesModels().complete(request(text, **changes))


async def test_it_answers_with_the_example_that_fits() -> None:
    said = await reply("charged twice on my card")
    assert said.answered and said.answer["intent"] == "double_billing"
    assert said.answer["text"] == "charged twice on my card"
    assert 0.5 < said.answer["confidence"] <= 1
    assert said.usage == Usage() and said.mode == "examples"
    assert "label double_billing" in said.note and "10 labelled texts" in said.note
    assert (await reply("the password does not work")).answer == "login"


async def test_the_same_examples_always_give_the_same_answer() -> None:
    assert await reply("my card") == await reply("my card")


async def test_words_that_it_never_saw_make_it_unsure() -> None:
    said = await reply("Wo bleibt meine Bestellung")
    assert "confidence 0." in said.note
    assert float(said.note.split("confidence ")[1][:4]) <= 0.3


async def test_it_proposes_first_what_is_offered_without_empty_arguments() -> None:
    said = await reply("charged twice", tools=[TICKET])
    assert said.proposals == [("desk.create_ticket", {"severity": "high"})] and not said.answered


@pytest.mark.parametrize("result", [{"ticket_id": "T-1"}, {"denied": "limit", "reason": "no"}, {"rejected": "no"}])
async def test_after_the_results_it_answers_whatever_they_were(result: Any) -> None:
    turn = [
        {
            "role": "assistant",
            "content": None,
            "proposals": [{"id": "1-1", "tool": "desk.create_ticket", "args": {}}],
        },
        {"role": "tool", "id": "1-1", "tool": "desk.create_ticket", "result": result},
    ]
    said = await reply("charged twice", tools=[TICKET], messages=[*ask().messages, *turn])
    assert said.answered and not said.proposals


async def test_a_repair_gets_the_same_answer_again() -> None:
    first = await reply("charged twice")
    repair = [
        {"role": "assistant", "content": "{}", "proposals": []},
        {"role": "user", "content": "Mend this."},
    ]
    assert await reply("charged twice", messages=[*ask().messages, *repair]) == first


async def test_with_a_customer_it_only_answers() -> None:
    said = await reply("charged twice", tools=[TICKET], talks=True)
    assert said.answered and not said.proposals


async def test_an_example_without_an_answer_gives_its_label() -> None:
    said = await reply("x", examples=[Example(step="triage", label="spam", texts=["win now"])])
    assert said.text == "spam" and "too few texts" in said.note


async def test_a_step_without_examples_says_where_to_write_them() -> None:
    with pytest.raises(AdapterError) as caught:
        await reply("x", examples=[])
    assert caught.value.code == "FR4111" and "support.examples.yaml" in str(caught.value.help)


async def test_without_scikit_learn_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "flowrun.adapters.models.classifier", raising=False)
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    with pytest.raises(AdapterError) as caught:
        await reply("x")
    assert caught.value.code == "FR4110" and "flowrun-ai[local]" in str(caught.value.help)


def test_the_text_of_the_input_is_read_where_the_prompt_has_it_else_every_text_in_order() -> None:
    assert text_of(ask(slots={"steps.customer.plan": "pro", "input.text": "one"})) == "one"
    slots = {"steps.b": "one", "steps.a": {"b": ["two", 3, " "], "c": None}}
    assert text_of(ask(slots=slots)) == "one\ntwo"
    assert text_of(ask(slots={"n": 1})) == "I want my money back."
