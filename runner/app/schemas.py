"""The schemas of a workspace from version to version: what a new one breaks, who is told, how records are lifted.

Owns: these use cases. How two schemas are compared is `records.compatibility`'s part; nothing is printed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec

from flowrun.app.lock import changed, folder, known_records, own
from flowrun.errors import FlowError, InputError
from flowrun.lang.files import read_source
from flowrun.lang.parse import parse_file
from flowrun.lang.spec_files import ReadersFile, UpgradeFile
from flowrun.lint.record_files import readers_findings, upgrade_findings
from flowrun.records.compatibility import BROKEN, KEPT, UNKNOWN, Verdict, compare, marks_lost, narrowed
from flowrun.records.counterexample import examples
from flowrun.records.upgrades import Upgrade
from flowrun.records.validation import checker
from flowrun.words import t

if TYPE_CHECKING:
    from flowrun.app.workspace import Workspace

Json = Any
BRIDGED = "bridged"
"""Broken, and an upgrade makes a valid record of every old one that was tried."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at between two versions.

    `what`: `backward` (old records under the new schema), `forward` (new records under the old one), `reader`, `upgrade`,
    `round_trip`, `marks` or `lock`. `state`: `kept`, `broken`, `bridged` or `unknown`. `document` shows a break.
    """

    schema: str
    before: int
    after: int
    what: str
    state: str
    document: Json = None
    problems: Sequence[str] = ()
    reader: str = ""
    owner: str = ""

    @property
    def bad(self) -> bool:
        """Whether somebody has to do something about it."""
        return self.state in (BROKEN, UNKNOWN)


def check(ws: Workspace, names: Sequence[str] = (), mode: str | None = None) -> list[Finding]:
    """Compare each version with the one before it, and with each reader's. `mode`: instead of what the record asks for.

    Raises `InputError` (FR3402) where a record does not exist, `FlowError` where a file beside the schemas is wrong.
    """
    known_records(ws, names)
    found: list[Finding] = []
    versions: dict[str, list[int]] = {}
    for name, version in own(ws):
        if not names or name in names:
            versions.setdefault(name, []).append(version)
    for use, file in changed(ws):
        name, _, number = use.partition("@")
        if name in versions:
            found.append(Finding(schema=name, before=int(number), after=int(number), what="lock", state=BROKEN,
                                 problems=[t("{file} is not what was locked.", file=file)]))  # fmt: skip
    for name, numbers in versions.items():
        readers = _readers(ws, name)
        asked = mode or (readers.compatible if readers else "backward")
        for before, after in pairwise(numbers):
            found += _pair(ws, name, before, after, asked)
        for reader in readers.who.values() if readers else ():
            found += _reader(ws, name, numbers, reader.name, reader.owner, reader.reads, reader.needs)
    return found


def _schema(ws: Workspace, name: str, version: int) -> dict[str, Json]:
    found = ws.registry.get(name, version)
    if found is None:
        raise InputError(t("There is no schema {name}.", name=f"{name}@{version}"), code="FR3012")
    return found


def _pair(ws: Workspace, name: str, before: int, after: int, asked: str) -> list[Finding]:
    old, new = _schema(ws, name, before), _schema(ws, name, after)
    found = []
    for what, one, other in (("backward", old, new), ("forward", new, old)):
        if asked not in (what, "full"):
            continue
        verdict = compare(one, other)
        bridge = (before, after) if what == "backward" else (after, before)
        up = None if verdict.state == KEPT else _upgrade(ws, name, *bridge)
        state = verdict.state if up is None else BRIDGED
        found.append(_finding(name, before, after, what, verdict, state))
    found += _lifted(ws, name, before, after)
    if lost := marks_lost(old, new):
        words = [t("{field} had the mark `{mark}`.", field=field, mark=mark) for field, mark in lost]
        found.append(Finding(schema=name, before=before, after=after, what="marks", state=BROKEN, problems=words))
    return found


def _finding(name: str, before: int, after: int, what: str, verdict: Verdict, state: str, **more: str) -> Finding:
    problems = [f"{problem['path'] or '/'}: {problem['message']}" for problem in verdict.problems]
    return Finding(schema=name, before=before, after=after, what=what, state=state, document=verdict.document,
                   problems=problems, **more)  # fmt: skip


def _lifted(ws: Workspace, name: str, before: int, after: int) -> list[Finding]:
    """Try the upgrades on records of the old version, and there and back."""
    up, down = _upgrade(ws, name, before, after), _upgrade(ws, name, after, before)
    found = []
    for step, way, one, other in (("upgrade", up, before, after), ("upgrade", down, after, before)):
        if way is None:
            continue
        verdict = _tried(way, _schema(ws, name, one), _schema(ws, name, other))
        found.append(_finding(name, one, other, step, verdict, verdict.state))
    if up is not None and down is not None:
        dropped = {field.split(".")[0] for field in up.file.drop}
        state, document, words = KEPT, None, []
        for record in examples(_schema(ws, name, before)):
            back = down(up(record)) if isinstance(record, dict) else record
            lost = sorted(k for k in record if k not in dropped and back.get(k) != record[k])
            if lost:
                state, document = BROKEN, record
                words = [t("{field} comes back as {value}.", field=k, value=_short(back.get(k))) for k in lost]
                break
        found.append(Finding(schema=name, before=before, after=after, what="round_trip", state=state,
                             document=document, problems=words))  # fmt: skip
    return found


def _tried(way: Upgrade, one: dict[str, Json], other: dict[str, Json]) -> Verdict:
    """Lift records that show most of a schema; return the first that fails."""
    for record in examples(one):
        if isinstance(record, dict):
            problems = checker(other).check(way(record), placeholders=False)
            if problems:
                return Verdict(state=BROKEN, document=record, problems=problems)
    return Verdict(state=KEPT)


def _reader(
    ws: Workspace, name: str, numbers: Sequence[int], reader: str, owner: str, reads: int, needs: Sequence[str]
) -> list[Finding]:
    """Whether somebody made for one version can read what newer ones write."""
    made_for = _schema(ws, name, reads)
    wanted = narrowed(made_for, needs) if needs else made_for
    found = []
    for after in (number for number in numbers if number > reads):
        verdict = compare(_schema(ws, name, after), wanted)
        state = verdict.state
        if state == BROKEN and after == reads + 1 and _upgrade(ws, name, after, reads) is not None:
            state = BRIDGED
        found.append(_finding(name, reads, after, "reader", verdict, state, reader=reader, owner=owner))
    return found


def _readers(ws: Workspace, name: str) -> ReadersFile | None:
    file = folder(ws) / name / f"{name}.readers.yaml"
    if not file.is_file():
        return None
    value, findings = parse_file(read_source(file), "readers")
    if value is not None:
        roles = None if ws.config is None else ws.roles
        findings = [*findings, *readers_findings(value, ws.registry.get, roles)]
    if any(item.severity == "error" for item in findings):
        raise FlowError(findings)
    assert isinstance(value, ReadersFile)
    return value


def _upgrade(ws: Workspace, name: str, before: int, after: int) -> Upgrade | None:
    file = folder(ws) / name / f"v{before}_to_v{after}.yaml"
    if not file.is_file():
        return None
    value, findings = parse_file(read_source(file), "upgrade")
    if value is not None:
        findings = [*findings, *upgrade_findings(value, ws.registry.get)]
    if any(item.severity == "error" for item in findings):
        raise FlowError(findings)
    assert isinstance(value, UpgradeFile)
    return Upgrade(value, _schema(ws, name, after))


def lift(ws: Workspace, name: str, before: int, after: int, record: Json) -> dict[str, Json]:
    """Return a record in another version, by the upgrades between the two.

    Raises `InputError`: FR3403 where the record is not valid in its version, FR3404 where an upgrade is missing, FR3405
    where what comes out is not valid.
    """
    problems = checker(_schema(ws, name, before)).check(record, placeholders=False)
    if problems:
        message = t("This is no {name}: {why}.", name=f"{name}@{before}", why=_told(problems[0]))
        raise InputError(message, code="FR3403", help=t("`--from` says which version the records have."))
    step = 1 if after >= before else -1
    for number in range(before, after, step):
        way = _upgrade(ws, name, number, number + step)
        if way is None:
            if compare(_schema(ws, name, number), target := _schema(ws, name, number + step)).state == KEPT:
                continue  # what is valid there already needs no lifting
            if not checker(target).check(record, placeholders=False):
                continue
            message = t("Nothing says how {name} becomes version {next}.", name=f"{name}@{number}", next=number + step)
            where = f"schemas/records/{name}/v{number}_to_v{number + step}.yaml"
            raise InputError(message, code="FR3404", help=t("Write {file}.", file=where))
        record = way(record)
        problems = checker(_schema(ws, name, number + step)).check(record, placeholders=False)
        if problems:
            message = t(
                "The lifted record is no {name}: {why}.", name=f"{name}@{number + step}", why=_told(problems[0])
            )
            help_ = t("Mend {file}; `flowrun schema check {name}` tries it.", file=way.file.file, name=name)
            raise InputError(message, code="FR3405", help=help_)
    lifted: dict[str, Json] = record
    return lifted


def _told(problem: dict[str, Json]) -> str:
    return f"{problem['path'] or '/'}: {problem['message']}"


def _short(value: Json) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 60 else text[:57] + "…"
