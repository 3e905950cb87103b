"""What commands print with: results on stdout, progress and errors on stderr.

Owns: JSON for programs, text and tables for people (rich on a terminal, plain in a pipe, NO_COLOR honoured),
the log of a defect, and making text from outside harmless. rich is imported only when something is printed to
a terminal. No command's logic and no wording of a command may live here.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TextIO

import click
import msgspec

from flowrun.words import t

if TYPE_CHECKING:
    from rich.console import Console

# Control characters can rewrite a terminal, and direction marks can make an approver read other arguments
# than the ones that will be sent; tab and newline are harmless.
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")

IDS = {"run", "record"}
"""Columns of a table that hold ids."""


def plain(text: str) -> str:
    """Return `text`, which anybody may have written, with control and direction characters as `\\x1b`."""
    return _UNSAFE.sub(lambda match: ascii(match.group())[1:-1], text)


def is_terminal(stream: TextIO) -> bool:
    """Whether a person watches this stream."""
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def print_json(value: Any) -> None:
    """Print a value (JSON data, dataclass or msgspec.Struct) as indented JSON on stdout."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def print_json_line(value: Any) -> None:
    """Print a value as one line of JSON Lines on stdout."""
    click.echo(msgspec.json.encode(value).decode())


def say(text: str = "", *, style: str | None = None) -> None:
    """Print text on stdout; `style` (a rich style such as "bold" or "red") shows on a terminal only."""
    _print(sys.stdout, text, style)


def note(text: str, *, style: str | None = "dim") -> None:
    """Print a line of progress or advice on stderr."""
    _print(sys.stderr, text, style)


def error_line(text: str) -> None:
    """Print an error on stderr; a stderr that nobody reads any more is ignored."""
    with contextlib.suppress(OSError, ValueError):
        click.echo(plain(text), err=True)


def table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows on stdout: a table on a terminal, aligned columns in a pipe. None is an empty cell."""
    cells = [["" if cell is None else plain(str(cell)) for cell in row] for row in rows]
    if is_terminal(sys.stdout):
        from rich import box
        from rich.table import Table
        from rich.text import Text

        grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for header in headers:
            # An id is for copying: a narrow terminal folds the texts beside it and never cuts it.
            grid.add_column(header, overflow="fold", no_wrap=header in IDS)
        for row in cells:
            grid.add_row(*(Text(cell) for cell in row))
        _console(sys.stdout).print(grid)
        return
    lines = [list(headers), *([cell.replace("\n", " ") for cell in row] for row in cells)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headers))]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


@contextlib.contextmanager
def progress(text: str) -> Iterator[None]:
    """Show on stderr, while the block runs, what is going on: a spinner on a terminal, one line elsewhere."""
    if not is_terminal(sys.stderr):
        click.echo(plain(text), err=True)
        yield
        return
    from rich.text import Text

    with _console(sys.stderr).status(Text(plain(text))):
        yield


def forget_stdout() -> None:
    """Send the rest of stdout nowhere, so that Python does not complain about a closed pipe at its end."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def write_log(error: BaseException, *, version: str, harmless: Callable[[str], str] = str) -> str | None:
    """Write an unexpected error's traceback to a file that only its owner can read, and return its path.

    Arguments and values are left out: they may be a customer's; `harmless` takes secrets out of the rest. None where no
    file could be written.
    """
    try:
        handle, path = tempfile.mkstemp(prefix="flowrun-error-", suffix=".log")
        with os.fdopen(handle, "w", encoding="utf-8") as log:
            log.write(
                t(
                    "flowrun {version}, Python {python_version}, {platform}\n\n",
                    version=version,
                    python_version=platform.python_version(),
                    platform=platform.platform(),
                )
            )
            log.write(harmless("".join(traceback.format_exception(error))))
    except OSError:
        return None
    return path


def _print(stream: TextIO, text: str, style: str | None) -> None:
    if style is None or not is_terminal(stream):
        click.echo(plain(text), file=stream)
        return
    from rich.text import Text

    _console(stream).print(Text(plain(text), style=style), soft_wrap=True)


def _console(stream: TextIO) -> Console:
    from rich.console import Console

    return Console(file=stream, highlight=False, emoji=False, markup=False)
