"""Facts of the store itself: halts, their end, and forgettings, in one chain of hashes.

Owns: what a fact says, its bytes, the chain's rule, and whether signed heads name the facts that are there. The tables that
are made from facts, and where facts are kept, are the store's part.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

import msgspec

from flowrun.journal.chain import GENESIS, link
from flowrun.journal.heads import Head, KnownHead
from flowrun.journal.verify import Problems
from flowrun.words import t


class Halted(msgspec.Struct, frozen=True, kw_only=True, tag="halted", omit_defaults=True):
    """Somebody pulled the emergency brake; `number` is the halt's in the store, `what` as the store keeps it.

    `adopted`: it was in the store before facts were chained, and is as trustworthy as that store was at that moment.
    """

    at: str
    by: str
    number: int
    what: str
    reason: str = ""
    until: str | None = None
    adopted: bool = False


class Lifted(msgspec.Struct, frozen=True, kw_only=True, tag="lifted", omit_defaults=True):
    """Somebody lifted these halts, by their numbers."""

    at: str
    by: str
    what: str
    halts: list[int]
    adopted: bool = False


class Forgotten(msgspec.Struct, frozen=True, kw_only=True, tag="forgotten", omit_defaults=True):
    """A person was forgotten: of each run its records, by their ids, with the SHA-256 of what remains (hexadecimal)."""

    at: str
    by: str
    runs: dict[str, dict[str, str]]
    adopted: bool = False

    @property
    def records(self) -> int:
        """How many records something remains of."""
        return sum(len(records) for records in self.runs.values())


Fact: TypeAlias = Halted | Lifted | Forgotten


class FactRow(NamedTuple):
    """A fact as stored: its place from 1, its bytes, and the hash over them and the hash before."""

    pos: int
    body: bytes
    hash: bytes


class _Body(msgspec.Struct, frozen=True, kw_only=True):
    v: int
    seq: int
    fact: Fact


VERSION = 1
_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(_Body)


def encode_fact(seq: int, fact: Fact) -> bytes:
    """Return the bytes of a fact at a place."""
    return _encoder.encode(_Body(v=VERSION, seq=seq, fact=fact))


def read_fact(body: bytes) -> tuple[int, Fact] | None:
    """Return the place and the fact of stored bytes, None where they are damaged or of a newer form."""
    try:
        found = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return (found.seq, found.fact) if found.v == VERSION else None


def next_fact(last: FactRow | None, fact: Fact) -> FactRow:
    """Return a fact as it is stored after the last one."""
    pos = 1 if last is None else last.pos + 1
    body = encode_fact(pos, fact)
    return FactRow(pos, body, link(GENESIS if last is None else last.hash, body))


def check_facts(rows: Iterable[FactRow], problems: Problems) -> tuple[list[Fact], list[bytes]]:
    """Check the chain of facts; return the facts that can be read, and the hash at each place."""
    facts: list[Fact] = []
    hashes: list[bytes] = []
    previous = GENESIS
    for place, row in enumerate(rows, 1):
        found = read_fact(row.body)
        if found is None:
            problems.note("fact", t("fact {pos} of the store cannot be read", pos=row.pos))
        elif row.pos != place or found[0] != place:
            problems.note("fact", t("fact {place} of the store is missing or out of place", place=place))
        elif link(previous, row.body) != row.hash:
            problems.note("fact", t("fact {pos} of the store is not the one that was written", pos=row.pos))
        if found is not None:
            facts.append(found[1])
        previous = row.hash
        hashes.append(row.hash)
    return facts, hashes


def check_signed_facts(heads: Sequence[Head], hashes: Sequence[bytes], problems: Problems) -> int:
    """Check that the facts which signed heads name are there; return how many the last such head covers."""
    covered = 0
    for number, head in enumerate(heads, 1):
        said = head.statement
        name = t("head {number} ({at})", number=number, at=said.at[:19])
        if _names(said.facts, said.facts_end, hashes, name, "fact", problems):
            covered = said.facts
    return covered


def check_known_facts(known: Sequence[KnownHead], hashes: Sequence[bytes], problems: Problems) -> None:
    """Check that the facts which heads kept elsewhere name are there."""
    for head in known:
        _names(head.facts, head.facts_end, hashes, t("the head that you gave"), "known", problems)


def _names(facts: int, end: str, hashes: Sequence[bytes], name: str, kind: str, problems: Problems) -> bool:
    if facts > len(hashes):
        problems.note(
            kind,
            t(
                "{name} covers {facts} facts of the store (halts, forgettings); {count} are there: some are missing",
                name=name,
                facts=facts,
                count=len(hashes),
            ),
        )
    elif facts > 0 and hashes[facts - 1].hex() != end:
        problems.note(
            kind, t("{name} was made over other facts of the store (halts, forgettings) than are there", name=name)
        )
    else:
        return True
    return False
