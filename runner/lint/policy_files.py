"""What one policy says by itself: reasons, tests, tables and facts that nobody uses.

Owns: these findings. What its rules say beside the rules of other files is `policy_pairs`'s part; names and types are
`rules`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flowrun.errors import Span
from flowrun.lang import spec
from flowrun.lang.reading import short
from flowrun.lint.findings import Findings
from flowrun.values.nodes import walk
from flowrun.words import t


def check_policy(policy: spec.Policy, out: Findings) -> None:
    """Note what is wrong with a policy whatever else holds in its workspace."""
    _reasons(policy, out)
    _tests(policy, out)
    _unused(policy, out)


def expressions(rule: spec.Rule) -> Iterator[spec.Expr]:
    """Yield every expression of a rule."""
    for expr in (rule.only_when, rule.deny_when, rule.approve_when):
        if expr is not None:
            yield expr
    for limit in rule.at_most:
        for part in (limit.sum, limit.per):
            if part is not None:
                yield part


def _reasons(policy: spec.Policy, out: Findings) -> None:
    told: dict[tuple[str, str], spec.Rule] = {}
    for rule in policy.rules:
        place = rule.at.get("id", rule.span)
        if not rule.reason:
            out.add(
                "no-reason",
                t("The rule {rule} gives no reason, so nobody is told why a call was refused.", rule=rule.id),
                place,
                help=t("Add `reason:` with one sentence: the model and people read it."),
            )
            continue
        words = " ".join(rule.reason.lower().split())
        first = next((told[tool, words] for tool in rule.tools if (tool, words) in told), None)
        if first is not None:
            out.add(
                "same-reason",
                t(
                    "{first} and {rule} give the same reason, so nobody can tell which refused.",
                    first=first.id,
                    rule=rule.id,
                ),
                rule.at["reason"],
                help=t("Say in each what exactly was not met."),
                related=((first.at["reason"], t("the other rule")),),
            )
        for tool in rule.tools:
            told.setdefault((tool, words), rule)


def _tests(policy: spec.Policy, out: Findings) -> None:
    if not policy.tests:
        out.add(
            "policy-without-tests",
            t("Nothing tests this policy, so a change that turns a rule around is not seen."),
            policy.at.get("policy", policy.span),
            help=t("Add `tests:` with a call that is allowed and one that is refused: `{example}`.", example=_EXAMPLE),
        )
    ruled = {tool for rule in policy.rules for tool in rule.tools}
    for test in policy.tests:
        if test.call not in ruled:
            message = t("No rule of this policy is about {tool}, so this test shows nothing.", tool=test.call)
            place = test.at.get("call", short(test.span))
            out.add("test-of-no-rule", message, place, help=t("Test a call that a rule names, or take it out."))
        elif test.by is None and test.expect != "allow":
            able = [rule.id for rule in policy.rules if test.call in rule.tools and _can(rule, test.expect)]
            if len(able) > 1:
                out.add(
                    "test-without-by",
                    t(
                        "Each of {rules} can be the one that answers here, so the test can pass by mistake.",
                        rules=", ".join(able),
                    ),
                    test.at.get("expect", short(test.span)),
                    help=t("Add `by:` with the rule that is meant."),
                )


_EXAMPLE = "{call: pay.refund, args: {amount: 900}, expect: deny, by: small_amounts}"


def _can(rule: spec.Rule, verdict: str) -> bool:
    if verdict == "approve":
        return rule.approve_when is not None
    return bool(rule.only_when or rule.deny_when or rule.needs_before or rule.at_most)


def _unused(policy: spec.Policy, out: Findings) -> None:
    nodes = [node for rule in policy.rules for expr in expressions(rule) for node in walk(expr.node)]
    facts = [node for fact in policy.facts.values() if fact.with_ is not None for node in walk(fact.with_.node)]
    used = set(_names(nodes, "facts"))
    for name, place in _placed(policy, "facts", policy.facts):
        if name not in used and used <= set(policy.facts):  # a name that is not there may have meant this one
            message = t("No rule uses the fact {name}, so it is never read.", name=name)
            out.add("unused-fact", message, place, help=t("Take it out, or use it as `facts.{name}`.", name=name))
    used = set(_names([*nodes, *facts], "tables"))
    for name, place in _placed(policy, "tables", policy.tables):
        if name not in used and used <= set(policy.tables):
            message = t("No rule looks anything up in the table {name}.", name=name)
            out.add("unused-table", message, place, help=t("Take it out, or use it as `tables.{name}[…]`.", name=name))


def _names(nodes: Iterable[list[object]], root: str) -> Iterator[str]:
    return (str(node[2]) for node in nodes if node[0] == "attr" and node[1] == ["name", root])


def _placed(policy: spec.Policy, key: str, names: Iterable[str]) -> Iterator[tuple[str, Span]]:
    for index, name in enumerate(names):
        yield name, spec.place_of(policy, key, index)
