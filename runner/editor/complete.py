"""What may be written where the cursor is: keys, names, values, steps, and what goes into expressions.

Owns: the choice between these, and the form in which each is inserted. Nothing is said about what is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flowrun.editor.cursor import Cursor, expression_before, locate
from flowrun.editor.expressions import choices
from flowrun.editor.known import Known
from flowrun.editor.names import names_at
from flowrun.editor.outline import Part
from flowrun.editor.shape import KeyChoice, View
from flowrun.editor.snippets import lines, step_snippets
from flowrun.lang.grammar_steps import VERBS
from flowrun.words import t

MOST = 400
"""Most things that are offered at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One thing to write, in place of `text[start:end]`. `snippet`: `insert` has places to fill in."""

    label: str
    kind: str
    detail: str
    about: str
    insert: str
    start: int
    end: int
    snippet: bool
    rank: int


def complete(text: str, offset: int, kind: str, known: Known, schema: dict[str, Any]) -> list[Offer]:
    """Return what may be written at an offset of a file of a kind; `schema` is the workspace's for that kind."""
    cursor = locate(text, offset)
    if cursor is None:
        return []
    if not cursor.way:
        return _pieces(View(schema, [(schema,)]), cursor, "") + _keys(View(schema, [(schema,)]).narrowed(None), cursor)
    around = View.of(schema, cursor.way, last=False)
    part, key = cursor.way[-1]
    if cursor.role == "key":
        return _keys(around, cursor, part)[:MOST]
    view = around.inside(key)
    named = view.names()
    inside = expression_before(cursor, bare="expression" in named)
    if inside is not None:
        return _expression(cursor, inside, kind, known)[:MOST]
    offers: list[Offer] = []
    if cursor.role == "either" or isinstance(key, int):
        under = view.narrowed(Part("map", cursor.start, cursor.start))
        if _holds_steps(view):
            offers += _steps(cursor, known)
        if not (_holds_steps(view) and cursor.value.style == "bare"):
            offers += _keys(under, cursor)
    offers += _values(view, cursor, named)
    if part.kind == "map" and view.form() == "" and not offers and _is_free(view):
        offers.append(_hole(cursor))
    return offers[:MOST]


def _holds_steps(view: View) -> bool:
    found = {choice.name for choice in view.keys(())}
    return {"ask", "call", "record"} <= found or bool(view.snippets())


def _keys(view: View, cursor: Cursor, part: Part | None = None) -> list[Offer]:
    present = [] if part is None else [key for key in part.names() if key != cursor.way[-1][1]]
    verb = any(key in VERBS for key in present)
    offers = []
    for number, choice in enumerate(view.keys(present)):
        rank = 1 if choice.required and not (choice.name in VERBS and verb) else 2
        offers.append(_key(choice, cursor, rank * 100 + min(number, 99), part))
    return offers


def _key(choice: KeyChoice, cursor: Cursor, rank: int, part: Part | None) -> Offer:
    flow = part is not None and part.style == "flow"
    form = "" if flow else choice.view.form()
    kind = "verb" if choice.name in VERBS else "tool" if "." in choice.name else "key"
    insert = f"{choice.name}: "
    if kind == "tool":
        insert = f"{choice.name}: {{}}" if choice.view.narrowed(None).keys(()) else insert
    elif form:
        insert = f"{choice.name}:\n  " + ("- " if form == "list" else "")
    colon = cursor.value.style != "bare" and cursor.role == "key" and cursor.value.kind != "none"
    return Offer(
        label=choice.name,
        kind=kind,
        detail=t("needed") if choice.required else "",
        about=choice.about,
        insert=choice.name if colon else insert,
        start=cursor.start,
        end=cursor.offset,
        snippet=False,
        rank=rank,
    )


def _values(view: View, cursor: Cursor, named: set[str]) -> list[Offer]:
    listed = cursor.tree.get("tools")
    first = set(listed.names()) if listed is not None and "tool" in named else set()
    quote = 1 if cursor.before[:1] in ("'", '"') else 0
    kind = next((name for name in ("tool", "role", "model", "schema", "flow") if name in named), "value")
    offers = []
    for number, value in enumerate(view.values()):
        known = kind if not value.sample else "value"
        rank = (0 if value.text in first else 500 if value.sample else 200) + min(number, 99)
        offers.append(
            Offer(
                label=value.text,
                kind=known,
                detail=t("for example") if value.sample else "",
                about=value.about,
                insert=value.text if quote or not value.text.startswith("${{") else f'"{value.text}"',
                start=cursor.start + quote,
                end=cursor.offset,
                snippet=False,
                rank=rank,
            )
        )
    return offers


def _steps(cursor: Cursor, known: Known) -> list[Offer]:
    """Whole steps; without a dash before the cursor each brings its own."""
    dash = "" if cursor.value.style != "bare" else "- "
    return [
        Offer(
            label=piece.label,
            kind="snippet",
            detail=t("a new step"),
            about=piece.about,
            insert=dash + ("\n" + "  ").join(lines(piece.value)),
            start=cursor.start,
            end=cursor.offset,
            snippet=True,
            rank=100 + number,
        )
        for number, piece in enumerate(step_snippets(known))
    ]


def _pieces(view: View, cursor: Cursor, dash: str) -> list[Offer]:
    from flowrun.editor.snippets import root_snippets

    kinds = [
        name for name in ("flow", "policy", "test") if name in {choice.name for choice in view.narrowed(None).keys(())}
    ]
    found = [piece for kind in kinds[:1] for piece in root_snippets(kind)]
    return [
        Offer(label=piece.label, kind="snippet", detail=t("a new file"), about=piece.about,
              insert=dash + "\n".join(lines(piece.value)), start=cursor.start, end=cursor.offset, snippet=True, rank=0)
        for piece in found
    ]  # fmt: skip


def _is_free(view: View) -> bool:
    return not view.values()


def _hole(cursor: Cursor) -> Offer:
    quoted = cursor.before[:1] in ("'", '"')
    insert = "\\${{ $1 \\}\\}"
    flow = cursor.way[-1][0].style == "flow" and not quoted
    return Offer(
        label="${{ … }}",
        kind="snippet",
        detail=t("an expression"),
        about=t("A value that is worked out when the step runs."),
        insert=f'"{insert}"' if flow else insert,
        start=cursor.start + (1 if quoted else 0),
        end=cursor.offset,
        snippet=True,
        rank=300,
    )


def _expression(cursor: Cursor, inside: tuple[int, str], kind: str, known: Known) -> list[Offer]:
    begin, before = inside
    names = names_at(cursor.tree, cursor.way, kind, known)
    if names is None:
        return []
    return [
        Offer(
            label=choice.label,
            kind=choice.kind,
            detail=choice.detail,
            about=choice.about,
            insert=choice.insert,
            start=begin + choice.start,
            end=cursor.offset,
            snippet=False,
            rank=choice.rank * 100 + min(number, 99),
        )
        for number, choice in enumerate(choices(before, names, known))
    ]
