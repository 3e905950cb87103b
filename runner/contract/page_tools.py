"""What a tool may do in a flow, in sentences.

Owns: the lines under one tool on the page of a contract.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flowrun.contract import model as c
from flowrun.contract.plain import amount, listed
from flowrun.plan import marks
from flowrun.words import t, tn

Line = tuple[str, tuple[str, ...]]


def tool_items(use: c.ToolUse) -> Iterator[Line]:
    """Yield the lines under a tool, each with lines of its own."""
    yield how_often(use), ()
    if use.effect == "write":
        yield repeat_words(use), ()
    arguments = tuple(line for argument in use.arguments for line in _argument(argument))
    if arguments:
        yield t("Arguments:"), arguments
    for money in use.money:
        yield money_words(money), tuple(f"{words}." for words in money.words)
    rules = tuple(rule_lines(use.rules))
    if rules:
        yield t("Rules:"), rules
    elif use.effect == "write":
        yield t("No rule stands before it."), ()


def how_often(use: c.ToolUse) -> str:
    """Return how often a tool is called, and who decides about it."""
    most = (
        t("as often as the budget allows")
        if use.most is None
        else tn("at most {n} time", "at most {n} times", use.most)
    )
    steps = listed([way.step for way in use.ways])
    if use.proposed:
        return t("The model may propose it in {steps}; {most} in one run.", steps=steps, most=most)
    return t("The flow calls it in {steps}; {most} in one run.", steps=steps, most=most)


def repeat_words(use: c.ToolUse) -> str:
    """Return how a repeat of a write is made harmless."""
    if use.once in ("header", "argument"):
        return t("A repeat is harmless: the tool knows it by the key in {name}.", name=use.once_by)
    if use.once == "natural":
        return t("A repeat is harmless: the same {names} is the same write, over all runs.", names=use.once_by)
    if use.once == "confirm_with":
        return t("Before a repeat it is looked up with {name}.", name=use.once_by)
    return t("A repeat is not harmless: a write in doubt waits for a person.")


def money_words(money: c.Money) -> str:
    """Return how much money a write may move."""
    each = t("no fixed limit for one call") if money.each is None else t(
        "at most {amount} for one call", amount=amount(money.each, money.currency)
    )  # fmt: skip
    total = t("no fixed limit for a run") if money.total is None else t(
        "at most {amount} in one run", amount=amount(money.total, money.currency)
    )  # fmt: skip
    return t("Money ({argument}, {currency}): {each}, {total}.",
             argument=money.argument, currency=money.currency, each=each, total=total)  # fmt: skip


def rule_lines(rules: Sequence[c.Rule]) -> Iterator[str]:
    """Yield each rule with all its words, the author's reason and where it stands."""
    groups: dict[tuple[str, str], list[c.Rule]] = {}
    for rule in rules:
        groups.setdefault((rule.source, rule.id), []).append(rule)
    for (source, id), words in groups.items():
        said = " ".join(dict.fromkeys(rule.words for rule in words))
        reason = words[0].reason
        why = t("Why: {reason}", reason=reason) if reason else ""
        yield " ".join(part for part in (said, why, f"[{source} {id}]") if part)


def role_words(role: str) -> str:
    """Return what an argument decides."""
    return {
        marks.RECIPIENT: t("who receives it"),
        marks.AMOUNT: t("how much"),
        marks.RECORD_ID: t("which record"),
    }.get(role, "")


def _argument(argument: c.Argument) -> Iterator[str]:
    role = f" ({role_words(argument.role)})" if argument.role else ""
    for source in argument.sources:
        way = ""
        if source.way and argument.role:
            way = t("; text from outside reaches it ({way})", way=source.way)
            way += t(", a rule or a person guards it") if argument.guarded else t(", and nothing guards it")
        yield f"{argument.name}{role}: {source.words}{way}"
