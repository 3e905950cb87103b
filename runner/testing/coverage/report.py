"""How much of each flow its tests try, and what they leave out.

Owns: the figures and their text.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from flowrun.testing.coverage.points import KINDS, Point
from flowrun.words import mark, t

NAMES = {
    "step": mark("steps"),
    "branch": mark("branches"),
    "gate": mark("gates"),
    "failure": mark("failures"),
    "value": mark("values"),
}


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How many points of a kind were tried, of how many."""

    tried: int
    all: int


class FlowCoverage(msgspec.Struct, frozen=True, kw_only=True):
    """One flow. `missing` are the points that no test tries, in the order of the files; `percent` counts all kinds alike."""

    flow: str
    file: str
    kinds: dict[str, Count]
    percent: float
    missing: list[Point]


def coverage_of(flow: str, file: str, points: Sequence[Point], tried: Collection[str]) -> FlowCoverage:
    """Return the figures of a flow. `tried` are the keys of all its tests."""
    kinds = {
        kind: Count(
            tried=sum(point.kind == kind and point.key in tried for point in points),
            all=sum(point.kind == kind for point in points),
        )
        for kind in KINDS
    }
    done, whole = sum(count.tried for count in kinds.values()), sum(count.all for count in kinds.values())
    return FlowCoverage(
        flow=flow,
        file=file,
        kinds=kinds,
        percent=percent(done, whole),
        missing=[point for point in points if point.key not in tried],
    )


def total(flows: Sequence[FlowCoverage]) -> float:
    """Return the percentage over all flows; 100 where there is nothing to try."""
    counts = [count for flow in flows for count in flow.kinds.values()]
    return percent(sum(count.tried for count in counts), sum(count.all for count in counts))


def percent(done: int, whole: int) -> float:
    """Return a percentage with one decimal, never 100 while something is missing."""
    return 100.0 if done == whole else min(round(100 * done / whole, 1), 99.9)


def table(flows: Sequence[FlowCoverage]) -> list[list[str]]:
    """Return the rows of the table, the first with the names of its columns."""
    rows = [[t("flow"), *(t(NAMES[kind]) for kind in KINDS), t("tried")]]
    for flow in flows:
        counts = [flow.kinds[kind] for kind in KINDS]
        cells = [f"{count.tried}/{count.all}" if count.all else "-" for count in counts]
        rows.append([flow.flow, *cells, f"{flow.percent:g} %"])
    return rows


def missing_lines(flow: FlowCoverage) -> list[str]:
    """Return what no test tries, each with its place and how to try it."""
    return [f"{point.file}:{point.line}: {point.what}. {point.hint}" for point in flow.missing]
