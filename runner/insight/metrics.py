"""Figures over many runs, folded from their events one run at a time.

Owns: what each figure counts, and the groups by flow, version and model. A figure never comes without the count that it
stands on. Reading the store and leaving runs out is `app.metrics`' part; how figures are printed is the command's.

What a model answered is counted in the group of that model; what a run did, in the group of all models that replied in
it. So each thing is counted in exactly one group.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from flowrun.core import events as ev
from flowrun.insight.runfold import RunFold, fold_run
from flowrun.insight.spread import Spread

BY = ("flow", "version", "model")
RATES = (
    "schema_failure_rate",
    "repair_rate",
    "tool_error_rate",
    "denied_rate",
    "hand_off_rate",
    "automation_rate",
    "in_doubt_rate",
    "late_rate",
    "resolution_rate",
    "conversion_rate",
)
SPREADS = ("time_to_first_action_seconds", "approval_wait_seconds")
MICRO = 1_000_000


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """A share of `n` things, or an amount for each of them; `value` None where there is none."""

    value: float | None
    n: int


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """Durations in seconds of `n` things; None where there is none. Half and nine tenths of them were not longer."""

    median: float | None
    p90: float | None
    n: int


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one group, or of all. `runs` includes `erased` ones, which give no other figure."""

    runs: int
    ended: int
    erased: int
    schema_failure_rate: Rate
    repair_rate: Rate
    tool_error_rate: Rate
    denied_rate: Rate
    time_to_first_action_seconds: Times
    hand_off_rate: Rate
    approval_wait_seconds: Times
    automation_rate: Rate
    in_doubt_rate: Rate
    late_rate: Rate
    cost_per_record: Rate
    resolution_rate: Rate
    conversion_rate: Rate


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one flow, version and model; a name that the groups do not tell apart is None.

    `model` is empty for runs in which no model replied.
    """

    flow: str | None
    version: int | None
    model: str | None
    figures: Figures


class _Tally:
    """The sums of one group."""

    def __init__(self) -> None:
        self.runs = self.ended = self.erased = 0
        self.cost = self.records = 0
        self.hits = dict.fromkeys(RATES, 0)
        self.counts = dict.fromkeys(RATES, 0)
        self.times = {name: Spread() for name in SPREADS}

    def rate(self, name: str, hits: int, count: int) -> None:
        self.hits[name] += hits
        self.counts[name] += count

    def figures(self) -> Figures:
        known: dict[str, Any] = {
            name: Rate(value=self.hits[name] / n if n else None, n=n) for name, n in self.counts.items()
        }
        for name, spread in self.times.items():
            known[name] = Times(median=spread.quantile(0.5), p90=spread.quantile(0.9), n=spread.count)
        spent = self.cost / MICRO / self.records if self.records else None
        known["cost_per_record"] = Rate(value=spent, n=self.records)
        return Figures(runs=self.runs, ended=self.ended, erased=self.erased, **known)


Key = tuple[str | None, int | None, str | None]


class Metrics:
    """The figures of the runs added so far, told apart by any of `BY`. Memory grows with groups, not with runs."""

    def __init__(self, by: Iterable[str] = BY) -> None:
        self._by = frozenset(by)
        self._all = _Tally()
        self._groups: dict[Key, _Tally] = {}

    def add(self, events: Sequence[ev.AnyEvent]) -> None:
        """Count one run: all its events so far, the first of which is its start."""
        run = fold_run(events)
        here = self._tallies(run.flow, run.version, ", ".join(sorted(run.models)))
        for tally in here:
            _count(tally, run)
        for model, answers in run.answers.items():
            for tally in self._tallies(run.flow, run.version, model):
                tally.rate("schema_failure_rate", answers.failed, answers.tried)
                tally.rate("repair_rate", answers.mended, answers.failed_first)

    def add_erased(self, flow: str, version: int) -> None:
        """Count a run that nobody can read any more, since its person was erased."""
        for tally in self._tallies(flow, version, ""):
            tally.runs += 1
            tally.erased += 1

    def total(self) -> Figures:
        """Return the figures of all runs together."""
        return self._all.figures()

    def groups(self) -> list[Group]:
        """Return the figures of each group, in the order of flow, version and model."""
        found = sorted(self._groups.items(), key=lambda item: (item[0][0] or "", item[0][1] or 0, item[0][2] or ""))
        return [
            Group(flow=flow, version=version, model=model, figures=tally.figures())
            for (flow, version, model), tally in found
        ]

    def _tallies(self, flow: str, version: int, model: str) -> tuple[_Tally, ...]:
        if not self._by:
            return (self._all,)
        by = self._by
        key = (flow if "flow" in by else None, version if "version" in by else None, model if "model" in by else None)
        return self._all, self._groups.setdefault(key, _Tally())


def _count(tally: _Tally, run: RunFold) -> None:
    ended = run.outcome is not None
    tally.runs += 1
    tally.ended += ended
    tally.cost += run.cost
    tally.records += run.records
    tally.rate("schema_failure_rate", run.bad_records, run.tried_records)
    tally.rate("tool_error_rate", run.tool_errors, run.tool_attempts)
    tally.rate("denied_rate", len(run.denied), len(run.proposed))
    tally.rate("hand_off_rate", run.handed_off, 1)
    tally.rate("late_rate", run.late, run.settled)
    if ended:
        tally.rate("automation_rate", run.outcome in ("completed", "rejected") and not run.people, 1)
        tally.rate("in_doubt_rate", run.outcome == "in_doubt", 1)
    if run.first_action is not None:
        tally.times["time_to_first_action_seconds"].add(run.first_action)
    for wait in run.approval_waits:
        tally.times["approval_wait_seconds"].add(wait)
