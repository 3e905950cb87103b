"""Each request goes to its provider's adapter, which is made when it is needed."""

from __future__ import annotations

import pytest

from flowrun.adapters.models.routed import RoutedModels
from flowrun.adapters.models.scripted import ScriptedModels
from flowrun.errors import ConfigError
from flowrun.plan.model import ModelPlan
from tests.contracts.models_server import ask


class Closing(ScriptedModels):
    """Notes that it was made and closed."""

    log: list[str]

    async def aclose(self) -> None:
        self.log.append("closed")


async def test_an_adapter_is_made_once_when_its_first_request_comes() -> None:
    log: list[str] = []

    def make() -> Closing:
        log.append("made")
        adapter = Closing({"triage": [{"answer": 1}, {"answer": 2}]})
        adapter.log = log
        return adapter

    models = RoutedModels({"openai": make, "compatible": make})
    assert log == []
    for provider, answer in (("openai", 1), ("compatible", 2)):
        reply = await models.complete(ask(model=ModelPlan(name="m", provider=provider)))
        assert reply.answer == answer
    await models.aclose()
    await models.aclose()
    assert log == ["made", "closed"]


async def test_an_unknown_provider_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="nobody") as caught:
        await RoutedModels({"openai": lambda: ScriptedModels({})}).complete(
            ask(model=ModelPlan(name="m", provider="nobody"))
        )
    assert "openai" in str(caught.value.help)
