"""The write ledger over a store.

Owns: which runs are looked at, and the words for a write. What became of a write is `journal.writes`' fold.
"""

from __future__ import annotations

from flowrun.app import words
from flowrun.app.runs import App
from flowrun.journal.writes import Write, writes
from flowrun.ports.journal import RunRow

ALL = 1_000_000_000
OPEN = ("proposed", "decided", "reserved", "executing", "in_doubt")
"""States that a run in which nothing is open can have in doubt only."""


def ledger(app: App, *, run: str | None = None, state: str | None = None, limit: int = 50) -> list[Write]:
    """Return writes, the newest run first: of one run, or of the newest `limit` runs.

    With a `state` in which a write is unsettled, every run is looked at that can have one. Raises `InputError` (FR3002).
    """
    if run is not None:
        rows = [app.journal.run(run)]
    elif state in OPEN:
        rows = [row for row in app.journal.runs(limit=ALL) if row.outcome in (None, "in_doubt")]
    else:
        rows = app.journal.runs(limit=limit)
    return [write for row in rows for write in of_run(app, row) if state in (None, write.state)]


def of_run(app: App, row: RunRow) -> list[Write]:
    """Return the writes of one run as they may be shown; of one whose person was forgotten nothing can be read."""
    return [] if row.erased is not None else writes(app.redaction(row.run).events(), driven=row.claimed)


def told(write: Write) -> str:
    """Return what became of a write, in a few words."""
    if write.state == "decided":
        said = {
            "deny": "denied",
            "ask": "waits for people",
            "rejected": "rejected by people",
            "refused": "refused",
            "not_made": "not made",
        }
        by = f" by {write.rule}" if write.rule else ""
        what = "simulated" if write.how == "simulated" else said.get(write.decision, "allowed")
        return f"{what}{by}{': ' + write.reason if write.reason else ''}"
    if write.state == "reconciled":
        how = {"repeat": "repeated", "confirm_with": "looked up"}.get(write.how, f"said by {write.by}")
        return f"was in doubt; {'done' if write.done else 'not done'} ({how})"
    if write.state == "done" and write.first:
        return f"done before, by the run {write.first}; the first result was given"
    if write.state in ("in_doubt", "failed") and write.attempts:
        return f"{len(write.attempts)} attempt{'s' * (len(write.attempts) > 1)}: {words.short(write.attempts[-1].said)}"
    if write.state == "reserved":
        return "its intent is stored, and nobody drives its run: flowrun resume settles it"
    return ""
