"""Test files and example files, which stand beside a flow.

Owns: the shapes of `*.test.yaml` and `*.examples.yaml`. Running tests is not done here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from flowrun.errors import Span
from flowrun.lang.document import Map, Node, Seq
from flowrun.lang.kinds import (
    NAME,
    ROLE,
    TOOL_NAME,
    Anything,
    Choice,
    Duration,
    Json,
    Moment,
    Number,
    Text,
    Value,
    Word,
)
from flowrun.lang.reading import MISSING, Define, Reader
from flowrun.lang.shapes import Items, Key, Named, Read, Shape
from flowrun.lang.spec_files import ExamplesFile, ExampleSpec, Expect, TestFile
from flowrun.words import mark

OUTCOMES = (
    "completed", "completed_with_gaps", "handed_off", "rejected", "stopped_by_budget", "in_doubt", "failed",
    "cancelled", "waiting",
)  # fmt: skip

_FLOW = Word(r"[A-Za-z0-9_./-]+", mark("the name of a flow, or its file"), "support_to_ticket")
_COUNTS = Named(Number(), TOOL_NAME)
_SAID = Shape(
    mark("what a prompt holds"),
    (
        Key("contains", Items(Text(), lone=True), "Texts that the model was told."),
        Key("lacks", Items(Text(), lone=True), "Texts that the model was never told."),
    ),
    lambda cx, read: dict(read.values),
)

_EXPECT = Shape(
    "expect",
    (
        Key("outcome", Choice(OUTCOMES), "How the run ends."),
        Key("reason", Text(), "A part of the reason that the run ends with."),
        Key("calls", _COUNTS, "Distinct effects, by tool."),
        Key("attempts", _COUNTS, "Invocations, by tool."),
        Key("record", Anything(), "Fields that the record has."),
        Key("decisions", Anything(), "What the rules decided, by tool: allow, deny or approve, or {deny: RULE}."),
        Key("world", Anything(), "What the calls of a tool have made: exactly these things, by tool."),
        Key("asked", Named(Items(ROLE, lone=True)), "Which roles were asked, by tool or step; [] for nobody."),
        Key("prompts", Named(_SAID, NAME), "What the model was told, by step."),
    ),
    lambda cx, read: Expect(**read.values, span=read.span, at=read.at),
)

_TURN = Shape(
    mark("a reply of the model"),
    (
        Key("answer", Anything(), "What the model answers."),
        Key("propose", Items(Anything(map_only=True), least=1), "Calls that it proposes, as {TOOL: arguments}."),
        Key("text", Text(), "What it says where no schema is asked."),
        Key("error", Text(), "How it fails, like times_out."),
    ),
    lambda cx, read: dict(read.values),
)

_GIVEN = Shape(
    "given",
    (
        Key("now", Moment(), "When the run starts."),
        Key("input", Anything(), "The input of the flow."),
        Key("tools", Named(Anything(), TOOL_NAME), "What each tool gives: a value, or a list by call."),
        Key("model", Named(Items(_TURN, lone=True), NAME), "What the model says, by step."),
        Key(
            "people",
            Named(Anything()),
            "What people say, by tool or step: approve, reject, late, {edit: …} or an answer; a list, by question.",
        ),
        Key("events", Named(Anything()), "Events that arrive, by name; a list where several do."),
    ),
    lambda cx, read: dict(read.values),
)


def _test(cx: Reader, read: Read) -> TestFile:
    given = read.get("given")
    return TestFile(
        test=read.get("test"),
        flow=read.get("flow"),
        now=given.get("now"),
        input=given.get("input"),
        tools=given.get("tools", {}),
        model=given.get("model", {}),
        people=given.get("people", {}),
        events=given.get("events", {}),
        deliver=read.get("deliver", 1),
        crash_after=read.get("crash_after"),
        after=read.get("after"),
        expect=read.get("expect"),
        file=cx.source.file,
        span=read.span,
        at=read.at,
    )


def _placed(node: Node, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Span]]:
    """Yield where each value of a tree stands: a value of a map at its key."""
    if isinstance(node, Map):
        for key, value in node.entries:
            yield (*path, key.text), key.span
            yield from _placed(value, (*path, key.text))
    elif isinstance(node, Seq):
        for number, item in enumerate(node.items):
            yield (*path, number), item.span
            yield from _placed(item, (*path, number))


class _Test(Shape, frozen=True):
    """A test, with the places of everything in it."""

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        test = super().read(cx, node, key)
        return msgspec.structs.replace(test, places=dict(_placed(node))) if isinstance(test, TestFile) else test


TEST = _Test(
    mark("a test"),
    (
        Key("test", Text(), "What is promised, in words.", required=True),
        Key("flow", _FLOW, "The flow that is tested.", required=True),
        Key("given", _GIVEN, "The input, and what tools, model and people say.", required=True),
        Key("deliver", Number(1, 100), "How often the same input arrives."),
        Key("crash_after", TOOL_NAME, "Kill the run after this effect and before its result is noted."),
        Key("after", Duration(), "How much time passes."),
        Key("expect", _EXPECT, "What must be so afterwards.", required=True),
    ),
    _test,
)


class _Proposals:
    """`[{TOOL: arguments}]`; arguments may hold slots."""

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        calls = self.items().read(cx, node, key)
        return MISSING if calls is MISSING else calls

    def items(self) -> Items:
        """The kind that does the work."""
        return Items(Named(Value(), TOOL_NAME))

    def schema(self, define: Define) -> Json:
        return self.items().schema(define)


_EXAMPLE = Shape(
    mark("an example"),
    (
        Key("step", NAME, "The id of the step.", required=True),
        Key("label", Text(), "What kind of case it is.", required=True),
        Key("texts", Items(Text(), least=1), "Texts of such cases.", required=True),
        Key("propose", _Proposals(), "Calls to propose, as {TOOL: arguments}."),
        Key("answer", Value(), "The answer to give."),
    ),
    lambda cx, read: ExampleSpec(
        step=read.get("step"),
        label=read.get("label"),
        texts=read.get("texts"),
        propose=read.get("propose", ()),
        answer=read.get("answer"),
        span=read.span,
    ),
)

EXAMPLES = Shape(
    mark("an example file"),
    (Key("examples", Items(_EXAMPLE, least=1), "Labelled examples of the flow's steps.", required=True),),
    lambda cx, read: ExamplesFile(examples=read.get("examples"), file=cx.source.file, span=read.span),
)
