"""The hash chain of a run: each event's hash covers its bytes and the hash before it.

Owns: the chain's rule and its verification. Signatures over heads and the reading of stores are not its part.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from flowrun.journal.encoding import decode_head
from flowrun.words import t

GENESIS = bytes(32)
"""What stands before a run's first event."""


class Linked(Protocol):
    """What `verify` needs of a stored event."""

    @property
    def run(self) -> str: ...
    @property
    def seq(self) -> int: ...
    @property
    def body(self) -> bytes: ...
    @property
    def hash(self) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainProblem:
    """One break. `kind`: `changed`, `removed`, `reordered`, `foreign` (of another run) or `cut` (the end is
    missing).
    """

    run: str
    seq: int
    kind: str
    message: str


def link(previous_hash: bytes, body: bytes) -> bytes:
    """Return the hash of an event: SHA-256 over the previous hash and the event's bytes."""
    return sha256(previous_hash + body).digest()


def verify(events: Iterable[Linked], *, head: tuple[int, bytes] | None = None) -> list[ChainProblem]:
    """Return every break in one run's events, given in stored order from the first; empty when all is well.

    `head` is (seq, hash) of the last event as known from elsewhere. Without it a cut end cannot be seen, nor
    a chain that was made anew from the change on.
    """
    problems: list[ChainProblem] = []
    previous, expected, run = GENESIS, 1, ""

    def note(seq: int, kind: str, message: str) -> None:
        problems.append(ChainProblem(run=run, seq=seq, kind=kind, message=message))

    for event in events:
        run = run or event.run
        inside = decode_head(event.body)
        if event.run != run or (inside is not None and inside[1] != run):
            note(event.seq, "foreign", t("event {seq} belongs to another run", seq=event.seq))
        if event.seq > expected:
            if event.seq == expected + 1:
                message = t("event {first} is missing before event {seq}", first=expected, seq=event.seq)
            else:
                last = event.seq - 1
                message = t(
                    "event {first} to {last} is missing before event {seq}", first=expected, last=last, seq=event.seq
                )
            note(expected, "removed", message)
        elif event.seq < expected:
            note(
                event.seq,
                "reordered",
                t("event {seq} stands after event {expected}", seq=event.seq, expected=expected - 1),
            )
        if inside is None or inside[2] != event.seq:
            note(event.seq, "changed", t("event {seq} does not say that it is event {seq}", seq=event.seq))
        elif link(previous, event.body) != event.hash:
            note(event.seq, "changed", t("event {seq} is not the one that was written", seq=event.seq))
        previous, expected = event.hash, event.seq + 1
    if head is not None and (expected - 1, previous) != head:
        if expected - 1 < head[0]:
            note(
                head[0],
                "cut",
                t("the run ended at event {seq}; events after {last} are missing", seq=head[0], last=expected - 1),
            )
        else:
            note(
                head[0],
                "changed",
                t("the last event is not the one that was known as the end of the run ({seq})", seq=head[0]),
            )
    return problems
