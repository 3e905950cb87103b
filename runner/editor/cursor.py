"""Where in a file a cursor stands: on the way through maps and lists to a key or a value.

Owns: that place, found in any text, and the expression around it. What may stand there is told by `shape` and `names`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from flowrun.editor.outline import MAX_TEXT, Part, Step, outline

MARKER = "\ue000"
"""Stands where the cursor is, so that an empty place is a place, too."""
_HEADER = re.compile(r"[|>][-+0-9]*[ \t]*(#[^\n]*)?\n")
_OPENED = re.compile(r"\$\{\{|\{%")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """One place. `way` leads from the top to the value (or to the map whose key is meant); `tree` is the whole file.

    `role` is `key`, `value`, or `either` where a text may become both. `start` is where the word before the cursor begins,
    `before` is that word; `value` is the value that stands or would stand here.
    """

    tree: Part
    way: tuple[Step, ...]
    role: str
    start: int
    offset: int
    before: str
    value: Part


def locate(text: str, offset: int) -> Cursor | None:
    """Return the place of a cursor that is about to write, or None where nothing of the file can stand: in a comment."""
    offset = max(0, min(offset, len(text)))
    if offset >= MAX_TEXT:
        return None
    return _find(outline(text[:offset] + MARKER + text[offset:]), text, offset, 1)


def pointed(text: str, offset: int) -> Cursor | None:
    """Return the place of what stands at an offset, or None between the words."""
    return _find(outline(text), text, offset, 0) if 0 <= offset < min(len(text), MAX_TEXT) else None


def _find(tree: Part, text: str, offset: int, marked: int) -> Cursor | None:
    way: list[Step] = []
    part = tree
    while True:
        if part.kind == "map":
            entry = next((e for e in part.entries if e.start <= offset < e.end), None)
            if entry is not None:
                way.append((part, entry.key.replace(MARKER, "")))
                before = text[entry.start : offset]
                return _made(tree, way, "key", entry.start, offset, before, entry.value)
            entry = next((e for e in part.entries if e.value.start <= offset < e.value.end), None)
            if entry is None:
                return None
            way.append((part, entry.key))
            lower = "\n" in text[entry.end : min(entry.value.start, offset)]
            part = entry.value
        elif part.kind == "list":
            index = next((i for i, item in enumerate(part.items) if item.start <= offset < item.end), None)
            if index is None:
                return None
            way.append((part, index))
            part, lower = part.items[index], True
        elif part.kind == "text" and part.start <= offset < part.end:
            lone = marked and part.style in ("plain", "bare") and "\n" not in text[part.start : offset]
            role = "either" if lone and (not way or lower) else "value"
            return _made(tree, way, role, part.start, offset, text[part.start : offset], part)
        else:
            return None


def _made(tree: Part, way: list[Step], role: str, start: int, offset: int, before: str, value: Part) -> Cursor:
    return Cursor(tree=tree, way=tuple(way), role=role, start=start, offset=offset, before=before, value=value)


def expression_before(cursor: Cursor, *, bare: bool) -> tuple[int, str] | None:
    """Return where the expression around a cursor begins, and its text up to the cursor; None where there is none.

    `bare`: the value is an expression as a whole.
    """
    written = cursor.before
    opened = [match for match in _OPENED.finditer(written)]
    if opened and not bare:
        last = opened[-1]
        inner = written[last.end() :]
        closing = "}}" if last.group().startswith("$") else "%}"
        if closing in inner:
            return None
        if closing == "%}":
            tag = re.match(r"-?\s*(if|elif|for\s+\w+\s+in)\s+", inner)
            return None if tag is None else (cursor.start + last.end() + tag.end(), inner[tag.end() :])
        return cursor.start + last.end(), inner
    if not bare:
        return None
    lead = 0
    header = _HEADER.match(written)
    if header is not None:
        lead = header.end()
    elif written[:1] in ("'", '"'):
        lead = 1
    return cursor.start + lead, written[lead:]
