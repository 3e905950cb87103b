"""The port to tools.

Owns: the protocol that a tool adapter fulfils and the values that cross it. Only `runtimes.dispatch` calls `invoke`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from flowrun.plan.model import ToolPlan

Json = Any


class ToolRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One call. `key` is the idempotency key, the same at every attempt; `timeout` in seconds."""

    tool: str
    args: dict[str, Json]
    key: str
    run: str
    timeout: float


class ToolResult(msgspec.Struct, frozen=True, kw_only=True):
    """What the tool gave back; `repeat` when it had done this already and gave the first result."""

    output: Json
    repeat: bool = False
    omitted: str = ""
    """Why a write that was done comes back without its output."""


class Tools(Protocol):
    """Calls the tools of one source."""

    def contracts(self) -> Mapping[str, ToolPlan]:
        """Return the contract of every tool of this source by its full name (`desk.create_ticket`)."""
        ...

    async def invoke(self, request: ToolRequest) -> ToolResult:
        """Make the call.

        Raises `AdapterError`; `in_doubt=True` where a write may have been done, `retryable` where it was surely not
        done and may succeed later.
        """
        ...

    async def aclose(self) -> None:
        """Release connections."""
        ...
