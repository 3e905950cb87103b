"""The text of a document as an editor counts it, and as findings count it.

Owns: the way between both. Editors count lines from 0 and characters in UTF-16 units of the stored text; findings count from
1, in characters, without the byte order mark and with one sign for every end of a line. No meaning of the text lives here.
"""

from __future__ import annotations

from bisect import bisect_right

from flowrun.errors import Span
from flowrun.lang.edits import MARK
from flowrun.lang.source import Source

Position = tuple[int, int]
"""Line and UTF-16 character, both from 0."""
Range = tuple[Position, Position]


class Document:
    """One text. `text` is what findings and offsets are about: without the byte order mark, lines parted by `\\n`."""

    def __init__(self, file: str, stored: str) -> None:
        self.file = file
        self.marked = stored.startswith(MARK)
        self.text = stored.removeprefix(MARK).replace("\r\n", "\n").replace("\r", "\n")
        self.source = Source(file, self.text)

    def offset(self, line: int, character: int) -> int:
        """Return the offset of a position; one outside of the text becomes the nearest inside."""
        starts = self.source.starts
        if line < 0:
            return 0
        if line >= len(starts):
            return len(self.text)
        written = self.source.line(line + 1)
        units = max(0, character - (1 if self.marked and line == 0 else 0))
        if written.isascii():
            return starts[line] + min(units, len(written))
        for at, char in enumerate(written):
            if units <= 0:
                return starts[line] + at
            units -= 2 if ord(char) > 0xFFFF else 1
        return starts[line] + len(written)

    def position(self, offset: int) -> Position:
        """Return the position of an offset."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect_right(self.source.starts, offset) - 1
        return line, self._units(line, offset - self.source.starts[line])

    def range(self, start: int, end: int) -> Range:
        """Return the range of a stretch of the text."""
        return self.position(start), self.position(end)

    def span_range(self, span: Span) -> Range:
        """Return the range of a finding's place; the first character where it is about the whole file."""
        if span.line < 1:
            return (0, 0), (0, 0)
        return self._place(span.line, span.column), self._place(span.end_line, span.end_column)

    def span_offsets(self, span: Span) -> tuple[int, int]:
        """Return a finding's place as offsets."""
        if span.line < 1:
            return 0, 0
        return self._offset(span.line, span.column), self._offset(span.end_line, span.end_column)

    def _offset(self, line: int, column: int) -> int:
        starts = self.source.starts
        return len(self.text) if line > len(starts) else min(starts[line - 1] + column - 1, len(self.text))

    def _place(self, line: int, column: int) -> Position:
        if line > len(self.source.starts):
            return self.position(len(self.text))
        return self.position(self._offset(line, column))

    def _units(self, line: int, length: int) -> int:
        before = self.source.line(line + 1)[:length]
        extra = 0 if before.isascii() else sum(ord(char) > 0xFFFF for char in before)
        return len(before) + extra + (1 if self.marked and line == 0 else 0)
