"""JSON data as YAML that people would write.

Owns: that text. Maps and lists that fit into a line are written in one; a text stands without quotes where YAML reads it as itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

Json = Any
WIDE = 200
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.()/€$@%-]*( [A-Za-z0-9_.()/€$@%<>=+*-]+)*[.!]?")
_WORDS = {"null", "true", "false", "yes", "no", "on", "off", "y", "n", "inf", "nan", "none"}


def lines(value: Json, indent: int = 0) -> list[str]:
    """Return a value as lines of block style, indented."""
    return list(_lines(value, indent))


def flow(value: Json) -> str:
    """Return a value in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value)


def scalar(value: Json) -> str:
    """Return a text, a number, a truth value or null."""
    plain = isinstance(value, str) and _PLAIN.fullmatch(value) is not None and value.lower() not in _WORDS
    return str(value) if plain else msgspec.json.encode(value).decode()


def _lines(value: Json, indent: int) -> Iterator[str]:
    pad = " " * indent
    if isinstance(value, Mapping) and value:
        for key, part in value.items():
            yield from _entry(f"{pad}{scalar(key)}:", part, indent)
    elif isinstance(value, list | tuple) and value:
        for part in value:
            text = flow(part)
            if len(text) + indent <= WIDE or not isinstance(part, Mapping) or not part:
                yield f"{pad}- {text}"
                continue
            inner = list(_lines(part, indent + 2))
            yield f"{pad}- {inner[0].lstrip()}"
            yield from inner[1:]
    else:
        yield pad + flow(value)


def _entry(start: str, part: Json, indent: int) -> Iterator[str]:
    text = flow(part)
    if len(start) + len(text) < WIDE or not isinstance(part, Mapping | list | tuple) or not part:
        yield f"{start} {text}"
        return
    yield start
    yield from _lines(part, indent + 2)
