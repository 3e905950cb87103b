"""The emergency brake: halting tools, namespaces, flows, subjects or everything, lifting a halt, and listing them.

Owns: what WHAT may name, and the `halt:` list of the workspace file. How a
call is stopped is the runtime's part. The store is opened and nothing else, so that a halt also works where a tool module
or a model is broken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import msgspec

from flowrun import wiring
from flowrun.app.flows import flow_names, halts_unknown
from flowrun.app.live import LiveFile
from flowrun.app.workspace import FILE, Workspace
from flowrun.core.compiled import CompiledPlan
from flowrun.core.halts import ALL, FLOWS, SUBJECT, flow_name, subject_name
from flowrun.errors import FlowError, FlowrunError, InputError
from flowrun.lang.expr_problem import closest
from flowrun.lang.spec_files import Halt as FileHalt
from flowrun.lang.spec_files import WorkspaceFile
from flowrun.plan.model import Plan
from flowrun.ports.clock import Clock
from flowrun.ports.journal import Halt, Journal
from flowrun.runtimes.dispatch import Dispatch
from flowrun.values.moments import format_moment, parse_moment
from flowrun.values.names import Names
from flowrun.words import mark, t

Json = Any
MOST_OPEN = 10_000
"""Open runs that are looked through for the names of tools and flows."""
WHAT = mark("Write a tool (pay.refund), a namespace (pay), a flow (flows.NAME or NAME), subject:WHO, or all.")


class Brake:
    """The use cases over one store."""

    def __init__(self, ws: Workspace, journal: Journal, clock: Clock) -> None:
        self.ws = ws
        self.journal = journal
        self.clock = clock

    def pull(self, what: str, *, by: str, reason: str = "", until: str | None = None) -> list[Halt]:
        """Halt something from now on; return what was stored. It holds for the next call of every process.

        Raises `InputError`: FR3033 for what is not known here, FR3034 for an `until` that is no moment to come.
        """
        now = self.clock.now()
        end = None if until is None else _moment(until, now)
        made = [Halt(what=name, at=now, by=by, reason=reason, until=end) for name in self.names(what)]
        for halt in made:
            self.journal.halt(halt)
        return made

    def lift(self, what: str, *, by: str) -> int:
        """Lift the halts of exactly this; return how many there were. Raises `InputError` (FR3035) where there are none."""
        now = self.clock.now()
        names = self.names(what, known_only=False)
        lifted = sum(self.journal.lift(name, by=by, at=now) for name in names)
        fixed = [name for name in names if name in FileHalts(self.ws)()]
        if fixed:
            raise InputError(
                t("{what} is halted in {file}, too, and stays so.", what=what, file=FILE),
                help=t("Take it out of `halt:` in {file}.", file=FILE),
                code="FR3035",
            )
        if not lifted:
            raise InputError(
                t("{what} is not halted.", what=what), help=t("`flowrun halt --list` tells what is."), code="FR3035"
            )
        return lifted

    def listed(self, *, everything: bool = False) -> list[Halt]:
        """Return the halts that hold now, the workspace file's included; with `everything` also those that are over."""
        now = self.clock.now()
        stored = [halt for halt in self.journal.halts() if everything or halt.holds(now)]
        return [*stored, *(Halt(what=name, at="", by=FILE, reason="") for name in FileHalts(self.ws)())]

    def names(self, what: str, *, known_only: bool = True) -> list[str]:
        """Return what is halted by WHAT: mostly one name, two where a namespace and a flow are called the same."""
        text = what.strip()
        if text == ALL:
            return [ALL]
        if text.startswith(SUBJECT):
            if not text.removeprefix(SUBJECT).strip():
                raise InputError(
                    t("`subject:` names nobody."), help=t("Write subject:WHO, as the flow's `subject`."), code="FR3033"
                )
            return [subject_name(text.removeprefix(SUBJECT))]
        tools, flows, complete = self._known()
        namespaces = {tool.partition(".")[0] for tool in tools}
        if text.startswith(FLOWS):
            found = [text] if text.removeprefix(FLOWS) in flows else []
        elif "." in text:
            found = [text] if text in tools else []
        else:
            found = ([text] if text in namespaces else []) + ([flow_name(text)] if text in flows else [])
        if found:
            return found
        if not known_only or not complete:
            # The brake must work where nobody can tell what is known: better one halt too many.
            return [text] if "." in text else [text, flow_name(text)]
        near = closest(text, {*tools, *namespaces, *flows, *(flow_name(flow) for flow in flows)})
        raise InputError(
            t("Nothing here is called {what}, so nothing was halted.", what=what),
            help=t("Did you mean {near}?", near=near) if near else t(WHAT),
            code="FR3033",
        )

    def _known(self) -> tuple[set[str], set[str], bool]:
        """Return the tools and flows of the workspace and of open runs, and whether all could be read."""
        tools: set[str] = set()
        flows: set[str] = set()
        complete = True
        try:
            tools |= set(wiring.tool_contracts(self.ws.root, self.ws.config))
        except FlowrunError:
            complete = False
        flows |= flow_names(self.ws)
        for digest in {
            row.plan for status in ("running", "waiting") for row in self.journal.runs(status=status, limit=MOST_OPEN)
        }:
            with suppress(FlowrunError, msgspec.MsgspecError):
                plan = msgspec.json.decode(self.journal.get_plan(digest), type=Plan)
                tools |= {name for name in plan.tools if not name.startswith(FLOWS)}
                flows |= {plan.flow.name, *(flow.name for flow in plan.flows.values())}
        return tools, flows, complete


class FileHalts:
    """The `halt:` list of the workspace file as it stands now, as names with the words for each."""

    def __init__(self, ws: Workspace, live: LiveFile | None = None) -> None:
        self._live = live or LiveFile(ws)
        self._of: WorkspaceFile | None = None
        self._names: dict[str, str] = {}

    def __call__(self) -> Mapping[str, str]:
        """Return what the file halts now."""
        config = self._live.config
        if config is not self._of:
            self._of, self._names = config, {} if config is None else _words(config.halt)
        return self._names


def check_names(ws: Workspace, dispatch: Dispatch, plan: Plan) -> None:
    """Raise `FlowError` where the workspace file halts what is neither here nor in the plan: what was meant would go on."""
    flows = [plan.flow.name, *(flow.name for flow in plan.flows.values())]
    tools = [name for source in dispatch.tools.values() for name in source.contracts()]
    unknown = halts_unknown(ws, tools, flows, plan.tools)
    if unknown:
        raise FlowError(unknown)


def halt_of(dispatch: Dispatch, compiled: CompiledPlan, input: Json) -> str | None:
    """Return why a run with this input may not begin or go on now, None where it may."""
    flow, now = compiled.plan.flow, dispatch.clock.now()
    names = [ALL, flow_name(flow.name)]
    if flow.subject is not None:
        # One that is known only later is looked at again before each call.
        subject = compiled.value(flow.subject, Names(input=input, now=now))
        names += [] if subject is None else [subject_name(subject)]
    return dispatch.halted(names, now)


def _words(halt: FileHalt) -> dict[str, str]:
    return {
        name: t("This subject is halted in {file}.", file=FILE)
        if name.startswith(SUBJECT)
        else t("{name} is halted in {file}.", name=name, file=FILE)
        for name in _named(halt)
    }


def _named(halt: FileHalt) -> Iterable[str]:
    yield from halt.tools
    yield from (flow_name(name.removeprefix(FLOWS)) for name in halt.flows)
    yield from (subject_name(name) for name in halt.subjects)


def _moment(text: str, now: str) -> str:
    parsed = parse_moment(text)
    if parsed is None or (moment := format_moment(parsed)) <= now:
        raise InputError(
            t("--until {text}: this is no moment to come.", text=text),
            help=t("Write a date and time with its zone, for example 2026-03-02T18:00:00Z."),
            code="FR3034",
        )
    return moment


@contextmanager
def open_brake(ws: Workspace) -> Iterator[Brake]:
    """Open the store alone; close it after."""
    journal = wiring.journal(ws.store_url)
    try:
        yield Brake(ws, journal, wiring.clock())
    finally:
        journal.close()
