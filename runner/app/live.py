"""The workspace as it stands now, also for a process that is already running: its modes, roles and tools can stop a write.

Owns: reading the file again where it has changed, what its `modes` and `roles` of today forbid to a run that began under others,
and which tool is no longer the one of a plan. They can only deny. `halt:` is `app.halt`'s part, when a write asks is the runtime's.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from flowrun import wiring
from flowrun.app.modes import MODES, highest
from flowrun.app.workspace import FILE, Workspace
from flowrun.errors import FlowrunError
from flowrun.lang.files import read_source
from flowrun.lang.parse import parse_workspace
from flowrun.lang.spec_files import WorkspaceFile
from flowrun.plan.model import Plan
from flowrun.words import t

CUSTOMER = "customer"


class LiveFile:
    """The workspace file. It is looked at on every use and read again where it has changed.

    One that is broken meanwhile changes nothing, so that a half-written file lifts nothing.
    """

    def __init__(self, ws: Workspace) -> None:
        self._file = None if ws.config is None else Path(ws.config.file)
        self._seen = self._stamp()
        self._config = ws.config

    @property
    def config(self) -> WorkspaceFile | None:
        """What the file says now; None where there is no workspace file."""
        if self._file is not None and (stamp := self._stamp()) != self._seen:
            self._seen = stamp
            with suppress(FlowrunError, OSError):
                self._config = parse_workspace(read_source(self._file))[0] or self._config
        return self._config

    def forbids(self, plan: Plan, mode: str, people: Iterable[tuple[str, str]]) -> tuple[str, str] | None:
        """Return by which rule, and why, a write of a run may not be made now; None where it may.

        `mode` is the run's; `people` are those who said yes to the write, each with the role in which they did.
        """
        config = self.config
        if config is None:
            return None
        most, by = highest(config.modes, plan)
        if MODES.index(mode) > MODES.index(most):
            return "modes", t(
                "{by} may run {most} at most now (`modes` in {file}), and this run is {mode}.",
                by=by,
                most=most,
                file=FILE,
                mode=mode,
            )
        for role, person in people:
            known = config.roles.get(role)
            if role != CUSTOMER and (known is None or person not in known.members):
                return "roles", t(
                    "{person} said yes as {role}, and is no longer in that role ({file}).",
                    person=person,
                    role=role,
                    file=FILE,
                )
        return None

    def _stamp(self) -> tuple[int, int, int] | None:
        if self._file is None:
            return None
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


def changed_tool(ws: Workspace, plan: Plan) -> str:
    """Return what has changed of a plan's tools, empty where nothing has. Raises where a tool file cannot be read."""
    now = wiring.tool_contracts(ws.root, ws.config)
    changed = [n for n, t in plan.tools.items() if t.digest and n in now and now[n].digest != t.digest]
    return (
        t("The tool {changed} has changed since the run began (tool_changed).", changed=changed[0]) if changed else ""
    )
