"""Threads for tools that are plain functions, and tasks for async ones.

Owns: running a function without the process ever waiting for it. A function that hangs keeps its
thread until the process ends; what that means for the call is `python.py`'s part.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import threading
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from typing import Any

from flowrun.errors import AdapterError
from flowrun.words import t

MOST_AT_ONCE = 64
"""Functions that may run at the same time, those that hang included."""

CLEANING = 1.0
"""Seconds that a cancelled function has for what it does at its end."""
Job = Callable[[], None]
_lock = threading.Lock()
_idle: list[_Worker] = []
_busy: set[_Worker] = set()


class _Worker(threading.Thread):
    """A thread that is used again. A daemon, because Python waits for every other thread before it ends."""

    def __init__(self) -> None:
        super().__init__(name="flowrun-tool", daemon=True)
        self.jobs: SimpleQueue[Job] = SimpleQueue()

    def run(self) -> None:
        while True:
            job = self.jobs.get()
            job()
            del job  # it holds the arguments


def _nothing() -> None:
    """What is called at a function's end where nobody wants to know."""


async def call_in_thread(
    function: Callable[..., Any], arguments: Mapping[str, Any], ended: Callable[[], None] = _nothing
) -> Any:
    """Return what a function gives, run in a thread; the caller's cancellation leaves it running unheard.

    `ended` is called in that thread once the function has really ended, heard or not. Raises what the function raises,
    and a retryable `AdapterError` (FR4015) where `MOST_AT_ONCE` run already.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[tuple[Any, BaseException | None]] = loop.create_future()
    context = contextvars.copy_context()
    try:
        worker = _take()
    except AdapterError:
        ended()
        raise

    def job() -> None:
        value, error = None, None
        try:
            value = context.run(function, **arguments)
        except BaseException as raised:  # whatever it is, the caller must hear of it
            error = _heard(raised)
        ended()
        _give_back(worker)
        # The loop is closed where the run has ended without this function.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle, future, (value, error))

    worker.jobs.put(job)
    value, error = await future
    if error is not None:
        raise error
    return value


async def call_in_task(
    function: Callable[..., Any],
    arguments: Mapping[str, Any],
    seconds: float,
    ended: Callable[[], None] = _nothing,
) -> Any:
    """Return what an async function gives; raises what it raises, and `TimeoutError` after `seconds`.

    `ended` is called once the function has really ended.

    A function that takes no notice of its cancellation is left alone after a moment, and its result is not heard.
    """

    async def run() -> tuple[Any, BaseException | None]:
        try:
            return await function(**arguments), None
        except BaseException as raised:  # also what would end the program if a task let it through
            return None, _heard(raised)

    task = asyncio.create_task(run())
    task.add_done_callback(lambda _: ended())
    try:
        await asyncio.wait([task], timeout=seconds)
    finally:
        if not (finished := task.done()):
            task.cancel()
    if not finished:
        await asyncio.wait([task], timeout=CLEANING)
        raise TimeoutError
    value, error = task.result()
    if error is not None:
        raise error
    return value


def _heard(error: BaseException) -> BaseException:
    """Return an error that may be raised in a coroutine: there `GeneratorExit` means something of its own."""
    return RuntimeError("GeneratorExit") if isinstance(error, GeneratorExit) else error


def _settle(future: asyncio.Future[Any], outcome: tuple[Any, BaseException | None]) -> None:
    if not future.done():
        future.set_result(outcome)


def _take() -> _Worker:
    with _lock:
        if len(_busy) >= MOST_AT_ONCE:
            raise AdapterError(
                t("{most_at_once} tools run already in this process.", most_at_once=MOST_AT_ONCE),
                help=t("A tool that hangs keeps its place: give its requests a timeout of their own."),
                code="FR4015",
                retryable=True,
            )
        if _idle:
            worker = _idle.pop()
        else:
            worker = _Worker()
            worker.start()
        _busy.add(worker)
        return worker


def _give_back(worker: _Worker) -> None:
    with _lock:
        _busy.discard(worker)
        _idle.append(worker)


def _forget() -> None:
    """A forked process has none of its parent's threads."""
    global _lock
    _lock = threading.Lock()
    _idle.clear()
    _busy.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
