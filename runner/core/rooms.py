"""The room that a call takes: which part belongs to its run, and which to all runs of the store.

Owns: that split, and reading reservations as earlier versions stored them. Who checks and takes room is the meter's,
the execution's and the journal's part.
"""

from __future__ import annotations

import msgspec

from flowrun.core.events import Reservation, Verdict
from flowrun.values.micros import MAX_AMOUNT, micros

RUN = "run:"
"""What the counter of a limit within one run begins with."""


def run_rooms(verdict: Verdict) -> list[Reservation]:
    """Return the room that a verdict takes in its run alone."""
    return [lifted(room) for room in verdict.reserve if room.counter.startswith(RUN)] if verdict.reserve else []


def store_rooms(verdict: Verdict) -> list[Reservation]:
    """Return the room that a verdict takes over all runs; the journal keeps it."""
    return [lifted(room) for room in verdict.reserve if not room.counter.startswith(RUN)] if verdict.reserve else []


def lifted(room: Reservation) -> Reservation:
    """Return a reservation in millionths, also one that an earlier version stored in units."""
    if room.takes >= 0 and 0 <= room.most <= MAX_AMOUNT:
        return room
    takes, most = (
        (room.takes, room.most) if room.most >= 0 else (micros(room.amount, up=True), micros(room.limit, up=False))
    )
    # A negative amount would make room for others; it never fits.
    takes = MAX_AMOUNT + 1 if takes is None or takes < 0 else takes
    return msgspec.structs.replace(room, takes=takes, most=min(most or 0, MAX_AMOUNT), amount=0.0, limit=0.0)
