"""YAML text to a tree of values with positions.

Owns: the nodes `Scalar`, `Seq` and `Map`, YAML 1.2's core schema for plain scalars, and the bounds on aliases and
depth. It knows nothing about flows; which keys may stand where is in the grammars.
"""

from __future__ import annotations

import math
import re
from typing import Any

import msgspec
import yaml
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # the stubs leave it out of __all__

from flowrun.errors import Diagnostic, Span
from flowrun.lang.codes import MAX_FINDINGS, diagnostic
from flowrun.lang.source import Source
from flowrun.lang.yaml_traps import explain, quoted
from flowrun.words import t

MAX_DEPTH = 60
MAX_ALIASES = 100
MAX_EXPANDED = 20_000
"""Most values that aliases may stand for, all together."""


class Scalar(msgspec.Struct, frozen=True):
    """One text, number, boolean or null. `style` is `plain`, `single`, `double`, `literal` or `folded`."""

    text: str
    value: Any
    style: str
    start: int
    end: int
    span: Span
    size: int = 1
    depth: int = 0


class Seq(msgspec.Struct, frozen=True):
    """A list."""

    items: tuple[Node, ...]
    start: int
    end: int
    span: Span
    size: int = 1
    depth: int = 1


class Map(msgspec.Struct, frozen=True):
    """A map in file order; keys are texts and unique."""

    entries: tuple[tuple[Scalar, Node], ...]
    start: int
    end: int
    span: Span
    size: int = 1
    depth: int = 1

    def get(self, key: str) -> Node | None:
        """Return the value of a key, or None."""
        return next((value for name, value in self.entries if name.text == key), None)


Node = Scalar | Seq | Map

_NULL = {"", "~", "null", "Null", "NULL"}
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+\Z")
_BASED = re.compile(r"0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_GROUPED = re.compile(r"[-+]?[0-9]+(_[0-9]+)+(\.[0-9]+)?\Z")
_SPECIAL = re.compile(r"[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z")
_STYLES = {"'": "single", '"': "double", "|": "literal", ">": "folded"}


class _Stop(Exception):
    """Reading this file further makes no sense; the finding is already noted."""


def compose(source: Source) -> tuple[Node | None, list[Diagnostic]]:
    """Return the tree of a file (None where it cannot be read at all) and its findings."""
    reader = _Reader(source)
    try:
        return reader.document(), reader.found
    except _Stop:
        return None, reader.found
    except yaml.YAMLError as error:
        reader.found.append(explain(source, error))
        return None, reader.found


def plain(node: Node) -> Any:
    """Return the JSON value of a tree, without positions."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Seq):
        return [plain(item) for item in node.items]
    return {key.text: plain(value) for key, value in node.entries}


class _Reader:
    """Builds the tree from libyaml's events; nothing is ever held that the bounds forbid."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.found: list[Diagnostic] = []
        self.anchors: dict[str, Node] = {}
        self.aliases = 0
        self.expanded = 0
        self.parser = CParser(source.text)

    def document(self) -> Node | None:
        self.next()
        event = self.next()
        if isinstance(event, yaml.StreamEndEvent):
            self.say("empty-file", t("The file is empty."), 0, 0, help=t("Start from a template: flowrun init."))
            return None
        node = self.node(self.next(), 1)
        self.next()
        event = self.next()
        if not isinstance(event, yaml.StreamEndEvent):
            self.say(
                "several-documents",
                t("A second document starts here; a file holds exactly one."),
                event.start_mark.index,
                event.start_mark.index + 3,
                help=t("Move what follows `---` to a file of its own."),
            )
            return None  # which of the two was meant is not known, so neither is looked into
        return node

    def next(self) -> Any:
        return self.parser.get_event()

    def say(self, rule: str, message: str, start: int, end: int, **more: Any) -> None:
        self.found.append(diagnostic(rule, message, self.source.span(start, end), **more))
        if len(self.found) >= MAX_FINDINGS:
            raise _Stop

    def node(self, event: Any, depth: int) -> Node:
        kind = type(event)
        if kind is yaml.AliasEvent:
            return self.alias(event)
        if depth > MAX_DEPTH or event.tag is not None:
            self.properties(event, depth)
        node: Node
        if kind is yaml.ScalarEvent:
            node = self.scalar(event)
        elif kind is yaml.SequenceStartEvent:
            node = self.sequence(event, depth)
        else:
            node = self.mapping(event, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def properties(self, event: Any, depth: int) -> None:
        start, end = event.start_mark.index, event.end_mark.index
        if depth > MAX_DEPTH:
            self.say(
                "too-deep",
                t("More than {max_depth} levels stand inside each other.", max_depth=MAX_DEPTH),
                start,
                start + 1,
                help=t("Move inner steps to a flow of their own and `call` it."),
            )
            raise _Stop
        if event.tag != "!":
            text = re.match(r"(&\S+\s+)?(![^\s,\]}]*)", self.source.text[start:end])
            place = (start + text.start(2), start + text.end(2)) if text else (start, start + 1)
            written = text.group(2) if text else event.tag
            self.say(
                "yaml-tag",
                t(
                    "`{written}` starts with `!`, which asks YAML for something special. That may not be used here.",
                    written=written,
                ),
                *place,
                help=t("For “not” write `not …`; if it is text, put quotes around it."),
            )

    def alias(self, event: Any) -> Node:
        start, end = event.start_mark.index, event.end_mark.index
        target = self.anchors.get(event.anchor)
        if target is None:
            self.say(
                "unknown-anchor",
                t("`*{anchor}` repeats `&{anchor}`, which does not stand (whole) above it.", anchor=event.anchor),
                start,
                end,
                help=t("A text that begins with * needs quotes around it."),
                fix=quoted(self.source.text[start:end]),
            )
            raise _Stop
        self.aliases += 1
        self.expanded += target.size
        if self.aliases > MAX_ALIASES or self.expanded > MAX_EXPANDED:
            self.say(
                "too-many-aliases",
                t("The aliases (`*name`) of this file stand for too much; reading stops here."),
                start,
                end,
                help=t(
                    "At most {max_aliases} aliases and {max_expanded} repeated values. Write the values out.",
                    max_aliases=MAX_ALIASES,
                    max_expanded=MAX_EXPANDED,
                ),
            )
            raise _Stop
        return target

    def sequence(self, event: Any, depth: int) -> Seq:
        items: list[Node] = []
        size, deepest = 1, 0
        get = self.parser.get_event
        while type(last := get()) is not yaml.SequenceEndEvent:
            item = self.node(last, depth + 1)
            items.append(item)
            size += item.size
            deepest = self.deeper(item, deepest, depth)
        start, end = event.start_mark.index, self.end(event, last, items[-1].end if items else 0)
        return Seq(tuple(items), start, end, self.source.span(start, end), size, 1 + deepest)

    def mapping(self, event: Any, depth: int) -> Map:
        entries: list[tuple[Scalar, Node]] = []
        seen: dict[str, Scalar] = {}
        size, deepest, furthest, twice = 1, 0, 0, 0
        get = self.parser.get_event
        while type(last := get()) is not yaml.MappingEndEvent:
            key = self.key(last, depth)
            value = self.node(get(), depth + 1)
            deepest = self.deeper(value, deepest, depth)
            twice += key is not None and key.text in seen
            if key is not None and self.fresh(key, seen, told=twice > 1):
                seen[key.text] = key
                entries.append((key, value))
                size += value.size
                furthest = max(furthest, value.end)
        start, end = event.start_mark.index, self.end(event, last, furthest)
        return Map(tuple(entries), start, end, self.source.span(start, end), size, 1 + deepest)

    def deeper(self, node: Node, deepest: int, depth: int) -> int:
        """An alias adds the depth of its target, which the position in the file does not show."""
        if depth + node.depth > MAX_DEPTH:
            self.say(
                "too-deep",
                t("More than {max_depth} levels stand inside each other.", max_depth=MAX_DEPTH),
                node.start,
                node.start + 1,
            )
            raise _Stop
        return node.depth if node.depth > deepest else deepest

    def end(self, event: Any, last: Any, inner: int) -> int:
        """Block collections end at the next token; the last value's end is what a reader sees."""
        if event.flow_style:
            return int(last.end_mark.index)
        return max(inner, int(event.start_mark.index)) if inner <= last.end_mark.index else int(last.end_mark.index)

    def key(self, event: Any, depth: int) -> Scalar | None:
        start = event.start_mark.index
        if isinstance(event, yaml.ScalarEvent):
            if depth > MAX_DEPTH or event.tag is not None:
                self.properties(event, depth)
            key = self.scalar(event, key=True)
            if event.anchor is not None:
                self.anchors[event.anchor] = key
            return key
        node = self.node(event, depth + 1)
        if isinstance(node, Map) and self.source.text[max(0, start - 1) : start + 1] == "{{":
            close = self.source.text.find("}}", start)
            inner = self.source.text[start + 1 : close].strip()
            self.say(
                "unquoted-expression",
                t("YAML reads these braces as a map inside a map."),
                start - 1,
                close + 2 if close >= 0 else node.end,
                help=t('An expression is written as "${{ … }}", with quotes around it.'),
                fix=quoted(f"${{{{ {inner} }}}}") if close >= 0 and "\n" not in inner else None,
            )
        else:
            self.say("key-not-text", t("A key must be a text."), start, node.end, help=t("Write `name: value`."))
        return None

    def fresh(self, key: Scalar, seen: dict[str, Scalar], *, told: bool) -> bool:
        """Whether a key may stand here. `told`: another key of this map stands twice, which most often has one cause."""
        if key.text == "<<" and key.style == "plain":
            self.say(
                "merge-key",
                t("Merge keys (`<<`) may not be used."),
                key.start,
                key.end,
                help=t("Write the keys out here."),
            )
            return False
        first = seen.get(key.text)
        if first is None or told:
            return first is None
        self.say(
            "duplicate-key",
            t("`{key}` stands twice in this map, first in line {line}.", key=key.text, line=first.span.line),
            key.start,
            key.end,
            help=t("Keep one of the two."),
            related=((first.span, t("first here")),),
        )
        return False

    def scalar(self, event: Any, *, key: bool = False) -> Scalar:
        start, end = event.start_mark.index, event.end_mark.index
        style = _STYLES.get(event.style or "", "plain")
        text: str = event.value
        if style in ("literal", "folded"):
            end = start + len(self.source.text[start:end].rstrip())
        value: Any = text
        if style == "plain" and event.implicit[0] and not key:
            value = self.resolve(text, start, end)
        return Scalar(text, value, style, start, end, self.source.span(start, end))

    def resolve(self, text: str, start: int, end: int) -> Any:
        """The core schema of YAML 1.2, and findings for numbers that people and programs read differently."""
        if text in _NULL:
            return None
        if text in _BOOL:
            return _BOOL[text]
        if not (text[0].isdigit() or text[0] in "-+."):
            return text
        digits = text.lstrip("-+")
        if _BASED.match(text):
            return int(text, 0)
        if _GROUPED.match(text):
            self.say(
                "grouped-number",
                t("`{text}` is a text in YAML 1.2, not a number.", text=text),
                start,
                end,
                help=t("Write a number without `_`, or put quotes around a text."),
                fix=text.replace("_", ""),
            )
            return float(text.replace("_", "")) if "." in text else int(text.replace("_", ""))
        whole = _INT.match(text) is not None
        if not whole and not _FLOAT.match(text):
            if _SPECIAL.match(text):
                self.say(
                    "bad-number",
                    t("`{text}` cannot be used: it is no number in JSON.", text=text),
                    start,
                    end,
                    help=t("Write a number, or null where there is none; put quotes around a text."),
                )
            return text
        if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit():
            self.say(
                "leading-zero",
                t("`{text}` is a number here, so its leading zero is lost.", text=text),
                start,
                end,
                help=t("Put quotes around codes such as postcodes and telephone numbers."),
                fix=f'"{text}"',
            )
        number = int(text) if whole and len(digits) <= 18 else float(text)
        if len(digits) > 18 and (whole or math.isinf(number)):
            self.say(
                "bad-number",
                t("`{text}` is too large for a number.", text=text[:24]),
                start,
                end,
                help=t("Put quotes around it."),
                fix=f'"{text}"',
            )
            return text
        return number if not math.isinf(number) else text
