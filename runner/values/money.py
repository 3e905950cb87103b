"""Money as people write it: `50 EUR`, `0.05 USD`.

Owns: reading that spelling, and the JSON form of a money value in expressions, `{"amount": 50, "currency":
"EUR"}`. No conversion between currencies exists.
"""

from __future__ import annotations

from typing import Any, TypeGuard

MICRO = 1_000_000


def is_currency(code: str) -> bool:
    """Return whether the text looks like an ISO 4217 code: three capital letters."""
    return len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()


def parse_money(text: str) -> tuple[int, str] | None:
    """Return (millionths of the unit, currency) of `50 EUR`, or None; at most six decimals, never negative."""
    amount, _, currency = text.strip().partition(" ")
    currency = currency.strip()
    whole, point, fraction = amount.partition(".")
    if not is_currency(currency) or not (whole.isascii() and whole.isdigit()) or len(whole) > 15:
        return None
    if point and not (fraction.isascii() and fraction.isdigit() and len(fraction) <= 6):
        return None
    return int(whole) * MICRO + int(fraction.ljust(6, "0") or "0"), currency


def money_value(text: str) -> dict[str, Any] | None:
    """Return the JSON form of `50 EUR`; the amount is in the currency's unit."""
    parsed = parse_money(text)
    if parsed is None:
        return None
    micro, currency = parsed
    return {"amount": micro // MICRO if micro % MICRO == 0 else micro / MICRO, "currency": currency}


def is_money(value: object) -> TypeGuard[dict[str, Any]]:
    """Return whether a value has the JSON form of money."""
    return (
        type(value) is dict
        and len(value) == 2
        and type(value.get("currency")) is str
        and type(value.get("amount")) in (int, float)
    )
