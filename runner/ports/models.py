"""The port to models.

Owns: the protocol that a model adapter fulfils and the value that it returns. A request is the core's `CallModel`.
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from flowrun.core.commands import CallModel
from flowrun.core.events import Usage

Json = Any


class ModelReply(msgspec.Struct, frozen=True, kw_only=True):
    """What a model said: proposals, or an answer, or text. The answer is parsed JSON, not validated.

    `mode` names how the output was asked for (for example `json_schema`), so that the trail can tell.
    """

    mode: str
    proposals: list[tuple[str, Json]] = []
    answer: Json = None
    answered: bool = False
    text: str | None = None
    usage: Usage = Usage(known=False)
    note: str = ""


class Models(Protocol):
    """Calls models. One adapter a provider."""

    async def complete(self, request: CallModel) -> ModelReply:
        """Return the model's reply.

        Raises `AdapterError`: retryable for time-outs, overload and connection errors; not for refusals, bad keys,
        unknown models and requests that the server rejects.
        """
        ...

    async def aclose(self) -> None:
        """Release connections."""
        ...
