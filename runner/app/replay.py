"""What-if over recorded runs: what would come out today, without any effect.

Owns: which runs are meant, under which plan each is replayed, their order in time, and what may be told of them. How one run
is replayed is `insight.rerun`'s part. Only the journal is read; no tool, model or clock is reached.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from flowrun.app.flows import load_flow
from flowrun.app.inbox import must_own
from flowrun.app.metrics import each_run
from flowrun.app.redaction import Redaction
from flowrun.core.events import AnyEvent, RunStarted
from flowrun.core.marked import EventMarks
from flowrun.errors import FlowError, FlowrunError, InputError
from flowrun.insight.recorded import Recorded
from flowrun.insight.rerun import SAME, Difference, Rerun
from flowrun.insight.windows import Windows
from flowrun.plan.model import Plan, RulePlan
from flowrun.ports.journal import Journal, RunRow
from flowrun.privacy.marks import Found
from flowrun.values.moments import add_seconds
from flowrun.words import t

if TYPE_CHECKING:
    from flowrun.app.workspace import Workspace
    from flowrun.core.compiled import CompiledPlan

Json = Any
CLASSES = (
    SAME,
    "needs_approval",
    "no_longer_asks",
    "denied_now",
    "allowed_now",
    "other_effects",
    "other_record",
    "needs_live_model_call",
    "not_valid_any_more",
    "cannot_tell",
)
"""What can become of a run, in the order in which they are told."""


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """One run. `kind` is one of `CLASSES`; `path` and `text` are the first difference, empty where there is none."""

    run: str
    flow: str
    started: str
    kind: str
    path: str = ""
    text: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All replayed runs, the oldest first, and how many there are of each class."""

    runs: list[Replayed]
    counts: dict[str, int]


class Plans:
    """The plans that runs are replayed under, each loaded once, and the ones that they were pinned to."""

    def __init__(self, ws: Workspace, journal: Journal, flow: str | None) -> None:
        self._ws = ws
        self._journal = journal
        self._flow = flow
        self._now: dict[tuple[str, str | None], CompiledPlan | FlowrunError] = {}
        self._then: dict[str, Plan | None] = {}

    def now(self, name: str, model: str | None) -> CompiledPlan:
        """Return the flow as it is today. Raises `FlowrunError` where it is gone or wrong."""
        key = (name, model)
        if key not in self._now:
            try:
                self._now[key] = load_flow(self._ws, self._flow or name, model=model)
            except FlowrunError as error:
                self._now[key] = error
        found = self._now[key]
        if isinstance(found, FlowrunError):
            raise found
        return found

    def then(self, digest: str) -> Plan | None:
        """Return the plan of a run, None where it cannot be read any more."""
        if digest not in self._then:
            try:
                self._then[digest] = msgspec.json.decode(self._journal.get_plan(digest), type=Plan)
            except (FlowrunError, msgspec.DecodeError):
                self._then[digest] = None
        return self._then[digest]

    def limit_over_runs(self) -> bool:
        """Return whether any loaded plan has an `at_most` over runs."""
        rules: list[RulePlan] = []
        for found in self._now.values():
            if not isinstance(found, FlowrunError):
                plan = found.plan
                rules += [rule for flow in (plan.flow, *plan.flows.values()) for rule in flow.rules]
                rules += [rule for policy in plan.policies.values() for rule in policy.rules]
        return any(limit.window != "run" for rule in rules for limit in rule.at_most)


def replay(
    ws: Workspace,
    journal: Journal,
    *,
    now: str,
    since: float | None = None,
    flow: str | None = None,
    run: str | None = None,
    secrets: Sequence[Found] = (),
    reveal: str | None = None,
) -> Report:
    """Replay the runs that started in the last `since` seconds (None: all), or one run (an id or its beginning).

    `flow`: a flow file; then the runs of its flow alone are replayed, under it. `secrets` are never told; marked values only
    where `reveal` has the owner role of each run. Raises `FlowError` where that file is wrong, and `InputError`: FR3002 for
    an unknown run, FR3025 where `reveal` has not that role.
    """
    only = None if run is None else journal.run(run).run
    plans = Plans(ws, journal, flow)
    name = None if flow is None else load_flow(ws, flow).plan.flow.name
    start = None if since is None or only is not None else add_seconds(now, -since)
    rows = [row for row in each_run(journal, flow=name, since=start) if only in (None, row.run)]
    if only is not None and not rows:
        raise InputError(
            t("{only} is no run of {name}.", only=only, name=name),
            help=t("Leave --flow out, or give its own flow."),
            code="FR3085",
        )
    rows.reverse()
    results: dict[str, Replayed] = {}
    recorded: dict[str, Recorded] = {}
    for row in rows:
        found = _read(journal, row, plans)
        if isinstance(found, Replayed):
            results[row.run] = found
        else:
            recorded[row.run] = found
            if reveal is not None and ws.config is not None:
                must_own(plans.then(found.start.plan), reveal)
    windows = Windows()
    if plans.limit_over_runs():
        for row in each_run(journal):
            if row.run not in recorded:
                _count(journal, row, windows)
    for done in _in_time(recorded, plans, windows, secrets, revealed=reveal is not None):
        results[done.run] = done
    ordered = [results[row.run] for row in rows]
    counts = Counter(result.kind for result in ordered)
    return Report(runs=ordered, counts={kind: counts[kind] for kind in CLASSES if counts[kind]})


def _read(journal: Journal, row: RunRow, plans: Plans) -> Recorded | Replayed:
    """Read a run and load its flow; or say why it cannot be told what would come out."""
    try:
        events: Sequence[AnyEvent] = [stored.event for stored in journal.events(row.run)]
        if not isinstance(events[0], RunStarted):
            return _told(row, "cannot_tell", t("The run was erased."))
        plans.now(row.flow, events[0].model)
        return Recorded(events)
    except FlowError as error:
        first = next(d for d in error.diagnostics if d.severity == "error")
        return _told(
            row,
            "cannot_tell",
            t("The flow {flow} is wrong: {span}: {message}", flow=row.flow, span=first.span, message=first.message),
        )
    except FlowrunError as error:
        return _told(row, "cannot_tell", error.message)


def _told(row: RunRow, kind: str, text: str) -> Replayed:
    return Replayed(run=row.run, flow=row.flow, started=row.created, kind=kind, text=text)


def _count(journal: Journal, row: RunRow, windows: Windows) -> None:
    """Count what a run that is not replayed has taken of windows."""
    try:
        for stored in journal.events(row.run):
            windows.apply(row.run, stored.event, force=True)
    except FlowrunError:
        return  # what cannot be read is not counted; the store's own check tells of it


class _Hidden:
    """What may be told of one run: the marks of the plan that it had and of the one of today both hide."""

    def __init__(
        self, now: Plan, then: Plan | None, recorded: Recorded, secrets: Sequence[Found], revealed: bool
    ) -> None:
        self._now, self._then, self._recorded, self._secrets = now, then, recorded, secrets
        self._revealed = revealed and then is not None

    @cached_property
    def _redaction(self) -> Redaction:
        """Most runs come out the same, and have nothing to tell."""
        events = self._recorded.events
        known = [*EventMarks(self._then).known(events), *self._secrets]
        return Redaction(self._now, events, known, only_secrets=self._revealed)

    def call(self, tool: str, args: Json) -> Json:
        return self._redaction.call(tool, args)

    def written(self, schema: str, record: Json) -> Json:
        return self._redaction.written(schema, record)

    def text(self, text: str) -> str:
        return self._redaction.text(text)


def _in_time(
    recorded: Mapping[str, Recorded], plans: Plans, windows: Windows, secrets: Sequence[Found], *, revealed: bool
) -> Iterable[Replayed]:
    """Replay runs side by side, so that each sees of a window what was taken of it at that moment."""
    waiting = sorted(recorded.values(), key=lambda found: found.start.at, reverse=True)
    heap: list[tuple[str, int, Rerun]] = []
    count = 0
    while waiting or heap:
        if waiting and (not heap or waiting[-1].start.at <= heap[0][0]):
            found = waiting.pop()
            start = found.start
            compiled, then = plans.now(start.flow, start.model), plans.then(start.plan)
            rerun = Rerun(compiled, found, windows, then, _Hidden(compiled.plan, then, found, secrets, revealed))
        else:
            rerun = heapq.heappop(heap)[2]
            rerun.step()
        if rerun.at is None:
            yield _result(rerun.recorded.start, rerun.difference)
        else:
            count += 1
            heapq.heappush(heap, (rerun.at, count, rerun))


def _result(start: RunStarted, found: Difference | None) -> Replayed:
    if found is None:
        return Replayed(run=start.run, flow=start.flow, started=start.at, kind=SAME)
    return Replayed(run=start.run, flow=start.flow, started=start.at, kind=found.kind, path=found.path, text=found.text)
