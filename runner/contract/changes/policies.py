"""A policy that no longer holds, or newly holds, for a flow: one change, with its rules as details.

Owns: taking together what would be one change for each rule and tool.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from flowrun.contract import model as c
from flowrun.contract.changes.change import NARROWED, WIDENED, Change
from flowrun.words import t


def lost_policies(old: c.Contract, new: c.Contract, found: Sequence[Change]) -> list[Change]:
    """Return the changes with those of a whole policy taken together."""
    changes = list(found)
    for name in _policies(old) - _policies(new):
        changes = _together(
            changes, name, WIDENED, t("The policy {policy} no longer holds for this flow.", policy=name)
        )
    for name in _policies(new) - _policies(old):
        changes = _together(changes, name, NARROWED, t("The policy {policy} holds for this flow now.", policy=name))
    return changes


def _policies(contract: c.Contract) -> set[str]:
    rules = (rule for use in contract.uses for rule in use.rules)
    return {rule.source.split("@")[0] for rule in rules if not rule.source.startswith("flow:")}


def _together(changes: Iterable[Change], policy: str, kind: str, text: str) -> list[Change]:
    mine: list[Change] = []
    others: list[Change] = []
    for change in changes:
        same = change.kind == kind and change.about.startswith("rules ") and f"[{policy}@" in change.text
        (mine if same else others).append(change)
    if not mine:
        return others
    details = [detail for change in mine for detail in (change.text, *change.details)]
    worst = max(mine, key=lambda change: change.danger)
    return [
        *others,
        msgspec.structs.replace(worst, text=text, about=f"policy {policy}", details=list(dict.fromkeys(details))),
    ]
