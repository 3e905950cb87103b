"""What looks personal or secret by its form alone, and numbered placeholders for recordings of models.

Owns: the patterns and the placeholders of a recording. It finds what has a form or a mark; a name in free text has
neither and stays. So a recording is safer to share than a log, not safe to publish unread.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

import msgspec

from flowrun.privacy.marks import Found, found

Json = Any

_PATTERNS = (
    (
        "token",
        re.compile(r"(?i)\bbearer\s+[\w.~+/=-]{8,}|\b(?:sk|pk|ghp|gho|xox[abp]|AKIA)[-_]?[\w-]{16,}\b"),
    ),
    # A token differs between stores, and a recording must not.
    ("masked", re.compile(r"\[[a-z_]+-[0-9a-f]{8,}\]")),
    ("email", re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")),
    # a moment has the form of a phone number, too, so it must not begin like one
    ("phone", re.compile(r"(?<![\w.:-])(?!\d{4}-\d\d-\d\d)(?:\+|\(?0)\d[\d ()/-]{6,}\d(?![\w:])")),
    ("number", re.compile(r"(?<![\d.,])\d(?:[ -]?\d){7,}(?![\d.,]\d)")),
)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d")
_SHORTEST = 3
"""Shorter marked values stay: they would be replaced inside other words."""


class Redactor:
    """Replaces found values by numbered placeholders (`[email-1]`), the same value always by the same one."""

    def __init__(self) -> None:
        self._holders: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def know(self, known: Iterable[Found], *, within: str) -> None:
        """Remember marked values of the request, in the order in which they stand in it."""
        places: list[tuple[int, str, str]] = []
        for kind, value in known:
            text = str(value)
            for form in {text, msgspec.json.encode(text).decode()[1:-1]}:
                at = within.find(form) if len(form) > _SHORTEST else -1
                if at >= 0 and not isinstance(value, bool):
                    places.append((at, kind, form))
        for _, kind, form in sorted(places):
            self._holder(kind, form)

    def learn(self, schema: Json, value: Json, *, within: str) -> None:
        """Remember the texts that a schema marks `x-pii` or `x-secret`, to replace them everywhere.

        Only those that stand in `within`, the request: what a model wrote itself could not be turned back when it is
        replayed, and the later steps of a flow would then see placeholders.
        """
        for kind, text in found(schema, value):
            if isinstance(text, str) and len(text) >= _SHORTEST and not text.startswith("[") and text in within:
                self._holder(kind, text)

    def redact(self, value: Json) -> Json:
        """Return the value with placeholders; keys of maps stay."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            return {key: self.redact(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.redact(inner) for inner in value]
        if type(value) is int and len(str(abs(value))) >= 8:
            return self._holder("number", str(value))
        return value

    @property
    def holders(self) -> dict[str, str]:
        """The placeholders given out so far, by the value that each stands for."""
        return dict(self._holders)

    def restore(self, value: Json) -> Json:
        """Return the value with the placeholders that this redactor gave out turned back."""
        back = {holder: found for found, holder in self._holders.items()}
        return restored(value, back)

    def _text(self, text: str) -> str:
        for known in sorted(self._holders, key=len, reverse=True):
            text = text.replace(known, self._holders[known])
        for kind, pattern in _PATTERNS:
            text = pattern.sub(lambda match, kind=kind: self._match(kind, match[0]), text)  # type: ignore[misc]
        return text

    def _match(self, kind: str, found: str) -> str:
        return found if _MOMENT.match(found) else self._holder(kind, found)

    def _holder(self, kind: str, found: str) -> str:
        holder = self._holders.get(found)
        if holder is None:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            holder = self._holders[found] = f"[{kind}-{self._counts[kind]}]"
        return holder


def formed(value: Json, kinds: Collection[str]) -> list[Found]:
    """Return what has the form of an e-mail address or a phone number anywhere in a value, of these kinds."""
    wanted = [(kind, pattern) for kind, pattern in _PATTERNS if kind in ("email", "phone") and kind in kinds]
    out: list[Found] = []
    stack = [value] if wanted else []
    while stack:
        part = stack.pop()
        if isinstance(part, str):
            out += [
                Found(kind, match[0])
                for kind, pattern in wanted
                for match in pattern.finditer(part)
                if not _MOMENT.match(match[0])
            ]
        elif isinstance(part, dict):
            stack += part.values()
        elif isinstance(part, list | tuple):
            stack += part
    return out


def restored(value: Json, back: dict[str, str]) -> Json:
    """Return the value with placeholders turned back; a whole number gets its type back."""
    if isinstance(value, str):
        if value in back and back[value].lstrip("-").isdigit():
            return back[value]
        for holder, found in back.items():
            value = value.replace(holder, found)
        return value
    if isinstance(value, dict):
        return {key: restored(inner, back) for key, inner in value.items()}
    return [restored(inner, back) for inner in value] if isinstance(value, list | tuple) else value
