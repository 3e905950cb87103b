"""One adapter for all models of a workspace: each request goes to its provider's.

Owns: the choice by `provider`. It makes an adapter when the first request for it comes, and not before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flowrun.core.commands import CallModel
from flowrun.errors import ConfigError
from flowrun.ports.models import ModelReply, Models
from flowrun.words import t


class RoutedModels:
    """Dispatches by `request.model.provider`; `adapters` maps a provider to what makes its adapter.

    Providers with the same maker share one adapter.
    """

    def __init__(self, adapters: Mapping[str, Callable[[], Models]]) -> None:
        self._makers = dict(adapters)
        self._made: dict[Callable[[], Models], Models] = {}

    async def complete(self, request: CallModel) -> ModelReply:
        """Return the reply of the provider's adapter; raises ConfigError (FR2115) for an unknown provider."""
        provider = request.model.provider
        maker = self._makers.get(provider)
        if maker is None:
            raise ConfigError(
                t(
                    "The model {name} has the provider {provider}, which is not known.",
                    name=request.model.name,
                    provider=repr(provider),
                ),
                code="FR2115",
                help=t(
                    "Write one of: {makers}. A server that speaks OpenAI's protocol is `compatible`.",
                    makers=", ".join(sorted(self._makers)),
                ),
            )
        adapter = self._made.get(maker)
        if adapter is None:
            adapter = self._made[maker] = maker()
        return await adapter.complete(request)

    async def aclose(self) -> None:
        """Close every adapter that was made, even if closing one fails.

        The first failure is raised at the end.
        """
        made, self._made = list(self._made.values()), {}
        failure: Exception | None = None
        for adapter in made:
            try:
                await adapter.aclose()
            except Exception as error:
                failure = failure or error
        if failure is not None:
            raise failure
