"""Texts in which expressions stand: `${{ … }}` everywhere, `{% if %}` and `{% for %}` in prompts.

Owns: cutting a text into fragments and building one node of them. What stands inside the braces is parsed by
the function that is handed in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from flowrun.lang.expr_paths import KEYWORDS
from flowrun.lang.expr_problem import Problem, suggestion
from flowrun.lang.expr_scan import find_end
from flowrun.values.functions import FUNCTIONS
from flowrun.values.nodes import ROOTS, Node, walk
from flowrun.words import t

Embedded = tuple[str, int, Node]
"""An expression inside a text: as written, its offset in the text, its node."""

Parse = Callable[[str, frozenset[str]], tuple[Node | None, tuple[Problem, ...]]]

_TAGS = ("if", "elif", "else", "endif", "for", "endfor")
_FOREIGN = (
    "set",
    "macro",
    "endmacro",
    "include",
    "import",
    "from",
    "block",
    "endblock",
    "extends",
    "call",
    "raw",
)
_MAX_BLOCKS = 20


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of a text: `kind` is `text`, `expr` or `tag`; `source` is stripped, and `offset` is where it
    starts.
    """

    kind: str
    source: str
    offset: int


@dataclass(slots=True)
class Fragments:
    """All pieces of a text in order, and what is already wrong."""

    pieces: list[Fragment] = field(default_factory=list)
    problems: list[tuple[int, Problem]] = field(default_factory=list)


def split(text: str, *, prompt: bool) -> Fragments:
    """Cut a text at its `${{ … }}` and, in prompts, at its `{% … %}`."""
    found = Fragments()
    at = begin = 0
    strip_next = False
    while True:
        at = _next_brace(text, at)
        if at < 0:
            break
        tag = text.startswith("{%", at)
        dollar = not tag and at > 0 and text[at - 1] == "$"
        if not dollar and not (tag and prompt):
            _note_stray(text, at, found, prompt=prompt)
            at += 2
            continue
        opened = at if tag else at - 1
        inner = at + 2
        end = find_end(text, inner, "%}" if tag else "}}")
        if end < 0:
            sign = "{%" if tag else "${{"
            shown = _START.match(text, inner)
            needle = text[opened : shown.end() if shown else inner]
            message, help_ = t("`{sign}` is not closed.", sign=sign), t("Add `{sign}`.", sign="%}" if tag else "}}")
            found.problems.append((opened, Problem("unbalanced", message, help_, needle)))
            if tag:
                break
            at = inner
            continue
        before, after = text[begin:opened], end + 2
        source = text[inner:end]
        if strip_next:
            before, strip_next = before.lstrip(), False
        if tag:
            if source.startswith("-"):
                before, source, inner = before.rstrip(), source[1:], inner + 1
            if source.endswith("-"):
                source, strip_next = source[:-1], True
            before, after = _own_line(text, before, opened, after)
        if before:
            found.pieces.append(Fragment("text", before, begin))
        lead = len(source) - len(source.lstrip())
        found.pieces.append(Fragment("tag" if tag else "expr", source.strip(), inner + lead))
        at = begin = after
    tail = text[begin:].lstrip() if strip_next else text[begin:]
    if tail:
        found.pieces.append(Fragment("text", tail, begin))
    return found


_START = re.compile(r" *[\w.]+")
_OPENING = re.compile(r"\{[{%]")


def _next_brace(text: str, at: int) -> int:
    found = _OPENING.search(text, at)
    return -1 if found is None else found.start()


def _own_line(text: str, before: str, opened: int, after: int) -> tuple[str, int]:
    """A tag that has a line for itself leaves no empty line behind."""
    line = text.rfind("\n", 0, opened) + 1
    newline = text.find("\n", after)
    rest = text[after:] if newline < 0 else text[after:newline]
    if text[line:opened].strip(" \t") or rest.strip(" \t\r"):
        return before, after
    return before.rstrip(" \t"), len(text) if newline < 0 else newline + 1


def _note_stray(text: str, at: int, found: Fragments, *, prompt: bool) -> None:
    """`{{ input.x }}` without the dollar, and tags outside prompts, are surely not meant as text."""
    words = text[at + 2 : at + 80].lstrip(" -").split(None, 1)
    word = words[0] if words else ""
    if text.startswith("{%", at):
        told = any(problem.rule == "tags-in-text" for _, problem in found.problems)
        if not told and (word in _TAGS or word in _FOREIGN):
            help_ = t("Use `${{ A if CONDITION else B }}`, or a `choose` step.")
            found.problems.append((at, Problem("tags-in-text", t("`{% %}` is for prompts only."), help_, "{%")))
        return
    end = text.find("}}", at)
    inner = text[at + 2 : end].strip() if end > 0 else ""
    if inner.split(".")[0] in ROOTS and all(part.isidentifier() for part in inner.split(".")):
        found.problems.append(
            (
                at,
                Problem(
                    "missing-dollar",
                    t("An expression in a text starts with `${{`."),
                    t("Write `${{ {inner} }}`.", inner=inner),
                    "{{",
                ),
            )
        )


@dataclass(slots=True)
class _Block:
    """An open `if` or `for`: the branches closed so far, and the parts of the current one."""

    kind: str
    offset: int
    condition: Node | None = None
    variable: str = ""
    parts: list[Node] = field(default_factory=list)
    branches: list[tuple[Node, Node]] = field(default_factory=list)
    has_else: bool = False


class _Builder:
    def __init__(self, parse: Parse) -> None:
        self.parse = parse
        self.stack = [_Block("text", 0)]
        self.embedded: list[Embedded] = []
        self.problems: list[tuple[int, Problem]] = []

    def note(self, offset: int, rule: str, message: str, help_: str, needle: str) -> None:
        self.problems.append((offset, Problem(rule, message, help_, needle)))

    def expression(self, source: str, offset: int) -> Node:
        variables = frozenset(block.variable for block in self.stack if block.variable)
        node, problems = self.parse(source, variables)
        self.problems.extend((offset, problem) for problem in problems)
        if node is None:
            return ["lit", None]
        if not (variables and any(part[0] == "var" for part in walk(node))):
            self.embedded.append((source, offset, node))
        return node

    def tag(self, source: str, offset: int) -> None:
        word, _, rest = source.partition(" ")
        rest_at = offset + len(word) + 1 + len(rest) - len(rest.lstrip())
        rest, top = rest.strip(), self.stack[-1]
        if word in ("if", "for") and len(self.stack) > _MAX_BLOCKS:
            self.note(
                offset,
                "too-deep",
                t("At most {max_blocks} blocks may be inside each other.", max_blocks=_MAX_BLOCKS),
                t("Use fewer."),
                source,
            )
        elif word == "if":
            self.stack.append(_Block("if", offset, condition=self.expression(rest, rest_at)))
        elif word == "for":
            self.open_for(source, rest, offset, rest_at)
        elif word not in _TAGS:
            help_ = t("In prompts there are {tags}.", tags=", ".join(f"`{{% {tag} %}}`" for tag in _TAGS))
            guess = suggestion(word, _TAGS) if word not in _FOREIGN else ""
            self.note(
                offset,
                "unknown-tag",
                t("There is no `{% {word} %}`.", word=word),
                guess if guess.startswith("Did") else help_,
                word,
            )
        elif top.kind != ("for" if word == "endfor" else "if"):
            self.note(
                offset,
                "unbalanced",
                t("`{% {word} %}` belongs to nothing that is open.", word=word),
                t("Remove it, or open its block."),
                source,
            )
        elif word == "endfor":
            self.stack.pop()
            self.stack[-1].parts.append(["for", top.variable, top.condition, ["text", top.parts]])
        elif word == "endif":
            self.close_if(top)
        elif top.has_else:
            self.note(
                offset,
                "unbalanced",
                t("`{% {word} %}` comes after `{% else %}`.", word=word),
                t("Put `{% else %}` last."),
                source,
            )
        else:
            self.next_branch(top)
            if word == "elif":
                # The condition sees the variables of the loops around, as the first one did.
                top.condition = self.expression(rest, rest_at)
            else:
                top.has_else = True

    def open_for(self, source: str, rest: str, offset: int, rest_at: int) -> None:
        name, found, items = rest.partition(" in ")
        name = name.strip()
        if not found or not (name.isascii() and name.isidentifier()):
            self.note(offset, "syntax", t("This loop cannot be read."), t("Write `{% for NAME in LIST %}`."), source)
            name, items = "_", "[]"
        elif name in ROOTS or name in KEYWORDS or name in FUNCTIONS:
            self.note(
                offset,
                "name-taken",
                t("`{name}` means something else already.", name=name),
                t("Choose another name."),
                name,
            )
        blank = len(items) - len(items.lstrip())
        at = rest_at + len(rest) - len(items) + blank if found else rest_at
        listed = self.expression(items.strip(), at)
        self.stack.append(_Block("for", offset, condition=listed, variable=name))

    def next_branch(self, top: _Block) -> None:
        top.branches.append((top.condition or ["lit", None], ["text", top.parts]))
        top.parts = []

    def close_if(self, top: _Block) -> None:
        if not top.has_else:
            self.next_branch(top)
        node: Node = ["text", top.parts] if top.has_else else ["lit", ""]
        for condition, then in reversed(top.branches):
            node = ["if", condition, then, node]
        self.stack.pop()
        self.stack[-1].parts.append(node)


def build(
    found: Fragments, parse: Parse, *, prompt: bool
) -> tuple[Node | None, tuple[Embedded, ...], tuple[tuple[int, Problem], ...]]:
    """Return one node for all pieces, the expressions inside, and what is wrong."""
    builder = _Builder(parse)
    builder.problems.extend(found.problems)
    for piece in found.pieces:
        if piece.kind == "text":
            builder.stack[-1].parts.append(["lit", piece.source])
        elif piece.kind == "expr":
            builder.stack[-1].parts.append(builder.expression(piece.source, piece.offset))
        else:
            builder.tag(piece.source, piece.offset)
    for block in builder.stack[1:]:
        builder.note(
            block.offset,
            "unbalanced",
            t("`{% {kind} %}` is not closed.", kind=block.kind),
            t("Add `{sign}`.", sign=f"{{% end{block.kind} %}}"),
            block.kind,
        )
    if builder.problems:
        return None, tuple(builder.embedded), tuple(sorted(builder.problems, key=lambda entry: entry[0]))
    parts = builder.stack[0].parts
    real = [piece for piece in found.pieces if piece.kind != "text" or piece.source.strip()]
    node: Node = ["text", parts]
    if not prompt and len(real) == 1 and real[0].kind == "expr":
        node = next(part for part, piece in zip(parts, found.pieces, strict=True) if piece.kind == "expr")
    elif len(parts) == 1 and parts[0][0] == "lit" and type(parts[0][1]) is str:
        node = parts[0]
    elif not parts:
        node = ["lit", ""]
    return node, tuple(builder.embedded), ()
