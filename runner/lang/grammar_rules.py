"""The words of rules: what may stand on a flow's tools and in a policy.

Owns: `at_most`, the conditions, `approver`, and the two shapes that hold them. What rules mean is the guard's.
"""

from __future__ import annotations

from typing import Any

from flowrun.lang.document import Map, Node, Scalar, Seq
from flowrun.lang.kinds import NAME, ROLE, TOOL_NAME, Duration, Expression, Json, Money, Number, Text, Value
from flowrun.lang.reading import MISSING, Define, Reader
from flowrun.lang.shapes import Items, Key, Named, Read, Shape
from flowrun.lang.spec import Limit, Rule
from flowrun.values.money import MICRO
from flowrun.words import mark, t

_CONDITIONS = ("only_when", "deny_when", "approve_when")


class _Amount:
    """A count, or an amount of money as (amount in its unit, currency)."""

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        if isinstance(node, Scalar) and isinstance(node.value, str):
            money = Money().read(cx, node, key)
            if money is MISSING:
                return MISSING
            micro, currency = money
            return (micro // MICRO if micro % MICRO == 0 else micro / MICRO), currency
        number = Number(whole=False).read(cx, node, key)
        return MISSING if number is MISSING else (number, None)

    def schema(self, define: Define) -> Json:
        return {"anyOf": [Number(whole=False).schema(define), Money().schema(define)]}


def _limit(cx: Reader, read: Read) -> Any:
    amount, currency = read.get("limit")
    if "sum" not in read.values and (currency is not None or not isinstance(amount, int)):
        return cx.say(
            "bad-limit",
            t("A limit in money, or with a fraction, needs `sum`: the argument that is added up."),
            read.at["limit"],
            help=t("Add `sum: args.amount`, or write a whole number of calls."),
        )
    return Limit(
        limit=amount,
        currency=currency,
        sum=read.get("sum"),
        per=read.get("per"),
        window=read.get("window", "run"),
        span=read.span,
    )


_LIMIT = Shape(
    mark("`at_most`"),
    (
        Key("limit", _Amount(), "How many calls; with `sum` how much.", required=True),
        Key("sum", Expression(), "The argument that is added up, like args.amount."),
        Key("per", Expression(), "Counted for each value of this, like args.customer_id."),
        Key("window", Duration(("run", "today", "ever")), "run (default), today, ever, or a rolling duration."),
    ),
    _limit,
)


class AtMost:
    """`2`, a map with `limit`, or a list of both; always a tuple of `Limit`."""

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        if isinstance(node, Seq):
            parts = [self.one(cx, item, key) for item in node.items]
            return MISSING if MISSING in parts else tuple(parts)
        one = self.one(cx, node, key)
        return MISSING if one is MISSING else (one,)

    def one(self, cx: Reader, node: Node, key: str) -> Any:
        """Read one limit."""
        if isinstance(node, Map):
            return _LIMIT.read(cx, node, key)
        count = Number().read(cx, node, key)
        if count is MISSING:
            return MISSING
        return Limit(limit=count, currency=None, sum=None, per=None, window="run", span=node.span)

    def schema(self, define: Define) -> Json:
        one = {"anyOf": [Number().schema(define), _LIMIT.schema(define)]}
        return {"anyOf": [*one["anyOf"], {"type": "array", "items": one}]}


_WORDS = (
    Key("at_most", AtMost(), "How many calls are allowed: a number for each run, or limit, sum, per and window."),
    Key("only_when", Expression(condition=True), "The call is allowed only when this holds."),
    Key("deny_when", Expression(condition=True), "The call is refused when this holds."),
    Key("approve_when", Expression(condition=True), "The call waits for people when this holds."),
    Key(
        "approver", Items(ROLE, lone=True, least=1), "Who is asked: a role, `customer`, or several, one yes from each."
    ),
    Key("reason", Text(), "Told to the model and to people when the rule refuses or asks."),
)


def _common(cx: Reader, read: Read) -> dict[str, Any]:
    for here, other in (("approve_when", "approver"), ("approver", "approve_when")):
        if here in read.values and other not in read.values:
            cx.say(
                "missing-approver",
                t("`{here}` stands here without `{other}`, so nobody would be asked.", here=here, other=other),
                read.at[here],
                help=t("Add `approver: ROLE`.")
                if other == "approver"
                else t("Add `approve_when: true`, or a condition."),
            )
    return {
        **read.pick("at_most", *_CONDITIONS, "approver", "reason"),
        "span": read.span,
        "at": read.at,
        "places": read.places,
    }


def _flow_rule(cx: Reader, read: Read) -> Rule:
    """The name of the tool is the key of the map, which the flow fills in."""
    return Rule(id="", tools=(), bind=read.get("bind", {}), **_common(cx, read))


TOOL_RULE = Shape(
    mark("a tool of the flow"),
    (
        _WORDS[0],
        Key("bind", Named(Value()), "Arguments that the flow fixes; the model can neither see nor choose them."),
        *_WORDS[1:],
    ),
    _flow_rule,
    {"needs_before": mark("the rules of policies"), "tools": mark("the rules of policies")},
)


def _policy_rule(cx: Reader, read: Read) -> Rule:
    # An approver alone has a finding of its own.
    if not set(read.values) & {"at_most", "needs_before", "approver", *_CONDITIONS}:
        cx.say(
            "empty-rule",
            t("The rule `{get}` rules nothing.", get=read.get("id")),
            read.at["id"],
            help=t("Add needs_before, only_when, deny_when, approve_when or at_most."),
        )
    return Rule(
        id=read.get("id"), tools=read.get("tools"), needs_before=read.get("needs_before", ()), **_common(cx, read)
    )


POLICY_RULE = Shape(
    mark("a rule of a policy"),
    (
        Key("id", NAME, "The name of the rule; unique in the policy.", required=True),
        Key("tools", Items(TOOL_NAME, lone=True, least=1), "The tools that the rule is about.", required=True),
        Key("needs_before", Items(TOOL_NAME, lone=True, least=1), "One of these has succeeded before in this run."),
        *_WORDS,
    ),
    _policy_rule,
    {"bind": mark("the `tools` of a flow")},
)
