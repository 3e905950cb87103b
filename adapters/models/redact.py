"""Taking personal data and secrets out of recorded conversations.

Owns: the patterns, the placeholders and the marks of schemas. It finds what has a form or a mark; a name in
free text has neither and stays. So a recording is safer to share than a log, not safe to publish unread.
"""

from __future__ import annotations

import re
from typing import Any

Json = Any

_PATTERNS = (
    (
        "token",
        re.compile(r"(?i)\bbearer\s+[\w.~+/=-]{8,}|\b(?:sk|pk|ghp|gho|xox[abp]|AKIA)[-_]?[\w-]{16,}\b"),
    ),
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

    def learn(self, schema: Json, value: Json, *, within: str) -> None:
        """Remember the texts that a schema marks `x-pii` or `x-secret`, to replace them everywhere.

        Only those that stand in `within`, the request: what a model wrote itself could not be turned back when it is
        replayed, and the later steps of a flow would then see placeholders.
        """
        for kind, found in marked(schema, value):
            if len(found) >= _SHORTEST and not found.startswith("[") and found in within:
                self._holder(kind, found)

    def redact(self, value: Json) -> Json:
        """Return the value with placeholders; keys of maps stay."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            return {key: self.redact(inner) for key, inner in value.items()}
        if isinstance(value, list):
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
        for found in sorted(self._holders, key=len, reverse=True):
            text = text.replace(found, self._holders[found])
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


def marked(schema: Json, value: Json) -> list[tuple[str, str]]:
    """Return kind and text of every marked value, as far as references do not hide the mark."""
    if not isinstance(schema, dict):
        return []
    kind = "secret" if schema.get("x-secret") else schema.get("x-pii")
    if kind and isinstance(value, str):
        return [(str(kind), value)]
    out: list[tuple[str, str]] = []
    if isinstance(value, dict):
        properties = schema.get("properties")
        for key, inner in (properties if isinstance(properties, dict) else {}).items():
            out += marked(inner, value.get(key))
    elif isinstance(value, list):
        for item in value:
            out += marked(schema.get("items"), item)
    for word in ("anyOf", "oneOf", "allOf"):
        for inner in schema.get(word) or []:
            out += marked(inner, value)
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
    return [restored(inner, back) for inner in value] if isinstance(value, list) else value
