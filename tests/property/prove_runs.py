"""Random runs of a flow on the real core and guard: what really happened in them, to be held against a proof.

Owns: one run in which models, people, tools and facts say anything within their schemas, fail, and are late; people say the
truth about a write in doubt.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from flowrun.core.commands import AskPerson, CallModel, CallTool, Finish, Note, Propose, Wait, WriteRecord
from flowrun.core.compiled import CompiledPlan, bound_names
from flowrun.core.events import (
    Answered,
    Asked,
    CallFailed,
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
    Woken,
)
from flowrun.core.execution import Execution
from flowrun.guard import decide, facts_needed
from flowrun.prove.questions import Question
from flowrun.values.evaluate import compile_node

Json = Any
NOW = "2026-01-05T09:00:00.000000Z"
MOST = 150


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call that was made; `meets` says which questions' conditions were true when it was judged last."""

    tool: str
    args: dict[str, Json]
    key: str
    people: frozenset[str]
    before: frozenset[str]
    answered: bool
    by_model: bool
    edited: bool
    bound: frozenset[str]
    meets: frozenset[int]


class Run:
    """One run. Afterwards `calls` were made, `effects` happened, `outcome` is how it ended."""

    def __init__(self, compiled: CompiledPlan, questions: list[Question], seed: int) -> None:
        self.compiled = compiled
        self.questions = questions
        self.rng = random.Random(seed)
        self.trouble = self.rng.choice([0.0, 0.05, 0.25])
        self.calls: list[Call] = []
        self.effects: dict[str, str] = {}
        self.outcome = ""
        self.record = False
        self.done: set[str] = set()
        self.answered = False
        self.asked: dict[str, list[str]] = {}
        self.meets: dict[str, frozenset[int]] = {}
        self.bound: dict[str, frozenset[str]] = {}
        self.events = 0
        plan = compiled.plan
        started = RunStarted(
            path="", at=NOW, run="r", flow="main", version=1, plan="digest", key="k",
            input=self.value(plan.schemas[plan.flow.input]),
        )  # fmt: skip
        self.execution = Execution(compiled, started)

    def value(self, schema: Json) -> Json:
        """Return anything that a schema allows."""
        if "anyOf" in schema:
            return self.value(self.rng.choice(schema["anyOf"]))
        if "enum" in schema:
            return self.rng.choice(schema["enum"])
        kind = schema.get("type", "string")
        kind = self.rng.choice(kind) if isinstance(kind, list) else kind
        if kind == "object":
            needed = schema.get("required", [])
            parts = schema.get("properties", {}).items()
            return {name: self.value(part) for name, part in parts if name in needed or self.rng.random() < 0.6}
        if kind == "array":
            return [self.value(schema["items"]) for _ in range(self.rng.randint(0, schema.get("maxItems", 2)))]
        if kind == "integer":
            return self.rng.randint(schema.get("minimum", 0), schema.get("maximum", 3))
        return None if kind == "null" else self.rng.choice(["u", "v", "w"])

    def chance(self, probability: float) -> bool:
        return self.events < MOST and self.rng.random() < probability

    def run(self) -> Run:
        """Go on to the end."""
        execution = self.execution
        execution.start()
        while execution.finished is None and execution.open and self.events < 3 * MOST:
            self.events += 1
            execution.resume(self.answer(self.rng.choice(list(execution.open.values()))))
        return self

    def answer(self, command: Any) -> Any:
        path = command.path
        match command:
            case Note():
                return command.event
            case Finish():
                self.outcome = command.outcome
                return RunFinished(path="", at=NOW, outcome=command.outcome, reason=command.reason)
            case WriteRecord():
                self.record = True
                return RecordWritten(
                    path=path, at=NOW, schema=command.schema, record=command.record, final=command.final
                )
            case Propose():
                return self.judge(command)
            case CallTool():
                return self.call(command)
            case CallModel():
                return self.model(command)
            case AskPerson():
                return self.person(command)
            case Wait():
                return Woken(path=path, at=NOW, timer=True)
        raise AssertionError(command)

    def judge(self, command: Propose) -> Decided:
        known = []
        for proposal in command.proposals:
            facts = {}
            for read in facts_needed(self.compiled, command, proposal, NOW):
                if read.args is not None and not self.chance(self.trouble / 3):
                    facts[read.policy, read.name] = self.value(self.compiled.plan.tools[read.tool].output)
            known.append(facts)
            args = {**proposal.args, **proposal.bound}
            names = command.names.judging(args=args, facts={name: v for (_, name), v in facts.items()}, now=NOW)
            # A fact that only the question speaks of could have been anything.
            if not facts:
                names.facts = {"f": self.value(self.compiled.plan.tools["crm.find"].output)}
            self.bound[proposal.path] = frozenset(bound_names(command.flow, proposal.tool))
            self.meets[proposal.path] = frozenset(
                number
                for number, question in enumerate(self.questions)
                if question.node is None or compile_node(question.node)(names) is True
            )
        verdicts = decide(self.compiled, command, facts=known, usage=lambda counter, since, holds: 0, now=NOW)
        return Decided(path=command.path, at=NOW, verdicts=verdicts)

    def call(self, command: CallTool) -> Any:
        verdict, path = command.verdict, command.path
        tool = self.compiled.plan.tools[verdict.tool]
        write = tool.effect == "write"
        if self.chance(self.trouble / 4):
            return Refused(path=path, at=NOW, rule="halt", reason="Everything is halted.")
        if path == command.first:  # what is tried again is the same call
            people = frozenset(role for entry in command.approvals for role in self.asked[entry])
            self.calls.append(
                Call(
                    tool=tool.name, args=verdict.args, key=verdict.key, people=people, before=frozenset(self.done),
                    answered=self.answered, by_model="/turn-" in path, edited=bool(verdict.edited_by),
                    bound=self.bound.get(verdict.path, frozenset()), meets=self.meets.get(verdict.path, frozenset()),
                )
            )  # fmt: skip
        fault = Fault(kind="tool", message="no", retryable=self.rng.random() < 0.5)
        if write and self.chance(self.trouble):
            if self.rng.random() < 0.5:
                self.effects[verdict.key] = tool.name
            return Doubted(path=path, at=NOW, fault=fault, worked=0)
        if self.chance(self.trouble):
            return CallFailed(path=path, at=NOW, fault=fault, worked=0)
        if write:
            self.effects[verdict.key] = tool.name
        if self.chance(self.trouble / 3):
            return Returned(path=path, at=NOW, output={"wrong": 1}, worked=0)
        self.done.add(tool.name)
        return Returned(path=path, at=NOW, output=self.value(tool.output), worked=0)

    def model(self, command: CallModel) -> Any:
        path = command.path
        if self.chance(self.trouble):
            fault = Fault(kind="model", message="no", retryable=self.rng.random() < 0.5)
            return ModelFailed(path=path, at=NOW, fault=fault, worked=0)
        if command.tools and self.chance(0.7) and "/repair-" not in path:
            chosen = [self.rng.choice(command.tools) for _ in range(self.rng.randint(1, 3))]
            proposals = [(tool.name, self.value(tool.input)) for tool in chosen]
            return ModelReplied(path=path, at=NOW, model="m", mode="m", proposals=proposals, worked=0)
        answer = {"wrong": 1} if self.chance(self.trouble) else self.value(command.answer)
        return ModelReplied(path=path, at=NOW, model="m", mode="m", answer=answer, answered=True, worked=0)

    def person(self, command: AskPerson) -> Any:
        asked, path = command.asked, command.path
        if asked.kind == "approval":
            return self.approval(command, asked)
        may = [word for word in asked.may if word != "close" or self.events > MOST or self.rng.random() < 0.2] or [
            "close"
        ]
        action = self.rng.choice(may)
        more: dict[str, Any] = {}
        if action in ("done", "not_done"):
            (verdict,) = asked.proposals
            action = "done" if verdict.key in self.effects else "not_done"
            more = {"write": verdict.path, **({"data": self.value(asked.form)} if action == "done" else {})}
            if action == "done":
                self.done.add(verdict.tool)
            else:
                self.effects.pop(verdict.key, None)
        elif action == "answer":
            more["data"] = {"wrong": 1} if self.chance(self.trouble) else self.value(asked.form)
            if "s" in path and asked.kind == "question" and "wrong" not in more["data"]:
                self.answered = True
        return Answered(path=path, at=NOW, action=action, by="eva", **more)

    def approval(self, command: AskPerson, asked: Asked) -> Any:
        path = command.path
        standing = self.execution.standing(command)
        often = 0.5 if any(verdict.tool == "flows.sub" for verdict in standing.proposals) else 0.15
        if self.chance(often) and standing.proposals:
            changed = self.rng.choice(standing.proposals)
            number = len(standing.edits) + 1
            plan = self.compiled.plan
            tool = plan.tools.get(changed.tool)
            fresh = self.value(plan.schemas["sub@1"] if tool is None else tool.input)
            fixed = {name: changed.args[name] for name in self.bound[changed.path] if name in changed.args}
            args = {**fresh, **fixed}
            return Edited(
                path=f"{path}/@edit-{number}",
                at=NOW,
                entry=path,
                call=changed.path,
                digest=changed.digest,
                args=args,
                by="cy",
            )
        self.asked[path] = list(asked.to)
        if not standing.proposals:
            return Answered(path=path, at=NOW, action="edit", by="cy")
        action = self.rng.choice(["approve", "approve", "approve", "reject", "late"])
        return Answered(path=path, at=NOW, action=action, by="eva", rejected=list(standing.dead))


def really(question: Question, number: int, run: Run) -> bool:
    """Whether what a question asks about happened in a run."""
    if question.kind == "record":
        return run.outcome in ("completed", "completed_with_gaps", "rejected") and not run.record
    if question.kind == "count" or question.most is not None:
        assert question.most is not None
        wanted = {"pay.out", "mail.send"} if question.kind == "count" else {question.tool}
        if question.tool == "crm.find":
            return sum(call.tool == "crm.find" for call in run.calls) > question.most and run.trouble == 0.0
        return sum(tool in wanted for tool in run.effects.values()) > question.most
    return any(_is_it(question, number, call, run) for call in run.calls)


def _is_it(question: Question, number: int, call: Call, run: Run) -> bool:
    if call.tool != question.tool or number not in call.meets:
        return False
    if any(call.people if role is None else role in call.people for role in question.roles):
        return False
    if call.before & set(question.without_calls) or (question.without_people and call.answered):
        return False
    if question.chosen is not None:
        return call.by_model and question.chosen[0] not in call.bound
    return True
