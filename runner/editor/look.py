"""What a place of a file says: in words, where it comes from, and where else it is used.

Owns: hover texts, the places that names lead to, and the outline of a file. Which files there are is `app`'s part.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from flowrun.editor.cursor import Cursor, expression_before, pointed
from flowrun.editor.expressions import name_at, words
from flowrun.editor.known import Known, descend, in_words
from flowrun.editor.names import names_at
from flowrun.editor.outline import MAX_TEXT, Part, outline
from flowrun.editor.shape import View
from flowrun.lang.expr_paths import KEYWORDS
from flowrun.lang.grammar_steps import VERBS
from flowrun.values.functions import FUNCTIONS
from flowrun.words import sentences, t

_CLOSE = re.compile(r"\}\}|%\}|\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A text about `text[start:end]`, as Markdown."""

    start: int
    end: int
    markdown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a name at a place means. `kind`: step, input, tool, schema, role, model, flow or fact; `field` goes into it."""

    kind: str
    name: str
    field: tuple[str, ...] = ()
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """A part of a file with a name: a step, a rule, a tool."""

    name: str
    detail: str
    kind: str
    start: int
    end: int
    name_start: int
    name_end: int
    inner: tuple[Symbol, ...] = ()


def hover(text: str, offset: int, kind: str, known: Known, schema: dict[str, Any]) -> Shown | None:
    """Return what is to be said about a place, or None."""
    cursor = pointed(text, offset)
    if cursor is None or not cursor.way:
        return None
    around = View.of(schema, cursor.way, last=False)
    _, key = cursor.way[-1]
    if cursor.role == "key":
        choice = next((each for each in around.keys(()) if each.name == key), None)
        told = choice.about if choice is not None else around.inside(key).about()
        name = str(key)
        more = _signature("tool", name, known) if name in known.callable() else ()
        return _shown(cursor.start, cursor.start + len(name), f"**{name}**", told or known.about_tool(name), *more)
    view = around.inside(key)
    named = view.names()
    expression = _expression_at(text, cursor, "expression" in named)
    if expression is not None:
        return _name_hover(cursor, expression, kind, known)
    name = cursor.value.text
    for thing, tell in (("tool", known.about_tool), ("role", known.about_role), ("model", known.about_model)):
        if thing in named and tell(name):
            return _shown(
                cursor.value.start, cursor.value.end, f"**{name}**", tell(name), *_signature(thing, name, known)
            )
    if "schema" in named and name in known.schemas:
        fields = known.schemas[name].get("properties")
        listed = _listed(known.schemas[name]) if isinstance(fields, dict) else ""
        return _shown(cursor.value.start, cursor.value.end, f"**{name}**", known.about_schema(name), listed)
    return None


def _signature(thing: str, name: str, known: Known) -> tuple[str, ...]:
    if thing != "tool":
        return ()
    given, made = known.signature(name)
    tool = known.tools.get(name)
    limits = []
    if tool is not None and tool.effect != "read":
        once = "none" if not tool.once else ", ".join(f"{key}: {value}" for key, value in tool.once.items())
        limits.append(t("A repeat is made harmless by `once`: {once}.", once=once))
    if tool is not None:
        limits.append(t("One attempt may take {seconds} seconds.", seconds=f"{tool.within:g}"))
        limits += [t("At most {rate}.", rate=tool.rate)] if tool.rate else []
    parts = [" ".join(limits)] if limits else []
    if _listed(given):
        parts.append(f"{t('Arguments')}:\n{_listed(given)}")
    if _listed(made):
        parts.append(f"{t('Gives')}:\n{_listed(made)}")
    return tuple(parts)


def _listed(schema: dict[str, Any]) -> str:
    fields = descend(schema, ()).get("properties")
    if not isinstance(fields, dict):
        return ""
    rows = [f"- `{name}`: {in_words(descend(schema, (name,)))}" for name in list(fields)[:20]]
    return "\n".join([*rows, *(["- …"] if len(fields) > 20 else [])])


def _shown(start: int, end: int, *parts: str) -> Shown | None:
    told = [part for part in parts if part]
    return Shown(start=start, end=end, markdown="\n\n".join(told)) if len(told) > 1 else None


def _expression_at(text: str, cursor: Cursor, bare: bool) -> tuple[int, str] | None:
    """Return where the expression under a place begins and its whole text."""
    before = expression_before(cursor, bare=bare)
    if before is None:
        return None
    begin = before[0]
    if bare:
        return begin, text[begin : cursor.value.end]
    closed = _CLOSE.search(text, cursor.offset)
    return begin, text[begin : closed.start() if closed else cursor.value.end]


def _name_hover(cursor: Cursor, expression: tuple[int, str], kind: str, known: Known) -> Shown | None:
    begin, written = expression
    start, end, name = name_at(written, cursor.offset - begin)
    if not name or start == end:
        return None
    last = name.rpartition(".")[2]
    function = FUNCTIONS.get(last)
    if function is not None and last == name:
        return _shown(begin + start, begin + end, f"`{function.signature}`", t(function.doc))
    names = names_at(cursor.tree, cursor.way, kind, known)
    if names is None or name in KEYWORDS:
        return None
    parts = name.split(".")
    if parts[0] == "calls":
        tool = next((tool for tool in names.calls or {} if name == f"calls.{tool}"), "")
        if tool:
            return _shown(
                begin + start, begin + end, f"**{tool}**", known.about_tool(tool), *_signature("tool", tool, known)
            )
    value = names.resolve(parts) if all(part.isidentifier() for part in parts) else names.type_of(name)
    if value is None:
        return None
    source = t("From {source}.", source=value.source) if value.source else None
    told = sentences(value.about() or None, source)
    head = f"`{name}`: {words(value)}"
    return Shown(start=begin + start, end=begin + end, markdown="\n\n".join([head, *([told] if told else [])]))


def target(text: str, offset: int, kind: str, schema: dict[str, Any], tools: tuple[str, ...]) -> Target | None:
    """Return what the name at a place means, or None. `tools`: every name after `calls.`."""
    cursor = pointed(text, offset)
    if cursor is None or not cursor.way:
        return None
    around = View.of(schema, cursor.way, last=False)
    _, key = cursor.way[-1]
    if cursor.role == "key":
        listed = len(cursor.way) == 2 and cursor.way[0][1] == "tools" and kind == "flow"
        return (
            Target(kind="tool", name=str(key), start=cursor.start, end=cursor.start + len(str(key))) if listed else None
        )
    named = around.inside(key).names()
    expression = _expression_at(text, cursor, "expression" in named)
    if expression is not None:
        begin, written = expression
        start, end, name = name_at(written, cursor.offset - begin)
        return _named(name, begin + start, begin + end, tools)
    value = cursor.value
    for thing in ("tool", "role", "model", "schema", "flow"):
        if thing in named:
            return Target(kind=thing, name=value.text, start=value.start, end=value.end)
    if key == "id" or (kind == "examples" and key == "step"):
        return Target(kind="step", name=value.text, start=value.start, end=value.end)
    return None


def _named(name: str, start: int, end: int, tools: tuple[str, ...]) -> Target | None:
    parts = name.split(".")
    if parts[0] == "steps" and len(parts) > 1:
        return Target(kind="step", name=parts[1], field=tuple(parts[2:]), start=start, end=end)
    if parts[0] == "facts" and len(parts) > 1:
        return Target(kind="fact", name=parts[1], start=start, end=end)
    if parts[0] == "calls":
        whole = ".".join(parts[1:])
        tool = next((each for each in tools if whole == each or whole.startswith(each + ".")), "")
        tool = tool or next((each for each in tools if each.startswith(whole + ".")), "")
        return Target(kind="tool", name=tool, start=start, end=end) if tool else None
    return Target(kind="input", name="", field=tuple(parts[1:]), start=start, end=end) if parts[0] == "input" else None


def symbols(text: str, kind: str) -> list[Symbol]:
    """Return the parts of a file that have a name, in the order of the file."""
    tree = outline(text)
    if kind == "flow":
        return _steps(tree.get("steps"))
    if kind == "policy":
        return _list(tree.get("rules"), "id", "rule")
    if kind == "test":
        return (
            _list(tree.get("tests"), "test", "test")
            if tree.get("tests")
            else _list(Part("list", 0, 0, items=[tree]), "test", "test")
        )
    if kind == "tools":
        return _map(tree.get("actions"), "tool")
    if kind == "workspace":
        return [*_map(tree.get("roles"), "role"), *_map(tree.get("models"), "model")]
    return []


def _steps(part: Part | None, depth: int = 0) -> list[Symbol]:
    found = []
    for step in part.items if part is not None and depth < 30 else ():
        id = step.get("id")
        if id is None or id.kind != "text":
            continue
        verb = next((key for key in step.names() if key in VERBS), "")
        inner: list[Symbol] = []
        block = step.get(verb)
        for branch in block.items if block is not None and verb == "choose" else ():
            inner += _steps(branch.get("steps") or branch.get("otherwise"), depth + 1)
        for entry in block.entries if block is not None and verb == "parallel" else ():
            inner += _steps(entry.value, depth + 1)
        if verb == "for_each":
            inner = _steps(step.get("steps"), depth + 1)
        told = step.word("title") or (f"{verb} {step.word(verb)}" if verb in ("call", "record", "stop") else verb)
        found.append(_symbol(id, step, told, "step", tuple(inner)))
    return found


def _symbol(name: Part, whole: Part, detail: str, kind: str, inner: tuple[Symbol, ...] = ()) -> Symbol:
    start, end = min(whole.start, name.start), max(whole.end, name.end)
    return Symbol(name=name.text, detail=detail.strip(), kind=kind, start=start, end=end,
                  name_start=name.start, name_end=name.end, inner=inner)  # fmt: skip


def _list(part: Part | None, key: str, kind: str) -> list[Symbol]:
    found = [(item.get(key), item) for item in (part.items if part is not None else ())]
    return [
        _symbol(name, item, item.word("reason"), kind)
        for name, item in found
        if name is not None and name.kind == "text"
    ]


def _map(part: Part | None, kind: str) -> list[Symbol]:
    return [
        Symbol(name=e.key, detail=e.value.word("title"), kind=kind, start=e.start, end=max(e.end, e.value.end),
               name_start=e.start, name_end=e.end)
        for e in (part.entries if part is not None else ())
    ]  # fmt: skip


def place_in(text: str, way: tuple[str, ...]) -> tuple[int, int] | None:
    """Return where the last key of a way through maps stands, in YAML or JSON; as far as the way goes."""
    part: Part | None = outline(text)
    found: tuple[int, int] | None = None
    for name in way:
        entry = next((e for e in (part.entries if part is not None else ()) if e.key == name), None)
        if entry is None:
            break
        found, part = (entry.start, entry.end), entry.value
    return found


def uses(text: str, wanted: Target) -> list[tuple[int, int]]:
    """Return every place of a file that names the same thing."""
    text = text[:MAX_TEXT]
    name = re.escape(wanted.name)
    if wanted.kind == "step":
        pattern = rf"(?<=\bsteps\.){name}\b|(?<=\bid: ){name}\b|(?<=\bstep: ){name}\b"
    elif wanted.kind == "fact":
        pattern = rf"(?<=\bfacts\.){name}\b|^\s+{name}(?=:)"
    else:
        pattern = rf"(?<![\w.@]){name}(?![\w@])|(?<=\bcalls\.){name}(?![\w@])"
    return [(match.end() - len(wanted.name), match.end()) for match in re.finditer(pattern, text, re.MULTILINE)]


def defined(text: str, wanted: Target) -> tuple[int, int] | str | None:
    """Return where a file defines a step, a fact or its input; the name of a schema where that is what it says."""
    tree = outline(text)
    if wanted.kind == "input":
        found = tree.get("input")
        if found is None:
            return None
        way = ("input", *(part for name in wanted.field for part in ("properties", name)))
        return found.text if found.kind == "text" and "@" in found.text else place_in(text, way)
    if wanted.kind == "fact":
        return place_in(text, ("facts", wanted.name))
    return next((place for place in _ids(tree.get("steps")) if text[place[0] : place[1]] == wanted.name), None)


def _ids(steps: Part | None) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    waiting = _steps(steps)
    while waiting:
        symbol = waiting.pop()
        found.append((symbol.name_start, symbol.name_end))
        waiting += symbol.inner
    return found
