"""The rules on a tool, compared: which calls are let through now that were not, and who is no longer asked.

Owns: that comparison. It looks at all rules of a tool together, so that a rule that is split, merged or renamed is no change,
and a rule that another one already covers is none either.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flowrun.contract import model as c
from flowrun.contract.changes.change import WIDENED, Changes
from flowrun.contract.changes.limits import compare_limits
from flowrun.contract.changes.nodes import Node, hidden_change, node_of
from flowrun.contract.changes.order import Fact, follows, paths_of, strict_paths
from flowrun.contract.plain import listed
from flowrun.contract.rules import APPROVE, DENY, NEEDS, ONLY
from flowrun.words import t

Group = tuple[str, str]
LET_THROUGH, ASKED, ORDER, REASON = 80, 90, 60, 5


def compare_rules(old: c.ToolUse, new: c.ToolUse, out: Changes) -> None:
    """Compare the rules of a tool that both versions use."""
    lost = _policies(old.rules) - _policies(new.rules)
    _Rules(old, new, out, lost).run()


def policy_of(rule: c.Rule) -> str:
    """Return the name of the policy of a rule, without its version; of a flow's own rule `flow:NAME`."""
    return rule.source.split("@")[0]


def _policies(rules: Iterable[c.Rule]) -> set[str]:
    return {policy_of(rule) for rule in rules if not rule.source.startswith("flow:")}


def facts_of(rules: Iterable[c.Rule]) -> list[Fact]:
    """Return what surely holds of every call that the rules let through."""
    return [
        (node_of(rule.said, rule.facts), rule.kind == ONLY)
        for rule in rules
        if rule.said is not None and rule.kind in (ONLY, DENY)
    ]


class _Rules:
    def __init__(self, old: c.ToolUse, new: c.ToolUse, out: Changes, lost: set[str]) -> None:
        self.old, self.new, self.out = old, new, out
        self.lost = lost
        """Policies none of whose rules holds for the tool any more."""
        self.tool = new.tool

    def run(self) -> None:
        self.conditions()
        self.approvals()
        self.order()
        compare_limits(self.old, self.new, self.out)
        self.reasons()

    def conditions(self) -> None:
        before, after = facts_of(self.old.rules), facts_of(self.new.rules)
        looser = [rule for rule in self.old.rules if self.is_lost(rule, after)]
        stricter = [rule for rule in self.new.rules if self.is_lost(rule, before)]
        told: set[Group] = set()
        for rule in looser:
            now = self.partner(rule, self.new.rules)
            told.add(_group(rule))
            about = f"rules {self.tool} {rule.kind}"
            if now is None:
                text = t("{tool} may now be called without this rule: {rule}", tool=self.tool, rule=told_of(rule))
                self.out.wider(LET_THROUGH, about, text)
            else:
                # Surely looser only where all that was let through still is.
                sure = not any(_group(one) == _group(rule) and one.kind == rule.kind for one in stricter)
                self.out.wider(LET_THROUGH, about, self.changed(rule, now, sure), sure=sure)
        for rule in stricter:
            was = self.partner(rule, self.old.rules)
            about = f"rules {self.tool} {rule.kind}"
            if was is None:
                text = t("{tool} has a new rule: {rule}", tool=self.tool, rule=told_of(rule))
                self.out.narrower(LET_THROUGH, about, text)
            elif _group(rule) not in told:
                text = t("{tool} has a stricter rule. Before: {before} Now: {now}",
                         tool=self.tool, before=was.words, now=told_of(rule))  # fmt: skip
                hidden = hidden_change(was.said, rule.said)
                if hidden:
                    text = t(
                        "{tool} has a stricter rule. {hidden} {now}", tool=self.tool, hidden=hidden, now=told_of(rule)
                    )
                self.out.narrower(LET_THROUGH, about, text)

    def is_lost(self, rule: c.Rule, others: Sequence[Fact]) -> bool:
        if rule.said is None or rule.kind not in (ONLY, DENY):
            return False
        return not follows(others, (node_of(rule.said, rule.facts), rule.kind == ONLY))

    def partner(self, rule: c.Rule, rules: Sequence[c.Rule]) -> c.Rule | None:
        return next((one for one in rules if _group(one) == _group(rule) and one.kind == rule.kind), None)

    def changed(self, was: c.Rule, now: c.Rule, sure: bool) -> str:
        values = {"tool": self.tool, "before": was.words, "now": told_of(now)}
        hidden = hidden_change(was.said, now.said)
        if hidden:
            return t("{tool} has a rule that lets other calls through. {hidden} {now}", **values, hidden=hidden)
        if sure:
            return t("{tool} has a looser rule. Before: {before} Now: {now}", **values)
        return t(
            "{tool} has another rule, and it cannot be told whether it lets more through. Before: {before} Now: {now}",
            **values,
        )

    def approvals(self) -> None:
        before, after = _by_role(self.old.rules), _by_role(self.new.rules)
        allowed = {"old": facts_of(self.old.rules), "new": facts_of(self.new.rules)}
        less: dict[Group, list[tuple[str, c.Rule, c.Rule | None, bool]]] = {}
        more: dict[Group, list[tuple[str, c.Rule]]] = {}
        for role in dict.fromkeys([*before, *after]):
            was, now = before.get(role, []), after.get(role, [])
            silent, quiet = ([(node, False) for _, node in rules] for rules in (now, was))
            for rule, node in was:
                if not follows([*silent, *allowed["new"]], (node, False)):
                    partner = next((one for one, _ in now if _group(one) == _group(rule)), None)
                    sure = self.silent_less(was, now, allowed["old"])
                    less.setdefault(_group(rule), []).append((role, rule, partner, sure))
            for rule, node in now:
                if not follows([*quiet, *allowed["old"]], (node, False)):
                    more.setdefault(_group(rule), []).append((role, rule))
        for entries in less.values():
            for partner_of in dict.fromkeys((one is None, sure) for _, _, one, sure in entries):
                mine = [entry for entry in entries if (entry[2] is None, entry[3]) == partner_of]
                self.asks_less([role for role, *_ in mine], *mine[0][1:])
        for group, others in more.items():
            if group not in less:
                role = listed([name for name, _ in others])
                text = t("{tool} now asks {role}: {rule}", tool=self.tool, role=role, rule=told_of(others[0][1]))
                self.out.narrower(ASKED, f"rules {self.tool} approve_when", text)
        self.undecided()

    def silent_less(self, was: list[tuple[c.Rule, Node]], now: list[tuple[c.Rule, Node]], allowed: list[Fact]) -> bool:
        """Whether all calls that are now asked about were asked about before: then it surely asks less."""
        quiet = [(one, False) for _, one in was]
        return all(follows([*quiet, *allowed], (one, False)) for _, one in now)

    def asks_less(self, roles: Sequence[str], rule: c.Rule, now: c.Rule | None, sure: bool) -> None:
        about, role = f"rules {self.tool} approve_when", listed(roles)
        replaced = self.partner(rule, self.new.rules)
        others = [one for one in (replaced.approver if replaced is not None else []) if one not in rule.approver]
        if now is not None:
            values = {"role": role, "tool": self.tool, "before": rule.words, "now": told_of(now)}
            text = t("{role} is asked before {tool} in other cases. Before: {before} Now: {now}", **values)
            if sure:
                text = t("{role} is asked before {tool} in fewer cases. Before: {before} Now: {now}", **values)
            hidden = hidden_change(rule.said, now.said)
            if hidden:
                text = t("{role} is asked before {tool} in other cases. {hidden} {now}", **values, hidden=hidden)
            self.out.wider(ASKED, about, text, sure=sure)
        elif others and replaced is not None:
            text = t("{others} is asked before {tool} instead of {role}: {rule}",
                     others=listed(others), tool=self.tool, role=role, rule=told_of(replaced))  # fmt: skip
            self.out.wider(ASKED, about, text, sure=False)
        else:
            text = t("No longer asks {role} before {tool}: {rule}", role=role, tool=self.tool, rule=told_of(rule))
            self.out.wider(ASKED, about, text)

    def undecided(self) -> None:
        """A call about which a rule cannot tell whether to ask is denied; without the rule it is not."""
        if any(
            change.kind == WIDENED and change.about == f"rules {self.tool} approve_when" for change in self.out.found
        ):
            return
        known = never_null(self.new)
        strict: set[str] = set()
        for rule in self.new.rules:
            if rule.said is not None and rule.kind in (ONLY, DENY, APPROVE):
                strict |= strict_paths(node_of(rule.said, rule.facts))
        kept = [node_of(r.said, r.facts) for r in self.new.rules if r.kind == APPROVE and r.said is not None]
        for rule in self.old.rules:
            if rule.kind != APPROVE or rule.said is None:
                continue
            node = node_of(rule.said, rule.facts)
            if node not in kept and not paths_of(node) <= known | strict:
                text = t("{tool} was denied where this could not be told, and may not be any more: {rule}",
                         tool=self.tool, rule=rule.words)  # fmt: skip
                self.out.wider(ASKED - 40, f"rules {self.tool} approve_when", text, sure=False)

    def order(self) -> None:
        before, after = _needs(self.old.rules), _needs(self.new.rules)
        for rule in before:
            if not any(set(one.needs) <= set(rule.needs) for one in after):
                now = self.partner(rule, self.new.rules)
                text = t("{tool} no longer waits for another call: {rule}", tool=self.tool, rule=told_of(rule))
                if now is not None:
                    text = t("{tool} may come after other calls. Before: {before} Now: {now}",
                             tool=self.tool, before=rule.words, now=told_of(now))  # fmt: skip
                sure = now is None or set(rule.needs) < set(now.needs)
                self.out.wider(ORDER, f"rules {self.tool} needs_before", text, sure=sure)
        for rule in after:
            was = self.partner(rule, self.old.rules)
            unordered = was is not None and not any(set(one.needs) <= set(was.needs) for one in after)
            if not unordered and not any(set(one.needs) <= set(rule.needs) for one in before):
                text = t("{tool} must now come after another call: {rule}", tool=self.tool, rule=told_of(rule))
                self.out.narrower(ORDER, f"rules {self.tool} needs_before", text)

    def reasons(self) -> None:
        before = {_group(rule): rule.reason for rule in self.old.rules}
        for rule in self.new.rules:
            if before.get(_group(rule), rule.reason) != rule.reason:
                text = t("The reason that rule {rule} of {tool} gives is another one: {reason}",
                         rule=rule.id, tool=self.tool, reason=rule.reason)  # fmt: skip
                self.out.other(REASON, f"rules {self.tool} reason", text)


def told_of(rule: c.Rule) -> str:
    """Return a rule with where it stands."""
    return f"{rule.words} [{rule.source} {rule.id}]"


def never_null(use: c.ToolUse) -> set[str]:
    """Return the paths to arguments that are never null: the schema requires them, or `bind` gives them."""
    found: set[str] = set()
    properties = use.takes.get("properties", {})
    required = set(use.takes.get("required", ()))
    bound = {argument.name for argument in use.arguments if any(source.bound for source in argument.sources)}
    for name, schema in properties.items():
        kinds = schema.get("type") if isinstance(schema, dict) else None
        plain = isinstance(kinds, str) and kinds != "null"
        plain = plain or (isinstance(schema, dict) and "enum" in schema and None not in schema["enum"])
        if name in bound or (name in required and plain):
            found |= paths_of(["attr", ["name", "args"], name])
    return found


def _group(rule: c.Rule) -> Group:
    return policy_of(rule), rule.id


def _by_role(rules: Sequence[c.Rule]) -> dict[str, list[tuple[c.Rule, Node]]]:
    found: dict[str, list[tuple[c.Rule, Node]]] = {}
    for rule in rules:
        if rule.kind == APPROVE and rule.said is not None:
            for role in dict.fromkeys(rule.approver):
                found.setdefault(role, []).append((rule, node_of(rule.said, rule.facts)))
    return found


def _needs(rules: Sequence[c.Rule]) -> list[c.Rule]:
    return [rule for rule in rules if rule.kind == NEEDS]
