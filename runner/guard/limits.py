"""How much room an `at_most` leaves.

Owns: the counter of a limit (rule, place, `per` value, window) and the amount that a call takes from it, in millionths
from here on. What is taken already is handed in.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import Reservation
from flowrun.plan.model import LimitPlan, RulePlan
from flowrun.values.micros import MICRO, micros
from flowrun.values.moments import format_moment, parse_moment
from flowrun.values.names import Names

Json = Any


def reservation(
    compiled: CompiledPlan, rule: RulePlan, place: int, limit: LimitPlan, names: Names
) -> Reservation | str:
    """Return the room that the call needs under this limit, or why that cannot be told (which denies)."""
    per: Json = None
    if limit.per is not None:
        per = compiled.value(limit.per, names)
        if per is None:
            return "What the limit counts by is empty."
    takes: int | None = MICRO
    if limit.sum is not None:
        amount: Json = compiled.value(limit.sum, names)
        if isinstance(amount, dict):
            if limit.currency and amount.get("currency") not in (None, limit.currency):
                return f"The limit is in {limit.currency}."
            amount = amount.get("amount")
        number = isinstance(amount, int | float) and not isinstance(amount, bool)
        takes = micros(amount, up=True) if number else None
    if takes is None:
        return "What the limit adds up is not an amount."
    scope = "run" if limit.window == "run" else "all"
    # A sum and a count never share a counter, not even under one rule that was changed from one to the other.
    key = msgspec.json.encode([rule.source.split("@")[0], rule.id, place, limit.sum, per], order="deterministic")
    counter = f"{scope}:{hashlib.sha256(key).hexdigest()[:24]}"
    return Reservation(
        counter=counter,
        takes=takes,
        most=micros(limit.limit, up=False) or 0,
        since=window_start(limit.window, names),
        rule=rule.id,
        reason=rule.reason,
    )


def window_start(window: str | float, names: Names) -> str | None:
    """Return where a window begins: a rolling one, today in the workspace's time zone, or None for ever."""
    now = parse_moment(names.now)
    if now is None or window in ("run", "ever"):
        return None
    if window == "today":
        local = now.astimezone(ZoneInfo(names.time_zone))
        return format_moment(local.replace(hour=0, minute=0, second=0, microsecond=0))
    return format_moment(now - timedelta(seconds=float(window)))
