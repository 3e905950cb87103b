"""The world of a test: a clock that only moves when told, tools and models that say what the test gives.

Owns: the fakes of the ports. They hold what happened, for the comparison; when time passes is `play`'s decision.
"""

from __future__ import annotations

import asyncio
import copy
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec

from flowrun.adapters.models.scripted import ScriptedModels
from flowrun.core.commands import CallModel
from flowrun.errors import AdapterError
from flowrun.plan.model import ToolPlan
from flowrun.ports.models import ModelReply
from flowrun.ports.tools import ToolRequest, ToolResult
from flowrun.records.samples import NoSample, sample
from flowrun.records.validation import Checker
from flowrun.values.moments import format_moment, parse_moment
from flowrun.words import t

Json = Any
FAULTS = ("times_out_after_success", "fails", "malformed")
NOT_GIVEN = "FR4109"
NOTHING = object()
"""No output yet; None is one."""


class FakeClock:
    """A clock that stands still. Sleeping moves it at once."""

    def __init__(self, start: str) -> None:
        moment = parse_moment(start)
        if moment is None:
            raise ValueError(f"not a moment: {start!r}")
        self._start = self._moment = moment
        self._ids = 0

    def now(self) -> str:
        """Return the moment of the test."""
        return format_moment(self._moment)

    def monotonic(self) -> float:
        """Return the seconds since the test began, in its own time."""
        return (self._moment - self._start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        """Move on by so much and give other tasks their turn."""
        self._moment += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    def move_to(self, moment: str) -> None:
        """Move on to a moment; one that is past changes nothing."""
        parsed = parse_moment(moment)
        if parsed is not None and parsed > self._moment:
            self._moment = parsed

    def jitter(self) -> float:
        """Return the same each time, so that a test is the same each time."""
        return 0.5

    def new_id(self) -> str:
        """Return ids that count up."""
        self._ids += 1
        return f"test{self._ids:022d}"


class Lack(msgspec.Struct, frozen=True):
    """Something that the run needed and the test does not give, with the keys to where it would stand."""

    text: str
    path: tuple[str | int, ...]


@dataclass(slots=True)
class Effect:
    """One thing that a tool has done. `output` is missing while no call has brought it back; `key` is the call's."""

    args: dict[str, Json]
    output: Json = NOTHING
    key: str = ""

    def as_json(self) -> dict[str, Json]:
        """Return what `world` compares: the arguments, and the output's fields over them."""
        return {**self.args, **(self.output if isinstance(self.output, dict) else {})}


class FakeTools:
    """Every tool of a plan, answering from `given.tools`: a value for each call, or a list by call.

    A tool whose `once` makes a repeat harmless keeps its first result and gives it again, as the real one would.
    `crash_after`: the first call of that tool does its work and then never returns; `crashed` is set.
    """

    def __init__(
        self, contracts: Mapping[str, ToolPlan], given: Mapping[str, Json], *, crash_after: str | None = None
    ) -> None:
        self._contracts = contracts
        self._given = given
        self._by_call = {name for name, answer in given.items() if is_by_call(contracts.get(name), answer)}
        self._next: Counter[str] = Counter()
        self._known: dict[tuple[str, str], Effect] = {}
        self._crash_after = crash_after
        self.crashed = asyncio.Event()
        self.problems: list[Lack] = []
        self.attempts: Counter[str] = Counter()
        self.effects: dict[str, list[Effect]] = {}

    def contracts(self) -> Mapping[str, ToolPlan]:
        """Return the plan's contracts."""
        return self._contracts

    async def invoke(self, request: ToolRequest) -> ToolResult:
        """Answer as the test says; raises AdapterError for its faults and where it says nothing."""
        name = request.tool
        contract = self._contracts[name]
        write = contract.effect == "write"
        self.tried(request)
        identity = self.identity(contract, request)
        known = self._known.get(identity) if identity is not None else None
        if known is not None and known.output is not NOTHING:
            return ToolResult(output=copy.deepcopy(known.output), repeat=True)
        entry = self._entry(request)
        fault = fault_of(entry)
        if fault == "fails":
            raise AdapterError(t("{name} failed, as the test says.", name=name), code="FR4002")
        if fault == "times_out_after_success" and not write:
            raise AdapterError(
                t("{name} gave no answer in time, as the test says.", name=name), code="FR4004", retryable=True
            )
        if known is None:
            known = self.did(request, identity)
        if fault == "times_out_after_success":
            raise AdapterError(
                t("{name} gave no answer in time, as the test says.", name=name), code="FR4004", in_doubt=True
            )
        self.gave(known, {"unexpected": True} if fault == "malformed" else copy.deepcopy(entry))
        if name == self._crash_after:
            self._crash_after = None
            self.crashed.set()
            await asyncio.Event().wait()
        return ToolResult(output=copy.deepcopy(known.output))

    async def aclose(self) -> None:
        """Do nothing."""

    def tried(self, request: ToolRequest) -> None:
        """Count a call. A fact that a policy reads has no key: it is no call of the flow, and is not counted."""
        self.attempts[request.tool] += request.key != ""

    def identity(self, contract: ToolPlan, request: ToolRequest) -> tuple[str, str] | None:
        """Return by what the tool would know a repeated call, None where it would do it again."""
        return identity_of(contract, request)

    def place(self, request: ToolRequest) -> int:
        """Return which of a list of answers this call gets, from 0."""
        place = self._next[request.tool]
        self._next[request.tool] += 1
        return place

    def did(self, request: ToolRequest, identity: tuple[str, str] | None) -> Effect:
        """Note that the tool does something."""
        effect = Effect(args=request.args, key=request.key)
        if request.key:
            self.effects.setdefault(request.tool, []).append(effect)
        if identity is not None:
            self._known[identity] = effect
        return effect

    def gave(self, effect: Effect, output: Json) -> None:
        """Note what the tool answers."""
        effect.output = output

    def left(self) -> dict[str, int]:
        """Return how many answers of each list were never asked for, where there are any."""
        counts = {name: len(self._given[name]) - self._next[name] for name in sorted(self._by_call)}
        return {name: count for name, count in counts.items() if count > 0}

    def _entry(self, request: ToolRequest) -> Json:
        name = request.tool
        if name not in self._given:
            self.problems.append(
                Lack(
                    t(
                        "The flow called {name}, and the test says nothing about it. Add `{name}:` under given.tools, "
                        "for example `{name}: {example}`.",
                        name=name,
                        example=example_of(self._contracts[name]),
                    ),
                    ("given", "tools"),
                )
            )
            raise AdapterError(t("The test says nothing about {name}.", name=name), code=NOT_GIVEN)
        given = self._given[name]
        if name not in self._by_call:
            return given
        place = self.place(request)
        if place >= len(given):
            self.problems.append(
                Lack(
                    t(
                        "{name} was called for the {number}. time; given.tools.{name} lists {listed} answers. "
                        "Add one, or write a single answer without a list, which holds for every call.",
                        name=name,
                        number=place + 1,
                        listed=len(given),
                    ),
                    ("given", "tools", name, len(given) - 1),
                )
            )
            raise AdapterError(t("The test lists no further answer of {name}.", name=name), code=NOT_GIVEN)
        return given[place]


def is_by_call(contract: ToolPlan | None, given: Json) -> bool:
    """Return whether what a test gives for a tool is a list of answers by call: not where the list is itself an answer."""
    if not isinstance(given, list | tuple):
        return False
    if contract is None or contract.output.get("type") == "object":
        return True
    return bool(Checker(contract.output).check(list(given), placeholders=False))


def example_of(contract: ToolPlan) -> str:
    """Return an output of a tool in one line of YAML, `…` where none can be made."""
    try:
        return msgspec.json.encode(sample(contract.output)).decode()
    except NoSample:
        return "…"


class FakeModels(ScriptedModels):
    """Models that reply as the test says, and note where it says nothing."""

    def __init__(self, replies: Mapping[str, Any]) -> None:
        super().__init__(replies)
        self.problems: list[Lack] = []

    async def complete(self, request: CallModel) -> ModelReply:
        """Return the step's next reply."""
        try:
            return await super().complete(request)
        except AdapterError as error:
            if error.code == NOT_GIVEN:
                place = ("given", "model", request.step) if request.step in self._replies else ("given", "model")
                self.problems.append(Lack(f"{error.message} {error.help}", place))
            raise


def fault_of(entry: Json) -> str | None:
    """Return the fault that an entry of `given.tools` asks for, None for an answer."""
    if isinstance(entry, Mapping) and set(entry) == {"error"} and isinstance(entry["error"], str):
        return entry["error"]
    return None


def identity_of(contract: ToolPlan, request: ToolRequest) -> tuple[str, str] | None:
    """Return by what the tool would know a repeated call, None where it would do it again."""
    if not request.key:
        return None
    once = contract.once or {}
    if contract.effect == "read" or "header" in once or "argument" in once:
        return contract.name, request.key
    if "natural" in once:
        values = [request.args.get(name) for name in once["natural"]]
        return contract.name, msgspec.json.encode(values, order="deterministic").decode()
    return None
