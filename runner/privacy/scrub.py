"""Known values, taken out of any text: also inside a longer text, an error message, an address or escaped JSON.

Owns: which ways of writing a value are recognised. Which values are known is told by the caller. A value that nobody
knows is not found here: that is what marks are for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus

import msgspec

from flowrun.privacy.marks import SECRET, Found

Json = Any
SHORTEST = 4
"""Shorter values stay: they would be replaced inside other words. Marked fields hide them all the same."""
SHORTEST_CUT = 8
"""So much of the beginning of a value must stand before a `…` to be taken for it."""
_WORDS = re.compile(r"\s+")
_NO_DIGIT = re.compile(r"\D+")


class Scrubber:
    """Replaces known values by placeholders, the longest first; letters' case and kinds of spaces do not count.

    `stand_in` gives what stands in the place of a value: `[email]` unless told otherwise.
    """

    def __init__(self, known: Iterable[Found], stand_in: Callable[[Found], str] | None = None) -> None:
        self._stand_in = stand_in or (lambda item: f"[{item.kind}]")
        self._known: dict[str, Found] = {}
        for item in known:
            text = _text(item.value)
            # A secret is a secret, also where a field says that it is a name.
            if len(text) >= SHORTEST and (item.kind == SECRET or text not in self._known):
                self._known[text] = item
        self._order = sorted(self._known, key=len, reverse=True)
        patterns = [f"(?P<v{n}>{_pattern(self._known[text].kind, text)})" for n, text in enumerate(self._order)]
        self._pattern = re.compile("|".join(patterns), re.IGNORECASE) if patterns else None

    def text(self, text: str) -> str:
        """Return a text without any known value."""
        if self._pattern is None:
            return text
        text = self._pattern.sub(lambda match: self._at(int(str(match.lastgroup)[1:])), text)
        return self._without_beginning(text) if text.endswith("…") else text

    def value(self, value: Json) -> Json:
        """Return data without any known value, names of fields included."""
        if self._pattern is None:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(name): self.value(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        if type(value) in (int, float) and _text(value) in self._known:
            return self._stand_in(self._known[_text(value)])
        return value

    def _at(self, number: int) -> str:
        return self._stand_in(self._known[self._order[number]])

    def _without_beginning(self, text: str) -> str:
        """Take out the beginning of a value at the end of a text that was cut."""
        body = text[:-1]
        for value in self._order:
            start = _WORDS.sub(" ", value)
            at = body.find(start[:SHORTEST_CUT])
            while at >= 0:
                if len(body) - at >= SHORTEST_CUT and start.startswith(body[at:]):
                    return f"{body[:at]}{self._stand_in(self._known[value])}…"
                at = body.find(start[:SHORTEST_CUT], at + 1)
        return text


def _text(value: Json) -> str:
    if isinstance(value, str):
        return value.strip()
    return "" if isinstance(value, bool) else msgspec.json.encode(value).decode()


def _pattern(kind: str, text: str) -> str:
    forms = dict.fromkeys(
        [
            text,
            msgspec.json.encode(text).decode()[1:-1],
            json.dumps(text)[1:-1],
            text.encode("unicode_escape").decode(),
            quote(text, safe=""),
            quote(text),
            quote_plus(text),
            escape(text),
        ]
    )
    patterns = [r"\s+".join(re.escape(word) for word in _WORDS.split(form)) for form in forms if form]
    digits = _NO_DIGIT.sub("", text)
    if kind == "phone" and len(digits) >= 6:
        patterns.append(r"\+?\(?" + r"[\s()./-]*".join(digits) + r"(?!\d)")
    if text.isdigit():
        return rf"(?<!\d){text}(?!\d)"
    return "|".join(sorted(patterns, key=len, reverse=True))
