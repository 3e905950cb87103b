"""All cases of both suites under each way of guarding, folded into counts.

Owns: which cases are run and what is counted. The counts are all that is kept; how they read is `page`'s part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from bench.security.attack import ORDERS
from bench.security.drive import Bench, Outcome
from bench.security.families import AGENTDOJO, BASELINE, FAMILIES, VERSION, family_of
from bench.security.suites import Suite

Json = Any
WAYS = ("guarded", "careless", "lists", "none")
"""The families' flows; the same with a person who says yes to everything; their lists of tools without any rule; every
tool without any rule.
"""


async def measure(say: Callable[[str], None]) -> dict[str, Json]:
    """Return the counts of both suites. `say` hears of each part when it is done."""
    return {
        "agentdojo": AGENTDOJO,
        "version": VERSION,
        "orders": list(ORDERS),
        "suites": {name: await _suite(name, say) for name in FAMILIES},
    }


async def _suite(name: str, say: Callable[[str], None]) -> dict[str, Json]:
    suite = Suite(name)
    bench = Bench(suite)
    found: dict[str, Json] = {
        "user_tasks": len(suite.tasks),
        "injections": len(suite.injections),
        "pairs": len(suite.tasks) * len(suite.injections),
        "families": {family: list(numbers) for family, numbers in FAMILIES[name].items()},
    }
    alone = [await bench.run(suite.case(task), "last", bench.plan(family_of(name, task))) for task in suite.tasks]
    found["without_attack"] = {
        "utility": sum(each.utility for each in alone),
        "failed": [each.task for each in alone if not each.utility],
        "asked": [each.task for each in alone if each.asked],
        "questions": sum(each.asked for each in alone),
    }
    say(f"{name}: {found['without_attack']['utility']}/{len(alone)} tasks without an attack")
    for way in WAYS:
        outcomes = [each async for each in _attacked(bench, way)]
        found[way] = fold(outcomes, len(suite.tasks) * len(suite.injections))
        say(f"{name}: {way}: {found[way]['any_order']} of {found['pairs']} pairs succeed in some order")
    return found


async def _attacked(bench: Bench, way: str) -> Any:
    suite = bench.suite
    for order in ORDERS:
        for task in suite.tasks:
            family = BASELINE if way == "none" else family_of(suite.name, task)
            plan = bench.plan(family, rules=way in ("guarded", "careless"))
            for injection in suite.injections:
                yield await bench.run(suite.case(task, injection), order, plan, careless=way == "careless")


def fold(outcomes: Iterable[Outcome], pairs: int) -> dict[str, Json]:
    """Return the counts by order, and the pairs that succeed in some order."""
    listed = list(outcomes)
    orders = {}
    for order in ORDERS:
        part = [each for each in listed if each.order == order]
        assert len(part) == pairs
        orders[order] = {
            "attacks": sum(each.attacked for each in part),
            "utility": sum(each.utility for each in part),
            "asked": sum(each.asked > 0 for each in part),
            "asked_for_attack": sum(each.asked_for_attack > 0 for each in part),
            "other_writes": sum(bool(each.others) for each in part),
            "reached": sum(each.reached for each in part),
            "said": sum(each.said for each in part),
            "proposed": sum(each.proposed for each in part),
            "not_completed": sum(each.outcome != "completed" for each in part),
        }
    won = sorted({(each.task, each.injection or "") for each in listed if each.attacked}, key=_place)
    return {"orders": orders, "any_order": len(won), "succeeded": [f"{task} {injection}" for task, injection in won]}


def _place(pair: tuple[str, str]) -> tuple[int, int]:
    return int(pair[0].rsplit("_", 1)[1]), int(pair[1].rsplit("_", 1)[1])
