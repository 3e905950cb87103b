"""Reading runs for the trail: which are selected, and of each what may be seen.

Owns: the way from a store to the entries of `app.trail`, also of runs whose person was forgotten. What is hidden is
`app.shown`'s part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from flowrun.app.metrics import each_run
from flowrun.app.runs import App
from flowrun.app.trail import Entry, entries_of
from flowrun.core.events import AnyEvent
from flowrun.ports.journal import RunRow, StoredEvent
from flowrun.values.moments import add_seconds


class RunTrail(msgspec.Struct, frozen=True, kw_only=True):
    """One run. `events`: what may be seen of them, None where its person was forgotten; then `entries` tell only what
    kinds of things happened, and when.
    """

    row: RunRow
    stored: Sequence[StoredEvent]
    events: Sequence[AnyEvent] | None
    entries: list[Entry]


def read_trails(
    app: App,
    *,
    runs: Sequence[str] = (),
    flow: str | None = None,
    since: float | None = None,
    reveal: str | None = None,
) -> Iterator[RunTrail]:
    """Return runs, the oldest first: those that are named, or all of a flow, started in the last `since` seconds.

    Raises `InputError`: FR3002 for an unknown run, FR3025 where `reveal` has not the owner role.
    """
    start = None if since is None else add_seconds(app.clock.now(), -since)
    if runs:
        rows = [app.journal.run(run) for run in runs]
        rows = [row for row in rows if flow in (None, row.flow) and (start is None or row.created >= start)]
    else:
        rows = list(each_run(app.journal, flow=flow, since=start))
    for row in sorted(rows, key=lambda row: row.run):
        yield read_trail(app, row, reveal=reveal)


def read_trail(app: App, row: RunRow, *, reveal: str | None = None) -> RunTrail:
    """Return one run."""
    stored = app.journal.events(row.run)
    if row.erased is not None:
        entries = [
            Entry(run=row.run, seq=item.seq, at=item.clear.at, who="", what="erased", type=item.clear.type)
            for item in stored
        ]
        return RunTrail(row=row, stored=stored, events=None, entries=entries)
    events = app.redaction(row.run, reveal=reveal).events()
    placed = [(item.seq, event) for item, event in zip(stored, events, strict=True)]
    return RunTrail(
        row=row, stored=stored, events=events, entries=entries_of(row.run, placed, app.plan_of(row.run).plan)
    )
