"""The write ledger over a store.

Owns: which runs are looked at, and the words for a write. What became of a write is `journal.writes`' fold.
"""

from __future__ import annotations

from flowrun.app import words
from flowrun.app.runs import App
from flowrun.journal.writes import Write, writes
from flowrun.ports.journal import RunRow
from flowrun.words import t, tn

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
            "deny": t("denied"),
            "ask": t("waits for people"),
            "rejected": t("rejected by people"),
            "refused": t("refused"),
            "not_made": t("not made"),
        }
        what = t("simulated") if write.how == "simulated" else said.get(write.decision, t("allowed"))
        if write.rule:
            what = t("{what} by {rule}", what=what, rule=write.rule)
        return f"{what}: {write.reason}" if write.reason else what
    if write.state == "reconciled":
        how = {"repeat": t("repeated"), "confirm_with": t("looked up")}.get(write.how) or t("said by {by}", by=write.by)
        return t("was in doubt; done ({how})", how=how) if write.done else t("was in doubt; not done ({how})", how=how)
    if write.state == "done" and write.first:
        return t("done before, by the run {first}; the first result was given", first=write.first)
    if write.state in ("in_doubt", "failed") and write.attempts:
        last = words.short(write.attempts[-1].said)
        return tn("{n} attempt: {said}", "{n} attempts: {said}", len(write.attempts), said=last)
    if write.state == "reserved":
        return t("its intent is stored, and nobody drives its run: flowrun resume settles it")
    return ""
