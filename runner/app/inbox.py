"""The inbox behind people's part: finding what was typed, the approvals of one `for_each` as one, and who may answer.

Owns: lookups, roles and the one place where people's words are stored. What they say is `app.people`'s part.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from flowrun.app.result import RunResult, group_id, read_result
from flowrun.app.workspace import Workspace
from flowrun.core.compiled import CompiledPlan
from flowrun.core.entries import Standing, standing
from flowrun.core.events import Answered, AnyEvent, Approved, Asked, Edited, RunStarted
from flowrun.errors import InputError
from flowrun.plan.model import Plan
from flowrun.ports.clock import Clock
from flowrun.ports.journal import Append, InboxRow, Journal
from flowrun.words import mark, t

Json = Any
CUSTOMER = "customer"
TRIES = 8
"""How often a word is tried again that came at the same moment as another's."""


def must_own(plan: Plan | None, by: str) -> None:
    """Raise `InputError` (FR3025) unless `by` has the owner role of a plan; of one that is lost nobody has it."""
    role = None if plan is None else plan.roles.get(plan.flow.owner)
    if by == CUSTOMER or role is None or by not in role.members:
        if plan is None:
            words = t("Only who has the flow's owner role may do this.")
        elif by:
            words = t("{by} may not do this: only who has the role {owner} may.", by=by, owner=plan.flow.owner)
        else:
            words = t("Only who has the role {owner} may do this.", owner=plan.flow.owner)
        raise InputError(words, help=t("Add --as NAME."), code="FR3025")


class Waits(ABC):
    """What waits for people in one store."""

    journal: Journal
    clock: Clock
    ws: Workspace

    @abstractmethod
    async def go_on(self, run: str, *, accept: bool = False) -> None:
        """Drive a run where nobody else does."""

    @abstractmethod
    def plan_of(self, run: str, *, accept: bool = True) -> CompiledPlan:
        """Return the plan of a run."""

    async def entry(self, id: str, action: str) -> InboxRow:
        """Return the open entry with this id, for something that is done to one entry alone."""
        found = await self.entries(id, action)
        if len(found) > 1:
            ids = ", ".join(entry.id for entry in found)
            raise InputError(
                t("{name} stands for several entries: {ids}.", name=id, ids=ids),
                help=t("Name one of them."),
                code="FR3067",
            )
        return found[0]

    async def entries(self, id: str, action: str) -> list[InboxRow]:
        """Return the open entries that an id stands for: one, or all of a `for_each`.

        Raises `InputError`: FR3003 unknown or settled, FR3024 where this cannot be done to it, FR3027 where its time is over.
        """
        found = self._find(id)
        now = self.clock.now()
        late = [entry for entry in found if entry.due is not None and entry.due <= now]
        if late:
            for run in {entry.run for entry in late}:
                await self.go_on(run)
            known = {entry.path for entry in found}
            still = {entry.path: entry for run in {e.run for e in found} for entry in self.journal.inbox(run=run)}
            found = [entry for path, entry in still.items() if path in known and (entry.due is None or entry.due > now)]
            if not found:
                raise InputError(
                    t("The deadline of {name} has passed ({due}).", name=late[0].id, due=late[0].due), code="FR3027"
                )
        for entry in found:
            if action not in entry.asked.get("may", []):
                raise _cannot(entry, action)
        return found

    def _find(self, id: str) -> list[InboxRow]:
        try:
            return [self.journal.entry(id)]
        except InputError as error:
            groups: dict[str, list[InboxRow]] = {}
            for entry in self.journal.inbox():
                group = group_id(entry)
                if id and group is not None and group.startswith(id):
                    groups.setdefault(group, []).append(entry)
            if len(groups) != 1:
                raise error
            return next(iter(groups.values()))

    def standing(self, entry: InboxRow) -> Standing:
        """Return where an entry stands, from the run's events."""
        events = [stored.event for stored in self.journal.events(entry.run)]
        asked = next(event for event in events if isinstance(event, Asked) and event.path == entry.path)
        return standing(asked, events)

    def role_for(
        self, entry: InboxRow, by: str, role: str | None, *, submitter_too: bool = False, editor_too: bool = False
    ) -> str:
        """Return the role in which `by` settles an entry.

        Raises `InputError`: FR3025 not in a role that is needed, FR3026 not allowed to say yes to this call.
        """
        if not by:
            raise InputError(t("Who are you?"), help=t("Add --as NAME."), code="FR3025")
        now = self.standing(entry)
        mine = [name for name in now.open_roles if role in (None, name) and self.holds(by, name, entry.run)]
        if not now.open_roles:
            raise InputError(
                t("{entry} was settled already.", entry=entry.id), help=f"flowrun show {entry.run}", code="FR3022"
            )
        if not mine:
            raise InputError(
                t(
                    "{by} is not in the role that {entry} needs: {open_roles}.",
                    by=by,
                    entry=entry.id,
                    open_roles=", ".join(now.open_roles),
                ),
                help=t("Members of a role are listed in flowrun.yaml under `roles:`."),
                code="FR3025",
            )
        if submitter_too or mine[0] == CUSTOMER:
            return mine[0]
        if not editor_too and self.ws.config is not None:
            # The plan says who was in the role when the run began; a yes needs that they still are.
            still = self.ws.config.roles.get(mine[0])
            if still is None or by not in still.members:
                raise InputError(
                    t("{by} is no longer in the role {mine}, and cannot say yes.", by=by, mine=mine[0]),
                    help=t("Somebody else must, or reject it and submit the run again."),
                    code="FR3025",
                )
        if by in {yes.by for yes in now.given}:
            raise InputError(t("{by} has said yes already; the others must be different people.", by=by), code="FR3026")
        if by in now.asked.barred and not editor_too:
            raise InputError(
                t("{by} changed this call, or said yes to it before, and cannot approve it.", by=by),
                help=t("Somebody else must."),
                code="FR3026",
            )
        if by == self._submitter(entry.run):
            raise InputError(
                t("{by} submitted this run and cannot approve its calls.", by=by),
                help=t("Somebody else must."),
                code="FR3026",
            )
        return mine[0]

    def require_owner(self, run: str, by: str, *, submitter: bool = False) -> None:
        """Raise `InputError` (FR3025) unless `by` has the flow's owner role, or (where allowed) submitted the run."""
        if self.ws.config is None:
            return
        if not (submitter and by and by == self._submitter(run)):
            must_own(self.plan_of(run).plan, by)

    def holds(self, by: str, role: str, run: str) -> bool:
        """Say whether a person is in a role; without a `flowrun.yaml` everybody is in all of them."""
        if role == CUSTOMER or by == CUSTOMER:
            return by == role
        if self.ws.config is None:
            return True
        known = self.plan_of(run).plan.roles.get(role)
        return known is not None and by in known.members

    async def say(self, run: str, words: Callable[[], Sequence[AnyEvent]], run_on: bool, accept: bool) -> RunResult:
        """Store what a person says, and go on with the run.

        `words` reads the store and gives the events; it is asked again where somebody else was quicker in between, so that
        it sees what they said. Raises what it raises, and `InputError` FR3022 or FR3023.
        """
        if run_on:
            # A changed tool is told before anything is stored, so that a yes is never given to something else unseen.
            self.plan_of(run, accept=accept)
        for _ in range(TRIES):
            events = list(words())
            receipt = self.journal.commit([Append(run=run, epoch=None, events=events, durable=True)])[0]
            if receipt.ok:
                break
            if receipt.refused == "finished":
                raise InputError(
                    t("The run {run} has ended already.", run=run), help=f"flowrun show {run}", code="FR3023"
                )
        else:
            raise InputError(t("This was answered already."), help=f"flowrun show {run}", code="FR3022")
        moved = any(isinstance(event, Answered | Edited) for event in events)
        moved |= any([self._complete(run, event) for event in events if isinstance(event, Approved) and event.yes])
        if run_on and moved:
            await self.go_on(run, accept=accept)
        return read_result(self.journal, run)

    def _complete(self, run: str, yes: Approved) -> bool:
        """Settle an entry whose last two answers came at the same moment, so that neither knew of the other."""
        for entry in self.journal.inbox(run=run):
            if yes.path.startswith(f"{entry.path}@"):
                now = self.standing(entry)
                if now.complete:
                    settled = now.approval(self.clock.now())
                    self.journal.commit([Append(run=run, epoch=None, events=[settled], durable=True)])
                    return True
        return False

    def _submitter(self, run: str) -> str:
        start = self.journal.events(run)[0].event
        assert isinstance(start, RunStarted)
        return start.by


def _cannot(entry: InboxRow, action: str) -> InputError:
    words = {
        "answer": f"flowrun answer {entry.id} --as NAME --data JSON",
        "approve": f"flowrun approve {entry.id} --as NAME",
        "reject": f"flowrun reject {entry.id} --as NAME --reason TEXT",
        "edit": f"flowrun edit {entry.id} --as NAME --data JSON",
        "done": f"flowrun settle {entry.id} --done --data JSON --as NAME",
        "not_done": f"flowrun settle {entry.id} --not-done --as NAME",
        "close": f"flowrun close {entry.id} --as NAME --reason TEXT",
        "resume": f"flowrun resume {entry.run} --as NAME",
    }
    verb = "settle" if action in ("done", "not_done") else action
    possible = ", ".join(words[name] for name in entry.asked.get("may", []) if name in words)
    return InputError(
        t(_KINDS.get(entry.kind, _KINDS["question"]), entry=entry.id, verb=verb),
        help=t("What can be done: {commands}", commands=possible),
        code="FR3024",
    )


_KINDS = {
    "approval": mark("{entry} is not something to {verb}: it is an approval."),
    "hand_off": mark("{entry} is not something to {verb}: it is a hand-off."),
    "question": mark("{entry} is not something to {verb}: it is a question."),
}
