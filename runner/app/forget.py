"""Forgetting a person: what is destroyed, what is kept, and what is out of reach.

Owns: that use case. How keys are destroyed is the journal's part; what is left of a record is told by `app.redaction`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from flowrun.app.redaction import Redaction
from flowrun.errors import InputError
from flowrun.ports.journal import Erasure, RunRow
from flowrun.privacy.marks import Found
from flowrun.words import t

if TYPE_CHECKING:
    from flowrun.app.runs import App

Json = Any
LOCAL_MODELS = ("examples",)


class Forgotten(msgspec.Struct, frozen=True, kw_only=True):
    """What forgetting does, or has done (`done`). Nobody is named in it.

    `going_on` are runs that must end first; `out_of_reach` is what flowrun cannot erase.
    """

    runs: list[str]
    going_on: list[str]
    records: int
    out_of_reach: list[str]
    done: bool


def plan_forgetting(app: App, subject: str, *, by: str) -> Forgotten:
    """Return what `forget` would do; it needs the same right, for it tells which runs are about a person.

    Raises `InputError`: FR3025 where `by` may not do it for one of the flows, FR3041 for an empty subject.
    """
    rows = _rows(app, subject)
    for row in rows:
        app.require_owner(row.run, by)
    return _told(app, rows, done=False)


async def forget(app: App, subject: str, *, by: str, cancel: bool = False) -> Forgotten:
    """Destroy the keys of every run of a person, and keep the records without their marked fields.

    Doing it twice does nothing more. `cancel` ends runs that go on. Raises `InputError`: FR3025 where `by` may not do it
    for one of the flows, FR3040 where a run goes on, FR3041 for an empty subject; `StoreError` as the journal's `erase`.
    """
    rows = _rows(app, subject)
    for row in rows:
        app.require_owner(row.run, by)
    if cancel:
        for row in rows:
            if row.outcome is None:
                await app.cancel(row.run, by=by, reason=t("The person is being forgotten."))
        rows = _rows(app, subject)
    told = _told(app, rows, done=True)
    remains: dict[str, dict[str, Json]] = {}
    for row in rows:
        records = app.journal.records(run=row.run, shadow=row.mode == "shadow") if row.outcome is not None else []
        if records:
            events = [stored.event for stored in app.journal.events(row.run)]
            hidden = Redaction(app.plan_of(row.run).plan, events, [Found("subject", subject)])
            remains |= {record.id: hidden.remains(record) for record in records}
    app.journal.erase(
        Erasure(subject=subject, runs=[row.run for row in rows], remains=remains, at=app.clock.now(), by=by)
    )
    return told


def _rows(app: App, subject: str) -> list[RunRow]:
    if not subject.strip():
        raise InputError(t("Who is to be forgotten?"), help=t("Give what the flow's `subject:` says."), code="FR3041")
    return app.journal.runs_of(subject)


def _told(app: App, rows: list[RunRow], *, done: bool) -> Forgotten:
    plans = {row.plan: app.plan_of(row.run).plan for row in rows}
    tools = sorted(
        {name.split(".")[0] for plan in plans.values() for name in plan.tools if not name.startswith("flows.")}
    )
    models = sorted(
        {f"{m.name}" for plan in plans.values() for m in plan.models.values() if m.provider not in LOCAL_MODELS}
    )
    far = [
        t("backups and copies of the store, and of its key file"),
        t("what was exported before: records, evidence bundles, recordings of models"),
    ]
    if tools:
        far.append(t("the systems behind the tools, which hold what was sent to them: {tools}", tools=", ".join(tools)))
    if models:
        far.append(t("the servers of models that may have been asked: {models}", models=", ".join(models)))
    return Forgotten(
        runs=[row.run for row in rows],
        going_on=[row.run for row in rows if row.outcome is None],
        records=sum(len(app.journal.records(run=row.run, shadow=row.mode == "shadow")) for row in rows),
        out_of_reach=far,
        done=done,
    )
