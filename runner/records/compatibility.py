"""What a new version of a record breaks: for old records, for old readers, and for marks.

Owns: `compare` (with a document that shows the break), `narrowed` (the schema of somebody who uses some fields alone) and
`marks_lost`. Which versions are compared, and where readers are written, is `app`'s part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from flowrun.records.counterexample import NOTHING, counterexample
from flowrun.records.inclusion import included, resolve
from flowrun.records.validation import Problem, checker

Json = Any
MARKS = ("x-pii", "x-secret", "x-untrusted")

KEPT, BROKEN, UNKNOWN = "kept", "broken", "unknown"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether every document of one schema is one of another.

    `state`: `kept` (shown to be so), `broken` (`document` is one of the first and not of the second, for the reasons in
    `problems`), or `unknown`: neither could be shown.
    """

    state: str
    document: Json = None
    problems: Sequence[Problem] = ()


def compare(one: dict[str, Json], other: dict[str, Json]) -> Verdict:
    """Return whether what `one` allows, `other` allows too."""
    if included(one, other):
        return Verdict(state=KEPT)
    document = counterexample(one, other)
    if document is NOTHING:
        return Verdict(state=UNKNOWN)
    return Verdict(state=BROKEN, document=document, problems=checker(other).check(document, placeholders=False))


def narrowed(schema: dict[str, Json], needs: Sequence[str]) -> dict[str, Json]:
    """Return the schema of a reader who uses the fields `needs` (`ticket.queue`) and looks at no others."""
    paths = [tuple(need.split(".")) for need in needs]
    return {**_narrowed(schema, schema, paths), **{word: schema[word] for word in ("$defs",) if word in schema}}


def _narrowed(schema: Json, root: Json, paths: Sequence[tuple[str, ...]]) -> dict[str, Json]:
    found = resolve(schema, root)
    if not isinstance(found, Mapping) or "properties" not in found or () in paths:
        return dict(found) if isinstance(found, Mapping) else {}
    fields, required = found["properties"], found.get("required", ())
    below: dict[str, list[tuple[str, ...]]] = {}
    for name, *rest in paths:
        below.setdefault(name, []).append(tuple(rest))
    made: dict[str, Json] = {
        "properties": {name: _narrowed(fields.get(name, {}), root, rest) for name, rest in below.items()},
        "required": [name for name in below if name in required],
    }
    return {"type": found["type"], **made} if "type" in found else made


def unknown_needs(schema: dict[str, Json], needs: Sequence[str]) -> list[str]:
    """Return which fields a schema does not have."""
    return [need for need in needs if not _has(schema, schema, need.split("."))]


def _has(schema: Json, root: Json, path: Sequence[str]) -> bool:
    found = resolve(schema, root)
    if not path:
        return True
    if not isinstance(found, Mapping):
        return found is True
    name, *rest = path
    if name in found.get("properties", {}):
        return _has(found["properties"][name], root, rest)
    branches = [part for word in ("anyOf", "oneOf", "allOf") for part in found.get(word, ())]
    return any(_has(part, root, path) for part in branches)


def marks_lost(one: dict[str, Json], other: dict[str, Json]) -> list[tuple[str, str]]:
    """Return the fields that both have and whose mark (`x-pii: email`) the second does not carry any more."""
    before, after = dict(_marks(one, one, ())), dict(_marks(other, other, ()))
    return [
        (".".join(path), f"{mark}: {value}")
        for path, marks in before.items() if path in after
        for mark, value in marks.items() if after[path].get(mark) != value
    ]  # fmt: skip


def _marks(
    schema: Json, root: Json, path: tuple[str, ...], depth: int = 0
) -> Iterator[tuple[tuple[str, ...], dict[str, Json]]]:
    found = resolve(schema, root)
    if not isinstance(found, Mapping) or depth > 8:
        return
    own = {mark: found[mark] for mark in MARKS if mark in found}
    if isinstance(schema, Mapping):
        own |= {mark: schema[mark] for mark in MARKS if mark in schema}
    yield path, own
    for name, part in found.get("properties", {}).items():
        yield from _marks(part, root, (*path, name), depth + 1)
    if "items" in found:
        yield from _marks(found["items"], root, (*path, "*"), depth + 1)
