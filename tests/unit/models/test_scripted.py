"""A scripted model says what the test wrote, in order, and says so when it has nothing left."""

from __future__ import annotations

import pytest

from flowrun.adapters.models.scripted import ScriptedModels
from flowrun.core.events import Usage
from flowrun.errors import AdapterError, InputError
from tests.contracts.models_server import ask


async def test_replies_come_in_order_for_each_step() -> None:
    models = ScriptedModels(
        {
            "triage": [{"propose": [{"a.b": {"x": 1}}, {"a.c": None}]}, {"answer": None}, {"text": "Hello"}],
            "other": {"answer": 1, "usage": {"input_tokens": 5, "output_tokens": 2}},
        }
    )
    first, second, third = [await models.complete(ask()) for _ in range(3)]
    assert first.proposals == [("a.b", {"x": 1}), ("a.c", {})] and not first.answered
    assert second.answered and second.answer is None
    assert third.text == "Hello" and third.usage == Usage()
    assert models.left() == {"other": 1}
    assert (await models.complete(ask(step="other"))).usage == Usage(input_tokens=5, output_tokens=2)
    assert len(models.calls) == 4


async def test_the_missing_reply_is_named_by_step_and_place() -> None:
    models = ScriptedModels({"triage": [{"answer": 1}]})
    await models.complete(ask())
    with pytest.raises(AdapterError, match=r"triage .* reply 2") as caught:
        await models.complete(ask())
    assert (caught.value.code, caught.value.retryable) == ("FR4109", False)
    with pytest.raises(AdapterError, match="step act"):
        await models.complete(ask(step="act"))


async def test_a_model_can_be_told_to_fail() -> None:
    models = ScriptedModels({"triage": [{"error": "overloaded"}, {"error": "it broke"}]})
    with pytest.raises(AdapterError) as first:
        await models.complete(ask())
    with pytest.raises(AdapterError, match="it broke") as second:
        await models.complete(ask())
    assert (first.value.retryable, second.value.retryable) == (True, False)


@pytest.mark.parametrize("entry", [{}, {"anwser": 1}, {"usage": "unknown"}, "done"])
def test_what_is_no_reply_is_refused_at_once(entry: object) -> None:
    with pytest.raises(InputError, match="triage"):
        ScriptedModels({"triage": [entry]})  # type: ignore[list-item]
