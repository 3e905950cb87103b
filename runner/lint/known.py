"""What a step may take for granted: paths that are surely not null, since a `when` or a branch has asked before.

Owns: how such knowledge passes from step to step, into branches and past a `stop`. How a condition is read is
`lang.types_guards`' part.
"""

from __future__ import annotations

from collections.abc import Sequence

from flowrun.lang import spec
from flowrun.lang.types_guards import known_if

Known = frozenset[str]
_LAST = 3
"""Dots in `calls.TOOL.ACTION.last`: once there, it stays; what it holds changes with the next call."""


def learned(expr: spec.Expr | None, truth: bool = True) -> Known:
    """Return the paths that are not null, and stay so, where a condition is `truth`."""
    if expr is None:
        return frozenset()
    return frozenset(path for path in known_if(expr.node, truth) if _stays(path))


def _stays(path: str) -> bool:
    return not path.startswith("calls.") or (path.endswith(".last") and path.count(".") == _LAST)


def in_loop(known: Known) -> Known:
    """Return what is still known inside a `for_each`, where `item` is another one."""
    return frozenset(path for path in known if path != "item" and not path.startswith(("item.", "item[")))


def afterwards(step: spec.Step) -> Known:
    """Return what is known behind a step, since it would have ended the run otherwise."""
    if isinstance(step, spec.Stop):
        return learned(step.when, False)
    found: Known = frozenset()
    if isinstance(step, spec.Choose) and step.when is None and step.on_error != "continue":
        for branch in step.choose:
            if not _ends(branch.steps):
                break  # a later branch was perhaps never asked
            found |= learned(branch.when, False)
    return found


def _ends(steps: Sequence[spec.Step]) -> bool:
    return any(isinstance(step, spec.Stop) and step.when is None for step in steps)
