"""The desk as tools: the port's side of the embedded CRM, helpdesk, payments, mail and calendar.

Owns: one `Tools` a namespace over one shared `Desk`, its deadlines and its faults. SQL lives in `actions.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from flowrun.adapters.desk import faults
from flowrun.adapters.desk.actions import READS, WRITES
from flowrun.adapters.desk.contracts import CONTRACTS
from flowrun.adapters.desk.faults import Faults
from flowrun.adapters.desk.store import Desk
from flowrun.errors import AdapterError, StoreError
from flowrun.plan.model import ToolPlan
from flowrun.ports.tools import ToolRequest, ToolResult, Tools
from flowrun.words import t

NAMESPACES = ("crm", "desk", "pay", "mail", "calendar")


class DeskTools:
    """The tools of one namespace of a desk."""

    def __init__(self, namespace: str, desk: Desk, *, faults: Faults | None = None) -> None:
        self._contracts = {name: made for name, made in CONTRACTS.items() if name.startswith(f"{namespace}.")}
        self._desk = desk
        self._faults = faults or Faults()

    def contracts(self) -> Mapping[str, ToolPlan]:
        """Return the contracts of this namespace."""
        return self._contracts

    async def invoke(self, request: ToolRequest) -> ToolResult:
        """Make the call. Raises `AdapterError`; only a write whose deadline passed is in doubt."""
        try:
            return await self._invoke(request)
        except StoreError as error:
            # The file could not be opened, so nothing was done.
            raise AdapterError(error.message, help=error.help, code="FR4013") from error

    async def _invoke(self, request: ToolRequest) -> ToolResult:
        contract = self._contracts.get(request.tool)
        if contract is None:
            raise AdapterError(t("There is no tool {tool}.", tool=request.tool), code="FR4006")
        write = contract.effect == "write"
        if not write and not self._faults.has(request.tool):
            # A read in WAL waits for nobody and takes microseconds: a thread would cost more.
            return ToolResult(output=READS[request.tool](self._desk, request.args))
        try:
            async with asyncio.timeout(request.timeout):
                return await asyncio.to_thread(self._call, request, write)
        except TimeoutError as error:
            raise AdapterError(
                t("{tool} gave no answer within {timeout} seconds.", tool=request.tool, timeout=f"{request.timeout:g}"),
                code="FR4004",
                retryable=not write,
                in_doubt=write,
            ) from error

    def _call(self, request: ToolRequest, write: bool) -> ToolResult:
        name, desk = request.tool, self._desk
        kinds = self._faults.of(name, desk.attempt(name)) if self._faults.has(name) else frozenset[str]()
        faults.before(kinds, name)
        repeat = False
        output: Any
        if write:
            effect = partial(self._effect, name, request.args)
            output, repeat = desk.once(name, request.key, request.args, effect)
        else:
            output = READS[name](desk, request.args)
        return ToolResult(output=faults.after(kinds, name, output, write=write), repeat=repeat)

    def _effect(self, name: str, args: dict[str, Any], base: Any) -> Any:
        return WRITES[name](self._desk, base, args)

    async def aclose(self) -> None:
        """Close the desk's connections."""
        self._desk.close()


def desk_tools(path: Path | str | Desk, *, faults: Faults | None = None) -> list[Tools]:
    """Return all namespaces (crm, desk, pay, mail, calendar) of the desk at a path, or of an open desk.

    Faults come from the environment (`FLOWRUN_DESK_FAULT`) where none are given.
    """
    desk = path if isinstance(path, Desk) else Desk(path)
    bad = Faults.from_environment() if faults is None else faults
    return [DeskTools(namespace, desk, faults=bad) for namespace in NAMESPACES]
