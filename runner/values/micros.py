"""Amounts as whole numbers of millionths, so that sums are exact.

Owns: the one conversion from numbers as people and JSON write them. What an amount means is the caller's part.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation

MICRO = 1_000_000
MAX_AMOUNT = 9_000_000_000 * MICRO
"""What a counter can hold, in millionths; a larger amount never fits."""


def micros(amount: float, *, up: bool) -> int | None:
    """Return a number in millionths, exactly by its shortest text; None where it is negative or no finite number.

    `up` rounds what is finer than a millionth up (for what is taken), else down (for limits).
    """
    try:
        number = Decimal(repr(amount)) if isinstance(amount, float) else Decimal(amount)
        if not number.is_finite() or number < 0:
            return None
        scaled = min(number, Decimal(MAX_AMOUNT)) * MICRO
    except (InvalidOperation, ValueError, TypeError):
        return None
    return min(int(scaled.to_integral_value(ROUND_CEILING if up else ROUND_FLOOR)), MAX_AMOUNT + (1 if up else 0))
