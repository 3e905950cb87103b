"""What an event means for the tables that are derived from the journal.

Owns: a pure fold from one event to changes, so that every store derives the same rows. Applying changes, and
refusing those that do not fit (a full window, a used approval), is the adapter's part.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any
from unicodedata import normalize

import msgspec

from flowrun.core import events as ev
from flowrun.core.entries import Said, Standing, entry_of, refusal
from flowrun.core.rooms import lifted
from flowrun.values.moments import format_moment, parse_moment

Json = Any


class Change(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One change; `path` is the place of the row that it concerns."""

    path: str


class EntryOpened(Change, frozen=True, kw_only=True):
    """An inbox entry is open. `id` is short; `due` and `at` sort as text."""

    id: str
    kind: str
    to: list[str]
    due: str | None
    at: str


class EntryChanged(Change, frozen=True, kw_only=True):
    """A yes, a move to the next role or changed arguments were added to the entry at `path`; its `due` may differ."""


class EntrySettled(Change, frozen=True, kw_only=True):
    """The entry at `path` is settled."""

    action: str


class WaitOpened(Change, frozen=True, kw_only=True):
    """The run waits for a moment, an event, or whichever comes first."""

    due: str | None
    event: str | None
    key: str | None


class WaitEnded(Change, frozen=True, kw_only=True):
    """The wait is over."""


class RecordAdded(Change, frozen=True, kw_only=True):
    """A record was written."""

    id: str
    schema: str
    at: str
    final: bool


class RoomTaken(Change, frozen=True, kw_only=True):
    """Room in an `at_most` window is taken by the call at `path` (without attempt), if it fits; in
    millionths.
    """

    counter: str
    amount: int
    limit: int
    since: str | None
    at: str
    rule: str


class RoomHeld(Change, frozen=True, kw_only=True):
    """An attempt of the call ended in doubt: its room stays taken, whatever later attempts say."""


class RoomFreed(Change, frozen=True, kw_only=True):
    """A person found that the call was not done: its room is free, although it was in doubt."""


class NaturalTaken(Change, frozen=True, kw_only=True):
    """The write at `path` takes its natural key, unless another write has it; `write` is its idempotency key."""

    natural: str
    write: str


class NaturalDone(Change, frozen=True, kw_only=True):
    """The write that has this natural key is done; its result is in the event that says so."""

    natural: str


class NaturalHeld(Change, frozen=True, kw_only=True):
    """The write that has this natural key is in doubt, and keeps it."""

    natural: str


class NaturalFreed(Change, frozen=True, kw_only=True):
    """The write was surely not done: its natural key is free, unless it is in doubt; `surely` frees that one too."""

    natural: str
    surely: bool = False


class RoomReturned(Change, frozen=True, kw_only=True):
    """The call was surely not done: its room is free again, unless an attempt ended in doubt."""


class RightUsed(Change, frozen=True, kw_only=True):
    """The call at `path` (without attempt) uses what people approved in `entry` for this digest."""

    entry: str
    digest: str


class SubjectKnown(Change, frozen=True, kw_only=True):
    """The run is about this person."""

    subject: str


class RunEnded(Change, frozen=True, kw_only=True):
    """The run is finished: its entries are settled and its waits are over. Why is in its event alone."""

    outcome: str


class Refusal(Exception):
    """The append does not fit; `refused`, `rule` and `first` as in `Receipt`."""

    def __init__(self, refused: str, rule: str = "", first: tuple[str, int] | None = None) -> None:
        super().__init__(refused)
        self.refused = refused
        self.rule = rule
        self.first = first


_ATTEMPT = re.compile(r"~\d+$")


def fold(run: str, event: ev.AnyEvent) -> Iterable[Change]:
    """Return the changes that one event makes, in order."""
    handler = _HANDLERS.get(type(event))
    return () if handler is None else handler(run, event)


def subject_text(subject: str) -> str:
    """Return the one text of a person's ways to be written: spaces around it and the case of an address do not count."""
    text = normalize("NFC", subject.strip())
    return text.lower() if "@" in text else text


_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


def short_id(run: str, path: str, length: int = 8) -> str:
    """Return the id that people type for an inbox entry (8) or a record (12): letters and digits, the same
    each time.
    """
    bits = int.from_bytes(sha256((run + path).encode()).digest()[:8], "big")
    return "".join([_LETTERS[bits >> shift & 31] for shift in range(59, 59 - 5 * length, -5)])


def key_space(started: ev.RunStarted) -> str:
    """Return the name of the space in which a submission's key stands for one run.

    A run that acts and one that only shows what it would do are never the same; the modes that act share a space.
    """
    return "key of a shadow" if started.mode == "shadow" else "key"


def grants(now: Standing, event: ev.AnyEvent, digest: str) -> bool:
    """Return whether an answer to an approval is a yes to this digest, and the entry is one about it."""
    yes = isinstance(event, ev.Answered) and event.action == "approve" and digest not in event.rejected
    return yes and any(verdict.digest == digest for verdict in now.proposals)


def check(now: Standing, event: ev.AnyEvent) -> None:
    """Raise `Refusal` where a person cannot add this event to an open entry that stands so."""
    why = refusal(now, event)
    if why:
        raise Refusal("path" if why == "role" else "entry", why)


def call_path(path: str) -> str:
    """Return the path of a call without its attempt (`~2`)."""
    return _ATTEMPT.sub("", path) if "~" in path else path


def sortable(moment: str | None) -> str | None:
    """Return a moment as text that sorts by time. What is no moment is returned as it is."""
    if moment is None or (len(moment) == 27 and moment[26] == "Z" and moment[19] == "."):
        return moment
    parsed = parse_moment(moment)
    return moment if parsed is None else format_moment(parsed)


def _started(run: str, event: ev.RunStarted) -> Iterable[Change]:
    if event.subject is not None:
        yield SubjectKnown(path=event.path, subject=event.subject)


def _asked(run: str, event: ev.Asked) -> Iterable[Change]:
    yield EntryOpened(
        path=event.path,
        id=short_id(run, event.path),
        kind=event.kind,
        to=event.to,
        due=sortable(event.due),
        at=event.at,
    )


def _added(run: str, event: Said) -> Iterable[Change]:
    yield EntryChanged(path=entry_of(event))


def _answered(run: str, event: ev.Answered) -> Iterable[Change]:
    yield EntrySettled(path=event.path, action=event.action)
    if event.write and event.action == "not_done":
        yield RoomFreed(path=event.write)
    if event.natural and event.action == "done":
        yield NaturalDone(path=event.write, natural=event.natural)
    if event.natural and event.action == "not_done":
        yield NaturalFreed(path=event.write, natural=event.natural, surely=True)


def _waiting(run: str, event: ev.Waiting) -> Iterable[Change]:
    yield WaitOpened(path=event.path, due=sortable(event.due), event=event.event, key=event.key)


def _woken(run: str, event: ev.Woken) -> Iterable[Change]:
    yield WaitEnded(path=event.path)


def _withdrawn(run: str, event: ev.Withdrawn) -> Iterable[Change]:
    yield EntrySettled(path=event.path, action="withdrawn")
    yield WaitEnded(path=event.path)


def _recorded(run: str, event: ev.RecordWritten) -> Iterable[Change]:
    yield RecordAdded(
        path=event.path,
        id=short_id(run, event.path, 12),
        schema=event.schema,
        at=event.at,
        final=event.final,
    )


def _intended(run: str, event: ev.Intended) -> Iterable[Change]:
    path = call_path(event.path)
    for entry in event.approvals:
        yield RightUsed(path=path, entry=entry, digest=event.digest)
    if event.natural:
        yield NaturalTaken(path=event.holds or path, natural=event.natural, write=event.key)
    yield from _rooms(event.holds or path, event)


def _reserved(run: str, event: ev.Reserved) -> Iterable[Change]:
    return _rooms(event.path, event)


def _rooms(path: str, event: ev.Intended | ev.Reserved) -> Iterable[Change]:
    for room in map(lifted, event.reserve):
        yield RoomTaken(
            path=path,
            counter=room.counter,
            amount=room.takes,
            limit=room.most,
            since=sortable(room.since),
            at=sortable(event.at) or "",
            rule=room.rule,
        )


def _returned(run: str, event: ev.Returned) -> Iterable[Change]:
    # Most calls are reads or have no natural key; then nothing follows.
    if event.natural and not event.first:
        return (NaturalDone(path=call_path(event.path), natural=event.natural),)
    return ()


def _failed(run: str, event: ev.CallFailed) -> Iterable[Change]:
    yield RoomReturned(path=call_path(event.path))
    if event.natural:
        yield NaturalFreed(path=call_path(event.path), natural=event.natural)


def _doubted(run: str, event: ev.Doubted) -> Iterable[Change]:
    yield RoomHeld(path=call_path(event.path))
    if event.natural:
        yield NaturalHeld(path=call_path(event.path), natural=event.natural)


def _finished(run: str, event: ev.RunFinished) -> Iterable[Change]:
    yield RunEnded(path=event.path, outcome=event.outcome)


def _subject(run: str, event: ev.SubjectKnown) -> Iterable[Change]:
    yield SubjectKnown(path=event.path, subject=event.subject)


_HANDLERS: dict[type, Callable[[str, Any], Iterable[Change]]] = {
    ev.RunStarted: _started,
    ev.Asked: _asked,
    ev.Approved: _added,
    ev.Escalated: _added,
    ev.Edited: _added,
    ev.Answered: _answered,
    ev.Waiting: _waiting,
    ev.Woken: _woken,
    ev.Withdrawn: _withdrawn,
    ev.RecordWritten: _recorded,
    ev.Intended: _intended,
    ev.Reserved: _reserved,
    ev.Returned: _returned,
    ev.CallFailed: _failed,
    ev.Doubted: _doubted,
    ev.RunFinished: _finished,
    ev.SubjectKnown: _subject,
}
