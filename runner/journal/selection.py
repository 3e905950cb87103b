"""Proving that some events of a store are part of what a head covers, without the others.

Owns: making a proof from the hashes of all events, its form, and checking it against the events that are there. The tree
is `merkle`'s; which events are selected, and where a proof is kept, is told by the caller.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from flowrun.journal.merkle import BLOCK, leaf, prove, proven_root, root_of

HASH = 32


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What leads from selected events to the digest of the first `events` events.

    `blocks`: for each block that holds a selected event, all its hashes, by the block's number as text; `siblings`: the
    digests of the subtrees that hold none, from left to right. All hexadecimal.
    """

    events: int
    digest: str
    blocks: dict[str, str]
    siblings: list[str]


def make_proofs(hashes: Iterable[bytes], positions: Collection[int], counts: Collection[int]) -> list[Proof]:
    """Return a proof for each of `counts`, from the hashes of all events in order; `positions` (from 1) are selected.

    A count above the number of hashes has no proof.
    """
    wanted = {(position - 1) // BLOCK for position in positions} | {count // BLOCK for count in counts}
    leaves: list[bytes] = []
    kept: dict[int, bytes] = {}
    total, block = 0, bytearray()

    def close() -> None:
        if len(leaves) in wanted:
            kept[len(leaves)] = bytes(block)
        leaves.append(leaf(bytes(block)))
        block.clear()

    for hash in hashes:
        total += 1
        block += hash
        if len(block) == BLOCK * HASH:
            close()
    if block:
        close()
    return [_proof(count, leaves, kept, positions) for count in sorted(set(counts)) if 0 < count <= total]


def _proof(count: int, leaves: list[bytes], kept: Mapping[int, bytes], positions: Collection[int]) -> Proof:
    covered = leaves[: -(-count // BLOCK)]
    rest = count % BLOCK
    if rest:
        covered[-1] = leaf(kept[len(covered) - 1][: rest * HASH])
    blocks = sorted({(position - 1) // BLOCK for position in positions if position <= count})
    return Proof(
        events=count,
        digest=root_of(covered).hex(),
        blocks={
            str(place): (kept[place][: rest * HASH] if rest and place == len(covered) - 1 else kept[place]).hex()
            for place in blocks
        },
        siblings=[digest.hex() for digest in prove(covered, blocks)],
    )


def proven_digest(proof: Proof, hashes: Mapping[int, bytes]) -> bytes | None:
    """Return the digest that selected events (their hashes by position) and a proof lead to.

    None where the proof does not hold one of the events, or is none.
    """
    try:
        blocks = {int(place): bytes.fromhex(text) for place, text in proof.blocks.items()}
        siblings = [bytes.fromhex(text) for text in proof.siblings]
    except ValueError:
        return None
    for position, hash in hashes.items():
        if position > proof.events:
            continue
        block, place = divmod(position - 1, BLOCK)
        if blocks.get(block, b"")[place * HASH : (place + 1) * HASH] != hash:
            return None
    for block, content in blocks.items():
        if len(content) != HASH * min(BLOCK, proof.events - block * BLOCK):
            return None
    return proven_root(-(-proof.events // BLOCK), {place: leaf(content) for place, content in blocks.items()}, siblings)
