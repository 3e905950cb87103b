"""People's part: approvals, answers, hand-offs.

Owns: who may settle an inbox entry, and what is stored when they do. How a run goes on is `app.runs`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from flowrun.app.result import RunResult, read_result
from flowrun.app.workspace import Workspace
from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import Answered, AnyEvent, Approved, RunStarted
from flowrun.errors import InputError
from flowrun.ports.clock import Clock
from flowrun.ports.journal import InboxRow, Journal
from flowrun.records.validation import Checker

Json = Any
CUSTOMER = "customer"


class People(ABC):
    """The use cases of an inbox."""

    journal: Journal
    clock: Clock
    ws: Workspace

    @abstractmethod
    async def go_on(self, run: str, *, accept: bool = False) -> None:
        """Drive a run where nobody else does."""

    @abstractmethod
    def plan_of(self, run: str, *, accept: bool = True) -> CompiledPlan:
        """Return the plan of a run."""

    @abstractmethod
    def add(self, run: str, events: list[AnyEvent]) -> None:
        """Store events of people."""

    async def approve(self, id: str, *, by: str, role: str | None = None, run_on: bool = True) -> RunResult:
        """Say yes for one role; the calls run when every role has said yes.

        Raises `InputError`: FR3024 wrong kind, FR3025 not the role, FR3026 submitted the run or said yes already.
        """
        entry = await self._entry(id, "approve")
        role = self._role_for(entry, by, role)
        now = self.clock.now()
        digests = [p["digest"] for p in entry.asked.get("proposals", [])]
        events: list[AnyEvent] = [
            Approved(path=f"{entry.path}@{role}", at=now, role=role, by=by, yes=True, digests=digests)
        ]
        given = {a["role"]: a["by"] for a in entry.approvals} | {role: by}
        if set(given) >= set(entry.to):
            people = ", ".join(given[r] for r in entry.to)
            events.append(Answered(path=entry.path, at=now, action="approve", by=people))
        return await self._store(entry, events, run_on)

    async def reject(self, id: str, *, by: str, reason: str, role: str | None = None, run_on: bool = True) -> RunResult:
        """Say no; one no is enough."""
        entry = await self._entry(id, "reject")
        role = self._role_for(entry, by, role)
        now = self.clock.now()
        no = Approved(path=f"{entry.path}@{role}", at=now, role=role, by=by, yes=False, reason=reason)
        settled = Answered(path=entry.path, at=now, action="reject", by=by, reason=reason)
        return await self._store(entry, [no, settled], run_on)

    async def answer(self, id: str, data: Json, *, by: str, run_on: bool = True) -> RunResult:
        """Fill in the form of a question or hand-off. Raises `InputError` (FR3021) where it is not valid."""
        entry = await self._entry(id, "answer")
        self._role_for(entry, by, None, submitter_too=True)
        self._check_form(entry, data)
        event = Answered(path=entry.path, at=self.clock.now(), action="answer", by=by, data=data)
        return await self._store(entry, [event], run_on)

    async def close_entry(self, id: str, *, by: str, reason: str = "", run_on: bool = True) -> RunResult:
        """End a hand-off (the run ends `handed_off`) or turn a question down."""
        entry = await self._entry(id, "close")
        self._role_for(entry, by, None, submitter_too=True)
        event = Answered(path=entry.path, at=self.clock.now(), action="close", by=by, reason=reason)
        return await self._store(entry, [event], run_on)

    async def resume_entry(self, id: str, *, by: str, run_on: bool = True, accept: bool = False) -> RunResult:
        """Have the step of a hand-off go on from its finished calls."""
        entry = await self._entry(id, "resume")
        self._role_for(entry, by, None, submitter_too=True)
        event = Answered(path=entry.path, at=self.clock.now(), action="resume", by=by)
        return await self._store(entry, [event], run_on, accept=accept)

    async def settle_entry(
        self, id: str, *, done: bool, by: str, data: Json = None, reason: str = "", run_on: bool = True
    ) -> RunResult:
        """Say of a write in doubt that it was done, with its output as `data`, or that it was not.

        Raises `InputError` (FR3021) where the output does not fit the tool's schema.
        """
        action = "done" if done else "not_done"
        entry = await self._entry(id, action)
        self._role_for(entry, by, None, submitter_too=True)
        verdict = entry.asked["proposals"][0]
        if done:
            self._check_form(entry, data)
        event = Answered(
            path=entry.path,
            at=self.clock.now(),
            action=action,
            by=by,
            data=data if done else None,
            reason=reason,
            write=verdict["path"],
            natural=verdict["natural"],
        )
        return await self._store(entry, [event], run_on)

    def _check_form(self, entry: InboxRow, data: Json) -> None:
        form = entry.asked.get("form")
        problems = Checker(form).check(data, placeholders=False) if form is not None else []
        if problems:
            lines = "; ".join(f"{p.get('path') or 'the whole'}: {p['message']}" for p in problems[:5])
            raise InputError(f"The answer does not fit the form: {lines}", code="FR3021")

    async def _entry(self, id: str, action: str) -> InboxRow:
        entry = self.journal.entry(id)
        if entry.due is not None and entry.due <= self.clock.now():
            await self.go_on(entry.run)
            raise InputError(f"The deadline of {entry.id} has passed ({entry.due}).", code="FR3027")
        may = entry.asked.get("may", [])
        if action not in may:
            words = {
                "answer": f"flowrun answer {entry.id} --as NAME --data JSON",
                "approve": f"flowrun approve {entry.id} --as NAME",
                "reject": f"flowrun reject {entry.id} --as NAME --reason TEXT",
                "done": f"flowrun settle {entry.id} --done --data JSON --as NAME",
                "not_done": f"flowrun settle {entry.id} --not-done --as NAME",
                "close": f"flowrun close {entry.id} --as NAME --reason TEXT",
                "resume": f"flowrun resume {entry.run} --as NAME",
            }
            verb = "settle" if action in ("done", "not_done") else action
            kind = {"approval": "an approval", "hand_off": "a hand-off"}.get(entry.kind, "a question")
            raise InputError(
                f"{entry.id} is not something to {verb}: it is {kind}.",
                help="What can be done: " + ", ".join(words[name] for name in may if name in words),
                code="FR3024",
            )
        return entry

    def _role_for(self, entry: InboxRow, by: str, role: str | None, *, submitter_too: bool = False) -> str:
        """Return the role in which `by` settles an entry."""
        if not by:
            raise InputError("Who are you?", help="Add --as NAME.", code="FR3025")
        open_roles = [name for name in entry.to if name not in {a["role"] for a in entry.approvals}]
        mine = [name for name in open_roles if role in (None, name) and self._holds(by, name, entry.run)]
        if not mine:
            raise InputError(
                f"{by} is not in the role that {entry.id} needs: {', '.join(open_roles)}.",
                help="Members of a role are listed in flowrun.yaml under `roles:`.",
                code="FR3025",
            )
        if submitter_too or mine[0] == CUSTOMER:
            return mine[0]
        if by in {a["by"] for a in entry.approvals}:
            raise InputError(f"{by} has said yes already; the others must be different people.", code="FR3026")
        start = self.journal.events(entry.run)[0].event
        assert isinstance(start, RunStarted)
        if by == start.by:
            raise InputError(
                f"{by} submitted this run and cannot approve its calls.", help="Somebody else must.", code="FR3026"
            )
        return mine[0]

    def require_owner(self, run: str, by: str, *, submitter: bool = False) -> None:
        """Raise `InputError` (FR3025) unless `by` has the flow's owner role, or (where allowed) submitted the run."""
        if self.ws.config is None:
            return
        start = self.journal.events(run)[0].event
        owner = self.plan_of(run).plan.flow.owner
        if self._holds(by, owner, run) or (submitter and by and isinstance(start, RunStarted) and by == start.by):
            return
        raise InputError(
            f"{by or 'Nobody'} may not do this: it needs the role {owner}.", help="Add --as NAME.", code="FR3025"
        )

    def _holds(self, by: str, role: str, run: str) -> bool:
        if role == CUSTOMER or by == CUSTOMER:
            return by == role
        if self.ws.config is None:
            return True
        known = self.plan_of(run).plan.roles.get(role)
        return known is not None and by in known.members

    async def _store(self, entry: InboxRow, events: list[AnyEvent], run_on: bool, *, accept: bool = False) -> RunResult:
        if run_on:
            # A changed tool is told before anything is stored, so that a yes is never given to something else unseen.
            self.plan_of(entry.run, accept=accept)
        self.add(entry.run, events)
        if run_on and any(isinstance(event, Answered) for event in events):
            await self.go_on(entry.run, accept=accept)
        return read_result(self.journal, entry.run)
