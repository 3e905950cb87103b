"""Origins of arguments as people and programs see them: in the timeline and in the inbox.

Owns: their words, and adding them to inbox entries. How an origin is found is `insight.origins`' part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from flowrun.core.events import AnyEvent, Decided
from flowrun.errors import StoreError
from flowrun.insight.origins import Origin, Trail
from flowrun.plan.model import Plan
from flowrun.ports.journal import StoredEvent
from flowrun.words import t

if TYPE_CHECKING:
    from flowrun.app.runs import App

Json = Any
Origins = Mapping[str, Origin]


def origins_of(plan: Plan, events: Sequence[AnyEvent]) -> dict[tuple[int, str], Origins]:
    """Return the origins of every proposed write, by the place of its decision among the events and the call's path."""
    trail = Trail(plan)
    found: dict[tuple[int, str], Origins] = {}
    for number, event in enumerate(events):
        if isinstance(event, Decided):
            for verdict in event.verdicts:
                if verdict.effect == "write" and "/@again" not in event.path:
                    found[number, verdict.path] = trail.origins(verdict)
        trail.see(event)
    return found


def known_plan(app: App, run: str) -> Plan | None:
    """Return the plan that a run is pinned to, None where the store has lost it: what happened is shown all the same."""
    try:
        return app.plan_of(run).plan
    except StoreError:
        return None


def as_data(plan: Plan | None, stored: Sequence[StoredEvent]) -> list[dict[str, Json]]:
    """Return the origins of a run's proposed writes as JSON data: the event's `seq`, the call's `path`, and its origins."""
    if plan is None:
        return []
    found = origins_of(plan, [item.event for item in stored])
    return [
        {"seq": stored[number].seq, "path": path, "origins": msgspec.to_builtins(dict(origins))}
        for (number, path), origins in found.items()
    ]


def with_origins(app: App, entries: Sequence[dict[str, Json]]) -> list[dict[str, Json]]:
    """Return inbox entries (as `flowrun inbox --json` shows them) whose proposed writes tell `origins` by argument."""
    known: dict[str, dict[tuple[str, str], Origins]] = {}
    shown = []
    for entry in entries:
        if entry.get("proposal"):
            run = entry["run"]
            if run not in known:
                plan = known_plan(app, run)
                events = [stored.event for stored in app.journal.events(run)]
                known[run] = {} if plan is None else _by_call(plan, events)
            entry = {**entry, "proposal": [_told(proposal, known[run]) for proposal in entry["proposal"]]}
        shown.append(entry)
    return shown


def _by_call(plan: Plan, events: Sequence[AnyEvent]) -> dict[tuple[str, str], Origins]:
    found: dict[tuple[str, str], Origins] = {}
    for (number, path), origins in origins_of(plan, events).items():
        decided = events[number]
        assert isinstance(decided, Decided)
        found |= {(path, verdict.digest): origins for verdict in decided.verdicts if verdict.path == path}
    return found


def _told(proposal: dict[str, Json], known: Mapping[tuple[str, str], Origins]) -> dict[str, Json]:
    origins = known.get((proposal["path"], proposal["digest"]))
    return proposal if origins is None else {**proposal, "origins": msgspec.to_builtins(dict(origins))}


def origin_lines(origins: Origins) -> list[str]:
    """Return one line for each argument; those that are not trusted begin with `!`."""
    return [
        f"{'! ' if origin.untrusted else ''}{_name(place)}: {origin_words(origin)}" for place, origin in origins.items()
    ]


def entry_lines(proposal: Mapping[str, Json]) -> list[str]:
    """Return those lines for a proposal of an inbox entry; none where its origins are not known."""
    told = proposal.get("origins") or {}
    return origin_lines({place: msgspec.convert(origin, Origin) for place, origin in told.items()})


def origin_words(origin: Origin) -> str:
    """Return where a value came from, in plain words."""
    source = origin.source
    words = {
        "bound": t("fixed by the flow ({source})", source=source),
        "flow": t("worked out by the flow from {source}", source=source),
        "constant": t("written in the flow"),
        "input": t("the same as {source}", source=source),
        "result": t("the same as {source}", source=source),
        "event": t("the same as {source}, which an event brought", source=source),
        "person": t("written by {by} in {source}", by=origin.by, source=source)
        if source
        else t("written by {by}", by=origin.by),
        "customer": t("from what the customer said ({source})", source=source),
        "choice": t("the model chose it from a list"),
        "model": t("only the model said so"),
    }[origin.kind]
    if origin.derived and origin.kind != "customer":
        words = t("found in {source}", source=source)
    return t("{words}; text from outside, not trusted", words=words) if origin.untrusted else words


def _name(pointer: str) -> str:
    parts = (part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])
    return ".".join(parts)


def told_below(origins: Origins | None) -> list[str]:
    """Return the lines that a timeline shows below a proposed write."""
    return [] if not origins else [t("where it came from:"), *(f"  {line}" for line in origin_lines(origins))]
