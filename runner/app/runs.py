"""Submitting, resuming and cancelling runs.

Owns: the use cases that drive runs in this process. People's answers are `app.people`; where files lie is
`app.workspace`; nothing here prints.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from flowrun import wiring
from flowrun.app.flows import load_flow
from flowrun.app.halt import FileHalts, check_names, halt_of
from flowrun.app.live import LiveFile, changed_tool
from flowrun.app.modes import mode_for
from flowrun.app.people import People
from flowrun.app.raises import check_raise
from flowrun.app.result import RunResult, ended, read_result
from flowrun.app.shown import Shown
from flowrun.app.workspace import Workspace
from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import AnyEvent, BudgetRaised, CancelAsked, RunStarted, Woken
from flowrun.errors import ConfigError, FlowrunError, InputError
from flowrun.plan.compile import models_in, plan_bytes
from flowrun.plan.model import Plan
from flowrun.ports.journal import Append, InboxRow, Journal
from flowrun.ports.models import Models
from flowrun.runtimes.dispatch import Dispatch
from flowrun.runtimes.drain import Stopped
from flowrun.runtimes.local import LocalRuntime
from flowrun.values.names import Names
from flowrun.words import mark, sentences, t

Json = Any
HALT_LIFT = mark("`flowrun halt --list` tells who halted it; `flowrun halt WHAT --off` lifts it.")


class App(People, Shown):
    """The use cases over one store. Made by `open_app`; its async methods belong to one event loop."""

    def __init__(self, ws: Workspace, journal: Journal, dispatch: Dispatch, owner: str) -> None:
        self.ws = ws
        self.journal = journal
        self.clock = dispatch.clock
        self.dispatch = dispatch
        self.owner = owner
        self.runtime = LocalRuntime(dispatch, owner=owner)
        self.secrets = dispatch.secrets
        self._flows: dict[tuple[str, str | None], CompiledPlan] = {}
        self._plans: dict[str, CompiledPlan] = {}

    async def submit(
        self,
        flow: str,
        input: Json,
        *,
        key: str | None = None,
        model: str | None = None,
        by: str = "",
        mode: str | None = None,
    ) -> RunResult:
        """Run a flow until it ends or waits. The same key is the same run: then the first one's result is given.

        `mode`: None for the highest that the workspace allows this flow. Raises `FlowError` for a bad flow, `InputError` for a
        bad input, a key used with another input, or a mode that is not allowed.
        """
        compiled = self.flow(flow, model)
        return await self.submit_compiled(compiled, input, key=key, model=model, by=by, mode=mode)

    async def submit_compiled(
        self,
        compiled: CompiledPlan,
        input: Json,
        *,
        key: str | None = None,
        model: str | None = None,
        by: str = "",
        mode: str | None = None,
    ) -> RunResult:
        """Run a plan that is loaded already."""
        started = self._started(compiled, input, key=key, model=model, by=by, mode=mode)
        opened = await self.runtime.open(started)
        if opened.duplicate or opened.claim is None:
            await self._follow(opened.run)
            return read_result(self.journal, opened.run, duplicate=True)
        events = await self.runtime.drive(compiled, opened.claim, started)
        return read_result(self.journal, opened.run) if events is None else ended(events)

    async def submit_many(
        self,
        flow: str,
        inputs: Iterable[Json],
        *,
        at_once: int,
        model: str | None = None,
        by: str = "",
        mode: str | None = None,
        on_result: Callable[[int, RunResult | FlowrunError], None],
    ) -> None:
        """Run a flow over many inputs, `at_once` side by side; each result is told as it comes, with its place from 0."""
        compiled = self.flow(flow, model)
        work = iter(enumerate(inputs))
        left: list[int] = []

        async def worker() -> None:
            for place, input in work:
                if self.dispatch.drain.asked:
                    left.append(place)
                    continue
                try:
                    result = await self.submit_compiled(compiled, input, model=model, by=by, mode=mode)
                except FlowrunError as error:
                    if isinstance(error, Stopped):
                        left.append(place)
                    on_result(place, error)
                else:
                    on_result(place, result)

        with self.runtime.committer.admit(at_once):
            await asyncio.gather(*(worker() for _ in range(max(at_once, 1))))
        if left:
            raise Stopped(
                t("Stopped before the end: {count} inputs are not finished; what is done is stored.", count=len(left)),
                help=t("flowrun resume --due, then give the same inputs again: what is finished is not repeated."),
            )

    async def resume(
        self, run: str, *, accept: bool = False, raised: Mapping[str, int] | None = None, by: str = ""
    ) -> RunResult:
        """Go on with a run: after a crash, after a raised budget, or with a hand-off whose step may be tried again.

        `raised`: new limits as meters count them (`core.context.METERS`).
        `accept` goes on although a Python tool has changed. Raises `InputError` (FR3030) where one has and it is not given.
        """
        row = self.journal.run(run)
        if row.status == "finished":
            if raised:
                raise _ended(
                    row.run,
                    row.outcome,
                    mark("The run {run} has ended already ({outcome}); its limits cannot be raised."),
                )
            return read_result(self.journal, row.run)
        hand_offs = [entry for entry in self.journal.inbox(run=row.run) if entry.kind == "hand_off"]
        again = [entry for entry in hand_offs if "resume" in entry.asked.get("may", [])]
        if raised:
            self._raise_budget(row.run, raised, by, stuck=[] if again else hand_offs)
        for entry in again:
            return await self.resume_entry(entry.id, by=by, accept=accept)
        await self.go_on(row.run, accept=accept)
        return read_result(self.journal, row.run)

    async def resume_due(self) -> tuple[list[RunResult], list[tuple[str, FlowrunError]]]:
        """Go on with every run that has something to do: a passed deadline, an answer, or an owner that died.

        Returns how they stand, and of each that cannot go on why; one of them keeps no other from going on.
        """
        runs = self.journal.due(self.clock.now())
        failed: list[tuple[str, FlowrunError]] = []
        held: dict[str, str] = {}
        for run in runs:
            if self.dispatch.drain.asked:
                failed.append(
                    (run, Stopped(t("Stopped before it was looked at."), help="flowrun resume --due", run=run))
                )
                continue
            try:
                reason = self.halted(run)
                if reason is None:
                    await self.go_on(run)
                else:
                    held[run] = reason
            except FlowrunError as error:
                failed.append((run, error))
        stuck = {run for run, _ in failed}
        results = [read_result(self.journal, run) for run in runs if run not in stuck]
        return [msgspec.structs.replace(r, reason=held[r.run]) if r.run in held else r for r in results], failed

    async def cancel(self, run: str, *, by: str, reason: str = "") -> RunResult:
        """End a run; a write in flight is waited for. One that is cancelled already stays so.

        Raises `InputError` (FR3023) where it has ended in another way.
        """
        row = self.journal.run(run)
        if row.status == "finished" and row.outcome != "cancelled":
            raise _ended(
                row.run, row.outcome, mark("The run {run} has ended already ({outcome}); there is nothing to cancel.")
            )
        if row.status != "finished":
            self.require_owner(row.run, by, submitter=True)
            now = self.clock.now()
            self.add(row.run, [CancelAsked(path="@cancel", at=now, by=by, reason=reason)])
            await self.go_on(row.run, ends=True)
        return read_result(self.journal, row.run)

    def _raise_budget(self, run: str, raised: Mapping[str, int], by: str, *, stuck: Sequence[InboxRow]) -> None:
        self.require_owner(run, by)
        events = [stored.event for stored in self.journal.events(run)]
        check_raise(self.plan_of(run).plan, events, raised, run, stuck)
        now = self.clock.now()
        self.add(run, [BudgetRaised(path=f"@raised-{now}", at=now, to=dict(raised), by=by)])

    async def deliver(self, event: str, key: str, payload: Json, *, by: str = "") -> list[RunResult]:
        """Give an event to every run that waits for it with this key. Raises `InputError` where the payload is not valid."""
        waiting = self.journal.awaiting(event, key)
        for run, path in waiting:
            problems = self.plan_of(run).check(event, payload, placeholders=False)
            if problems:
                first = problems[0]
                raise InputError(
                    t(
                        "The event is not a valid {event}: {path}: {message}",
                        event=event,
                        path=first.get("path") or t("the whole"),
                        message=first["message"],
                    ),
                    code="FR3021",
                )
            self.add(run, [Woken(path=path, at=self.clock.now(), timer=False, payload=payload)])
            if self.halted(run) is None:
                await self.go_on(run)
        return [read_result(self.journal, run) for run, _ in waiting]

    def check_input(self, compiled: CompiledPlan, input: Json) -> None:
        """Raise `InputError` (FR3008) where an input is not what the flow asks for."""
        flow = compiled.plan.flow
        problems = compiled.check(flow.input, input, placeholders=False)
        if problems:
            lines = "; ".join(f"{p.get('path') or t('the whole')}: {p['message']}" for p in problems[:5])
            inline = flow.input.startswith("inline:")
            raise InputError(
                t("The input is not what the flow asks for: {lines}", lines=lines)
                if inline
                else t("The input is not a valid {schema}: {lines}", schema=flow.input, lines=lines),
                help=t("See `input:` in the flow.")
                if inline
                else t("See what is expected: flowrun schema show {input}", input=flow.input),
                code="FR3008",
            )

    async def aclose(self) -> None:
        """Close what the adapters hold open; a later use opens it again."""
        await self.dispatch.aclose()

    def result(self, run: str) -> RunResult:
        """Return a run as it stands."""
        return read_result(self.journal, self.journal.run(run).run)

    def flow(self, flow: str, model: str | None = None) -> CompiledPlan:
        """Return a flow's plan, loaded once and stored."""
        found = self._flows.get((flow, model))
        if found is None:
            found = load_flow(self.ws, flow, model=model)
            for name in {model} if model is not None else models_in(found.plan):
                wiring.check_key(found.plan.models[name])
            self._flows[flow, model] = found
            self.journal.put_plan(found.digest, plan_bytes(found.plan))
            self._plans[found.digest] = found
        return found

    def plan_of(self, run: str, *, accept: bool = True) -> CompiledPlan:
        """Return the plan that a run is pinned to. Raises `InputError` (FR3030) where a tool has changed since."""
        digest = self.journal.run(run).plan
        found = self._plans.get(digest)
        if found is None:
            plan = msgspec.json.decode(self.journal.get_plan(digest), type=Plan)
            found = self._plans[digest] = CompiledPlan(plan, digest)
        if not accept and (changed := changed_tool(self.ws, found.plan)):
            raise InputError(
                changed, help=t("Look at the change, then: flowrun resume {run} --accept", run=run), code="FR3030"
            )
        return found

    async def go_on(self, run: str, *, accept: bool = False, ends: bool = False) -> None:
        """Drive a run where nobody else does.

        Raises `InputError` (FR3007) where its flow or subject is halted, unless it `ends` now: an end does nothing new,
        and where a tool has changed, or cannot be read, it calls none.
        """
        held = None if ends else self.halted(run)
        if held is not None:
            raise InputError(
                t("{run} waits on. {held}", run=run, held=held),
                help=sentences(t("What was said is stored."), t(HALT_LIFT)),
                code="FR3007",
            )
        compiled = self.plan_of(run, accept=accept or ends)
        if not ends:
            check_names(self.ws, self.dispatch, compiled.plan)
        claim = self.journal.claim(run, owner=self.owner)
        if claim is not None:
            await self.runtime.drive(compiled, claim, barred=self._barred(compiled.plan) if ends else "")

    def _barred(self, plan: Plan) -> str:
        """Return why a run that ends may call no tool, empty where it may."""
        try:
            return changed_tool(self.ws, plan)
        except FlowrunError as error:
            return error.message

    def halted(self, run: str) -> str | None:
        """Return why a run may not go on now, None where it may."""
        started = self.journal.events(run)[0].event
        assert isinstance(started, RunStarted)
        return halt_of(self.dispatch, self.plan_of(run), started.input)

    def add(self, run: str, events: list[AnyEvent]) -> None:
        """Store what somebody outside the run says. Raises `InputError` (FR3022) where it was said already."""
        receipt = self.journal.commit([Append(run=run, epoch=None, events=events, durable=True)])[0]
        if receipt.refused == "finished":
            raise InputError(t("The run {run} has ended already.", run=run), help=f"flowrun show {run}", code="FR3023")
        if not receipt.ok:
            raise InputError(t("This was answered already."), help=f"flowrun show {run}", code="FR3022")

    def _started(
        self, compiled: CompiledPlan, input: Json, *, key: str | None, model: str | None, by: str, mode: str | None
    ) -> RunStarted:
        flow = compiled.plan.flow
        self.check_input(compiled, input)
        run, now = self.clock.new_id(), self.clock.now()
        if (held := halt_of(self.dispatch, compiled, input)) is not None:
            raise InputError(t("Nothing was begun: {held}", held=held), help=t(HALT_LIFT), code="FR3007")
        if key is None and flow.key is not None:
            value = compiled.value(flow.key, Names(input=input, now=now))
            if value is None:
                raise InputError(t("The flow's `key` is empty for this input."), code="FR3006")
            key = str(value)
        subject = None if flow.subject is None else compiled.value(flow.subject, Names(input=input, now=now))
        return RunStarted(
            path="",
            at=now,
            run=run,
            flow=flow.name,
            version=flow.version,
            plan=compiled.digest,
            input=input,
            key=run if key is None else key,
            mode=mode_for(self.ws, compiled.plan, mode),
            by=by,
            model=model,
            subject=None if subject in (None, "") else str(subject),
        )

    async def _follow(self, run: str) -> None:
        """Wait as the first run of this key does; take it over where its owner died."""
        pause = 0.02
        while True:
            row = self.journal.run(run)
            if row.status == "finished" or (row.status == "waiting" and not row.claimed and row.waiting_on):
                return
            claim = self.journal.claim(run, owner=self.owner)
            if claim is not None:
                await self.runtime.drive(self.plan_of(run, accept=False), claim)
                return
            await self.dispatch.drain.sleep(pause)
            if self.dispatch.drain.asked:
                raise Stopped(
                    t("The run {run} is driven by another process.", run=run), help=f"flowrun show {run}", run=run
                )
            pause = min(pause * 2, 0.5)


def _ended(run: str, outcome: str | None, words: str) -> InputError:
    return InputError(t(words, run=run, outcome=outcome), help=f"flowrun show {run}", code="FR3023")


@contextmanager
def open_app(ws: Workspace, *, models: Models | None = None, ends: bool = False) -> Iterator[App]:
    """Open the workspace's store and adapters; close them after. `ends`: runs only end, also where tools cannot be read."""
    if ws.store_url.startswith("postgres"):
        raise ConfigError(t("This version stores runs in SQLite only."), help=t("Use sqlite:///PATH."), code="FR2020")
    clock = wiring.clock()
    journal = wiring.journal(ws.store_url)
    try:
        tools = wiring.tools(ws.root, ws.config, ws.store_url)
    except FlowrunError:
        if not ends:
            journal.close()
            raise
        tools = {}
    live = LiveFile(ws)
    dispatch = Dispatch(
        journal=journal,
        models=models or wiring.models(),
        tools=tools,
        clock=clock,
        fixed_halts=FileHalts(ws, live),
        forbids=live.forbids,
        secrets=wiring.secrets_in_use(ws.models.values()),
        shown_secrets=wiring.known_secrets(ws.models.values()),
    )
    try:
        yield App(ws, journal, dispatch, wiring.owner())
    finally:
        journal.close()
