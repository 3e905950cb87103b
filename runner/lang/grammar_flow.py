"""The flow file: its keys around the steps.

Owns: the shape of a whole `*.flow.yaml`. Steps are in `grammar_steps`, rules on tools in `grammar_rules`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from flowrun.lang.grammar_rules import TOOL_RULE
from flowrun.lang.grammar_steps import Steps
from flowrun.lang.kinds import NAME, ROLE, TOOL_NAME, Duration, Expression, Money, Number, Text
from flowrun.lang.kinds_schema import JsonSchema, Use
from flowrun.lang.reading import Reader
from flowrun.lang.shapes import Key, Named, Read, Shape
from flowrun.lang.spec import Budget, Flow
from flowrun.words import mark


def _budget(cx: Reader, read: Read) -> Budget:
    cost, currency = read.get("cost", (None, "USD"))
    return Budget(
        cost=cost,
        currency=currency,
        **read.pick("model_calls", "tool_calls", "writes", "within"),
        span=read.span,
        at=read.at,
    )


_BUDGET = Shape(
    mark("`budget`"),
    (
        Key("cost", Money(), "What the models of one run may cost, like 0.05 USD."),
        Key("model_calls", Number(), "How often models may be asked in one run."),
        Key("tool_calls", Number(), "How many calls of tools one run may make."),
        Key("writes", Number(), "How many of them may write."),
        Key("within", Duration(), "How long one run may work; waiting does not count."),
    ),
    _budget,
)


def _flow(cx: Reader, read: Read) -> Any:
    tools = {
        name: msgspec.structs.replace(rule, id=name, tools=(name,)) for name, rule in read.get("tools", {}).items()
    }
    return Flow(
        flow=read.get("flow"),
        version=read.get("version"),
        title=read.get("title", ""),
        owner=read.get("owner"),
        input=read.get("input"),
        output=read.get("output"),
        key=read.get("key"),
        subject=read.get("subject"),
        tools=tools,
        budget=read.get("budget"),
        steps=read.get("steps"),
        results=read.get("results", {}),
        file=cx.source.file,
        span=read.span,
        at=read.at,
        places=read.places,
    )


FLOW = Shape(
    mark("a flow"),
    (
        Key("flow", NAME, "The name of the flow.", required=True),
        Key("version", Number(1, 1e6), "A whole number; raise it when the flow changes.", required=True),
        Key("title", Text(), "What the flow does, in words for people."),
        Key("owner", ROLE, "The role that answers for the flow; hand-offs go there.", required=True),
        Key("input", Use(example="support_message@1"), "The schema of the input: NAME@N or a schema.", required=True),
        Key("output", Use(example="case_record@1"), "The schema of the record that a run ends with.", required=True),
        Key("key", Expression(), "The same key is the same run."),
        Key("subject", Expression(), "Whose data this is."),
        Key("tools", Named(TOOL_RULE, TOOL_NAME, optional=True), "All tools that the flow may use, with their rules."),
        Key("budget", _BUDGET, "What one run may use."),
        Key("steps", Steps(), "What is done, in this order.", required=True),
        Key("results", Named(JsonSchema(), NAME), "What became of it, reported later: a schema for each value."),
    ),
    _flow,
)
