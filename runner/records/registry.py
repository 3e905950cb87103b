"""Where record schemas are found: `NAME/vN.json` in the workspace's folders, then among the bundled ones.

Owns: the lookup, and the errors of schema files, each with its place in the file. A found schema is valid
JSON Schema 2020-12. Files are only read; checking values is `validation`'s part.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import flowrun.schemas
from flowrun.errors import ConfigError
from flowrun.records.validation import schema_problem
from flowrun.words import t

Json = Any

_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_FILE = re.compile(r"v([1-9][0-9]{0,5})\.json")
_SPACE = " \t\r\n"
MAX_FILE_BYTES = 1_000_000


class Registry:
    """Record schemas by name and version. `folders` come first, in their order; the bundled schemas come
    last.

    A schema is read once; make a new registry to see changed files. `stored`: bytes to read in place of those on the disk.
    """

    def __init__(self, folders: Sequence[Path] = (), stored: Mapping[str, bytes] | None = None) -> None:
        self._stored = stored or {}
        self._folders = [*folders, bundled()]
        self._known: dict[tuple[str, int], dict[str, Json] | None] = {}

    def get(self, name: str, version: int) -> dict[str, Json] | None:
        """Return the schema, or None where there is none. Raises `ConfigError` (FR2010) for a broken file."""
        key = (name, version)
        if key not in self._known:
            path = self.path(name, version)
            self._known[key] = None if path is None else read_schema(path, self._stored.get(str(path)))
        return self._known[key]

    def path(self, name: str, version: int) -> Path | None:
        """Return the file that `get` reads, or None."""
        if not _NAME.fullmatch(name):
            return None
        for folder in self._folders:
            path = folder / name / f"v{version}.json"
            if path.is_file():
                return path
        return None

    def names(self) -> list[tuple[str, int]]:
        """Return every (name, version), sorted."""
        found: set[tuple[str, int]] = set()
        for folder in self._folders:
            if not folder.is_dir():
                continue
            for path in folder.glob("*/v*.json"):
                version = _FILE.fullmatch(path.name)
                if version and _NAME.fullmatch(path.parent.name) and path.is_file():
                    found.add((path.parent.name, int(version[1])))
        return sorted(found)

    def latest(self, name: str) -> int | None:
        """Return the highest version of a name, or None where there is none."""
        return max((version for known, version in self.names() if known == name), default=None)


def bundled() -> Path:
    """Return the folder of the bundled record schemas."""
    return Path(flowrun.schemas.__file__).parent / "records"


def read_schema(path: Path, stored: bytes | None = None) -> dict[str, Json]:
    """Read one schema file, or `stored` in its place. Raises `ConfigError` (FR2010) with file, line and column."""
    try:
        raw = path.read_bytes() if stored is None else stored
    except OSError as error:
        raise ConfigError(
            t("{path}: cannot be read: {strerror}", path=path, strerror=error.strerror), code="FR2010"
        ) from None
    if len(raw) > MAX_FILE_BYTES:
        raise ConfigError(
            t(
                "{path}: a schema file may have at most {max_file_bytes} kB",
                path=path,
                max_file_bytes=MAX_FILE_BYTES // 1000,
            ),
            code="FR2010",
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(
            t("{path}: is not UTF-8 text (byte {start})", path=path, start=error.start), code="FR2010"
        ) from None
    try:
        schema = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise ConfigError(
            t(
                "{path}:{lineno}:{colno}: this is not valid JSON: {msg}",
                path=path,
                lineno=error.lineno,
                colno=error.colno,
                msg=error.msg,
            ),
            code="FR2010",
            help=t("Look at this place for a missing comma, quote or bracket."),
        ) from None
    except _Twice as error:
        line, column = _second(text, error.name)
        raise ConfigError(
            t(
                "{path}:{line}:{column}: the field {error} stands here twice",
                path=path,
                line=line,
                column=column,
                error=repr(error.name),
            ),
            code="FR2010",
        ) from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            t("{path}:1:1: this is not valid JSON: {error}", path=path, error=error), code="FR2010"
        ) from None
    problem = schema_problem(schema)
    if problem is not None:
        line, column = locate(text, problem[0])
        raise ConfigError(
            t(
                "{path}:{line}:{column}: this is not a valid JSON Schema (2020-12): {problem}",
                path=path,
                line=line,
                column=column,
                problem=problem[1],
            ),
            code="FR2010",
        )
    checked: dict[str, Json] = schema
    return checked


def locate(text: str, pointer: str) -> tuple[int, int]:
    """Return line and column (from 1) of the value at a JSON Pointer in valid JSON text; of its parent if
    missing.
    """
    decoder = json.JSONDecoder()
    place = _skip(text, 0)
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        below = _member(decoder, text, place, name)
        if below is None:
            break
        place = below
    return _line_column(text, place)


def _member(decoder: json.JSONDecoder, text: str, place: int, name: str) -> int | None:
    """Return where the member `name` of the object or list at `place` begins."""
    if text[place] not in "{[":
        return None
    is_object = text[place] == "{"
    at = _skip(text, place + 1)
    index = 0
    while text[at] not in "}]":
        key: Json = str(index)
        if is_object:
            key, at = decoder.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)
        if key == name:
            return at
        _, at = decoder.raw_decode(text, at)
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
        index += 1
    return None


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _line_column(text: str, at: int) -> tuple[int, int]:
    return text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1


class _Twice(Exception):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise _Twice(name)
            seen.add(name)
    return found


def _second(text: str, name: str) -> tuple[int, int]:
    """The parser gives no place; the last occurrence of the name as a key is the second one or a later
    one.
    """
    places = [match.start() for match in re.finditer(re.escape(json.dumps(name)) + r"\s*:", text)]
    return _line_column(text, places[-1] if places else 0)


def _no_constant(name: str) -> Json:
    raise ValueError(f"{name} is not a JSON number")
