"""People's part: approvals, changed calls, answers, hand-offs.

Owns: what is stored when somebody settles or changes an inbox entry. Who may do so, and how entries are found, is
`app.inbox`; how a run goes on is `app.runs`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flowrun.app.edits import chosen_call
from flowrun.app.inbox import CUSTOMER, Waits
from flowrun.app.result import RunResult, seen_digest
from flowrun.core.changed_call import new_args
from flowrun.core.events import Answered, AnyEvent, Approved, Edited
from flowrun.errors import InputError
from flowrun.ports.journal import InboxRow
from flowrun.records.validation import Checker
from flowrun.words import t

__all__ = ["CUSTOMER", "People"]

Json = Any


class People(Waits):
    """The use cases of an inbox."""

    async def approve(
        self, id: str, *, by: str, role: str | None = None, seen: str | None = None, run_on: bool = True
    ) -> RunResult:
        """Say yes for one role; the calls run when every role has said yes. The id of a group means each of its entries.

        `seen` (see `result.seen_digest`) stands for the calls that were shown: the yes counts only while these are the ones
        that wait. Raises `InputError`: FR3024 wrong kind, FR3025 not the role, FR3026 submitted the run, changed the call or
        said yes already, FR3061 other calls than those that were seen.
        """
        return await self._decide(id, by=by, role=role, seen=seen, run_on=run_on, reason=None)

    async def reject(self, id: str, *, by: str, reason: str, role: str | None = None, run_on: bool = True) -> RunResult:
        """Say no; one no is enough. The id of a group means each of its entries."""
        return await self._decide(id, by=by, role=role, seen=None, run_on=run_on, reason=reason)

    async def _decide(
        self, id: str, *, by: str, role: str | None, seen: str | None, run_on: bool, reason: str | None
    ) -> RunResult:
        action = "approve" if reason is None else "reject"
        first = await self.entries(id, action)
        shown = {entry.path for entry in first}
        run = first[0].run
        again = False

        def words() -> Sequence[AnyEvent]:
            nonlocal again
            # Entries that came after the person looked are not part of what they said.
            entries = [e for e in self.journal.inbox(run=run) if e.path in shown] if again else first
            again = True
            if not entries:
                self.journal.entry(first[0].id)  # raises how it was settled
            if seen is not None and seen != seen_digest(p["digest"] for e in entries for p in e.asked["proposals"]):
                raise InputError(
                    t("Other calls wait under {name} than those that were shown.", name=id),
                    help=t("Look again (flowrun inbox), then decide about what waits now."),
                    code="FR3061",
                )
            events: list[AnyEvent] = []
            refused: InputError | None = None
            for entry in entries:
                try:
                    mine = self.role_for(entry, by, role, editor_too=reason is not None)
                except InputError as error:
                    # In a group, what is another's part stays open for them.
                    refused = refused or error
                else:
                    events += self._yes(entry, by, mine) if reason is None else self._no(entry, by, mine, reason)
            if not events and refused is not None:
                raise refused
            return events

        return await self.say(run, words, run_on, False)

    def _yes(self, entry: InboxRow, by: str, role: str) -> list[AnyEvent]:
        now, at = self.standing(entry), self.clock.now()
        digests = [verdict.digest for verdict in now.proposals]
        yes = Approved(path=now.yes_path(role), at=at, role=role, by=by, yes=True, digests=digests)
        after = now.after(yes)
        return [yes, after.approval(at)] if after.complete else [yes]

    def _no(self, entry: InboxRow, by: str, role: str, reason: str) -> list[AnyEvent]:
        now, at = self.standing(entry), self.clock.now()
        no = Approved(path=now.yes_path(role), at=at, role=role, by=by, yes=False, reason=reason)
        return [no, Answered(path=entry.path, at=at, action="reject", by=by, reason=reason)]

    async def edit(self, id: str, data: Json, *, by: str, call: str | None = None, run_on: bool = True) -> RunResult:
        """Change arguments of a call that waits for a yes; it is decided again from the start.

        `data` maps arguments to their new values, the others stay; `call` is the call's number in the entry (from 1) or its
        tool, where several wait. The other calls of the entry stay as they are. Who changed it cannot approve it, nor can who
        submitted the run. Raises `InputError`: FR3025 not a role of the entry, FR3062 which call, FR3063 a bound argument,
        FR3064 not valid, FR3065 nothing changed.
        """
        found = await self.entries(id, "edit")
        entry, verdict = chosen_call(id, found, call)
        if not by:
            raise InputError(t("Who are you?"), help=t("Add --as NAME."), code="FR3025")
        if by == CUSTOMER:
            raise InputError(t("The customer says yes or no; a call is changed by people in roles."), code="FR3025")
        roles = self.standing(entry).to
        if not any(self.holds(by, role, entry.run) for role in roles):
            raise InputError(
                t("{by} is not in a role that {entry} asks: {roles}.", by=by, entry=entry.id, roles=", ".join(roles)),
                help=t("Members of a role are listed in flowrun.yaml under `roles:`."),
                code="FR3025",
            )
        args = new_args(self.plan_of(entry.run), str(entry.asked.get("flow", "")), verdict, data)

        def words() -> Sequence[AnyEvent]:
            if all(row.path != entry.path for row in self.journal.inbox(run=entry.run)):
                self.journal.entry(entry.id)  # raises how it was settled
            now, at = self.standing(entry), self.clock.now()
            if all(waiting.path != verdict.path for waiting in now.proposals):
                raise InputError(t("Somebody else changed this call at the same moment."), code="FR3061")
            edited = Edited(
                path=f"{entry.path}/@edit-{len(now.edits) + 1}",
                at=at,
                entry=entry.path,
                call=verdict.path,
                digest=verdict.digest,
                args=args,
                by=by,
            )
            if now.after(edited).proposals:
                return [edited]
            return [edited, Answered(path=entry.path, at=at, action="edit", by=by)]

        return await self.say(entry.run, words, run_on, False)

    async def answer(self, id: str, data: Json, *, by: str, run_on: bool = True) -> RunResult:
        """Fill in the form of a question or hand-off. Raises `InputError` (FR3021) where it is not valid."""
        entry = await self.entry(id, "answer")
        self._check_form(entry, data, by)
        return await self._settle(entry, "answer", by, run_on, data=data)

    async def settle_entry(
        self, id: str, *, done: bool, by: str, data: Json = None, reason: str = "", run_on: bool = True
    ) -> RunResult:
        """Say of a write in doubt that it was done, with its output as `data`, or that it was not.

        Raises `InputError` (FR3021) where the output does not fit the tool's schema.
        """
        action = "done" if done else "not_done"
        entry = await self.entry(id, action)
        verdict = entry.asked["proposals"][0]
        if done:
            self._check_form(entry, data, by)
        about = {"write": verdict["path"], "natural": verdict["natural"]}
        return await self._settle(entry, action, by, run_on, data=data if done else None, reason=reason, **about)

    def _check_form(self, entry: InboxRow, data: Json, by: str) -> None:
        form = entry.asked.get("form")
        problems = Checker(form).check(data, placeholders=False) if form is not None else []
        if problems:
            self.role_for(entry, by, None, submitter_too=True)
            lines = "; ".join(f"{p.get('path') or t('the whole')}: {p['message']}" for p in problems[:5])
            raise InputError(t("The answer does not fit the form: {lines}", lines=lines), code="FR3021")

    async def close_entry(self, id: str, *, by: str, reason: str = "", run_on: bool = True) -> RunResult:
        """End a hand-off (the run ends `handed_off`) or turn a question down."""
        return await self._settle(await self.entry(id, "close"), "close", by, run_on, reason=reason)

    async def resume_entry(self, id: str, *, by: str, run_on: bool = True, accept: bool = False) -> RunResult:
        """Have the step of a hand-off go on from its finished calls."""
        return await self._settle(await self.entry(id, "resume"), "resume", by, run_on, accept=accept)

    async def _settle(
        self, entry: InboxRow, action: str, by: str, run_on: bool, *, accept: bool = False, **more: Json
    ) -> RunResult:
        def words() -> Sequence[AnyEvent]:
            open_ones = [row for row in self.journal.inbox(run=entry.run) if row.path == entry.path]
            if not open_ones:
                self.journal.entry(entry.id)  # raises how it was settled
            self.role_for(entry, by, None, submitter_too=True)
            return [Answered(path=entry.path, at=self.clock.now(), action=action, by=by, **more)]

        return await self.say(entry.run, words, run_on, accept)
