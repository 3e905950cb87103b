"""Data that people hand in: files, standard input and JSON on the command line.

Owns: reading it, bounded in size, with one clear line for each thing that can be wrong. Whether the data fit a schema is
decided elsewhere.
"""

from __future__ import annotations

import stat
import sys
from pathlib import Path
from typing import Any

import msgspec

from flowrun.errors import InputError
from flowrun.lang.document import compose, plain
from flowrun.lang.source import Source

Json = Any
MAX_BYTES = 1_000_000
CODE = "FR3011"


def read_document(source: str) -> Json:
    """Return the JSON or YAML of a file, or of standard input for `-`. Raises `InputError` (FR3011)."""
    name = "standard input" if source == "-" else source
    data = read_stdin() if source == "-" else read_file(Path(source), MAX_BYTES)
    return parse(name, text_of(name, data))


def read_data(text: str) -> Json:
    """Return what `--data` says: JSON, `@FILE`, or `-` for standard input."""
    if text == "-" or text.startswith("@"):
        return read_document(text.removeprefix("@"))
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as error:
        raise InputError(
            f"--data is not valid JSON: {error}.",
            help="""A text needs its own quotes: --data '"yes"'. A file: --data @answer.json""",
            code=CODE,
        ) from None


def read_lines(source: str) -> list[tuple[int, Json]]:
    """Return the values of a JSON Lines file with their line numbers; blank lines are left out."""
    name = "standard input" if source == "-" else source
    data = sys.stdin.buffer.read() if source == "-" else read_file(Path(source), None)
    values: list[tuple[int, Json]] = []
    for number, line in enumerate(text_of(name, data).split("\n"), 1):
        if not line.strip():
            continue
        if len(line) > MAX_BYTES:
            raise InputError(f"{name}:{number}: a line may have at most 1 MB.", code=CODE)
        try:
            values.append((number, msgspec.json.decode(line)))
        except (msgspec.DecodeError, RecursionError) as error:
            raise InputError(
                f"{name}:{number}: this is not valid JSON: {error}.", help="Write one JSON value a line.", code=CODE
            ) from None
    if not values:
        raise InputError(f"{name} has no input in it.", help="Write one JSON value a line.", code=CODE)
    return values


def read_file(path: Path, limit: int | None) -> bytes:
    """Return a file's bytes; never more than `limit`."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputError(f"{path} is a folder.", help="Name a JSON or YAML file in it.", code=CODE)
        if limit is not None and status.st_size > limit:
            raise too_large(str(path))
        with path.open("rb") as stream:
            data = stream.read() if limit is None else stream.read(limit + 1)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.", help="Check the name and the folder.", code=CODE) from None
    except PermissionError:
        raise InputError(f"{path} may not be read: no permission.", code=CODE) from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.", code=CODE) from None
    if limit is not None and len(data) > limit:
        raise too_large(str(path))
    return data


def read_stdin() -> bytes:
    """Return what standard input holds."""
    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise too_large("standard input")
    return data


def too_large(name: str) -> InputError:
    """Return the error for an input above the limit."""
    return InputError(f"{name} is larger than 1 MB.", help="Hand in a reference to large data instead.", code=CODE)


def text_of(name: str, data: bytes) -> str:
    """Return bytes as text."""
    if b"\x00" in data:
        raise InputError(f"{name} is a binary file, not text.", help="Give JSON or YAML.", code=CODE)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"{name}:{line}: this is not UTF-8 text.", help="Save it as UTF-8.", code=CODE) from None


def parse(name: str, text: str) -> Json:
    """Return the value of JSON or YAML text."""
    if not text.strip():
        raise InputError(f"{name} is empty.", help="Give JSON or YAML.", code=CODE)
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        if name.endswith(".json"):
            raise InputError(f"{name}: this is not valid JSON: {error}.", code=CODE) from None
    tree, findings = compose(Source(name, text.replace("\r\n", "\n").replace("\r", "\n")))
    wrong = next((found for found in findings if found.severity == "error"), None)
    if wrong is not None:
        raise InputError(f"{wrong.span}: {wrong.message}", help=wrong.help, code=CODE)
    return None if tree is None else plain(tree)
