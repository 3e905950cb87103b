"""Tries an example out on the real core and the real guard, without any world: what anybody would say is written down.

Owns: the answers to the core's commands. What is found here really happens; nothing that is only assumed gets past it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from flowrun.core.commands import (
    AskPerson,
    CallModel,
    CallTool,
    Finish,
    Note,
    Proposal,
    Propose,
    TakeRoom,
    Wait,
    WriteRecord,
)
from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import (
    Answered,
    CallFailed,
    Decided,
    Edited,
    Fault,
    ModelFailed,
    ModelReplied,
    RecordWritten,
    Reserved,
    Returned,
    RunFinished,
    RunStarted,
    Verdict,
    Woken,
)
from flowrun.core.execution import Execution
from flowrun.core.steps.ask import TURNS
from flowrun.guard import decide, facts_needed
from flowrun.plan.compile import asks_in
from flowrun.plan.model import AnyStep
from flowrun.prove.example import NOW, NoExample
from flowrun.records.samples import NoSample, sample
from flowrun.values.evaluate import compile_node

Json = Any
MOST_EVENTS = 600
Turn = list[tuple[str, dict[str, Json], str]]
"""What a model proposes at once: tool, arguments, and the name of the proposal."""


@dataclass(kw_only=True)
class Script:
    """What everybody says in an example. By step path, or by the name of a proposal."""

    input: Json
    turns: dict[str, list[Turn]] = field(default_factory=dict)
    answers: dict[str, Json] = field(default_factory=dict)
    outputs: dict[str, Json] = field(default_factory=dict)
    facts: dict[str, dict[tuple[str, str], Json]] = field(default_factory=dict)
    fails: set[str] = field(default_factory=set)
    handed: dict[str, Json] = field(default_factory=dict)
    edits: dict[str, dict[str, Json]] = field(default_factory=dict)
    """By path of a call, what a person who is asked about it makes of it."""
    towards: str = ""
    """The step that the example is about."""
    wasteful: bool = False
    """The model asks for as much as it can get."""


@dataclass(frozen=True, kw_only=True)
class Did:
    """One thing that happened: `what` is `model`, `proposes`, `person`, `tool`, `fact`, `judged`, `call`, `record`, …"""

    what: str
    path: str
    tool: str = ""
    data: Json = None
    verdict: Verdict | None = None
    people: tuple[str, ...] = ()
    failed: bool = False


class Drive:
    """One run of an example, to its end."""

    def __init__(self, compiled: CompiledPlan, script: Script, condition: list[Any] | None = None) -> None:
        """`condition`: what is looked at wherever a call is judged; `meets` has the calls where it was true."""
        self.condition = condition
        self.meets: set[str] = set()
        self.compiled = compiled
        self.script = script
        self.now = NOW
        self.done: list[Did] = []
        self.prompts: list[tuple[str, Json]] = []
        self.outcome = ""
        self.model_calls = 0
        self._names: dict[str, str] = {}
        self._taken: dict[str, int] = {}
        self._asked: dict[str, list[str]] = {}
        flow = compiled.plan.flow
        started = RunStarted(
            path="", at=NOW, run="example", flow=flow.name, version=flow.version, plan=compiled.digest,
            input=script.input, key="example",
        )  # fmt: skip
        self.started = started
        self.execution = Execution(compiled, started)

    def run(self) -> Drive:
        """Go on until the run ends or nothing more happens."""
        execution = self.execution
        self._note("input", "", data=self.script.input)
        execution.start()
        for _ in range(MOST_EVENTS):
            if execution.finished is not None or not execution.open:
                break
            command = max(execution.open.values(), key=self._near)
            execution.resume(self._answer(command))
        return self

    def _near(self, command: Any) -> int:
        """What stands side by side goes on where the story leads to first."""
        way = zip(command.path.split("/"), self.script.towards.split("/"), strict=False)
        return sum(1 for _ in takewhile(lambda part: part[0] == part[1], way))

    def calls(self, tool: str | None = None) -> list[Did]:
        """Return the calls that were made."""
        return [did for did in self.done if did.what == "call" and tool in (None, did.tool)]

    def _note(self, what: str, path: str, **more: Any) -> None:
        self.done.append(Did(what=what, path=path, **more))

    def _answer(self, command: Any) -> Any:
        path = command.path
        match command:
            case Note():
                return command.event
            case Finish():
                self.outcome = command.outcome
                self._note("end", path, data=command.outcome)
                return RunFinished(path="", at=self.now, outcome=command.outcome, reason=command.reason)
            case WriteRecord():
                self._note("record", path, tool=command.schema, data=command.record)
                return RecordWritten(
                    path=path, at=self.now, schema=command.schema, record=command.record, final=command.final
                )
            case Propose():
                return self._judge(command)
            case CallTool():
                return self._call(command)
            case TakeRoom():
                return Reserved(path=path, at=self.now, tool=command.verdict.tool, reserve=command.verdict.reserve)
            case CallModel():
                self.model_calls += 1
                self.prompts.append((command.step, command.messages))
                return self._model(command)
            case AskPerson():
                return self._person(command)
            case Wait():
                return self._wait(command)
        raise AssertionError(command)

    def _judge(self, command: Propose) -> Decided:
        known: list[dict[tuple[str, str], Json]] = []
        for proposal in command.proposals:
            name = self._name(proposal.path)
            facts: dict[tuple[str, str], Json] = {}
            for read in facts_needed(self.compiled, command, proposal, self.now):
                key = (read.policy, read.name)
                if read.args is None:
                    continue
                given = self.script.facts.get(name, {})
                facts[key] = given[key] if key in given else self._sample(self.compiled.plan.tools[read.tool].output)
                self._note("fact", proposal.path, tool=read.tool, data=facts[key])
            known.append(facts)
            self._look(command, proposal, {**self.script.facts.get(name, {}), **facts})
        verdicts = decide(
            self.compiled,
            command,
            facts=known,
            usage=lambda counter, since, holds: self._taken.get(counter, 0),
            now=self.now,
        )
        for verdict in verdicts:
            if verdict.tool.startswith("flows.") and verdict.verdict == "allow":
                self._note(
                    "call",
                    verdict.path,
                    tool=verdict.tool,
                    data=verdict.args,
                    verdict=verdict,
                    people=tuple(command.met),
                )
            elif not command.met or verdict.verdict != "allow":
                self._note("judged", verdict.path, tool=verdict.tool, verdict=verdict, people=tuple(verdict.approvers))
        return Decided(path=command.path, at=self.now, verdicts=verdicts)

    def _look(self, command: Propose, proposal: Proposal, facts: dict[tuple[str, str], Json]) -> None:
        self.meets.discard(proposal.path)
        if self.condition is None:
            return
        args = {**proposal.args, **proposal.bound}
        by_name = {name: value for (_, name), value in facts.items()}
        names = command.names.judging(args=args, facts=by_name, now=self.now)
        for policy in command.flow.policies:
            names.tables = {**names.tables, **self.compiled.plan.policies[policy].tables}
        if compile_node(self.condition)(names) is True:
            self.meets.add(proposal.path)

    def _name(self, path: str) -> str:
        return self._names.get(path, path)

    def _call(self, command: CallTool) -> Any:
        verdict = command.verdict
        name = self._name(command.first)
        if name in self.script.fails or _step(command.first) in self.script.fails:
            self._note("call", command.path, tool=verdict.tool, data=verdict.args, verdict=verdict, failed=True)
            return CallFailed(path=command.path, at=self.now, fault=Fault(kind="tool", message="It failed."), worked=0)
        for room in verdict.reserve:
            if not room.counter.startswith("run:"):
                self._taken[room.counter] = self._taken.get(room.counter, 0) + room.takes
        people = tuple(dict.fromkeys(role for entry in command.approvals for role in self._asked.get(entry, ())))
        self._note("call", command.path, tool=verdict.tool, data=verdict.args, verdict=verdict, people=people)
        output = self.script.outputs.get(name, self.script.outputs)
        if output is self.script.outputs:
            output = self._sample(self.compiled.plan.tools[verdict.tool].output)
        self._note("tool", command.path, tool=verdict.tool, data=output)
        return Returned(path=command.path, at=self.now, output=output, tool=verdict.tool, worked=0)

    def _model(self, command: CallModel) -> Any:
        step = command.path.rpartition("/turn-")[0]
        model = command.model.name
        if step in self.script.fails:
            self._note("model", step, data=None, failed=True)
            return ModelFailed(path=command.path, at=self.now, fault=Fault(kind="model", message="No."), worked=0)
        number = int(command.path.rpartition("/turn-")[2].split("/")[0].split("~")[0])
        turns = self.script.turns.get(step, [])
        if number <= len(turns) and "/repair-" not in command.path and command.tools:
            turn = turns[number - 1]
            counts: dict[str, int] = {}
            for tool, _, name in turn:
                counts[tool] = counts.get(tool, 0) + 1
                self._names[f"{step}/turn-{number}/{tool}-{counts[tool]}"] = name
            self._note("proposes", step, data=[{tool: args} for tool, args, _ in turn])
            return ModelReplied(
                path=command.path, at=self.now, model=model, mode="text", worked=0,
                proposals=[(tool, args) for tool, args, _ in turn],
            )  # fmt: skip
        if self.script.wasteful:
            return self._wasted(command, step, number)
        answer = self.script.answers.get(step)
        if answer is None:
            answer = "done" if command.answer is None else self._sample(command.answer)
        self._note("model", step, data=answer)
        if command.answer is None:
            return ModelReplied(path=command.path, at=self.now, model=model, mode="text", text=str(answer), worked=0)
        return ModelReplied(
            path=command.path, at=self.now, model=model, mode="text", answer=answer, answered=True, worked=0
        )

    def _wasted(self, command: CallModel, step: str, turn: int) -> Any:
        """Fail as often as it is tried again, give answers that must be mended, and propose what is not possible."""
        attempt = int(command.path.rpartition("~")[2]) if "~" in command.path else 1
        model = command.model.name
        if attempt < 3:
            self._note("model", step, data=None, failed=True)
            fault = Fault(kind="model", message="Too busy.", retryable=True, retry_after=0.0)
            return ModelFailed(path=command.path, at=self.now, fault=fault, worked=0)
        turns = int(self.compiled.plan.limits.get("turns", TURNS))
        if command.tools and "/repair-" not in command.path and turn < turns:
            proposals = [(command.tools[0].name, {"turn": turn})]
            self._note("proposes", step, data=[{tool: args} for tool, args in proposals])
            return ModelReplied(path=command.path, at=self.now, model=model, mode="text", worked=0, proposals=proposals)
        repair = next(s.repair for s in asks_in(self._all_steps()) if s.id == command.step)
        tries = int(command.path.partition("/repair-")[2].partition("~")[0]) if "/repair-" in command.path else 0
        answer = self.script.answers.get(step)
        if command.answer is not None and tries < repair:
            wrong = {"attempt": tries}
            self._note("model", step, data=wrong)
            return ModelReplied(
                path=command.path, at=self.now, model=model, mode="text", answer=wrong, answered=True, worked=0
            )
        self._note("model", step, data=answer)
        if command.answer is None:
            return ModelReplied(path=command.path, at=self.now, model=model, mode="text", text="done", worked=0)
        answer = self._sample(command.answer) if answer is None else answer
        return ModelReplied(
            path=command.path, at=self.now, model=model, mode="text", answer=answer, answered=True, worked=0
        )

    def _all_steps(self) -> list[AnyStep]:
        plan = self.compiled.plan
        return [step for flow in (plan.flow, *plan.flows.values()) for step in flow.steps]

    def _person(self, command: AskPerson) -> Any:
        asked, path = command.asked, command.path
        if asked.kind == "approval":
            standing = self.execution.standing(command)
            for verdict in standing.proposals:
                if verdict.path in self.script.edits and len(self.members(asked.to[0])) > 1:
                    return self._edit(path, verdict, self.script.edits.pop(verdict.path), asked.to[0])
            if not standing.proposals:
                return Answered(path=path, at=self.now, action="edit", by=asked.to[0])
            self._asked[path] = list(asked.to)
            self._note("approves", path, people=tuple(asked.to), tool=", ".join(v.tool for v in asked.proposals))
            return Answered(path=path, at=self.now, action="approve", by=", ".join(asked.to))
        step = _step(path)
        if asked.kind == "question" and step in self.script.fails:
            self._note("late", step, people=tuple(asked.to))
            return Answered(path=path, at=self.now, action="late")
        data = self.script.handed.get(step) if asked.kind == "hand_off" else self.script.answers.get(step)
        if "answer" in asked.may and (data is not None or asked.kind == "question"):
            data = self._sample(asked.form) if data is None else data
            self._note("person", step, data=data, people=tuple(asked.to))
            return Answered(path=path, at=self.now, action="answer", by=asked.to[0], data=data)
        self._note("closes", step, people=tuple(asked.to))
        return Answered(path=path, at=self.now, action="close", by=asked.to[0])

    def members(self, role: str) -> list[str]:
        """Return who may answer for a role: who changes a call and who says yes to it are two people."""
        known = self.compiled.plan.roles.get(role)
        return ["one of them", "another one"] if known is None else known.members

    def _edit(self, path: str, verdict: Verdict, args: dict[str, Json], by: str) -> Edited:
        self._names[verdict.path] = f"{verdict.path}/@edit"
        self._note("edits", path, tool=verdict.tool, data=args, people=(by,))
        return Edited(
            path=f"{path}/@edit-1", at=self.now, entry=path, call=verdict.path, digest=verdict.digest, args=args, by=by
        )

    def _wait(self, command: Wait) -> Woken:
        if command.due is not None and (command.event is None or command.path in self.script.fails):
            self.now = max(self.now, command.due)
            return Woken(path=command.path, at=self.now, timer=True)
        payload = self.script.answers.get(_step(command.path))
        if payload is None and command.event is not None:
            payload = self._sample(self.compiled.plan.schemas[command.event])
        self._note("event", command.path, tool=command.event or "", data=payload)
        return Woken(path=command.path, at=self.now, timer=False, payload=payload)

    def _sample(self, schema: Mapping[str, Any] | None) -> Json:
        if schema is None:
            return None
        try:
            return sample(schema)
        except NoSample as error:
            raise NoExample(str(error)) from error


def _step(path: str) -> str:
    """Return the path of the step that an entry or call belongs to."""
    kept = []
    for part in path.split("/"):
        if part.startswith(("@", "turn-")):
            break
        kept.append(part.partition("~")[0])
    return "/".join(kept)
