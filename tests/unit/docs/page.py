"""A page of the documentation as its blocks, each with the notes that stand above it.

Owns: how a page is read. What is done with a block is `reader`'s part.

A note is a comment in a line of its own, which no reader sees; CONTRIBUTING.md lists the kinds. A note without a text, or of an
unknown kind, is an error: a mark that nobody understands would hide a block.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

KINDS = ("starts", "first", "not run", "ends with", "file", "put")
_NOTE = re.compile(r"<!--\s*([a-z ]+?)\s*:\s*(.*?)\s*-->\s*$")
_OPEN = re.compile(r"(```+)([\w-]*)[ ]?(\S*)\s*$")


@dataclass(frozen=True, kw_only=True)
class Block:
    """One block of a page: its language, the name of the file that it shows ("" for none), and its notes by kind."""

    language: str
    name: str
    text: str
    line: int
    notes: dict[str, list[str]]

    def note(self, kind: str) -> str | None:
        """Return the text of the only note of a kind, None where there is none."""
        return (self.notes.get(kind) or [None])[-1]


@dataclass(frozen=True, kw_only=True)
class Page:
    """The blocks of a page in order, and how the reader's workspace begins."""

    path: str
    starts: str
    blocks: tuple[Block, ...]


def read(path: Path) -> Page:
    """Read a page of this project; ValueError where a note or a block is written wrongly."""
    return parse(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())


def parse(text: str, path: str) -> Page:
    """Read the text of a page; ValueError where a note or a block is written wrongly."""
    lines = text.splitlines()
    blocks: list[Block] = []
    notes: dict[str, list[str]] = {}
    starts = "support_to_ticket"
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if line.startswith("<!--"):
            kind, said = _note(line, f"{path}:{at}")
            if kind == "starts":
                starts = said
            elif kind:
                notes.setdefault(kind, []).append(said)
        elif opened := _OPEN.match(line):
            fence, language, name = opened.groups()
            end = next((n for n in range(at, len(lines)) if lines[n].strip() == fence), None)
            if end is None or not language:
                raise ValueError(f"{path}:{at}: a block needs a language and an end")
            body = "".join(f"{part}\n" for part in lines[at:end])
            blocks.append(Block(language=language, name=name, text=body, line=at, notes=notes))
            notes, at = {}, end + 1
        elif line.strip() and notes:
            raise ValueError(f"{path}:{at}: a note stands right above its block")
    return Page(path=path, starts=starts, blocks=tuple(blocks))


def _note(line: str, place: str) -> tuple[str, str]:
    found = _NOTE.match(line)
    if found is None or found[1] not in KINDS:
        if line.startswith("<!-- Made by "):  # the head of a generated page
            return "", ""
        raise ValueError(f"{place}: a note is one of {', '.join(KINDS)}, each with `: TEXT`")
    if not found[2]:
        raise ValueError(f"{place}: `{found[1]}` needs a text")
    return found[1], found[2]
