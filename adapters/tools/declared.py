"""A tool source under the words of its tool file.

Owns: the contracts that result when a `*.tools.yaml` says more than the source does. A file may name, time and tighten an
action; it may not call a write a read.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from flowrun.errors import ConfigError
from flowrun.lang.spec import ToolFile
from flowrun.plan.model import ToolPlan
from flowrun.ports.tools import ToolRequest, ToolResult, Tools
from flowrun.words import t


class Declared:
    """`Tools` of one tool file."""

    def __init__(self, source: Tools, file: ToolFile) -> None:
        self._source = source
        self._file = file
        self._contracts = {name: self._merge(plan) for name, plan in source.contracts().items()}

    def contracts(self) -> Mapping[str, ToolPlan]:
        """Return the source's contracts with what the file says of each."""
        return self._contracts

    def _merge(self, plan: ToolPlan) -> ToolPlan:
        action = self._file.actions.get(plan.name.split(".", 1)[1])
        if action is None:
            return plan
        if action.effect == "read" and plan.effect == "write" and "effect" in action.at:
            raise ConfigError(
                t(
                    "{span}: {plan} is a write in its module, so the file may not call it a read.",
                    span=action.span,
                    plan=plan.name,
                ),
                help=t("Write `effect: write`, or leave it out."),
                code="FR2308",
            )
        changes: dict[str, object] = {}
        if "effect" in action.at:
            changes["effect"] = action.effect
        if action.title:
            changes["title"] = action.title
        if "once" in action.at:
            changes["once"] = None if action.once is None else dict(action.once)
        if "within" in action.at:
            changes["within"] = action.within
        if action.rate is not None:
            changes["rate"] = action.rate
        return msgspec.structs.replace(plan, **changes)

    async def invoke(self, request: ToolRequest) -> ToolResult:
        """Make the call through the source."""
        return await self._source.invoke(request)

    async def aclose(self) -> None:
        """Release the source's connections."""
        await self._source.aclose()
