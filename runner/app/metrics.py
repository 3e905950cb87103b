"""The figures of a store: which of its runs are counted, read one at a time.

Owns: reading runs page by page, and what is left out. What the figures mean is `insight.metrics`' part; nothing here
prints.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from flowrun.core.events import RunStarted
from flowrun.errors import StoreError
from flowrun.insight.metrics import BY, Figures, Group, Metrics
from flowrun.ports.journal import Journal, RunRow
from flowrun.values.moments import add_seconds

PAGE = 500
FORGOTTEN = "FR5012"
"""The run's person was forgotten."""
MODES = ("live", "supervised")
"""Runs that really act. What a shadow run would have done is no figure of the business."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of all counted runs and of each group. `left_out`: runs of another mode; `since`: a moment or None."""

    since: str | None
    by: list[str]
    modes: list[str]
    left_out: int
    total: Figures
    groups: list[Group]
    unreadable: list[str] = []
    """Runs that could not be read although nobody was forgotten; they are in no figure."""


def report(
    journal: Journal,
    *,
    now: str,
    flow: str | None = None,
    since: float | None = None,
    by: Iterable[str] = BY,
    modes: Iterable[str] = MODES,
) -> Report:
    """Fold the runs that started in the last `since` seconds (None: all runs) before `now`, a moment."""
    start = None if since is None else add_seconds(now, -since)
    counted, wanted = list(modes), list(by)
    metrics, left_out, unreadable = Metrics(wanted), 0, list[str]()
    for row in each_run(journal, flow=flow, since=start):
        try:
            events = [stored.event for stored in journal.events(row.run)]
        except StoreError as error:
            if error.code != FORGOTTEN:
                unreadable.append(row.run)
                continue
            metrics.add_erased(row.flow, row.version)
            continue
        first = events[0]
        if isinstance(first, RunStarted) and first.mode in counted:
            metrics.add(events)
        else:
            left_out += 1
    return Report(
        since=start, by=wanted, modes=counted, left_out=left_out, total=metrics.total(), groups=metrics.groups(),
        unreadable=unreadable,
    )  # fmt: skip


def each_run(journal: Journal, *, flow: str | None = None, since: str | None = None) -> Iterator[RunRow]:
    """Yield every run, the newest first, holding one page of them."""
    last: str | None = None
    while True:
        page = journal.runs(flow=flow, since=since, before=last, limit=PAGE)
        yield from page
        if len(page) < PAGE:
            return
        last = page[-1].run
