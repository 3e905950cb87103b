"""The money that a write may move: at most for one call, at most in one run, and under which limits.

Owns: putting together what schemas, rules, `bind` and `at_most` say about an amount. A limit that is no number stays a
sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flowrun.contract import bounds
from flowrun.contract import model as c
from flowrun.contract.rules import APPROVE, DENY, MOST, ONLY
from flowrun.contract.worst import rules_of
from flowrun.plan import marks
from flowrun.plan import model as m
from flowrun.values.nodes import walk
from flowrun.words import t


def money_of(
    plan: m.Plan,
    flow: m.FlowPlan,
    tool: m.ToolPlan,
    arguments: Sequence[c.Argument],
    rules: Sequence[c.Rule],
    calls: int | None,
) -> list[c.Money]:
    """Return the amounts of money among a write's arguments, with what limits each."""
    found = []
    changeable = any(rule.kind == "approve_when" for rule in rules)
    for path, schema, _ in marks.leaves(tool.input):
        if "x-money" not in schema or not path:
            continue
        name = path[0]
        sources = [source for argument in arguments if argument.name == name for source in argument.sources]
        each = _least(
            [
                bounds.of_schema(tool.input, path),
                bounds.most_of(rules_of(plan, flow, tool.name), name) if len(path) == 1 else None,
                # Who decides about a call may change what is not bound, so what is written down is no limit then.
                None if changeable and not all(source.bound for source in sources) else _of_sources(sources),
            ]
        )
        sums = [_in_a_run(rule, name) for rule in rules]
        product = None if each is None or calls is None else each * calls
        found.append(
            c.Money(
                argument=".".join(part for part in path if part != marks.ITEM),
                currency=str(schema["x-money"]),
                each=each,
                total=_least([*sums, product]),
                words=[words for rule in rules if (words := _words(rule, name))],
            )
        )
    return found


def _of_sources(sources: Sequence[c.Source]) -> float | None:
    """What is written down for an amount, where every place that uses the tool does so."""
    known = [None if source.said is None else bounds.number(source.said.node) for source in sources]
    real = [value for value in known if value is not None]
    return max(real) if real and len(real) == len(known) else None


def _in_a_run(rule: c.Rule, name: str) -> float | None:
    limit = rule.limit
    if limit is None or limit.sum is None or limit.per is not None or limit.window not in ("run", "ever"):
        return None
    return limit.limit if _names(limit.sum.node, name) else None


def _words(rule: c.Rule, name: str) -> str:
    """Return what a rule says about an amount, empty where it does not look at it."""
    if rule.kind == MOST and rule.limit is not None:
        looks = rule.limit.sum is not None and _names(rule.limit.sum.node, name)
    elif rule.kind in (ONLY, DENY, APPROVE) and rule.said is not None:
        looks = _names(rule.said.node, name)
    else:
        looks = False
    return t("{words} (rule {rule})", words=rule.words.rstrip("."), rule=rule.id) if looks else ""


def _names(node: m.Node, name: str) -> bool:
    return any(part == ["attr", ["name", "args"], name] for part in walk(node))


def _least(values: Iterable[float | None]) -> float | None:
    return min((value for value in values if value is not None), default=None)
