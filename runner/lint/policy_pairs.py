"""What rules say beside each other: again, without effect, or against each other; and rules that are never asked.

Owns: setting the rules of one file, of the workspace's policies and of a flow side by side, tool by tool. What one policy
says by itself is `policy_files`'s part.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from flowrun.errors import Span
from flowrun.lang import spec
from flowrun.lint.findings import Findings
from flowrun.lint.ranges import Range, said
from flowrun.values.nodes import walk
from flowrun.words import t

WORDS = ("only_when", "deny_when", "approve_when")


@dataclass(frozen=True, slots=True)
class Ruled:
    """A rule with the file that it stands in; `policy` is None for the `tools` of a flow."""

    rule: spec.Rule
    policy: spec.Policy | None = None

    @property
    def label(self) -> str:
        """How people name the rule."""
        return f"tools.{self.rule.id}" if self.policy is None else f"{self.policy.policy}.{self.rule.id}"

    def key(self, node: list[object]) -> str:
        """Return what makes an expression equal to another: its form, and the facts and tables that it reads."""
        own = ""
        if self.policy is not None:
            names = {inner[2] for inner in walk(node) if inner[0] == "attr" and inner[1] == ["name", "facts"]}
            facts = [self.policy.facts[name] for name in sorted(names) if name in self.policy.facts]
            own = json.dumps([[f.call, None if f.with_ is None else f.with_.node] for f in facts]) if facts else ""
            if any(inner == ["name", "tables"] for inner in walk(node)) and self.policy.tables:
                own += json.dumps(self.policy.tables, sort_keys=True)
        return json.dumps(node) + own


@dataclass(frozen=True, slots=True)
class Index:
    """Rules by the tools that they are about."""

    by_tool: dict[str, list[Ruled]] = field(default_factory=dict)

    @classmethod
    def of(cls, policies: Iterable[spec.Policy]) -> Index:
        """Return the rules of policies."""
        found = cls()
        for policy in policies:
            found.take(policy)
        return found

    def take(self, policy: spec.Policy) -> None:
        """Take the rules of a policy in."""
        for rule in policy.rules:
            self.add(Ruled(rule, policy))

    def add(self, ruled: Ruled) -> None:
        """Take one more rule in."""
        for tool in ruled.rule.tools:
            self.by_tool.setdefault(tool.split("@")[0], []).append(ruled)

    def about(self, rule: spec.Rule) -> list[Ruled]:
        """Return the other rules that are about one of a rule's tools, each once."""
        found = {
            id(r.rule): r for tool in rule.tools for r in self.by_tool.get(tool.split("@")[0], ()) if r.rule is not rule
        }
        return list(found.values())


def check_pairs(policy: spec.Policy, above: Index, out: Findings) -> None:
    """Note what a policy's rules say again, or against each other and the rules `above`, which hold anyway."""
    before = Index()
    for rule in policy.rules:
        one = Ruled(rule, policy)
        compare(one, [*above.about(rule), *before.about(rule)], out)
        before.add(one)


def check_flow_pairs(flow: spec.Flow, policies: Sequence[spec.Policy], out: Findings) -> None:
    """Note what the rules under a flow's `tools` say again, or against the policies that hold for it."""
    ruling = [
        rule for rule in flow.tools.values() if rule.only_when or rule.deny_when or rule.approve_when or rule.at_most
    ]
    index = Index.of(policies) if ruling else Index()
    for rule in ruling:
        compare(Ruled(rule), index.about(rule), out)


def compare(one: Ruled, others: Sequence[Ruled], out: Findings) -> None:
    """Note what is wrong with one rule where the others hold, too."""
    _contradiction(one, [one], out, itself=True)
    for other in others:
        if _again(one, other, out) or _looser(one, other, out) or _contradiction(one, [other], out):
            return


def _covers(other: Ruled, one: Ruled) -> bool:
    return set(other.rule.tools) >= set(one.rule.tools)


def _again(one: Ruled, other: Ruled, out: Findings) -> bool:
    if not _covers(other, one):
        return False
    for word in WORDS:
        mine, theirs = getattr(one.rule, word), getattr(other.rule, word)
        if mine is None or theirs is None or mine.node[0] == "lit" or one.key(mine.node) != other.key(theirs.node):
            continue
        if word == "approve_when" and set(one.rule.approver) - set(other.rule.approver):
            continue
        out.add(
            "said-already",
            t("The rule {other} says the same already, for the same tools.", other=other.label),
            mine.span,
            help=t("Take this one out: where two places say one thing, one of them is forgotten at the next change."),
            related=((theirs.span, t("the other rule")),),
        )
        return True
    return False


def _looser(one: Ruled, other: Ruled, out: Findings) -> bool:
    if not _covers(other, one):
        return False
    for mine in one.rule.at_most:
        for theirs in other.rule.at_most:
            same = all(_same(one, a, other, b) for a, b in ((mine.sum, theirs.sum), (mine.per, theirs.per)))
            if (
                not same
                or mine.window != theirs.window
                or mine.currency != theirs.currency
                or theirs.limit > mine.limit
            ):
                continue
            out.add(
                "looser-limit",
                t("The limit of {mine} does nothing: {other} allows {theirs} only.", mine=_shown(mine), other=other.label,
                  theirs=_shown(theirs)),
                mine.span,
                help=t("Take it out, or make it smaller than {theirs}.", theirs=_shown(theirs)),
                related=((theirs.span, t("the limit that counts")),),
            )  # fmt: skip
            return True
    return False


def _same(one: Ruled, mine: spec.Expr | None, other: Ruled, theirs: spec.Expr | None) -> bool:
    if mine is None or theirs is None:
        return mine is theirs
    return one.key(mine.node) == other.key(theirs.node)


def _shown(limit: spec.Limit) -> str:
    return f"{limit.limit} {limit.currency}" if limit.currency else str(limit.limit)


@dataclass(frozen=True, slots=True)
class _Said:
    key: str
    range: Range
    expr: spec.Expr


def _needed(ruled: Ruled) -> Iterator[_Said]:
    """Yield what must be so for a call to be allowed."""
    for expr, holds in ((ruled.rule.only_when, True), (ruled.rule.deny_when, False)):
        yield from _of(ruled, expr, holds)


def _of(ruled: Ruled, expr: spec.Expr | None, holds: bool) -> Iterator[_Said]:
    if expr is not None:
        own = ruled.key(expr.node).removeprefix(json.dumps(expr.node))
        for key, left in said(expr.node, holds):
            yield _Said(key + own, left, expr)


def _contradiction(one: Ruled, others: Sequence[Ruled], out: Findings, *, itself: bool = False) -> bool:
    needed = list(_needed(one))
    theirs = [item for other in others for item in _needed(other)]
    for index, mine in enumerate(needed):
        for item in needed[index + 1 :] if itself else theirs:
            if mine.key == item.key and mine.range.excludes(item.range):
                _tell_never(mine.expr.span, item.expr.span, others[0], out)
                return True
    both = []
    for other in others:
        if _covers(other, one):
            both += [(a, n) for a in _of(one, one.rule.approve_when, True) for n in _needed(other)]
        # What is asked in another file holds for other flows, too, which refuse less.
        if not itself and other.policy is one.policy and _covers(one, other):
            both += [(a, n) for a in _of(other, other.rule.approve_when, True) for n in needed]
    for ask, need in both:
        if ask.key == need.key and ask.range.excludes(need.range):
            out.add(
                "never-asked",
                t("Nobody is ever asked here: such a call is refused before."),
                ask.expr.span,
                help=t("Ask below the limit of the refusal, or take one of the two out."),
                related=((need.expr.span, t("refused here")),),
            )
            return True
    return False


def _tell_never(at: Span, other: Span, ruled: Ruled, out: Findings) -> None:
    out.add(
        "contradicting-rules",
        t("This and {other} can never both be met, so no call is ever allowed.", other=ruled.label),
        at,
        help=t("Mend one of the two. To forbid a tool, take it out of `tools` of the flows."),
        related=((other, t("the other condition")),),
    )


def check_listed(policy: spec.Policy, listed: Collection[str], tools: Collection[str], out: Findings) -> None:
    """Note the rules that are about tools of which no flow lists any; `listed` are the tools of all flows it holds for.

    `tools` are those that exist: a name that does not is another finding.
    """
    for rule in policy.rules:
        names = {tool.split("@")[0] for tool in rule.tools}
        if not names & set(listed) and all(name in tools or name.startswith("flows.") for name in names):
            out.add(
                "rule-never-applies",
                t(
                    "No flow that this policy holds for may use {tools}, so the rule never does anything.",
                    tools=", ".join(rule.tools),
                ),
                spec.place_of(rule, "tools"),
                help=t("Check the name of the tool, list it under `tools` of a flow, or take the rule out."),
            )
