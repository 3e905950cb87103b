"""What may be written next in an expression, and what a name in it means.

Owns: looking back from the cursor over a text that is not finished, and the choice of names, fields, values and functions.
What names exist is told by `names`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from flowrun.editor.known import Known, in_words
from flowrun.editor.names import Names, Value
from flowrun.values.functions import FUNCTIONS
from flowrun.words import mark, sentences, t

_NAME = re.compile(r"[A-Za-z0-9_]*\Z")
_COMPARED = re.compile(r"(==|!=|\bnot in|\bin)\s*[\[(]?(?:\s*(?:\"[^\"]*\"|'[^']*')\s*,)*\s*\Z")
_WHERE = re.compile(r"\|\s*(?:any|all|count|select)\((?:[^()]*,)?\s*(\w+)\s*=\s*\Z")
_WHERE_NAME = re.compile(r"\|\s*(?:any|all|count|select|map|sort|sum|min|max|unique)\((?:[^()]*,)?\s*[\"']?\Z")
_WORDS = {
    "and": mark("Both must hold."),
    "or": mark("One of the two must hold."),
    "not": mark("The opposite."),
    "is none": mark("Whether there is nothing."),
    "is not none": mark("Whether there is something."),
    "in": mark("Whether a list holds it."),
    "if": mark("One value or another: A if CONDITION else B."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One thing that may be written. `start` is the place, in the expression, from which it replaces what is there."""

    label: str
    kind: str
    detail: str
    about: str
    insert: str
    start: int
    rank: int


def choices(before: str, names: Names, known: Known) -> list[Choice]:
    """Return what may follow an expression that is written so far."""
    quote = _open_quote(before)
    if quote is not None:
        return _in_quotes(before, quote, names)
    name = _NAME.search(before)
    start = name.start() if name else len(before)
    head = before[:start]
    if head.endswith("."):
        return list(_fields(head[:-1], start, names, known))
    stripped = head.rstrip()
    if stripped.endswith("|"):
        return list(_functions("filter", start))
    found = list(_values(stripped, start, names)) + list(_where(stripped, start, names))
    if stripped and (stripped[-1].isalnum() or stripped[-1] in "_)]\"'") and not _waits(stripped):
        return [*found, *_words(start), _pipe(start)]
    return [*found, *_roots(start, names), *_functions("function", start)]


def _waits(text: str) -> bool:
    """Whether the last word is one that a value follows."""
    return re.search(r"(?:\b|\A)(and|or|not|in|if|else|is)\Z", text) is not None


def _open_quote(text: str) -> int | None:
    """Return where a text in quotes begins that is not closed."""
    opened: int | None = None
    at = 0
    while at < len(text):
        char = text[at]
        if opened is None and char in "\"'":
            opened = at
        elif opened is not None and char == "\\":
            at += 1
        elif opened is not None and char == text[opened]:
            opened = None
        at += 1
    return opened


def _in_quotes(before: str, quote: int, names: Names) -> list[Choice]:
    head = before[:quote]
    found = [
        Choice(label=value, kind="value", detail="", about="", insert=value, start=quote + 1, rank=0)
        for value in _texts(_compared(head, names))
    ]
    if not found and _WHERE_NAME.search(head):
        return [_plain(choice, quote + 1) for choice in _where(head, quote, names)]
    return found


def _plain(choice: Choice, start: int) -> Choice:
    return Choice(label=choice.label, kind=choice.kind, detail=choice.detail, about=choice.about,
                  insert=choice.label, start=start, rank=choice.rank)  # fmt: skip


def _compared(head: str, names: Names) -> Value | None:
    """Return the value that the next one is compared with."""
    operator = _COMPARED.search(head)
    if operator is not None:
        return value_before(head[: operator.start()], names)
    where = _WHERE.search(head)
    if where is None:
        return None
    listed = value_before(head[: where.start()], names)
    return None if listed is None else listed.item().field(where[1])


def _texts(value: Value | None) -> list[str]:
    return [each for each in (value.type.enum or ()) if isinstance(each, str)] if value is not None else []


def _values(head: str, start: int, names: Names) -> Iterator[Choice]:
    value = _compared(head, names)
    for each in _texts(value):
        yield Choice(label=f'"{each}"', kind="value", detail="", about="", insert=f'"{each}"', start=start, rank=0)
    if value is not None and value.type.kind == "boolean":
        for word in ("true", "false"):
            yield Choice(label=word, kind="value", detail="", about="", insert=word, start=start, rank=0)


def _where(head: str, start: int, names: Names) -> Iterator[Choice]:
    """The fields of a list's items, inside `any(…)` and the like."""
    opened = _WHERE_NAME.search(head)
    listed = value_before(head[: opened.start()], names) if opened else None
    if listed is None:
        return
    quoted = re.search(r"\|\s*(any|all|count|select)\b", opened.group() if opened else "") is None
    for name, value in listed.item().fields().items():
        yield _field(name, value, start, insert=f'"{name}"' if quoted else f"{name}=")


def _fields(base: str, start: int, names: Names, known: Known) -> Iterator[Choice]:
    text = chain(base)
    parts = text.split(".")
    if text == "steps":
        for name, value in reversed((names.steps or {}).items()):
            yield _field(name, value, start, kind="step")
        return
    if text == "facts":
        for name, value in (names.facts or {}).items():
            yield _field(name, value, start)
        return
    if parts[0] == "calls" and not {"last", "all"} & set(parts[1:]):
        yield from _calls(".".join(parts[1:]), start, names, known)
        return
    found = value_before(base, names)
    if found is None:
        return
    for name, value in found.fields().items():
        yield _field(name, value, start)


def _calls(begun: str, start: int, names: Names, known: Known) -> Iterator[Choice]:
    for tool in names.calls or {}:
        if tool == begun:
            for word, told in (("last", t("The last call that succeeded.")), ("all", t("All calls that succeeded."))):
                yield Choice(label=word, kind="field", detail="", about=told, insert=word, start=start, rank=1)
        elif not begun or tool.startswith(begun + "."):
            rest = tool.removeprefix(begun + ".") if begun else tool
            yield Choice(label=f"{rest}.last", kind="tool", detail=tool, about=known.about_tool(tool),
                         insert=f"{rest}.last", start=start, rank=1)  # fmt: skip


def _field(name: str, value: Value, start: int, *, kind: str = "field", insert: str = "") -> Choice:
    return Choice(
        label=name,
        kind=kind,
        detail=words(value),
        about=sentences(value.about(), t("From {source}.", source=value.source) if value.source else None),
        insert=insert or name,
        start=start,
        rank=1,
    )


def words(value: Value) -> str:
    """Return the type of a value in words."""
    if value.schema:
        return in_words(value.schema) if "$ref" not in str(value.schema.get("$ref", "")) else value.type.words()
    if value.type.enum:
        return t("one of {values}", values=", ".join(str(each) for each in value.type.enum[:12]))
    return value.type.words()


def _roots(start: int, names: Names) -> Iterator[Choice]:
    for name, value in names.roots().items():
        about = value.source if value.type.kind == "any" else sentences(value.about() or None)
        yield Choice(label=name, kind="name", detail=words(value), about=about, insert=name, start=start, rank=2)
    yield Choice(label="not", kind="word", detail="", about=t(_WORDS["not"]), insert="not ", start=start, rank=4)


def _functions(kind: str, start: int) -> Iterator[Choice]:
    for function in FUNCTIONS.values():
        if function.kind == kind:
            opened = "(" if function.required > (1 if kind == "filter" else 0) or kind == "function" else ""
            yield Choice(
                label=function.name,
                kind="function",
                detail=function.signature,
                about=t(function.doc),
                insert=function.name + opened,
                start=start,
                rank=3,
            )


def _words(start: int) -> Iterator[Choice]:
    for word, about in _WORDS.items():
        if word != "not":
            yield Choice(label=word, kind="word", detail="", about=t(about), insert=f"{word} ", start=start, rank=2)


def _pipe(start: int) -> Choice:
    told = t("Make something else of the value: its length, its first item, another value where it is null.")
    return Choice(label="|", kind="word", detail="", about=told, insert="| ", start=start, rank=3)


def chain(text: str) -> str:
    """Return the end of a text that is one value: a dotted name, with what stands in brackets."""
    at = len(text)
    while at > 0:
        char = text[at - 1]
        if char in ")]":
            opened = _opening(text, at - 1)
            if opened is None:
                break
            at = opened
        elif char.isalnum() or char in "_.":
            at -= 1
        else:
            break
    return text[at:]


def _opening(text: str, at: int) -> int | None:
    depth = 0
    for place in range(at, -1, -1):
        if text[place] in ")]":
            depth += 1
        elif text[place] in "([":
            depth -= 1
            if depth == 0:
                return place
    return None


def value_before(text: str, names: Names) -> Value | None:
    """Return the value that a text ends with, or None where that cannot be told."""
    text = text.rstrip()
    last = chain(text)
    if not last:
        return None
    indexed = re.fullmatch(r"([\w.]+)\[[^\[\]]*\]((?:\.\w+)*)", last)
    parts = last.split(".")
    found: Value | None = None
    if all(part.isidentifier() for part in parts):
        found = names.resolve(parts)
    elif indexed is not None:
        found = names.resolve(indexed[1].split("."))
        found = None if found is None else found.item() if found.type.kind == "list" else _any_field(found)
        for name in [part for part in indexed[2].split(".") if part]:
            found = None if found is None else found.field(name)
    if found is None:
        found = names.type_of(last) or names.type_of(text)
    return found


def _any_field(value: Value) -> Value | None:
    return next(iter(value.fields().values()), None)


def name_at(text: str, at: int) -> tuple[int, int, str]:
    """Return the dotted name under a place of an expression up to the word there: its start, end and text."""
    end = at
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    begin = end
    while begin > 0 and (text[begin - 1].isalnum() or text[begin - 1] == "_"):
        begin -= 1
    lead = chain(text[:begin]) if text[begin - 1 : begin] == "." else ""
    return begin, end, lead + text[begin:end]
