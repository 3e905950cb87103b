"""The kinds of values that are schemas: the name of one with its version, and a JSON Schema in place.

Owns: how both are read, and what they look like as JSON Schema. Plain values are in `kinds`.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from flowrun.lang.document import Map, Node, Scalar, plain
from flowrun.lang.expr_problem import yaml_word
from flowrun.lang.kinds import ID, NAMED, USE, Json
from flowrun.lang.reading import MISSING, Define, Reader, empty, names, short
from flowrun.lang.spec import SchemaUse
from flowrun.words import sentences, t


class Use(msgspec.Struct, frozen=True):
    """`NAME@N`, or with `inline` a JSON Schema in place."""

    inline: bool = True
    example: str = "triage@1"

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        if isinstance(node, Map) and self.inline:
            inline = plain(node)
            if not valid(cx, node, key):
                return MISSING
            return SchemaUse(name="", version=0, inline=inline, span=node.span, tree=node)
        if empty(cx, node, key):
            return MISSING
        if isinstance(node, Scalar) and re.fullmatch(USE, node.text):
            name, _, version = node.text.partition("@")
            return SchemaUse(name=name, version=int(version), inline=None, span=node.span)
        written = node.text if isinstance(node, Scalar) else names(node)
        lone = re.fullmatch(rf"({ID})(?:[ .]?v(\d+)|@v(\d+))?", written)
        fix = f"{lone.group(1)}@{lone.group(2) or lone.group(3) or 1}" if lone else None
        if self.inline:
            instead = t("Write NAME@VERSION, like `{name}`, or a JSON Schema in place.", name=fix or self.example)
        else:
            instead = t("Write NAME@VERSION, like `{name}`.", name=fix or self.example)
        return cx.say(
            "bad-schema",
            t("`{written}` names no schema with its version.", written=written[:60]),
            short(node.span),
            help=sentences(instead, yaml_word(written)),
            fix=fix,
        )

    def schema(self, define: Define) -> Json:
        named = {"type": "string", "pattern": f"^{USE}$", "examples": [self.example], NAMED: "schema"}
        return {"anyOf": [named, {"type": "object"}]} if self.inline else named


class JsonSchema(msgspec.Struct, frozen=True):
    """A JSON Schema in place."""

    def read(self, cx: Reader, node: Node, key: str) -> Any:
        if not isinstance(node, Map):
            return cx.say(
                "wrong-type",
                t("`{key}` is a JSON Schema (a map), not {found}.", key=key, found=names(node)),
                short(node.span),
            )
        return plain(node) if valid(cx, node, key) else MISSING

    def schema(self, define: Define) -> Json:
        return {"type": "object"}


def valid(cx: Reader, node: Map, key: str) -> bool:
    """Return whether a map is a valid JSON Schema, noting where it is not."""
    from jsonschema_rs import meta  # loaded only where a schema stands in the file

    try:
        meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **plain(node)})
    except (ValueError, RecursionError) as error:
        place: Node = node
        for step in getattr(error, "instance_path", ()):
            if isinstance(place, Map) and isinstance(step, str) and (inner := place.get(step)) is not None:
                place = inner
        path = [str(step) for step in getattr(error, "instance_path", ())]
        if path and path[-1] == "type":
            reason = t("`type` is `string`, `number`, `integer`, `boolean`, `object`, `array` or `null`.")
        else:
            reason = str(getattr(error, "message", error)).splitlines()[0]
        cx.say(
            "invalid-schema",
            t("The JSON Schema of `{key}` is not valid: {reason}", key=key, reason=reason),
            short(place.span),
        )
        return False
    return True
