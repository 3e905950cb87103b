"""Whether a new input may bring more to the writes and models of a flow.

Owns: which fields of the input may hold other values than before, as far as the flow looks at them.
"""

from __future__ import annotations

from typing import Any

from flowrun.contract import model as c
from flowrun.records.inclusion import included
from flowrun.words import t

Schema = dict[str, Any]


def reaching(old: Schema, new: Schema, contract: c.Contract) -> list[str]:
    """Return the fields of a new input that may hold more than before and that the flow, which writes or asks a model, reads."""
    acts = bool(contract.models) or any(use.effect != "read" for use in contract.uses)
    if not acts or included(new, old):
        return []
    fields = _loose(old, new)
    if not fields or "" in contract.reads:
        return fields or [t("the input as a whole")]
    return [name for name in fields if name in contract.reads]


def _loose(old: Schema, new: Schema) -> list[str]:
    """Return the fields that are not surely as narrow as before; none where it is not fields that differ."""
    before, after = old.get("properties") or {}, new.get("properties") or {}
    rest_old, rest_new = old.get("additionalProperties", True), new.get("additionalProperties", True)
    missing = set(old.get("required") or ()) - set(new.get("required") or ())
    return [
        name
        for name in dict.fromkeys([*after, *before])
        if name in missing or not included(after.get(name, rest_new), before.get(name, rest_old))
    ]
