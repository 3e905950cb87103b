"""The port to the journal: the only truth about runs.

Owns: the protocol and its values. Every method is synchronous and safe to call from several processes on one store;
batching of many runs' commits is the runtime's part (`runtimes.local`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from flowrun.core.entries import Standing
from flowrun.core.events import AnyEvent, RunStarted
from flowrun.errors import FlowrunError
from flowrun.journal.encoding import Clear, Seal, as_dict, decode, decode_clear
from flowrun.words import t

Json = Any


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The right to append to a run. `epoch` rises at each claim; a commit with an older one is refused."""

    run: str
    epoch: int


class Append(msgspec.Struct, kw_only=True):
    """What one run adds in one transaction. `durable`: synced to disk before the commit returns (a barrier)."""

    run: str
    epoch: int | None
    """None for a person's answer or a cancel, which need no claim."""
    events: Sequence[AnyEvent]
    durable: bool = False
    under: Sequence[str] = ()
    """What a halt may name of it; refused where one of these is halted at the last event's moment."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one `Append`.

    `ok` False: nothing of it was stored. `refused`: `claim` (another runner owns the run), `path` (this phase of this
    path exists already), `limit` (an `at_most` window is full; `rule` names it), `right` (an approval was used
    already), `natural` (this write is another's already; `first` is (run, seq) of the event with its result, seq 0 while
    that is in flight and -1 while it is in doubt), `finished` (the run has ended), `halt` (a halt names it; `rule` says
    who and why), `entry` (a person's word does not fit the entry any more; `rule` says why, as in
    `core.entries.refusal`), `event` (an event is too large or could not be read again; `rule` says why).
    """

    ok: bool
    refused: str = ""
    rule: str = ""
    seq: int = 0
    first: tuple[str, int] | None = None


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A submission's run: new (with its claim), or the first one with this key (`duplicate`)."""

    run: str
    claim: Claim | None
    duplicate: bool = False


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """A submission: the run's first event and who claims it."""

    started: RunStarted
    owner: str


class Halt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One pull of the emergency brake.

    `what`: a tool, a namespace, `flows.NAME`, `all`, or `subject:…`, which the store keeps blinded: it comes back as
    `subject:` and a few letters that tell nothing. It holds until `until` (None: until lifted); moments are RFC 3339.
    """

    what: str
    at: str
    by: str = ""
    reason: str = ""
    until: str | None = None
    lifted_at: str | None = None
    lifted_by: str = ""

    def holds(self, at: str) -> bool:
        """Say whether it holds at a moment (UTC, as events write it)."""
        return self.lifted_at is None and (self.until is None or self.until > at)

    @property
    def words(self) -> str:
        """Why a call is denied by it, for model and people."""
        if self.what.startswith("subject:"):
            halted = t("This subject is halted by {by}", by=self.by) if self.by else t("This subject is halted")
        elif self.what == "all":
            halted = t("Everything is halted by {by}", by=self.by) if self.by else t("Everything is halted")
        else:
            what = self.what
            halted = (
                t("{what} is halted by {by}", what=what, by=self.by) if self.by else t("{what} is halted", what=what)
            )
        return f"{halted}: {self.reason}" if self.reason else f"{halted}."


class StoredEvent(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One event as stored; `body` are the bytes that `hash` covers."""

    run: str
    seq: int
    pos: int
    body: bytes
    hash: bytes
    unseal: Seal | None = None
    """Opens the bytes; None where they are in clear."""

    def __eq__(self, other: object) -> bool:
        """Say whether it is the same place with the same bytes, however they are opened."""
        if not isinstance(other, StoredEvent):
            return NotImplemented
        return (self.run, self.seq, self.pos, self.body, self.hash) == (
            other.run, other.seq, other.pos, other.body, other.hash
        )  # fmt: skip

    __hash__ = None  # type: ignore[assignment]

    @property
    def event(self) -> AnyEvent:
        """What happened. Raises `StoreError` where the bytes cannot be read; FR5012 where their person was forgotten."""
        return decode(self.body, self.unseal).event

    @property
    def clear(self) -> Clear:
        """What can be read without a key, also of a forgotten person's run: run, place, type, path and moment."""
        return decode_clear(self.body)


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """A run as the list shows it. `status`: `running`, `waiting` or `finished`; `due`: when it wakes by itself."""

    run: str
    flow: str
    version: int
    plan: str
    status: str
    outcome: str | None
    reason: str
    created: str
    updated: str
    due: str | None
    claimed: bool
    waiting_on: str | None = None
    mode: str = "live"
    erased: str | None = None
    """When its person was forgotten: what happened in it cannot be read any more."""
    unreadable: str = ""
    """Why it cannot be read although nobody was forgotten, in words."""


class InboxRow(msgspec.Struct, frozen=True, kw_only=True):
    """An open inbox entry as it stands. `id` is short and unique in the store.

    `asked` is its `Asked` event as a dict, with the roles, the deadline and the calls of this moment.
    """

    id: str
    run: str
    path: str
    kind: str
    to: list[str]
    due: str | None
    at: str
    asked: dict[str, Json]
    approvals: list[dict[str, Json]] = []
    """The `Approved` events so far."""


class RecordRow(msgspec.Struct, frozen=True, kw_only=True):
    """A written record; one of a `shadow` run tells what would have been.

    `erased`: its person was forgotten; the marked fields are null.
    """

    id: str
    run: str
    path: str
    flow: str
    schema: str
    at: str
    final: bool
    record: dict[str, Json]
    mode: str = "live"
    erased: bool = False


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be forgotten: every run of `subject`, which are `runs`. `remains` is what is kept of each record, by id."""

    subject: str
    runs: Sequence[str]
    remains: Mapping[str, dict[str, Json]]
    at: str
    by: str


class Forgetting(msgspec.Struct, frozen=True, kw_only=True):
    """A store-level fact: when somebody was forgotten, by whom, and how much; never who it was."""

    at: str
    by: str
    runs: int
    records: int


class Journal(Protocol):
    """Stores events and answers questions about them."""

    def put_plan(self, digest: str, body: bytes) -> None:
        """Store a plan once."""
        ...

    def get_plan(self, digest: str) -> bytes:
        """Return a stored plan. Raises `StoreError` where there is none."""
        ...

    def open_run(self, started: RunStarted, *, owner: str) -> Opened:
        """Store the run's first event durably and claim it, or return the first run with the same key.

        Raises `InputError` (FR3005) where the key was used with another input or another flow.
        """
        ...

    def claim(self, run: str, *, owner: str) -> Claim | None:
        """Take the run, or return None where another live owner has it or it has ended."""
        ...

    def release(self, claim: Claim, *, ready: bool = False) -> None:
        """Give the run back; `ready`: it has something to do, so that `due` names it."""
        ...

    def renew(self, claims: Sequence[Claim]) -> None:
        """Prolong leases."""
        ...

    def commit(self, appends: Sequence[Append]) -> list[Receipt]:
        """Store all appends in one transaction, each in a savepoint; synced when any of them is `durable`."""
        ...

    def write(
        self, opens: Sequence[Open], appends: Sequence[Append]
    ) -> tuple[list[Opened | FlowrunError], list[Receipt]]:
        """Open runs and store appends in one transaction, as `open_run` and `commit` would; errors are returned."""
        ...

    def usage(self, counter: str, since: str | None, *, besides: tuple[str, str] | None = None) -> int:
        """Return how much of an `at_most` counter is taken since a moment (that moment included), in millionths.

        `besides`: (run, path) of a call that is left out.
        """
        ...

    def halt(self, halt: Halt) -> None:
        """Store a halt durably; it is seen by every process's next append and question."""
        ...

    def lift(self, what: str, *, by: str, at: str) -> int:
        """Lift every halt of exactly this that holds, durably; return how many there were. None is ever removed."""
        ...

    def halts(self) -> list[Halt]:
        """Return all halts that were ever made, the newest first."""
        ...

    def halted(self, names: Sequence[str], at: str) -> Halt | None:
        """Return a halt that names one of these and holds at a moment, None where nothing is halted."""
        ...

    def events(self, run: str, *, after: int = 0) -> list[StoredEvent]:
        """Return the run's events in order. Raises `InputError` (FR3002) for an unknown run."""
        ...

    def runs(
        self,
        *,
        status: str | None = None,
        flow: str | None = None,
        limit: int = 50,
        since: str | None = None,
        before: str | None = None,
    ) -> list[RunRow]:
        """Return runs, the newest first. `since`: started at that moment or later; `before`: older than that run.

        With `before` a store of any size is read page by page: the last run of one page begins the next.
        """
        ...

    def run(self, run: str) -> RunRow:
        """Return one run by its id or by a unique beginning of it. Raises `InputError` (FR3002)."""
        ...

    def due(self, now: str) -> list[str]:
        """Return the runs that have something to do: past a deadline, or answered, or left by a dead owner."""
        ...

    def inbox(self, *, run: str | None = None) -> list[InboxRow]:
        """Return open entries, the oldest first."""
        ...

    def entry(self, id: str) -> InboxRow:
        """Return an open entry by its id or a unique beginning. Raises `InputError` (FR3003); says so if settled."""
        ...

    def awaiting(self, event: str, key: str) -> list[tuple[str, str]]:
        """Return (run, path) of every wait for this event and key."""
        ...

    def records(
        self, *, schema: str | None = None, run: str | None = None, shadow: bool = False, limit: int = 1000
    ) -> list[RecordRow]:
        """Return records, the newest first; those of shadow runs only where they are asked for, and alone."""
        ...

    def record(self, id: str) -> RecordRow:
        """Return one record by its id or a unique beginning. Raises `InputError` (FR3004)."""
        ...

    def runs_of(self, subject: str) -> list[RunRow]:
        """Return the runs whose `subject:` is this person, the oldest first; none once they are forgotten."""
        ...

    def erase(self, erasure: Erasure) -> None:
        """Destroy the keys of a person's runs and keep the records' remains, durably and in every file of the store.

        Raises `InputError` (FR3040) where a run is not finished, `StoreError` (FR5013) where the runs are not those of
        the erasure, FR5001 where another program keeps old bytes in use (call it again then).
        """
        ...

    def forgettings(self) -> list[Forgetting]:
        """Return what was forgotten, the oldest first."""
        ...

    def pseudonym(self, run: str, text: str) -> bytes:
        """Return 32 bytes that stand for a text: the same for the same text and person, telling nothing without a key.

        Raises `StoreError` (FR5012) where the person was forgotten.
        """
        ...

    def close(self) -> None:
        """Close the store."""
        ...


def inbox_row(*, id: str, run: str, due: str | None, now: Standing) -> InboxRow:
    """Return the row of an open entry that stands so."""
    asked = msgspec.structs.replace(now.asked, to=now.to, due=due, proposals=now.proposals)
    return InboxRow(
        id=id,
        run=run,
        path=asked.path,
        kind=asked.kind,
        to=asked.to,
        due=due,
        at=asked.at,
        asked=as_dict(asked),
        approvals=[as_dict(yes) for yes in now.given],
    )
