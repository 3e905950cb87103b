"""Finding one run, entry or record by what a person typed.

Owns: the rule of unique beginnings and its errors, shared by every store, so that all of them say the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import TypeVar

from flowrun.errors import InputError, StoreError

Row = TypeVar("Row")


class Lookup(Enum):
    """What is looked for: its name, the code of "not found", and the command that lists them."""

    RUN = ("run", "FR3002", "`flowrun runs` lists the runs.")
    ENTRY = ("inbox entry", "FR3003", "`flowrun inbox` lists what waits for people.")
    RECORD = ("record", "FR3004", "`flowrun records` lists the records.")


def by_beginning(what: Lookup, typed: str, found: Sequence[tuple[str, Row]]) -> Row:
    """Return the row whose id was typed, or the only one that begins so. Raises `InputError`."""
    name, code, help_text = what.value
    for id, row in found:
        if id == typed:
            return row
    if not typed or not found:
        raise InputError(f"There is no {name} {typed!r}.", code=code, help=help_text)
    if len(found) > 1:
        ids = ", ".join(id for id, _ in found[:4])
        raise InputError(
            f"More than one {name} begins with {typed!r}: {ids}{', …' if len(found) > 4 else ''}.",
            code=code,
            help="Write more characters.",
        )
    return found[0][1]


def run_not_found(run: str) -> InputError:
    """Return the error for an unknown run."""
    name, code, help_text = Lookup.RUN.value
    return InputError(f"There is no {name} {run!r}.", code=code, help=help_text)


def settled_entry(id: str, action: str) -> InputError:
    """Return the error for an entry that is no longer open."""
    said = {
        "approve": "it was approved",
        "reject": "it was rejected",
        "answer": "it was answered",
        "done": "the write was found done",
        "not_done": "the write was found not done",
        "resume": "the run was resumed",
        "close": "it was closed",
        "late": "its time ran out",
        "withdrawn": "it is no longer needed",
        "finished": "its run has ended",
    }.get(action, action)
    return InputError(
        f"Inbox entry {id} is settled: {said}.", code="FR3003", help="Nothing more is to be done about it."
    )


def still_going_on(runs: Sequence[str]) -> InputError:
    """Return the error for a person who cannot be forgotten yet."""
    return InputError(
        f"This person cannot be forgotten yet: {len(runs)} of their runs go on ({', '.join(runs[:3])}"
        f"{', …' if len(runs) > 3 else ''}).",
        code="FR3040",
        help="Let them end, or add --cancel: it ends them first.",
    )


def runs_changed() -> StoreError:
    """Return the error for an erasure that no longer fits the store."""
    return StoreError(
        "Meanwhile another run of this person came in or was forgotten.", code="FR5013", help="Try again."
    )


def erased_run(run: str) -> StoreError:
    """Return the error for a run whose person was forgotten."""
    return StoreError(
        f"What happened in run {run} cannot be read: its person was forgotten, and the key is destroyed.",
        code="FR5012",
        help="Its trail can still be verified, and `flowrun records` has what is left of its records.",
    )


def lost_keys(run: str) -> StoreError:
    """Return the error for a run whose keys are gone, and that no forgetting tells of."""
    return StoreError(
        f"What happened in run {run} cannot be read: its keys are missing although nobody was forgotten.",
        code="FR5023",
        help="Restore the store from a backup. `flowrun audit verify` tells what else is not as it was written.",
    )


def bad_remains(id: str) -> StoreError:
    """Return the error for a record that says something else than what its forgetting kept."""
    return StoreError(
        f"What remains of record {id} is not what was kept when its person was forgotten: somebody changed it.",
        code="FR5024",
        help="Restore the store from a backup. `flowrun audit verify` tells what else is not as it was written.",
    )


def key_reused(run: str) -> InputError:
    """Return the error for a key that came with another input; the key is not told, for it may be an e-mail address."""
    return InputError(
        f"This key was used by run {run} with another input.",
        code="FR3005",
        help="The same key means the same case: send the same input again, or give another key.",
    )
