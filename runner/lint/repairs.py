"""Changes that take a key, or an item of a list, out of a file.

Owns: these changes, made from the places that a typed step keeps. Where the places do not tell what would be taken out
besides, there is no change. Carrying changes out is `lang.edits`' part.
"""

from __future__ import annotations

from flowrun.errors import Edit, Span
from flowrun.lang import spec
from flowrun.lang.edits import delete_lines


def without_key(part: spec.Step, key: str) -> tuple[Edit, ...]:
    """Return the change that takes a key with a plain value out of a step; empty where none is sure."""
    at, values = part.at.get(key), part.places.get(key, ())
    if at is None or len(values) != 1:
        return ()
    others = [span for name, span in part.at.items() if name != key]
    if not any(span.line == at.line for span in others) and at.line > part.span.line:
        return (delete_lines(Span(at.file, at.line, at.column, values[0].end_line, values[0].end_column)),)
    after = [span for span in others if span.line == at.line and span.column > at.column]
    if at.line == part.span.line and after and part.span.line == part.span.end_line:
        following = min(after, key=lambda span: span.column)
        return (Edit(Span(at.file, at.line, at.column, at.line, following.column), ""),)
    return ()


def without_item(items: tuple[Span, ...], index: int) -> tuple[Edit, ...]:
    """Return the change that takes an item, but not the first, out of a list of plain values; empty where none is sure."""
    if not 0 < index < len(items):
        return ()
    before, item = items[index - 1], items[index]
    if item.line == item.end_line == before.end_line:
        return (Edit(Span(item.file, before.end_line, before.end_column, item.end_line, item.end_column), ""),)
    alone = not any(other.line == item.line for place, other in enumerate(items) if place != index)
    return (delete_lines(item),) if alone and item.column == before.column else ()
