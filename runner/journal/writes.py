"""The write ledger: what became of every write that a run proposed, folded from its events.

Owns: that fold. It needs no store and judges nothing; who settles a doubt, and how, is the core's part.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from flowrun.core import events as ev
from flowrun.journal.projections import call_path

Json = Any
STATES = ("proposed", "decided", "reserved", "executing", "done", "failed", "in_doubt", "reconciled")
"""In the order in which a write goes through them. `reserved`: its intent is stored and nobody drives its run."""


class Attempt(msgspec.Struct, kw_only=True):
    """One call of the tool: `at` its intent, `ended` its result. `result`: `done`, `failed`, `in_doubt` or empty."""

    path: str
    at: str
    ended: str = ""
    result: str = ""
    said: str = ""


class Write(msgspec.Struct, kw_only=True):
    """One write. `path` is its last call's, `key` the idempotency key, which all its calls share.

    `decision`: `allow`, `ask`, `deny`, `rejected` (people), `refused` (by a budget, or at its intent) or `not_made` (its
    run ended before it), with `rule` and `reason`. `how` a write that was in doubt was reconciled: `repeat`,
    `confirm_with`, or `person` (then `by`); `simulated` in a shadow run.
    `done`: whether it was done, None where nobody knows or it is under way.
    `first`: the run that had done it before, so that it was not called here.
    """

    run: str
    path: str
    tool: str
    args: dict[str, Json]
    key: str = ""
    state: str = "proposed"
    at: str = ""
    decision: str = ""
    rule: str = ""
    reason: str = ""
    done: bool | None = None
    how: str = ""
    by: str = ""
    first: str = ""
    output: Json = None
    attempts: list[Attempt] = []


def writes(events: Sequence[ev.AnyEvent], *, driven: bool = False) -> list[Write]:
    """Return the writes of a run in the order in which they were proposed. `driven`: some process works on it now."""
    ledger = _Ledger(events, driven)
    for event in events:
        handler = _HANDLERS.get(type(event))
        if handler is not None:
            handler(ledger, event)
    ledger.forget_unjudged(events)
    return list(ledger.found.values())


class _Ledger:
    """`found` by idempotency key (by path before one is known); `keys` leads from the path of a call to its write."""

    def __init__(self, events: Sequence[ev.AnyEvent], driven: bool) -> None:
        start = events[0]
        self.run = start.run if isinstance(start, ev.RunStarted) else ""
        self.under_way = "executing" if driven else "reserved"
        self.found: dict[str, Write] = {}
        self.keys: dict[str, str] = {}
        self.asked: dict[str, list[str]] = {}
        self.turns: dict[str, list[str]] = {}
        self.again: list[Write] = []
        """Writes that a person called done, and about which somebody was to be asked once more."""

    def of(self, path: str) -> Write | None:
        """Return the write whose call, or whose look-up, is at a path."""
        call = call_path(path.partition("/@confirm-")[0])
        return self.found.get(self.keys.get(call, ""))

    def proposed(self, event: ev.ModelReplied) -> None:
        """Note what a model proposed; what turns out to be a read, or was never judged, is forgotten again."""
        numbers: dict[str, int] = {}
        turn = call_path(event.path)
        for tool, args in event.proposals:
            numbers[tool] = numbers.get(tool, 0) + 1
            path = f"{turn}/{tool}-{numbers[tool]}"
            self.turns.setdefault(turn, []).append(path)
            self.keys[path] = path
            shown = args if isinstance(args, dict) else {}
            self.found[path] = Write(run=self.run, path=path, tool=tool, args=shown, at=event.at)

    def decided(self, event: ev.Decided) -> None:
        self.turns.pop(event.path, None)
        for verdict in event.verdicts:
            if self.keys.get(verdict.path) == verdict.path:
                self.found.pop(verdict.path, None)
            if verdict.effect != "write":
                continue
            write = self.found.get(verdict.key)
            if write is None or (verdict.verdict == "deny" and write.path != verdict.path):
                # What was denied leaves its key to the next proposal.
                id = verdict.path if verdict.verdict == "deny" else verdict.key
                write = self.found[id] = Write(
                    run=self.run, path=verdict.path, tool=verdict.tool, args=verdict.args, key=verdict.key
                )
                self.keys[verdict.path] = id
            else:
                self.keys[verdict.path] = verdict.key
            write.path, write.args = verdict.path, verdict.args
            write.decision, write.rule, write.reason = verdict.verdict, verdict.denied_by or "", verdict.reason
            if write.state != "in_doubt":  # to be judged again settles no doubt
                write.state, write.at = "decided", event.at

    def asks(self, event: ev.Asked) -> None:
        self.asked[event.path] = [verdict.key for verdict in event.proposals]
        for write in (self.found.get(verdict.key) for verdict in event.proposals if "done" in event.may):
            if write is not None:  # a person said that it was done, with an output that the tool cannot have given
                write.state, write.done, write.how, write.by, write.output = "in_doubt", None, "", "", None

    def answered(self, event: ev.Answered) -> None:
        if event.action in ("done", "not_done"):
            write = self.of(event.write)
            if write is not None:
                write.state, write.at, write.how, write.by = "reconciled", event.at, "person", event.by
                write.done = event.action == "done"
                write.output = event.data
            return
        for key in self.asked.get(event.path, ()):
            write = self.found.get(key)
            no = event.action in ("reject", "late") or (event.action == "approve" and bool(event.rejected))
            if write is not None and write.decision == "ask" and no:
                write.decision, write.reason, write.at = "rejected", event.reason, event.at

    def intended(self, event: ev.Intended) -> None:
        write = self.found.get(event.key)
        if write is None:
            return
        self.keys[call_path(event.path)] = event.key
        if write.decision in ("refused", "not_made"):  # its step was tried again
            write.decision, write.rule, write.reason = "allow", "", ""
        write.attempts = [*write.attempts, Attempt(path=event.path, at=event.at)]
        if write.state != "in_doubt":
            write.state = self.under_way
        write.at = event.at

    def failed_step(self, event: ev.StepFailed) -> None:
        """Tell of what a step had allowed and not begun when a budget stopped it."""
        if event.fault.kind == "budget":
            self._never_begun(f"{event.path}/", "refused", "budget", event.fault.message, event.at)

    def withdrawn(self, event: ev.Withdrawn) -> None:
        """Note a question that was never put: what a person had said before it may not have settled the write."""
        step, asked, _ = event.path.partition("/@hand-off-")
        if asked and event.path not in self.asked:
            said = [write for write in self.found.values() if write.how == "person" and write.done]
            self.again += [write for write in said if f"{write.path}/".startswith(f"{step}/")]

    def finished(self, event: ev.RunFinished) -> None:
        for write in self.again if event.outcome == "in_doubt" else ():
            write.state, write.done, write.how, write.by, write.output = "in_doubt", None, "", "", None
        self._never_begun("", "not_made", "", event.reason or "The run ended before.", event.at)

    def _never_begun(self, under: str, decision: str, rule: str, reason: str, at: str) -> None:
        for write in self.found.values():
            allowed = write.decision in ("allow", "ask") and not write.how
            if write.state == "decided" and allowed and not write.attempts and f"{write.path}/".startswith(under):
                write.decision, write.rule, write.reason, write.at = decision, rule, reason, at

    def refused(self, event: ev.Refused) -> None:
        write = self.of(event.path.removesuffix("/@full"))
        if write is None:
            return
        write.decision, write.rule, write.reason, write.at = "refused", event.rule, event.reason, event.at
        if write.state != "in_doubt":
            write.state = "decided"

    def returned(self, event: ev.Returned) -> None:
        write = self.of(event.path)
        if write is None:
            return
        if event.simulated:
            write.how, write.done, write.at = "simulated", False, event.at
            return
        looked_up = "/@confirm-" in event.path
        if looked_up and event.output is None:
            write.how, write.done, write.state, write.at = "confirm_with", False, "reconciled", event.at
            return
        doubted = any(attempt.result == "in_doubt" for attempt in write.attempts) and write.how != "person"
        if doubted:
            write.how = "confirm_with" if looked_up else write.how or "repeat"
        write.state = "reconciled" if doubted else "done"
        write.done, write.output, write.first, write.at = True, event.output, event.first, event.at
        if not looked_up:
            self._ends(write, event, "done", "")

    def failed(self, event: ev.CallFailed) -> None:
        write = self.of(event.path)
        if write is None or "/@confirm-" in event.path:
            return
        self._ends(write, event, "failed", event.fault.message)
        write.at = event.at
        if write.state != "in_doubt":
            write.state, write.done = "failed", False

    def doubted(self, event: ev.Doubted) -> None:
        write = self.of(event.path)
        if write is not None:
            self._ends(write, event, "in_doubt", event.fault.message)
            write.state, write.at, write.done, write.how = "in_doubt", event.at, None, ""

    def _ends(self, write: Write, event: ev.AnyEvent, result: str, said: str) -> None:
        for attempt in write.attempts:
            if attempt.path == event.path:
                attempt.ended, attempt.result, attempt.said = event.at, result, said

    def forget_unjudged(self, events: Sequence[ev.AnyEvent]) -> None:
        """Keep undecided proposals of a run that goes on only: a step without tools ignores what its model proposes."""
        if isinstance(events[-1], ev.RunFinished):
            for paths in self.turns.values():
                for path in paths:
                    self.found.pop(path, None)


_HANDLERS: dict[type, Any] = {
    ev.ModelReplied: _Ledger.proposed,
    ev.Decided: _Ledger.decided,
    ev.Asked: _Ledger.asks,
    ev.Answered: _Ledger.answered,
    ev.Intended: _Ledger.intended,
    ev.Refused: _Ledger.refused,
    ev.Returned: _Ledger.returned,
    ev.CallFailed: _Ledger.failed,
    ev.Doubted: _Ledger.doubted,
    ev.StepFailed: _Ledger.failed_step,
    ev.Withdrawn: _Ledger.withdrawn,
    ev.RunFinished: _Ledger.finished,
}
