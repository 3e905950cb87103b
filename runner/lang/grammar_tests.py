"""Test files, example files and files of questions, which stand beside a flow.

Owns: the shapes of `*.test.yaml`, `*.examples.yaml` and `*.prove.yaml`. Running tests and answering is not done here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from flowrun.errors import Span
from flowrun.lang.document import Map, Node, Seq
from flowrun.lang.grammar_policy import POLICY_TEST
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
from flowrun.lang.spec_files import ExamplesFile, ExampleSpec, Expect, PolicyCase, ProveFile, TestFile, TestsFile
from flowrun.words import mark

OUTCOMES = (
    "completed", "completed_with_gaps", "handed_off", "rejected", "stopped_by_budget", "in_doubt", "failed",
    "cancelled", "waiting",
)  # fmt: skip

_FLOW = Word(r"[A-Za-z0-9_./-]+", mark("the name of a flow, or its file"), "support_to_ticket", names="flow")
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
    mark("`expect`"),
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
    mark("`given`"),
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
    given = read.get("given", {})
    return TestFile(
        test=read.get("test"),
        flow=read.get("flow", ""),
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


_TEST = Key("test", Text(), "What is promised, in words.", required=True)
_MORE = (
    Key("deliver", Number(1, 100), "How often the same input arrives."),
    Key("crash_after", TOOL_NAME, "Kill the run after this effect and before its result is noted."),
    Key("after", Duration(), "How much time passes."),
    Key("expect", _EXPECT, "What must be so afterwards.", required=True),
)
_ONE = Shape(
    mark("a test"),
    (
        _TEST,
        Key("flow", _FLOW, "The flow that is tested.", required=True),
        Key("given", _GIVEN, "The input, and what tools, model and people say.", required=True),
        *_MORE,
    ),
    _test,
)
_MEMBER = Shape(
    mark("one of several tests"),
    (
        _TEST,
        Key("flow", _FLOW, "Another flow than the file's."),
        Key("given", _GIVEN, "What differs from what the tests share."),
        *_MORE,
    ),
    _test,
)
_CASE = Shape(
    mark("a case of a policy"),
    (Key("policy", NAME, "The policy, beside this file or of the workspace.", required=True), *POLICY_TEST.keys),
    lambda cx, read: PolicyCase(policy=read.get("policy"), case=POLICY_TEST.build(cx, read)),
)


class _Entry:
    """One of several tests: of the flow, or a case of a policy."""

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        of_policy = isinstance(node, Map) and node.get("policy") is not None
        return (_CASE if of_policy else _MEMBER).read(cx, node, key)

    def schema(self, define: Define) -> Json:
        return {"anyOf": [_MEMBER.schema(define), _CASE.schema(define)]}


_SEVERAL = Shape(
    mark("a file of tests"),
    (
        Key("flow", _FLOW, "The flow that is tested.", required=True),
        Key("given", _GIVEN, "What the tests share; each may say otherwise."),
        Key("tests", Items(_Entry(), least=1), "Several tests in one file.", required=True),
    ),
    lambda cx, read: _several(cx, read),
)


def _several(cx: Reader, read: Read) -> TestsFile:
    shared = read.get("given", {})
    members = [each for each in read.get("tests") if isinstance(each, TestFile)]
    return TestsFile(
        flow=read.get("flow"),
        tests=tuple(_with(shared, read.get("flow"), each) for each in members),
        cases=tuple(each for each in read.get("tests") if isinstance(each, PolicyCase)),
        file=cx.source.file,
        span=read.span,
    )


def _with(shared: Mapping[str, Any], flow: str, test: TestFile) -> TestFile:
    """Return a test with what it shares with others: by name, and of an input by field."""
    input = test.input
    if "input" in shared and (input is None or (isinstance(input, dict) and isinstance(shared["input"], dict))):
        input = {**shared["input"], **input} if isinstance(input, dict) else shared["input"]
    named = {key: {**shared.get(key, {}), **getattr(test, key)} for key in ("tools", "model", "people", "events")}
    common = frozenset((key, name) for key in named for name in shared.get(key, {}) if name not in getattr(test, key))
    return msgspec.structs.replace(
        test, flow=test.flow or flow, now=test.now or shared.get("now"), input=input, shared=common, **named
    )


class _TestFile(Shape, frozen=True):
    """A file with one test or with several, with the places of everything in it. The keys are those of both forms."""

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        if not isinstance(node, Map) or node.get("tests") is None:
            test = _ONE.read(cx, node, key)
            return msgspec.structs.replace(test, places=dict(_placed(node))) if isinstance(test, TestFile) else test
        file = _SEVERAL.read(cx, node, key)
        listed = node.get("tests")
        if not isinstance(file, TestsFile) or not isinstance(listed, Seq):
            return file
        shared = {path: span for path, span in _placed(node) if path[0] != "tests"}
        members = [item for item in listed.items if isinstance(item, Map) and item.get("policy") is None]
        placed = zip(file.tests, members, strict=True)
        return msgspec.structs.replace(
            file,
            tests=tuple(
                msgspec.structs.replace(test, places={**shared, **dict(_placed(member))}) for test, member in placed
            ),
        )

    def schema(self, define: Define) -> Json:
        def make() -> Json:
            properties: Json = {}
            for item in self.keys:
                properties[item.name] = {**item.kind.schema(define), "description": item.about}
            forms = [{"required": ["test", "flow", "given", "expect"]}, {"required": ["flow", "tests"]}]
            return {"type": "object", "additionalProperties": False, "properties": properties, "anyOf": forms}

        return define(self.what, make)


TEST = _TestFile(
    mark("a test"),
    (*_ONE.keys, *(key for key in _SEVERAL.keys if key.name == "tests")),
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
        at=read.at,
        places=read.places,
    ),
)

EXAMPLES = Shape(
    mark("an example file"),
    (Key("examples", Items(_EXAMPLE, least=1), "Labelled examples of the flow's steps.", required=True),),
    lambda cx, read: ExamplesFile(examples=read.get("examples"), file=cx.source.file, span=read.span),
)

_QUESTIONS = Items(Text(), lone=True)
PROVE = Shape(
    "a file of questions",
    (
        Key("prove", NAME, "The flow that is asked about.", required=True),
        Key("never", _QUESTIONS, "What must not be possible."),
        Key("possible", _QUESTIONS, "What is possible, and was looked at."),
        Key("unclear", _QUESTIONS, "What cannot be told, and was looked at."),
    ),
    lambda cx, read: ProveFile(
        prove=read.get("prove"),
        never=read.get("never", ()),
        possible=read.get("possible", ()),
        unclear=read.get("unclear", ()),
        file=cx.source.file,
        span=read.span,
        at=read.at,
    ),
)
