"""The system's clock gives moments, ids and jitter in the promised form."""

from __future__ import annotations

import re

from flowrun.adapters.clock import SystemClock


def test_now_is_utc_with_microseconds() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", SystemClock().now())


def test_ids_are_unique_and_sort_by_time() -> None:
    clock = SystemClock()
    ids = [clock.new_id() for _ in range(2000)]
    assert len(set(ids)) == 2000 and ids == sorted(ids)
    assert all(re.fullmatch(r"[0-9a-hjkmnp-tv-z]{26}", id) for id in ids)


def test_jitter_and_monotonic_are_in_range() -> None:
    clock = SystemClock()
    assert 0 <= clock.jitter() < 1 and clock.monotonic() <= clock.monotonic()
