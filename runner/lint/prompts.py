"""What a prompt says to the model, beside what the step asks, offers and hands over.

Owns: findings about the words of `ask`. They are read as text: only names that nothing else explains are told. Personal data
and secrets in prompts are `carried`'s and `secrets`'s part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from flowrun.errors import Span
from flowrun.lang import spec
from flowrun.lang.reading import short
from flowrun.lang.types import Type
from flowrun.lint.findings import Findings
from flowrun.lint.scope import World
from flowrun.values.nodes import walk
from flowrun.words import t

Node = list[Any]
LONGEST = 8_000
"""Characters of a prompt's own words above which nobody reads it as a whole."""

_GAP = "\x00"
"""Stands where an expression stood."""
_ASKS = re.compile(
    r"\b(?:return|answer|respond|reply|output|provide|include|fill|set|give|write|add|put)\b", re.IGNORECASE
)
_BY_HAND = re.compile(
    r"\b(?:return|answer|respond|reply|output|provide|produce|give|write)\b[^.\n\x00]{0,40}?"
    r"\b(?P<json>JSON)\b(?! (?:file|export|import|schema|example))",
    re.IGNORECASE,
)
_JSON_KEY = re.compile(r'"(?P<name>[A-Za-z_][A-Za-z0-9_]*)"\s*:')
_TICKED = re.compile(r"`(?P<name>[a-z][a-z0-9_]*)`")
_BULLET = re.compile(r"^[ \t]*[-*][ \t]+[`\"]?(?P<name>[a-z][a-z0-9_]*)[`\"]?[ \t]*:[ \t]+\S", re.MULTILINE)
_SENTENCE = re.compile(r"[.?!\x00]|(?<=\n)\n")
_CONSTANTS = frozenset({"null", "none", "true", "false", "yes", "no"})
_TOOL = re.compile(r"\b[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*\b")


def check_prompts(world: World, text: str, out: Findings) -> None:
    """Find what prompts say that the rest of their step does not; `text` is the flow's file, for exact places."""
    for step in world.every:
        if isinstance(step, spec.Ask):
            _Prompt(world, step, text, out).check()


class _Prompt:
    def __init__(self, world: World, step: spec.Ask, text: str, out: Findings) -> None:
        self.world, self.step, self.text, self.out = world, step, text, out
        self.words = "".join(_words(step.ask.node))
        self.answer = None if step.answer is None else world.schema_type(step.answer)

    def check(self) -> None:
        """Look at one prompt."""
        self.fields()
        self.by_hand()
        self.data()
        self.tools()
        if len(self.words) > LONGEST:
            self.out.add(
                "long-prompt",
                t("The words of this prompt are {n} characters long: nobody reads it as a whole.", n=len(self.words)),
                short(self.step.ask.span),
                help=t("Make two steps of it, or move facts into tables and tools that the step reads."),
            )

    def fields(self) -> None:
        """Fields that are asked for in words and that the answer does not have."""
        if self.answer is None or self.answer.kind != "object" or self.answer.open:
            return
        if "`" not in self.words and '":' not in self.words and not _BULLET.search(self.words):
            return
        own, known = set(_names(self.answer)), None
        told: set[str] = set()
        for name, needle, at in self.asked(own):
            if name in own or name in told:
                continue
            known = self.known() if known is None else known
            if name in known:
                continue
            told.add(name)
            guess = next(iter(get_close_matches(name, self.answer.fields or {}, n=1, cutoff=0.75)), None)
            span = self.place(needle, at, name)
            self.out.add(
                "field-not-in-answer",
                t("The prompt asks for `{name}`, and the answer {answer} has no such field.", name=name,
                  answer=self.step.answer),
                span,
                help=t("Did you mean `{guess}`?", guess=guess)
                if guess
                else t("Add the field to the schema of the answer, or take it out here: what the model says of it is refused."),
                fix=guess if guess and span.end_column - span.column == len(name) else None,
            )  # fmt: skip

    def asked(self, own: set[str]) -> Iterator[tuple[str, str, int]]:
        """Yield the names of fields that the words ask for: the name, the text around it, and where that begins."""
        brace = self.words.find("{")
        keys = list(_JSON_KEY.finditer(self.words, brace)) if brace >= 0 else []
        if any(found["name"] in own for found in keys) or (keys and _BY_HAND.search(self.words)):
            yield from ((found["name"], found[0], found.start()) for found in keys)
        listed = list(_BULLET.finditer(self.words))
        if sum(found["name"] in own for found in listed) * 2 >= max(len(listed), 2):
            yield from ((found["name"], found[0], found.start()) for found in listed)
        start = 0
        for sentence in _SENTENCE.split(self.words):
            ticked = list(_TICKED.finditer(sentence))
            # Names in ticks may be anything; among those of fields, or called so, they are fields.
            if ticked and _ASKS.search(sentence) and ("field" in sentence or any(f["name"] in own for f in ticked)):
                yield from ((f["name"], f[0], start + f.start()) for f in ticked if f["name"] not in _CONSTANTS)
            start += len(sentence) + 1

    def known(self) -> set[str]:
        """Return the names that a prompt may mean without asking for a field: data, tools, steps and choices."""
        found = {step.id for step in self.world.every} | set(_names(self.world.input))
        for name in self.world.flow.tools:
            args, output = self.world.signature(name)
            found |= {*name.split("."), *_names(args), *_names(output)}
        for step in self.world.every:
            if isinstance(step, spec.Ask | spec.AskPerson) and step.answer is not None:
                found |= set(_names(self.world.schema_type(step.answer)))
        for expr in self.step.ask.exprs:
            found |= {str(node[2]) for node in walk(expr.node) if node[0] == "attr"}
        return found | set(_names(self.world.schema_type(self.world.flow.output))) - set(_names(self.world.input))

    def by_hand(self) -> None:
        """JSON that is asked for in words."""
        found = _BY_HAND.search(self.words) if "json" in self.words.lower() else None
        if found is None:
            return
        has = self.step.answer is not None
        self.out.add(
            "json-by-hand",
            t("`answer` already makes the model answer in this form; asking for JSON in words can only disturb it.")
            if has
            else t("The model is asked for JSON in words, and nothing checks what comes: the answer is one text."),
            self.place(found[0], found.start(), found["json"]),
            help=t("Take the sentence out.")
            if has
            else t("Write the fields as a schema under `answer`, and take it out here."),
        )

    def data(self) -> None:
        """A prompt that tells the model nothing of the case."""
        step = self.step
        if step.ask.exprs or step.tools or step.to or any(node[0] in ("for", "if") for node in walk(step.ask.node)):
            return
        self.out.add(
            "prompt-without-data",
            t("This prompt is the same for every case: the model sees nothing of what came in."),
            spec.place_of(step, "ask") if "ask" not in step.at else step.at["ask"],
            help=t("Put in what it is about, like `${{ input.text }}`, or give the step tools to read with."),
        )

    def tools(self) -> None:
        """Tools that are named in words and not offered."""
        told: set[str] = set()
        for found in _TOOL.finditer(self.words):
            name = found[0]
            if name in told or name in self.step.tools or name not in self.world.catalogue.tools:
                continue
            told.add(name)
            self.out.add(
                "tool-not-offered",
                t("The prompt speaks of {name}, and this step may not use it.", name=name),
                self.place(name, found.start(), name),
                help=t("Add it under `tools` of this step, or take it out of the prompt."),
            )

    def place(self, needle: str, at: int, name: str) -> Span:
        """Return where a name stands in the file; where the file is not known, the prompt's first line."""
        span = self.step.ask.span
        lines = self.text.split("\n")[span.line - 1 : span.end_line] if self.text and span.line else []
        before = self.words[:at].count(name)
        for number, line in enumerate(lines):
            start, end = (
                (span.column - 1 if number == 0 else 0),
                (span.end_column if number == len(lines) - 1 else len(line)),
            )
            shown = _without(line)
            column = shown.find(name, start, end)
            while column >= 0:
                if before == 0:
                    row = span.line + number
                    return Span(span.file, row, column + 1, row, column + 1 + len(name))
                before -= 1
                column = shown.find(name, column + len(name), end)
        return short(span)


def _without(line: str) -> str:
    """Return a line with blanks where its expressions stand."""
    return re.sub(r"\$\{\{.*?\}\}|\{%.*?%\}", lambda found: " " * len(found[0]), line)


def _words(node: Node) -> Iterator[str]:
    """Yield the words that a prompt itself says, and a gap for each value."""
    kind = node[0]
    if kind == "lit":
        yield str(node[1]) if isinstance(node[1], str) else _GAP
    elif kind == "text":
        for part in node[1]:
            yield from _words(part)
    elif kind == "if":
        yield from _words(node[2])
        yield from _words(node[3])
    elif kind == "for":
        yield from _words(node[3])
    else:
        yield _GAP


def _names(kind: Type) -> Iterator[str]:
    """Yield the names of a type's fields and the texts of its choices, at any depth."""
    stack = [kind]
    while stack:
        part = stack.pop()
        yield from part.fields or ()
        yield from (value for value in part.enum or () if isinstance(value, str))
        stack += [*(part.fields or {}).values(), *([part.item] if part.item is not None else [])]
