"""What an editor knows of a workspace: every name that a file may use, with what it stands for.

Owns: that value, and the sentences that tell what a name is. Reading the workspace is `app`'s part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flowrun.lang.types import from_schema
from flowrun.plan.model import ModelPlan, RolePlan, ToolPlan
from flowrun.words import sentences, t

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowCard:
    """What others see of a flow."""

    name: str
    version: int
    title: str
    input: Schema
    output: Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The names of a workspace. `schemas` and `flows` are by `NAME@N`; a broken schema is an empty one."""

    tools: Mapping[str, ToolPlan] = field(default_factory=dict)
    schemas: Mapping[str, Schema] = field(default_factory=dict)
    roles: Mapping[str, RolePlan] = field(default_factory=dict)
    models: Mapping[str, ModelPlan] = field(default_factory=dict)
    flows: Mapping[str, FlowCard] = field(default_factory=dict)
    tables: Mapping[str, Any] = field(default_factory=dict)

    def callable(self) -> dict[str, tuple[Schema, Schema]]:
        """Return what a step may call, tools and flows, with the schemas of the arguments and of what it gives."""
        found = {name: (tool.input, tool.output) for name, tool in sorted(self.tools.items())}
        for name, card in sorted(self.flows.items()):
            found[f"flows.{name}"] = (card.input, card.output)
        return found

    def signature(self, name: str) -> tuple[Schema, Schema]:
        """Return the schemas of a tool's or flow's arguments and output; empty ones where it is not known."""
        tool = self.tools.get(name)
        if tool is not None:
            return tool.input, tool.output
        wanted = name.removeprefix("flows.")
        card = self.flows.get(wanted) if "@" in wanted else self._newest(wanted)
        return ({}, {}) if card is None or wanted == name else (card.input, card.output)

    def _newest(self, name: str) -> FlowCard | None:
        cards = [card for card in self.flows.values() if card.name == name]
        return max(cards, key=lambda card: card.version, default=None)

    def about_tool(self, name: str) -> str:
        """Return in words what a tool or flow does, and what it may change."""
        tool = self.tools.get(name)
        if tool is None:
            wanted = name.removeprefix("flows.")
            card = self.flows.get(wanted) or self._newest(wanted)
            return "" if card is None else sentences(f"{card.title}." if card.title else None, t("Runs a flow."))
        title = tool.title.rstrip(".")
        return sentences(
            f"{title}." if title else None, t("It only reads.") if tool.effect == "read" else t("It writes.")
        )

    def about_role(self, name: str) -> str:
        """Return in words who a role is."""
        if name == "customer":
            return t("The customer whom the run is about, on the channel that started it.")
        role = self.roles.get(name)
        return "" if role is None else t("A role of flowrun.yaml: {members}.", members=", ".join(role.members) or "—")

    def about_model(self, name: str) -> str:
        """Return in words what a model is."""
        model = self.models.get(name)
        if model is None:
            return ""
        if model.provider == "examples":
            return t("Learns from the examples beside the flow, on this machine.")
        return t("{model} of {provider}.", model=model.model or name, provider=model.provider)

    def about_schema(self, name: str) -> str:
        """Return the title of a schema."""
        return about(self.schemas.get(name, {}))


def about(schema: Any) -> str:
    """Return the title and description that a schema gives itself."""
    if not isinstance(schema, dict):
        return ""
    parts = [str(schema[key]).strip() for key in ("title", "description") if isinstance(schema.get(key), str)]
    return sentences(*(part if part.endswith((".", "!", "?")) else f"{part}." for part in dict.fromkeys(parts) if part))


def in_words(schema: Any) -> str:
    """Return the type of a schema in words, with its values where they are few."""
    kind = from_schema(schema)
    words = kind.words()
    if kind.enum:
        shown = ", ".join(str(value) for value in kind.enum[:12])
        words = t("one of {values}", values=shown + (", …" if len(kind.enum) > 12 else ""))
    return t("{kind}, or nothing", kind=words) if kind.nullable and kind.kind != "null" else words


def resolved(schema: Any, root: Mapping[str, Any]) -> Schema:
    """Return a schema with its `$ref` followed and a lone choice beside null taken; what is around it stays."""
    for _ in range(10):
        if not isinstance(schema, dict):
            return {}
        ref = schema.get("$ref")
        if isinstance(ref, str):
            named = (root.get("$defs") or {}).get(ref.removeprefix("#/$defs/"))
            rest = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**named, **rest} if isinstance(named, dict) else rest
            continue
        for key in ("anyOf", "oneOf"):
            options = schema.get(key)
            real = [o for o in options if not (isinstance(o, dict) and o.get("type") == "null")] if options else []
            if len(real) == 1 and isinstance(real[0], dict):
                rest = {name: value for name, value in schema.items() if name != key}
                schema = {**real[0], **rest}
                break
        else:
            return schema
    return {}


def descend(schema: Any, path: Sequence[str | int], root: Mapping[str, Any] | None = None) -> Schema:
    """Return the schema of a field inside; a position stands for an item. Empty where nothing is said about it."""
    root = root if root is not None else (schema if isinstance(schema, dict) else {})
    found = resolved(schema, root)
    for part in path:
        if isinstance(part, int):
            found = resolved(found.get("items"), root)
        else:
            fields = found.get("properties")
            found = resolved(fields.get(part), root) if isinstance(fields, dict) else {}
    return found
