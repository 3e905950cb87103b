"""How a step says that it cannot go on, and how a run says that it is over.

Owns: the two exceptions that travel up through the step generators. They never leave the core.
"""

from __future__ import annotations

from typing import Any

from flowrun.core.events import Fault


class Failure(Exception):
    """A step failed; the step's `on_error` answers. `draft` is what was made so far, kept for a person."""

    def __init__(self, fault: Fault, *, draft: Any = None) -> None:
        super().__init__(fault.message)
        self.fault = fault
        self.draft = draft


class RunEnd(Exception):
    """The run ends here with this outcome (`stop`, or a person closed a hand-off)."""

    def __init__(self, outcome: str, reason: str = "") -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.reason = reason


def outcome_of(fault: Fault) -> str:
    """Return the outcome of a run that ends because of this fault."""
    return {"budget": "stopped_by_budget", "in_doubt": "in_doubt"}.get(fault.kind, "failed")
