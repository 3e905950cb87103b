"""The tool file: where tools come from and what their actions may do.

Owns: the shape of a whole `*.tools.yaml`. What the keys of an adapter mean is the adapter's.
"""

from __future__ import annotations

from typing import Any

import msgspec

from flowrun.lang.document import Map, Node, Scalar, plain
from flowrun.lang.kinds import ID, Anything, Choice, Duration, Json, Text, Value, Word
from flowrun.lang.kinds_schema import JsonSchema, Use
from flowrun.lang.reading import Define, Reader, short
from flowrun.lang.shapes import Key, Named, Read, Shape
from flowrun.lang.spec import Action, ToolFile
from flowrun.words import mark, t

WITHIN = 30.0
"""How long one attempt of an action may take unless the file says otherwise, in seconds."""

ADAPTERS = ("python", "http", "openapi", "mcp", "sql", "mail", "calendar")
OPTIONS = {
    "operation": "The operation of the OpenAPI description, or what the adapter should do.",
    "function": "The Python function.",
    "tool": "The name of the MCP tool.",
    "method": "The HTTP method.",
    "path": "The path of the HTTP request.",
    "headers": "Headers of the HTTP request.",
    "query": "The query of the HTTP request.",
    "body": "The body of the HTTP request.",
    "sql": "The SQL statement, with :names.",
}
"""Keys of an action that only its adapter understands."""


class _Once:
    """`none`, or a map with exactly one way of making a repeat harmless."""

    ways = ("header", "argument", "natural", "confirm_with")

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        if isinstance(node, Scalar) and node.text in ("none", "null"):
            return None
        if isinstance(node, Map) and len(node.entries) == 1 and node.entries[0][0].text in self.ways:
            (name, inner), value = node.entries[0], plain(node.entries[0][1])
            listed = isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)
            if listed if name.text == "natural" else isinstance(value, str) and bool(value):
                return {name.text: value}
            if name.text == "natural":
                message = t("`{key}` is a list of arguments.", key=name.text)
            else:
                message = t("`{key}` is a name.", key=name.text)
            return cx.say("wrong-type", message, short(inner.span))
        return cx.say(
            "bad-choice",
            t("`once` says in exactly one way how a repeat is made harmless."),
            short(node.span),
            help=t("Write {header: NAME}, {argument: NAME}, {natural: [ARGS]}, {confirm_with: ACTION} or none."),
        )

    def schema(self, define: Define) -> Json:
        forms: list[Json] = [{"enum": ["none"]}]
        for way in self.ways:
            inner: Json = {"type": "string"}
            if way == "natural":
                inner = {"type": "array", "items": {"type": "string"}, "minItems": 1}
            forms.append(
                {"type": "object", "properties": {way: inner}, "required": [way], "additionalProperties": False}
            )
        return {"anyOf": forms}


def _action(cx: Reader, read: Read) -> Action:
    return Action(
        name="",
        title=read.get("title", ""),
        effect=read.get("effect", "write"),
        once=read.get("once"),
        within=read.get("within", WITHIN),
        rate=read.get("rate"),
        input=read.get("input"),
        output=read.get("output"),
        options={key: read.values[key] for key in OPTIONS if key in read.values},
        span=read.span,
        at=read.at,
    )


_RATE = Word(r"[1-9][0-9]{0,5}/[smhd]", mark("a rate"), "5/s", "bad-duration")
_ACTION = Shape(
    mark("an action"),
    (
        Key("title", Text(), "What it does, in words for people and models."),
        *(Key(name, Anything(), about) for name, about in OPTIONS.items()),
        Key("effect", Choice(("read", "write")), "read or write; unknown counts as write."),
        Key("once", _Once(), "How a repeat of the write is made harmless."),
        Key("within", Duration(), "How long one attempt may take."),
        Key("rate", _RATE, "How often it may be called, like 5/s."),
        Key("input", JsonSchema(), "The schema of its arguments, where the description has none."),
        Key("output", Use(example="ticket@1"), "The schema of what it gives."),
    ),
    _action,
)


def _file(cx: Reader, read: Read) -> Any:
    actions = {name: msgspec.structs.replace(a, name=name) for name, a in read.get("actions", {}).items()}
    for action in actions.values():
        partner = (action.once or {}).get("confirm_with")
        if partner is not None and (partner not in actions or actions[partner].effect != "read"):
            cx.say(
                "unknown-tool",
                t(
                    "`confirm_with` of `{action}` names no reading action of this file: `{partner}`.",
                    action=action.name,
                    partner=partner,
                ),
                short(action.span),
                help=t("Reading actions: {names}.", names=", ".join(reading))
                if (reading := [n for n, a in actions.items() if a.effect == "read"])
                else t("The file has no reading action."),
            )
    return ToolFile(
        tools=read.get("tools"),
        title=read.get("title", ""),
        adapter=read.get("adapter"),
        source=read.get("source"),
        server=read.get("server"),
        auth=read.get("auth", {}),
        actions=actions,
        file=cx.source.file,
        span=read.span,
        at=read.at,
        places=read.places,
    )


class _Source:
    """A file or address. It is part of the pinned plan, so it holds no expression."""

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        if isinstance(node, Scalar) and "${{" in node.text:
            return cx.say("not-supported", t("`source` may not hold an expression."), short(node.span))
        return Text().read(cx, node, key)

    def schema(self, define: Define) -> Json:
        return {"type": "string"}


TOOLS = Shape(
    mark("a tool file"),
    (
        Key("tools", Word(reserved=("flows",)), "The first part of the tools' names.", required=True),
        Key("title", Text(), "What it is, in words for people."),
        Key("adapter", Choice(ADAPTERS), "How the tools are reached.", required=True),
        Key("source", _Source(), "The description or module, relative to this file."),
        Key("server", Value(form="text"), "The address; may hold ${{ env.NAME }}."),
        Key("auth", Named(Value()), 'How to sign in, like {bearer: "${{ secret.TOKEN }}"}.'),
        Key(
            "actions",
            Named(_ACTION, Word(ID, reserved=("last", "all")), optional=True),
            "The second part of the tools' names, and what each may do.",
        ),
    ),
    _file,
)
