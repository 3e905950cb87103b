"""Work side by side in processes, with its results in order.

Owns: the processes. They are forked, so that nothing is imported or read twice and work need not be sent; where a system cannot
fork, or for little work, everything is done here.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import connection
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any, TypeVar

from flowrun.errors import InternalError

T = TypeVar("T")
FEW = 40
"""Pieces of work for which a second process is not worth its start."""


def processes(pieces: int, jobs: int | None = None, few: int = FEW) -> int:
    """Return how many processes do some work; 1 is this one alone. `jobs` is what a person asked for."""
    if not hasattr(os, "fork"):
        return 1
    if jobs is not None:
        return max(1, min(jobs, pieces))
    return max(1, min(os.cpu_count() or 1, pieces // few))


def spread(
    pieces: Sequence[Callable[[], T]], jobs: int, stop: Callable[[T], bool] = lambda result: False
) -> Iterator[tuple[int, T]]:
    """Do each piece and yield its place and its result, as they are ready; none is begun after `stop` said so.

    Results must be values that pickle knows. A piece that raises ends everything with `InternalError`.
    """
    if jobs <= 1:
        for place, piece in enumerate(pieces):
            result = piece()
            yield place, result
            if stop(result):
                return
        return
    yield from _forked(pieces, jobs, stop)


def _forked(pieces: Sequence[Callable[[], T]], jobs: int, stop: Callable[[T], bool]) -> Iterator[tuple[int, T]]:
    context = multiprocessing.get_context("fork")
    waiting = iter(range(len(pieces)))
    workers: dict[Connection[Any, Any], ForkProcess] = {}
    stopped = False

    def more(pipe: Connection[Any, Any]) -> None:
        place = None if stopped else next(waiting, None)
        pipe.send(place)
        if place is None:
            workers.pop(pipe).join()
            pipe.close()

    try:
        for _ in range(jobs):
            mine, its = context.Pipe()
            process = context.Process(target=_work, args=(pieces, its))
            process.start()
            its.close()
            workers[mine] = process
        for pipe in list(workers):
            more(pipe)
        while workers:
            for ready in connection.wait(list(workers)):
                assert isinstance(ready, Connection)
                try:
                    place, result, error = ready.recv()
                except EOFError:
                    raise InternalError("A process that runs tests ended by itself.") from None
                if error:
                    raise InternalError(error)
                stopped = stopped or stop(result)
                more(ready)
                yield place, result
    finally:
        for pipe, process in workers.items():
            process.kill()
            process.join()
            pipe.close()


def _work(pieces: Sequence[Callable[[], Any]], pipe: Connection[Any, Any]) -> None:
    # What a tool's module prints is no part of the report.
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        while (place := pipe.recv()) is not None:
            try:
                pipe.send((place, pieces[place](), ""))
            except Exception as error:
                pipe.send((place, None, f"{type(error).__name__}: {error}"))
    sys.stderr.flush()
    os._exit(0)
