"""A JSON Schema with places, taken apart: every schema inside it, and its words.

Owns: the walk over a schema's tree and what the walk knows of each part. What is wrong with a part is said by the
`schema_*` families.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flowrun.errors import Edit, Span
from flowrun.lang.document import Map, Node, Scalar, Seq, plain
from flowrun.lang.edits import insert
from flowrun.lang.yaml_traps import quoted

NAMED = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
SINGLE = ("items", "additionalProperties", "contains", "propertyNames", "unevaluatedItems", "unevaluatedProperties")
LISTED = ("prefixItems",)
OPTIONS = ("anyOf", "oneOf")
PIECES = ("allOf", "not", "if", "then", "else")
"""Words whose schemas say only a piece of what a value is: what such a piece leaves open, others may close."""
TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")


@dataclass(frozen=True, slots=True)
class Part:
    """One schema. `key`: the name of the field that it describes, where it is a property; `owner`: that record's words."""

    node: Map
    words: Mapping[str, tuple[Scalar, Node]]
    key: Scalar | None = None
    owner: Mapping[str, tuple[Scalar, Node]] | None = None
    piece: bool = False

    @property
    def name(self) -> str:
        """The field's name, empty where the part is no field."""
        return "" if self.key is None else self.key.text

    @property
    def span(self) -> Span:
        """Where a person looks for the part: at the field's name, else at its first word."""
        if self.key is not None:
            return self.key.span
        return self.node.entries[0][0].span if self.node.entries else self.node.span

    def value(self, word: str) -> Any:
        """Return the plain value of a word, or None."""
        found = self.words.get(word)
        return None if found is None else plain(found[1])

    def kinds(self) -> frozenset[str]:
        """Return the JSON types that the part names, without what is none; empty where it names none."""
        given = self.value("type")
        listed = given if isinstance(given, list) else [given]
        return frozenset(kind for kind in listed if isinstance(kind, str) and kind in TYPES)

    def plain_kinds(self) -> frozenset[str]:
        """Return the types without null, those of the options of `anyOf` and `oneOf` included."""
        found = set(self.kinds())
        for word in OPTIONS:
            options = self.words.get(word)
            if options is not None and isinstance(options[1], Seq):
                for option in options[1].items:
                    if isinstance(option, Map):
                        found |= Part(option, words_of(option)).kinds()
        return frozenset(found - {"null"})

    def marks(self, word: str) -> bool:
        """Whether a word stands here, or in one of the options."""
        if word in self.words:
            return True
        options = [self.words[name][1] for name in OPTIONS if name in self.words]
        inner = [item for listed in options if isinstance(listed, Seq) for item in listed.items]
        return any(isinstance(item, Map) and item.get(word) is not None for item in inner)


def words_of(node: Map) -> dict[str, tuple[Scalar, Node]]:
    """Return a map's entries by key."""
    return {key.text: (key, value) for key, value in node.entries}


def before(node: Map, key: Scalar, word: str, value: str | bool) -> tuple[Edit, ...]:
    """Return the change that puts `word: value` before a key of a map, written as the map is written."""
    text = json.dumps(value) if isinstance(value, bool) or key.style == "double" else value
    lines = node.start == node.entries[0][0].start  # a key in each line
    after = "\n" + " " * (key.span.column - 1) if lines else ", "
    return (insert(key.span, f"{written(word, key)}: {text}{after}"),)


def written(text: str, like: Scalar) -> str:
    """Return a text in the quotes of another."""
    if like.style == "double":
        return json.dumps(text, ensure_ascii=False)
    return quoted(text) if like.style == "single" else text


def parts(tree: Map) -> Iterator[Part]:
    """Yield the schema itself and every schema inside it, in the order of the file."""
    pieces = _uses_pieces(tree)
    stack = [Part(tree, words_of(tree))]
    while stack:
        part = stack.pop()
        yield part
        stack += reversed(list(_inside(part, pieces)))


def _inside(part: Part, pieces: bool) -> Iterator[Part]:
    for word, (_, value) in part.words.items():
        if word in NAMED and isinstance(value, Map):
            field = word == "properties"
            piece = part.piece or word == "dependentSchemas" or (pieces and word in ("$defs", "definitions"))
            for key, inner in value.entries:
                if isinstance(inner, Map):
                    owner = part.words if field else None
                    yield Part(inner, words_of(inner), key if field else None, owner, piece and not field)
        elif word in SINGLE and isinstance(value, Map):
            yield Part(value, words_of(value))
        elif word in (*LISTED, *OPTIONS, *PIECES):
            for inner in value.items if isinstance(value, Seq) else (value,):
                if isinstance(inner, Map):
                    yield Part(inner, words_of(inner), piece=part.piece or word in PIECES)


def _uses_pieces(tree: Node) -> bool:
    """Whether definitions of this schema may be put together, so that each by itself is no whole record."""
    stack: list[Node] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, Map):
            for key, value in node.entries:
                if key.text == "allOf":
                    return True
                stack.append(value)
        elif isinstance(node, Seq):
            stack += node.items
    return False
