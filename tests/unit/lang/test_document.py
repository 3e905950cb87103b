"""YAML 1.2's core schema, places of values, and the bounds that keep a file from taking the machine."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowrun.lang.document import MAX_DEPTH, Map, Scalar, Seq, compose, plain
from flowrun.lang.source import Source


def read(text: str) -> tuple[object, list[str]]:
    tree, found = compose(Source("a.yaml", text))
    return (None if tree is None else plain(tree)), [item.rule for item in found]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("Yes", "Yes"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("2026-03-02", "2026-03-02"),
        ("2026-03-02T09:00:00Z", "2026-03-02T09:00:00Z"),
        ("12:30:45", "12:30:45"),
        ("0o17", 15),
        ("0xFF", 255),
        ("017x", "017x"),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-7", -7),
        ("+7", 7),
        ("TRUE", True),
        ("False", False),
        ("~", None),
        ("Null", None),
        ("NULL", None),
        ("nULL", "nULL"),
        ("1.2.3", "1.2.3"),
        ("500 EUR", "500 EUR"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("=", "="),
        ("<<", "<<"),
        ("-", None),
    ],
)
def test_plain_scalars_follow_the_core_schema_of_yaml_1_2(written: str, value: object) -> None:
    if written == "-":
        assert read("a:\n  -\n") == ({"a": [None]}, [])
    else:
        assert read(f"a: {written}\n") == ({"a": value}, [])


def test_numbers_of_eighteen_digits_stay_exact_and_longer_ones_are_findings() -> None:
    assert read("a: 999999999999999999\n") == ({"a": 999999999999999999}, [])
    assert read("a: 1" + "0" * 5000 + "\n")[1] == ["bad-number"]
    assert read("a: 1e999999\n")[1] == []
    assert read("a: 1e999999\n")[0] == {"a": "1e999999"}


def test_keys_are_texts_however_they_look() -> None:
    assert read("no: 1\n12: 2\ntrue: 3\nnull: 4\n1_000: 5\n") == (
        {"no": 1, "12": 2, "true": 3, "null": 4, "1_000": 5},
        [],
    )


def test_places_count_characters_from_one() -> None:
    tree, _ = compose(Source("a.yaml", "é: ü\nlist:\n  - {日本: 'x y'}\n"))
    assert isinstance(tree, Map)
    value = tree.get("é")
    assert isinstance(value, Scalar)
    assert (value.span.line, value.span.column, value.span.end_column) == (1, 4, 5)
    items = tree.get("list")
    assert isinstance(items, Seq) and isinstance(items.items[0], Map)
    key, inner = items.items[0].entries[0]
    assert (key.span.line, key.span.column, key.span.end_column) == (3, 6, 8)
    assert (inner.span.column, inner.span.end_column) == (10, 15)


def test_a_block_ends_with_its_last_value() -> None:
    tree, _ = compose(Source("a.yaml", "a:\n  b: 1\n  c: two\n\n\n# end\nd: 3\n"))
    assert isinstance(tree, Map)
    inner = tree.get("a")
    assert inner is not None
    assert (inner.span.line, inner.span.end_line, inner.span.end_column) == (2, 3, 9)


def test_an_alias_gives_the_value_of_its_anchor() -> None:
    assert read("a: &x [1, 2]\nb: *x\n") == ({"a": [1, 2], "b": [1, 2]}, [])


def test_an_alias_bomb_is_one_finding() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert read("\n".join(lines)) == (None, ["too-many-aliases"])


def test_aliases_are_bounded_in_number_too() -> None:
    assert read("a: &a 1\nb: [" + ", ".join(["*a"] * 101) + "]\n") == (None, ["too-many-aliases"])


def test_depth_is_bounded_also_through_aliases() -> None:
    assert read("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)) == (None, ["too-deep"])
    assert read("[" * 100_000) == (None, ["too-deep"])
    assert read("[" * MAX_DEPTH + "]" * MAX_DEPTH)[1] == []
    deep = "a: &a " + "[" * 40 + "]" * 40 + "\nb: " + "[" * 30 + "*a" + "]" * 30 + "\n"
    assert read(deep) == (None, ["too-deep"])


@pytest.mark.parametrize("text", ["a: !!python/object:os.system x\n", "!!set {a}\n", "a: !x [1]\n", "a: !<tag:x> 1\n"])
def test_tags_are_findings(text: str) -> None:
    assert "yaml-tag" in read(text)[1]


def test_duplicate_keys_show_both_places() -> None:
    _, found = compose(Source("a.yaml", "a: 1\nb: 2\na: 3\n"))
    assert [(d.rule, d.span.line, d.related[0][0].line) for d in found] == [("duplicate-key", 3, 1)]


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab:-{}[]'\"#&*!|>%@`?,$= \n\t.0_é<"), max_size=60))
def test_any_text_gives_a_tree_or_findings(text: str) -> None:
    tree, found = compose(Source("a.yaml", text))
    assert tree is not None or found
    for item in found:
        assert item.span.line >= 1 and item.span.column >= 1
