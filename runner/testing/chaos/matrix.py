"""Every boundary of a test, a process killed at each, and another that goes on.

Owns: the processes and their order. One process is forked for each part of a case, so that nothing is imported twice; what a
case came to is judged by `findings`.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TypeVar

import msgspec

from flowrun.errors import ConfigError
from flowrun.testing.chaos import diary as d
from flowrun.testing.chaos.case import Known, Setup, play
from flowrun.testing.chaos.diary import Diary
from flowrun.testing.chaos.findings import World, broken_promises, in_doubt, read_world
from flowrun.testing.chaos.lasting import call_of
from flowrun.words import t

PATIENCE = 60.0
"""Seconds of the machine after which a process is given up."""
GAVE_UP = 124
"""The exit code that stands for a process that was given up."""
Body = Callable[[], int]
T = TypeVar("T")


class Boundary(msgspec.Struct, frozen=True, kw_only=True):
    """One place at which a run can be killed; `number` counts from 1 over all kinds."""

    number: int
    kind: str
    what: str


class CaseResult(msgspec.Struct, kw_only=True):
    """One boundary. `killed` says where each process ended; `in_doubt`: a person is told of a write that nobody can settle.

    `repeated` are model calls that were in flight and made again. `problems` are the broken promises.
    """

    boundary: Boundary
    killed: list[str]
    problems: list[str]
    in_doubt: bool = False
    repeated: int = 0
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether all promises held."""
        return not self.problems


class ChaosResult(msgspec.Struct, kw_only=True):
    """One test. `problems` say why it could not be played at all."""

    name: str
    file: str
    boundaries: int
    cases: list[CaseResult]
    problems: list[str] = []
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether every case held."""
        return not self.problems and all(case.ok for case in self.cases)


def run_chaos(
    setup: Setup,
    *,
    kinds: Sequence[str],
    at: int | None = None,
    kills: int = 1,
    seed: int = 0,
    jobs: int | None = None,
    on_case: Callable[[int, int], None] = lambda done, all: None,
) -> ChaosResult:
    """Kill a test at each of its boundaries (or at one), go on, and count.

    `kills`: how often a case is killed; the later ones at a boundary by `seed`. `on_case` is told how many of all are done.
    A run without the boundary `at` has no case.
    Raises `ConfigError` (FR2045) where the system cannot fork.
    """
    if not hasattr(os, "fork"):
        raise ConfigError(t("flowrun chaos needs a system that can fork: Linux or macOS."), code="FR2045")
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="flowrun-chaos-") as name:
        root = Path(name)
        result, reference = _reference(setup, root)
        if reference is not None:
            places = [b for b in boundaries(reference) if at in (None, b.number) and b.kind in kinds]
            cases = [_case(setup, root, place, reference, kills, seed) for place in places]
            for done, case in enumerate(in_processes(cases, jobs or os.cpu_count() or 1), 1):
                result.cases.append(case)
                on_case(done, len(places))
            result.cases.sort(key=lambda case: case.boundary.number)
    result.seconds = round(time.perf_counter() - began, 3)
    return result


def boundaries(reference: World) -> list[Boundary]:
    """Return the boundaries of the run that nobody killed."""
    return [
        Boundary(number=number, kind=line.name, what=line.value) for number, line in enumerate(reference.boundaries, 1)
    ]


def _reference(setup: Setup, root: Path) -> tuple[ChaosResult, World | None]:
    folder = root / "reference"
    folder.mkdir()
    result = ChaosResult(name=setup.test.test, file=setup.test.file, boundaries=0, cases=[])

    def whole() -> Generator[Body, int, int]:
        return (yield lambda: play(setup, folder, at=0, known=None))

    (code,) = in_processes([whole()], 1)
    world = read_world(folder, setup.compiled)
    result.boundaries = len(world.boundaries)
    # With itself for a comparison, it shows what is wrong before anything is killed.
    result.problems = broken_promises(world, world)
    if code != 0 and not result.problems:
        result.problems.append(ended_badly(code))
    return result, None if result.problems else world


def _case(
    setup: Setup, root: Path, place: Boundary, reference: World, kills: int, seed: int
) -> Generator[Body, int, CaseResult]:
    began = time.perf_counter()
    folder = root / str(place.number)
    folder.mkdir()
    known: dict[str, list[int]] = {}
    for line in reference.of(d.MODEL):
        known.setdefault(call_of(line.path), []).append(line.place)
    chance = random.Random(f"{seed}:{place.number}")
    left = len(reference.boundaries) - place.number
    killed: list[str] = []
    problems: list[str] = []
    for number, at in enumerate([place.number, *(chance.randint(1, left + 6) for _ in range(kills - 1)), 0]):
        code = yield _body(setup, folder, at, known)
        if code == -signal.SIGKILL and at:
            killed.append(last_boundary(folder))
            continue
        if code != 0:
            problems.append(ended_badly(code))
        elif number == 0:
            problems.append(t("The run ended and never came to this boundary, so it is not the same each time."))
        break
    world = read_world(folder, setup.compiled)
    problems += broken_promises(world, reference)
    asked = len(world.of(d.MODEL)) - len(reference.of(d.MODEL))
    result = CaseResult(
        boundary=place,
        killed=killed,
        problems=list(dict.fromkeys(problems)),
        in_doubt=in_doubt(world),
        repeated=max(asked, 0),
        seconds=round(time.perf_counter() - began, 3),
    )
    shutil.rmtree(folder)
    return result


def last_boundary(folder: Path) -> str:
    """Return the boundary at which the last process of a case died."""
    diary = Diary(folder / "diary.jsonl")
    try:
        return str(diary.of(d.BOUNDARY)[-1].value)
    finally:
        diary.close()


def _body(setup: Setup, folder: Path, at: int, known: Known) -> Body:
    return lambda: play(setup, folder, at=at, known=known)


def ended_badly(code: int) -> str:
    """Return what to say of a process that neither ended well nor was killed at its boundary."""
    if code == GAVE_UP:
        return t("The process did not end within {patience} seconds.", patience=f"{PATIENCE:g}")
    return t("The process ended with {code}.", code=code)


def in_processes(work: Iterable[Generator[Body, int, T]], jobs: int) -> Iterator[T]:
    """Run generators, `jobs` at a time: what one yields runs in a process of its own, and its exit code comes back.

    A negative code is a signal. Results come as they are ready.
    """
    context = multiprocessing.get_context("fork")
    waiting = iter(work)
    running: dict[int, tuple[BaseProcess, Generator[Body, int, T], float]] = {}

    def go(item: Generator[Body, int, T], code: int | None) -> list[T]:
        try:
            body = next(item) if code is None else item.send(code)
        except StopIteration as stop:
            return [stop.value]
        process = context.Process(target=_child, args=(body,))
        process.start()
        running[process.sentinel] = (process, item, time.monotonic() + PATIENCE)
        return []

    try:
        while True:
            while len(running) < max(jobs, 1) and (item := next(waiting, None)) is not None:
                yield from go(item, None)
            if not running:
                return
            first = min(limit for _, _, limit in running.values())
            ready = connection.wait(list(running), timeout=max(first - time.monotonic(), 0))
            for sentinel in [s for s in running if s in ready or running[s][2] <= time.monotonic()]:
                process, item, _ = running.pop(sentinel)
                late = sentinel not in ready
                if late:
                    process.kill()
                process.join()
                code = GAVE_UP if late else process.exitcode
                process.close()
                yield from go(item, code)
    finally:
        for process, _, _ in running.values():
            process.kill()
            process.join()


def _child(body: Body) -> None:
    # What tools of other packages print is no part of the report.
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        sys.stdout = nowhere
        code = body()
    os._exit(code)
