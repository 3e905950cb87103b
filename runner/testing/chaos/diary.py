"""What the world of a test remembers when a process is killed: a file with one line for each thing that happened.

Owns: the file and the form of its lines. A line is handed to the system in one write, so that a kill loses whole lines or none.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

Json = Any
BOUNDARY, CALL, TOOK, EFFECT, OUTPUT, MODEL, DECIDING = (
    "boundary", "call", "took", "effect", "output", "model", "deciding"
)  # fmt: skip
DELIVERED, CLOCK, UNTIL, IDS, AGAIN, PROBLEM = "delivered", "clock", "until", "ids", "again", "problem"


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened. `name` is a tool, a step or a kind of boundary; `place` counts from 0."""

    kind: str
    name: str = ""
    key: str = ""
    path: str = ""
    place: int = 0
    args: dict[str, Json] = {}
    value: Json = None


class Diary:
    """The lines of one world, this process's and those of the ones before it."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(os.dup(self._file), "rb") as file:
            self.lines = msgspec.json.decode(b"[" + b",".join(file.read().splitlines()) + b"]", type=list[Line])
        self.before = len(self.lines)
        """How many lines processes before this one wrote."""

    def add(self, line: Line) -> None:
        """Write a line."""
        self.lines.append(line)
        os.write(self._file, msgspec.json.encode(line) + b"\n")

    def of(self, *kinds: str) -> list[Line]:
        """Return the lines of these kinds, in order."""
        return [line for line in self.lines if line.kind in kinds]

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)
