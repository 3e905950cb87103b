"""Checks what a run may use: that there is a budget, that it can be kept, and that the workspace allows it.

Owns: these checks, and the age of prices. How a budget is kept while a flow runs is the core's part.
"""

from __future__ import annotations

from datetime import date

from flowrun.errors import Diagnostic
from flowrun.lang import spec, spec_files
from flowrun.lang.codes import diagnostic
from flowrun.lint.findings import Findings
from flowrun.lint.rules import asks
from flowrun.lint.scope import World
from flowrun.plan.prices import unpriced
from flowrun.words import t

OLDEST_PRICE = 365
"""Days after which a price is taken for old."""
LIMITED = ("cost", "model_calls", "tool_calls", "writes", "within")


def check_budget(world: World, out: Findings, used: set[str]) -> None:
    """A flow that asks a model or writes has a budget, a cost limit needs prices, and nothing passes the workspace's."""
    flow = world.flow
    writes = [name for name in sorted(used) if (tool := world.tool(name)) is not None and tool.effect == "write"]
    if flow.budget is None and (writes or asks(flow.steps)):
        out.add(
            "missing-budget",
            t("This flow uses {tool}, which writes, so it needs a `budget`.", tool=writes[0])
            if writes
            else t("This flow asks a model, so it needs a `budget`."),
            flow.at.get("flow", flow.at.get("steps", flow.span)),
            help=t("budget: {cost: 0.05 USD, model_calls: 6, tool_calls: 10, writes: 4, within: 2m}"),
        )
    if flow.budget is None or _check_ceiling(world, out, flow.budget):
        _check_prices(world, out)


def _check_prices(world: World, out: Findings) -> None:
    flow, ceiling = world.flow, world.catalogue.ceiling
    own = flow.budget is not None and flow.budget.cost is not None
    if not own and ceiling.cost is None:
        return
    currency = flow.budget.currency if own and flow.budget is not None else ceiling.currency
    told: set[str] = set()
    for step in asks(flow.steps):
        for name in step.model or list(world.catalogue.models)[:1]:
            model = world.catalogue.models.get(name)
            if model is None or name in told:
                continue
            told.add(name)
            if unpriced(model):
                out.add(
                    "unknown-price",
                    t("The model {name} has no price, so the `cost` of the budget cannot be kept.", name=name)
                    if own
                    else t(
                        "The model {name} has no price, so the workspace's limit on `cost` cannot be kept.", name=name
                    ),
                    step.span,
                    help=t("Name the model in flowrun.yaml with its `price:`, or take `cost` out of the budget.")
                    if own
                    else t("Name the model in flowrun.yaml with its `price:`, or take `cost` out of `limits`."),
                )
            elif model.input_price is not None and model.currency != currency:
                out.add(
                    "price-currency",
                    t(
                        "The price of the model {name} is in {currency}, and the budget is in {other}.",
                        name=name,
                        currency=model.currency,
                        other=currency,
                    )
                    if own
                    else t(
                        "The price of the model {name} is in {currency}, and the workspace's limit is in {other}.",
                        name=name,
                        currency=model.currency,
                        other=currency,
                    ),
                    step.span,
                    help=t("Write both in one currency; nothing is converted."),
                )


def _check_ceiling(world: World, out: Findings, budget: spec.Budget) -> bool:
    """Hold a budget against the workspace's limits; return whether both are in one currency."""
    ceiling = world.catalogue.ceiling
    if budget.cost is not None and ceiling.cost is not None and budget.currency != ceiling.currency:
        out.add(
            "price-currency",
            t(
                "The `cost` of the budget is in {currency}, and the workspace limits it in {other}.",
                currency=budget.currency,
                other=ceiling.currency,
            ),
            budget.at.get("cost", budget.span),
            help=t("Write both in one currency; nothing is converted."),
        )
        return False
    for name in LIMITED:
        mine, most = getattr(budget, name), getattr(ceiling, name)
        if mine is not None and most is not None and mine > most:
            shown = f"{most / 1_000_000:g} {ceiling.currency}" if name == "cost" else f"{most:g}"
            out.add(
                "above-ceiling",
                t(
                    "The budget's `{name}` is above what the workspace allows any run ({shown}), which is what counts.",
                    name=name,
                    shown=shown,
                ),
                budget.at.get(name, budget.span),
                help=t("Write {shown} or less, or change `limits` in flowrun.yaml.", shown=shown),
            )
    return True


def price_findings(config: spec_files.WorkspaceFile, today: str) -> list[Diagnostic]:
    """Return a finding for each price that is older than a year; `today` is YYYY-MM-DD."""
    found = []
    for model in config.models.values():
        dated = None if model.price is None else _day(model.price.dated)
        if dated is not None and (date.fromisoformat(today) - dated).days > OLDEST_PRICE:
            at = model.span if model.price is None else model.price.span
            message = t(
                "The price of the model {model} is of {dated}, which is more than a year ago.",
                model=model.name,
                dated=dated,
            )
            found.append(
                diagnostic("old-price", message, at, help=t("Look it up again, and write the new day as `dated`."))
            )
    return found


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        return None
