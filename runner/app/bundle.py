"""The evidence bundle: what an auditor needs of some runs, in one folder that explains and proves itself.

Owns: which files a bundle has and what is in them. Checking one is `app.bundle_check`'s, its page `app.bundle_page`'s; how
events are hidden or revealed is `app.shown`'s.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from flowrun import __version__, wiring
from flowrun.app.audit import sign_store
from flowrun.app.bundle_page import Page
from flowrun.app.runs import App
from flowrun.app.trail_reading import RunTrail
from flowrun.errors import InputError
from flowrun.journal.encoding import as_dict
from flowrun.journal.facts import FactRow
from flowrun.journal.heads import KnownHead, head_line
from flowrun.journal.selection import make_proofs
from flowrun.plan.model import Plan
from flowrun.ports.journal import StoredEvent
from flowrun.ports.trail import Trail
from flowrun.words import t

Json = Any
FORMAT = 1
SIGNED = b"flowrun bundle 1\n"
"""Before the manifest, so that a signature over a bundle is valid for nothing else."""
MANIFEST, SIGNATURE, PUBLIC_KEY = "manifest.json", "manifest.sig", "public_key.pem"
EVENTS, RUNS, HEADS, PROOFS, FACTS, KEYS, PAGE = (
    "events.jsonl", "runs.jsonl", "heads.jsonl", "proofs.jsonl", "facts.jsonl", "keys.jsonl", "index.html",
)  # fmt: skip
_line = msgspec.json.Encoder(order="deterministic")


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """What was written. `digest` is the SHA-256 of the manifest, which names everything else."""

    place: str
    runs: int
    events: int
    erased: int
    files: int
    digest: str
    key: str


class EventLine(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a bundle. `body`: the stored bytes in base64, None where they are in clear and were not revealed.

    `event`: what happened, with placeholders for what is hidden; None where its person was forgotten.
    """

    run: str
    seq: int
    pos: int
    hash: str
    body: str | None
    event: dict[str, Json] | None


class RunLine(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a bundle: what the store says of it, and the end of its chain."""

    run: str
    flow: str
    version: int
    plan: str
    outcome: str | None
    created: str
    events: int
    head: str
    erased: str | None = None


class FactLine(msgspec.Struct, frozen=True, kw_only=True):
    """One fact of the store itself: its stored bytes as text, and its hash."""

    pos: int
    hash: str
    body: str


class KeyLine(msgspec.Struct, frozen=True, kw_only=True):
    """What opens the stored bytes of one run: its data key, hexadecimal. Only in a bundle that reveals."""

    run: str
    key: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle holds. `files`: the SHA-256 of each, by its path; `selection`: what was asked for."""

    format: int
    made: str
    flowrun: str
    store: str
    key: str
    revealed_to: str | None
    selection: dict[str, Json]
    runs: int
    events: int
    files: dict[str, str]


def export(
    app: App,
    trails: Iterator[RunTrail],
    place: Path,
    *,
    selection: dict[str, Json],
    reveal: str | None = None,
    known: Sequence[KnownHead] = (),
) -> Exported:
    """Write a bundle of runs into a new or empty folder, after signing the store.

    Raises `InputError`: FR3091 where the folder holds something, FR3025 where `reveal` has not the owner role.
    """
    store = wiring.store_path(app.ws.store_url)
    with closing(wiring.trail(store)) as vault:
        files = _Files(place)
        written = _write_runs(app, trails, files, vault if reveal is not None else None)
    if not written.runs:
        raise InputError(t("No run is selected."), help=t("`flowrun runs` lists them."), code="FR3002")
    # After the runs were read, so that the head covers all that was read of them.
    signed = sign_store(store)
    if reveal is None:
        files.remove(KEYS)
    _write_proof(files, store, written.positions, [signed.events, *(head.events for head in known)])
    signer = wiring.signer(store, make=True)
    assert signer is not None
    files.write(PUBLIC_KEY, wiring.public_pem(signer.public))
    made = app.clock.now()
    files.write(PAGE, written.page.render(made=made, store=signed.store, key=signer.id, head=signed.short).encode())
    manifest = _line.encode(
        Manifest(
            format=FORMAT, made=made, flowrun=__version__, store=signed.store, key=signer.id, revealed_to=reveal,
            selection=selection, runs=written.runs, events=len(written.positions), files=files.digests,
        )
    )  # fmt: skip
    # Last, so that a bundle that was not finished is none.
    files.write(SIGNATURE, signer.sign(SIGNED + manifest).hex().encode() + b"\n")
    files.write(MANIFEST, manifest)
    return Exported(
        place=str(place), runs=written.runs, events=len(written.positions), erased=written.erased, files=len(files.digests),
        digest=sha256(manifest).hexdigest(), key=signer.id,
    )  # fmt: skip


@dataclass(slots=True)
class _Written:
    """What was written so far."""

    page: Page
    runs: int = 0
    erased: int = 0
    positions: list[int] = field(default_factory=list)


def _write_runs(app: App, trails: Iterator[RunTrail], files: _Files, vault: Trail | None) -> _Written:
    """Write the runs, one at a time; `vault` has the keys that a bundle which reveals holds."""
    done, plans = _Written(Page(revealed=vault is not None)), set[str]()
    with files.lines(EVENTS) as write_event, files.lines(RUNS) as write_run, files.lines(KEYS) as write_key:
        for trail in trails:
            row = trail.row
            for line in event_lines(trail, reveal=vault is not None):
                write_event(line)
                done.positions.append(line.pos)
            write_run(run_line(trail))
            key = None if vault is None else vault.data_key(row.run)
            if key is not None:
                write_key(KeyLine(run=row.run, key=key.hex()))
            if row.plan not in plans:
                plans.add(row.plan)
                for name, content in plan_files(row.plan, app.journal.get_plan(row.plan)).items():
                    files.write(name, content)
            done.page.add(trail)
            done.runs, done.erased = done.runs + 1, done.erased + (row.erased is not None)
    return done


def event_lines(trail: RunTrail, *, reveal: bool) -> Iterator[EventLine]:
    """Return the events of a run as a bundle holds them."""
    for place, item in enumerate(trail.stored):
        shown = None if trail.events is None else as_dict(trail.events[place])
        yield EventLine(
            run=item.run, seq=item.seq, pos=item.pos, hash=item.hash.hex(), event=shown,
            body=b64encode(item.body).decode() if reveal or is_sealed(item) else None,
        )  # fmt: skip


def is_sealed(item: StoredEvent) -> bool:
    """Whether the stored bytes tell nothing without a key. Events of the first form are in clear."""
    return not item.body.startswith(b'{"v":1,')


def run_line(trail: RunTrail) -> RunLine:
    """Return a run as a bundle holds it."""
    row, last = trail.row, trail.stored[-1]
    return RunLine(
        run=row.run, flow=row.flow, version=row.version, plan=row.plan, outcome=row.outcome, created=row.created,
        events=last.seq, head=last.hash.hex(), erased=row.erased,
    )  # fmt: skip


def plan_files(digest: str, body: bytes) -> dict[str, bytes]:
    """Return a plan's file, and the schemas and policies in it as files of their own, for people."""
    plan = msgspec.json.decode(body, type=Plan)
    files = {f"plans/{digest}.json": body}
    for name, schema in plan.schemas.items():
        if not name.startswith("inline:"):
            files[f"schemas/{digest[:12]}/{name}.json"] = _pretty(schema)
    for policy in plan.policies.values():
        files[f"policies/{digest[:12]}/{policy.name}@{policy.version}.json"] = _pretty(msgspec.to_builtins(policy))
    return files


def fact_line(row: FactRow) -> FactLine:
    """Return a fact as a bundle holds it."""
    return FactLine(pos=row.pos, hash=row.hash.hex(), body=row.body.decode("utf-8", "replace"))


def _pretty(value: Json) -> bytes:
    return msgspec.json.format(_line.encode(value), indent=2) + b"\n"


def _write_proof(files: _Files, store: Path, positions: Sequence[int], counts: Sequence[int]) -> None:
    with closing(wiring.trail(store)) as trail:
        files.write(HEADS, b"".join(head_line(head) + b"\n" for head in trail.heads()))
        files.write(FACTS, b"".join(_line.encode(fact_line(row)) + b"\n" for row in trail.facts()))
        proofs = make_proofs(trail.hashes(), positions, counts)
    files.write(PROOFS, b"".join(_line.encode(proof) + b"\n" for proof in proofs))


class _Lines:
    """A file of lines while it is written."""

    def __init__(self, files: _Files, name: str) -> None:
        self._files, self._name = files, name
        self._out = files.open(name)
        self._digest = sha256()

    def __enter__(self) -> _Lines:
        return self

    def __call__(self, value: Json) -> None:
        line = _line.encode(value) + b"\n"
        self._digest.update(line)
        self._out.write(line)

    def __exit__(self, *_: object) -> None:
        self._out.close()
        self._files.digests[self._name] = self._digest.hexdigest()


class _Files:
    """The files of a bundle, for its owner alone, with the digest of each."""

    def __init__(self, place: Path) -> None:
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            if any(place.iterdir()):
                raise InputError(
                    t("{place} is not empty.", place=place), help=t("Give the name of a new folder."), code="FR3091"
                )
        except OSError as error:
            raise InputError(
                t("{place} cannot be a folder: {why}.", place=place, why=error.strerror), code="FR3091"
            ) from None
        self._place = place
        self.digests: dict[str, str] = {}

    def lines(self, name: str) -> _Lines:
        """Open a file of lines."""
        return _Lines(self, name)

    def open(self, name: str) -> Any:
        """Open a new file."""
        path = self._place / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")

    def write(self, name: str, content: bytes) -> None:
        """Write a file."""
        with self.open(name) as out:
            out.write(content)
        if name not in (MANIFEST, SIGNATURE):
            self.digests[name] = sha256(content).hexdigest()

    def remove(self, name: str) -> None:
        """Take a file out again."""
        (self._place / name).unlink()
        del self.digests[name]
