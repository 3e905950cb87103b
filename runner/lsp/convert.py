"""From the values of `editor` and `errors` to those of the protocol.

Owns: that translation, and paths as addresses. What is shown is decided elsewhere.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from lsprotocol import types

from flowrun.editor.complete import Offer
from flowrun.editor.look import Shown, Symbol
from flowrun.editor.text import Document
from flowrun.errors import Diagnostic, Edit, Span

_KINDS = {
    "key": types.CompletionItemKind.Property,
    "verb": types.CompletionItemKind.Keyword,
    "word": types.CompletionItemKind.Operator,
    "tool": types.CompletionItemKind.Method,
    "role": types.CompletionItemKind.Interface,
    "model": types.CompletionItemKind.Module,
    "schema": types.CompletionItemKind.Struct,
    "flow": types.CompletionItemKind.File,
    "step": types.CompletionItemKind.Variable,
    "name": types.CompletionItemKind.Variable,
    "field": types.CompletionItemKind.Field,
    "value": types.CompletionItemKind.EnumMember,
    "function": types.CompletionItemKind.Function,
    "snippet": types.CompletionItemKind.Snippet,
}
_SYMBOLS = {
    "step": types.SymbolKind.Function,
    "rule": types.SymbolKind.Event,
    "test": types.SymbolKind.Method,
    "tool": types.SymbolKind.Method,
    "role": types.SymbolKind.Interface,
    "model": types.SymbolKind.Module,
}


def path_of(uri: str) -> Path | None:
    """Return the file of an address, or None where it names none (a text that was never stored)."""
    parts = urlsplit(uri)
    if parts.scheme != "file" or not parts.path:
        return None
    path = unquote(parts.path)
    if len(path) > 2 and path[0] == "/" and path[2] == ":":  # a drive of Windows
        path = path[1:]
    try:
        return Path(path).resolve()
    except (OSError, ValueError, RuntimeError):
        return None


def range_of(document: Document, start: int, end: int) -> types.Range:
    """Return a stretch of a text as a range."""
    return _range(document.range(start, end))


def _range(places: tuple[tuple[int, int], tuple[int, int]]) -> types.Range:
    (line, character), (end_line, end_character) = places
    return types.Range(types.Position(line, character), types.Position(end_line, end_character))


def diagnostic_of(
    document: Document, found: Diagnostic, others: dict[str, Document], pages: str = ""
) -> types.Diagnostic:
    """Return a finding; `others` are the texts of the files that it also points into.

    `pages`: the address under which the pages of the rules are published, where the editor was told one.
    """
    related = [
        types.DiagnosticRelatedInformation(types.Location(Path(at.file).as_uri(), _place(document, at, others)), note)
        for at, note in found.related
        if Path(at.file).is_absolute()
    ]
    unused = "unused" in found.rule.split("-")  # what may be taken out is shown faded
    return types.Diagnostic(
        range=_range(document.span_range(found.span)),
        message=found.message if not found.help else f"{found.message}\n{found.help}",
        severity=types.DiagnosticSeverity.Error if found.severity == "error" else types.DiagnosticSeverity.Warning,
        code=found.code,
        code_description=types.CodeDescription(f"{pages.rstrip('/')}/{found.code}") if pages else None,
        source="flowrun",
        tags=[types.DiagnosticTag.Unnecessary] if unused else None,
        related_information=related or None,
        data={"rule": found.rule},
    )


def _place(document: Document, at: Span, others: dict[str, Document]) -> types.Range:
    where = document if at.file == document.file else others.get(at.file)
    if where is not None:
        return _range(where.span_range(at))
    line = max(0, at.line - 1)  # the text is not at hand; columns of plain letters are the same
    return types.Range(
        types.Position(line, max(0, at.column - 1)),
        types.Position(max(line, at.end_line - 1), max(0, at.end_column - 1)),
    )


def item_of(document: Document, offer: Offer) -> types.CompletionItem:
    """Return an offer as an item; its order is that of the offers' ranks."""
    shown = document.text[offer.start : offer.end]
    format_ = types.InsertTextFormat.Snippet if offer.snippet else types.InsertTextFormat.PlainText
    return types.CompletionItem(
        label=offer.label,
        kind=_KINDS.get(offer.kind),
        detail=offer.detail or None,
        documentation=types.MarkupContent(types.MarkupKind.Markdown, offer.about) if offer.about else None,
        text_edit=types.TextEdit(range_of(document, offer.start, offer.end), offer.insert),
        insert_text_format=format_,
        insert_text_mode=types.InsertTextMode.AdjustIndentation,
        filter_text=offer.label if not shown.startswith("- ") else f"- {offer.label}",
        sort_text=f"{offer.rank:05d}",
    )


def hover_of(document: Document, shown: Shown) -> types.Hover:
    """Return a text about a place."""
    contents = types.MarkupContent(types.MarkupKind.Markdown, shown.markdown)
    return types.Hover(contents, range_of(document, shown.start, shown.end))


def symbol_of(document: Document, symbol: Symbol) -> types.DocumentSymbol:
    """Return a part of a file that has a name."""
    return types.DocumentSymbol(
        name=symbol.name or "?",
        detail=symbol.detail or None,
        kind=_SYMBOLS[symbol.kind],
        range=range_of(document, symbol.start, symbol.end),
        selection_range=range_of(document, symbol.name_start, symbol.name_end),
        children=[symbol_of(document, inner) for inner in symbol.inner] or None,
    )


def edit_of(document: Document, edit: Edit) -> types.TextEdit:
    """Return a change of a file."""
    span = edit.span
    last = len(document.source.starts)
    if span.line > last and document.text and not document.text.endswith("\n"):
        end = document.position(len(document.text))
        return types.TextEdit(_range((end, end)), "\n" + edit.text.removesuffix("\n"))
    return types.TextEdit(_range(document.span_range(span)), edit.text)


def whole_edit(document: Document, text: str) -> types.TextEdit:
    """Return the change that makes a text of a whole document."""
    end = document.position(len(document.text))
    return types.TextEdit(_range(((0, 0), end)), text)
