"""`flowrun.lock`: the published versions of a workspace's records, which never change.

Owns: reading and writing it, and finding what was changed since. A lint reads this, so nothing heavy is imported here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import yaml

from flowrun.errors import ConfigError, InputError
from flowrun.words import t

if TYPE_CHECKING:
    from flowrun.app.workspace import Workspace

Json = Any
LOCK = "flowrun.lock"


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """The digests of published schemas, by `NAME@N`."""

    version: int = 1
    schemas: dict[str, str] = {}


def folder(ws: Workspace) -> Path:
    """Return the folder of the workspace's own schemas."""
    return ws.root / "schemas" / "records"


def own(ws: Workspace) -> list[tuple[str, int]]:
    """Return the names and versions of the workspace's own schemas, without the bundled ones."""
    root = folder(ws)
    return [(name, version) for name, version in ws.registry.names() if (root / name / f"v{version}.json").is_file()]


def read_lock(ws: Workspace) -> Lock:
    """Return what is locked, nothing where there is no lock. Raises `ConfigError` (FR2050) for a broken file."""
    file = ws.root / LOCK
    if not file.is_file():
        return Lock()
    try:
        return msgspec.convert(yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader), Lock)
    except (yaml.YAMLError, msgspec.ValidationError, OSError) as error:
        help_ = t("Take it from your version control again. `flowrun schema lock` writes it.")
        message = t("{file} cannot be read: {why}", file=file, why=str(error).split("\n", 1)[0])
        raise ConfigError(message, code="FR2050", help=help_) from None


def changed(ws: Workspace) -> list[tuple[str, str]]:
    """Return each locked schema whose file says something else now: its `NAME@N` and its file."""
    found = []
    for use, wanted in read_lock(ws).schemas.items():
        name, _, version = use.partition("@")
        file = folder(ws) / name / f"v{version}.json"
        if version.isdigit() and file.is_file() and digest(ws.registry.get(name, int(version)) or {}) != wanted:
            found.append((use, str(file)))
    return found


def lock(ws: Workspace, names: Sequence[str] = ()) -> list[str]:
    """Lock every schema that is not locked yet (with `names`, of those records): return them as `NAME@N`.

    Raises `InputError` (FR3401) where a locked one was changed, (FR3402) where a record does not exist.
    """
    known_records(ws, names)
    if broken := changed(ws):
        message = t("{name} is locked and was changed.", name=broken[0][0])
        raise InputError(message, code="FR3401", help=t("Put {file} back as it was.", file=broken[0][1]))
    locked = read_lock(ws)
    fresh = {
        f"{name}@{version}": digest(ws.registry.get(name, version) or {})
        for name, version in own(ws)
        if f"{name}@{version}" not in locked.schemas and (not names or name in names)
    }
    if fresh:
        lines = "".join(f"  {use}: {value}\n" for use, value in sorted({**locked.schemas, **fresh}.items()))
        head = "# Written by `flowrun schema lock`. What is locked never changes: write the next version instead.\n"
        file = ws.root / LOCK
        aside = file.with_name(LOCK + ".new")
        aside.write_text(f"{head}version: 1\nschemas:\n{lines}", encoding="utf-8")
        aside.replace(file)
    return sorted(fresh)


def known_records(ws: Workspace, names: Iterable[str]) -> None:
    """Raises `InputError` (FR3402) where one of the names is no record of the workspace."""
    known = sorted({name for name, _ in own(ws)})
    for name in names:
        if name not in known:
            help_ = t("This workspace has these: {names}.", names=", ".join(known)) if known else None
            raise InputError(t("There is no record {name} here.", name=name), code="FR3402", help=help_)


def digest(schema: dict[str, Json]) -> str:
    """Return the digest of a schema, over its JSON with sorted keys: a new layout of the file changes nothing."""
    import hashlib  # a lint without a lock does not need it, and it takes its time

    return "sha256:" + hashlib.sha256(msgspec.json.encode(schema, order="sorted")).hexdigest()
