"""Whether a store's events are those that were written: every chain, the order of all, and the signed heads.

Owns: the one pass over the events of a store and what is wrong with them, in words. It reads no store and checks no
signature by itself: rows, runs and the check of a signature are handed in, so that a store, a copy and a bundle
are judged by the same rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple, Protocol

import msgspec

from flowrun.journal.chain import GENESIS
from flowrun.journal.encoding import decode_head
from flowrun.journal.heads import FIRST, Head, KnownHead, key_id, statement_digest
from flowrun.journal.merkle import BLOCK, Tree
from flowrun.words import t

MOST_PROBLEMS = 1000
"""As many are kept in words; the others are counted."""


Row = tuple[int, int, int, str, str, bytes, bytes]
"""One stored event: position, its run's number in the store, place in the run, path, phase, bytes and hash."""


class RunEnd(NamedTuple):
    """What the store says of a run besides its events: its id, and the place and hash of its last event."""

    run: str
    seq: int
    head: bytes


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong. `run` is empty and `seq` 0 where it concerns the whole store.

    `kind`: `changed`, `removed`, `reordered`, `inserted`, `foreign`, `cut`, `order`, `head`, `signature`, `key`,
    `known`, `table`, `plan`, `fact` (a halt or a forgetting), `erased` (keys or remains without a forgetting), `file` or
    `view`.
    """

    run: str
    seq: int
    problem: str
    kind: str


class Problems:
    """The problems found so far."""

    def __init__(self) -> None:
        self.found: list[Problem] = []
        self.more = 0

    def __bool__(self) -> bool:
        return bool(self.found)

    def note(self, kind: str, problem: str, run: str = "", seq: int = 0) -> None:
        """Add one."""
        if len(self.found) < MOST_PROBLEMS:
            self.found.append(Problem(run=run, seq=seq, problem=problem, kind=kind))
        else:
            self.more += 1


class Tables(Protocol):
    """What is derived from the events, followed along the pass.

    `unread`: runs of which nothing could be compared, for their events do not open.
    """

    unread: int

    def see(self, run: str, row: Row) -> None:
        """Take the next event of a run."""
        ...

    def end(self, n: int, run: str) -> None:
        """The run's events are complete."""
        ...


class _Chain:
    __slots__ = ("begins", "end", "hash", "run", "seq")

    def __init__(self, end: RunEnd, body: bytes) -> None:
        self.run = end.run
        self.end = end
        self.seq = 0
        self.hash = GENESIS
        version = body[5:6] if body.startswith(b'{"v":') else b"1"
        # What each event of the run begins with, so that it need not be parsed.
        self.begins = b'{"v":%s,"run":"%s","seq":%%d,' % (version, end.run.replace("%", "%%").encode())


class StoreCheck:
    """One pass over all events of a store, in the order of their positions.

    Memory is one small object for each run that has not ended where the pass stands. `marks` are numbers of events at
    which the digest over all is wanted; they end up in `digests`.
    """

    def __init__(
        self,
        run_of: Callable[[int], RunEnd | None],
        *,
        problems: Problems,
        marks: Iterable[int] = (),
        tables: Tables | None = None,
    ) -> None:
        self._run_of = run_of
        self._problems = problems
        self._tables = tables
        self._open: dict[int, _Chain] = {}
        self._marks = sorted(set(marks), reverse=True)
        self.tree = Tree()
        self.digests: dict[int, bytes] = {}
        self.events = 0
        self.runs = 0

    def take(self, rows: Iterable[Row]) -> None:
        """Check all rows; then what is left open."""
        self._pass_marks()
        opened, see = self._open, None if self._tables is None else self._tables.see
        pending: list[bytes] = []
        room = self._room()
        expected = 1
        for row in rows:
            pos, n, seq, _, _, body, hash = row
            if pos != expected:
                self._gap(expected, pos)
            expected = pos + 1
            chain = opened.get(n) or self._start(row)
            if not (
                sha256(chain.hash + body).digest() == hash
                and seq == chain.seq + 1
                and body.startswith(chain.begins % seq)
                and seq <= chain.end.seq
            ):
                self._explain(chain, row)
            chain.seq, chain.hash = seq, hash
            pending.append(hash)
            if len(pending) == room:
                self._add(pending)
                room = self._room()
            if see is not None:
                see(chain.run, row)
            if seq == chain.end.seq and chain.run:
                self._end(n)
        self._add(pending)
        for n in list(opened):
            self._end(n)

    def _room(self) -> int:
        """How many hashes may be put together before the next digest is wanted."""
        return min(BLOCK, self._marks[-1] - self.events) if self._marks else BLOCK

    def _add(self, pending: list[bytes]) -> None:
        self.tree.extend(pending)
        self.events += len(pending)
        pending.clear()
        self._pass_marks()

    def _start(self, row: Row) -> _Chain:
        pos, n, seq = row[:3]
        end = self._run_of(n)
        if end is None:
            self._problems.note("foreign", t("the event at position {pos} belongs to no run of the store", pos=pos))
            end = RunEnd("", 0, GENESIS)
        else:
            self.runs += seq <= end.seq
        chain = self._open[n] = _Chain(end, row[5])
        return chain

    def _end(self, n: int) -> None:
        chain = self._open.pop(n)
        run, seq, head = chain.end
        if chain.seq < seq:
            self._problems.note(
                "cut",
                t("the run ended at event {seq}; events after {last} are missing", seq=seq, last=chain.seq),
                run,
                chain.seq + 1,
            )
        elif run and chain.seq == seq and chain.hash != head:
            self._problems.note("changed", t("the last event is not the one that its run names as its end"), run, seq)
        if self._tables is not None and run and chain.seq <= seq:
            self._tables.end(n, run)

    def _gap(self, expected: int, pos: int) -> None:
        if pos < expected:
            self._problems.note(
                "order", t("position {pos} comes after position {expected}", pos=pos, expected=expected - 1)
            )
            return
        if pos == expected + 1:
            message = t("the event at position {first} is missing from the store", first=expected)
        else:
            message = t(
                "the events at positions {first} to {last} are missing from the store", first=expected, last=pos - 1
            )
        self._problems.note("removed", message)

    def _explain(self, chain: _Chain, row: Row) -> None:
        """Say what is wrong with one event; nothing, where only its layout is unusual."""
        if not chain.run:
            return
        seq, body, hash, expected = row[2], row[5], row[6], chain.seq + 1
        note, run, end = self._problems.note, chain.run, chain.end.seq
        if seq > end:
            note(
                "inserted",
                t("event {seq} stands after the end of the run, which is event {end}", seq=seq, end=end),
                run,
                seq,
            )
            # What follows the end is compared with nothing; a chain of its own would only repeat the finding.
            return
        if seq > expected:
            if seq == expected + 1:
                message = t("event {first} is missing before event {seq}", first=expected, seq=seq)
            else:
                message = t(
                    "event {first} to {last} is missing before event {seq}", first=expected, last=seq - 1, seq=seq
                )
            note("removed", message, run, expected)
        elif seq < expected:
            note("reordered", t("event {seq} stands after event {last}", seq=seq, last=chain.seq), run, seq)
        inside = decode_head(body)
        if inside is None:
            note("changed", t("event {seq} cannot be read", seq=seq), run, seq)
        elif inside[1] != run:
            note("foreign", t("event {seq} was written for another run", seq=seq), run, seq)
        elif inside[2] != seq:
            note("changed", t("event {seq} was written as event {inside}", seq=seq, inside=inside[2]), run, seq)
        elif seq == expected and sha256(chain.hash + body).digest() != hash:
            note("changed", t("event {seq} is not the one that was written", seq=seq), run, seq)

    def _pass_marks(self) -> None:
        while self._marks and self._marks[-1] <= self.events:
            mark = self._marks.pop()
            if mark == self.events:
                self.digests[mark] = self.tree.root()


def check_heads(
    heads: Sequence[Head],
    digests: dict[int, bytes] | None,
    *,
    events: int,
    store: str,
    trusted: Sequence[bytes],
    signed: Callable[[Head], bool],
    problems: Problems,
) -> int:
    """Check the heads in order and return how many events the last good one covers.

    `digests` are those of the events at the heads' places (None: the events are not all here, and their digests are
    not judged); `trusted` are public keys, `signed` tells whether a head's signature is valid.
    """
    previous, last, facts, covered, broken = FIRST, 0, 0, 0, False
    for number, head in enumerate(heads, 1):
        said = head.statement
        name = t("head {number} ({at}, {events} events)", number=number, at=said.at[:19], events=said.events)
        good = False
        if key_id(head.public) != said.key or head.public not in trusted:
            problems.note(
                "key", t("{name} is signed with another key: {public}", name=name, public=key_id(head.public))
            )
        elif not signed(head):
            problems.note("signature", t("{name} has no valid signature", name=name))
        elif said.store != store:
            problems.note("head", t("{name} is of another store", name=name))
        elif said.previous != previous.hex():
            problems.note(
                "head",
                t("{name} does not follow the head before it: one is missing, changed or out of place", name=name),
            )
        elif said.events < last or said.facts < facts or (number > 1 and (said.events, said.facts) == (last, facts)):
            problems.note("head", t("{name} covers no more than the head before it", name=name))
        elif said.events > events:
            problems.note(
                "cut",
                t(
                    "{name} covers {events} events; the trail ends after {last}",
                    name=name,
                    events=said.events,
                    last=events,
                ),
            )
        elif digests is not None and digests.get(said.events, b"").hex() != said.digest:
            # Every later digest covers the same events; saying so once is enough.
            if not broken:
                if last:
                    message = t(
                        "{name} was signed over other events: events at positions {first} to {last} are not those that "
                        "were there",
                        name=name,
                        first=last + 1,
                        last=said.events,
                    )
                else:
                    message = t(
                        "{name} was signed over other events: the first {count} events are not those that were there",
                        name=name,
                        count=said.events,
                    )
                problems.note("head", message)
            broken = True
        else:
            good = True
        previous, last, facts = statement_digest(said), said.events, said.facts
        if good and not broken:
            covered = said.events
    return covered


def check_known(
    known: Sequence[KnownHead], digests: dict[int, bytes], *, events: int, store: str, problems: Problems
) -> None:
    """Check that heads which were kept elsewhere are still in the trail."""
    for head in known:
        name = t("the head that you gave ({events} events)", events=head.events)
        if head.store and head.store != store:
            problems.note("known", t("{name} is of another store", name=name))
        elif head.events > events:
            problems.note(
                "known",
                t("{name} covers more than there is: the trail ends after {events} events", name=name, events=events),
            )
        elif digests.get(head.events) != head.digest:
            problems.note(
                "known", t("{name} is not in this trail: its events are not those that were there", name=name)
            )
