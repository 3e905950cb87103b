"""The limits of a tool (`at_most`), compared.

Owns: when one limit keeps what another one kept: it counts the same, or more, over at least the same time, up to at most the
same amount.
"""

from __future__ import annotations

from collections.abc import Sequence

from flowrun.contract import model as c
from flowrun.contract.changes.change import Changes
from flowrun.contract.changes.nodes import hidden_change, meaning_of
from flowrun.contract.plain import amount
from flowrun.contract.rules import MOST
from flowrun.words import t

DAY = 90_000.0
"""Seconds of the longest day, on which clocks are put back."""
LIMIT = 75


def compare_limits(old: c.ToolUse, new: c.ToolUse, out: Changes) -> None:
    """Compare the limits of a tool that both versions use."""
    before, after = _limits(old.rules), _limits(new.rules)
    loose = [rule for rule in before if not any(keeps(one, rule) for one in after)]
    tight = [rule for rule in after if not any(keeps(one, rule) for one in before)]
    about = f"rules {new.tool} at_most"
    for rule in loose:
        now = _partner(rule, after, before)
        if now is None:
            text = t("{tool} is no longer limited: {rule}", tool=new.tool, rule=_told(rule))
            out.wider(LIMIT, about, text)
        else:
            sure = keeps(rule, now)
            out.wider(LIMIT, about, _raised(new.tool, rule, now, sure), sure=sure)
            tight = [one for one in tight if one is not now]
    for rule in tight:
        was = _partner(rule, before, after)
        if was is not None and not any(keeps(one, was) for one in after):
            continue  # told above
        if was is None:
            text = t("{tool} has a new limit: {rule}", tool=new.tool, rule=_told(rule))
        else:
            text = _moved(new.tool, was, rule)
        out.narrower(LIMIT, about, text)


def keeps(new: c.Rule, old: c.Rule) -> bool:
    """Say whether a limit surely keeps what another one kept."""
    one, other = new.limit, old.limit
    assert one is not None and other is not None
    counts_the_same = meaning_of(one.sum) == meaning_of(other.sum) and one.currency == other.currency
    counts_together = one.per is None or meaning_of(one.per) == meaning_of(other.per)
    # A policy counts over all flows together, a flow only its own calls.
    counts_all = not _named(new)[0].startswith("flow:") or _named(old)[0].startswith("flow:")
    for_all = set(old.tools) <= set(new.tools) and counts_all
    return (
        counts_the_same and counts_together and for_all and one.limit <= other.limit and lasts(one.window, other.window)
    )


def lasts(window: str | float, other: str | float) -> bool:
    """Say whether a window surely holds all that another one holds."""
    if window == other or window == "ever":
        return True
    if isinstance(window, str) or other in ("ever", "run"):
        return False
    return window >= (DAY if other == "today" else float(other))


def _raised(tool: str, was: c.Rule, now: c.Rule, sure: bool) -> str:
    if sure:
        return _moved(tool, was, now)
    hidden = was.words == now.words and (
        hidden_change(_what(was.limit), _what(now.limit)) or t("It holds for other tools.")
    )
    if hidden:
        return t(
            "{tool} has a limit that perhaps lets more through. {hidden} {now}",
            tool=tool,
            hidden=hidden,
            now=_told(now),
        )
    return t("{tool} has another limit, and it cannot be told whether it lets more through. Before: {before} Now: {now}",
             tool=tool, before=was.words, now=_told(now))  # fmt: skip


def _moved(tool: str, was: c.Rule, now: c.Rule) -> str:
    one, other = was.limit, now.limit
    assert one is not None and other is not None
    kept = (one.window, one.currency) == (other.window, other.currency) and meaning_of(one.per) == meaning_of(other.per)
    if kept and meaning_of(one.sum) == meaning_of(other.sum):
        return t("{tool}: the limit goes from {before} to {now}. Now: {rule}", tool=tool, rule=_told(now),
                 before=amount(one.limit, one.currency or ""), now=amount(other.limit, other.currency or ""))  # fmt: skip
    return t("{tool} has another limit. Before: {before} Now: {now}", tool=tool, before=was.words, now=_told(now))


def _what(limit: c.Limit | None) -> c.Said | None:
    """What a limit counts by, where that reads tables or steps."""
    return None if limit is None else limit.sum or limit.per


def _limits(rules: Sequence[c.Rule]) -> list[c.Rule]:
    return [rule for rule in rules if rule.kind == MOST and rule.limit is not None]


def _partner(rule: c.Rule, others: Sequence[c.Rule], beside: Sequence[c.Rule]) -> c.Rule | None:
    """Return the limit of the other version in the place of this one: of the same rule and counting the same, else one that
    stands in the place of no other limit `beside` this one."""
    mine = [one for one in others if _named(one) == _named(rule)]
    alike = [one for one in mine if _counts(one) == _counts(rule)]
    taken = {_counts(one) for one in beside if _named(one) == _named(rule)}
    return next(iter([*alike, *(one for one in mine if _counts(one) not in taken)]), None)


def _named(rule: c.Rule) -> tuple[str, str]:
    return rule.source.split("@")[0], rule.id


def _counts(rule: c.Rule) -> tuple[str, str, str | float]:
    assert rule.limit is not None
    return meaning_of(rule.limit.sum), meaning_of(rule.limit.per), rule.limit.window


def _told(rule: c.Rule) -> str:
    return f"{rule.words} [{rule.source} {rule.id}]"
