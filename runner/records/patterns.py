"""A short text that a pattern matches, always the same one.

Owns: the part of regular expressions that schemas use: literals, classes, groups, choices and counts. Anything else is given
up on; whoever asks checks the text against the schema anyway.
"""

from __future__ import annotations

_KINDS = {"d": "0", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a"}
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
_PRINTABLE = [chr(code) for code in (*range(97, 123), *range(65, 91), *range(48, 58), *range(32, 48), *range(58, 65))]


class NoText(ValueError):
    """The pattern uses something that is not built here."""


def matching_text(pattern: str) -> str:
    """Return a text that the pattern matches. Raises `NoText`."""
    reader = _Reader(pattern)
    text = reader.choice()
    if reader.at < len(pattern):
        raise NoText(pattern)
    return text


class _Reader:
    """Reads a pattern once and makes the text on the way: of a choice the first, of a count the least."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def _peek(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def _next(self) -> str:
        found = self._peek()
        if not found:
            raise NoText(self.pattern)
        self.at += 1
        return found

    def choice(self) -> str:
        first = self._sequence()
        while self._peek() == "|":
            self.at += 1
            self._sequence()
        return first

    def _sequence(self) -> str:
        parts: list[str] = []
        while (sign := self._peek()) and sign not in "|)":
            if sign in "^$":
                self.at += 1
                continue
            parts.append(self._atom() * self._count())
        return "".join(parts)

    def _atom(self) -> str:
        sign = self._next()
        if sign == "(":
            if self._peek() == "?":
                self.at += 1
                if self._next() != ":":
                    raise NoText(self.pattern)
            inner = self.choice()
            if self._next() != ")":
                raise NoText(self.pattern)
            return inner
        if sign == "[":
            return self._class()
        if sign == "\\":
            return self._escape()
        if sign in "*+?{":
            raise NoText(self.pattern)
        return "a" if sign == "." else sign

    def _escape(self) -> str:
        sign = self._next()
        if sign in _KINDS or sign in _ESCAPED:
            return _KINDS.get(sign) or _ESCAPED[sign]
        if sign.isalnum():
            raise NoText(self.pattern)
        return sign

    def _class(self) -> str:
        negated = self._peek() == "^"
        self.at += negated
        members: list[str] = []
        ranges: list[tuple[str, str]] = []
        while self._peek() != "]" or not (members or ranges):
            sign = self._next()
            sign = self._escape() if sign == "\\" else sign
            if self._peek() == "-" and self.pattern[self.at + 1 : self.at + 2] not in ("]", ""):
                self.at += 1
                last = self._next()
                ranges.append((sign, self._escape() if last == "\\" else last))
            else:
                members.append(sign)
        self.at += 1
        if not negated:
            return ranges[0][0] if ranges else members[0]
        for sign in _PRINTABLE:
            if sign not in members and not any(low <= sign <= high for low, high in ranges):
                return sign
        raise NoText(self.pattern)

    def _count(self) -> int:
        sign = self._peek()
        if sign not in ("*", "+", "?", "{"):
            return 1
        self.at += 1
        least = 1
        if sign == "{":
            digits = ""
            while (sign := self._next()) != "}":
                digits += sign
            first = digits.partition(",")[0]
            if not first.isdecimal():
                raise NoText(self.pattern)
            least = int(first)
        elif sign in "*?":
            least = 0
        if self._peek() == "?":
            self.at += 1
        return least
