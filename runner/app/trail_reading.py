"""Reading runs for the trail: which are selected, and of each what may be seen.

Owns: the way from a store to the entries of `app.trail`, also of runs whose person was forgotten. What is hidden is
`app.shown`'s part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing

import msgspec

from flowrun import wiring
from flowrun.app.metrics import each_run
from flowrun.app.runs import App
from flowrun.app.trail import Entry, entries_of
from flowrun.app.workspace import Workspace
from flowrun.core.events import AnyEvent
from flowrun.errors import StoreError
from flowrun.journal.facts import Fact, Forgotten, Halted, read_fact
from flowrun.ports.journal import RunRow, StoredEvent
from flowrun.values.moments import add_seconds
from flowrun.words import t

UNREADABLE = ("FR5012", "FR5023")
"""A run's keys are not there: its clear part is still told, and every other run."""


class RunTrail(msgspec.Struct, frozen=True, kw_only=True):
    """One run. `events`: what may be seen of them, None where they cannot be read (its person was forgotten, its keys are
    missing); then `entries` tell only what kinds of things happened, and when.
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
        return RunTrail(row=row, stored=stored, events=None, entries=_clear(row, stored, "erased"))
    try:
        events = app.redaction(row.run, reveal=reveal).events()
    except StoreError as error:
        if error.code not in UNREADABLE:
            raise
        row = msgspec.structs.replace(row, unreadable=error.message)
        return RunTrail(row=row, stored=stored, events=None, entries=_clear(row, stored, "unreadable"))
    placed = [(item.seq, event) for item, event in zip(stored, events, strict=True)]
    return RunTrail(
        row=row, stored=stored, events=events, entries=entries_of(row.run, placed, app.plan_of(row.run).plan)
    )


def _clear(row: RunRow, stored: Sequence[StoredEvent], what: str) -> list[Entry]:
    """Return what can be told of a run without its key."""
    return [
        Entry(run=row.run, seq=item.seq, at=item.clear.at, who="", what=what, type=item.clear.type) for item in stored
    ]


def read_facts(ws: Workspace, *, start: str | None = None) -> list[Entry]:
    """Return the facts of the store itself since a moment, the oldest first; they belong to no run."""
    file = wiring.store_path(ws.store_url)
    if not file.is_file():
        return []
    with closing(wiring.trail(file)) as trail:
        found = [read_fact(row.body) for row in trail.facts()]
    facts = [item for item in found if item is not None and (start is None or item[1].at >= start)]
    return [
        Entry(run="", seq=seq, at=fact.at, who=fact.by, what=_fact_words(fact), type=f"store.{_tag(fact)}")
        for seq, fact in facts
    ]


def _tag(fact: Fact) -> str:
    return str(fact.__struct_config__.tag)


def _fact_words(fact: Fact) -> str:
    if isinstance(fact, Forgotten):
        return t(
            "A person was forgotten: {count} runs; of {records} records something remains",
            count=len(fact.runs),
            records=fact.records,
        )
    if isinstance(fact, Halted):
        if fact.until:
            halted = t("Halted {what} until {until}", what=fact.what, until=fact.until)
        else:
            halted = t("Halted {what}", what=fact.what)
        return f"{halted}: {fact.reason}" if fact.reason else halted
    return t("Lifted the halt of {what}", what=fact.what)
