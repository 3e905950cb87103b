"""How far a run may go: shadow (shows what it would do), supervised (each write asks) or live.

Owns: the highest mode that a workspace allows a flow, and the one that a run gets. What a mode does is the guard's, the core's
and the runtime's part.
"""

from __future__ import annotations

from collections.abc import Mapping

from flowrun.app.flows import flow_names
from flowrun.app.workspace import Workspace
from flowrun.errors import ConfigError, InputError
from flowrun.lang.expr_problem import closest
from flowrun.plan.model import Plan
from flowrun.words import t

MODES = ("shadow", "supervised", "live")
"""From the least to the most."""


def highest(allowed: Mapping[str, str], plan: Plan) -> tuple[str, str]:
    """Return the highest mode that a flow and its sub-flows may have, and the one of them that sets it."""
    flows = [plan.flow.name, *(flow.name for flow in plan.flows.values())]
    return min(((allowed.get(name, "live"), name) for name in flows), key=lambda item: MODES.index(item[0]))


def mode_for(ws: Workspace, plan: Plan, wanted: str | None) -> str:
    """Return the mode of a run: the one that is wanted, else the highest that the flow and its sub-flows may have.

    Raises `InputError` (FR3066) where more is wanted than allowed, `ConfigError` (FR2012) where `modes` names no flow.
    """
    allowed = {} if ws.config is None else ws.config.modes
    flows = [plan.flow.name, *(flow.name for flow in plan.flows.values())]
    if allowed:
        known = {*flow_names(ws), *flows}
        for name in allowed:
            # A flow that is meant to be held back must not run live for a slip of the pen.
            if name not in known:
                guess = closest(name, known)
                help = (
                    t("Did you mean `{guess}`?", guess=guess)
                    if guess
                    else t("Known flows: {known}.", known=", ".join(sorted(known)))
                )
                raise ConfigError(
                    t("`modes` in flowrun.yaml names no flow: {name}.", name=name), help=help, code="FR2012"
                )
    most, by = highest(allowed, plan)
    if wanted is None:
        return most
    if wanted not in MODES:
        raise InputError(
            t("There is no mode {wanted}.", wanted=wanted),
            help=t("There are: {modes}.", modes=", ".join(MODES)),
            code="FR3066",
        )
    if MODES.index(wanted) > MODES.index(most):
        raise InputError(
            t("{by} may run {most} at most, not {wanted}.", by=by, most=most, wanted=wanted),
            help=t("Use --mode {most}, or allow more under `modes:` in flowrun.yaml.", most=most),
            code="FR3066",
        )
    return wanted
