"""What the people of a test say: which word is meant for an inbox entry, and the events that it becomes.

Owns: that translation. Whether an answer is in time and who may give it is the product's own part, tested elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flowrun.core.events import Answered, AnyEvent, Approved, Asked
from flowrun.ports.journal import InboxRow
from flowrun.records.validation import Checker
from flowrun.testing.result import Unplayable, shown

Json = Any
LATE = "late"
WORDS = ("approve", "reject", LATE)
_STEP = re.compile(r"[a-z][a-z0-9_]*")
_NOTHING = object()


class FakePeople:
    """The people of `given.people`, by tool or step id."""

    def __init__(self, said: Mapping[str, Json]) -> None:
        self._said = said
        self._asked: set[str] = set()

    def recall(self, events: Sequence[AnyEvent]) -> None:
        """Take over what was said in another process, as the run's journal holds it."""
        kinds = {event.path: event.kind for event in events if isinstance(event, Asked)}
        for event in events:
            if isinstance(event, Answered) and kinds.get(event.path) not in (None, "approval"):
                self._asked.add(self._of_step(event.path)[0])

    def answer(self, entry: InboxRow, now: str) -> list[AnyEvent] | str | None:
        """Return the events that settle an entry, `late` where nobody answers in time, None where nothing is said.

        Raises `Unplayable` where the word does not fit the entry.
        """
        return self._approval(entry, now) if entry.kind == "approval" else self._form(entry, now)

    def _approval(self, entry: InboxRow, now: str) -> list[AnyEvent] | str | None:
        by_digest: dict[str, Json] = {}
        step = self._of_step(entry.path)
        proposals = entry.asked["proposals"]
        for proposal in proposals:
            word = self._said.get(proposal["tool"], step[1])
            if word is _NOTHING:
                continue
            if isinstance(word, dict):
                word = _of_roles(f"given.people.{proposal['tool']}", word, entry.to)
            if word not in WORDS:
                raise Unplayable(
                    f"given.people.{proposal['tool']} is asked for a yes or no, and says {shown(word)}. "
                    "Write approve, reject or late. A map says it for each role."
                )
            by_digest[proposal["digest"]] = word
        words = set(by_digest.values())
        if not words:
            return None
        if LATE in words:
            if words != {LATE}:
                raise Unplayable("One inbox entry cannot be answered for one call and late for another.")
            return LATE
        digests = [proposal["digest"] for proposal in proposals]
        yes = "approve" in words
        events: list[AnyEvent] = []
        for role in entry.to if yes else entry.to[:1]:
            # Where a late role has handed on to another of the list, two people of that one say yes.
            before = sum(isinstance(event, Approved) and event.role == role for event in events)
            nth = f"~{before + 1}" if before else ""
            path, by = f"{entry.path}@{role}{nth}", f"{role}{nth}"
            events.append(Approved(path=path, at=now, role=role, by=by, yes=yes, digests=digests))
        rejected = [digest for digest, word in by_digest.items() if word == "reject"]
        by = ", ".join(event.by for event in events if isinstance(event, Approved))
        if yes:
            settled = Answered(path=entry.path, at=now, action="approve", by=by, rejected=rejected)
        else:
            settled = Answered(path=entry.path, at=now, action="reject", by=by, reason="A person said no.")
        return [*events, settled]

    def _form(self, entry: InboxRow, now: str) -> list[AnyEvent] | str | None:
        name, word = self._of_step(entry.path)
        if word is _NOTHING:
            return None
        if entry.kind == "hand_off":
            # The word for a step's question is not meant for the hand-off that follows from it.
            if name in self._asked or word in WORDS:
                return None
            self._asked.add(name)
        else:
            self._asked.add(name)
            if entry.asked.get("problems"):
                raise Unplayable(f"The answer given.people.{name} was not accepted: {_listed(entry.asked['problems'])}")
            if word == LATE:
                return LATE
        may = entry.asked.get("may", [])
        by = entry.to[0] if entry.to else "somebody"
        if word in ("close", "resume") and word in may:
            return [Answered(path=entry.path, at=now, action=word, by=by, reason="A person closed it.")]
        form = entry.asked.get("form")
        problems = Checker(form).check(word, placeholders=False) if form is not None else []
        if problems or "answer" not in may:
            why = _listed(problems) or f"only {', '.join(may)} is possible here."
            raise Unplayable(f"The answer given.people.{name} does not fit the form of the step: {why}")
        return [Answered(path=entry.path, at=now, action="answer", by=by, data=word)]

    def _of_step(self, path: str) -> tuple[str, Json]:
        """Return the innermost step of a path of which something is said, with the word."""
        for part in reversed(path.split("/")):
            if _STEP.fullmatch(part) and part in self._said:
                return part, self._said[part]
        return "", _NOTHING


def _of_roles(where: str, words: Mapping[str, Json], to: list[str]) -> Json:
    """Return what comes first of what these roles say: a no, then silence, then the yes of all of them."""
    missing = [role for role in to if role not in words]
    if missing:
        raise Unplayable(f"{where} does not say what {missing[0]} does; it is asked too.")
    said = [words[role] for role in to]
    odd = [word for word in said if word not in WORDS]
    return odd[0] if odd else "reject" if "reject" in said else LATE if LATE in said else "approve"


def _listed(problems: Iterable[Mapping[str, Json]]) -> str:
    return "; ".join(f"{p.get('path') or 'the whole'}: {p['message']}" for p in problems)
