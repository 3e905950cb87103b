"""What a case came to, beside the run that nobody killed.

Owns: the reading of a case's folder, and the promises that are counted: each effect once, the same record, no approval lost, no
finished model call repeated. Nothing is run here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import (
    Answered,
    AnyEvent,
    Approved,
    Asked,
    Decided,
    Doubted,
    Intended,
    ModelStarted,
    Returned,
)
from flowrun.insight.summary import summarise
from flowrun.journal.chain import verify
from flowrun.testing.chaos import diary as d
from flowrun.testing.chaos.case import open_store, runs_of
from flowrun.testing.chaos.diary import Diary, Line
from flowrun.testing.chaos.lasting import INTERRUPTED, call_of
from flowrun.testing.result import shown
from flowrun.words import mark, t

Json = Any
_MOMENT = re.compile(rb'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)"')


@dataclass(frozen=True, kw_only=True)
class World:
    """A case's folder, read. `records` and `effects` are JSON without ids and moments."""

    outcome: str
    waits_for_person: bool
    runs: int
    records: list[bytes]
    effects: Counter[tuple[str, bytes]]
    keys: list[tuple[str, str]]
    events: list[AnyEvent]
    lines: list[Line]
    broken: list[str]

    @property
    def boundaries(self) -> list[Line]:
        """The boundaries that were passed, in order."""
        return [line for line in self.lines if line.kind == d.BOUNDARY]

    def of(self, kind: str) -> list[Line]:
        """Return the diary's lines of a kind."""
        return [line for line in self.lines if line.kind == kind]


def read_world(folder: Path, compiled: CompiledPlan) -> World:
    """Read what a case left behind."""
    diary, store = Diary(folder / "diary.jsonl"), open_store(folder)
    try:
        runs = runs_of(store)
        stored = [item for run in runs for item in store.events(run)]
        broken = [found.message for run in runs for found in verify([item for item in stored if item.run == run])]
        events = [item.event for item in stored]
        summaries = [summarise([item.event for item in stored if item.run == run]) for run in runs]
        writes = {name for name, tool in compiled.plan.tools.items() if tool.effect == "write"}
        effects = [line for line in diary.of(d.EFFECT) if line.name in writes and line.key]
        return World(
            outcome=", ".join(summary.outcome or "waiting" for summary in summaries),
            waits_for_person=any(store.inbox(run=run) for run in runs),
            runs=len(runs),
            records=[plain(summary.records, runs) for summary in summaries],
            effects=Counter((line.name, plain(line.args, runs)) for line in effects),
            keys=[(line.name, line.key) for line in effects],
            events=events,
            lines=diary.lines,
            broken=broken,
        )
    finally:
        store.close()
        diary.close()


def plain(value: Json, runs: Sequence[str]) -> bytes:
    """Return a value as bytes, its moments and the ids of its runs taken out."""
    text = _MOMENT.sub(b'"(a moment)"', msgspec.json.encode(value, order="deterministic"))
    for run in runs:
        text = text.replace(run.encode(), b"(the run)")
    return text


def in_doubt(world: World) -> bool:
    """Return whether a kill left a write in doubt that nothing settled since, and the run says so."""
    keys = {v.path: v.key for e in world.events if isinstance(e, Decided) for v in e.verdicts}
    open_calls: dict[str, bool] = {}
    for event in world.events:
        key = keys.get(call_of(event.path), "")
        if isinstance(event, Doubted) and event.fault.code in INTERRUPTED:
            open_calls[key] = True
        elif isinstance(event, Returned):
            open_calls.pop(key, None)
    return bool(open_calls) and ("in_doubt" in world.outcome or world.waits_for_person)


def broken_promises(case: World, reference: World) -> list[str]:
    """Return, in plain words, every promise that a case broke; nothing where all held."""
    doubt = in_doubt(case)
    found = [
        *_effects(case, reference, doubt),
        *_results(case, reference, doubt),
        *_people(case, reference, doubt),
        *_models(case),
        *(t("The trail is broken: {problem}", problem=problem) for problem in case.broken),
    ]
    if not found or not doubt:
        found += [line.value for line in case.of(d.PROBLEM)]
    return list(dict.fromkeys(found))


def _effects(case: World, reference: World, doubt: bool) -> Iterator[str]:
    for tool, args in sorted(case.effects | reference.effects):
        made, wanted = case.effects[tool, args], reference.effects[tool, args]
        if made > wanted:
            yield t(
                "{tool} was done {made} times, not {wanted}: {args}",
                tool=tool,
                made=made,
                wanted=wanted,
                args=args.decode(),
            )
        elif made < wanted and not doubt:
            yield t(
                "{tool} was done {made} times, not {wanted}, and nobody was told: {args}",
                tool=tool,
                made=made,
                wanted=wanted,
                args=args.decode(),
            )
    intended = {(event.tool, event.key) for event in case.events if isinstance(event, Intended)}
    for tool, key in case.keys:
        if (tool, key) not in intended:
            yield t("{tool} was done, and the journal holds no intent for it.", tool=tool)


def _results(case: World, reference: World, doubt: bool) -> Iterator[str]:
    if case.runs != reference.runs:
        yield t("There are {runs} runs, not {wanted}.", runs=case.runs, wanted=reference.runs)
    if doubt:
        return
    if case.outcome != reference.outcome:
        yield t("The outcome is {outcome}, not {wanted}.", outcome=case.outcome or t("none"), wanted=reference.outcome)
    if case.records != reference.records:
        yield t("The records differ: {both}", both=_both(case.records, reference.records))


_SAID: tuple[tuple[type[AnyEvent], str, str], ...] = (
    (
        Asked,
        mark("Somebody asked once more than without a kill: {item}"),
        mark("What somebody asked is lost: {item}"),
    ),
    (
        Approved,
        mark("Somebody said yes or no once more than without a kill: {item}"),
        mark("What somebody said yes or no to is lost: {item}"),
    ),
    (
        Answered,
        mark("Somebody answered once more than without a kill: {item}"),
        mark("What somebody answered is lost: {item}"),
    ),
)
"""Events of people, with what is said where there is one more and where one is lost."""


def _people(case: World, reference: World, doubt: bool) -> Iterator[str]:
    for kind, more_said, less_said in _SAID:
        now = Counter(_human(event) for event in case.events if isinstance(event, kind))
        then = Counter(_human(event) for event in reference.events if isinstance(event, kind))
        more, less = now - then, then - now
        for item in more:
            if not doubt or not item[1].startswith("hand_off"):
                yield t(more_said, item=item[0])
        for item in less:
            if not doubt:
                yield t(less_said, item=item[0])


def _human(event: AnyEvent) -> tuple[str, str]:
    kind = event.kind if isinstance(event, Asked) else ""
    return call_of(event.path), kind


def _models(case: World) -> Iterator[str]:
    for line in case.of(d.AGAIN):
        yield t("The model was asked again for {path}, whose reply was finished.", path=line.path)
    started = {event.path for event in case.events if isinstance(event, ModelStarted)}
    for line in case.of(d.MODEL):
        if line.path not in started:
            yield t(
                "The model was asked for {path}, and the journal does not hold that it was, so nobody is charged.",
                path=line.path,
            )


def _both(now: Sequence[bytes], then: Sequence[bytes]) -> str:
    for left, right in zip(now, then, strict=False):
        if left != right:
            return t(
                "{found} and not {wanted}",
                found=shown(msgspec.json.decode(left)),
                wanted=shown(msgspec.json.decode(right)),
            )
    return t("{found} and not {wanted}", found=len(now), wanted=len(then))
