"""The fakes of a test, remembering across processes what a real world would remember.

Owns: what a killed process leaves behind in the world: effects by their keys, the clock, which answer was given to whom. An
answer that was given and lost with the process is given again, as a real tool or model would do.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from flowrun.core.commands import CallModel
from flowrun.core.events import (
    AnyEvent,
    CallFailed,
    Decided,
    Doubted,
    Intended,
    ModelFailed,
    ModelReplied,
)
from flowrun.plan.model import ToolPlan
from flowrun.ports.models import ModelReply
from flowrun.ports.tools import ToolRequest, ToolResult
from flowrun.testing.chaos import diary as d
from flowrun.testing.chaos.diary import Diary, Line
from flowrun.testing.fakes import NOTHING, Effect, FakeClock, FakeModels, FakeTools

Json = Any
INTERRUPTED = ("FR3103", "FR4121")
"""The faults that a runtime notes for a call during which the process ended."""
_ATTEMPT = re.compile(r"~\d+$")


class LastingClock(FakeClock):
    """A test's clock that does not go back when a process is killed."""

    def __init__(self, start: str, diary: Diary) -> None:
        super().__init__(start)
        for line in diary.of(d.CLOCK):
            super().move_to(line.value)
        self._ids = len(diary.of(d.IDS))
        self._diary = diary

    async def sleep(self, seconds: float) -> None:
        """Move on."""
        await super().sleep(seconds)
        self._diary.add(Line(kind=d.CLOCK, value=self.now()))

    def move_to(self, moment: str) -> None:
        """Move on to a moment."""
        super().move_to(moment)
        self._diary.add(Line(kind=d.CLOCK, value=self.now()))

    def new_id(self) -> str:
        """Return the next id."""
        self._diary.add(Line(kind=d.IDS))
        return super().new_id()


class LastingTools(FakeTools):
    """A test's tools, whose effects stay. A lookup for a write in doubt is answered from the effects themselves.

    `events`: gives the events that the journal holds.
    """

    def __init__(
        self,
        contracts: Mapping[str, ToolPlan],
        given: Mapping[str, Json],
        diary: Diary,
        events: Callable[[], Sequence[AnyEvent]],
    ) -> None:
        super().__init__(contracts, given)
        self._diary = diary
        self._events = events
        self._made: list[Effect] = []
        self._again: dict[tuple[str, str], list[int]] = {}
        self._writes_of: dict[str, list[str]] = {}
        for name, tool in contracts.items():
            if reader := confirm_of(tool):
                self._writes_of.setdefault(reader, []).append(name)
        self._remember(diary.lines, events())

    def _remember(self, lines: Sequence[Line], events: Sequence[AnyEvent]) -> None:
        for line in lines:
            if line.kind == d.CALL:
                self.attempts[line.name] += 1
            elif line.kind == d.TOOK:
                self._next[line.name] = max(self._next[line.name], line.place + 1)
            elif line.kind == d.EFFECT:
                identity = None if line.value is None else (line.value[0], line.value[1])
                request = ToolRequest(tool=line.name, args=line.args, key=line.key, run="", timeout=0)
                self._made.append(super().did(request, identity))
            elif line.kind == d.OUTPUT:
                self._made[line.place].output = line.value
        self._again = lost_answers(lines, events)

    async def invoke(self, request: ToolRequest) -> ToolResult:
        """Answer as the test says, or as the world is."""
        writes = self._writes_of.get(request.tool, ())
        if writes and any(isinstance(e, Intended) and e.key == request.key for e in self._events()):
            self.tried(request)
            made = (effect for write in writes for effect in self.effects.get(write, ()))
            output = next((effect.output for effect in made if effect.key == request.key), None)
            return ToolResult(output={} if output is NOTHING else output)
        return await super().invoke(request)

    def tried(self, request: ToolRequest) -> None:
        """Count a call."""
        super().tried(request)
        if request.key:
            self._diary.add(Line(kind=d.CALL, name=request.tool, key=request.key))

    def place(self, request: ToolRequest) -> int:
        """Return the next answer, or the one that was lost."""
        lost = self._again.get((request.tool, asker(request.key, request.args)))
        place = lost.pop(0) if lost else super().place(request)
        self._diary.add(Line(kind=d.TOOK, name=request.tool, key=request.key, args=request.args, place=place))
        return place

    def did(self, request: ToolRequest, identity: tuple[str, str] | None) -> Effect:
        """Note that the tool does something."""
        effect = super().did(request, identity)
        self._made.append(effect)
        self._diary.add(
            Line(
                kind=d.EFFECT,
                name=request.tool,
                key=request.key,
                args=request.args,
                value=None if identity is None else list(identity),
            )
        )
        return effect

    def gave(self, effect: Effect, output: Json) -> None:
        """Note what the tool answers."""
        super().gave(effect, output)
        self._diary.add(
            Line(kind=d.OUTPUT, place=next(n for n, made in enumerate(self._made) if made is effect), value=output)
        )


class LastingModels(FakeModels):
    """A test's models: the same question gets the same reply, whoever asks.

    `known` has the replies of the run without a kill, by the path of the call without its attempt; None while that run is made.
    """

    def __init__(
        self,
        replies: Mapping[str, Any],
        diary: Diary,
        events: Sequence[AnyEvent],
        known: Mapping[str, Sequence[int]] | None,
    ) -> None:
        super().__init__(replies)
        self._diary = diary
        self._known = known
        ended = {
            event.path
            for event in events
            if isinstance(event, ModelReplied)
            or (isinstance(event, ModelFailed) and event.fault.code not in INTERRUPTED)
        }
        self._finished = Counter(call_of(line.path) for line in diary.of(d.MODEL) if line.path in ended)

    async def complete(self, request: CallModel) -> ModelReply:
        """Return the reply that this call got, or gets."""
        call = call_of(request.path)
        if self._known is not None and request.step in self._next:
            replies = self._known.get(call, ())
            place = self._finished[call]
            if place >= len(replies):
                self._diary.add(Line(kind=d.AGAIN, name=request.step, path=request.path))
                place = len(replies) - 1
            if replies:
                self._next[request.step] = replies[place]
        self._finished[call] += 1
        self._diary.add(Line(kind=d.MODEL, name=request.step, path=request.path, place=self._next.get(request.step, 0)))
        return await super().complete(request)


def call_of(path: str) -> str:
    """Return the path of a call without its attempt."""
    return _ATTEMPT.sub("", path)


def confirm_of(tool: ToolPlan) -> str:
    """Return the full name of the reader that tells whether a write was done, "" where there is none."""
    name = (tool.once or {}).get("confirm_with", "")
    return name if not name or "." in name else f"{tool.name.split('.')[0]}.{name}"


def asker(key: str, args: Mapping[str, Json]) -> str:
    """Return who got an answer: a call by its key, a fact by its arguments."""
    return key or msgspec.json.encode(args, order="deterministic").decode()


def lost_answers(lines: Sequence[Line], events: Sequence[AnyEvent]) -> dict[tuple[str, str], list[int]]:
    """Return the places of answers that were given and of which the run knows nothing, by tool and asker.

    An answer that became an effect's output is not among them: the tool gives it again by itself.
    """
    keys = {verdict.path: verdict.key for e in events if isinstance(e, Decided) for verdict in e.verdicts}
    failures = Counter(
        keys.get(call_of(e.path), "")
        for e in events
        if isinstance(e, CallFailed | Doubted) and e.fault.code not in INTERRUPTED
    )
    decided = sum(isinstance(event, Decided) for event in events)
    taken: dict[tuple[str, str], dict[int, int]] = {}
    for number, line in enumerate(lines):
        if line.kind == d.TOOK:
            taken.setdefault((line.name, asker(line.key, line.args)), {})[line.place] = number
    lost = {}
    for (tool, who), places in taken.items():
        found = [place for place, number in places.items() if is_lost(lines, number, decided)]
        lost[tool, who] = found[failures[who] :]
    return lost


def is_lost(lines: Sequence[Line], number: int, decided: int) -> bool:
    """Return whether the answer taken in a line neither became an output nor, as a fact, served a stored decision."""
    if lines[number].key:
        return not gave_output(lines, number)
    later = next((line.place for line in lines[number:] if line.kind == d.DECIDING), None)
    return later is None or later > decided


def gave_output(lines: Sequence[Line], number: int) -> bool:
    """Return whether the answer taken in a line became an output; a process does so before its next answer."""
    for line in lines[number + 1 :]:
        if line.kind == d.OUTPUT:
            return True
        if line.kind in (d.TOOK, d.CALL, d.BOUNDARY):
            return False
    return False
