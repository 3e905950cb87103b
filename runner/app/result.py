"""What a use case gives back about a run.

Owns: the object that `flowrun run --json` prints, and its exit code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from flowrun.core.events import AnyEvent
from flowrun.insight.summary import Summary, Usage, summarise
from flowrun.journal.projections import short_id
from flowrun.ports.journal import InboxRow, Journal, RunRow
from flowrun.words import t

Json = Any
EXIT_CODES = {"completed": 0, "completed_with_gaps": 0, "rejected": 0, "waiting": 4, "handed_off": 4}


class RunResult(msgspec.Struct, kw_only=True):
    """One run as it stands. `outcome` is `waiting` while it waits, `running` while another process drives it.

    `waiting` holds the open inbox entries as `flowrun inbox --json` shows them, and a timer as `{"kind": "timer", "due"}`;
    `duplicate_of` is the first run's id where this was a second submission.
    """

    run: str
    flow: str
    version: int
    outcome: str
    record: dict[str, Json] | None
    records: list[dict[str, Json]]
    usage: Usage
    waiting: list[dict[str, Json]]
    reason: str
    duplicate_of: str | None = None
    mode: str = "live"
    erased: str | None = None
    """When the run's person was forgotten: then only this much of it is left."""

    @property
    def exit_code(self) -> int:
        """What the command line ends with."""
        return EXIT_CODES.get(self.outcome, 1)


def read_result(journal: Journal, run: str, *, duplicate: bool = False) -> RunResult:
    """Return a run's result from the journal. Raises `InputError` (FR3002) for an unknown run."""
    row = journal.run(run)
    if row.erased is not None:
        return _erased(journal, row, run if duplicate else None)
    summary = summarise([stored.event for stored in journal.events(run)])
    waiting: list[dict[str, Json]] = []
    if summary.outcome is None:
        entries = journal.inbox(run=run)
        waiting = listed(entries)
        if row.due is not None and not any(entry.due == row.due for entry in entries):
            waiting.append({"kind": "timer", "due": row.due})
        elif not waiting and not row.claimed and row.waiting_on:
            waiting.append({"kind": row.waiting_on, "due": row.due})
    outcome = summary.outcome or ("waiting" if row.waiting_on is not None else "running")
    return _result(summary, outcome, waiting, run if duplicate else None)


def _erased(journal: Journal, row: RunRow, duplicate_of: str | None) -> RunResult:
    records = list(reversed(journal.records(run=row.run, shadow=row.mode == "shadow")))
    return RunResult(
        run=row.run,
        flow=row.flow,
        version=row.version,
        outcome=row.outcome or "",
        record=next((record.record for record in records if record.final), None),
        records=[{"schema": record.schema, "path": record.path, "record": record.record} for record in records],
        usage=Usage(),
        waiting=[],
        reason=t(
            "Its person was forgotten at {erased}: what happened in it cannot be read any more.", erased=row.erased
        ),
        duplicate_of=duplicate_of,
        erased=row.erased,
        mode=row.mode,
    )


def ended(events: Sequence[AnyEvent]) -> RunResult:
    """Return the result of a run that has ended, from all of its events."""
    summary = summarise(events)
    return _result(summary, summary.outcome or "", [], None)


def _result(summary: Summary, outcome: str, waiting: list[dict[str, Json]], duplicate_of: str | None) -> RunResult:
    return RunResult(
        run=summary.run,
        flow=summary.flow,
        version=summary.version,
        outcome=outcome,
        record=summary.record,
        records=summary.records,
        usage=summary.usage,
        waiting=waiting,
        reason=summary.reason,
        duplicate_of=duplicate_of,
        mode=summary.mode,
    )


def listed(entries: Sequence[InboxRow]) -> list[dict[str, Json]]:
    """Return inbox entries in the shape of `flowrun inbox --json`; the approvals of one `for_each` are one of them."""
    groups: dict[str, list[InboxRow]] = {}
    for entry in entries:
        groups.setdefault(group_id(entry) or f"{entry.run} {entry.id}", []).append(entry)
    return [merged(id, found) if " " not in id else entry_dict(found[0]) for id, found in groups.items()]


def merged(id: str, entries: Sequence[InboxRow]) -> dict[str, Json]:
    """Return the open entries of a group as one; what is in several of them is told once."""
    parts = [entry_dict(entry) for entry in entries]
    proposals = [proposal for part in parts for proposal in part["proposal"]]
    return {
        **parts[0],
        "id": id,
        "path": entries[0].asked["group"],
        "title": parts[0]["title"] if len(parts) == 1 else f"{parts[0]['title']} ({len(parts)} items)",
        "to": list(dict.fromkeys(role for part in parts for role in part["to"])),
        "open": list(dict.fromkeys(role for part in parts for role in part["open"])),
        "due": min((part["due"] for part in parts if part["due"]), default=None),
        "proposal": proposals,
        "why": " ".join(dict.fromkeys(part["why"] for part in parts if part["why"])),
        "approvals": [yes for part in parts for yes in part["approvals"]],
        "seen": seen_digest(proposal["digest"] for proposal in proposals),
        "entries": [entry.id for entry in entries],
    }


def entry_dict(entry: InboxRow) -> dict[str, Json]:
    """Return one inbox entry in that shape: `open` are the roles whose answer is missing, `seen` stands for its calls."""
    asked = entry.asked
    missing = list(entry.to)
    for yes in entry.approvals:
        missing.remove(yes["role"])
    shown: dict[str, Json] = {
        "id": entry.id,
        "run": entry.run,
        "path": entry.path,
        "kind": entry.kind,
        "title": asked.get("title", ""),
        "to": entry.to,
        "open": missing,
        "due": entry.due,
        "proposal": asked.get("proposals", []),
        "form": asked.get("form"),
        "draft": asked.get("draft"),
        "show": asked.get("show", {}),
        "problems": asked.get("problems", []),
        "evidence": asked.get("evidence", []),
        "may": asked.get("may", []),
        "why": asked.get("why", ""),
        "approvals": entry.approvals,
    }
    if entry.kind == "approval":
        shown["seen"] = seen_digest(proposal["digest"] for proposal in shown["proposal"])
    return shown


def group_id(entry: InboxRow) -> str | None:
    """Return the id under which the approvals of one `for_each` are shown together, None for any other entry."""
    group = entry.asked.get("group")
    return short_id(entry.run, group) if group else None


def seen_digest(digests: Iterable[str]) -> str:
    """Return a short text that stands for exactly these calls, whatever their order."""
    return hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()[:12]
