"""Moments: RFC 3339 texts with a zone, and the clock of a place.

Owns: reading, writing and moving moments. Nothing here reads a clock; the present is always handed in.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def looks_like_moment(text: str) -> bool:
    """Return whether the text has the outline of an RFC 3339 moment; cheap, used before parsing."""
    return len(text) >= 20 and text[4] == "-" and text[7] == "-" and text[10] in "Tt " and text[13] == text[16] == ":"


@lru_cache(maxsize=4096)
def parse_moment(text: str) -> datetime | None:
    """Return the moment in UTC, or None where the text is no RFC 3339 moment with a zone."""
    if len(text) > 40 or not text.isascii() or not looks_like_moment(text):
        return None
    try:
        moment = datetime.fromisoformat(text.upper())
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def format_moment(moment: datetime) -> str:
    """Return RFC 3339 in UTC with microseconds and `Z`; texts of this form sort as the moments do."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def add_seconds(moment_text: str, seconds: float) -> str:
    """Return the moment that is `seconds` later; raises ValueError where the text or the result is no
    moment.
    """
    moment = parse_moment(moment_text)
    if moment is None:
        raise ValueError(f"not a moment: {moment_text!r}")
    try:
        return format_moment(moment + timedelta(seconds=seconds))
    except OverflowError as error:
        raise ValueError(f"out of the calendar: {moment_text!r} and {seconds} seconds") from error


@lru_cache(maxsize=64)
def zone(name: str) -> tzinfo | None:
    """Return the IANA time zone of that name, or None where there is none."""
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return None


def read_date(text: str, time_zone: str) -> datetime | None:
    """Return the moment of a date (its midnight) or of a date and time; without a zone it is `time_zone`'s."""
    moment = parse_moment(text)
    place = zone(time_zone)
    if moment is not None or place is None:
        return moment
    if not is_date(text[:10]) or not (len(text) == 10 or (text[10] in "Tt " and len(text) <= 26)):
        return None
    try:
        local = datetime.fromisoformat(text.upper())
        return (local if local.tzinfo else local.replace(tzinfo=place)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def is_date(text: str) -> bool:
    """Return whether the text has the outline `2026-01-31`."""
    return (
        len(text) == 10 and text.isascii() and text[4] == text[7] == "-" and (text[:4] + text[5:7] + text[8:]).isdigit()
    )


def is_clock(text: str) -> bool:
    """Return whether the text is a time of day, `09:30`."""
    return (
        len(text) == 5
        and text.isascii()
        and text[2] == ":"
        and (text[:2] + text[3:]).isdigit()
        and text[:2] < "24"
        and text[3:] < "60"
    )


def clock_of(moment: datetime, time_zone: str) -> str | None:
    """Return the time of day `HH:MM` that clocks in the zone show at the moment."""
    place = zone(time_zone)
    if place is None:
        return None
    try:
        return moment.astimezone(place).strftime("%H:%M")
    except (ValueError, OverflowError):
        return None


def next_moment(wanted: str, now: datetime, time_zone: str) -> datetime | None:
    """Return the next moment after `now` of `09:00`, `monday` (its midnight) or `monday 09:00` in the zone."""
    place = zone(time_zone)
    words = wanted.lower().split()
    day = words.pop(0) if words and words[0] in WEEKDAYS else None
    clock = words.pop(0) if words else "00:00" if day else ""
    if place is None or words or not is_clock(clock):
        return None
    try:
        start = now.astimezone(place)
        for ahead in range(9):
            date = (start + timedelta(days=ahead)).date()
            at = datetime(date.year, date.month, date.day, int(clock[:2]), int(clock[3:]), tzinfo=place)
            if at.astimezone(UTC) > now and (day is None or WEEKDAYS[date.weekday()] == day):
                return at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return None


def seconds_between(start: str, end: str) -> float:
    """Return the seconds from one moment (as `format_moment` writes it) to another; 0.0 where one is no
    moment.
    """
    if start[:17] == end[:17] and len(start) == len(end) == 27:
        # Within one minute only the seconds differ: nearly every command and its event.
        try:
            return float(end[17:26]) - float(start[17:26])
        except ValueError:
            return 0.0
    first, second = parse_moment(start), parse_moment(end)
    return 0.0 if first is None or second is None else (second - first).total_seconds()
