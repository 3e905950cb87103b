"""Durations, money and moments as people write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from flowrun.values.durations import parse_duration
from flowrun.values.functions import FUNCTIONS
from flowrun.values.moments import add_seconds, format_moment, parse_moment
from flowrun.values.money import parse_money

CLOSED_LIST = [
    "length",
    "default",
    "lower",
    "upper",
    "trim",
    "round",
    "join",
    "map",
    "select",
    "sort",
    "unique",
    "first",
    "last",
    "sum",
    "min",
    "max",
    "any",
    "all",
    "count",
    "contains",
    "truncate",
    "money",
    "date",
    "now",
    "age",
    "minutes",
    "hours",
    "days",
    "time_of",
    "next",
]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30.0), ("10m", 600.0), ("4h", 14400.0), ("2d", 172800.0), ("", None), ("4", None), 
     ("1.5h", None), ("-1s", None), ("4 h", None), ("1w", None), ("٣s", None)],
)  # fmt: skip
def test_durations(text: str, seconds: float | None) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "money"),
    [("50 EUR", (50_000_000, "EUR")), ("0.05 USD", (50_000, "USD")), ("1.1234567 EUR", None), ("50", None),
     ("50 eur", None), ("-5 EUR", None), ("5. EUR", None), ("EUR 50", None), (".5 EUR", None)],
)  # fmt: skip
def test_money(text: str, money: tuple[int, str] | None) -> None:
    assert parse_money(text) == money


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-05",
        "2026-01-05T09:00:00",
        "2026-13-05T09:00:00Z",
        "2026-W01-1T09:00:00Z",
        "",
        "now",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_what_has_no_zone_or_no_place_in_the_calendar_is_no_moment(text: str) -> None:
    assert parse_moment(text) is None


def test_moments_are_utc_with_microseconds() -> None:
    moment = parse_moment("2026-01-05T10:00:00.5+01:00")
    assert moment == datetime(2026, 1, 5, 9, 0, 0, 500_000, tzinfo=UTC)
    assert format_moment(moment) == "2026-01-05T09:00:00.500000Z"
    assert add_seconds("2026-01-05T09:00:00Z", 0.5) == "2026-01-05T09:00:00.500000Z"


def test_adding_to_what_is_no_moment_is_an_error() -> None:
    for text, seconds in (("soon", 1.0), ("9999-12-31T00:00:00Z", 1e9)):
        with pytest.raises(ValueError, match=r"not a moment|out of the calendar"):
            add_seconds(text, seconds)


def test_the_functions_are_the_closed_list_and_documented() -> None:
    assert sorted(FUNCTIONS) == sorted(CLOSED_LIST)
    for function in FUNCTIONS.values():
        assert function.kind in ("filter", "function")
        assert function.name in function.signature
        assert function.doc.endswith(".")
