"""Checking an evidence bundle: offline, with nothing but the bundle, and what its reader knows from elsewhere.

Owns: the order of the checks and their words. What a bundle holds is `app.bundle`'s; the rules of chains, heads and proofs are
`flowrun.journal`'s. A bundle is read as it is; nothing in it is trusted before it is checked.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from flowrun import wiring
from flowrun.app import bundle as b
from flowrun.app.audit import Report, trusted_keys
from flowrun.errors import FlowrunError, StoreError
from flowrun.journal.chain import GENESIS, link
from flowrun.journal.encoding import as_dict, decode, decode_clear, decode_head
from flowrun.journal.facts import FactRow, Forgotten, check_facts, check_known_facts, check_signed_facts
from flowrun.journal.heads import Head, KnownHead, key_id, read_head, short
from flowrun.journal.selection import HASH, Proof, proven_digest
from flowrun.journal.verify import Problems, check_heads
from flowrun.words import t

Json = Any
T = TypeVar("T")
CHUNK = 1 << 20


def is_bundle(place: Path) -> bool:
    """Whether a path is a bundle's folder, or was one."""
    return place.is_dir() and any((place / name).exists() for name in (b.MANIFEST, b.EVENTS))


def verify_bundle(place: Path, *, known: Sequence[KnownHead] = (), keys: Sequence[bytes] = ()) -> Report:
    """Check a bundle. Raises `StoreError` (FR5022) where its manifest or events cannot be read at all."""
    problems = Problems()
    manifest = _manifest(place)
    public = _public_key(place, problems)
    heads = _heads(place, problems)
    trusted, source = trusted_keys(keys, heads, None)
    if not trusted and public is not None:
        trusted = [public]
    _check_manifest(place, manifest, public, trusted, problems)
    hashes = _check_events(place, problems)
    runs = len(_runs(place, problems))
    events = max((head.statement.events for head in heads), default=0)
    facts, signed_facts = _check_facts(place, heads, known, problems)
    digests, proven = _check_proofs(place, heads, hashes, problems)
    signed = check_heads(
        heads, digests, events=events, store=manifest.store, trusted=trusted, signed=wiring.head_is_signed,
        problems=problems,
    )  # fmt: skip
    _check_known(known, {count: digests[count] for count in proven}, manifest.store, problems)
    covered = sum(1 for position in hashes if position <= signed)
    if len(hashes) != manifest.events or runs != manifest.runs:
        problems.note(
            "cut",
            t(
                "the manifest says {said}; there are {found}",
                said=t("{events} events of {runs} runs", events=manifest.events, runs=manifest.runs),
                found=t("{events} events of {runs} runs", events=len(hashes), runs=runs),
            ),
        )
    last = heads[-1].statement if heads else None
    return Report(
        ok=not problems, runs=runs, events=len(hashes), problems=problems.found, more=problems.more, heads=len(heads),
        head="" if last is None else short(last.events, bytes.fromhex(last.digest)), signed=covered,
        last_signed="" if last is None else last.at, keys=[key_id(key) for key in trusted], trusted=source,
        store=manifest.store, bundle=True, facts=facts, signed_facts=signed_facts,
    )  # fmt: skip


def _manifest(place: Path) -> b.Manifest:
    try:
        found = msgspec.json.decode((place / b.MANIFEST).read_bytes(), type=b.Manifest)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreError(
            t(
                "{place} is no whole bundle: {manifest} cannot be read ({error}).",
                place=place,
                manifest=b.MANIFEST,
                error=error,
            ),
            code="FR5022",
            help=t("`flowrun audit export DIR` writes one; where it was stopped, there is none."),
        ) from None
    if found.format != b.FORMAT:
        raise StoreError(
            t(
                "{place} is a bundle of form {found}; this program reads form {known}.",
                place=place,
                found=found.format,
                known=b.FORMAT,
            ),
            code="FR5022",
        )
    return found


def _public_key(place: Path, problems: Problems) -> bytes | None:
    try:
        return wiring.read_public((place / b.PUBLIC_KEY).read_bytes(), b.PUBLIC_KEY)
    except (OSError, FlowrunError):
        problems.note("key", t("{public_key} is missing or no public key", public_key=b.PUBLIC_KEY))
        return None


def _check_manifest(
    place: Path, manifest: b.Manifest, public: bytes | None, trusted: Sequence[bytes], problems: Problems
) -> None:
    """Check the signature over the manifest, and each file against it."""
    if public is not None and public not in trusted:
        problems.note("key", t("the bundle is signed with another key: {public}", public=key_id(public)))
    try:
        signature = bytes.fromhex((place / b.SIGNATURE).read_text("ascii").strip())
    except (OSError, ValueError):
        signature = b""
    content = b.SIGNED + (place / b.MANIFEST).read_bytes()
    if public is not None and not (key_id(public) == manifest.key and wiring.is_signed(content, signature, public)):
        problems.note("signature", t("{manifest} has no valid signature", manifest=b.MANIFEST))
    there = {path.relative_to(place).as_posix() for path in place.rglob("*") if not path.is_dir() or path.is_symlink()}
    for name in sorted(set(manifest.files) - there):
        problems.note("file", t("the file {name} is missing", name=name))
    for name in sorted(there - set(manifest.files) - {b.MANIFEST, b.SIGNATURE}):
        problems.note("file", t("the file {name} does not belong to the bundle", name=name))
    for name in sorted(there & set(manifest.files)):
        if _digest(place / name) != manifest.files[name]:
            problems.note("file", t("the file {name} is not the one that was exported", name=name))


def _digest(path: Path) -> str:
    found = sha256()
    try:
        with path.open("rb") as content:
            while chunk := content.read(CHUNK):
                found.update(chunk)
    except OSError:
        return ""
    return found.hexdigest()


def _lines(place: Path, name: str, type: type[T], problems: Problems) -> Iterator[T]:
    """Yield the lines of a file; one that cannot be read is a problem."""
    decoder = msgspec.json.Decoder(type)
    try:
        with (place / name).open("rb") as content:
            for number, line in enumerate(content, 1):
                try:
                    yield decoder.decode(line)
                except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                    problems.note("file", t("line {number} of {name} cannot be read", number=number, name=name))
    except OSError as error:
        problems.note("file", t("{name} cannot be read: {why}", name=name, why=error.strerror))


def _heads(place: Path, problems: Problems) -> list[Head]:
    found = []
    for data in _lines(place, b.HEADS, dict[str, Json], problems):
        try:
            found.append(read_head(msgspec.json.encode(data)))
        except FlowrunError:
            problems.note("head", t("a line of {heads} is no head", heads=b.HEADS))
    if not found:
        problems.note("head", t("there is no signed head"))
    return found


def _runs(place: Path, problems: Problems) -> dict[str, b.RunLine]:
    return {line.run: line for line in _lines(place, b.RUNS, b.RunLine, problems)}


def _check_events(place: Path, problems: Problems) -> dict[int, bytes]:
    """Check the chain of each run, its plan, and that what is shown is what was stored; return hashes by position."""
    runs = _runs(place, problems)
    keys = {}
    if (place / b.KEYS).exists():
        keys = {line.run: line.key for line in _lines(place, b.KEYS, b.KeyLine, problems)}
    hashes: dict[int, bytes] = {}
    chain: _Chain | None = None
    done: set[str] = set()
    for line in _lines(place, b.EVENTS, b.EventLine, problems):
        if chain is None or chain.line.run != line.run:
            if chain is not None:
                chain.end()
            if line.run in done:
                problems.note("reordered", t("the run's events do not stand together"), line.run, line.seq)
            if line.run not in runs:
                problems.note("foreign", t("{runs} does not hold the run", runs=b.RUNS), line.run, line.seq)
            done.add(line.run)
            chain = _Chain(runs.get(line.run) or _unknown(line.run), keys.get(line.run), problems)
        hash = chain.take(line)
        if line.pos in hashes:
            problems.note("inserted", t("position {pos} is taken twice", pos=line.pos), line.run, line.seq)
        hashes[line.pos] = hash
    if chain is not None:
        chain.end()
    for run in sorted(set(runs) - done):
        problems.note("cut", t("no event of the run is there"), run)
    for run_line in runs.values():
        if not (place / "plans" / f"{run_line.plan}.json").exists() or len(run_line.plan) != 64:
            problems.note("plan", t("the plan {plan} is missing", plan=run_line.plan[:12]), run_line.run)
    for file in sorted((place / "plans").glob("*.json")):
        if sha256(file.read_bytes()).hexdigest() != file.stem:
            problems.note("plan", t("the plan {stem} is not the one that was stored", stem=file.stem[:12]))
    return hashes


def _unknown(run: str) -> b.RunLine:
    return b.RunLine(run=run, flow="", version=0, plan="", outcome=None, created="", events=0, head="")


class _Chain:
    """One run of a bundle while it is read."""

    def __init__(self, line: b.RunLine, key: str | None, problems: Problems) -> None:
        self.line = line
        self._problems = problems
        self._seq, self._hash = 0, GENESIS
        self._unseal = None
        if key is not None:
            try:
                self._unseal = wiring.unsealer(bytes.fromhex(key))
            except ValueError:
                problems.note("view", t("its key is none"), line.run)

    def take(self, line: b.EventLine) -> bytes:
        """Check the next event; return its hash."""
        note, run, seq = self._problems.note, self.line.run, line.seq
        try:
            said = bytes.fromhex(line.hash)
            body = None if line.body is None else b64decode(line.body, validate=True)
        except ValueError:
            note("changed", t("event {seq} cannot be read", seq=seq), run, seq)
            return b""
        if seq != self._seq + 1:
            if seq > self._seq + 1:
                note(
                    "removed", t("event {first} is missing before event {seq}", first=self._seq + 1, seq=seq), run, seq
                )
            else:
                note("reordered", t("event {first} stands before event {seq}", first=self._seq + 1, seq=seq), run, seq)
        if body is not None:
            inside = decode_head(body)
            if inside is None:
                note("changed", t("event {seq} cannot be read", seq=seq), run, seq)
            elif inside[1:] != (run, seq):
                note(
                    "foreign",
                    t("event {seq} was written as event {other} of run {run}", seq=seq, other=inside[2], run=inside[1]),
                    run,
                    seq,
                )
            elif seq == self._seq + 1 and link(self._hash, body) != said:
                note("changed", t("event {seq} is not the one that was written", seq=seq), run, seq)
            else:
                self._compare(line, body)
        self._seq, self._hash = seq, said
        return said if len(said) == HASH else b""

    def end(self) -> None:
        """Check the end of the run."""
        line = self.line
        if line.head and (self._seq, self._hash.hex()) != (line.events, line.head):
            self._problems.note(
                "cut",
                t("the run ended at event {events}; here it ends at {seq}", events=line.events, seq=self._seq),
                line.run,
                self._seq,
            )

    def _compare(self, line: b.EventLine, body: bytes) -> None:
        """Compare what is shown with what the bytes say: all of it where they can be opened, else type, moment and path."""
        shown = line.event
        if shown is None:
            return
        try:
            if self._unseal is not None or not body.startswith(b'{"v":2,'):
                same = shown == as_dict(decode(body, self._unseal).event) or "[secret]" in str(shown)
            else:
                clear = decode_clear(body)
                said = (shown.get("type"), shown.get("at"), shown.get("path"))
                same = said == (clear.type, clear.at, clear.path)
        except StoreError as error:
            self._problems.note(
                "view",
                t("event {seq} does not open: {message}", seq=line.seq, message=error.message),
                line.run,
                line.seq,
            )
            return
        if not same:
            self._problems.note(
                "view", t("what is shown of event {seq} is not what was stored", seq=line.seq), line.run, line.seq
            )


def _check_proofs(
    place: Path, heads: Sequence[Head], hashes: dict[int, bytes], problems: Problems
) -> tuple[dict[int, bytes], set[int]]:
    """Return the digest at each head, and at which of them it is proven from the events; else it is the head's word."""
    digests = {head.statement.events: bytes.fromhex(head.statement.digest) for head in heads}
    proofs = list(_lines(place, b.PROOFS, Proof, problems))
    newest = max(digests, default=0)
    if newest not in {proof.events for proof in proofs}:
        problems.note("head", t("there is no proof that the events are covered by the newest head"))
    for proof in proofs:
        found = proven_digest(proof, hashes)
        if found is None:
            problems.note(
                "head",
                t(
                    "the proof for the head of {events} events does not hold the events of the bundle",
                    events=proof.events,
                ),
            )
        digests[proof.events] = found or b""
    above = [position for position in hashes if position > newest]
    if above:
        problems.note("head", t("{count} events are covered by no head", count=len(above)))
    return digests, {proof.events for proof in proofs}


def _check_facts(place: Path, heads: Sequence[Head], known: Sequence[KnownHead], problems: Problems) -> tuple[int, int]:
    """Check the facts of the store, and that each run said to be forgotten is so by one; return how many, and how many signed."""
    told = max((head.statement.facts for head in heads), default=0)
    if not told and not (place / b.FACTS).exists():
        return 0, 0  # exported before facts were chained
    rows = []
    for line in _lines(place, b.FACTS, b.FactLine, problems):
        try:
            rows.append(FactRow(line.pos, line.body.encode(), bytes.fromhex(line.hash)))
        except ValueError:
            problems.note("fact", t("fact {pos} of the store cannot be read", pos=line.pos))
    facts, hashes = check_facts(rows, problems)
    signed = check_signed_facts(heads, hashes, problems)
    check_known_facts(known, hashes, problems)
    forgotten = {run: fact.at for fact in facts if isinstance(fact, Forgotten) for run in fact.runs}
    for run in _runs(place, Problems()).values():
        if run.erased != forgotten.get(run.run):
            problems.note(
                "erased", t("what the bundle says of its forgetting is not what the facts of the store say"), run.run
            )
    return len(hashes), signed


def _check_known(known: Sequence[KnownHead], proven: dict[int, bytes], store: str, problems: Problems) -> None:
    for head in known:
        name = t("the head that you gave ({events} events)", events=head.events)
        if head.store and head.store != store:
            problems.note("known", t("{name} is of another store", name=name))
        elif head.events not in proven:
            problems.note("known", t("{name} is not proven by the bundle; have it exported with --head", name=name))
        elif proven[head.events] != head.digest:
            problems.note("known", t("{name} is not that of the bundle's events", name=name))
