"""What simulations of runs start from, what people may say to them, and what is compared after a replay.

Owns: these values. Driving a run is `simulation`'s part.
"""

from __future__ import annotations

from typing import Any

import msgspec

from flowrun.core.commands import AskPerson
from flowrun.core.events import RunStarted
from flowrun.core.execution import Execution
from tests.property.plans import ANSWER, OUTPUT, RECORD

START = "2026-01-01T00:00:00.000000Z"


def started(**more: Any) -> RunStarted:
    """Return the first event of a run."""
    base = {"run": "r1", "flow": "main", "version": 1, "plan": "digest", "input": {}, "key": "k1", "at": START}
    return RunStarted(**{**base, **more})


def picture(execution: Execution) -> list[tuple[str, str, str, bytes]]:
    """Return what is open, with everything that an outside answer could depend on, in an order of its own."""
    shown = []
    for (path, phase), command in execution.open.items():
        fields = {
            name: getattr(command, name)
            for name in command.__struct_fields__
            if name not in ("names", "flow", "model", "examples")
        }
        if isinstance(command, AskPerson):
            fields["standing"] = execution.standing(command)
        body = msgspec.json.encode(fields, order="deterministic")
        shown.append((path, phase, type(command).__name__, body))
    return sorted(shown)


def fitting(form: dict[str, Any] | None) -> Any:
    """Return a value that a person may put into this form."""
    if form == ANSWER:
        return {"kind": "b", "score": 2}
    if form == RECORD:
        return {"n": 5}
    if form == OUTPUT:
        return {"id": "by hand"}
    if form is not None and form.get("type") == "string":
        return "by hand"
    return {}
