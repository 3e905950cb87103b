"""JSON Schemas of one workspace: those of the language, narrowed to the names that exist there.

Owns: how a name (`x-flowrun`) becomes a list of names, what the arguments of a tool or record look like, and the snippets.
Which keys there are comes from `lang`; nothing is written to a file here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flowrun.editor.known import Known, about, descend, in_words
from flowrun.editor.snippets import root_snippets, step_snippets, yaml_form
from flowrun.lang.kinds import NAMED
from flowrun.lang.schemas import make_schema
from flowrun.words import sentences

Json = dict[str, Any]
EXPRESSION = {"type": "string", "pattern": r"\$\{\{"}
OWN_NAMES = frozenset({"owner"})
"""Keys that name a role of the workspace, and never the customer."""


def workspace_schema(kind: str, known: Known) -> Json:
    """Return the JSON Schema of one kind of file in a workspace, the same for the same names."""
    return _Narrow(known).schema(kind)


def render(schema: Mapping[str, Any]) -> str:
    """Return the text of a schema's file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


class _Narrow:
    def __init__(self, known: Known) -> None:
        self.known = known
        self.calls = known.callable()

    def schema(self, kind: str) -> Json:
        schema: Json = self.walk(make_schema(kind), "")
        step = schema["$defs"].get("step")
        if step is not None:
            step["defaultSnippets"] = [yaml_form(snippet) for snippet in step_snippets(self.known)]
        if snippets := root_snippets(kind):
            schema["defaultSnippets"] = [yaml_form(snippet) for snippet in snippets]
        return schema

    def walk(self, part: Any, key: str) -> Any:
        """Return a part with its names narrowed; `key` is the key of the file that it is about."""
        if isinstance(part, list):
            return [self.walk(item, key) for item in part]
        if not isinstance(part, dict):
            return part
        kind = part.get(NAMED)
        if kind == "by tool":
            return self.by_tool(part, key)
        if isinstance(kind, str) and kind != "expression":
            return {
                **self.named(kind, part, key),
                **({"description": part["description"]} if "description" in part else {}),
            }
        found = {name: self.inner(name, value, key) for name, value in part.items()}
        properties = part.get("properties")
        if isinstance(properties, dict) and "call" in properties:
            self.arguments(found, properties)
        if isinstance(properties, dict) and {"record", "with"} <= set(properties):
            self.fields(found)
        return found

    def inner(self, name: str, value: Any, key: str) -> Any:
        if name in ("properties", "$defs", "patternProperties") and isinstance(value, dict):
            return {inner: self.walk(part, inner if name == "properties" else key) for inner, part in value.items()}
        return self.walk(value, key) if isinstance(value, dict | list) else value

    def named(self, kind: str, part: Json, key: str) -> Json:
        """Return what a text may be that names something; what the workspace cannot tell stays as it was."""
        known = self.known
        names: dict[str, str] = {}
        if kind == "tool":
            names = {name: known.about_tool(name) for name in self.calls}
        elif kind == "role" and known.roles:
            names = {name: known.about_role(name) for name in known.roles}
            if key not in OWN_NAMES:
                names["customer"] = known.about_role("customer")
        elif kind == "model":
            names = {name: known.about_model(name) for name in known.models}
        elif kind == "schema":
            names = {name: known.about_schema(name) for name in known.schemas}
        elif kind == "flow" and known.flows:
            listed = {card.name: card.title for card in known.flows.values()}
            return {
                "anyOf": [_choice(dict(sorted(listed.items()))), {"type": "string", "pattern": r"[/.]"}],
                NAMED: kind,
            }
        if not names:
            return {name: value for name, value in part.items() if name != "description"}
        return {**_choice(names), NAMED: kind}

    def by_tool(self, part: Json, key: str) -> Json:
        (inner,) = part["patternProperties"].values()
        inner = self.walk(inner, key)
        rules = "a-tool-of-the-flow" in json.dumps(inner)
        properties: Json = {}
        for name, (arguments, _) in self.calls.items():
            properties[name] = {**inner, "description": self.known.about_tool(name)}
            if rules:
                bound = {"bind": {"type": "object", **self.values(arguments)}}
                properties[name]["properties"] = bound
        return {"type": "object", "properties": properties, "additionalProperties": False}

    def arguments(self, found: Json, properties: Json) -> None:
        """Add what `with` (or `args`) may hold, by the tool that is called."""
        key = "with" if "with" in properties else "args" if "args" in properties else ""
        if key:
            found["allOf"] = [
                _when("call", name, {key: self.values(arguments)}) for name, (arguments, _) in self.calls.items()
            ]

    def fields(self, found: Json) -> None:
        found["allOf"] = [
            _when("record", name, {"with": self.values(schema, whole=True)})
            for name, schema in self.known.schemas.items()
        ]

    def values(self, schema: Json, *, whole: bool = False) -> Json:
        """Return what a map of values may hold that fills a schema; any of them may be an expression."""
        properties = descend(schema, ()).get("properties")
        if not isinstance(properties, dict):
            return {}
        made: Json = {"properties": {name: _value(descend(schema, (name,)), part) for name, part in properties.items()}}
        top = descend(schema, ())
        if top.get("additionalProperties") is False:
            made["additionalProperties"] = False
        if whole and top.get("required"):
            made["required"] = list(top["required"])
        return made


def _choice(names: Mapping[str, str]) -> Json:
    return {"type": "string", "enum": list(names), "enumDescriptions": list(names.values())}


def _when(key: str, value: str, then: Json) -> Json:
    return {"if": {"properties": {key: {"const": value}}, "required": [key]}, "then": {"properties": then}}


def _value(schema: Json, written: Any) -> Json:
    told = sentences(about(written) or about(schema), f"{in_words(schema)[:1].upper()}{in_words(schema)[1:]}.")
    shown: Json = {"description": told}
    values = schema.get("enum")
    if isinstance(values, list) and values:
        options: list[Json] = [{"enum": values}, EXPRESSION]
        if isinstance(written, dict) and ("anyOf" in written or "oneOf" in written):
            options.append({"type": "null"})
        shown["anyOf"] = options
    return shown
