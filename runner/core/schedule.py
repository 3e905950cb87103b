"""Runs generators side by side: forks, deadlines and the closing of what is no longer wanted.

Owns: fibers and the order in which they go on. A fiber's generator yields a command and receives its event, or yields
a `Fork` or a `Deadline` and receives what came of it. It knows nothing about steps, rules or budgets.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from typing import Any

from flowrun.core.commands import AnyCommand, CallTool, Close, Wait
from flowrun.core.events import AnyEvent, Fault
from flowrun.core.failure import Failure, RunEnd

Json = Any
Steps = Generator[Any, Any, Json]
"""A step's generator: yields commands, forks and deadlines; returns the step's value."""


class Fork:
    """Run several generators side by side; the first failure closes the others and is raised where the fork stands.

    `tolerant`: a failure leaves None in its place instead, and `on_failure` is told.
    """

    __slots__ = ("at_once", "on_failure", "starts")

    def __init__(
        self,
        starts: Sequence[Callable[[], Steps]],
        *,
        at_once: int | None = None,
        on_failure: Callable[[int, Failure], None] | None = None,
    ) -> None:
        self.starts = starts
        self.at_once = at_once or max(len(starts), 1)
        self.on_failure = on_failure


class Deadline:
    """Run a generator until a moment; then close it and raise a `late` failure where the deadline stands."""

    __slots__ = ("due", "path", "start")

    def __init__(self, start: Callable[[], Steps], *, path: str, due: str) -> None:
        self.start = start
        self.path = path
        self.due = due


class _Fiber:
    __slots__ = (
        "alive", "awaiting", "children", "closing", "error", "fork", "generator", "next", "parent",
        "results", "running", "slot", "timer",
    )  # fmt: skip

    def __init__(self, generator: Steps, parent: _Fiber | None, slot: int) -> None:
        self.generator = generator
        self.parent = parent
        self.slot = slot
        self.alive = True
        self.closing = False
        self.awaiting: AnyCommand | None = None
        self.fork: Fork | None = None
        self.children: list[_Fiber] = []
        self.results: list[Json] = []
        self.next = 0
        self.running = 0
        self.error: BaseException | None = None
        self.timer: str | None = None


class Schedule:
    """The fibers of one execution.

    `issue` is called with each new command, in a fixed order. `unsettled` says of a command whether it settles a write
    in doubt; closing waits for such a command as it waits for a write.
    """

    def __init__(self, issue: Callable[[AnyCommand], None], unsettled: Callable[[AnyCommand], bool]) -> None:
        self._issue = issue
        self._unsettled = unsettled
        self._waiting: dict[str, _Fiber] = {}
        self._ready: deque[tuple[_Fiber, Any, BaseException | None]] = deque()
        self._root: _Fiber | None = None
        self.result: Json = None
        self.error: BaseException | None = None
        self.done = False
        self.draining = False
        """Whether the generator that runs at this moment is closing and may only settle its write."""

    def start(self, generator: Steps) -> None:
        """Begin with the root generator."""
        self._root = _Fiber(generator, None, 0)
        self._step(self._root, None, None)
        self._run()

    def awaits(self, path: str) -> bool:
        """Say whether a fiber waits for an event of this path."""
        return path in self._waiting

    def deliver(self, path: str, event: AnyEvent) -> None:
        """Give an event to the fiber that waits for its path."""
        fiber = self._waiting.pop(path)
        if fiber.timer == path and fiber.awaiting is None:
            self._timer_fired(fiber)
        else:
            fiber.awaiting = None
            if fiber.closing:
                self._drain(fiber, event)
            else:
                self._step(fiber, event, None)
        self._run()

    def close_all(self, error: BaseException) -> None:
        """Close everything; when the last write in flight is settled, the execution ends with this error."""
        root = self._root
        if root is None or self.done:
            return
        if not self.error:
            self.error = error
        self._close(root)
        self._run()

    def _step(self, fiber: _Fiber, value: Any, error: BaseException | None) -> None:
        self._ready.append((fiber, value, error))

    def _run(self) -> None:
        """Let every fiber that can go on do so, in turn; a queue, so that long flows need no deep stack."""
        while self._ready:
            fiber, value, error = self._ready.popleft()
            if not fiber.alive:
                continue
            try:
                wanted = fiber.generator.throw(error) if error is not None else fiber.generator.send(value)
            except StopIteration as stop:
                self._finished(fiber, stop.value, None)
            except Exception as failure:
                self._finished(fiber, None, failure)
            else:
                self._want(fiber, wanted)

    def _want(self, fiber: _Fiber, wanted: Any) -> None:
        if isinstance(wanted, Fork):
            fiber.fork = wanted
            fiber.results = [None] * len(wanted.starts)
            fiber.children, fiber.next, fiber.running, fiber.error = [], 0, 0, None
            self._start_more(fiber)
        elif isinstance(wanted, Deadline):
            fiber.fork = Fork([wanted.start])
            fiber.results = [None]
            fiber.children, fiber.next, fiber.running, fiber.error = [], 0, 0, None
            fiber.timer = wanted.path
            self._waiting[wanted.path] = fiber
            self._issue(Wait(path=wanted.path, due=wanted.due))
            self._start_more(fiber)
        else:
            fiber.awaiting = wanted
            self._waiting[wanted.path] = fiber
            self._issue(wanted)

    def _start_more(self, fiber: _Fiber) -> None:
        fork = fiber.fork
        if fork is None:
            return
        while fiber.error is None and fiber.next < len(fork.starts) and fiber.running < fork.at_once:
            child = _Fiber(fork.starts[fiber.next](), fiber, fiber.next)
            fiber.next += 1
            fiber.running += 1
            fiber.children.append(child)
            self._step(child, None, None)
        self._join(fiber)

    def _join(self, fiber: _Fiber) -> None:
        fork = fiber.fork
        if fork is None or fiber.running:
            return
        if fiber.error is None and fiber.next < len(fork.starts):
            return
        error, results = fiber.error, fiber.results
        fiber.fork, fiber.children, fiber.error = None, [], None
        if fiber.timer is not None:
            if self._waiting.pop(fiber.timer, None) is not None:
                self._issue(Close(path=fiber.timer))
            deadline, fiber.timer = True, None
        else:
            deadline = False
        if fiber.closing:
            self._retire(fiber)
        elif error is not None:
            self._step(fiber, None, error)
        else:
            self._step(fiber, results[0] if deadline else results, None)

    def _finished(self, fiber: _Fiber, value: Json, error: BaseException | None) -> None:
        fiber.alive = False
        parent = fiber.parent
        if parent is None:
            self.done = True
            self.result = value
            self.error = self.error or error
            return
        parent.running -= 1
        fork = parent.fork
        if error is None:
            parent.results[fiber.slot] = value
        elif isinstance(error, Failure) and fork is not None and fork.on_failure is not None and parent.error is None:
            fork.on_failure(fiber.slot, error)
        elif parent.error is None:
            parent.error = error
            for sibling in parent.children:
                if sibling.alive and not sibling.closing:
                    self._close(sibling)
        if parent.error is None and not parent.closing:
            self._start_more(parent)
        else:
            self._join(parent)

    def _timer_fired(self, fiber: _Fiber) -> None:
        fiber.timer = None
        if fiber.error is None:
            fiber.error = Failure(Fault(kind="late", code="FR3102", message="It was not done in time."))
        for child in fiber.children:
            if child.alive and not child.closing:
                self._close(child)
        self._join(fiber)

    def _close(self, fiber: _Fiber) -> None:
        """Close a fiber and all below; a write in flight keeps its fiber, closing, until it is settled."""
        fiber.closing = True
        if fiber.fork is not None:
            if fiber.timer is not None and self._waiting.pop(fiber.timer, None) is not None:
                self._issue(Close(path=fiber.timer))
                fiber.timer = None
            fiber.error = fiber.error or GeneratorExit()
            for child in list(fiber.children):
                if child.alive and not child.closing:
                    self._close(child)
            if fiber.fork is not None and not fiber.running:
                self._join(fiber)
            return
        command = fiber.awaiting
        if isinstance(command, CallTool) and (command.verdict.effect == "write" or self._unsettled(command)):
            return
        if command is not None:
            self._waiting.pop(command.path, None)
            fiber.awaiting = None
            self._issue(Close(path=command.path))
        self._retire(fiber)

    def _drain(self, fiber: _Fiber, event: AnyEvent) -> None:
        """Let a closing fiber settle its write: what settles a doubt goes on, anything else is dropped."""
        self.draining = True
        try:
            wanted = fiber.generator.send(event)
        except (StopIteration, Failure, RunEnd):
            pass  # the fiber's own end no longer matters; a doubt that is left is known to the execution
        else:
            if self._unsettled(wanted):
                fiber.awaiting = wanted
                self._waiting[wanted.path] = fiber
                self._issue(wanted)
                return
        finally:
            self.draining = False
        self._retire(fiber)

    def _retire(self, fiber: _Fiber) -> None:
        if not fiber.alive:
            return
        fiber.generator.close()
        self._finished(fiber, None, GeneratorExit())
