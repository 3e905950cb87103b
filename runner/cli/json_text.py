"""JSON that people hand in, and what is wrong with it in their words.

Owns: reading JSON strictly (a name twice in one object is an error, for one of the two values would be lost), and the
line and column of each mistake. Which inputs are JSON is `documents`' part.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from flowrun.words import mark, t

Json = Any
_BYTE = re.compile(r" ?\(byte (\d+)\)\Z")
_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|[{}\[\]]')
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_HELP = {
    "trailing comma in object": mark("Take the last comma out."),
    "trailing comma in array": mark("Take the last comma out."),
    "trailing characters": mark(
        "Write one value; several belong into one [list], or into a file for --inputs, one a line."
    ),
    "expected ':'": mark("Write a colon between a name and its value."),
}
MEND = mark("Mend the text at that place: texts and names stand in double quotes, and commas stand between entries.")


class NotJson(Exception):
    """What is wrong. `line` and `column` start at 1; 0 where no place is known. `sure`: it is wrong in YAML as well."""

    def __init__(self, what: str, *, help: str, at: tuple[int, int] = (0, 0), sure: bool = False) -> None:
        super().__init__(what)
        self.what = what
        self.help = help
        self.line, self.column = at
        self.sure = sure

    def within(self, name: str) -> str:
        """Return the mistake with its place in a file of this name."""
        return f"{name}:{self.line}:{self.column}: {self.what}" if self.line else f"{name}: {self.what}"


def read_json(text: str) -> Json:
    """Return the value of JSON text. Raises `NotJson`."""
    strange = _SURROGATE.search(text)
    if strange is not None:
        raise NotJson(
            t("this is not UTF-8 text."),
            help=t("Save or send it as UTF-8."),
            at=place(text, strange.start()),
            sure=True,
        )
    try:
        value = msgspec.json.decode(text)
    except RecursionError:
        raise NotJson(
            t("this is not valid JSON: too many brackets stand inside each other."),
            help=t("Hand in flatter data."),
            sure=True,
        ) from None
    except msgspec.DecodeError as error:
        raise _explained(text, str(error)) from None
    _refuse_twice(text)
    return value


def place(text: str, index: int) -> tuple[int, int]:
    """Return line and column of a character."""
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


def _explained(text: str, message: str) -> NotJson:
    half = _half_pair(text)
    if half is not None:
        return NotJson(
            t("`{text}` is half of a character, which is no text.", text=text[half : half + 6]),
            help=t("Write the character itself, or both halves, such as \\ud83d\\ude00."),
            at=place(text, half),
            sure=True,
        )
    byte = _BYTE.search(message)
    what = _BYTE.sub("", message).removeprefix("JSON is malformed: ")
    if byte is not None:
        index = len(text.encode()[: int(byte[1])].decode(errors="ignore"))
        return NotJson(
            t("this is not valid JSON: {what}.", what=what), help=t(_HELP.get(what, MEND)), at=place(text, index)
        )
    if "truncated" in what:
        end = place(text, len(text.rstrip()))
        return NotJson(
            t("this is not valid JSON: it ends too early."), help=t("Close every quote, bracket and brace."), at=end
        )
    # Numbers that no computer holds, without a place.
    return NotJson(t("this is not valid JSON: {what}.", what=what), help=t("Write such a number as a text, in quotes."))


def _half_pair(text: str) -> int | None:
    """Return where an escape stands for half of a surrogate pair."""
    high: re.Match[str] | None = None
    for found in _ESCAPE.finditer(text):
        code = int(found[1], 16) if found[1] else 0
        low = 0xDC00 <= code <= 0xDFFF
        paired = high is not None and high.end() == found.start() and low
        if high is not None and not paired:
            return high.start()
        if low and not paired:
            return found.start()
        high = found if 0xD800 <= code <= 0xDBFF else None
    return None if high is None else high.start()


def _refuse_twice(text: str) -> None:
    """Raise `NotJson` where an object has a name twice; the text is valid JSON."""
    seen: list[dict[str, int]] = []
    for found in _TOKEN.finditer(text):
        token = found[0]
        if token == "{" or token == "[":
            seen.append({})
        elif token == "}" or token == "]":
            seen.pop()
        elif found[2] is not None:
            name = msgspec.json.decode(found[1], type=str)
            first = seen[-1].setdefault(name, found.start())
            if first != found.start():
                raise NotJson(
                    t(
                        "`{name}` stands twice in this object, first in line {place}.",
                        name=name,
                        place=place(text, first)[0],
                    ),
                    help=t("Keep one of the two."),
                    at=place(text, found.start()),
                    sure=True,
                )
