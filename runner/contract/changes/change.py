"""One change in what a flow may do.

Owns: its type, and the list in which changes are collected.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

WIDENED, NARROWED, CHANGED = "widened", "narrowed", "changed"
KINDS = (WIDENED, CHANGED, NARROWED)
"""In the order in which they are told."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One change, as a sentence.

    `kind`: `widened` (the flow may do more), `narrowed` (less), `changed` (otherwise, but not more). `sure`: False where the two
    cannot be ordered, so that it only may be a widening. `danger`: 0 to 100. `about`: the part of the contract, and of which
    tool, model or step. `details`: what follows from it.
    """

    kind: str
    danger: int
    text: str
    about: str
    flows: list[str] = []
    sure: bool = True
    details: list[str] = []


class Changes:
    """The changes of one flow."""

    def __init__(self, flow: str) -> None:
        self.flow = flow
        self.found: list[Change] = []

    def wider(self, danger: int, about: str, text: str, *, sure: bool = True) -> None:
        """Note that the flow may do more; not `sure`: that it may be so."""
        self._add(Change(kind=WIDENED, danger=danger, about=about, text=text, sure=sure))

    def narrower(self, danger: int, about: str, text: str) -> None:
        """Note that the flow may do less."""
        self._add(Change(kind=NARROWED, danger=danger, about=about, text=text))

    def other(self, danger: int, about: str, text: str) -> None:
        """Note that something is otherwise, and lets the flow do neither more nor less."""
        self._add(Change(kind=CHANGED, danger=danger, about=about, text=text))

    def follows(
        self, kind: str, danger: int, about: str, text: str, causes: Sequence[str], *, of_any: bool = False
    ) -> None:
        """Note what follows from other changes: beside the first of the same kind about a cause, else as a change itself.

        `of_any`: any other change of that kind will do where there is none about a cause.
        """
        mine = [place for place, change in enumerate(self.found) if change.kind == kind]
        near = [place for place in mine if any(cause in self.found[place].about for cause in causes)]
        place = next(iter([*near, *(mine if of_any else [])]), None)
        if place is None:
            self._add(Change(kind=kind, danger=danger, about=about, text=text))
        elif text not in self.found[place].details:
            change = self.found[place]
            self.found[place] = msgspec.structs.replace(change, details=[*change.details, text])

    def _add(self, change: Change) -> None:
        told = msgspec.structs.replace(change, flows=[self.flow])
        if told not in self.found:
            self.found.append(told)


def merged(changes: Iterable[Change]) -> list[Change]:
    """Return the changes of all flows, the most dangerous first; the same change of several flows is told once."""
    same: dict[tuple[object, ...], Change] = {}
    for change in changes:
        key = (change.kind, change.sure, change.danger, change.text, change.about, tuple(change.details))
        before = same.get(key)
        flows = change.flows if before is None else list(dict.fromkeys([*before.flows, *change.flows]))
        same[key] = msgspec.structs.replace(change, flows=flows)
    return sorted(
        same.values(), key=lambda one: (KINDS.index(one.kind), -one.danger, not one.sure, one.text, one.flows)
    )
