"""One digest over all events of a store: a Merkle tree whose leaves are blocks of event hashes, by position.

Owns: the tree's rule (RFC 6962's shape and prefixes, a leaf for each `BLOCK` events), its incremental form, and
proofs for a selection of blocks. What is signed over a digest is `heads`' part; no store is read here.

A leaf holds a block of hashes and not one event, so that a store is hashed at the speed of its chains, and that a
proof for a run is one or two blocks and a few digests however large the store is.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256

BLOCK = 256
"""Events in a leaf; the last leaf may hold fewer."""
EMPTY = sha256(b"").digest()
"""The digest of no events."""


def leaf(hashes: bytes) -> bytes:
    """Return the digest of one block: the hashes of its events, one after the other."""
    return sha256(b"\x00" + hashes).digest()


def node(left: bytes, right: bytes) -> bytes:
    """Return the digest over two subtrees."""
    return sha256(b"\x01" + left + right).digest()


class Tree:
    """The tree while it grows; it keeps one digest for each full subtree and the hashes of the open block.

    `peaks` and `full` (blocks) take up a tree where it was left at a full block.
    """

    __slots__ = ("_open", "_peaks", "full")

    def __init__(self, peaks: Sequence[bytes] = (), full: int = 0) -> None:
        if len(peaks) != full.bit_count():
            raise ValueError("a tree has one peak for each bit of its number of full blocks")
        self._peaks = list(peaks)
        self._open: list[bytes] = []
        self.full = full

    @property
    def events(self) -> int:
        """How many events are in it."""
        return self.full * BLOCK + len(self._open)

    @property
    def peaks(self) -> list[bytes]:
        """The digests of its full subtrees, the largest first."""
        return list(self._peaks)

    def add(self, hash: bytes) -> None:
        """Add the next event's hash."""
        self._open.append(hash)
        if len(self._open) == BLOCK:
            self._carry(leaf(b"".join(self._open)))
            self._open.clear()

    def extend(self, hashes: Iterable[bytes]) -> None:
        """Add the hashes of the next events."""
        self._open += hashes
        while len(self._open) >= BLOCK:
            self._carry(leaf(b"".join(self._open[:BLOCK])))
            del self._open[:BLOCK]

    def root(self) -> bytes:
        """Return the digest over all events so far."""
        rest = [leaf(b"".join(self._open))] if self._open else []
        return bag(self._peaks + rest)

    def _carry(self, digest: bytes) -> None:
        level = self.full
        while level & 1:
            digest = node(self._peaks.pop(), digest)
            level >>= 1
        self._peaks.append(digest)
        self.full += 1


def bag(peaks: Sequence[bytes]) -> bytes:
    """Return the root over subtrees, the largest first."""
    if not peaks:
        return EMPTY
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node(peak, root)
    return root


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root over all leaves."""
    return _fold(0, len(leaves), dict(enumerate(leaves)), range(len(leaves)), iter(())) if leaves else EMPTY


def prove(leaves: Sequence[bytes], wanted: Collection[int]) -> list[bytes]:
    """Return what `proven_root` needs besides the wanted leaves: the digests of the subtrees that hold none."""
    chosen = sorted(set(wanted))
    proof: list[bytes] = []

    def walk(low: int, high: int, inside: Sequence[int]) -> None:
        if not inside:
            proof.append(root_of(leaves[low:high]))
        elif high - low > 1:
            middle = low + _split(high - low)
            walk(low, middle, [place for place in inside if place < middle])
            walk(middle, high, [place for place in inside if place >= middle])

    if leaves:
        walk(0, len(leaves), chosen)
    return proof


def proven_root(count: int, known: Mapping[int, bytes], proof: Sequence[bytes]) -> bytes | None:
    """Return the root over `count` leaves from some of them (by place) and a proof; None where they do not fit."""
    if not count:
        return EMPTY
    rest = iter(proof)
    try:
        root = _fold(0, count, known, sorted(known), rest)
    except StopIteration:
        return None
    return root if next(rest, None) is None else None


def _fold(low: int, high: int, known: Mapping[int, bytes], places: Sequence[int], rest: Iterator[bytes]) -> bytes:
    """Return the digest over the leaves from `low` to before `high`; `places` are the sorted keys of `known`."""
    first = bisect_left(places, low)
    if first == len(places) or places[first] >= high:
        return next(rest)
    if high - low == 1:
        return known[low]
    middle = low + _split(high - low)
    return node(_fold(low, middle, known, places, rest), _fold(middle, high, known, places, rest))


def _split(count: int) -> int:
    """Return the size of the left subtree: the largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1
