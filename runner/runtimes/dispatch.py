"""From a command to its event: the guard's word, then the port's answer.

Owns: the only calls of a tool's `invoke` and a model's `complete`. It keeps no state of a run; ordering, commits and claims
are `runtimes.local`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from flowrun.core.commands import CallModel, CallTool, Propose
from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import (
    AnyEvent,
    CallFailed,
    Decided,
    Doubted,
    Fault,
    ModelFailed,
    ModelReplied,
    Returned,
    Usage,
)
from flowrun.core.halts import tool_names
from flowrun.core.steps.model_call import conversation_digest as conversation_digest
from flowrun.core.steps.model_call import cost
from flowrun.errors import AdapterError, FlowrunError
from flowrun.guard import decide, facts_needed
from flowrun.ports.clock import Clock
from flowrun.ports.journal import Journal
from flowrun.ports.models import Models
from flowrun.ports.tools import ToolRequest, ToolResult, Tools
from flowrun.privacy.marks import Found
from flowrun.privacy.masking import Masking
from flowrun.records.samples import NoSample, sample
from flowrun.runtimes.masked import marked_in, mask_for, masked, restored
from flowrun.values.micros import MICRO

Json = Any
FACT_TIMEOUT = 10.0
LARGEST = 200_000
"""Bytes of a tool's output or a model's reply; an event holds a little more."""
NEVER_ASKED = frozenset({"FR4101", "FR4102", "FR4105", "FR4109", "FR4110", "FR4111", "FR4190"})
"""Failures after which nothing can have been used; after every other the reservation is charged."""


class Dispatch:
    """Answers commands through the ports. `tools` maps a namespace (`desk`) to its source."""

    def __init__(
        self,
        *,
        journal: Journal,
        models: Models,
        tools: Mapping[str, Tools],
        clock: Clock,
        fixed_halts: Callable[[], Mapping[str, str]] = dict,
        secrets: Sequence[Found] = (),
    ) -> None:
        """`secrets`: what no event, prompt or message may hold.

        `fixed_halts`: what is halted besides the store's halts, by name with the words for it; asked at each call.
        """
        self.journal = journal
        self.models = models
        self.tools = tools
        self.clock = clock
        self._fixed_halts = fixed_halts
        self.secrets = secrets
        self._without_secrets = Masking(secrets, {}, lambda text: b"")

    def halted(self, names: Sequence[str], at: str) -> str | None:
        """Return why nothing named so may be touched at a moment, None where it may."""
        fixed = self._fixed_halts()
        for name in names:
            if name in fixed:
                return fixed[name]
        halt = self.journal.halted(names, at)
        return None if halt is None else halt.words

    async def judge(self, compiled: CompiledPlan, command: Propose, run: str, now: str) -> Decided:
        """Read the facts that the rules use, and decide every proposal of the turn; `now`: the moment of the decision."""
        facts: list[dict[tuple[str, str], Json]] = []
        for proposal in command.proposals:
            known: dict[tuple[str, str], Json] = {}
            for read in facts_needed(compiled, command, proposal, now):
                if read.args is None:
                    continue
                request = ToolRequest(tool=read.tool, args=read.args, key="", run=run, timeout=FACT_TIMEOUT)
                if self.halted([*command.under, *tool_names(read.tool)], now) is not None:
                    continue
                try:
                    known[read.policy, read.name] = self._without_secrets.out((await self._invoke(request)).output)
                except AdapterError:
                    continue
            facts.append(known)
        tools = {proposal.tool for proposal in command.proposals}
        why = {tool: self.halted([*command.under, *tool_names(tool)], now) for tool in tools}
        halted = {tool: reason for tool, reason in why.items() if reason is not None}

        def usage(counter: str, since: str | None, holds: str) -> int:
            return self.journal.usage(counter, since, besides=(run, holds) if holds else None)

        verdicts = decide(compiled, command, facts=facts, usage=usage, now=now, halted=halted)
        return Decided(path=command.path, at=now, verdicts=verdicts)

    async def call_tool(self, compiled: CompiledPlan, command: CallTool, run: str) -> AnyEvent:
        """Make an allowed call; every failure becomes an event, which says how long the work took.

        A simulated one reaches no tool and holds no natural key.
        """
        if command.simulated:
            return self._simulate(compiled, command)
        began = self.clock.monotonic()
        event = await self._call_tool(command, run)
        natural = command.verdict.natural
        return msgspec.structs.replace(event, worked=self._since(began), natural=natural)

    def _since(self, began: float) -> int:
        return round((self.clock.monotonic() - began) * MICRO)

    async def _call_tool(self, command: CallTool, run: str) -> Returned | CallFailed | Doubted:
        verdict = command.verdict
        timeout = command.within if command.timeout is None else min(command.within, command.timeout)
        request = ToolRequest(tool=verdict.tool, args=verdict.args, key=verdict.key, run=run, timeout=timeout)
        write = verdict.effect == "write"
        try:
            result = await self._invoke(request)
        except AdapterError as error:
            fault = self._harmless(fault_of("tool", error))
            kind = Doubted if write and error.in_doubt else CallFailed
            return kind(path=command.path, at=self.clock.now(), fault=fault, tool=verdict.tool)
        except Exception as error:
            fault = Fault(kind="tool", code="FR4002", message=f"{verdict.tool} broke: {type(error).__name__}")
            kind = Doubted if write else CallFailed
            return kind(path=command.path, at=self.clock.now(), fault=fault, tool=verdict.tool)
        output = self._without_secrets.out(result.output)
        if too_large(output):
            if not write:
                fault = Fault(kind="tool", code="FR4008", message=f"{verdict.tool} gave back more than can be kept.")
                return CallFailed(path=command.path, at=self.clock.now(), fault=fault, tool=verdict.tool)
            output = None
        return Returned(path=command.path, at=self.clock.now(), output=output, tool=verdict.tool, repeat=result.repeat)

    def _simulate(self, compiled: CompiledPlan, command: CallTool) -> AnyEvent:
        """Return what a write might give back: a value that the tool's output schema allows, always the same."""
        tool, path, now = command.verdict.tool, command.path, self.clock.now()
        try:
            output = sample(compiled.plan.tools[tool].output)
        except NoSample as error:
            fault = Fault(kind="tool", code="FR4016", message=f"{tool} cannot be simulated: {error}")
            return CallFailed(path=path, at=now, fault=fault, tool=tool)
        return Returned(path=path, at=now, output=output, tool=tool, simulated=True)

    async def _invoke(self, request: ToolRequest) -> ToolResult:
        source = self.tools.get(request.tool.split(".")[0])
        if source is None:
            raise AdapterError(
                f"The tool {request.tool} is not connected.",
                help="Name its tool file in flowrun.yaml under `tools:`.",
                code="FR4001",
            )
        return await source.invoke(request)

    def _harmless(self, fault: Fault) -> Fault:
        """Return a fault whose message tells no secret, whatever a tool or a server put into it."""
        return msgspec.structs.replace(fault, message=self._without_secrets.out(fault.message))

    async def call_model(self, compiled: CompiledPlan, asked: CallModel, run: str) -> ModelReplied | ModelFailed:
        """Ask a model; its usage is charged, and without one that can be true the whole reservation.

        The model sees of marked values what the workspace allows; tokens in its reply are turned back.
        """
        command = msgspec.structs.replace(asked, marked=partial(marked_in, compiled.plan, asked))
        only_secrets = self._without_secrets if self.secrets else None
        masking = mask_for(compiled, asked, only_secrets, partial(self.journal.pseudonym, run))
        command = command if masking is None else masked(command, masking)
        began = self.clock.monotonic()
        event = await self._call_model(command, masking)
        return msgspec.structs.replace(event, worked=self._since(began))

    async def _call_model(self, command: CallModel, masking: Masking | None) -> ModelReplied | ModelFailed:
        model = command.model
        try:
            if command.timeout is not None:
                async with asyncio.timeout(command.timeout):
                    reply = await self.models.complete(command)
            else:
                reply = await self.models.complete(command)
        except TimeoutError:
            fault = Fault(kind="late", code="FR4120", message=f"{model.name} did not answer in time.")
            return self._unanswered(command, fault, charged=True)
        except FlowrunError as error:
            fault = self._harmless(fault_of("model", error))
            asked = isinstance(error, AdapterError) and error.code not in NEVER_ASKED
            return self._unanswered(command, fault, charged=asked)
        reply = reply if masking is None else restored(reply, masking)
        if self.secrets:
            # A server may say back what it was sent.
            reply = msgspec.structs.replace(
                reply,
                proposals=[(name, self._without_secrets.out(args)) for name, args in reply.proposals],
                answer=self._without_secrets.out(reply.answer),
                text=self._without_secrets.out(reply.text),
            )
        if too_large([reply.proposals, reply.answer, reply.text]):
            fault = Fault(kind="model", code="FR4108", message=f"{model.name} said more than can be kept.")
            return self._unanswered(command, fault, charged=True)
        price, tokens, doubtful = charge(command, reply.usage)
        return ModelReplied(
            path=command.path,
            at=self.clock.now(),
            model=model.name,
            mode=reply.mode,
            proposals=[(name, args) for name, args in reply.proposals],
            answer=reply.answer,
            answered=reply.answered,
            text=reply.text,
            usage=reply.usage,
            cost=price,
            tokens=tokens,
            note=" ".join(text for text in (reply.note, doubtful) if text),
        )

    def _unanswered(self, command: CallModel, fault: Fault, *, charged: bool) -> ModelFailed:
        price, tokens = (command.reserve, command.tokens) if charged else (0, 0)
        return ModelFailed(path=command.path, at=self.clock.now(), fault=fault, cost=price, tokens=tokens)


def charge(command: CallModel, usage: Usage) -> tuple[int, int, str]:
    """Return the cost (millionths) and the tokens to charge for a reply, and why where the usage cannot be true.

    What was reserved is the most that a call can use; a usage above it, below zero, or of nothing read is not believed.
    """
    if not usage.known:
        return command.reserve, command.tokens, ""
    read, written = usage.input_tokens, usage.output_tokens
    price = cost(command.model, read, written)
    if not command.tokens and min(read, written) >= 0:
        return price, read + written, ""
    if read <= 0 or written < 0 or read + written > command.tokens or price > command.reserve:
        return command.reserve, command.tokens, f"The usage that it reported ({read} and {written}) cannot be true."
    return price, read + written, ""


def fault_of(kind: str, error: FlowrunError) -> Fault:
    """Return an adapter's error as the fault of an event; only the outside world's may be tried again."""
    outside = error if isinstance(error, AdapterError) else None
    return Fault(
        kind=kind,
        code=error.code,
        message=error.message,
        retryable=outside is not None and outside.retryable,
        retry_after=None if outside is None else outside.retry_after,
    )


def too_large(value: Json) -> bool:
    """Say whether a value from outside is more than one event may hold; a cheap look first, the bytes if in doubt."""
    if value is None or isinstance(value, bool | int | float):
        return False
    if isinstance(value, str) and len(value) < LARGEST // 4:
        return False
    return len(msgspec.json.encode(value)) > LARGEST
