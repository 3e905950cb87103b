"""One process of a case: it plays a test in a folder, where it stands, and may be killed on the way.

Owns: the stage that lasts, and how a play begins where another one was killed. It runs in a process of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from flowrun import wiring
from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import AnyEvent
from flowrun.errors import FlowrunError
from flowrun.lang.spec_files import TestFile
from flowrun.ports.journal import Journal
from flowrun.testing.chaos import diary as d
from flowrun.testing.chaos.cut import Cut, CutModels, CutTools, cut_journal
from flowrun.testing.chaos.diary import Diary, Line
from flowrun.testing.chaos.lasting import LastingClock, LastingModels, LastingTools
from flowrun.testing.play import START, Play, Stage, check_given
from flowrun.testing.result import Unplayable
from flowrun.values.moments import add_seconds

Json = Any
Known = Mapping[str, Sequence[int]]


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What is played: a test and its flow. `journal` and `tools` make the two things that must not fail.

    A suite that wants to see whether defects are found gives others; a defective runtime is told by its journal.
    """

    test: TestFile
    compiled: CompiledPlan
    journal: Callable[[Journal], Journal] = field(default=lambda inner: inner)
    tools: type[LastingTools] = LastingTools


class LastingPlay(Play):
    """A play that goes on where another process stopped."""

    def __init__(self, setup: Setup, stage: Stage, diary: Diary) -> None:
        super().__init__(setup.test, setup.compiled, stage)
        self._diary = diary
        self._until = next((line.value for line in diary.of(d.UNTIL)), None)

    async def play(self) -> None:
        """Play on to the end. Raises `Unplayable`."""
        check_given(self.test, self.compiled)
        self.runs = runs_of(self.journal)
        # The sender of a first delivery that made a run was answered, even if it never heard of it.
        done = max(len(self._diary.of(d.DELIVERED)), 1 if self.runs else 0)
        for run in self.runs:
            self.people.recall([stored.event for stored in self.journal.events(run)])
        if self.runs:
            await self._resume()
        for _ in range(done, self.test.deliver):
            await self._deliver()
            self._diary.add(Line(kind=d.DELIVERED))
        await self._go_on()

    def _let_time_pass(self) -> bool:
        if self._until is None and self.test.after is not None:
            self._until = add_seconds(self.clock.now(), self.test.after)
            self._diary.add(Line(kind=d.UNTIL, value=self._until))
        return super()._let_time_pass()


def play(setup: Setup, folder: Path, *, at: int, known: Known | None) -> int:
    """Play a test in a folder and die at boundary `at` of this process; return the exit code where none is reached.

    `known`: the replies of the run without a kill. What went wrong is written into the diary.
    """
    diary = Diary(folder / "diary.jsonl")
    try:
        asyncio.run(_played(setup, folder, diary, Cut(diary, at), known))
    except Unplayable as error:
        diary.add(Line(kind=d.PROBLEM, value=error.message))
    except FlowrunError as error:
        diary.add(Line(kind=d.PROBLEM, value=f"{error.message} {error.help or ''}".rstrip()))
    except Exception as error:
        diary.add(Line(kind=d.PROBLEM, value=f"flowrun itself broke: {type(error).__name__}: {error}"))
    else:
        return 0
    return 1


async def _played(setup: Setup, folder: Path, diary: Diary, cut: Cut, known: Known | None) -> None:
    test, plan = setup.test, setup.compiled.plan
    store = open_store(folder)
    try:
        events = [stored.event for run in runs_of(store) for stored in store.events(run)]

        def now() -> Sequence[AnyEvent]:
            return [stored.event for run in runs_of(store) for stored in store.events(run)]

        tools = setup.tools(plan.tools, test.tools, diary, now)
        models = LastingModels(test.model, diary, events, known)
        stage = Stage(
            clock=LastingClock(test.now or START, diary),
            journal=setup.journal(cut_journal(store, cut)),
            tools=tools,
            models=models,
            tool_port=CutTools(tools, cut),
            model_port=CutModels(models, cut),
            owner=wiring.owner(),
        )
        play = LastingPlay(setup, stage, diary)
        await play.play()
        for problem in play.problems:
            diary.add(Line(kind=d.PROBLEM, value=problem.text))
    finally:
        store.close()


def open_store(folder: Path) -> Journal:
    """Open the store of a case."""
    return wiring.journal(f"sqlite:///{folder / 'runs.db'}")


def runs_of(journal: Journal) -> list[str]:
    """Return the ids of a store's runs, the oldest first."""
    return [row.run for row in reversed(journal.runs(limit=100))]


def without_crash(test: TestFile) -> TestFile:
    """Return a test without its own crash, for the kills take its place."""
    return msgspec.structs.replace(test, crash_after=None)
