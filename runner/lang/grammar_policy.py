"""The policy file: facts, tables, rules and their tests.

Owns: the shape of a whole `*.policy.yaml`. The words of rules are in `grammar_rules`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from flowrun.lang.grammar_rules import POLICY_RULE
from flowrun.lang.kinds import NAME, TOOL_NAME, Anything, Choice, Moment, Number, Value
from flowrun.lang.reading import Reader
from flowrun.lang.shapes import Items, Key, Named, Read, Shape
from flowrun.lang.spec import Fact, Policy, PolicyTest
from flowrun.words import mark, t

_FACT = Shape(
    mark("a fact"),
    (
        Key("call", TOOL_NAME, "The read tool.", required=True),
        Key("with", Value(form="map"), "Its arguments; they may read args, calls and run."),
    ),
    lambda cx, read: Fact(name="", call=read.get("call"), with_=read.get("with"), span=read.span, places=read.places),
)

_BEFORE = Shape(
    mark("a call in `before`"),
    (
        Key("call", TOOL_NAME, "A call that has succeeded.", required=True),
        Key("args", Anything(map_only=True), "Its arguments."),
        Key("output", Anything(), "What it gave."),
    ),
    lambda cx, read: {
        "call": read.get("call"),
        "args": read.get("args", {}),
        "output": read.get("output"),
    },
)


def _test(cx: Reader, read: Read) -> PolicyTest:
    return PolicyTest(
        call=read.get("call"),
        args=read.get("args", {}),
        before=read.get("before", ()),
        facts=read.get("facts", {}),
        now=read.get("now"),
        expect=read.get("expect"),
        by=read.get("by"),
        span=read.span,
        at=read.at,
    )


POLICY_TEST = Shape(
    mark("a test of a policy"),
    (
        Key("call", TOOL_NAME, "The proposed call.", required=True),
        Key("args", Anything(map_only=True), "Its arguments."),
        Key("before", Items(_BEFORE), "Calls that succeeded earlier in the run."),
        Key("facts", Anything(map_only=True), "What the facts are."),
        Key("now", Moment(), "The moment of the decision."),
        Key("expect", Choice(("allow", "deny", "approve")), "What the policy must say.", required=True),
        Key("by", NAME, "The rule that must say it."),
    ),
    _test,
)


def _policy(cx: Reader, read: Read) -> Any:
    seen: dict[str, Any] = {}
    for rule in read.get("rules"):
        first = seen.setdefault(rule.id, rule)
        if first is not rule:
            cx.say(
                "duplicate-rule",
                t("A rule `{rule}` exists already, in line {line}.", rule=rule.id, line=first.at["id"].line),
                rule.at["id"],
                help=t("Give it another id."),
                related=((first.at["id"], t("first here")),),
            )
    for test in read.get("tests", ()):
        if test.by is not None and test.by not in seen:
            cx.say(
                "unknown-name",
                t("The policy has no rule `{by}`.", by=test.by),
                test.span,
                help=t("Its rules: {rules}.", rules=", ".join(seen)),
            )
    return Policy(
        policy=read.get("policy"),
        version=read.get("version"),
        facts={name: msgspec.structs.replace(fact, name=name) for name, fact in read.get("facts", {}).items()},
        tables=read.get("tables", {}),
        rules=read.get("rules"),
        tests=read.get("tests", ()),
        file=cx.source.file,
        span=read.span,
        at=read.at,
        places=read.places,
    )


POLICY = Shape(
    mark("a policy"),
    (
        Key("policy", NAME, "The name of the policy.", required=True),
        Key("version", Number(1, 1e6), "A whole number; raise it when the policy changes.", required=True),
        Key("facts", Named(_FACT, NAME), "What the runner itself reads before it decides."),
        Key("tables", Named(Anything(), NAME), "Values that rules look up, as tables.NAME[…]."),
        Key("rules", Items(POLICY_RULE, least=1), "The rules; the first refusal is the reason given.", required=True),
        Key("tests", Items(POLICY_TEST), "What the policy must say about example calls."),
    ),
    _policy,
)
