"""What may be seen of runs and records: every command and page that shows them goes through here.

Owns: the way from a stored run to what is shown of it, also of one whose person was forgotten. What is hidden is
`app.redaction`'s part; words are `app.look`'s.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import msgspec

from flowrun.app.redaction import Redaction
from flowrun.app.result import RunResult
from flowrun.core.compiled import CompiledPlan
from flowrun.errors import StoreError
from flowrun.plan.model import Plan
from flowrun.ports.journal import Journal, RecordRow, RunRow
from flowrun.privacy.marks import Found
from flowrun.words import t

Json = Any
LOST_PLAN = "FR5008"


class Shown(ABC):
    """The use cases of looking. `reveal` is who wants to see marked fields too; that needs the flow's owner role.

    Then each method raises `InputError` (FR3025) where they do not have it. Secrets are never shown.
    """

    journal: Journal
    secrets: Sequence[Found]

    @abstractmethod
    def plan_of(self, run: str, *, accept: bool = True) -> CompiledPlan:
        """Return the plan of a run."""

    @abstractmethod
    def require_owner(self, run: str, by: str, *, submitter: bool = False) -> None:
        """Raise `InputError` (FR3025) unless `by` has the flow's owner role."""

    def redaction(self, run: str, *, reveal: str | None = None, only_secrets: bool = False) -> Redaction:
        """Return what is hidden of a run whose events can be read."""
        if reveal is not None:
            self.require_owner(run, reveal)
        events = [stored.event for stored in self.journal.events(run)]
        try:
            plan: Plan | None = self.plan_of(run).plan
        except StoreError as error:
            if error.code != LOST_PLAN:
                raise
            plan = None
        return Redaction(plan, events, self.secrets, only_secrets=only_secrets or reveal is not None)

    def shown(self, result: RunResult, *, reveal: str | None = None) -> RunResult:
        """Return a result as it may be shown."""
        return result if result.erased is not None else self.redaction(result.run, reveal=reveal).result(result)

    def shown_run(self, row: RunRow) -> RunRow:
        """Return a row of the list of runs as it may be shown."""
        if row.erased is not None:
            return msgspec.structs.replace(row, reason=t("its person was forgotten at {erased}", erased=row.erased))
        if row.unreadable:
            return msgspec.structs.replace(row, reason=row.unreadable)
        if not row.reason:
            return row
        return msgspec.structs.replace(row, reason=self.redaction(row.run).text(row.reason))

    def shown_records(self, rows: Sequence[RecordRow], *, reveal: str | None = None) -> list[RecordRow]:
        """Return records as they may be shown."""
        hidden: dict[str, Redaction] = {}
        for row in rows:
            if not row.erased and row.run not in hidden:
                hidden[row.run] = self.redaction(row.run, reveal=reveal)
        return [row if row.erased else hidden[row.run].record(row) for row in rows]

    def shown_entries(self, entries: Sequence[dict[str, Json]]) -> list[dict[str, Json]]:
        """Return inbox entries: whoever decides sees exactly what they decide on, apart from secrets."""
        return [self.redaction(entry["run"], only_secrets=True).entry(entry) for entry in entries]
