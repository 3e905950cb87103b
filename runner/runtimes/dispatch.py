"""From a command to its event: the guard's word, then the port's answer.

Owns: the only calls of a tool's `invoke` and a model's `complete`. It keeps no state of a run; ordering, commits and claims
are `runtimes.local`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec

from flowrun.core.commands import CallModel, CallTool, Propose, TakeRoom
from flowrun.core.compiled import CompiledPlan
from flowrun.core.entries import entry_of
from flowrun.core.events import (
    AnyEvent,
    Approved,
    CallFailed,
    Decided,
    Doubted,
    Fault,
    ModelFailed,
    ModelReplied,
    Refused,
    Returned,
    RunStarted,
)
from flowrun.core.halts import tool_names
from flowrun.errors import AdapterError, FlowrunError
from flowrun.guard import decide, facts_needed
from flowrun.plan.model import Plan
from flowrun.ports.clock import Clock
from flowrun.ports.journal import Journal
from flowrun.ports.models import Models
from flowrun.ports.tools import ToolRequest, ToolResult, Tools
from flowrun.privacy.marks import Found
from flowrun.privacy.masking import Masking
from flowrun.records.samples import NoSample, sample
from flowrun.runtimes.answers import NotJson, charge, fault_of, fit, fitting, time_of
from flowrun.runtimes.breaker import Breakers
from flowrun.runtimes.drain import Drain
from flowrun.runtimes.masked import marked_in, mask_for, masked, restored
from flowrun.runtimes.rate import Rates
from flowrun.runtimes.refusals import halted_call, under
from flowrun.values.micros import MICRO
from flowrun.words import t

Json = Any
FACT_TIMEOUT = 10.0
CLOSING = 2.0
"""Seconds that one adapter has for closing its connections."""
BACKSTOP = 5.0
"""Seconds that an adapter has beyond a call's time, before the call is ended for it."""
NEVER_CALLED = frozenset({"FR4001", "FR4006", "FR4007", "FR4015"})
"""Failures of a call that did not get as far as the tool; they say nothing about it."""
NEVER_ASKED = frozenset({"FR4101", "FR4102", "FR4105", "FR4109", "FR4110", "FR4111", "FR4190"})
"""Failures after which nothing can have been used; after every other the reservation is charged."""
TURNED_AWAY = "FR4124"
"""The server takes no more requests for now: nothing was used, but it counts for the breaker."""


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
        forbids: Callable[[Plan, str, Sequence[tuple[str, str]]], tuple[str, str] | None] = lambda *_: None,
        secrets: Sequence[Found] = (),
        shown_secrets: Sequence[Found] = (),
    ) -> None:
        """`secrets`: what no event, prompt or message may hold. `shown_secrets`: what looks like one, too, so that it is kept
        out of what is shown, of prompts and of messages about errors; data is stored as it is.

        `fixed_halts`: what is halted besides the store's halts, by name with the words for it; asked at each call.
        `forbids`: why a write of a plan may not be made now in a run's mode and by the yes of these (role, person): the
        rule and its words.
        """
        self.journal = journal
        self.models = models
        self.tools = tools
        self.clock = clock
        self._fixed_halts = fixed_halts
        self._forbids = forbids
        self.secrets = list(dict.fromkeys([*secrets, *shown_secrets]))
        self._in_use = bool(secrets)
        self._without_secrets = Masking(secrets, {}, lambda text: b"")
        self._without_any = Masking(self.secrets, {}, lambda text: b"")
        self.drain = Drain(clock)
        self._breakers = Breakers(clock)
        self._rates = Rates(clock)

    async def aclose(self) -> None:
        """Close what the ports hold open; one that cannot be closed changes no result."""
        ports: list[Tools | Models] = [*self.tools.values(), self.models]
        for port in {id(port): port for port in ports}.values():
            with suppress(Exception):
                async with asyncio.timeout(CLOSING):
                    await port.aclose()

    def halted(self, names: Sequence[str], at: str) -> str | None:
        """Return why nothing named so may be touched at a moment, None where it may."""
        fixed = self._fixed_halts()
        for name in names:
            if name in fixed:
                return fixed[name]
        halt = self.journal.halted(names, at)
        return None if halt is None else halt.words

    def stopped(
        self, compiled: CompiledPlan, command: CallTool | TakeRoom, started: RunStarted, at: str
    ) -> Refused | None:
        """Return the refusal of a call that is about to be made and must not be any more, None where it may.

        A halt stops every call; what the workspace allows today stops writes: the run's mode, and who may say yes.
        """
        held = self.halted(under(command), at)
        if held is not None:
            return halted_call(command, held, at)
        if isinstance(command, TakeRoom) or command.simulated or command.verdict.effect != "write":
            return None
        found = self._forbids(compiled.plan, started.mode, self._people(command, started.run))
        return None if found is None else Refused(path=command.path, at=at, rule=found[0], reason=found[1])

    def _people(self, command: CallTool, run: str) -> list[tuple[str, str]]:
        """Return who said yes to a call, with the role in which they did."""
        if not command.approvals:
            return []
        events = (stored.event for stored in self.journal.events(run))
        yes = [e for e in events if isinstance(e, Approved) and e.yes and entry_of(e) in command.approvals]
        return [(e.role, e.by) for e in yes if not e.digests or command.verdict.digest in e.digests]

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
                wait, taken = self._turn(read.tool, FACT_TIMEOUT)
                if not taken:
                    continue
                if wait:
                    await self.clock.sleep(wait)
                # Whatever keeps a fact from being read makes it a missing one, which denies.
                with suppress(AdapterError, ValueError):
                    found = fit((await self._invoke(request)).output)
                    known[read.policy, read.name] = self._without_secrets.out(found)
            facts.append(known)
        tools = {proposal.tool for proposal in command.proposals}
        why = {tool: self.halted([*command.under, *tool_names(tool)], now) for tool in tools}
        halted = {tool: reason for tool, reason in why.items() if reason is not None}

        def usage(counter: str, since: str | None, holds: str) -> int:
            return self.journal.usage(counter, since, besides=(run, holds) if holds else None)

        verdicts = decide(compiled, command, facts=facts, usage=usage, now=now, halted=halted)
        return Decided(path=command.path, at=now, verdicts=verdicts)

    def turn(self, command: CallTool) -> float | CallFailed:
        """Return the seconds that a call must wait for its turn under the tool's rate; its failure where that is too long."""
        tool = command.verdict.tool
        seconds, taken = self._turn(tool, time_of(command))
        if taken:
            return seconds
        fault = Fault(
            kind="tool",
            code="FR4017",
            message=t(
                "{tool} may not be called more often than its rate says, and its turn comes too late.", tool=tool
            ),
            retryable=True,
            retry_after=seconds,
        )
        return CallFailed(path=command.path, at=self.clock.now(), fault=fault, tool=tool, worked=0)

    def _turn(self, tool: str, within: float) -> tuple[float, bool]:
        source = self.tools.get(tool.partition(".")[0])
        contract = None if source is None else source.contracts().get(tool)
        if contract is None or contract.rate is None:
            return 0.0, True
        return self._rates.turn(tool, contract.rate, within)

    async def call_tool(self, compiled: CompiledPlan, command: CallTool, run: str, *, waited: float = 0.0) -> AnyEvent:
        """Make an allowed call; every failure becomes an event, which says how long the work took.

        `waited`: seconds of its time that are gone. A simulated one reaches no tool and holds no natural key.
        """
        if command.simulated:
            return self._simulate(compiled, command)
        began = self.clock.monotonic()
        event = await self._call_tool(command, run, waited)
        natural = command.verdict.natural
        return msgspec.structs.replace(event, worked=self._since(began), natural=natural)

    def _since(self, began: float) -> int:
        return round((self.clock.monotonic() - began) * MICRO)

    async def _call_tool(self, command: CallTool, run: str, waited: float) -> Returned | CallFailed | Doubted:
        verdict = command.verdict
        timeout = max(time_of(command) - waited, 0.0)
        request = ToolRequest(tool=verdict.tool, args=verdict.args, key=verdict.key, run=run, timeout=timeout)
        write = verdict.effect == "write"
        try:
            result = await self._invoke(request, write=write)
        except AdapterError as error:
            fault = self._harmless(fault_of("tool", error))
            kind = Doubted if write and error.in_doubt else CallFailed
            return kind(path=command.path, at=self.clock.now(), fault=fault, tool=verdict.tool)
        output, omitted = result.output, result.omitted
        try:
            if not omitted:
                output = fit(self._without_secrets.out(fit(output)))
        except ValueError as unfit:
            if write and isinstance(unfit, NotJson):
                fault = Fault(
                    kind="tool", code="FR4003", message=t("{tool} gave back {unfit}", tool=verdict.tool, unfit=unfit)
                )
                return Doubted(path=command.path, at=self.clock.now(), fault=fault, tool=verdict.tool)
            if not write:
                fault = Fault(
                    kind="tool", code="FR4008", message=t("{tool} gave back {unfit}", tool=verdict.tool, unfit=unfit)
                )
                return CallFailed(path=command.path, at=self.clock.now(), fault=fault, tool=verdict.tool)
            output, omitted = None, t("it gave back {unfit}", unfit=unfit)
        return Returned(
            path=command.path,
            at=self.clock.now(),
            output=output,
            tool=verdict.tool,
            repeat=result.repeat,
            omitted=omitted,
        )

    def _simulate(self, compiled: CompiledPlan, command: CallTool) -> AnyEvent:
        """Return what a write might give back: a value that the tool's output schema allows, always the same."""
        tool, path, now = command.verdict.tool, command.path, self.clock.now()
        try:
            output = sample(compiled.plan.tools[tool].output)
        except NoSample as error:
            fault = Fault(
                kind="tool", code="FR4016", message=t("{tool} cannot be simulated: {error}", tool=tool, error=error)
            )
            return CallFailed(path=path, at=now, fault=fault, tool=tool)
        return Returned(path=path, at=now, output=output, tool=tool, simulated=True)

    async def _invoke(self, request: ToolRequest, *, write: bool = False) -> ToolResult:
        """Call a tool that its breaker lets through. Whatever it raises becomes an `AdapterError`."""
        tool = request.tool
        source = self.tools.get(tool.split(".")[0])
        if source is None:
            raise AdapterError(
                t("The tool {tool} is not connected.", tool=tool),
                help=t("Name its tool file in flowrun.yaml under `tools:`."),
                code="FR4001",
            )
        wait = self._breakers.enter(tool)
        if wait is not None:
            raise AdapterError(
                t(
                    "{tool} is left alone for {wait} seconds, for its last calls all failed.",
                    tool=tool,
                    wait=f"{wait:.0f}",
                ),
                code="FR4018",
                retryable=True,
                retry_after=wait,
            )
        failed: bool | None = None
        try:
            # An adapter keeps the time itself and says what that means; this ends one that does not.
            async with asyncio.timeout(request.timeout + BACKSTOP):
                result = await source.invoke(request)
            failed = False
            return result
        except AdapterError as error:
            failed = None if error.code in NEVER_CALLED else error.retryable or error.in_doubt
            raise
        except (Exception, SystemExit) as error:
            failed = True
            late = isinstance(error, TimeoutError)
            raise AdapterError(
                t("{tool} gave no answer in its time.", tool=tool)
                if late
                else t("{tool} broke: {name}", tool=tool, name=type(error).__name__),
                code="FR4004" if late else "FR4002",
                retryable=late and not write,
                in_doubt=write,
            ) from error
        finally:
            self._breakers.leave(tool, failed)

    def _harmless(self, fault: Fault) -> Fault:
        """Return a fault whose message tells no secret, whatever a tool or a server put into it."""
        return msgspec.structs.replace(fault, message=self._without_any.out(fault.message))

    async def call_model(self, compiled: CompiledPlan, asked: CallModel, run: str) -> ModelReplied | ModelFailed:
        """Ask a model; its usage is charged, and without one that can be true the whole reservation.

        The model sees of marked values what the workspace allows; tokens in its reply are turned back.
        """
        command = msgspec.structs.replace(asked, marked=partial(marked_in, compiled.plan, asked))
        only_secrets = self._without_any if self.secrets else None
        masking = mask_for(compiled, asked, only_secrets, partial(self.journal.pseudonym, run))
        command = command if masking is None else masked(command, masking)
        began = self.clock.monotonic()
        event = await self._call_model(command, masking)
        return msgspec.structs.replace(event, worked=self._since(began))

    async def _call_model(self, command: CallModel, masking: Masking | None) -> ModelReplied | ModelFailed:
        model = command.model
        name = t("model {model}", model=model.name)
        wait = self._breakers.enter(name)
        if wait is not None:
            message = t(
                "The {name} is left alone for {wait} seconds, for its last calls all failed.",
                name=name,
                wait=f"{wait:.0f}",
            )
            fault = Fault(kind="model", code="FR4122", message=message, retryable=True, retry_after=wait)
            return ModelFailed(path=command.path, at=self.clock.now(), fault=fault, cost=0)
        failed: bool | None = None
        try:
            async with asyncio.timeout(command.timeout):
                reply = await self.models.complete(command)
            failed = False
        except TimeoutError:
            failed = True
            fault = Fault(kind="late", code="FR4120", message=t("{model} did not answer in time.", model=model.name))
            return self._unanswered(command, fault, charged=True)
        except FlowrunError as error:
            fault = self._harmless(fault_of("model", error))
            asked = isinstance(error, AdapterError) and error.code not in NEVER_ASKED
            failed = fault.retryable if asked else None
            return self._unanswered(command, fault, charged=asked and error.code != TURNED_AWAY)
        except Exception as error:
            failed = True
            fault = Fault(
                kind="model",
                code="FR4123",
                message=t("Asking {model} broke: {name}.", model=model.name, name=type(error).__name__),
            )
            return self._unanswered(command, fault, charged=True)
        finally:
            self._breakers.leave(name, failed)
        try:
            reply = fitting(reply)
            reply = reply if masking is None else restored(reply, masking)
            if self._in_use:
                # A server may say back what it was sent.
                reply = msgspec.structs.replace(
                    reply,
                    proposals=[(tool, self._without_secrets.out(args)) for tool, args in reply.proposals],
                    answer=self._without_secrets.out(reply.answer),
                    text=self._without_secrets.out(reply.text),
                )
            reply = fitting(reply)
        except ValueError as unfit:
            fault = Fault(kind="model", code="FR4108", message=t("{model} said {unfit}", model=model.name, unfit=unfit))
            return self._unanswered(command, fault, charged=True)
        price, tokens, doubtful = charge(command, reply.usage)
        return ModelReplied(
            path=command.path,
            at=self.clock.now(),
            model=model.name,
            mode=reply.mode,
            proposals=[(tool, args) for tool, args in reply.proposals],
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
