"""Models behind OpenAI's chat/completions protocol: OpenAI itself and every server that speaks it.

Owns: the adapter. What is asked is in `openai_body`, how a reply is read in `openai_reply`, the connection
and its failures in `openai_wire`. There are no retries, no validation and no repair here: the core does them,
journaled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import TYPE_CHECKING

from flowrun.adapters.models.openai_body import build
from flowrun.adapters.models.openai_reply import read
from flowrun.adapters.models.presets import base_url_of
from flowrun.adapters.models.switch import check_allowed
from flowrun.core.commands import CallModel
from flowrun.ports.models import ModelReply

if TYPE_CHECKING:
    import openai

DEFAULT_TIMEOUT = 120.0
"""Seconds for one request where the step sets no time."""
CONNECT_TIMEOUT = 10.0


class OpenAIModels:
    """Asks models over chat/completions.

    An answer that is no JSON comes back as the text that the model wrote, `answered`, so that it fails
    validation and is mended. Arguments of a call that are no JSON come back as text, too, and are then
    denied.

    `allowed` are base addresses that may be asked even where the switch of `switch` forbids it.
    """

    def __init__(self, *, allowed: Collection[str] = ()) -> None:
        self._allowed = tuple(allowed)
        self._clients: dict[tuple[str, str | None], openai.AsyncOpenAI] = {}

    async def complete(self, request: CallModel) -> ModelReply:
        """Return the model's reply.

        Raises `AdapterError`: FR4101 no or bad key, FR4102 rejected request, FR4103 refusal or filter, FR4104
        cut off, FR4108 reply too large, FR4190 switched off (none of them retryable); FR4106 overload, fault,
        time-out or lost connection, FR4107 no chat completion (retryable). Raises `ConfigError` where
        `base_url` or `options` are wrong.
        """
        base_url = base_url_of(request.model)
        check_allowed(base_url, self._allowed)
        asked = build(request)
        # imported only now: the SDK takes a second to load
        import httpx2

        from flowrun.adapters.models import openai_wire as wire

        key = wire.key_for(request.model, base_url)
        client = self._clients.get((base_url, key))
        if client is None:
            client = self._clients[base_url, key] = wire.connect(base_url, key)
        seconds = DEFAULT_TIMEOUT if request.timeout is None else max(request.timeout, 0.0)
        limit = httpx2.Timeout(seconds, connect=min(CONNECT_TIMEOUT, seconds))
        try:
            # the client's own limit counts each read anew, so a server that dribbles could hold us for ever
            async with asyncio.timeout(seconds):
                response = await client.post(
                    "/chat/completions",
                    body=asked.body,
                    cast_to=httpx2.Response,
                    options={"timeout": limit, "headers": wire.headers_for(key)},
                )
        except (*wire.FAILURES, TimeoutError) as error:
            raise wire.translated(error, request.model) from None
        return read(response.content, asked, request)

    async def aclose(self) -> None:
        """Close all connections."""
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.close()
