"""A language that nobody speaks, for tests: each text of the catalogue with accents on its letters, between ⟦ and ⟧.

Owns: the catalogue, and telling whether a whole text went through it. What stands outside of the marks was not looked
up; inside of them, letters without accents come from values.
"""

from __future__ import annotations

import re

NAME = "xx"
_ACCENTS = str.maketrans("aceinouyACEINOUY", "áćéíñóúýÁĆÉÍÑÓÚÝ")
_KEPT = re.compile(r"\{[a-z_][a-z0-9_]*\}|`[^`]*`")
"""Places, and what the reader types: neither may change in a translation."""


def accented(text: str) -> str:
    """Return a text as this language writes it."""
    pieces, at = [], 0
    for kept in _KEPT.finditer(text):
        pieces += [text[at : kept.start()].translate(_ACCENTS), kept.group()]
        at = kept.end()
    return f"⟦{''.join(pieces)}{text[at:].translate(_ACCENTS)}⟧"


class Pseudo:
    """The catalogue."""

    def gettext(self, message: str, /) -> str:
        """Return the text with accents."""
        return accented(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int, /) -> str:
        """Return the form for `n` with accents."""
        return accented(msgid1 if n == 1 else msgid2)


def outside(text: str) -> str:
    """Return what stands outside of all marks."""
    depth, found = 0, ""
    for char in text:
        depth += (char == "⟦") - (char == "⟧")
        if depth == 0 and char != "⟧":
            found += char
    return found
