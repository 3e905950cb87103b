"""The rules on a tool, in plain words.

Owns: one `Rule` for each word of each rule that holds for a tool in a flow, in file order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowrun.contract import model as c
from flowrun.contract.expression import written
from flowrun.contract.meaning import Meanings
from flowrun.contract.plain import amount, duration, listed, refused
from flowrun.plan import model as m
from flowrun.words import t, tn

NEEDS, ONLY, DENY, APPROVE, MOST = "needs_before", "only_when", "deny_when", "approve_when", "at_most"


def rule_words(plan: m.Plan, flow: m.FlowPlan, tool: str, meanings: Meanings) -> list[c.Rule]:
    """Return the rules that hold for a tool in a flow."""
    found = [one for rule in flow.rules if tool in rule.tools for one in _words(flow, rule, None, meanings)]
    for key in flow.policies:
        policy = plan.policies[key]
        for rule in policy.rules:
            if tool in rule.tools:
                found += _words(flow, rule, policy, meanings)
    return found


def facts_of(plan: m.Plan, flow: m.FlowPlan) -> dict[str, str]:
    """Return what the runner reads for the rules of a flow: by policy and fact, the call as it is written."""
    used: dict[str, str] = {}
    for key in flow.policies:
        policy = plan.policies[key]
        for rule in policy.rules:
            if set(rule.tools) & set(flow.tools):
                used |= {f"{policy.name}.{name}": fact_call(policy.facts[name]) for name in rule.facts}
    return used


def fact_call(fact: m.FactPlan) -> str:
    """Return a fact as a call: `crm.get_orders(customer_id: args.customer_id)`."""
    given = fact.with_[1] if fact.with_[0] == "dict" else []
    return f"{fact.call}({', '.join(f'{key}: {written(value)}' for key, value in given)})"


def _words(flow: m.FlowPlan, rule: m.RulePlan, policy: m.PolicyPlan | None, meanings: Meanings) -> list[c.Rule]:
    tables: Mapping[str, Any] = {} if policy is None else policy.tables
    facts = {} if policy is None else {name: fact_call(policy.facts[name]) for name in rule.facts}
    base: dict[str, Any] = {
        "source": rule.source,
        "id": rule.id,
        "reason": rule.reason,
        "facts": facts,
        "tools": rule.tools,
    }
    found = []
    if rule.needs_before:
        before = listed(rule.needs_before, "or")
        found.append(c.Rule(**base, kind=NEEDS, needs=rule.needs_before, words=t("Only after {tools}.", tools=before)))
    if rule.only_when is not None:
        said = meanings.said(rule.only_when, tables=tables)
        found.append(c.Rule(**base, kind=ONLY, said=said, words=t("Only when {condition}.", condition=said.words)))
    if rule.deny_when is not None:
        said = meanings.said(rule.deny_when, tables=tables)
        found.append(c.Rule(**base, kind=DENY, said=said, words=t("Never when {condition}.", condition=said.words)))
    if rule.approve_when is not None:
        said = meanings.said(rule.approve_when, tables=tables)
        approver = list(rule.approver) or [flow.owner]
        found.append(c.Rule(**base, kind=APPROVE, said=said, approver=approver, words=_approval(said, approver)))
    for limit in rule.at_most:
        one = c.Limit(
            limit=limit.limit,
            currency=limit.currency,
            sum=None if limit.sum is None else meanings.said(limit.sum, tables=tables),
            per=None if limit.per is None else meanings.said(limit.per, tables=tables),
            window=limit.window,
        )
        found.append(c.Rule(**base, kind=MOST, limit=one, words=limit_words(one)))
    return found


def _approval(said: c.Said, approver: list[str]) -> str:
    who = listed(approver)
    if said.node == ["lit", True]:
        return t("{who} must always say yes.", who=who)
    if said.node == ["lit", False]:
        return t("{who} is never asked.", who=who)
    return t("{who} must say yes when {condition}.", who=who, condition=said.words)


def limit_words(limit: c.Limit) -> str:
    """Return an `at_most` as a sentence."""
    if limit.sum is None:
        what = tn("At most {n} call", "At most {n} calls", int(limit.limit))
    else:
        what = t(
            "At most {amount} in all, adding up {what}",
            amount=amount(limit.limit, limit.currency or ""),
            what=limit.sum.words,
        )
    if limit.per is not None:
        what = t("{what}, for each value of: {per}", what=what, per=limit.per.words)
    return t("{what}, {window}.", what=what, window=window_words(limit.window))


def window_words(window: str | float) -> str:
    """Return in words over what time a limit counts."""
    if window == "run":
        return t("in one run")
    if window == "today":
        return t("in one day")
    if window == "ever":
        return t("ever, over all runs")
    return t("in any {time}", time=duration(float(window)))


def denied_words(node: m.Node) -> str:
    """Return what must hold so that a `deny_when` does not."""
    return refused(node)
