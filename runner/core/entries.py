"""Where an inbox entry stands: who must still answer, until when, and which of its calls were changed.

Owns: the fold of an entry's events, the same for the core, every store and the use cases; what a person may add to it; and
what time alone makes of it. Who belongs to a role, and what a decision leads to, is told elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from flowrun.core.events import Answered, AnyEvent, Approved, Asked, Edited, Escalated, Verdict
from flowrun.plan.model import RolePlan
from flowrun.values.moments import add_seconds

Said = Approved | Escalated | Edited
"""What adds to an entry while it is open."""
NO_ANSWER = "Nobody answered in time."


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """One answer that is needed: from `role`, until `due`. `given` is the yes, `past` the roles that were late."""

    role: str
    due: str | None = None
    given: Approved | None = None
    past: tuple[str, ...] = ()


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """An entry at one moment; `until` ends it as a whole."""

    asked: Asked
    slots: tuple[Slot, ...]
    until: str | None = None
    edits: tuple[Edited, ...] = ()
    moves: int = 0

    @property
    def to(self) -> list[str]:
        """The roles in the order of the list, late ones replaced."""
        return [slot.role for slot in self.slots]

    @property
    def open_roles(self) -> list[str]:
        """The roles whose answer is missing; one twice where two of its people are needed."""
        return [slot.role for slot in self.slots if slot.given is None]

    @property
    def given(self) -> list[Approved]:
        """Every yes so far."""
        return [slot.given for slot in self.slots if slot.given is not None]

    @property
    def due(self) -> str | None:
        """The moment at which something happens by itself, None where nothing does."""
        return earliest([self.until, *(slot.due for slot in self.slots if slot.given is None)])

    @property
    def proposals(self) -> list[Verdict]:
        """The calls that still wait here, without those that were changed."""
        edited = {edit.call for edit in self.edits}
        return [verdict for verdict in self.asked.proposals if verdict.path not in edited]

    @property
    def dead(self) -> list[str]:
        """The digests that nobody can approve any more, for their calls were changed."""
        alive = {verdict.digest for verdict in self.proposals}
        return [edit.digest for edit in self.edits if edit.digest not in alive]

    @property
    def complete(self) -> bool:
        """Say whether everybody has said yes."""
        return bool(self.slots) and all(slot.given is not None for slot in self.slots)

    def after(self, event: Said) -> Standing:
        """Return where the entry stands after one more event about it."""
        if isinstance(event, Edited):
            return msgspec.structs.replace(self, edits=(*self.edits, event))
        slots = list(self.slots)
        if isinstance(event, Escalated):
            if 0 <= event.place < len(slots) and slots[event.place].given is None:
                slot = slots[event.place]
                slots[event.place] = Slot(role=event.role, due=event.due, past=(*slot.past, slot.role))
            return msgspec.structs.replace(self, slots=tuple(slots), moves=self.moves + 1)
        open_places = [place for place, slot in enumerate(slots) if slot.given is None and slot.role == event.role]
        if event.yes and open_places:
            slots[open_places[0]] = msgspec.structs.replace(slots[open_places[0]], given=event)
        return msgspec.structs.replace(self, slots=tuple(slots))

    def yes_path(self, role: str) -> str:
        """Return the path of the next yes of a role."""
        before = sum(yes.role == role for yes in self.given)
        return f"{self.asked.path}@{role}" + (f"~{before + 1}" if before else "")

    def approval(self, at: str) -> Answered:
        """Return the event that settles a complete entry."""
        people = ", ".join(yes.by for yes in self.given)
        return Answered(path=self.asked.path, at=at, action="approve", by=people, rejected=self.dead)


def earliest(moments: Iterable[str | None]) -> str | None:
    """Return the first of some moments, None where there is none."""
    return min((moment for moment in moments if moment is not None), default=None)


def entry_of(event: Said) -> str:
    """Return the path of the entry that an event adds to."""
    return (event.path.rpartition("@")[0] or event.path) if isinstance(event, Approved) else event.entry


def standing(asked: Asked, said: Iterable[AnyEvent]) -> Standing:
    """Return where an entry stands after what was said about it, in order. Events of other entries are left out."""
    dues: Sequence[str | None] = asked.dues if len(asked.dues) == len(asked.to) else [None] * len(asked.to)
    now = Standing(
        asked=asked,
        slots=tuple(Slot(role=role, due=due) for role, due in zip(asked.to, dues, strict=True)),
        until=asked.until if asked.dues else asked.due,
    )
    for event in said:
        if isinstance(event, Said) and entry_of(event) == asked.path:
            now = now.after(event)
    return now


def refusal(now: Standing, event: AnyEvent) -> str:
    """Return why a person cannot add an event to an open entry, empty where they can.

    `late`: its time is over; `role`: that yes is not wanted, or was given; `person`: the same person said yes before, or
    wrote the arguments; `changed`: the call is not in the entry any more; `incomplete`: a yes is missing.
    """
    if isinstance(event, Approved | Edited | Answered) and now.due is not None and now.due <= event.at:
        return "late"
    if isinstance(event, Approved):
        if event.role not in now.open_roles:
            return "role"
        if event.yes and event.by in [*(yes.by for yes in now.given), *now.asked.barred]:
            return "person"
    elif isinstance(event, Edited):
        if not any(verdict.path == event.call for verdict in now.proposals):
            return "changed"
    elif isinstance(event, Answered) and event.action == "approve" and not now.complete:
        return "incomplete"
    elif isinstance(event, Answered) and event.action == "edit" and now.proposals:
        return "changed"
    return ""


def by_itself(now: Standing, roles: Mapping[str, RolePlan], at: str) -> Answered | Escalated | None:
    """Return what becomes of an open entry at a moment without anybody's word; None where nothing does.

    A role that is late hands on to its `then`; the last one's deadline makes the entry late.
    """
    path = now.asked.path
    if now.complete:
        return now.approval(at)
    late = Answered(path=path, at=at, action="late", reason=NO_ANSWER)
    if now.until is not None and now.until <= at:
        return late
    over = [
        (slot.due, place) for place, slot in enumerate(now.slots) if slot.given is None and slot.due and slot.due <= at
    ]
    if not over:
        return None
    place = min(over)[1]
    slot = now.slots[place]
    role = roles.get(slot.role)
    then = None if role is None else role.then
    if then is None or then in (slot.role, *slot.past):
        return late
    last = now.asked.kind == "approval" or (now.asked.kind == "question" and now.until is None)
    return Escalated(
        path=f"{path}/@then-{now.moves + 1}",
        at=at,
        entry=path,
        place=place,
        late=slot.role,
        role=then,
        due=role_due(roles, then, at, last=last),
    )


def role_due(roles: Mapping[str, RolePlan], role: str, at: str, *, last: bool) -> str | None:
    """Return until when a role has time. `last`: its deadline counts even where there is nobody to hand on to."""
    plan = roles.get(role)
    if plan is None or plan.within is None or (plan.then is None and not last):
        return None
    return add_seconds(at, plan.within)
