"""Texts as editors count them, and the tolerant reading of files, hold for every text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowrun.editor.outline import Part, outline
from flowrun.editor.text import Document
from flowrun.lang.document import Map, Node, Seq, compose
from flowrun.lang.source import Source

FILES = [
    *sorted(Path("flows").rglob("*.yaml")),
    *sorted(Path("tests/corpus").rglob("*.yaml")),
    *sorted(Path("schemas").rglob("*.json")),
]


def agree(part: Part, node: Node, source: str) -> None:
    """The tolerant tree says what the strict one says, at the same places."""
    if isinstance(node, Map) and node.entries:
        assert part.names() == [key.text for key, _ in node.entries]
        for entry, (key, value) in zip(part.entries, node.entries, strict=True):
            assert (entry.start, entry.end) == (key.start, key.end)
            agree(entry.value, value, source)
    elif isinstance(node, Seq):
        assert len(part.items) == len(node.items)
        for item, inner in zip(part.items, node.items, strict=True):
            agree(item, inner, source)
    elif not isinstance(node, Map) and node.text:
        assert (part.start, part.end) == (node.start, node.end)
        if part.style in ("plain", "single") or (part.style == "double" and "\\" not in source[node.start : node.end]):
            assert part.text.split() == node.text.split()


def test_a_right_file_is_read_as_the_language_reads_it() -> None:
    counted = 0
    for file in FILES:
        text = file.read_text(encoding="utf-8", errors="replace")
        tree, found = compose(Source(str(file), text))
        if tree is not None and not found and "&" not in text:
            agree(outline(text), tree, text)
            counted += 1
    assert counted > 80


TEXT = st.text(st.sampled_from("ab 🎟é\n\r\t:-{}[]\"'|>#&*$%,.\ufeff"), max_size=60)


@given(TEXT, st.integers(0, 80))
def test_a_place_is_found_again(stored: str, offset: int) -> None:
    document = Document("x.flow.yaml", stored)
    offset = min(offset, len(document.text))
    assert document.offset(*document.position(offset)) == offset


@given(TEXT, st.integers(-5, 90), st.integers(-5, 90))
def test_any_place_lies_inside_of_the_text(stored: str, line: int, character: int) -> None:
    document = Document("x.flow.yaml", stored)
    assert 0 <= document.offset(line, character) <= len(document.text)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_characters_are_counted_in_units_of_utf_16(newline: str) -> None:
    document = Document("x.flow.yaml", f"a: 1{newline}b: 🎟é x")
    at = document.text.index("x")
    assert document.position(at) == (1, 7)  # 🎟 counts twice
    assert document.offset(1, 7) == at


def test_a_byte_order_mark_counts_for_the_editor_alone() -> None:
    document = Document("x.flow.yaml", "\ufeffflow: x\nversion: 1")
    assert document.text.startswith("flow") and document.position(0) == (0, 1) and document.offset(0, 1) == 0
    assert document.position(document.text.index("version")) == (1, 0)


@given(TEXT)
def test_every_text_has_an_outline_whose_places_lie_inside(text: str) -> None:
    waiting = [outline(text)]
    while waiting:
        part = waiting.pop()
        assert 0 <= part.start <= part.end <= len(text)
        waiting += [*part.items, *(entry.value for entry in part.entries)]


@pytest.mark.parametrize("text", ["[" * 5_000, "{a: " * 5_000, "- " * 5_000, "a:\n" + " " * 100_000 + "b", '"' * 9_999])
def test_deep_and_long_texts_are_bounded(text: str) -> None:
    assert outline(text).end <= len(text)
