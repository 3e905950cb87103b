"""A world that can go wrong at every call: tools with real effects, a model that lies about its usage, and crashes.

Owns: the tools, the model and what they really did, which the tests count by themselves. Who drives runs against it is the
test's part.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping

from flowrun.core.commands import CallModel
from flowrun.core.events import Usage
from flowrun.errors import AdapterError
from flowrun.plan.model import ToolPlan
from flowrun.ports.models import ModelReply
from flowrun.ports.tools import ToolRequest, ToolResult
from tests.property.plans import MAYBE, tool

KEYED = {
    "type": "object",
    "properties": {"key": {"type": "string"}},
    "required": ["key"],
    "additionalProperties": False,
}
CONTRACTS = {
    t.name: t
    for t in (
        tool("shop.plain", "write"),
        tool("shop.header", "write", {"header": "Idempotency-Key"}),
        tool("shop.natural", "write", {"natural": ["who"]}),
        tool("shop.confirm", "write", {"confirm_with": "find"}),
        ToolPlan(name="shop.find", title="find", effect="read", input=KEYED, output=MAYBE, within=5.0),
    )
}
FAULTS = ("fine", "fails", "fails_for_now", "hangs_before", "hangs_after", "crash_before", "crash_after")
REPORTS = ("true", "none", "negative", "huge", "nothing", "fails", "crash")


class Crash(BaseException):
    """The process is gone at this moment; nothing that it had not stored is left."""


class Effect:
    """Something that a tool really did."""

    def __init__(self, request: ToolRequest) -> None:
        self.tool, self.run, self.key = request.tool, request.run, request.key
        self.amount = request.args["n"]
        self.natural = request.args.get("who")


class World:
    """`faults` and `reports` are used up call by call; without any all is fine."""

    def __init__(self) -> None:
        self.effects: list[Effect] = []
        self.faults: deque[str] = deque()
        self.reports: deque[str] = deque()
        self.asked: dict[str, int] = {}
        self.cost: dict[str, int] = {}
        """What the model's calls really cost, by run, in millionths."""
        self.run = ""
        """The run that is driven; a model is not told which one asks."""

    def contracts(self) -> Mapping[str, ToolPlan]:
        return CONTRACTS

    async def invoke(self, request: ToolRequest) -> ToolResult:
        await asyncio.sleep(0)  # others get their turn, as in a real call
        if request.tool == "shop.find":
            known = self.by_key(str(request.args["key"]))
            return ToolResult(output=None if known is None else {"id": known.key[:8]})
        fault = self.faults.popleft() if self.faults else "fine"
        if fault == "crash_before":
            raise Crash
        if fault in ("fails", "fails_for_now"):
            raise AdapterError("No.", code="FR4002", retryable=fault == "fails_for_now")
        if fault == "hangs_before":
            raise AdapterError("No answer.", code="FR4004", in_doubt=True)
        known = self._known(request)
        if known is None:
            self.effects.append(Effect(request))
        if fault == "crash_after":
            raise Crash
        if fault == "hangs_after":
            raise AdapterError("No answer.", code="FR4004", in_doubt=True)
        return ToolResult(output={"id": (known or self.effects[-1]).key[:8]}, repeat=known is not None)

    def by_key(self, key: str) -> Effect | None:
        """Return what was done under an idempotency key."""
        return next((effect for effect in self.effects if effect.key == key), None)

    def _known(self, request: ToolRequest) -> Effect | None:
        # Another key with the same natural one is a second effect here, so that only flowrun can keep it from happening.
        return self.by_key(request.key) if request.tool in ("shop.header", "shop.natural") else None

    async def complete(self, request: CallModel) -> ModelReply:
        await asyncio.sleep(0)
        report = self.reports.popleft() if self.reports else "true"
        self.asked[self.run] = self.asked.get(self.run, 0) + 1
        if report == "crash":
            raise Crash
        read, written = request.tokens // 2, 10
        # The model `dear` costs a millionth for each token.
        self.cost[self.run] = self.cost.get(self.run, 0) + read + written
        if report == "fails":
            raise AdapterError("Cut off.", code="FR4107", retryable=True)
        usage = {
            "true": Usage(input_tokens=read, output_tokens=written),
            "none": Usage(known=False),
            "negative": Usage(input_tokens=-read, output_tokens=-written),
            "huge": Usage(input_tokens=10**12, output_tokens=1),
            "nothing": Usage(input_tokens=0, output_tokens=0),
        }[report]
        return ModelReply(mode="m", text="hello", usage=usage)

    async def aclose(self) -> None:
        return None
