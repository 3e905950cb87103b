"""Changes of a text by place: the usual ones, and carrying them out.

Owns: `Edit`s for whole lines, and `apply`, which changes nothing outside of what it is given: line ends, the byte order
mark, comments and blank lines stay. Which changes are wanted is the findings' part.
"""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flowrun.errors import Edit, Span

_LINE_END = re.compile("\r\n|\r|\n")
MARK = "\ufeff"
"""The byte order mark, which some editors put before the first character."""


def insert(span: Span, text: str) -> Edit:
    """Return the change that puts a text before the first character of a place."""
    return Edit(Span(span.file, span.line, span.column, span.line, span.column), text)


def insert_line(file: str, number: int, text: str) -> Edit:
    """Return the change that makes `text` the line of that number; the line that is there now moves down."""
    return Edit(Span(file, number, 1, number, 1), text + "\n")


def delete_lines(span: Span) -> Edit:
    """Return the change that takes away every line that a place touches."""
    last = span.end_line if span.end_column > 1 or span.end_line == span.line else span.end_line - 1
    return Edit(Span(span.file, span.line, 1, last + 1, 1), "")


class Layout:
    """Where the lines of a text begin, however their ends are stored. Lines and columns are those of a `Source`."""

    def __init__(self, text: str) -> None:
        self.text = text
        ends = list(_LINE_END.finditer(text))
        first = 1 if text.startswith(MARK) else 0
        self.starts = [first, *(match.end() for match in ends)]
        self.ends = [match.start() for match in ends]
        self.newline = ends[0].group() if ends else "\n"

    def line(self, number: int) -> str:
        """Return a line by its number from 1, without its end; empty outside of the text."""
        if not 1 <= number <= len(self.starts):
            return ""
        return self.text[self.starts[number - 1] : self.ends[number - 1] if number <= len(self.ends) else None]

    def line_of(self, offset: int) -> int:
        """Return the number of the line in which a character stands."""
        return max(1, bisect.bisect_right(self.starts, offset))

    def range(self, span: Span) -> tuple[int, int]:
        """Return the stretch of the text that a place names; ValueError where it is outside of the text."""
        return self._offset(span.line, span.column), self._offset(span.end_line, span.end_column)

    def _offset(self, line: int, column: int) -> int:
        if line == len(self.starts) + 1 and column == 1:
            return len(self.text)
        if not 1 <= line <= len(self.starts) or column < 1:
            raise ValueError(f"there is no line {line}, column {column}")
        end = self.ends[line - 1] if line <= len(self.ends) else len(self.text)
        at = self.starts[line - 1] + column - 1
        # One place after the line is the next line: a line's end is one character, however it is stored.
        return at if at <= end else self.starts[line] if line < len(self.starts) else len(self.text)


@dataclass(frozen=True, slots=True)
class Applied:
    """A changed text, for each group of changes whether it was carried out, and the changes as offsets in the old text."""

    text: str
    done: list[bool]
    changes: list[tuple[int, int, str]]

    def moved(self, offset: int) -> int:
        """Return where a character of the old text stands now; one that is gone, where it stood."""
        for start, end, written in reversed(self.changes):
            if end <= offset and start < offset:
                offset += len(written) - (end - start)
            elif start < offset:
                offset = start
        return offset


def apply(text: str, groups: Iterable[Sequence[Edit]]) -> Applied:
    """Carry out groups of changes.

    A group is carried out whole or not at all: not where it overlaps an earlier one, or names a place outside of the text.
    """
    layout = Layout(text)
    taken: list[tuple[int, int, str]] = []
    done: list[bool] = []
    for group in groups:
        new = _placed(layout, group)
        free = bool(new) and not _overlap([*taken, *new])
        if free:
            taken += new
        done.append(free)
    taken.sort()
    for start, end, written in reversed(taken):
        text = text[:start] + written + text[end:]
    return Applied(text, done, taken)


def _placed(layout: Layout, group: Sequence[Edit]) -> list[tuple[int, int, str]]:
    placed = []
    for edit in group:
        try:
            start, end = layout.range(edit.span)
        except ValueError:
            return []
        if end < start:
            return []
        written = edit.text.replace("\n", layout.newline)
        if start == len(layout.text) and edit.span.line > len(layout.starts) and written:
            # Behind a last line that has no end, the new line begins with one instead.
            written = layout.newline + written.removesuffix(layout.newline)
        placed.append((start, end, written))
    return placed


def _overlap(placed: list[tuple[int, int, str]]) -> bool:
    """Whether two changes touch the same characters, or stand at the same place, so that their order would matter."""
    ordered = sorted(placed)
    return any(b[0] < a[1] or b[0] == a[0] for a, b in itertools.pairwise(ordered))
