"""The places at which a process may be killed: around each commit, each tool and each model.

Owns: the count of these boundaries and the wrappers of the ports that pass them. The wrappers change nothing that is
passed through them.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

from flowrun.core.commands import CallModel
from flowrun.core.events import AnyEvent, Decided, Intended, Returned
from flowrun.errors import FlowrunError
from flowrun.plan.model import ToolPlan
from flowrun.ports.journal import Append, Claim, Journal, Open, Opened, Receipt
from flowrun.ports.models import ModelReply, Models
from flowrun.ports.tools import ToolRequest, ToolResult, Tools
from flowrun.testing.chaos.diary import BOUNDARY, DECIDING, Diary, Line

KINDS = ("journal", "tool", "model")


class Cut:
    """Counts the boundaries that this process passes, from 1, and kills it at one of them; 0: at none."""

    def __init__(self, diary: Diary, at: int) -> None:
        self.diary = diary
        self._at = at
        self._passed = 0

    def reach(self, kind: str, what: str) -> None:
        """Pass one boundary, or die there: nothing is caught, nothing is flushed."""
        self._passed += 1
        self.diary.add(Line(kind=BOUNDARY, name=kind, value=what))
        if self._passed == self._at:
            os.kill(os.getpid(), signal.SIGKILL)

    @contextmanager
    def around(self, kind: str, what: str, after: str) -> Iterator[None]:
        """Pass a boundary before and after the block, an error included."""
        self.reach(kind, f"before {what}")
        try:
            yield
        finally:
            self.reach(kind, f"after {what}{after}")


class CutJournal:
    """A journal whose writes are boundaries. Its questions are the inner journal's."""

    def __init__(self, inner: Journal, cut: Cut) -> None:
        self._inner = inner
        self._cut = cut
        self._decided = sum(line.place for line in cut.diary.of(DECIDING)[-1:])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def open_run(self, *args: Any, **more: Any) -> Opened:
        """Open a run between two boundaries."""
        with self._cut.around("journal", "the commit that opens the run", ""):
            return self._inner.open_run(*args, **more)

    def claim(self, *args: Any, **more: Any) -> Claim | None:
        """Claim a run between two boundaries."""
        with self._cut.around("journal", "the claim of the run", ""):
            return self._inner.claim(*args, **more)

    def release(self, claim: Claim, *, ready: bool = False) -> None:
        """Give a run back between two boundaries."""
        with self._cut.around("journal", "giving the run back", ""):
            self._inner.release(claim, ready=ready)

    def commit(self, appends: Sequence[Append]) -> list[Receipt]:
        """Commit between two boundaries."""
        events = [event for item in appends for event in item.events]
        self._deciding(events)
        with self._cut.around("journal", f"the commit of {told(events)}", ""):
            return self._inner.commit(appends)

    def write(
        self, opens: Sequence[Open], appends: Sequence[Append]
    ) -> tuple[list[Opened | FlowrunError], list[Receipt]]:
        """Open and commit between two boundaries."""
        events = [event for item in appends for event in item.events]
        self._deciding(events)
        with self._cut.around("journal", f"the commit of {told([*(o.started for o in opens), *events])}", ""):
            return self._inner.write(opens, appends)

    def _deciding(self, events: Sequence[AnyEvent]) -> None:
        """Note how many decisions there will be, so that facts read for a lost one are read again alike."""
        found = sum(isinstance(event, Decided) for event in events)
        if found:
            self._decided += found
            self._cut.diary.add(Line(kind=DECIDING, place=self._decided))


class CutTools:
    """Tools whose calls are boundaries: before the effect, and after it while its result is not stored."""

    def __init__(self, inner: Tools, cut: Cut) -> None:
        self._inner = inner
        self._cut = cut

    def contracts(self) -> Mapping[str, ToolPlan]:
        """Return the inner tools' contracts."""
        return self._inner.contracts()

    async def invoke(self, request: ToolRequest) -> ToolResult:
        """Make the call between two boundaries."""
        what = request.tool if request.key else f"{request.tool} as a fact"
        with self._cut.around("tool", what, ", before its result is stored"):
            return await self._inner.invoke(request)

    async def aclose(self) -> None:
        """Close the inner tools."""
        await self._inner.aclose()


class CutModels:
    """Models whose calls are boundaries."""

    def __init__(self, inner: Models, cut: Cut) -> None:
        self._inner = inner
        self._cut = cut

    async def complete(self, request: CallModel) -> ModelReply:
        """Ask the model between two boundaries."""
        with self._cut.around("model", f"the model answers {request.path}", ", before its reply is stored"):
            return await self._inner.complete(request)

    async def aclose(self) -> None:
        """Close the inner models."""
        await self._inner.aclose()


def cut_journal(inner: Journal, cut: Cut) -> Journal:
    """Return the journal with boundaries."""
    return cast(Journal, CutJournal(inner, cut))


def told(events: Sequence[AnyEvent]) -> str:
    """Return the events of a commit in a few words."""
    words = []
    for event in events:
        name = str(type(event).__struct_config__.tag)
        words.append(f"{name} {event.tool}" if isinstance(event, Intended | Returned) else name)
    return ", ".join(words) or "nothing"
