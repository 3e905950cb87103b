"""Finding one run, entry or record by what a person typed.

Owns: the rule of unique beginnings and its errors, shared by every store, so that all of them say the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import TypeVar

from flowrun.errors import InputError, StoreError
from flowrun.words import mark, t, tn

Row = TypeVar("Row")


class Lookup(Enum):
    """What is looked for: what is said where there is none and where there are several, the code, and what lists them."""

    RUN = (
        mark("There is no run {typed}."),
        mark("More than one run begins with {typed}: {ids}."),
        "FR3002",
        mark("`flowrun runs` lists the runs."),
    )
    ENTRY = (
        mark("There is no inbox entry {typed}."),
        mark("More than one inbox entry begins with {typed}: {ids}."),
        "FR3003",
        mark("`flowrun inbox` lists what waits for people."),
    )
    RECORD = (
        mark("There is no record {typed}."),
        mark("More than one record begins with {typed}: {ids}."),
        "FR3004",
        mark("`flowrun records` lists the records."),
    )


def by_beginning(what: Lookup, typed: str, found: Sequence[tuple[str, Row]]) -> Row:
    """Return the row whose id was typed, or the only one that begins so. Raises `InputError`."""
    none, many, code, help_text = what.value
    for id, row in found:
        if id == typed:
            return row
    if not typed or not found:
        raise InputError(t(none, typed=repr(typed)), code=code, help=t(help_text))
    if len(found) > 1:
        ids = ", ".join([*(id for id, _ in found[:4]), *(["…"] if len(found) > 4 else [])])
        raise InputError(
            t(many, typed=repr(typed), ids=ids),
            code=code,
            help=t("Write more characters."),
        )
    return found[0][1]


def run_not_found(run: str) -> InputError:
    """Return the error for an unknown run."""
    none, _, code, help_text = Lookup.RUN.value
    return InputError(t(none, typed=repr(run)), code=code, help=t(help_text))


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
        t("Inbox entry {name} is settled: {said}.", name=id, said=said),
        code="FR3003",
        help=t("Nothing more is to be done about it."),
    )


def still_going_on(runs: Sequence[str]) -> InputError:
    """Return the error for a person who cannot be forgotten yet."""
    return InputError(
        tn(
            "This person cannot be forgotten yet: {n} of their runs goes on ({runs}).",
            "This person cannot be forgotten yet: {n} of their runs go on ({runs}).",
            len(runs),
            runs=", ".join([*runs[:3], *(["…"] if len(runs) > 3 else [])]),
        ),
        code="FR3040",
        help=t("Let them end, or add --cancel: it ends them first."),
    )


def runs_changed() -> StoreError:
    """Return the error for an erasure that no longer fits the store."""
    return StoreError(
        t("Meanwhile another run of this person came in or was forgotten."), code="FR5013", help=t("Try again.")
    )


def erased_run(run: str) -> StoreError:
    """Return the error for a run whose person was forgotten."""
    return StoreError(
        t("What happened in run {run} cannot be read: its person was forgotten, and the key is destroyed.", run=run),
        code="FR5012",
        help=t("Its trail can still be verified, and `flowrun records` has what is left of its records."),
    )


def lost_keys(run: str) -> StoreError:
    """Return the error for a run whose keys are gone, and that no forgetting tells of."""
    return StoreError(
        t("What happened in run {run} cannot be read: its keys are missing although nobody was forgotten.", run=run),
        code="FR5023",
        help=t("Restore the store from a backup. `flowrun audit verify` tells what else is not as it was written."),
    )


def bad_remains(id: str) -> StoreError:
    """Return the error for a record that says something else than what its forgetting kept."""
    return StoreError(
        t(
            "What remains of record {name} is not what was kept when its person was forgotten: somebody changed it.",
            name=id,
        ),
        code="FR5024",
        help=t("Restore the store from a backup. `flowrun audit verify` tells what else is not as it was written."),
    )


def key_reused(run: str) -> InputError:
    """Return the error for a key that came with another input; the key is not told, for it may be an e-mail address."""
    return InputError(
        t("This key was used by run {run} with another input.", run=run),
        code="FR3005",
        help=t("The same key means the same case: send the same input again, or give another key."),
    )
