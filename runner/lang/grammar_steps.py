"""The steps of a flow: ten verbs, each a table of its keys.

Owns: which keys stand on which step and how they become the step classes of `spec`. The flow around them is in
`grammar_flow`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flowrun.lang.document import Map, Node
from flowrun.lang.kinds import (
    MODEL,
    NAME,
    ROLE,
    TOOL_NAME,
    Choice,
    Duration,
    Expression,
    Json,
    Number,
    Text,
    Value,
    text_of,
)
from flowrun.lang.kinds_schema import Use
from flowrun.lang.reading import MISSING, Define, Reader, names, short
from flowrun.lang.shapes import Items, Key, Named, Read, Shape
from flowrun.lang.spec import (
    Ask,
    AskPerson,
    Branch,
    Call,
    Choose,
    ForEach,
    Parallel,
    Record,
    SchemaUse,
    Set,
    Stop,
    Template,
    WaitFor,
)
from flowrun.lang.words import SYNONYMS
from flowrun.values.durations import parse_duration
from flowrun.values.moments import parse_moment
from flowrun.words import mark, t

_COMMON = ("id", "title", "when", "within", "on_error")


class _StepId:
    """A name that no other step of the file has."""

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        name = NAME.read(cx, node, key)
        if name is MISSING:
            return MISSING
        first = cx.ids.setdefault(name, node.span)
        if first is not node.span:
            return cx.say(
                "duplicate-step",
                t("A step `{name}` exists already, in line {line}.", name=name, line=first.line),
                node.span,
                help=t("Ids are unique in the whole flow, also across branches."),
                related=((first, t("first here")),),
            )
        return name

    def schema(self, define: Define) -> Json:
        return NAME.schema(define)


class Steps:
    """A list of steps."""

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        return Items(_Step(), least=1).read(cx, node, key)

    def schema(self, define: Define) -> Json:
        return Items(_Step(), least=1).schema(define)


class _Step:
    """One step; its verb decides which keys it may have."""

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        if not isinstance(node, Map):
            return cx.say(
                "wrong-type",
                t("A step is a map, not {found}.", found=names(node)),
                short(node.span),
                help=t("Write `- id: NAME` and its verb in the line below."),
            )
        verbs = [name for name, _ in node.entries if name.text in VERBS]
        if len(verbs) == 1:
            return VERBS[verbs[0].text].read(cx, node, key)
        if verbs:
            listed = ", ".join(f"`{name.text}`" for name in verbs)
            return cx.say(
                "several-verbs",
                t("This step has {count} verbs: {listed}.", count=len(verbs), listed=listed),
                verbs[1].span,
                help=t("Make a step of its own of each."),
                related=((verbs[0].span, t("the first one")),),
            )
        return self.without(cx, node)

    def without(self, cx: Reader, node: Map) -> Any:
        """Note that the verb is missing, and which one was probably meant."""
        place = node.span
        if any(d.rule == "merge-key" and place.line <= d.span.line <= place.end_line for d in cx.found):
            return MISSING
        for name, _ in node.entries:
            meant = SYNONYMS.get(name.text.lower(), "")
            if meant in VERBS and name.text not in _COMMON:
                return cx.say(
                    "unknown-key",
                    t("A step has no key `{name}`.", name=name.text),
                    name.span,
                    help=t("Did you mean `{meant}`? The verbs are: {verbs}.", meant=meant, verbs=", ".join(VERBS)),
                    fix=meant,
                )
        extra = next((name for name, _ in node.entries if name.text not in _COMMON), None)
        return cx.say(
            "missing-verb",
            t("This step has no verb; `{key}` is none.", key=extra.text) if extra else t("This step has no verb."),
            extra.span if extra and len(node.entries) == 2 else short(node.span),
            help=t("Add one of: {verbs}.", verbs=", ".join(VERBS)),
        )

    def schema(self, define: Define) -> Json:
        return define("step", lambda: {"oneOf": [shape.schema(define) for shape in VERBS.values()]})


def _wait(cx: Reader, read: Read) -> Any:
    kind, value = read.get("wait_for")
    if kind == "event" and "key" not in read.values:
        return cx.say(
            "missing-key",
            t("Waiting for an event needs `key`: which of them is meant."),
            read.at["wait_for"],
            help=t("Add `key: input.contact_id`, or whatever names the case."),
        )
    if kind != "event" and "key" in read.values:
        return cx.say(
            "unknown-key", t("`key` belongs to an event, not to a time."), read.at["key"], help=t("Take it out.")
        )
    return WaitFor(**_base(read), **{kind: value}, **read.pick("key"))


class _WaitFor:
    """A duration, a moment (text or one expression) or an event; as (field, value)."""

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        scalar = text_of(cx, node, key, mark("a duration, a moment or an event"))
        if scalar is None:
            return MISSING
        seconds = parse_duration(scalar.text)
        if seconds:
            return "duration", seconds
        if "@" in scalar.text and "{{" not in scalar.text:
            event = Use(inline=False, example="contact.replied@1").read(cx, node, key)
            return MISSING if event is MISSING else ("event", event)
        if "${{" in scalar.text or parse_moment(scalar.text) is not None:
            moment = Value().read(cx, node, key)
            return MISSING if moment is MISSING else ("moment", moment)
        return cx.say(
            "wrong-type",
            t("`{scalar}` is no duration, moment or event.", scalar=scalar.text[:60]),
            scalar.span,
            help=t("Write 3d, ${{ input.due }} or contact.replied@1."),
        )

    def schema(self, define: Define) -> Json:
        return {"type": "string", "examples": ["3d", "contact.replied@1", "${{ input.due }}"]}


class _Branch:
    """One branch of `choose`."""

    when = Shape(
        mark("a branch of choose"),
        (
            Key("when", Expression(condition=True), "When this branch runs.", required=True),
            Key("steps", Steps(), "What it does.", required=True),
        ),
        lambda cx, read: Branch(when=read.get("when"), steps=read.get("steps"), span=read.span, at=read.at),
    )
    other = Shape(
        mark("the last branch of choose"),
        (Key("otherwise", Steps(), "What happens where no branch holds.", required=True),),
        lambda cx, read: Branch(when=None, steps=read.get("otherwise"), span=read.span, at=read.at),
    )

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        has = isinstance(node, Map) and node.get("otherwise") is not None
        alias = isinstance(node, Map) and len(node.entries) == 1 and node.entries[0][0].text in ("else", "default")
        if has and isinstance(node, Map) and node.get("when") is not None:
            return cx.say(
                "bad-branches",
                t("A branch has `when` with `steps`, or only `otherwise`."),
                short(node.span),
                help=t("Make a branch of its own of `otherwise`."),
            )
        return (self.other if has or alias else self.when).read(cx, node, key)

    def schema(self, define: Define) -> Json:
        return {"anyOf": [self.when.schema(define), self.other.schema(define)]}


class _Branches:
    """The branches; `otherwise` at most once and last."""

    items = Items(_Branch(), least=1)

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        branches = self.items.read(cx, node, key)
        if branches is MISSING:
            return MISSING
        early = next((b for b in branches[:-1] if b.when is None), None)
        if early is not None:
            return cx.say(
                "bad-branches",
                t("Branches after `otherwise` can never run."),
                short(early.span),
                help=t("Put `otherwise` last, and only once."),
            )
        return branches

    def schema(self, define: Define) -> Json:
        return self.items.schema(define)


def _base(read: Read) -> dict[str, Any]:
    return {**read.pick(*_COMMON), "span": read.span, "at": read.at, "places": read.places}


def _make(cls: type[Any]) -> Callable[[Reader, Read], Any]:
    """Build a step class whose fields are the keys."""
    return lambda cx, read: cls(**read.pick(*read.values), span=read.span, at=read.at, places=read.places)


def _record(cx: Reader, read: Read) -> Any:
    use = read.get("record")
    if not isinstance(use, SchemaUse) or not isinstance(read.get("with_", read.get("with")), Template):
        return MISSING
    return _make(Record)(cx, read)


_WITH = Key("with", Value(form="map"), "The arguments, as `name: value`; a value may be ${{ … }}.")
_ONLY = Key("only_when", Expression(condition=True), "The answer is accepted only when this holds.")
_REASON = Key("reason", Text(), "Why an answer is not accepted; told to whoever gave it.")
_BOTTOM = (
    Key("within", Duration(), "How long it may take."),
    Key("on_error", Choice(("fail", "hand_off", "continue")), "fail (default), hand_off to a person, or continue."),
)


def _verb(name: str, about: str, kind: Any, build: Callable[[Reader, Read], Any], *more: Key) -> Shape:
    return Shape(
        mark("the step `{name}`"),
        (
            Key("id", _StepId(), "The name of the step: its value is steps.ID.", required=True),
            Key("title", Text(), "What the step does, in words for people."),
            Key("when", Expression(condition=True), "The step is skipped unless this holds."),
            Key(name, kind, about, required=True),
            *more,
            *_BOTTOM,
        ),
        build,
        _BELONGS,
        of=name,
    )


_BELONGS = {
    "tools": mark("`ask`"),
    "model": mark("`ask`"),
    "repair": mark("`ask`"),
    "show": mark("`ask_person`"),
    "answer": mark("`ask` and `ask_person`"),
    "to": mark("`ask` and `ask_person`"),
    "with": mark("`call`, `ask_person` and `record`"),
    "steps": mark("`for_each` and the branches of `choose`"),
    "otherwise": mark("a branch of `choose`"),
    "key": mark("`wait_for`"),
    "only_when": mark("`ask`, `ask_person` and `record`"),
    "needs_before": mark("the rules of policies"),
    "approve_when": mark("the flow's `tools` and policies"),
    "deny_when": mark("the flow's `tools` and policies"),
    "approver": mark("the flow's `tools` and policies"),
    "at_most": mark("the flow's `tools` and policies"),
    "bind": mark("the flow's `tools`"),
}
"""Where a key is right that stands on the wrong step; a shape's own keys never get here."""

VERBS: dict[str, Shape] = {
    "call": _verb("call", "The tool, or flows.NAME@N.", TOOL_NAME, _make(Call), _WITH),
    "ask": _verb(
        "ask",
        "What a model is asked.",
        Value(prompt=True),
        _make(Ask),
        Key("tools", Items(TOOL_NAME), "The tools that the model may propose to use."),
        Key("answer", Use(), "The schema of the answer; without it the answer is a text."),
        Key("model", Items(MODEL, lone=True, least=1), "A model of flowrun.yaml, or several, tried in order."),
        Key("repair", Number(0, 10), "How often an invalid answer is mended; 2 unless given."),
        Key("to", Choice(("customer",)), "customer: converse with the customer until there is an answer."),
        _ONLY,
        _REASON,
    ),
    "ask_person": _verb(
        "ask_person",
        "What a person is asked.",
        Value(prompt=True),
        _make(AskPerson),
        Key("to", ROLE, "A role, or customer.", required=True),
        Key("answer", Use(), "The schema of the form.", required=True),
        Key("with", Value(), "What the form is filled with."),
        Key("show", Items(Expression()), "Values to show beside the form, like input.text."),
        _ONLY,
        _REASON,
    ),
    "choose": _verb("choose", "Branches: the first whose `when` holds runs.", _Branches(), _make(Choose)),
    "for_each": _verb(
        "for_each",
        "The list; each of its values is `item`.",
        Expression(),
        _make(ForEach),
        Key("steps", Steps(), "What is done for each item.", required=True),
    ),
    "parallel": _verb("parallel", "Named branches, side by side.", Named(Steps(), NAME), _make(Parallel)),
    "wait_for": _verb(
        "wait_for",
        "A duration, a moment, or an event NAME@N.",
        _WaitFor(),
        _wait,
        Key("key", Expression(), "Which event: the one with this key."),
    ),
    "record": _verb(
        "record",
        "The schema of the record.",
        Use(inline=False, example="case_record@1"),
        _record,
        Key("with", Value(form="map"), "The fields of the record.", required=True),
        _ONLY,
        _REASON,
    ),
    "set": _verb("set", "The value that gets a name.", Value(), _make(Set)),
    "stop": _verb(
        "stop",
        "How the run ends.",
        Choice(("completed", "rejected", "failed")),
        _make(Stop),
        Key("reason", Value(form="text"), "Why; may hold ${{ … }}."),
    ),
}
