"""Budgets and limits against what the steps do: what nothing bounds, what cannot be paid, what never counts.

Owns: these findings. What a run needs at least is `lint.reach`'s part, prices and the workspace's ceiling `lint.budget`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flowrun.lang import spec
from flowrun.lint.findings import Findings
from flowrun.lint.reach import Need, Place, Reach
from flowrun.lint.scope import World
from flowrun.lint.sizes import UNKNOWN
from flowrun.values.nodes import walk
from flowrun.words import mark, t

NEEDED = {
    "model_calls": mark("Every run of this flow asks a model {least} times or more, and the budget allows {limit}."),
    "tool_calls": mark("Every run of this flow uses tools {least} times or more, and the budget allows {limit}."),
    "writes": mark("Every run of this flow writes {least} times or more, and the budget allows {limit}."),
}
ALLOWED = {
    "tool_calls": mark("{tool} may be used {limit} times, but the budget allows {most} calls of all tools together."),
    "writes": mark("{tool} may be used {limit} times, but the budget allows {most} writes of all tools together."),
}
_WORK = (spec.Call, spec.Ask, spec.Record)
"""Steps whose `within` counts work, as the budget's does."""


def check_spending(world: World, reach: Reach, out: Findings, policies: Sequence[spec.Policy]) -> None:
    """Find what no budget bounds, and budgets and limits that cannot be kept or never count."""
    budget = world.flow.budget
    if budget is None:
        return  # where one is needed, that is a finding of its own
    check = _Spending(world, reach, out, policies, budget)
    for place in reach.places:
        check.step(place)
    check.enough()
    check.limits()


class _Spending:
    def __init__(
        self, world: World, reach: Reach, out: Findings, policies: Sequence[spec.Policy], budget: spec.Budget
    ) -> None:
        self.world, self.reach, self.out, self.policies, self.budget = world, reach, out, policies, budget

    def step(self, place: Place) -> None:
        step = place.step
        if isinstance(step, spec.Ask):
            for index, name in enumerate(step.tools):
                if self.reach.writes(name) and not self.bounded(name, "writes", "tool_calls"):
                    self.out.add(
                        "write-unbounded",
                        t("Nothing says how often the model may use {name}, which writes.", name=name),
                        spec.place_of(step, "tools", index),
                        help=t("Write `at_most: 1` at {name} under `tools:`, or `writes: 4` in the budget.", name=name),
                    )
        if isinstance(step, spec.ForEach):
            self.loop(step, place)
        budget = self.budget
        if isinstance(step, spec.Ask):
            self.repair(step, place)
        most = budget.within
        if isinstance(step, _WORK) and step.within is not None and most is not None and step.within > most:
            self.out.add(
                "step-outlasts-budget",
                t("The step {id} may take longer than the whole run, so its `within` never counts.", id=step.id),
                step.at.get("within", step.span),
                help=t("Raise `within` of the budget, or lower it here."),
                related=((budget.at.get("within", budget.span), t("the budget of the whole run")),),
            )

    def bounded(self, tool: str, *meters: str) -> bool:
        """Whether the budget, the workspace or a rule says how often a tool may be used."""
        if any(
            getattr(most, name) is not None for most in (self.budget, self.world.catalogue.ceiling) for name in meters
        ):
            return True
        bound = self.world.bound.get(tool, set())
        return any(_counts(limit, bound) for rule in self.rules(tool) for limit in rule.at_most) or any(
            rule.approve_when is not None and rule.approve_when.node == ["lit", True] for rule in self.rules(tool)
        )

    def rules(self, tool: str) -> Iterator[spec.Rule]:
        """Yield every rule that holds for a tool in this flow."""
        own = self.world.flow.tools.get(tool)
        if own is not None:
            yield own
        for policy in self.policies:
            yield from (rule for rule in policy.rules if tool in rule.tools)

    def loop(self, loop: spec.ForEach, place: Place) -> None:
        """A loop whose list may have any length, with something inside that nothing else bounds."""
        size = self.reach.sizes.of(loop.for_each.node, place.loops)
        if size == UNKNOWN or size[1] is not None:
            return
        inside = [other.step for other in self.reach.places if any(block is loop for block in other.above)]
        writes = (step for step in inside if isinstance(step, spec.Call) and self.reach.writes(step.call))
        free = next((step for step in writes if not self.bounded(step.call, "writes", "tool_calls")), None)
        if free is not None:
            self.out.add(
                "write-in-loop",
                t(
                    "The list may have any length, and the step {id} uses {tool} for each item.",
                    id=free.id,
                    tool=free.call,
                ),
                loop.for_each.span,
                help=t("Write `writes: 20` in the budget, or `maxItems` at the list in its schema."),
                related=((free.span, t("{tool} writes", tool=free.call)),),
            )
        asks = None if free is not None else next((step for step in inside if isinstance(step, spec.Ask)), None)
        if asks is not None and not self.bounded("", "model_calls", "cost", "within", "tokens"):
            self.out.add(
                "ask-in-loop",
                t("The list may have any length, and the step {id} asks a model for each item.", id=asks.id),
                loop.for_each.span,
                help=t("Write `model_calls: 20` in the budget, or `maxItems` at the list in its schema."),
                related=((asks.span, t("this asks a model")),),
            )

    def repair(self, ask: spec.Ask, place: Place) -> None:
        """`repair` counts calls of the model, too."""
        budget = self.budget
        if "repair" not in ask.at or budget.model_calls is None or ask.answer is None:
            return
        room = budget.model_calls - place.asked - 1
        if 0 <= room < ask.repair:
            self.out.add(
                "repair-unpaid",
                t(
                    "The answer may be mended {repair} times, but the budget has {most} calls of a model. Earlier steps "
                    "use {asked}, the question is one, and {room} may be left to mend.",
                    repair=ask.repair,
                    most=budget.model_calls,
                    asked=place.asked,
                    room=room,
                ),
                spec.place_of(ask, "repair"),
                help=t(
                    "Write `model_calls: {enough}` or more in the budget, or a smaller `repair`.",
                    enough=place.asked + 1 + ask.repair,
                ),
                related=((budget.at.get("model_calls", budget.span), t("the budget")),),
            )

    def enough(self) -> None:
        """What every run does must fit into the budget."""
        budget = self.budget
        for name, least in (self.reach.least or Need())._asdict().items():
            limit = getattr(budget, name)
            if limit is not None and least > limit:
                self.out.add(
                    "budget-too-small",
                    t(NEEDED[name], least=least, limit=limit),
                    budget.at.get(name, budget.span),
                    help=t("Write `{name}: {least}` or more, or take steps out.", name=name, least=least),
                )

    def limits(self) -> None:
        """An `at_most` above the budget is never reached."""
        budget, needs = self.budget, (self.reach.least or Need())._asdict()
        # A budget that is too small at all has its finding: every limit is above it.
        small = {name for name, least in needs.items() if (most := getattr(budget, name)) is not None and least > most}
        for name, rule in self.world.flow.tools.items():
            meters = [
                m for m in ("writes", "tool_calls") if m not in small and (m != "writes" or self.reach.writes(name))
            ]
            for limit in rule.at_most:
                if limit.sum is not None or limit.per is not None or limit.window != "run":
                    continue
                meter = next(
                    (m for m in meters if (most := getattr(budget, m)) is not None and limit.limit > most), None
                )
                if meter is not None:
                    most = getattr(budget, meter)
                    self.out.add(
                        "limit-above-budget",
                        t(ALLOWED[meter], tool=name, limit=limit.limit, most=most),
                        limit.span,
                        help=t(
                            "Write `at_most: {most}` or less, or raise `{meter}` in the budget.", most=most, meter=meter
                        ),
                        related=((budget.at.get(meter, budget.span), t("the budget")),),
                    )


def _counts(limit: spec.Limit, bound: set[str]) -> bool:
    """Whether a limit says how often; counted for each value of what the model chooses, it does not."""
    if limit.sum is not None:
        return False
    if limit.per is None:
        return True
    fields = [node for node in walk(limit.per.node) if node[0] == "attr" and node[1] == ["name", "args"]]
    whole = sum(node == ["name", "args"] for node in walk(limit.per.node))
    return whole == len(fields) and all(node[2] in bound for node in fields)
