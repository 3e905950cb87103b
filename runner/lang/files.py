"""Opening the files of the flow language.

Owns: the one place where this room touches the disk, bounded in size and with one clear line for each thing that can be
wrong with a path. What the bytes mean is in `source`.
"""

from __future__ import annotations

import stat
from pathlib import Path

from flowrun.errors import FlowError, InputError
from flowrun.lang.reading import closest
from flowrun.lang.source import MAX_BYTES, Source, decode, too_large
from flowrun.words import t


def find_file(path: str | Path, suffix: str = ".flow.yaml") -> Path:
    """Return the file that is meant: the path itself, or the only `*SUFFIX` in the folder that it names.

    Raises InputError where there is none, or where there are several.
    """
    given = Path(path)
    try:
        mode = given.stat().st_mode
    except OSError as error:
        raise _cannot(given, error) from None
    if not stat.S_ISDIR(mode):
        return given
    try:
        inside = sorted(item for item in given.iterdir() if item.name.endswith(suffix))
    except OSError as error:
        raise _cannot(given, error) from None
    if len(inside) == 1:
        return inside[0]
    if not inside:
        raise InputError(
            t("{given} is a folder without a *{suffix}.", given=given, suffix=suffix),
            code="FR3001",
            help=t("Name the file, or another folder."),
        )
    listed = ", ".join(item.name for item in inside[:10])
    raise InputError(
        t("{given} is a folder with {count} files *{suffix}.", given=given, count=len(inside), suffix=suffix),
        code="FR3001",
        help=t("Name one of them: {listed}.", listed=listed),
    )


def matching(root: Path, pattern: str) -> list[Path]:
    """Return the files that a path or pattern of a `flowrun.yaml` in `root` names, sorted; none where there are none."""
    try:
        found = [Path(pattern)] if Path(pattern).is_absolute() else sorted(root.glob(pattern))
        return [file for file in found if file.is_file()]
    except (OSError, ValueError, NotImplementedError):
        return []


def load_bytes(path: str | Path, suffix: str = ".flow.yaml") -> tuple[str, bytes]:
    """Return the name of the file that is meant, as given, and its bytes; never more than `MAX_BYTES`.

    Raises InputError for a path that cannot be read, FlowError for a file that is too large.
    """
    file = find_file(path, suffix)
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            raise InputError(t("{file} is not a file.", file=file), code="FR3001", help=t("Name a YAML text file."))
        if status.st_size > MAX_BYTES:
            raise FlowError([too_large(str(file), status.st_size)])
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise _cannot(file, error) from None
    return str(file), data


def read_source(path: str | Path, suffix: str = ".flow.yaml") -> Source:
    """Return the text of a file; raises as `load_bytes`, and FlowError where the bytes are no text."""
    return source_of(*load_bytes(path, suffix))


def source_of(file: str, data: bytes) -> Source:
    """Return the text of a file's bytes. Raises FlowError where they are no text."""
    source = decode(file, data)
    if isinstance(source, list):
        raise FlowError(source)
    return source


def _cannot(path: Path, error: OSError) -> InputError:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        try:
            siblings = [item.name for item in path.parent.iterdir()]
        except OSError:
            siblings = []
        guess = closest(path.name, siblings)
        return InputError(
            t("{path} does not exist.", path=path),
            code="FR3001",
            help=t("Did you mean {with_name}?", with_name=path.with_name(guess))
            if guess
            else t("Check the name and the folder."),
        )
    if isinstance(error, PermissionError):
        return InputError(
            t("{path} may not be read: no permission.", path=path),
            code="FR3001",
            help=t("Ask for the right to read it."),
        )
    reason = error.strerror or type(error).__name__
    return InputError(t("{path} cannot be read: {reason}.", path=path, reason=reason.lower()), code="FR3001")
