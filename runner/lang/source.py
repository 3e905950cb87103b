"""The text of one file and the places in it.

Owns: turning bytes into text (UTF-8, a byte order mark is allowed) and offsets into lines and columns. Nothing here
opens a file (`files` does) or knows YAML.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field

from flowrun.errors import Diagnostic, Span
from flowrun.lang.codes import diagnostic
from flowrun.words import t

MAX_BYTES = 1_000_000
"""Largest file that is read, in bytes. A file is checked against it before it is opened."""

_UNPRINTABLE = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"


@dataclass(frozen=True, slots=True)
class Source:
    """A file's name and its text, with `\\n` between lines however they were stored."""

    file: str
    text: str
    starts: tuple[int, ...] = field(init=False, repr=False, compare=False)
    """Offset of the first character of each line."""

    def __post_init__(self) -> None:
        starts = [0]
        starts.extend(match.end() for match in re.finditer("\n", self.text))
        object.__setattr__(self, "starts", tuple(starts))

    def position(self, offset: int) -> tuple[int, int]:
        """Return line and column of a character, both from 1."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def span(self, start: int, end: int) -> Span:
        """Return the place of `text[start:end]`; an empty stretch becomes one character wide."""
        end = max(end, start + 1)
        starts = self.starts
        line = bisect_right(starts, start)
        begins = starts[line - 1]
        if line == len(starts) or end < starts[line]:
            return Span(self.file, line, start - begins + 1, line, end - begins + 1)
        end_line, end_column = self.position(end)
        return Span(self.file, line, start - begins + 1, end_line, end_column)

    def line(self, number: int) -> str:
        """Return a line by its number from 1, without its end; empty outside the file."""
        if not 1 <= number <= len(self.starts):
            return ""
        end = self.starts[number] - 1 if number < len(self.starts) else len(self.text)
        return self.text[self.starts[number - 1] : end]


def decode(file: str, data: bytes) -> Source | list[Diagnostic]:
    """Return the text of a file's bytes, or the findings that say why it is no text."""
    whole = Span(file)
    if len(data) > MAX_BYTES:
        return [too_large(file, len(data))]
    if b"\x00" in data:
        return [
            diagnostic(
                "binary-file",
                t("{file} is not a text file.", file=file),
                whole,
                help=t("Give a YAML text file. If an editor made it, save it again as UTF-8."),
            )
        ]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return [
            diagnostic(
                "not-utf8",
                t("Line {line} holds signs that cannot be read: the file is not saved as UTF-8.", line=line),
                Span(file, line, 1, line, 2),
                help=t("Save the file again with the encoding UTF-8."),
            )
        ]
    source = Source(file, text.replace("\r\n", "\n").replace("\r", "\n"))
    # Compiled only for the rare text that Python calls unprintable: the pattern costs more than most files.
    plain = source.text.replace("\n", "").isprintable()
    bad = None if plain else re.search(_UNPRINTABLE, source.text)
    if bad is not None:
        return [
            diagnostic(
                "control-character",
                t("The invisible character U+{ord} may not stand in a YAML file.", ord=f"{ord(bad.group()):04X}"),
                source.span(bad.start(), bad.end()),
                help=t("Delete it; it usually comes from copying out of another program."),
            )
        ]
    return source


def too_large(file: str, size: int) -> Diagnostic:
    """Return the finding for a file above `MAX_BYTES`; `size` in bytes."""
    return diagnostic(
        "file-too-large",
        t(
            "{file} has {size} MB; files of the flow language have at most {max_bytes} MB.",
            file=file,
            size=f"{size / 1000000.0:.1f}",
            max_bytes=f"{MAX_BYTES / 1000000.0:.0f}",
        ),
        Span(file),
        help=t("Keep data in inputs or tables of the workspace, and texts in tools."),
    )
