"""SIGTERM and Ctrl-C while a command drives runs.

Owns: what each signal does and the time that is granted. The first asks for an orderly end; the second, or the time being
up, ends the process at once: the journal is made for that.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NoReturn

from flowrun.cli.options import command_line
from flowrun.runtimes.drain import Stopped
from flowrun.words import mark, t, tn

if TYPE_CHECKING:
    from flowrun.runtimes.drain import Drain

GRACE = 9.5
"""Seconds that running calls have; with the program's own end it stays below the 10 seconds that are promised."""
FIRST = mark("Ending: calls that run are finished first, at most 10 seconds. Once more ends at once.\n")
GAVE_UP = mark("Gave up: what was running had not ended within 10 seconds")
SECOND = mark("Ended at once, at the second signal")
MOST_NAMED = 20


@contextmanager
def orderly(drain: Drain) -> Iterator[None]:
    """Let signals ask for an orderly end while the block runs in the event loop of the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    listener = _Listener(asyncio.get_running_loop(), drain)
    # The number of a signal is written into the pipe at once, also where the main thread waits inside a tool or the store.
    fd = signal.set_wakeup_fd(listener.pipe, warn_on_full_buffer=False)
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)}
    listener.start()
    try:
        yield
    except Stopped as stopped:
        stopped.exit_code = listener.code or stopped.exit_code
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(fd)
        os.close(listener.pipe)


class _Listener(threading.Thread):
    """Reads the signals of this process from a pipe, until its other end is closed."""

    def __init__(self, loop: asyncio.AbstractEventLoop, drain: Drain) -> None:
        super().__init__(name="flowrun-signals", daemon=True)
        self.code = 0
        """What the program ends with: 128 and the first signal's number, as shells use it; 0 while there was none."""
        self._source, self.pipe = os.pipe()
        os.set_blocking(self.pipe, False)
        self._loop = loop
        self._drain = drain
        # Asked for here: only the thread of the command knows where its store is.
        self._resume = command_line("flowrun resume {}")

    def run(self) -> None:
        while number := os.read(self._source, 1):
            if number[0] not in (signal.SIGTERM, signal.SIGINT):
                continue
            if self.code:
                self._end(SECOND)
            self.code = 128 + number[0]
            with suppress(RuntimeError):  # the loop has ended meanwhile
                self._loop.call_soon_threadsafe(self._drain.ask)
            _tell(t(FIRST))
            watch = threading.Timer(GRACE, self._end, (GAVE_UP,))
            watch.daemon = True
            watch.start()
        os.close(self._source)

    def _end(self, why: str) -> NoReturn:
        _tell(last_words(t(why), list(self._drain.runs), self._resume))
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        os._exit(self.code)


def last_words(why: str, runs: Sequence[str], resume: str) -> str:
    """Return what is said of the runs that are left; `resume` is the command, with {} in the place of the run."""
    error = f"error[{Stopped.code}]"
    if not runs:
        return f"{error}: {t('{why}. No run was under way.', why=why)}\n"
    shown = ", ".join([*runs[:MOST_NAMED], *(["…"] if len(runs) > MOST_NAMED else [])])
    told = tn(
        "{why}; the run {runs} was left before the end. What is done is stored, and a write whose result did not come is "
        "in doubt.",
        "{why}; {n} runs were left before the end ({runs}). What is done is stored, and a write whose result did not come "
        "is in doubt.",
        len(runs),
        why=why,
        runs=shown,
    )
    command = resume.replace("{}", runs[0] if len(runs) == 1 else "--due")
    return f"{error}: {told}\n{t('help: {text}', text=command)}\n"


def _tell(text: str) -> None:
    """Write to stderr past Python's buffers, which a signal may have found half written."""
    with suppress(OSError):
        os.write(2, text.encode())
