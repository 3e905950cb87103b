"""Drives one run by hand: what needs no choice is answered, everything else is the test's word.

Owns: `Drive`. Proposals are judged by the real guard; notes, records and the end are committed as a runtime would.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flowrun.core.commands import AskPerson, CallModel, CallTool, Finish, Note, Propose, Wait, WriteRecord
from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import (
    Answered,
    Approved,
    BudgetRaised,
    CallFailed,
    CancelAsked,
    Decided,
    Doubted,
    Edited,
    Fault,
    ModelFailed,
    ModelReplied,
    RecordWritten,
    Refused,
    Returned,
    RunFinished,
    RunStarted,
    StepFailed,
    Woken,
)
from flowrun.core.execution import Execution
from flowrun.guard import decide
from flowrun.values.moments import add_seconds

START = "2026-03-02T09:00:00.000000Z"
GOOD = {"kind": "a", "score": 1}
DONE = {"id": "T-1"}


class Drive:
    """A run; `now` moves only where a test moves it."""

    def __init__(
        self,
        compiled: CompiledPlan,
        *,
        key: str = "k1",
        flow: str = "main",
        input: Any = None,
        usage: Callable[[str, str | None, str], int] = lambda counter, since, holds: 0,
    ) -> None:
        self.compiled = compiled
        self.now = START
        self.usage = usage
        self.decided: list[Decided] = []
        self.records: list[RecordWritten] = []
        self.failed: list[StepFailed] = []
        self.issued: list[Any] = []
        self.started = RunStarted(
            run="r1", flow=flow, version=1, plan="d", input={} if input is None else input, key=key, at=START
        )
        self.execution = Execution(compiled, self.started)
        self.execution.start()
        self._go_on()

    def _go_on(self) -> None:
        """Answer everything that leaves no choice."""
        while True:
            self.issued += [c for c in self.execution.take_commands() if isinstance(c, CallTool | CallModel)]
            inner = [c for c in self.execution.open.values() if isinstance(c, Propose | Note | WriteRecord | Finish)]
            if not inner or self.execution.finished is not None:
                return
            command = inner[0]
            if isinstance(command, Propose):
                known: list[dict[tuple[str, str], Any]] = [{} for _ in command.proposals]
                verdicts = decide(self.compiled, command, facts=known, usage=self.usage, now=self.now)
                event: Any = Decided(path=command.path, at=self.now, verdicts=verdicts)
                self.decided.append(event)
            elif isinstance(command, Note):
                event = command.event
                if isinstance(event, StepFailed):
                    self.failed.append(event)
            elif isinstance(command, WriteRecord):
                event = RecordWritten(
                    path=command.path,
                    at=self.now,
                    schema=command.schema,
                    record=command.record,
                    final=command.final,
                )
                self.records.append(event)
            else:
                event = RunFinished(path="", at=self.now, outcome=command.outcome, reason=command.reason)
            self.execution.resume(event)

    @property
    def open(self) -> dict[str, Any]:
        """The commands that wait for the world, by path."""
        return {path: command for (path, _), command in self.execution.open.items()}

    @property
    def outcome(self) -> str | None:
        """How the run ended, None while it goes on."""
        finished = self.execution.finished
        return None if finished is None else finished.outcome

    @property
    def steps(self) -> dict[str, Any]:
        """The values of the top-level steps."""
        return self.execution.root.names.steps

    def calls(self, tool: str) -> list[Any]:
        """The outputs of a tool's succeeded calls, in order."""
        return [call["output"] for call in self.execution.root.names.calls.get(tool, ())]

    def command(self, path: str, kind: type) -> Any:
        """Return an open command of this kind."""
        found = self.open[path]
        assert isinstance(found, kind), found
        return found

    def send(self, event: Any) -> None:
        """Commit an event."""
        self.execution.resume(event)
        self._go_on()

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.now = add_seconds(self.now, seconds)

    def returns(self, path: str, output: Any = None) -> CallTool:
        command: CallTool = self.command(path, CallTool)
        self.send(Returned(path=path, at=self.now, output=DONE if output is None else output))
        return command

    def returns_null(self, path: str) -> None:
        self.command(path, CallTool)
        self.send(Returned(path=path, at=self.now, output=None))

    def fails(self, path: str, *, retryable: bool = False) -> None:
        self.command(path, CallTool)
        self.send(CallFailed(path=path, at=self.now, fault=Fault(kind="tool", message="broken", retryable=retryable)))

    def doubts(self, path: str) -> None:
        self.command(path, CallTool)
        self.send(Doubted(path=path, at=self.now, fault=Fault(kind="tool", message="no answer")))

    def refuses(self, path: str) -> None:
        self.command(path, CallTool)
        self.send(Refused(path=path, at=self.now, rule="daily", reason="The limit is reached."))

    def answers(self, path: str, answer: Any, *, cost: int = 0) -> None:
        self.command(path, CallModel)
        self.send(ModelReplied(path=path, at=self.now, model="free", mode="m", answer=answer, answered=True, cost=cost))

    def says(self, path: str, text: str) -> None:
        self.command(path, CallModel)
        self.send(ModelReplied(path=path, at=self.now, model="free", mode="m", text=text))

    def proposes(self, path: str, *calls: tuple[str, Any]) -> None:
        self.command(path, CallModel)
        self.send(ModelReplied(path=path, at=self.now, model="free", mode="m", proposals=list(calls)))

    def model_fails(self, path: str, *, retryable: bool = False) -> None:
        self.command(path, CallModel)
        fault = Fault(kind="model", message="broken", retryable=retryable)
        self.send(ModelFailed(path=path, at=self.now, fault=fault))

    def person(self, path: str, action: str, **more: Any) -> AskPerson:
        command: AskPerson = self.command(path, AskPerson)
        self.send(Answered(path=path, at=self.now, action=action, by=more.pop("by", "eva"), **more))
        return command

    def edits(self, path: str, call: str, args: dict[str, Any], *, by: str = "cy", last: bool = False) -> None:
        """Change a call of an open entry; `last`: no other waits in it, so that the entry is settled with it."""
        standing = self.execution.standing(self.command(path, AskPerson))
        digest = next(v.digest for v in standing.proposals if v.path == call)
        number = len(standing.edits) + 1
        edited = Edited(
            path=f"{path}/@edit-{number}", at=self.now, entry=path, call=call, digest=digest, args=args, by=by
        )
        self.send(edited)
        if last:
            self.send(Answered(path=path, at=self.now, action="edit", by=by))

    def says_yes(self, path: str, role: str, by: str) -> None:
        """Add one yes to an open entry."""
        self.send(Approved(path=f"{path}@{role}", at=self.now, role=role, by=by, yes=True))

    def waits_until(self, path: str) -> Any:
        """Let the deadline of an entry pass; return what becomes of it by itself, after it is taken in."""
        command = self.command(path, AskPerson)
        due = self.execution.due_of(command)
        assert due is not None and self.execution.by_itself(command, self.now) is None
        self.now = due
        event = self.execution.by_itself(command, self.now)
        assert event is not None
        self.send(event)
        return event

    def wakes(self, path: str, payload: Any = None, *, timer: bool = False) -> None:
        command = self.command(path, Wait)
        if timer and command.due is not None:
            self.now = max(self.now, command.due)
        self.send(Woken(path=path, at=self.now, timer=timer, payload=payload))

    def cancel(self) -> None:
        self.send(CancelAsked(path="", at=self.now, by="eva"))

    def raises(self, **limits: float) -> None:
        self.send(BudgetRaised(path="", at=self.now, limits=limits))

    def told(self, path: str) -> list[Any]:
        """What the model of an open turn has been told of its calls, the last turn's only."""
        messages = self.command(path, CallModel).messages
        results: list[Any] = []
        for message in reversed(messages):
            if message["role"] != "tool":
                break
            results.insert(0, message["result"])
        return results
