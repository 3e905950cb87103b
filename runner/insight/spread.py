"""The median and other quantiles of many durations, in memory that does not grow with them.

Owns: that summary. The first values are kept and give exact quantiles; beyond them each value goes into a bucket whose
width is a fixed share of the value, so that a quantile is wrong by at most `ERROR` of itself.
"""

from __future__ import annotations

import math

ERROR = 0.005
"""Largest error of a quantile, as a share of it, once more than `EXACT` values came."""
EXACT = 1024
SMALLEST = 1e-6
_GAMMA = (1 + ERROR) / (1 - ERROR)
_LOG = math.log(_GAMMA)


class Spread:
    """Durations in seconds; negative ones (a clock that went back) count as 0."""

    def __init__(self) -> None:
        self.count = 0
        self._values: list[float] = []
        self._buckets: dict[int, int] = {}

    def add(self, value: float) -> None:
        """Count one value."""
        value = max(value, 0.0)
        self.count += 1
        if self._buckets:
            self._put(value)
            return
        self._values.append(value)
        if len(self._values) > EXACT:
            for kept in self._values:
                self._put(kept)
            self._values = []

    def quantile(self, share: float) -> float | None:
        """Return the smallest value that at least `share` (above 0, at most 1) of all values do not exceed.

        None without a value.
        """
        if not self.count:
            return None
        rank = max(math.ceil(share * self.count), 1)
        if self._values:
            return sorted(self._values)[rank - 1]
        seen = 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen >= rank:
                return _middle(bucket)
        raise AssertionError("the buckets hold all values")

    def _put(self, value: float) -> None:
        bucket = _NOTHING if value < SMALLEST else math.ceil(math.log(value) / _LOG)
        self._buckets[bucket] = self._buckets.get(bucket, 0) + 1


_NOTHING = math.floor(math.log(SMALLEST) / _LOG) - 1


def _middle(bucket: int) -> float:
    """Return the value that is wrong by the same share at both ends of the bucket."""
    return 0.0 if bucket == _NOTHING else 2 * _GAMMA**bucket / (1 + _GAMMA)
