"""Values and calls as people read them.

Owns: the text form of JSON data, of a proposed call and of a moment. Nothing here knows what a run is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from flowrun.words import t

Json = Any
WIDE = 200
"""Longest text in one line of a timeline, in characters; a record is never cut."""


def pretty(value: Json, indent: int = 0) -> list[str]:
    """Return a value as lines, like YAML without quotes; nothing is cut."""
    pad = " " * indent
    if isinstance(value, Mapping) and value:
        lines: list[str] = []
        for name, item in value.items():
            if isinstance(item, Mapping | list) and item:
                lines += [f"{pad}{name}:", *pretty(item, indent + 2)]
            else:
                first, *rest = scalar(item).split("\n")
                lines += [f"{pad}{name}: {first}".rstrip(), *(f"{pad}  {line}" for line in rest)]
        return lines
    if isinstance(value, list) and value:
        lines = []
        for item in value:
            first, *rest = pretty(item, indent + 2)
            lines += [f"{pad}- {first.lstrip()}", *rest]
        return lines
    return [pad + line for line in scalar(value).split("\n")]


def scalar(value: Json) -> str:
    """Return a text as it is, and anything else as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def short(value: Json, width: int = WIDE) -> str:
    """Return a value in one line, cut to `width` characters."""
    text = " ".join(scalar(value).split()) if isinstance(value, str) else scalar(value)
    return text if len(text) <= width else text[: width - 1] + "…"


def fields(value: Json) -> str:
    """Return data in one line as `name: value` pairs."""
    if not isinstance(value, Mapping):
        return short(value)
    return ", ".join(f"{name}: {short(item, 120)}" for name, item in value.items()) or t("nothing")


def call(tool: str, args: Json) -> str:
    """Return a call in one line."""
    return f"{tool} ({fields(args)})" if args else tool


def moment(at: str) -> str:
    """Return an RFC 3339 moment in UTC as `2026-03-02 09:00:00`."""
    return at[:19].replace("T", " ") if len(at) >= 19 else at


def listed(names: list[str], last: str = "") -> str:
    """Return names as `a, b and c`; `last` is another word before the last one, in the language of the messages."""
    if len(names) < 2:
        return names[0] if names else ""
    return f"{', '.join(names[:-1])} {last or t('and')} {names[-1]}"
