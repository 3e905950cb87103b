"""What a test came to, and how a value that was given is compared with one that was expected.

Owns: `TestResult`, the one form of a message, and the comparison. Nothing is run here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from flowrun.errors import Span
from flowrun.words import t

Json = Any
SHOWN = 120
"""Characters of a value that a message shows."""


class TestResult(msgspec.Struct, kw_only=True):
    """One test. `messages` say what is not as expected, each with `FILE:LINE`; `seconds` are those of the machine.

    `notes`: what the test gives and nobody asked for, which fails no test. `story`: what happened in the run of a test that
    failed, one line for each thing. `line` is where the test begins.
    """

    __test__ = False

    name: str
    file: str
    ok: bool
    line: int = 1
    messages: list[str] = []
    notes: list[str] = []
    story: list[str] = []
    seconds: float = 0.0


class Unplayable(Exception):
    """The test itself cannot be played: what it gives does not fit the flow. `path`: the keys to that part of the test."""

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.message = message
        self.path = path or ("given",)


def located(span: Span, text: str) -> str:
    """Return a message with its place."""
    return f"{span.file}:{span.line}: {text}" if span.line else f"{span.file}: {text}"


def shown(value: Json) -> str:
    """Return a value as JSON, cut where it is long."""
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


class Said(NamedTuple):
    """What is wrong, with the keys below the expectation at which it is."""

    text: str
    path: tuple[str | int, ...]


def differences(expected: Json, actual: Json, place: str, path: tuple[str | int, ...] = ()) -> Iterator[Said]:
    """Yield what keeps `actual` from holding `expected`: maps may hold more, lists must be as long.

    `place` names the compared value in the messages (`record`); `path`: the keys that led to it.
    """
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for key, value in expected.items():
            if key in actual:
                yield from differences(value, actual[key], f"{place}.{key}", (*path, key))
            else:
                known = ", ".join(map(str, actual)) or t("nothing")
                yield Said(
                    t("{place} has no `{key}`; it has {known}.", place=place, key=key, known=known), (*path, key)
                )
    elif isinstance(expected, list | tuple) and isinstance(actual, list | tuple):
        if len(expected) != len(actual):
            told = t(
                "{place} should have {wanted} entries and has {found}: {value}.",
                place=place,
                wanted=len(expected),
                found=len(actual),
                value=shown(actual),
            )
            yield Said(told, path)
            return
        for number, (left, right) in enumerate(zip(expected, actual, strict=True)):
            yield from differences(left, right, f"{place}[{number + 1}]", (*path, number))
    elif not same(expected, actual):
        told = t("{place} should be {wanted} and is {found}.", place=place, wanted=shown(expected), found=shown(actual))
        yield Said(told, path)


def same(left: Json, right: Json) -> bool:
    """Return whether two scalars are one JSON value: 1 is 1.0, and true is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)
