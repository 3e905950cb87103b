"""A tolerant reading of YAML: what a text that is being typed says so far.

Owns: `outline`, which gives a tree for every text, right or wrong; for a right one it is the tree of `lang.document`. It
goes by lines and indentation, so a mistake spoils its own place and no other. What is wrong is never said here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MAX_DEPTH = 60
MAX_TEXT = 400_000
"""Characters that are looked at; a longer text is cut."""

_KEY = re.compile(
    r"""(?P<quoted>"(?:[^"\\\n]|\\.)*"|'(?:[^'\n]|'')*')\s*:(?=[ \t]|$)"""
    r"""|(?P<plain>[^\s\#"'\[\]{},&*!|>%@`-][^\n]*?|-[^\s][^\n]*?)\s*:(?=[ \t]|$)""",
    re.MULTILINE,
)
_PROPERTY = re.compile(r"[&!][^\s,\[\]{}]*[ \t]+")
_BLOCK = re.compile(r"[|>][-+0-9]*[ \t]*(#[^\n]*)?$", re.MULTILINE)
_COMMENT = re.compile(r"[ \t]#")


@dataclass(slots=True, eq=False)
class Part:
    """One value. `kind` is `map`, `list`, `text` or `none` (nothing written yet); `text` is as written, without quotes."""

    kind: str
    start: int
    end: int
    text: str = ""
    style: str = "plain"
    entries: list[Entry] = field(default_factory=list)
    items: list[Part] = field(default_factory=list)

    def get(self, key: str) -> Part | None:
        """Return the value of a key, or None."""
        return next((entry.value for entry in self.entries if entry.key == key), None)

    def word(self, key: str) -> str:
        """Return the text of a key's value; empty where there is none."""
        found = self.get(key)
        return found.text if found is not None and found.kind == "text" else ""

    def names(self) -> list[str]:
        """Return the keys of a map in file order."""
        return [entry.key for entry in self.entries]


@dataclass(slots=True, eq=False)
class Entry:
    """A key of a map with its place, and its value."""

    key: str
    start: int
    end: int
    value: Part


Step = tuple[Part, str | int]
"""On the way to a value: the map or list, and the key or position in it."""


def outline(text: str) -> Part:
    """Return the tree of a text; never raises."""
    return _Outline(text[:MAX_TEXT]).read()


def unquoted(text: str) -> str:
    """Return what a text in quotes says, near enough for names."""
    if len(text) >= 2 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text


class _Outline:
    def __init__(self, text: str) -> None:
        self.text = text
        self.stack: list[tuple[int, Part]] = []
        """Open maps and lists with their columns, the innermost last."""
        self.root = Part("none", 0, 0)
        self.slot: Part | None = self.root
        """The value that comes next, where one is awaited."""

    def read(self) -> Part:
        at, end = 0, len(self.text)
        while at < end:
            line_end = self.text.find("\n", at)
            line_end = end if line_end < 0 else line_end
            first = at
            while first < line_end and self.text[first] in " \t":
                first += 1
            marker = self.text.startswith(("---", "..."), at) and self.text[at + 3 : at + 4] in ("", " ", "\n")
            if first == line_end or self.text[first] == "#" or marker or (first == at and self.text[at] == "%"):
                at = line_end + 1
                continue
            at = self.line(at, first, line_end) + 1
        for _, part in reversed(self.stack):
            self.close(part)
        return self.root

    def line(self, begin: int, at: int, line_end: int) -> int:
        """Read a line; return where the next one ends, for a value may go on over several."""
        while self.text.startswith("-", at) and self.text[at + 1 : at + 2] in (" ", "\t", "\n", "") and at < line_end:
            self.item(at - begin, at)
            at += 1
            while at < line_end and self.text[at] in " \t":
                at += 1
        if at >= line_end or self.text[at] == "#":
            return line_end
        column = at - begin
        key = _KEY.match(self.text, at, line_end)
        if key is None or (key["plain"] and _COMMENT.search(key["plain"])):
            return self.bare(column, at, line_end)
        name = unquoted(key["quoted"]) if key["quoted"] else key["plain"]
        value = self.key(column, name, at, at + len(key["quoted"] or key["plain"]), key.end())
        at = key.end()
        while at < line_end and self.text[at] in " \t":
            at += 1
        value.start = value.end = min(at, line_end)
        if at >= line_end or self.text[at] == "#":
            value.start = value.end = key.end()
            self.slot = value
            return line_end
        return self.value(value, column, at, line_end)

    def pop(self, column: int, *, lists: bool) -> None:
        """Close what ends before a column; a list may stand in the column of its key."""
        while self.stack:
            indent, part = self.stack[-1]
            if indent < column or (indent == column and (part.kind == "list" or not lists)):
                if not (not lists and part.kind == "list" and indent == column):
                    return
            elif indent == column and lists and part.kind == "map" and self.slot is not None:
                return
            self.close(part)
            self.stack.pop()
            self.slot = None

    def close(self, part: Part) -> None:
        if part.entries:
            part.end = max(part.end, part.entries[-1].value.end, part.entries[-1].end)
        if part.items:
            part.end = max(part.end, part.items[-1].end)

    def open(self, kind: str, column: int, at: int) -> Part:
        """Return the map or list that starts here, in the slot that awaits a value."""
        part = self.slot
        if part is None:
            part = Part(kind, at, at)
        part.kind, part.start, part.end = kind, at, at
        self.slot = None
        self.stack.append((column, part))
        return part

    def item(self, column: int, at: int) -> None:
        self.pop(column, lists=True)
        listed = self.stack[-1][1] if self.stack else None
        if listed is None or listed.kind != "list" or self.stack[-1][0] != column:
            listed = self.open("list", column, at)
        found = Part("none", at + 1, at + 1)
        listed.items.append(found)
        self.slot = found

    def key(self, column: int, name: str, start: int, end: int, after: int) -> Part:
        self.pop(column, lists=False)
        mapped = self.stack[-1][1] if self.stack else None
        if mapped is None or mapped.kind != "map" or self.stack[-1][0] != column:
            mapped = self.open("map", column, start)
        value = Part("none", after, after)
        mapped.entries.append(Entry(name, start, end, value))
        self.slot = None
        return value

    def bare(self, column: int, at: int, line_end: int) -> int:
        """A line without a key: the value that is awaited, else a key that is being typed."""
        top = self.stack[-1] if self.stack else (-1, None)
        if self.slot is not None and (column > top[0] or (self.slot is not self.root and not self.stack)):
            value, self.slot = self.slot, None
            return self.value(value, top[0], at, line_end)
        if self.slot is self.root:
            self.slot = None
            return self.value(self.root, -1, at, line_end)
        while self.stack and self.stack[-1][0] > column:
            self.close(self.stack.pop()[1])
        if len(self.stack) > 1 and self.stack[-2][0] == column:  # a key after a list in the column of its own key
            self.close(self.stack.pop()[1])
        self.slot = None
        if self.stack:
            part = self.stack[-1][1]
            text = self.text[at:line_end].rstrip()
            typed = Part("text", at, at + len(text), text, "bare")
            if part.kind == "map" and self.stack[-1][0] == column:
                part.entries.append(Entry(text, at, at + len(text), Part("none", typed.end, typed.end, style="bare")))
            elif part.kind == "list":
                part.items.append(typed)
        return line_end

    def value(self, value: Part, indent: int, at: int, line_end: int) -> int:
        """Read what stands after a key or a dash; return the end of its last line."""
        value.start = at
        skipped = _PROPERTY.match(self.text, at, line_end)
        while skipped is not None:
            at = skipped.end()
            skipped = _PROPERTY.match(self.text, at, line_end)
        if at >= line_end:
            return line_end
        sign = self.text[at]
        if sign in "|>" and _BLOCK.match(self.text, at, line_end):
            return self.block(value, indent, at, line_end)
        if sign in "[{":
            flow = _Flow(self.text, indent)
            flow.read(value, at, 0)
            ended = self.text.find("\n", value.end)
            return len(self.text) if ended < 0 else ended
        value.kind = "text"
        if sign in "\"'":
            end = _quoted_end(self.text, at, indent)
            value.style = "double" if sign == '"' else "single"
            value.end, value.text = end, unquoted(self.text[at:end])
            ended = self.text.find("\n", end)
            return len(self.text) if ended < 0 else ended
        return self.plain(value, indent, at, line_end)

    def plain(self, value: Part, indent: int, at: int, line_end: int) -> int:
        last = line_end
        value.end = at
        lines = []
        while True:
            comment = _COMMENT.search(self.text, at, line_end)
            written = self.text[at : comment.start() if comment else line_end].rstrip()
            lines.append(written)
            value.end, last = at + len(written), line_end
            if comment or line_end >= len(self.text):
                break
            at, line_end = line_end + 1, self.text.find("\n", line_end + 1)
            line_end = len(self.text) if line_end < 0 else line_end
            first = at
            while first < line_end and self.text[first] == " ":
                first += 1
            dash = self.text[first : first + 2] in ("- ", "-\n", "-")
            if first - at <= indent or first == line_end or self.text[first] == "#" or dash:
                break
            if _KEY.match(self.text, first, line_end):
                break
            at = first
        value.text = " ".join(lines)
        return last

    def block(self, value: Part, indent: int, at: int, line_end: int) -> int:
        value.kind, value.style = "text", "literal" if self.text[at] == "|" else "folded"
        last, begin = line_end, line_end + 1
        while begin <= len(self.text) and last < len(self.text):
            end = self.text.find("\n", begin)
            end = len(self.text) if end < 0 else end
            line = self.text[begin:end]
            if line.strip() and len(line) - len(line.lstrip(" ")) <= indent:
                break
            last, begin = end, end + 1
        value.text = self.text[line_end + 1 : last]
        value.end = max(line_end, at + len(self.text[at:last].rstrip()))
        return last


def _quoted_end(text: str, at: int, indent: int) -> int:
    """Return where a text in quotes ends; one that is not closed ends with its line."""
    quote, place = text[at], at + 1
    line_end = text.find("\n", at)
    line_end = len(text) if line_end < 0 else line_end
    while place < len(text):
        char = text[place]
        if char == "\\" and quote == '"':
            place += 2
            continue
        if char == quote:
            if quote == "'" and text.startswith("''", place):
                place += 2
                continue
            return place + 1
        if char == "\n":
            rest = text[place + 1 :].split("\n", 1)[0]
            if rest.strip() and (len(rest) - len(rest.lstrip(" ")) <= indent or _KEY.match(rest.lstrip(" "))):
                return line_end
        place += 1
    return line_end


class _Flow:
    """Lists and maps in brackets; one that is not closed ends where its block does."""

    def __init__(self, text: str, indent: int) -> None:
        self.text = text
        self.indent = indent

    def blank(self, at: int) -> int:
        """Skip blanks, ends of lines and comments; the end of the block is where the reading stops."""
        while at < len(self.text):
            char = self.text[at]
            if char in " \t":
                at += 1
            elif char == "\n":
                rest = at + 1
                while rest < len(self.text) and self.text[rest] in " \n":
                    rest += 1
                begin = self.text.rfind("\n", 0, rest) + 1
                if rest < len(self.text) and rest - begin <= self.indent and self.text[rest] not in "]}":
                    return -1 - at
                at = rest
            elif char == "#" and self.text[at - 1] in " \t\n":
                end = self.text.find("\n", at)
                at = len(self.text) if end < 0 else end
            else:
                return at
        return -1 - at

    def read(self, part: Part, at: int, depth: int) -> int:
        """Read a list or map that starts here; return what comes after it, or where the text stops as -1 - place."""
        mapped = self.text[at] == "{"
        part.kind, part.start, part.style = "map" if mapped else "list", at, "flow"
        at += 1
        while True:
            at = self.blank(at)
            if at < 0 or depth > MAX_DEPTH:
                part.end = -1 - at if at < 0 else at
                return at if at < 0 else -1 - at
            if self.text[at] in "]}":
                part.end = at + 1
                return at + 1
            if self.text[at] == ",":
                at += 1
                continue
            at = self.entry(part, at, depth) if mapped else self.one(part, at, depth)
            if at < 0:
                part.end = -1 - at
                return at

    def one(self, part: Part, at: int, depth: int) -> int:
        value = Part("none", at, at)
        part.items.append(value)
        return self.value(value, at, depth)

    def entry(self, part: Part, at: int, depth: int) -> int:
        start, end = at, self.scalar_end(at, key=True)
        name = unquoted(self.text[start:end].rstrip())
        value = Part("none", end, end)
        part.entries.append(Entry(name, start, start + len(self.text[start:end].rstrip()), value))
        if end == start:  # a bracket where a key should be
            return self.value(value, at, depth)
        at = self.blank(end)
        if at < 0 or self.text[at] != ":":
            value.style = "bare"
            return at
        value.start = value.end = at + 1
        at = self.blank(at + 1)
        if at < 0:
            value.start = value.end = min(-1 - at, value.start + 1)
            return at
        if self.text[at] in ",]}":
            value.start = value.end = at
            return at
        return self.value(value, at, depth)

    def value(self, value: Part, at: int, depth: int) -> int:
        value.start = at
        if self.text[at] in "[{":
            return self.read(value, at, depth + 1)
        end = max(self.scalar_end(at, key=False), at + 1)
        written = self.text[at:end].rstrip()
        value.kind, value.end = "text", at + len(written)
        value.style = {'"': "double", "'": "single"}.get(written[:1], "plain")
        value.text = unquoted(written)
        return end

    def scalar_end(self, at: int, *, key: bool) -> int:
        if self.text[at] in "\"'":
            return _quoted_end(self.text, at, self.indent)
        place = at
        while place < len(self.text):
            if self.text.startswith("${{", place):
                close = self.text.find("}}", place)
                line_end = self.text.find("\n", place)
                line_end = len(self.text) if line_end < 0 else line_end
                place = close + 2 if 0 <= close < line_end else line_end
                continue
            char = self.text[place]
            if char in ",[]{}\n":
                break
            if char == ":" and (key or self.text[place + 1 : place + 2] in (" ", "\n", ",", "]", "}", "")):
                follows = self.text[place + 1 : place + 2]
                if follows in (" ", "\n", ",", "]", "}", "", "\t", "[", "{", '"'):
                    break
            if char == "#" and place > at and self.text[place - 1] in " \t":
                break
            place += 1
        return place
