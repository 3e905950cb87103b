"""Data that people hand in: files, standard input and JSON on the command line.

Owns: reading it, bounded in size, with one clear line for each thing that can be wrong. Whether the data fit a schema is
decided elsewhere.
"""

from __future__ import annotations

import stat
import sys
from pathlib import Path
from typing import Any

from flowrun.cli.json_text import NotJson, read_json
from flowrun.errors import InputError
from flowrun.lang.document import compose, plain
from flowrun.lang.source import Source
from flowrun.words import mark, t

Json = Any
MAX_BYTES = 1_000_000
CODE = "FR3011"
STDIN = mark("standard input")


def read_document(source: str) -> Json:
    """Return the JSON or YAML of a file, or of standard input for `-`. Raises `InputError` (FR3011)."""
    name = t(STDIN) if source == "-" else source
    data = read_stdin() if source == "-" else read_file(Path(source), MAX_BYTES)
    return parse(name, text_of(name, data))


def read_data(text: str) -> Json:
    """Return what `--data` says: JSON, `@FILE`, or `-` for standard input."""
    if text == "-" or text.startswith("@"):
        return read_document(text.removeprefix("@"))
    try:
        return read_json(text)
    except NotJson as error:
        own = t("A text needs its own quotes: --data '\"yes\"'. A file: --data @answer.json")
        raise InputError(error.within("--data"), help=error.help if error.sure else own, code=CODE) from None


def read_lines(source: str) -> list[tuple[int, Json]]:
    """Return the values of a JSON Lines file with their line numbers; blank lines are left out."""
    name = t(STDIN) if source == "-" else source
    data = sys.stdin.buffer.read() if source == "-" else read_file(Path(source), None)
    values: list[tuple[int, Json]] = []
    for number, line in enumerate(text_of(name, data).split("\n"), 1):
        if not line.strip():
            continue
        if len(line) > MAX_BYTES:
            raise InputError(t("{name}:{number}: a line may have at most 1 MB.", name=name, number=number), code=CODE)
        try:
            values.append((number, read_json(line)))
        except NotJson as error:
            where = f"{name}:{number}:{error.column}" if error.column else f"{name}:{number}"
            help = error.help if error.sure else t("Write one JSON value a line.")
            raise InputError(f"{where}: {error.what}", help=help, code=CODE) from None
    if not values:
        raise InputError(t("{name} has no input in it.", name=name), help=t("Write one JSON value a line."), code=CODE)
    return values


def read_file(path: Path, limit: int | None) -> bytes:
    """Return a file's bytes; never more than `limit`."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputError(t("{path} is a folder.", path=path), help=t("Name a JSON or YAML file in it."), code=CODE)
        if limit is not None and status.st_size > limit:
            raise too_large(str(path))
        with path.open("rb") as stream:
            data = stream.read() if limit is None else stream.read(limit + 1)
    except FileNotFoundError:
        raise InputError(
            t("{path} does not exist.", path=path), help=t("Check the name and the folder."), code=CODE
        ) from None
    except PermissionError:
        raise InputError(
            t("{path} may not be read: no permission.", path=path),
            help=t("Give yourself the right to read it, or copy it."),
            code=CODE,
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(
            t("{path} cannot be read: {why}.", path=path, why=getattr(error, "strerror", None) or error), code=CODE
        ) from None
    if limit is not None and len(data) > limit:
        raise too_large(str(path))
    return data


def read_stdin() -> bytes:
    """Return what standard input holds."""
    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise too_large(t(STDIN))
    return data


def too_large(name: str) -> InputError:
    """Return the error for an input above the limit."""
    return InputError(
        t("{name} is larger than 1 MB.", name=name), help=t("Hand in a reference to large data instead."), code=CODE
    )


def text_of(name: str, data: bytes) -> str:
    """Return bytes as text."""
    if b"\x00" in data:
        raise InputError(t("{name} is not a text file.", name=name), help=t("Give JSON or YAML."), code=CODE)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            t("{name}:{line}: this is not UTF-8 text.", name=name, line=line), help=t("Save it as UTF-8."), code=CODE
        ) from None


def parse(name: str, text: str) -> Json:
    """Return the value of JSON or YAML text."""
    if not text.strip():
        raise InputError(t("{name} is empty.", name=name), help=t("Give JSON or YAML."), code=CODE)
    try:
        return read_json(text)
    except NotJson as error:
        bad = InputError(error.within(name), help=error.help, code=CODE)
        if error.sure or name.endswith(".json"):
            raise bad from None
    tree, findings = compose(Source(name, text.replace("\r\n", "\n").replace("\r", "\n")))
    wrong = next((found for found in findings if found.severity == "error"), None)
    if wrong is not None:
        if name == t(STDIN) and text.lstrip()[0] in "{[":
            raise bad  # it was meant as JSON
        raise InputError(f"{wrong.span}: {wrong.message}", help=wrong.help, code=CODE)
    return None if tree is None else plain(tree)
