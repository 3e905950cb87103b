"""The journal in memory: for tests of flows and of programs that use flowrun. Nothing outlives the object.

Owns: the port's methods over `memory_state`. It keeps the same promises as the stores on disk, apart from
being kept.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from threading import RLock

import msgspec

from flowrun.adapters.journals.lookup import Lookup, by_beginning, erased_run, key_reused, run_not_found, settled_entry
from flowrun.adapters.journals.memory_halts import MemoryHalts
from flowrun.adapters.journals.memory_state import Entry, Run, State
from flowrun.adapters.journals.owners import is_gone
from flowrun.core.events import RecordWritten, RunFinished, RunStarted
from flowrun.errors import FlowrunError, StoreError
from flowrun.journal import projections as pr
from flowrun.journal.encoding import encode
from flowrun.ports.journal import (
    Append,
    Claim,
    Erasure,
    Forgetting,
    InboxRow,
    Open,
    Opened,
    Receipt,
    RecordRow,
    RunRow,
    StoredEvent,
    inbox_row,
)
from flowrun.words import t

_canonical = msgspec.json.Encoder(order="deterministic")


class MemoryJournal(MemoryHalts):
    """The journal's port in memory. `lease` in seconds; `wall` gives seconds for leases."""

    def __init__(self, *, lease: float = 60.0, wall: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._lease = lease
        self._wall = wall
        self._lock = RLock()
        self._state = State()
        self._plans: dict[str, bytes] = {}
        self._keys: dict[tuple[str, str, str], str] = {}

    def put_plan(self, digest: str, body: bytes) -> None:
        """Keep a plan once."""
        self._plans.setdefault(digest, body)

    def get_plan(self, digest: str) -> bytes:
        """Return a plan. Raises `StoreError` (FR5008) where there is none."""
        if digest not in self._plans:
            raise StoreError(t("The store holds no plan {digest}.", digest=digest), code="FR5008")
        return self._plans[digest]

    def open_run(self, started: RunStarted, *, owner: str) -> Opened:
        """Keep the run's first event and claim it, or return the first run with the same key.

        Raises `InputError` (FR3005) where the key was used with another input.
        """
        encode(started.run, 1, started)
        content = _canonical.encode(started.input)
        with self._lock:
            key = (pr.key_space(started), started.flow, started.key)
            first = self._keys.get(key) if started.key else None
            if first is not None:
                if self._state.runs[first].input != content:
                    raise key_reused(first)
                return Opened(run=first, claim=None, duplicate=True)
            if started.run in self._state.runs:
                raise StoreError(t("Run {run} is in the store already.", run=started.run), code="FR5009")
            run = Run(
                id=started.run,
                flow=started.flow,
                version=started.version,
                plan=started.plan,
                mode=started.mode,
                input=content,
                created=started.at,
                updated=started.at,
                owner=owner,
                lease=self._wall() + self._lease,
                epoch=1,
            )
            self._state.add(run, started, [])
            self._state.runs[started.run] = run
            if started.key:
                self._keys[key] = started.run
        return Opened(run=started.run, claim=Claim(run=started.run, epoch=1))

    def claim(self, run: str, *, owner: str) -> Claim | None:
        """Take the run, or return None where a live owner has it, or where it has ended or does not exist."""
        with self._lock:
            row = self._state.runs.get(run)
            if row is None or row.outcome is not None:
                return None
            if row.owner is not None and row.lease > self._wall() and not is_gone(row.owner):
                return None
            row.epoch, row.owner, row.ready = row.epoch + 1, owner, False
            row.lease = self._wall() + self._lease
            return Claim(run=run, epoch=row.epoch)

    def release(self, claim: Claim, *, ready: bool = False) -> None:
        """Give the run back; nothing happens where it was taken over."""
        with self._lock:
            row = self._state.runs.get(claim.run)
            if row is not None and row.epoch == claim.epoch:
                row.owner, row.ready = None, row.ready or ready

    def renew(self, claims: Sequence[Claim]) -> None:
        """Prolong the leases that still hold."""
        with self._lock:
            for claim in claims:
                row = self._state.runs.get(claim.run)
                if row is not None and row.epoch == claim.epoch and row.owner is not None:
                    row.lease = self._wall() + self._lease

    def commit(self, appends: Sequence[Append]) -> list[Receipt]:
        """Keep all appends; a refused one leaves nothing and disturbs no other."""
        with self._lock:
            return [self._append(item) for item in appends]

    def _append(self, item: Append) -> Receipt:
        held = self.halted(item.under, item.events[-1].at) if item.under and item.events else None
        if held is not None:
            return Receipt(ok=False, refused="halt", rule=held.words)
        return self._state.append(item)

    def write(
        self, opens: Sequence[Open], appends: Sequence[Append]
    ) -> tuple[list[Opened | FlowrunError], list[Receipt]]:
        """Open runs and keep appends; errors of a submission are returned."""
        opened: list[Opened | FlowrunError] = []
        for item in opens:
            try:
                opened.append(self.open_run(item.started, owner=item.owner))
            except FlowrunError as error:
                opened.append(error)
        return opened, self.commit(appends)

    def usage(self, counter: str, since: str | None, *, besides: tuple[str, str] | None = None) -> int:
        """Return how much of an `at_most` counter is taken since a moment, in millionths, `besides` left out."""
        with self._lock:
            return self._state.usage(counter, pr.sortable(since), besides=besides)

    def events(self, run: str, *, after: int = 0) -> list[StoredEvent]:
        """Return the run's events in order. Raises `InputError` (FR3002) for an unknown run."""
        with self._lock:
            if run not in self._state.runs:
                raise run_not_found(run)
            return self._state.runs[run].stored[after:]

    def runs(
        self,
        *,
        status: str | None = None,
        flow: str | None = None,
        limit: int = 50,
        since: str | None = None,
        before: str | None = None,
    ) -> list[RunRow]:
        """Return runs, the newest first; `since` a moment, and older than the run `before`."""
        start = pr.sortable(since) or ""
        with self._lock:
            names = list(self._state.runs)
            older = names if before is None else names[: names.index(before)] if before in self._state.runs else []
            rows = [self._run_row(self._state.runs[name]) for name in reversed(older)]
        fits = (r for r in rows if status in (None, r.status) and flow in (None, r.flow) and r.created >= start)
        return list(itertools.islice(fits, limit))

    def run(self, run: str) -> RunRow:
        """Return one run by its id or by a unique beginning of it. Raises `InputError` (FR3002)."""
        with self._lock:
            found = [(id, self._run_row(row)) for id, row in self._state.runs.items() if id.startswith(run)]
        return by_beginning(Lookup.RUN, run, found)

    def due(self, now: str) -> list[str]:
        """Return the runs that have something to do, the longest due first."""
        limit = pr.sortable(now) or ""
        free: list[tuple[str, str]] = []
        left: list[str] = []
        with self._lock:
            for run in self._state.runs.values():
                if run.outcome is not None:
                    continue
                due, waiting_on = run.open_work()
                if run.owner is not None:
                    if run.lease <= self._wall() or is_gone(run.owner):
                        left.append(run.id)
                elif run.ready or waiting_on is None or (due is not None and due <= limit):
                    free.append((due or run.updated, run.id))
        return [id for _, id in sorted(free, key=lambda item: item[0])] + left

    def inbox(self, *, run: str | None = None) -> list[InboxRow]:
        """Return open entries, the oldest first."""
        with self._lock:
            found = [
                (entry.opened.at, row.stored[entry.seq - 1].pos, _inbox_row(row, entry))
                for row in self._state.runs.values()
                for entry in row.inbox.values()
                if entry.action is None and run in (None, row.id)
            ]
        return [item[2] for item in sorted(found, key=lambda item: item[:2])]

    def entry(self, id: str) -> InboxRow:
        """Return an open entry by its id or a unique beginning. Raises `InputError` (FR3003)."""
        with self._lock:
            entries = [
                (row, entry)
                for row in self._state.runs.values()
                for entry in row.inbox.values()
                if entry.opened.id.startswith(id)
            ]
            is_open = [(e.opened.id, _inbox_row(row, e)) for row, e in entries if e.action is None]
            if entries and not is_open:
                settled = entries[0][1]
                raise settled_entry(settled.opened.id, settled.action or "")
        return by_beginning(Lookup.ENTRY, id, is_open)

    def awaiting(self, event: str, key: str) -> list[tuple[str, str]]:
        """Return (run, path) of every wait for this event and key, the oldest run first."""
        with self._lock:
            return [
                (row.id, wait.path)
                for row in self._state.runs.values()
                for wait in sorted(row.waits.values(), key=lambda wait: wait.path)
                if wait.event == event and (wait.key or "") == key
            ]

    def records(
        self, *, schema: str | None = None, run: str | None = None, shadow: bool = False, limit: int = 1000
    ) -> list[RecordRow]:
        """Return records, the newest first; those of shadow runs only where they are asked for, and alone."""
        with self._lock:
            return [
                self._record_row(*found)
                for found in reversed(self._state.records)
                if schema in (None, found[1].schema)
                and run in (None, found[0].id)
                and (found[0].mode == "shadow") is shadow
            ][:limit]

    def record(self, id: str) -> RecordRow:
        """Return one record by its id or a unique beginning. Raises `InputError` (FR3004)."""
        with self._lock:
            found = [(c.id, self._record_row(row, c, seq)) for row, c, seq in self._state.records]
        return by_beginning(Lookup.RECORD, id, [item for item in found if item[0].startswith(id)])

    def runs_of(self, subject: str) -> list[RunRow]:
        """Return the runs whose `subject:` is this person, the oldest first."""
        who = pr.subject_text(subject)
        with self._lock:
            return [self._run_row(run) for run in self._state.runs.values() if run.subject == who]

    def erase(self, erasure: Erasure) -> None:
        """Destroy the keys of a person's runs and keep the records' remains. Raises as the port says."""
        with self._lock:
            self._state.erase(erasure)

    def forgettings(self) -> list[Forgetting]:
        """Return what was forgotten, the oldest first."""
        return list(self._state.forgettings)

    def pseudonym(self, run: str, text: str) -> bytes:
        """Return 32 bytes that stand for a text, by the key of the run's person, or of the run while nobody is known."""
        with self._lock:
            row = self._state.runs.get(run)
            if row is None:
                raise run_not_found(run)
            sealer = row.sealer if row.subject is None else self._state.people[row.subject]
            if sealer is None:
                raise erased_run(run)
        return sealer.mac("pseudonym", text)

    def close(self) -> None:
        """Do nothing: the rows live as long as the object."""

    def _run_row(self, run: Run) -> RunRow:
        due, waiting_on = run.open_work()
        last = run.events[-1] if run.events else None
        open_status = "waiting" if run.owner is None else "running"
        return RunRow(
            run=run.id,
            flow=run.flow,
            version=run.version,
            plan=run.plan,
            status=open_status if run.outcome is None else "finished",
            outcome=run.outcome,
            reason=last.reason if isinstance(last, RunFinished) else "",
            created=run.created,
            updated=run.updated,
            due=due,
            claimed=run.owner is not None and run.lease > self._wall() and not is_gone(run.owner),
            waiting_on=waiting_on,
            mode=run.mode,
            erased=run.erased,
        )

    def _record_row(self, run: Run, added: pr.RecordAdded, seq: int) -> RecordRow:
        remains = self._state.remains.get(added.id)
        event = None if remains is not None else run.events[seq - 1]
        assert event is None or isinstance(event, RecordWritten)
        return RecordRow(
            id=added.id,
            run=run.id,
            path=added.path,
            flow=run.flow,
            schema=added.schema,
            at=added.at,
            final=added.final,
            record=event.record if event is not None else remains or {},
            erased=event is None,
            mode=run.mode,
        )


def _inbox_row(run: Run, entry: Entry) -> InboxRow:
    opened = entry.opened
    return inbox_row(id=opened.id, run=run.id, due=opened.due, now=run.standing(opened.path))
