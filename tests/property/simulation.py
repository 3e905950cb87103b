"""A runtime without a world: it answers commands in a random order, with every fault that the ports allow.

Owns: one simulated run with its journal, and the promises that hold after each event. Proposals are judged by the real
guard. What a run must be like at its end is said in the tests.
"""

from __future__ import annotations

import random
from typing import Any

import msgspec

from flowrun.core.commands import (
    AskPerson,
    CallModel,
    CallTool,
    Close,
    Finish,
    Note,
    Propose,
    Wait,
    WriteRecord,
)
from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import (
    PHASES,
    Answered,
    Approved,
    Asked,
    BudgetRaised,
    CallFailed,
    CancelAsked,
    Decided,
    Doubted,
    Edited,
    Fault,
    Intended,
    ModelFailed,
    ModelReplied,
    ModelStarted,
    RecordWritten,
    Refused,
    Returned,
    RunFinished,
    Waiting,
    Woken,
)
from flowrun.core.execution import Execution
from flowrun.core.steps.model_call import conversation_digest
from flowrun.guard import decide
from flowrun.values.moments import add_seconds
from tests.property.pictures import START, fitting, picture, started

MOST_EVENTS = 400
COUNTED = ("model_calls", "tool_calls", "writes", "cost")


class Simulation:
    """One run. `calm`: everything succeeds, and values depend on paths only."""

    def __init__(self, compiled: CompiledPlan, seed: int, *, calm: bool = False) -> None:
        self.compiled = compiled
        self.rng = random.Random(seed)
        self.calm = calm
        self.now = START
        self.started = started()
        self.execution = Execution(compiled, self.started)
        self.events: list[Any] = []
        self.pictures: dict[int, list[Any]] = {}
        self.stored: set[tuple[str, str]] = set()
        self.issued: set[tuple[str, bool]] = set()
        self.in_flight: set[str] = set()
        self.closed: list[Any] = []
        self.allowed: set[tuple[str, str]] = set()
        self.doubts: set[str] = set()
        self.done: set[str] = set()
        self.raised = False
        self.cancelled = False
        self.by_path: dict[str, Any] = {}
        self.sent: set[str] = set()
        self.work = 0
        """Microseconds that the answers said they worked, and the delays before them."""

    def run(self) -> None:
        """Go on to the end of the run."""
        self.execution.start()
        self._look()
        while self.execution.finished is None:
            assert self.execution.open, "the run hangs: nothing is open, and it has not ended"
            assert len(self.events) < 5 * MOST_EVENTS, "the run does not end"
            if self.rng.random() < 0.2:
                self.pictures[len(self.events)] = picture(self.execution)
            if not self.calm and self._from_outside():
                continue
            self._answer(self._choose())

    @property
    def tired(self) -> bool:
        """After many events all goes well, so that every run ends."""
        return self.calm or len(self.events) > MOST_EVENTS

    def chance(self, probability: float) -> bool:
        return not self.tired and self.rng.random() < probability

    def _choose(self) -> Any:
        commands = list(self.execution.open.values())
        if any(isinstance(c, Finish) for c in commands):
            assert all(isinstance(c, Finish | Note) for c in commands), "the run ends while something is open"
            notes = [c for c in commands if isinstance(c, Note)]
            return self.rng.choice(notes) if notes else commands[-1]
        if self.calm:  # deadlines do not pass while there is something else to do
            commands = [c for c in commands if not isinstance(c, Wait)] or commands
        return self.rng.choice(commands)

    def _tick(self, command: Any) -> None:
        due = command.due if isinstance(command, Wait) else None
        self.now = add_seconds(self.now, self.rng.choice([0.0, 0.5, 1.0, 2.0]) if not self.calm else 0.001)
        if due is not None:
            self.now = max(self.now, due)

    def _worked(self, command: Any) -> int:
        """Return how long an answer's work took; between a command and its answer the process may be dead for long."""
        if self.chance(0.05):
            self.now = add_seconds(self.now, 86_400.0)
        worked = self.rng.choice([0, 1, 500_000, 2_000_000]) if not self.calm else 1
        self.work += worked + round(command.delay * 1_000_000)
        return worked

    def _append(self, event: Any) -> None:
        place = (event.path, PHASES[type(event)])
        assert place not in self.stored, f"{place} would be stored twice"
        self.stored.add(place)
        self.events.append(event)

    def _emit(self, event: Any) -> None:
        if event.at < self.now:
            event = msgspec.structs.replace(event, at=self.now)
        self._append(event)
        self._account(event)
        self.execution.resume(event)
        self._look()

    def _look(self) -> None:
        """Check each new command, and what must hold after every event."""
        for command in self.execution.take_commands():
            if isinstance(command, Close):
                assert command.path not in self.in_flight, f"the write {command.path} was closed while in flight"
                self.closed.append(self.by_path[command.path])
            elif not isinstance(command, Note | Finish):
                place = (command.path, isinstance(command, Propose))  # a verdict and its call share a path
                assert place not in self.issued, f"the path {command.path} was used twice"
                self.issued.add(place)
                self.by_path[command.path] = command
            if isinstance(command, CallTool):
                self._check_call(command)
        meter = self.execution.root.meter
        assert meter.used["within"] <= self.work, "time in which nobody worked was charged"
        for name in COUNTED:
            if name in meter.limits:
                assert meter.used[name] <= meter.limits[name], f"the budget for {name} is overdrawn"

    def _check_call(self, command: CallTool) -> None:
        verdict = command.verdict
        assert verdict.verdict == "allow"
        if verdict.rules != ["once.confirm_with"]:
            assert (verdict.path, verdict.digest) in self.allowed, "a call that the guard never allowed"
        if verdict.effect == "write":
            assert verdict.key not in self.done, f"the finished call {command.path} is made again"

    def _account(self, event: Any) -> None:
        if isinstance(event, Decided):
            self.allowed |= {(v.path, v.digest) for v in event.verdicts if v.verdict != "deny"}
            return
        command = self.by_path.get(event.path)
        if not isinstance(command, CallTool) or any(command is late for late in self.closed):
            return
        key = command.verdict.key
        if isinstance(event, Doubted):
            self.doubts.add(key)
        elif isinstance(event, Returned):
            self.doubts.discard(key)
            if command.verdict.effect == "write" or (
                command.verdict.rules == ["once.confirm_with"] and event.output is not None
            ):
                self.done.add(key)

    def _from_outside(self) -> bool:
        """Perhaps something comes that nobody asked for at this moment."""
        if not self.cancelled and self.chance(0.003):
            self.cancelled = True
            self._emit(CancelAsked(path="", at=self.now, by="eva"))
            return True
        if not self.raised and self.chance(0.02):
            self.raised = True
            limits = {name: 3 * limit for name, limit in self.execution.root.meter.limits.items()}
            self._emit(BudgetRaised(path="", at=self.now, to=limits))
            return True
        if self.closed and self.chance(0.1):
            late = self.rng.choice(self.closed)
            if (late.path, "ended") not in self.stored and not isinstance(late, Propose | WriteRecord):
                self._emit(self._late(late))
                return True
        return False

    def _late(self, command: Any) -> Any:
        if isinstance(command, CallTool):
            return Returned(path=command.path, at=self.now, output={"id": "late"})
        if isinstance(command, CallModel):
            return ModelReplied(path=command.path, at=self.now, model="free", mode="text", text="late")
        if isinstance(command, AskPerson):
            return Answered(path=command.path, at=self.now, action="approve", by="eva")
        return Woken(path=command.path, at=self.now, timer=True)

    def _answer(self, command: Any) -> None:
        self._tick(command)
        path, now = command.path, self.now
        if isinstance(command, Note):
            self._emit(command.event)
        elif isinstance(command, Finish):
            event = RunFinished(path="", at=now, outcome=command.outcome, reason=command.reason)
            self._emit(event)
        elif isinstance(command, WriteRecord):
            self._emit(
                RecordWritten(path=path, at=now, schema=command.schema, record=command.record, final=command.final)
            )
        elif isinstance(command, Propose):
            known: list[dict[tuple[str, str], Any]] = [{} for _ in command.proposals]
            verdicts = decide(self.compiled, command, facts=known, usage=lambda counter, since, holds: 0, now=now)
            self._emit(Decided(path=path, at=now, verdicts=verdicts))
        elif isinstance(command, CallTool):
            self._tool(command)
        elif isinstance(command, CallModel):
            self._model(command)
        elif isinstance(command, AskPerson):
            self._person(command)
        else:
            self._wait(command)

    def _tool(self, command: CallTool) -> None:
        path, write = command.path, command.verdict.effect == "write"
        if write and path not in self.sent:
            if self.chance(0.05):
                rule = self.rng.choice(["limit", "halt"])
                self._emit(Refused(path=path, at=self.now, rule=rule, reason="The limit is reached."))
                return
            if self.chance(0.05):
                # Its turn came too late, or it is left alone: a failure without an intent.
                fault = Fault(kind="tool", message="not now", retryable=True, retry_after=self.rng.choice([0.0, 7.5]))
                self.work += round(command.delay * 1_000_000)
                self._emit(CallFailed(path=path, at=self.now, fault=fault, worked=0))
                return
            verdict = command.verdict
            self._append(
                Intended(
                    path=path,
                    at=self.now,
                    tool=verdict.tool,
                    args=verdict.args,
                    digest=verdict.digest,
                    key=verdict.key,
                )
            )
            self.sent.add(path)
            self.in_flight.add(path)
            return
        self.in_flight.discard(path)
        if not write and self.chance(0.05):
            self._emit(Refused(path=path, at=self.now, rule="halt", reason="Everything is halted."))
            return
        worked = self._worked(command)
        fault = Fault(kind="tool", message="no", retryable=self.rng.random() < 0.6)
        if write and self.chance(0.25):
            self._emit(Doubted(path=path, at=self.now, worked=worked, fault=fault))
        elif self.chance(0.25):
            self._emit(CallFailed(path=path, at=self.now, worked=worked, fault=fault))
        elif self.chance(0.05):
            self._emit(Returned(path=path, at=self.now, worked=worked, output={"wrong": 1}))
        elif write and self.chance(0.05):
            self._emit(Returned(path=path, at=self.now, worked=worked, output=None, omitted="it was too large."))
        else:
            nothing = command.verdict.tool == "desk.find" and self.chance(0.5)
            self._emit(
                Returned(path=path, at=self.now, worked=worked, output=None if nothing else {"id": command.first})
            )

    def _model(self, command: CallModel) -> None:
        path = command.path
        if path not in self.sent:
            if self.chance(0.05):
                self.work += round(command.delay * 1_000_000)
                halt = Fault(kind="denied", code="FR3111", message="Everything is halted.")
                alone = Fault(kind="model", code="FR4122", message="Not now.", retryable=True, retry_after=7.5)
                self._emit(ModelFailed(path=path, at=self.now, fault=self.rng.choice([halt, alone]), cost=0, worked=0))
                return
            self.sent.add(path)
            told = conversation_digest(command.messages)
            self._append(
                ModelStarted(path=path, at=self.now, model=command.model.name, reserved=command.reserve, digest=told)
            )
            return
        worked = self._worked(command)
        if self.chance(0.15):
            fault = Fault(kind="model", message="no", retryable=self.rng.random() < 0.6)
            self._emit(ModelFailed(path=path, at=self.now, fault=fault, cost=command.reserve, worked=worked))
            return
        more: dict[str, Any] = {}
        if command.tools and self.chance(0.6):
            names = [t.name for t in command.tools] + (["ghost.tool"] if self.chance(0.1) else [])
            more["proposals"] = [
                (self.rng.choice(names), {"n": self.rng.choice([0, 1, 2, "bad"] if self.chance(0.2) else [0, 1, 2])})
                for _ in range(self.rng.randint(1, 3))
            ]
        elif command.answer is None or (command.talks and self.chance(0.5)):
            more["text"] = "" if self.chance(0.2) else "hello"
        else:
            good = {"kind": "a", "score": len(path) % 7}
            bad = self.rng.choice([{"kind": "c", "score": 9}, {"kind": "a"}, {"kind": "a", "score": 9}, "x", None])
            more.update(answer=bad if self.chance(0.4) else good, answered=True)
        price = self.rng.randint(0, command.reserve)
        self._emit(
            ModelReplied(path=path, at=self.now, model=command.model.name, mode="m", cost=price, worked=worked, **more)
        )

    def _person(self, command: AskPerson) -> None:
        asked, path = command.asked, command.path
        assert isinstance(asked, Asked)
        if (path, "asked") not in self.stored:
            self._append(msgspec.structs.replace(asked, at=self.now))
            return
        now = self.execution.standing(command)
        if now.due is not None and self.chance(0.2):
            self.now = max(self.now, now.due)
            event = self.execution.by_itself(command, self.now)
            assert event is not None, "a deadline passed and nothing became of it"
            self._emit(event)
            return
        if asked.kind == "approval" and self.chance(0.4):
            self._adds(command)
            return
        may = [action for action in asked.may if action not in ("resume", "close", "reject") or not self.calm]
        may = [action for action in may if action != "edit"]
        if (self.tired and asked.kind == "hand_off") or (self.calm and "done" in asked.may):
            may = ["close"]
        elif self.tired:
            may = may[:1]
        action = self.rng.choice(may)
        more: dict[str, Any] = {}
        if action == "answer":
            more["data"] = {"what": "ever"} if self.chance(0.2) else fitting(asked.form)
        elif action in ("done", "not_done"):
            more = self._word_on_a_doubt(asked, action)
        elif action == "approve":
            more["rejected"] = [*now.dead, *([asked.proposals[0].digest] if self.chance(0.3) else [])]
        self._emit(Answered(path=path, at=self.now, action=action, by="eva", **more))

    def _word_on_a_doubt(self, asked: Asked, action: str) -> dict[str, Any]:
        (verdict,) = asked.proposals
        assert verdict.key in self.doubts, "a person is asked about a write that is not in doubt"
        assert asked.evidence, "a person is asked without evidence"
        more: dict[str, Any] = {"write": verdict.path}
        if action == "done":
            more["data"] = {"what": "ever"} if self.chance(0.2) else fitting(asked.form)
            if more["data"] == {"what": "ever"}:
                return more
            self.done.add(verdict.key)
        self.doubts.discard(verdict.key)
        return more

    def _adds(self, command: AskPerson) -> None:
        """Somebody says yes for one role of several, or changes a call."""
        now = self.execution.standing(command)
        path = command.path
        if len(now.open_roles) > 1 and self.chance(0.5):
            role = self.rng.choice(now.open_roles)
            self._emit(Approved(path=now.yes_path(role), at=self.now, role=role, by=f"of {role}", yes=True))
            return
        changed = self.rng.choice(now.proposals)
        args = {**changed.args, "n": self.rng.choice([0, 1, 2, "bad"])}
        edited = Edited(
            path=f"{path}/@edit-{len(now.edits) + 1}",
            at=self.now,
            entry=path,
            call=changed.path,
            digest=changed.digest,
            args=args,
            by="cy",
        )
        self._emit(edited)
        if not now.after(edited).proposals:
            self._emit(Answered(path=path, at=self.now, action="edit", by="cy"))

    def _wait(self, command: Wait) -> None:
        if (command.path, "waiting") not in self.stored:
            self._append(Waiting(path=command.path, at=self.now, due=command.due, event=command.event, key=command.key))
            return
        timer = command.event is None or (command.due is not None and self.chance(0.5))
        payload = None if timer else {"came": command.path}
        self._emit(Woken(path=command.path, at=self.now, timer=timer, payload=payload))
