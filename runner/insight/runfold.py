"""What one run adds to the figures, folded from its events.

Owns: which event counts as what. Sums over runs are `insight.metrics`' part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from flowrun.core import events as ev
from flowrun.journal.projections import call_path
from flowrun.values.moments import seconds_between

CUSTOMER = "customer"
INVALID = "/@invalid-"
CONFIRM = "/@confirm-"
REPAIR = "/repair-"


class Answers(msgspec.Struct, kw_only=True):
    """What one model answered in a run: `tried` answers, `failed` ones; `mended` of those that `failed_first`."""

    tried: int = 0
    failed: int = 0
    failed_first: int = 0
    mended: int = 0


class RunFold(msgspec.Struct, kw_only=True):
    """What happened in one run; times in seconds, `cost` in millionths."""

    flow: str
    version: int
    started: str
    outcome: str | None = None
    models: set[str] = msgspec.field(default_factory=set)
    answers: dict[str, Answers] = msgspec.field(default_factory=dict)
    tried_records: int = 0
    bad_records: int = 0
    records: int = 0
    tool_attempts: int = 0
    tool_errors: int = 0
    proposed: set[str] = msgspec.field(default_factory=set)
    denied: set[str] = msgspec.field(default_factory=set)
    first_action: float | None = None
    handed_off: bool = False
    people: bool = False
    """Somebody beside the customer was asked, or changed the run."""
    settled: int = 0
    late: int = 0
    approval_waits: list[float] = msgspec.field(default_factory=list)
    cost: int = 0


class _Folding:
    """A run's fold, and what it must remember between events."""

    def __init__(self, run: RunFold) -> None:
        self.run = run
        self.replies: dict[str, str] = {}
        """Places where an answer is due or was given, to the model that replied there."""
        self.tried: set[str] = set()
        self.failed: set[str] = set()
        self.reserved: dict[str, int] = {}
        self.writes: set[str] = set()
        self.asked: dict[str, ev.Asked] = {}

    def model_started(self, event: ev.ModelStarted) -> None:
        self.reserved[event.path] = event.reserved
        self.run.cost += event.reserved

    def model_replied(self, event: ev.ModelReplied) -> None:
        self.run.cost += event.cost - self.reserved.pop(event.path, 0)
        self.run.models.add(event.model)
        place = call_path(event.path)
        self.replies[place] = event.model
        if event.answered or REPAIR in place:
            self.tried.add(place)

    def model_failed(self, event: ev.ModelFailed) -> None:
        self.run.cost += event.cost - self.reserved.pop(event.path, 0)

    def decided(self, event: ev.Decided) -> None:
        # A reply with proposals is no answer, whatever else it says.
        self.tried.discard(event.path)
        for verdict in event.verdicts:
            self.run.proposed.add(verdict.path)
            if verdict.verdict == "deny":
                self.run.denied.add(verdict.path)

    def refused(self, event: ev.Refused) -> None:
        self.run.denied.add(call_path(event.path))

    def intended(self, event: ev.Intended) -> None:
        self.writes.add(call_path(event.path))

    def returned(self, event: ev.Returned) -> None:
        self.run.tool_attempts += 1
        looked_up = CONFIRM in event.path
        call = call_path(event.path.partition(CONFIRM)[0])
        # A look-up that finds the write shows that it was done; one that finds nothing shows that it was not.
        if self.run.first_action is None and call in self.writes and not (looked_up and event.output is None):
            self.run.first_action = seconds_between(self.run.started, event.at)

    def not_done(self, event: ev.CallFailed | ev.Doubted) -> None:
        self.run.tool_attempts += 1
        self.run.tool_errors += 1

    def invalid(self, event: ev.AnswerInvalid) -> None:
        turn, found, number = event.path.rpartition(INVALID)
        if not found:
            self.run.tried_records += 1
            self.run.bad_records += 1
            return
        place = turn if number == "1" else f"{turn}{REPAIR}{int(number) - 1}"
        self.tried.add(place)
        self.failed.add(place)

    def recorded(self, event: ev.RecordWritten) -> None:
        # What a person filled in was checked before it was taken.
        self.run.tried_records += "/@answer-" not in event.path
        self.run.records += event.final

    def was_asked(self, event: ev.Asked) -> None:
        self.asked[event.path] = event
        self.run.handed_off |= event.kind == "hand_off"
        self.run.people |= any(role != CUSTOMER for role in event.to)

    def answered(self, event: ev.Answered) -> None:
        asked = self.asked.pop(event.path, None)
        if asked is None:
            return
        self.run.settled += 1
        self.run.late += event.action == "late"
        if asked.kind == "approval" and event.action in ("approve", "reject"):
            self.run.approval_waits.append(seconds_between(asked.at, event.at))

    def interfered(self, event: ev.BudgetRaised | ev.CancelAsked) -> None:
        self.run.people = True

    def finished(self, event: ev.RunFinished) -> None:
        self.run.outcome = event.outcome

    def close(self) -> RunFold:
        """Add up what the models answered."""
        good = self.tried - self.failed
        mended = {place.rpartition(REPAIR)[0] for place in good if REPAIR in place}
        for place in self.tried:
            answers = self.run.answers.setdefault(self.replies.get(place, ""), Answers())
            answers.tried += 1
            answers.failed += place in self.failed
            if place in self.failed and REPAIR not in place:
                answers.failed_first += 1
                answers.mended += place in mended
        return self.run


_FOLDS: dict[type, Callable[[_Folding, Any], None]] = {
    ev.ModelStarted: _Folding.model_started,
    ev.ModelReplied: _Folding.model_replied,
    ev.ModelFailed: _Folding.model_failed,
    ev.Decided: _Folding.decided,
    ev.Refused: _Folding.refused,
    ev.Intended: _Folding.intended,
    ev.Returned: _Folding.returned,
    ev.CallFailed: _Folding.not_done,
    ev.Doubted: _Folding.not_done,
    ev.AnswerInvalid: _Folding.invalid,
    ev.RecordWritten: _Folding.recorded,
    ev.Asked: _Folding.was_asked,
    ev.Answered: _Folding.answered,
    ev.BudgetRaised: _Folding.interfered,
    ev.CancelAsked: _Folding.interfered,
    ev.RunFinished: _Folding.finished,
}


def fold_run(events: Sequence[ev.AnyEvent]) -> RunFold:
    """Fold a run's events, the first of which is its start."""
    start = events[0]
    assert isinstance(start, ev.RunStarted)
    folding = _Folding(RunFold(flow=start.flow, version=start.version, started=start.at))
    for event in events[1:]:
        fold = _FOLDS.get(type(event))
        if fold is not None:
            fold(folding, event)
    return folding.close()
