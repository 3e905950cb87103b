"""What a run's journal can answer when the run is replayed under other rules.

Owns: which recorded answer belongs to which command: a model's reply by step, model and conversation; a call's result by tool
and arguments; people's answers by what they were asked. Nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from flowrun.core import events as ev
from flowrun.core.commands import AskPerson, CallModel, CallTool, Wait
from flowrun.core.execute import call_digest
from flowrun.core.steps.model_call import conversation_digest
from flowrun.journal.projections import call_path

Json = Any
Entry = tuple[int, ev.AnyEvent]
CALLS = (ev.Returned, ev.CallFailed, ev.Doubted, ev.Refused)
ANSWERS = (*CALLS, ev.Decided, ev.ModelReplied, ev.ModelFailed, ev.Answered, ev.Woken)


class Question(msgspec.Struct):
    """One inbox entry and everything that people did about it, in order."""

    asked: ev.Asked
    said: list[Entry] = []

    @property
    def answered(self) -> bool:
        """Whether it was settled."""
        return any(isinstance(event, ev.Answered) for _, event in self.said)


class Recorded:
    """The events of one run, found by what they answer. Places count from 0 in journal order."""

    def __init__(self, events: Sequence[ev.AnyEvent]) -> None:
        start = events[0]
        assert isinstance(start, ev.RunStarted)
        self.start = start
        self.events = events
        self.decided: dict[str, tuple[int, ev.Decided]] = {}
        self.foreign: list[Entry] = []
        self.finished: ev.RunFinished | None = None
        self.records: dict[str, ev.RecordWritten] = {}
        self.invalid: set[str] = set()
        self.questions: dict[str, Question] = {}
        self.waiting: set[str] = set()
        self._woken: dict[str, Entry] = {}
        self._calls: dict[str, list[Entry]] = {}
        self._by_path: dict[str, list[Entry]] = {}
        self._replies: dict[tuple[str, str, str], list[Entry]] = {}
        self._steps: dict[str, set[str]] = {}
        self._digest_of: dict[str, str] = {}
        self._told: dict[str, tuple[str, str, str]] = {}
        self._unasked: dict[str, Entry] = {}
        self.places = {(event.path, type(event)): place for place, event in enumerate(events)}
        for place, event in enumerate(events):
            self._take(place, event)

    def _take(self, place: int, event: ev.AnyEvent) -> None:
        entry = (place, event)
        if isinstance(event, ev.Decided):
            self.decided[event.path] = (place, event)
            for verdict in event.verdicts:
                self._digest_of[verdict.path] = verdict.digest
        elif isinstance(event, CALLS):
            path = call_path(event.path)
            self._by_path.setdefault(path, []).append(entry)
            if path in self._digest_of:
                self._calls.setdefault(self._digest_of[path], []).append(entry)
        elif isinstance(event, ev.ModelStarted):
            step = step_of(event.path)
            self._told[event.path] = (step, event.model, event.digest)
            self._steps.setdefault(step, set()).add(event.model)
        elif isinstance(event, ev.ModelReplied | ev.ModelFailed):
            if event.path in self._told:
                self._replies.setdefault(self._told[event.path], []).append(entry)
            else:
                self._unasked[event.path] = entry  # a halt kept the model from being asked
        elif isinstance(event, ev.Asked):
            self.questions[event.path] = Question(asked=event)
        elif isinstance(event, ev.Waiting):
            self.waiting.add(event.path)
        elif isinstance(event, ev.Woken):
            self._woken[event.path] = entry
        elif isinstance(event, ev.RecordWritten):
            self.records[event.path] = event
        elif isinstance(event, ev.AnswerInvalid):
            self.invalid.add(event.path)
        elif isinstance(event, ev.BudgetRaised | ev.CancelAsked):
            self.foreign.append(entry)
        elif isinstance(event, ev.RunFinished):
            self.finished = event
        elif not isinstance(event, ev.Withdrawn):  # which follows from what closed the question, and answers nothing
            self._said(entry)

    def _said(self, entry: Entry) -> None:
        """Add what a person did to its entry: the event's path is the entry's, or begins with it and an `@`."""
        path = entry[1].path
        for end in (path, path.rpartition("@")[0], path.rpartition("/@")[0]):
            if end in self.questions:
                self.questions[end].said.append(entry)
                return

    def verdict(self, decision: str, path: str, digest: str) -> ev.Verdict | None:
        """Return what was said of a call then: at the same place, else of the same tool and arguments anywhere."""
        found = self.decided.get(decision)
        for verdict in () if found is None else found[1].verdicts:
            if verdict.path == path:
                return verdict
        for _, event in self.decided.values():
            for verdict in event.verdicts:
                if verdict.digest == digest:
                    return verdict
        return None

    def result(self, command: CallTool) -> Entry | None:
        """Return, and use up, the result of a call: of the same path, else of the same tool and arguments."""
        verdict, path = command.verdict, call_path(command.path)
        here = self._by_path.get(path, [])
        if here and self._digest_of.get(path, verdict.digest) == verdict.digest:
            entry = here.pop(0)
            same = self._calls.get(verdict.digest, [])
            if entry in same:
                same.remove(entry)
            return entry
        same = self._calls.get(verdict.digest, [])
        if not same:
            return None
        # A read gives the same again as often as it is asked; a write was done once.
        return same.pop(0) if verdict.effect == "write" or len(same) > 1 else same[0]

    def read(self, tool: str, args: Mapping[str, Json]) -> Json:
        """Return the output of a call with these arguments as a list of one, None where there was none."""
        for _, event in self._calls.get(call_digest(tool, args), ()):
            if isinstance(event, ev.Returned):
                return [event.output]
        return None

    def reply(self, command: CallModel) -> Entry | None:
        """Return, and use up, the reply to this conversation."""
        if command.path in self._unasked:
            return self._unasked.pop(command.path)
        key = (step_of(command.path), command.model.name, conversation_digest(command.messages))
        replies = self._replies.get(key)
        return replies.pop(0) if replies else None

    def models_of(self, path: str) -> set[str]:
        """Return the models that the step of a call asked then."""
        return self._steps.get(step_of(path), set())

    def question(self, command: AskPerson) -> Question | None:
        """Return the entry in which people were asked the same thing."""
        asked = command.asked
        wanted = subject_of(asked)
        here = self.questions.get(command.path)
        if here is not None and subject_of(here.asked) == wanted:
            return here
        if asked.kind != "approval":
            return None
        return next((known for known in self.questions.values() if subject_of(known.asked) == wanted), None)

    def woken(self, command: Wait) -> Entry | None:
        """Return what ended a wait."""
        return self._woken.get(command.path)


def step_of(path: str) -> str:
    """Return the path of the step that a model is asked in."""
    return path.rpartition("/turn-")[0]


def subject_of(asked: ev.Asked) -> Json:
    """Return what a person is asked, as far as the answer depends on it: the calls, or what is shown and to be filled in."""
    if asked.kind == "approval":
        return ["approval", sorted(verdict.digest for verdict in asked.proposals)]
    return [asked.kind, asked.title, asked.form, asked.draft, asked.show]
