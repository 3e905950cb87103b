"""Durations as people write them: `30s`, `10m`, `4h`, `2d`.

Owns: reading that spelling. Adding durations to moments is in `moments`.
"""

from __future__ import annotations

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def parse_duration(text: str) -> float | None:
    """Return the seconds of `30s`, `10m`, `4h` or `2d` (a whole number and one unit), or None for any other
    text.
    """
    number, unit = text[:-1], text[-1:]
    if unit not in UNITS or not (number.isascii() and number.isdigit()) or len(number) > 9:
        return None
    return int(number) * UNITS[unit]
