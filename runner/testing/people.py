"""What the people of a test say: which word is meant for an inbox entry, and the events that it becomes.

Owns: that translation. Whether an answer is in time is the product's own part, tested elsewhere.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from flowrun.core.changed_call import new_args
from flowrun.core.compiled import CompiledPlan
from flowrun.core.entries import Said, Standing, entry_of, standing
from flowrun.core.events import Answered, AnyEvent, Approved, Asked, Edited, Verdict
from flowrun.errors import InputError
from flowrun.ports.journal import InboxRow
from flowrun.records.validation import Checker
from flowrun.testing.result import Unplayable
from flowrun.testing.words import LATE, WORDS, Word, of_roles, word_of
from flowrun.words import t

Json = Any
_STEP = re.compile(r"[a-z][a-z0-9_]*")
_NOTHING = object()


class FakePeople:
    """The people of `given.people`, by tool or step id. A list has a word for each time that is asked."""

    def __init__(self, said: Mapping[str, Json], compiled: CompiledPlan) -> None:
        self._said = said
        self._compiled = compiled
        self._places: dict[tuple[str, str], int] = {}
        self._counts: Counter[str] = Counter()
        self._asked: set[str] = set()

    def left(self) -> list[tuple[str, int | None]]:
        """Return what was never said: a name, with its place where only that entry of its list is left over."""
        found: list[tuple[str, int | None]] = []
        for name, said in self._said.items():
            used = {place for (each, _), place in self._places.items() if each == name}
            if not used and said not in ([], ()):  # an empty list says on purpose that nobody answers
                found.append((name, None))
            elif self._listed(name):
                found += [(name, place) for place in range(len(said)) if place not in used]
        return found

    def recall(self, events: Sequence[AnyEvent]) -> None:
        """Take over what was said in another process, as the run's journal holds it."""
        asked = {event.path: event for event in events if isinstance(event, Asked)}
        edits: Counter[str] = Counter()
        for event in events:
            entry = asked.get(entry_of(event) if isinstance(event, Said) else event.path)
            if entry is None or not isinstance(event, Answered | Said):
                continue
            step = self._of_step(entry.path)
            if isinstance(event, Answered) and entry.kind != "approval":
                self._asked.add(step)
            for name in {v.tool if v.tool in self._said else step for v in entry.proposals} or {step}:
                if name:
                    self._place(name, f"{entry.path}#{edits[entry.path]}")
            edits[entry.path] += isinstance(event, Edited)

    def answer(self, entry: InboxRow, events: Sequence[AnyEvent], now: str) -> list[AnyEvent] | str | None:
        """Return the events that settle an entry, `late` where nobody answers in time, None where nothing is said.

        `events` are the run's. Raises `Unplayable` where the word does not fit the entry.
        """
        if entry.kind != "approval":
            return self._form(entry, now)
        asked = next(event for event in events if isinstance(event, Asked) and event.path == entry.path)
        return self._approval(standing(asked, events), now)

    def _approval(self, open: Standing, now: str) -> list[AnyEvent] | str | None:
        step = self._of_step(open.asked.path)
        key = f"{open.asked.path}#{len(open.edits)}"
        said: list[tuple[Verdict, Mapping[str, Word]]] = []
        for verdict in open.proposals:
            name = verdict.tool if verdict.tool in self._said else step
            value = self._take(name, key) if name else _NOTHING
            if value is not _NOTHING:
                said.append((verdict, self._votes(name, value, open)))
        for verdict, votes in said:
            edit = next((word for word in votes.values() if word.action == "edit"), None)
            if edit is not None:
                return self._edit(open, verdict, edit, now)
        actions = {_together(votes) for _, votes in said}
        if not actions:
            return None
        if LATE in actions:
            if actions != {LATE}:
                raise Unplayable(
                    t("One inbox entry cannot be answered for one call and late for another."), "given", "people"
                )
            return LATE
        if "approve" in actions:
            return self._yes(open, said, now)
        role, no = next((role, word) for _, votes in said for role, word in votes.items() if word.action == "reject")
        return [
            Approved(path=open.yes_path(role), at=now, role=role, by=no.by or role, yes=False),
            Answered(path=open.asked.path, at=now, action="reject", by=no.by or role, reason="A person said no."),
        ]

    def _yes(self, open: Standing, said: Sequence[tuple[Verdict, Mapping[str, Word]]], now: str) -> list[AnyEvent]:
        rejected = [verdict.digest for verdict, votes in said if _together(votes) == "reject"]
        votes = next(votes for _, votes in said if _together(votes) == "approve")
        events: list[AnyEvent] = []
        for role in open.open_roles:
            # Where a late role has handed on to another of the list, two people of that one say yes.
            path = open.yes_path(role)
            by = votes[role].by or path.rpartition("@")[2]
            digests = [verdict.digest for verdict in open.proposals]
            yes = Approved(path=path, at=now, role=role, by=by, yes=True, digests=digests)
            events.append(yes)
            open = open.after(yes)
        settled = open.approval(now)
        return [*events, msgspec.structs.replace(settled, rejected=[*settled.rejected, *rejected])]

    def _votes(self, name: str, value: Json, open: Standing) -> Mapping[str, Word]:
        """Return what each role that is still asked says of a call."""
        votes = of_roles(name, value, open.open_roles)
        for role, word in votes.items():
            members = self._compiled.plan.roles.get(role)
            if word.by and members is not None and word.by not in members.members:
                raise Unplayable(
                    t(
                        "given.people.{name}: {person} is not in the role {role}, which has {members}.",
                        name=name,
                        person=word.by,
                        role=role,
                        members=", ".join(members.members) or t("nobody"),
                    ),
                    *("given", "people", name),
                )
        return votes

    def _edit(self, open: Standing, verdict: Verdict, word: Word, now: str) -> list[AnyEvent]:
        try:
            args = new_args(self._compiled, open.asked.flow, verdict, word.data)
        except InputError as error:
            raise Unplayable(
                f"given.people.{verdict.tool}: {error.message}", *("given", "people", verdict.tool)
            ) from None
        by = word.by or (open.to[0] if open.to else "somebody")
        path = f"{open.asked.path}/@edit-{len(open.edits) + 1}"
        edited = Edited(
            path=path, at=now, entry=open.asked.path, call=verdict.path, digest=verdict.digest, args=args, by=by
        )
        if open.after(edited).proposals:
            return [edited]
        return [edited, Answered(path=open.asked.path, at=now, action="edit", by=by)]

    def _form(self, entry: InboxRow, now: str) -> list[AnyEvent] | str | None:
        name = self._of_step(entry.path)
        if not name:
            return None
        form = entry.asked.get("form")
        checker = Checker(form) if form is not None else None
        whole = self._said[name]
        if self._listed(name) and checker is not None and not checker.check(list(whole), placeholders=False):
            value: Json = list(whole)  # the form takes a list, and this is one
        elif self._listed(name):
            value = self._peek(name, entry.path)
        else:
            # The word for a step's question is not meant for the hand-off that follows from it.
            value = _NOTHING if entry.kind == "hand_off" and name in self._asked else whole
        word = word_of(value)
        if value is _NOTHING or (entry.kind == "hand_off" and word is not None and word.action in WORDS):
            return None
        self._place(name, entry.path)
        self._asked.add(name)
        if entry.kind != "hand_off":
            if entry.asked.get("problems") and not self._listed(name):
                told = _listed(entry.asked["problems"])
                raise Unplayable(
                    t("The answer given.people.{name} was not accepted: {why}", name=name, why=told),
                    *("given", "people", name),
                )
            if word is not None and word.action == LATE:
                return LATE
        may = entry.asked.get("may", [])
        by = (word.by if word is not None else "") or (entry.to[0] if entry.to else "somebody")
        if word is not None and word.action in may:
            return [_settled(entry, word, by, now)]
        problems = checker.check(value, placeholders=False) if checker is not None else []
        if problems or "answer" not in may:
            why = _listed(problems) or t("only {words} is possible here.", words=", ".join(may))
            raise Unplayable(
                t("The answer given.people.{name} does not fit the form of the step: {why}", name=name, why=why),
                *("given", "people", name),
            )
        return [Answered(path=entry.path, at=now, action="answer", by=by, data=value)]

    def _of_step(self, path: str) -> str:
        """Return the innermost step of a path of which something is said, "" where there is none."""
        return next((part for part in reversed(path.split("/")) if _STEP.fullmatch(part) and part in self._said), "")

    def _listed(self, name: str) -> bool:
        return isinstance(self._said[name], list | tuple)

    def _peek(self, name: str, key: str) -> Json:
        said = self._said[name]
        place = self._places.get((name, key), self._counts[name])
        return said[place] if place < len(said) else _NOTHING

    def _take(self, name: str, key: str) -> Json:
        self._place(name, key)
        return self._peek(name, key) if self._listed(name) else self._said[name]

    def _place(self, name: str, key: str) -> None:
        if name in self._said and (name, key) not in self._places:
            self._places[name, key] = self._counts[name]
            self._counts[name] += 1


def _together(votes: Mapping[str, Word]) -> str:
    """Return what comes first of what these roles say: a no, then silence, then the yes of all of them."""
    actions = {word.action for word in votes.values()}
    return next(action for action in ("reject", LATE, "approve") if action in actions)


def _settled(entry: InboxRow, word: Word, by: str, now: str) -> Answered:
    about: dict[str, Json] = {}
    if word.action in ("done", "not_done"):
        write = entry.asked["proposals"][0]
        about = {"write": write["path"], "natural": write["natural"], "data": word.data}
    reason = "A person closed it." if word.action in ("close", "resume") else ""
    return Answered(path=entry.path, at=now, action=word.action, by=by, reason=reason, **about)


def _listed(problems: Iterable[Mapping[str, Json]]) -> str:
    return "; ".join(f"{p.get('path') or t('the whole')}: {p['message']}" for p in problems)
