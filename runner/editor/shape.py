"""What may stand at a place of a file, read from the schema of its workspace.

Owns: the walk from the top of a schema along the way to a place, through choices that what is written decides. The schema
itself is made by `schemas`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flowrun.editor.outline import Part, Step
from flowrun.lang.kinds import NAMED

Json = dict[str, Any]
Layers = tuple[Json, ...]
"""Schemas that all hold for one value."""

_MOST = 64
"""Alternatives that are looked at; the language has fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChoice:
    """A key that may stand at a place. `view` is what its value may be."""

    name: str
    about: str
    required: bool
    view: View


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueChoice:
    """A value that may stand at a place; `sample` where it is only an example."""

    text: str
    about: str
    sample: bool


class View:
    """Everything that one value may be: one of several alternatives."""

    def __init__(self, root: Json, alternatives: Sequence[Layers]) -> None:
        self.root = root
        self.alternatives = list(alternatives)[:_MOST]

    @classmethod
    def of(cls, schema: Json, way: Iterable[Step], *, last: bool) -> View:
        """Return the view at the end of a way; without `last` that of the map or list before its last step."""
        view = cls(schema, [(schema,)])
        steps = list(way)
        for number, (part, key) in enumerate(steps):
            view = view.narrowed(part, but=str(key) if number == len(steps) - 1 else "")
            if not last and number == len(steps) - 1:
                return view
            view = view.inside(key)
        return view

    def narrowed(self, part: Part | None, *, but: str = "") -> View:
        """Return the alternatives that go with what is written; `but` is a key that is only being written."""
        found = [layers for each in self.alternatives for layers in self._expand(each, part)]
        if part is None or part.kind == "none":
            return View(self.root, found)
        keys = [key for key in part.names() if key != but]
        if part.kind == "map":
            found = [each for each in found if _takes(each, "object")] or found
            scores = [sum(self._knows(each, key) for key in keys) for each in found]
            best = max(scores, default=0)
            found = [each for each, score in zip(found, scores, strict=True) if score == best]
        elif part.kind == "list":
            found = [each for each in found if any("items" in layer for layer in each)]
        return View(self.root, found)

    def inside(self, key: str | int) -> View:
        """Return the view of the value of a key, or of an item."""
        found: list[Layers] = []
        for layers in self.alternatives:
            inner: list[Json] = []
            for layer in layers:
                part = layer.get("items") if isinstance(key, int) else _property(layer, key)
                if isinstance(part, dict):
                    inner.append(part)
            if inner:
                found.append(tuple(inner))
        return View(self.root, found)

    def keys(self, present: Iterable[str]) -> list[KeyChoice]:
        """Return the keys that may still be written, in the order of the schema."""
        there = set(present)
        found: dict[str, KeyChoice] = {}
        needed = [{name for layer in layers for name in layer.get("required", ())} for layers in self.alternatives]
        required = set.intersection(*needed) if needed else set()
        for layers in self.alternatives:
            for layer in layers:
                for name in layer.get("properties", {}):
                    if name not in there and name not in found:
                        view = self.inside(name)
                        found[name] = KeyChoice(name=name, about=view.about(), required=name in required, view=view)
        return list(found.values())

    def values(self) -> list[ValueChoice]:
        """Return the values that may be written."""
        found: dict[str, ValueChoice] = {}
        for layers in self.narrowed(None).alternatives:
            for layer in layers:
                told = layer.get("enumDescriptions", ())
                for number, value in enumerate(layer.get("enum", ())):
                    about = told[number] if number < len(told) else ""
                    found.setdefault(_word(value), ValueChoice(text=_word(value), about=about, sample=False))
                if "const" in layer:
                    found.setdefault(
                        _word(layer["const"]), ValueChoice(text=_word(layer["const"]), about="", sample=False)
                    )
                for value in layer.get("examples", ()):
                    if isinstance(value, str):
                        found.setdefault(value, ValueChoice(text=value, about="", sample=True))
        return list(found.values())

    def about(self) -> str:
        """Return what the schema says about the value."""
        for layers in [*self.alternatives, *self.narrowed(None).alternatives]:
            for layer in layers:
                if isinstance(layer.get("description"), str):
                    return str(layer["description"])
        return ""

    def names(self) -> set[str]:
        """Return what kinds of things the value may name (`tool`, `role`, …, `expression`)."""
        layers = [layer for each in self.narrowed(None).alternatives for layer in each]
        return {str(layer[NAMED]) for layer in layers if NAMED in layer}

    def snippets(self) -> list[Json]:
        """Return the pieces that the schema offers for the value."""
        layers = [layer for each in self.narrowed(None).alternatives for layer in each]
        found = {piece["label"]: piece for layer in layers for piece in layer.get("defaultSnippets", ())}
        return list(found.values())

    def form(self) -> str:
        """Return whether the value is surely a `map` or a `list`, else an empty text."""
        kinds = set()
        for layers in self.narrowed(None).alternatives:
            lists = any(layer.get("type") == "array" or "items" in layer for layer in layers)
            kinds.add("list" if lists else "map" if any("properties" in layer for layer in layers) else "")
        return kinds.pop() if len(kinds) == 1 else ""

    def _knows(self, layers: Layers, key: str) -> bool:
        return any(_property(layer, key) is not None for layer in layers)

    def _expand(self, layers: Layers, part: Part | None, depth: int = 0) -> list[Layers]:
        found: list[Layers] = [()]
        for layer in layers:
            options = self._layer(layer, part, depth)
            found = [(*before, *option) for before in found for option in options][:_MOST]
        return found

    def _layer(self, layer: Json, part: Part | None, depth: int) -> list[Layers]:
        if depth > 12:
            return [(layer,)]
        ref = layer.get("$ref")
        found: list[Layers] = [(layer,)]
        more: list[Json] = []
        if isinstance(ref, str):
            named = self.root.get("$defs", {}).get(ref.removeprefix("#/$defs/"))
            more += [named] if isinstance(named, dict) else []
        for inner in layer.get("allOf", ()):
            if "if" not in inner:
                more.append(inner)
            elif part is not None and part.kind == "map" and _holds(inner["if"], part):
                more.append(inner["then"])
        for inner in more:
            found = [(*before, *after) for before in found for after in self._layer(inner, part, depth + 1)]
        for key in ("anyOf", "oneOf"):
            choices = layer.get(key)
            if isinstance(choices, list):
                options = [each for choice in choices for each in self._layer(choice, part, depth + 1)]
                found = [(*before, *after) for before in found for after in options]
        return found[:_MOST]


def _holds(condition: Json, part: Part) -> bool:
    wanted = condition.get("properties", {})
    return all(part.word(key) == value.get("const") for key, value in wanted.items())


def _takes(layers: Layers, kind: str) -> bool:
    kinds = [layer["type"] for layer in layers if "type" in layer]
    return all(kind == each or (isinstance(each, list) and kind in each) for each in kinds)


def _property(layer: Json, key: str) -> Json | None:
    found = layer.get("properties", {}).get(key)
    if isinstance(found, dict):
        return found
    for pattern, inner in layer.get("patternProperties", {}).items():
        if re.search(pattern, key) and isinstance(inner, dict):
            return inner
    extra = layer.get("additionalProperties")
    return extra if isinstance(extra, dict) else None


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)
