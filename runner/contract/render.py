"""A page as plain text and as Markdown.

Owns: these two forms, for the page of a contract and for that of a change.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from flowrun.contract.page import Item, Page, Section

WIDTH = 100
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#])")


def as_text(page: Page) -> str:
    """Return a page for a terminal or a pipe."""
    lines = [page.title, "=" * min(len(page.title), WIDTH), ""]
    for text in page.lead:
        lines += _wrapped(text, "")
    for section in page.sections:
        lines += ["", section.title.upper()]
        lines += _columns(section.table)
        for item in section.items:
            lines += _text_item(item, 0)
    return "\n".join(lines) + "\n"


def as_markdown(page: Page, *, level: int = 1) -> str:
    """Return a page as Markdown; `level`: of its title."""
    lines = [f"{'#' * level} {escaped(page.title)}", ""]
    lines += [f"{escaped(text)}  " for text in page.lead[:-1]] + [escaped(text) for text in page.lead[-1:]]
    for section in page.sections:
        lines += ["", *_markdown_section(section, level + 1)]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Return a text in which nothing is Markdown or HTML: names and messages come from files of others."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _markdown_section(section: Section, level: int) -> Iterator[str]:
    yield f"{'#' * level} {escaped(section.title)}"
    yield ""
    if section.table:
        head, *rows = section.table
        yield f"| {' | '.join(map(escaped, head))} |"
        yield f"|{' --- |' * len(head)}"
        for row in rows:
            yield f"| {' | '.join(map(escaped, row))} |"
        if section.items:
            yield ""
    for item in section.items:
        yield from _markdown_item(item, 0)


def _markdown_item(item: Item, depth: int) -> Iterator[str]:
    yield f"{'  ' * depth}- {escaped(item.text)}"
    for inner in item.below:
        yield from _markdown_item(inner, depth + 1)


def _text_item(item: Item, depth: int) -> list[str]:
    lines = _wrapped(item.text, "  " * depth + "  ", "- ")
    for inner in item.below:
        lines += _text_item(inner, depth + 1)
    return lines


def _wrapped(text: str, indent: str, bullet: str = "") -> list[str]:
    return textwrap.wrap(
        " ".join(text.split()),
        WIDTH,
        initial_indent=indent + bullet,
        subsequent_indent=indent + " " * len(bullet),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return []
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
