"""Amounts become whole millionths once, exactly."""

from __future__ import annotations

from flowrun.values.micros import micros


def test_amounts_are_exact_and_never_rounded_in_favour_of_the_call() -> None:
    assert micros(0.1, up=True) == 100_000
    assert micros(0.0000001, up=True) == 1 and micros(0.0000019, up=False) == 1
    assert micros(-0.01, up=True) is None and micros(float("nan"), up=True) is None
    amount, limit = micros(1e300, up=True), micros(1e300, up=False)
    assert amount is not None and limit is not None and amount > limit
