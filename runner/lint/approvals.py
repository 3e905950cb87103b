"""Who may say yes, and what nobody may ever do: roles without people, approvals that cannot be given, tools never allowed.

Owns: these findings. That a role exists is `lint.rules`' part, how people answer `lint.heeded`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowrun.errors import Span
from flowrun.lang import spec
from flowrun.lint.findings import Findings
from flowrun.lint.reach import Reach
from flowrun.lint.scope import World
from flowrun.words import t

CUSTOMER = "customer"


def check_approvals(world: World, reach: Reach, out: Findings, policies: Sequence[spec.Policy]) -> None:
    """Find roles and approvals that nobody can fill, rules without a reason, and tools that no call can pass."""
    check = _Approvals(world, out)
    flow = world.flow
    check.role(flow.owner, spec.place_of(flow, "owner"))
    for place in reach.places:
        step = place.step
        if isinstance(step, spec.AskPerson):
            check.role(step.to, spec.place_of(step, "to"))
        if isinstance(step, spec.Ask | spec.AskPerson | spec.Record) and step.only_when is not None and not step.reason:
            check.reasonless("only_when", step.at)
    for rule in flow.tools.values():
        check.approvers(rule)
        key = next((key for key in ("only_when", "deny_when", "approve_when") if key in rule.at), None)
        if key is not None and not rule.reason:
            check.reasonless(key, rule.at)
    ruled = [rule for policy in policies for rule in policy.rules if any(name in flow.tools for name in rule.tools)]
    for rule in ruled:
        check.approvers(rule)
    for index, (name, rule) in enumerate(flow.tools.items()):
        rules = [rule, *(other for other in ruled if name in other.tools)]
        check.never(name, rules, spec.place_of(flow, "tools", index), writes=reach.writes(name))


class _Approvals:
    def __init__(self, world: World, out: Findings) -> None:
        self.world, self.out = world, out

    def people(self, role: str) -> set[str] | None:
        """Return who may answer for a role in the end; None where that is not known."""
        roles = self.world.catalogue.roles
        found: set[str] = set()
        seen: set[str] = set()
        while role not in seen:
            seen.add(role)
            known = roles.get(role)
            if known is None:
                return None
            found.update(known.members)
            if known.then is None or known.within is None:
                break
            role = known.then
        return found

    def role(self, name: str, at: Span) -> None:
        """Note a role that nobody has."""
        if name != CUSTOMER and self.people(name) == set():
            self.out.add(
                "role-empty",
                t("Nobody has the role {role}, so nobody can answer.", role=name),
                at,
                help=t("Write who has it under `roles:` in flowrun.yaml, or take another role."),
            )

    def approvers(self, rule: spec.Rule) -> None:
        """Look at who is asked by a rule."""
        for index, name in enumerate(rule.approver):
            at = spec.place_of(rule, "approver", index)
            if name in rule.approver[:index]:
                self.out.add(
                    "approver-twice",
                    t("{role} stands here twice, but is asked once.", role=name),
                    at,
                    help=t("For two people, name two roles. For one, take this out."),
                )
            else:
                self.role(name, at)
        asked = [self.people(name) for name in dict.fromkeys(rule.approver) if name != CUSTOMER]
        known = [people for people in asked if people]
        if len(known) == len(asked) and len(known) > 1 and not _different(known):
            self.out.add(
                "too-few-people",
                t("Each role must say yes by another person, and these roles have too few people for that."),
                rule.at.get("approver", rule.span),
                help=t("Add people to the roles in flowrun.yaml, or ask fewer roles."),
            )

    def reasonless(self, key: str, at: Mapping[str, Span]) -> None:
        """Note a rule that does not say why."""
        self.out.add(
            "no-reason",
            t("This rule gives no `reason`, so nobody learns why it says no or asks."),
            at[key],
            help=t("Add `reason:` in words for the model and for people."),
        )

    def never(self, name: str, rules: Sequence[spec.Rule], at: Span, *, writes: bool) -> None:
        """A tool that the flow lists although no call of it can ever be allowed."""
        budget = self.world.flow.budget
        blocked = next((place for rule in rules if (place := _blocks(rule)) is not None), None)
        if blocked is None and budget is not None:
            meter = "writes" if writes and budget.writes == 0 else "tool_calls" if budget.tool_calls == 0 else None
            blocked = None if meter is None else budget.at.get(meter, budget.span)
        if blocked is not None:
            self.out.add(
                "tool-never-allowed",
                t("The flow lists {tool}, but no call of it is ever allowed.", tool=name),
                at,
                help=t("Take it out of `tools:`, or change the rule."),
                related=((blocked, t("this allows none")),),
            )


def _blocks(rule: spec.Rule) -> Span | None:
    """Return the place of what refuses every call, if there is something."""
    for expr, says in ((rule.deny_when, True), (rule.only_when, False)):
        if expr is not None and expr.node == ["lit", says]:
            return expr.span
    return next((limit.span for limit in rule.at_most if limit.sum is None and limit.limit == 0), None)


def _different(groups: Sequence[set[str]]) -> bool:
    """Whether each group can send a person of its own."""
    sent: dict[str, int] = {}

    def send(number: int, tried: set[str]) -> bool:
        for person in groups[number]:
            if person not in tried:
                tried.add(person)
                if person not in sent or send(sent[person], tried):
                    sent[person] = number
                    return True
        return False

    return all(send(number, set()) for number in range(len(groups)))
