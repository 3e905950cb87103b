"""The in-memory journal's rows and how one append changes them; nothing is asked or answered here.

Owns: plain maps in place of tables, the checks of an append, and undoing a refused one. What an event means
is `flowrun.journal.projections`', as it is for every store.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec

from flowrun.adapters.journals.keys import Sealer
from flowrun.adapters.journals.lookup import erased_run, runs_changed, still_going_on
from flowrun.core.entries import Standing, standing
from flowrun.core.events import PHASES, Answered, AnyEvent, Approved, Asked, Edited
from flowrun.errors import StoreError
from flowrun.journal import projections as pr
from flowrun.journal.chain import GENESIS, link
from flowrun.journal.encoding import decode, encode
from flowrun.ports.journal import Append, Erasure, Forgetting, Receipt, StoredEvent

Undo = list[Callable[[], object]]


@dataclass(slots=True)
class Entry:
    """An inbox entry; `action` is None while it is open."""

    opened: pr.EntryOpened
    seq: int
    action: str | None = None


@dataclass(slots=True)
class Room:
    """Room that one call has taken; `held` once an attempt ended in doubt."""

    at: str
    amount: int
    held: bool = False


@dataclass(slots=True)
class Natural:
    """Which write has a natural key. `seq` is the event with its result, 0 in flight, -1 in doubt."""

    run: str
    write: str
    seq: int = 0


@dataclass(slots=True)
class Run:
    """Everything about one run."""

    id: str
    flow: str
    version: int
    plan: str
    input: bytes
    created: str
    updated: str
    mode: str = "live"
    outcome: str | None = None
    sealer: Sealer | None = field(default_factory=Sealer)
    """None once the run's person was forgotten."""
    subject: str | None = None
    erased: str | None = None
    owner: str | None = None
    lease: float = 0.0
    epoch: int = 0
    ready: bool = False
    head: bytes = GENESIS
    stored: list[StoredEvent] = field(default_factory=list)
    events: list[AnyEvent] = field(default_factory=list)
    phases: dict[tuple[str, str], int] = field(default_factory=dict)
    inbox: dict[str, Entry] = field(default_factory=dict)
    waits: dict[str, pr.WaitOpened] = field(default_factory=dict)
    rights: dict[tuple[str, str], str] = field(default_factory=dict)

    def unseal(self, clear: bytes, sealed: bytes) -> bytes:
        """Open an event's bytes. Raises `StoreError` (FR5012) where the run's person was forgotten."""
        if self.sealer is None:
            raise erased_run(self.id)
        return self.sealer.unseal(clear, sealed)

    def open_work(self) -> tuple[str | None, str | None]:
        """Return (the earliest due, the kinds of what is open)."""
        entries = [entry.opened for entry in self.inbox.values() if entry.action is None]
        dues = [entry.due for entry in entries] + [wait.due for wait in self.waits.values()]
        kinds = {entry.kind for entry in entries} | {wait.event or "timer" for wait in self.waits.values()}
        return min((due for due in dues if due is not None), default=None), ", ".join(sorted(kinds)) or None

    def standing(self, path: str, *, before: int | None = None) -> Standing:
        """Return where the entry at a path stood before a place in the journal."""
        asked = self.events[self.phases[path, "asked"] - 1]
        assert isinstance(asked, Asked)
        return standing(asked, self.events if before is None else self.events[: before - 1])


class State:
    """All rows of one in-memory store."""

    def __init__(self) -> None:
        self.runs: dict[str, Run] = {}
        self.records: list[tuple[Run, pr.RecordAdded, int]] = []
        self.remains: dict[str, dict[str, Any]] = {}
        self.people: dict[str, Sealer] = {}
        self.forgettings: list[Forgetting] = []
        self.counters: dict[str, dict[tuple[str, str], Room]] = {}
        self.naturals: dict[str, Natural] = {}
        self.pos = 0

    def append(self, item: Append) -> Receipt:
        """Store one append, or return its refusal with nothing changed."""
        run = self.runs.get(item.run)
        undo: Undo = []
        try:
            if run is None or (item.epoch is not None and (item.epoch != run.epoch or run.owner is None)):
                raise pr.Refusal("claim")
            if run.outcome is not None:
                raise pr.Refusal("finished")
            self._restore_run(run, undo)
            for event in item.events:
                self.add(run, event, undo, by_person=item.epoch is None)
        except pr.Refusal as refusal:
            for step in reversed(undo):
                step()
            return Receipt(ok=False, refused=refusal.refused, rule=refusal.rule, first=refusal.first)
        if item.events:
            run.updated = max(run.updated, item.events[-1].at)
            run.ready = run.ready or item.epoch is None
        return Receipt(ok=True, seq=len(run.stored))

    def add(self, run: Run, event: AnyEvent, undo: Undo, *, by_person: bool = False) -> None:
        """Add one event and what it means. Raises `Refusal`."""
        phase = (event.path, PHASES[type(event)])
        if phase in run.phases:
            raise pr.Refusal("path")
        seq = len(run.stored) + 1
        assert run.sealer is not None
        try:
            body = encode(run.id, seq, event, run.sealer.seal)
        except StoreError as error:
            raise pr.Refusal("event", error.message) from None
        self.pos += 1
        run.head = link(run.head, body)
        run.stored.append(StoredEvent(run=run.id, seq=seq, pos=self.pos, body=body, hash=run.head, unseal=run.unseal))
        # Read back, so that callers see what a store on disk would give, and share nothing with it.
        run.events.append(decode(body, run.unseal).event)
        run.phases[phase] = seq
        undo.append(lambda: (run.stored.pop(), run.events.pop(), run.phases.pop(phase)))
        person = event if by_person and isinstance(event, Answered | Approved | Edited) else None
        for change in pr.fold(run.id, event):
            _APPLY[type(change)](self, run, seq, change, undo, person)

    def erase(self, erasure: Erasure) -> None:
        """Destroy the keys of a person's runs and what was read with them. Raises as the port's `erase`."""
        who = pr.subject_text(erasure.subject)
        runs = [run for run in self.runs.values() if run.subject == who]
        going_on = [run.id for run in runs if run.outcome is None]
        if going_on:
            raise still_going_on(going_on)
        if {run.id for run in runs} != set(erasure.runs):
            raise runs_changed()
        if not runs:
            return
        for run in runs:
            run.sealer = run.subject = None
            run.erased = erasure.at
            run.events.clear()
        self.people.pop(who, None)
        self.remains.update(erasure.remains)
        self.forgettings.append(Forgetting(at=erasure.at, by=erasure.by, runs=len(runs), records=len(erasure.remains)))

    def usage(self, counter: str, since: str | None, *, besides: tuple[str, str] | None = None) -> int:
        """Return what is taken of a counter since a moment, in millionths; `besides` is a call that counts
        not.
        """
        rooms = self.counters.get(counter, {})
        start = since or ""
        return sum(room.amount for call, room in rooms.items() if call != besides and room.at >= start)

    def _restore_run(self, run: Run, undo: Undo) -> None:
        head, pos, outcome, subject = run.head, self.pos, run.outcome, run.subject

        def restore() -> None:
            run.head, self.pos, run.outcome, run.subject = head, pos, outcome, subject

        undo.append(restore)


def _entry_opened(state: State, run: Run, seq: int, c: Any, undo: Undo, person: AnyEvent | None) -> None:
    run.inbox[c.path] = Entry(c, seq)
    undo.append(lambda: run.inbox.pop(c.path))


def _open_entry(run: Run, path: str) -> Entry:
    entry = run.inbox.get(path)
    if entry is None or entry.action is not None:
        raise pr.Refusal("path")
    return entry


def _entry_changed(state: State, run: Run, seq: int, c: Any, undo: Undo, person: AnyEvent | None) -> None:
    if person is not None:
        _open_entry(run, c.path)
        pr.check(run.standing(c.path, before=seq), person)
    entry = run.inbox.get(c.path)
    if entry is not None:
        opened = entry.opened
        undo.append(lambda: setattr(entry, "opened", opened))
        entry.opened = msgspec.structs.replace(opened, due=pr.sortable(run.standing(c.path).due))


def _entry_settled(state: State, run: Run, seq: int, c: Any, undo: Undo, person: AnyEvent | None) -> None:
    if person is not None:
        _open_entry(run, c.path)
        pr.check(run.standing(c.path, before=seq), person)
    entry = run.inbox.get(c.path)
    if entry is not None and entry.action is None:
        _settle(entry, c.action, undo)


def _settle(entry: Entry, action: str, undo: Undo) -> None:
    entry.action = action
    undo.append(lambda: setattr(entry, "action", None))


def _wait_opened(state: State, run: Run, seq: int, c: Any, undo: Undo, person: AnyEvent | None) -> None:
    run.waits[c.path] = c
    undo.append(lambda: run.waits.pop(c.path))


def _wait_ended(state: State, run: Run, seq: int, c: Any, undo: Undo, person: AnyEvent | None) -> None:
    wait = run.waits.pop(c.path, None)
    if wait is not None:
        undo.append(lambda: run.waits.__setitem__(c.path, wait))


def _record_added(state: State, run: Run, seq: int, c: Any, undo: Undo, person: AnyEvent | None) -> None:
    state.records.append((run, c, seq))
    undo.append(state.records.pop)


def _room_taken(state: State, run: Run, seq: int, c: Any, undo: Undo, person: AnyEvent | None) -> None:
    call = (run.id, c.path)
    if state.usage(c.counter, c.since, besides=call) + c.amount > c.limit:
        raise pr.Refusal("limit", c.rule)
    rooms = state.counters.setdefault(c.counter, {})
    before = rooms.get(call)
    # A further attempt of the same call takes no further room.
    if before is None:
        rooms[call] = Room(c.at, c.amount)
    else:
        rooms[call] = Room(c.at, max(before.amount, c.amount), before.held)
    undo.append(lambda: rooms.pop(call) if before is None else rooms.__setitem__(call, before))


def _room_held(state: State, run: Run, seq: int, c: Any, undo: Undo, person: AnyEvent | None) -> None:
    for rooms in state.counters.values():
        room = rooms.get((run.id, c.path))
        if room is not None and not room.held:
            room.held = True
            undo.append(partial(setattr, room, "held", False))


def _room_returned(state: State, run: Run, seq: int, c: Any, undo: Undo, person: AnyEvent | None) -> None:
    call = (run.id, c.path)
    for rooms in state.counters.values():
        room = rooms.get(call)
        if room is not None and not room.held:
            del rooms[call]
            undo.append(partial(rooms.__setitem__, call, room))


def _room_freed(state: State, run: Run, seq: int, c: Any, undo: Undo, person: AnyEvent | None) -> None:
    call = (run.id, c.path)
    for rooms in state.counters.values():
        room = rooms.pop(call, None)
        if room is not None:
            undo.append(partial(rooms.__setitem__, call, room))


def _natural_taken(state: State, run: Run, seq: int, c: Any, undo: Undo, person: AnyEvent | None) -> None:
    known = state.naturals.get(c.natural)
    if known is None:
        state.naturals[c.natural] = Natural(run.id, c.write)
        undo.append(lambda: state.naturals.pop(c.natural))
    elif known.seq > 0 or (known.run, known.write) != (run.id, c.write):
        raise pr.Refusal("natural", "once.natural", (known.run, known.seq))


def _natural_done(state: State, run: Run, seq: int, c: Any, undo: Undo, person: AnyEvent | None) -> None:
    _natural_moved(state, run, c.natural, seq, undo)


def _natural_held(state: State, run: Run, seq: int, c: Any, undo: Undo, person: AnyEvent | None) -> None:
    _natural_moved(state, run, c.natural, -1, undo)


def _natural_moved(state: State, run: Run, natural: str, seq: int, undo: Undo) -> None:
    known = state.naturals.get(natural)
    if known is not None and known.run == run.id and known.seq <= 0:
        undo.append(partial(setattr, known, "seq", known.seq))
        known.seq = seq


def _natural_freed(state: State, run: Run, seq: int, c: Any, undo: Undo, person: AnyEvent | None) -> None:
    known = state.naturals.get(c.natural)
    if known is not None and known.run == run.id and (known.seq == 0 or (c.surely and known.seq < 0)):
        del state.naturals[c.natural]
        undo.append(partial(state.naturals.__setitem__, c.natural, known))


def _right_used(state: State, run: Run, seq: int, c: Any, undo: Undo, person: AnyEvent | None) -> None:
    entry = run.inbox.get(c.entry)
    place = run.phases.get((c.entry, "ended"))
    if entry is None or entry.action != "approve" or place is None:
        raise pr.Refusal("right")
    if not pr.grants(run.standing(c.entry), run.events[place - 1], c.digest):
        raise pr.Refusal("right")
    key = (c.entry, c.digest)
    if key not in run.rights:
        run.rights[key] = c.path
        undo.append(lambda: run.rights.pop(key))
    # A further attempt of the same call may use its right again.
    if run.rights[key] != c.path:
        raise pr.Refusal("right")


def _run_ended(state: State, run: Run, seq: int, c: Any, undo: Undo, person: AnyEvent | None) -> None:
    for entry in run.inbox.values():
        if entry.action is None:
            _settle(entry, "finished", undo)
    waits = dict(run.waits)
    run.waits.clear()
    undo.append(lambda: run.waits.update(waits))
    run.outcome = c.outcome


def _subject_known(state: State, run: Run, seq: int, c: Any, undo: Undo, person: AnyEvent | None) -> None:
    run.subject = pr.subject_text(c.subject)
    state.people.setdefault(run.subject, Sealer())


_APPLY: dict[type, Callable[[State, Run, int, Any, Undo, AnyEvent | None], None]] = {
    pr.EntryOpened: _entry_opened,
    pr.EntryChanged: _entry_changed,
    pr.EntrySettled: _entry_settled,
    pr.WaitOpened: _wait_opened,
    pr.WaitEnded: _wait_ended,
    pr.RecordAdded: _record_added,
    pr.RoomTaken: _room_taken,
    pr.RoomHeld: _room_held,
    pr.RoomReturned: _room_returned,
    pr.RoomFreed: _room_freed,
    pr.NaturalTaken: _natural_taken,
    pr.NaturalDone: _natural_done,
    pr.NaturalHeld: _natural_held,
    pr.NaturalFreed: _natural_freed,
    pr.RightUsed: _right_used,
    pr.RunEnded: _run_ended,
    pr.SubjectKnown: _subject_known,
}
