"""Proving the trail: signing it, and checking a store without its workspace.

Owns: the use cases behind `flowrun audit sign` and `verify` of a store. Bundles are `app.bundle`'s; the rules of what is
right are `journal.verify`'s; how a report is printed is the command line's part.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import msgspec

from flowrun import wiring
from flowrun.errors import ConfigError, InputError, StoreError
from flowrun.journal.facts import check_facts, check_known_facts, check_signed_facts
from flowrun.journal.heads import Head, KnownHead, head_line, key_id, read_known, short
from flowrun.journal.verify import Problem, Problems, StoreCheck, check_heads, check_known
from flowrun.ports.trail import Trail
from flowrun.words import t

LONGEST_PATH = 250
"""A longer text is a head itself."""


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """A head to keep: as one word and as a line of JSON. `new` False: no event came since it was signed."""

    events: int
    runs: int
    key: str
    short: str
    line: bytes
    new: bool
    store: str


class PublicKey(msgspec.Struct, frozen=True, kw_only=True):
    """The public key of a store's signatures, and the id by which heads name it."""

    id: str
    pem: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found. `head` is `EVENTS:DIGEST` over all events.

    `signed` events are covered by a valid head; `trusted` says where the key was taken from that heads are checked
    with: `given`, `beside` the store, or only the `store` itself. `more` problems were found and are not in `problems`.
    `unread` runs do not open here (the store's key is elsewhere, or their person was forgotten): their tables are not compared.
    """

    ok: bool
    runs: int
    events: int
    head: str
    problems: list[Problem]
    more: int = 0
    heads: int = 0
    signed: int = 0
    last_signed: str = ""
    keys: list[str] = []
    trusted: str = "store"
    store: str = ""
    bundle: bool = False
    unread: int = 0
    facts: int = 0
    """Facts of the store itself: halts, their end, and forgettings; `signed_facts` of them are covered by a valid head."""
    signed_facts: int = 0


def sign_store(path: Path) -> Signed:
    """Sign all events and facts of a store, and return the head, or the last one where nothing came since.

    Raises `StoreError` (FR5021 no store or nothing in it, FR5020 events are missing), `ConfigError` (FR2035) for the key.
    """
    wiring.trail(path).close()
    new = wiring.sign(path)
    trail = wiring.trail(path)
    try:
        heads = trail.heads()
    finally:
        trail.close()
    if not heads:
        raise StoreError(t("There is nothing to sign: the store holds no event."), code="FR5021")
    said = heads[-1].statement
    return Signed(
        events=said.events,
        runs=said.runs,
        key=said.key,
        short=short(said.events, bytes.fromhex(said.digest), said.facts, said.facts_end),
        line=head_line(heads[-1]),
        new=new is not None,
        store=said.store,
    )


def public_key(path: Path) -> PublicKey:
    """Return the public key that a store's heads are signed with.

    Raises `StoreError` (FR5021) where there is no store or no key yet, `ConfigError` (FR2035) where it cannot be used.
    """
    wiring.trail(path).close()
    signer = wiring.signer(path, make=False)
    if signer is None:
        raise StoreError(
            t("There is no signing key yet."),
            help=t("`flowrun audit sign` makes one and signs the store."),
            code="FR5021",
        )
    return PublicKey(id=signer.id, pem=wiring.public_pem(signer.public).decode())


def verify_store(
    path: Path, *, known: Sequence[KnownHead] = (), keys: Sequence[bytes] = (), tables: bool = True
) -> Report:
    """Check a store's file. `known` heads were kept elsewhere; `keys` are the only public keys to trust.

    `tables` False leaves out what is derived from the events. Raises `StoreError` where the file cannot be read.
    """
    trail = wiring.trail(path)
    try:
        return _verify(trail, path, known, keys, tables)
    finally:
        trail.close()


def verify(place: Path, *, known: Sequence[KnownHead] = (), keys: Sequence[bytes] = (), tables: bool = True) -> Report:
    """Check what lies at a place. Raises `StoreError` where it cannot be read."""
    from flowrun.app.bundle_check import is_bundle, verify_bundle

    if is_bundle(place):
        return verify_bundle(place, known=known, keys=keys)
    return verify_store(place, known=known, keys=keys, tables=tables)


def _verify(trail: Trail, path: Path, known: Sequence[KnownHead], keys: Sequence[bytes], tables: bool) -> Report:
    problems = Problems()
    heads = trail.heads()
    marks = [head.statement.events for head in heads] + [head.events for head in known]
    derived = trail.tables(problems) if tables else None
    check = StoreCheck(trail.run_of, problems=problems, marks=marks, tables=derived)
    trail.walk(check)
    for run in trail.runs_without_events():
        problems.note("cut", t("no event of the run is there"), run)
    trusted, source = trusted_keys(keys, heads, wiring.key_beside(path))
    if not heads and wiring.has_key_file(path):
        problems.note(
            "head", t("a signing key of this store lies beside it, and there is no head: the heads were removed")
        )
    signed = check_heads(
        heads,
        check.digests,
        events=check.events,
        store=trail.store,
        trusted=trusted,
        signed=wiring.head_is_signed,
        problems=problems,
    )
    facts, fact_hashes = check_facts(trail.facts(), problems)
    signed_facts = check_signed_facts(heads, fact_hashes, problems)
    check_known_facts(known, fact_hashes, problems)
    check_known(known, check.digests, events=check.events, store=trail.store, problems=problems)
    if tables:
        trail.check_tables_of_facts(facts, problems)
        check_plans(trail, problems)
    return Report(
        ok=not problems,
        runs=check.runs,
        events=check.events,
        head=short(check.events, check.tree.root(), len(fact_hashes), fact_hashes[-1].hex() if fact_hashes else ""),
        problems=problems.found,
        more=problems.more,
        heads=len(heads),
        signed=signed,
        last_signed=heads[-1].statement.at if heads else "",
        keys=[key_id(key) for key in trusted],
        trusted=source,
        store=trail.store,
        unread=0 if derived is None else derived.unread,
        facts=len(fact_hashes),
        signed_facts=signed_facts,
    )


def trusted_keys(given: Sequence[bytes], heads: Sequence[Head], beside: bytes | None) -> tuple[list[bytes], str]:
    """Return the public keys to trust, and where they were taken from."""
    if given:
        return list(given), "given"
    if beside is not None:
        return [beside], "beside"
    return [head.public for head in heads[:1]], "store"


def check_plans(trail: Trail, problems: Problems) -> None:
    """Check that each stored plan is the one that its digest names, and that no run's is missing."""
    for digest, body in trail.plans():
        if body is None:
            problems.note("plan", t("the plan {digest} is missing, and a run names it", digest=digest[:12]))
        elif sha256(body).hexdigest() != digest:
            problems.note("plan", t("the plan {digest} is not the one that was stored", digest=digest[:12]))


def read_public_key(file: Path) -> bytes:
    """Return a public key. Raises `ConfigError` (FR2035)."""
    try:
        return wiring.read_public(file.read_bytes(), str(file))
    except OSError as error:
        raise ConfigError(
            t("{file} cannot be read: {why}.", file=file, why=error.strerror or error), code="FR2035"
        ) from None


def read_known_head(text: str) -> KnownHead:
    """Return a head that was kept elsewhere, from its text or from a file that holds it. Raises `InputError` (FR3090)."""
    try:
        with suppress(ValueError):  # a text with a NUL names no file
            if len(text) < LONGEST_PATH and Path(text).is_file():
                text = Path(text).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(
            t("The head {text} cannot be read: {why}.", text=text[:80], why=error.strerror), code="FR3090"
        ) from None
    return read_known(text)
