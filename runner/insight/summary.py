"""What a run came to, folded from its events.

Owns: the counts that `flowrun run --json` shows. It reads events only; nothing is looked up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from flowrun.core.events import (
    Answered,
    AnyEvent,
    Asked,
    CallFailed,
    Decided,
    Doubted,
    Intended,
    ModelFailed,
    ModelReplied,
    ModelStarted,
    RecordWritten,
    Returned,
    RunFinished,
    RunStarted,
    Waiting,
    Withdrawn,
    Woken,
)
from flowrun.values.moments import seconds_between

Json = Any


class Usage(msgspec.Struct, kw_only=True):
    """What a run has used; `cost` in the currency's unit, `seconds` from its start to its last event, waits left out."""

    model_calls: int = 0
    model_tokens: int = 0
    tool_calls: int = 0
    writes: int = 0
    cost: float = 0.0
    seconds: float = 0.0


class Summary(msgspec.Struct, kw_only=True):
    """One run. `outcome` None while it goes on; `record` is the record that it ended with."""

    run: str
    flow: str
    version: int
    outcome: str | None
    reason: str
    record: dict[str, Json] | None
    records: list[dict[str, Json]]
    usage: Usage
    mode: str = "live"


def summarise(events: Sequence[AnyEvent]) -> Summary:
    """Fold a run's events, the first of which is its start."""
    start = events[0]
    assert isinstance(start, RunStarted)
    usage = Usage(seconds=round(seconds_between(start.at, events[-1].at) - waited(events), 3))
    summary = Summary(
        run=start.run,
        flow=start.flow,
        version=start.version,
        outcome=None,
        reason="",
        record=None,
        records=[],
        usage=usage,
        mode=start.mode,
    )
    cost = 0
    reserved: dict[str, int] = {}
    writes: set[str] = set()
    for event in events:
        if isinstance(event, ModelStarted):
            usage.model_calls += 1
            reserved[event.path] = event.reserved
            cost += event.reserved
        elif isinstance(event, ModelReplied):
            told = max(event.usage.input_tokens + event.usage.output_tokens, 0)
            # A report that cannot be true is not shown as one: what was charged differs from it then.
            usage.model_tokens += event.tokens or told if event.usage.known else told
            cost += event.cost - reserved.get(event.path, 0)
        elif isinstance(event, ModelFailed):
            cost += event.cost - reserved.get(event.path, 0)
        elif isinstance(event, Decided):
            writes |= {v.path for v in event.verdicts if v.effect == "write"}
        elif isinstance(event, Returned) and not event.simulated:
            usage.tool_calls += 1
            usage.writes += not event.first and event.path.split("~")[0] in writes
        elif isinstance(event, CallFailed | Doubted):
            usage.tool_calls += 1
        elif isinstance(event, Intended):
            writes.add(event.path.split("~")[0])
        elif isinstance(event, RecordWritten):
            summary.records.append({"schema": event.schema, "path": event.path, "record": event.record})
            if event.final:
                summary.record = event.record
        elif isinstance(event, RunFinished):
            summary.outcome, summary.reason = event.outcome, event.reason
    usage.cost = cost / 1_000_000
    return summary


def waited(events: Sequence[AnyEvent]) -> float:
    """Return the seconds in which a run waited for people, events or timers; overlapping waits count once."""
    opened: dict[str, str] = {}
    total, since = 0.0, ""
    for event in events:
        if isinstance(event, Asked | Waiting):
            since = since if opened else event.at
            opened[event.path] = event.at
        elif (
            isinstance(event, Answered | Woken | Withdrawn) and opened.pop(event.path, None) is not None and not opened
        ):
            total += seconds_between(since, event.at)
    return total + (seconds_between(since, events[-1].at) if opened else 0.0)
