"""Whether limits of a run may be raised.

Owns: that check and its words. Who may raise them, and how a run goes on then, is `app.runs`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowrun.core.context import Meter
from flowrun.core.events import AnyEvent, BudgetRaised
from flowrun.core.execution import raised_to
from flowrun.errors import InputError
from flowrun.plan.model import Plan
from flowrun.ports.journal import InboxRow
from flowrun.values.micros import MICRO
from flowrun.words import t


def check_raise(
    plan: Plan, events: Sequence[AnyEvent], raised: Mapping[str, int], run: str, stuck: Sequence[InboxRow]
) -> None:
    """Raise `InputError` where new limits are no raise, pass the workspace's, or help nothing.

    `stuck`: the hand-offs of a run none of which may be resumed. FR3031 blocks, FR3032 no raise, FR3071 above the ceiling,
    FR3072 a write in doubt.
    """
    meter = Meter(plan.flow.budget, ceiling=plan.ceiling)
    for event in events:
        if isinstance(event, BudgetRaised):
            meter.raise_to(raised_to(event))
    for name, limit in raised.items():
        unit = MICRO if name in ("cost", "within") else 1
        known, most = meter.limits.get(name), meter.ceiling.get(name)
        if most is not None and limit > most:
            raise InputError(
                t(
                    "{name} cannot be raised above {most}: flowrun.yaml allows no run more.",
                    name=name,
                    most=f"{most / unit:g}",
                ),
                help=t("The workspace's `limits` hold for every run; a run keeps those that it started with."),
                code="FR3071",
            )
        if known is None or limit <= known:
            raise InputError(
                t("{name} has no limit, so nothing can be raised.", name=name)
                if known is None
                else t("{name} can only be raised, and its limit is {limit}.", name=name, limit=f"{known / unit:g}"),
                code="FR3032",
            )
    if any("done" in entry.asked.get("may", []) for entry in stuck):
        raise InputError(
            t("A write is in doubt, and no raised limit tells what became of it."),
            help=t("Look there, then: flowrun settle {name} --done --data JSON, or --not-done.", name=stuck[0].id),
            code="FR3072",
        )
    if stuck:
        raise InputError(
            t("The step that was handed off runs other steps, so it cannot be tried again: they would run twice."),
            help=t(
                "Close it (flowrun inbox), or put `on_error: hand_off` on the steps inside. flowrun show {run}", run=run
            ),
            code="FR3031",
        )
