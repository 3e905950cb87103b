"""Changes by place touch nothing else: line ends, byte order mark, comments and blank lines stay as they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flowrun.errors import Edit, Span
from flowrun.lang.edits import MARK, apply, delete_lines, insert, insert_line
from flowrun.lang.source import Source, decode


def at(line: int, column: int, end_line: int, end_column: int) -> Span:
    return Span("a.flow.yaml", line, column, end_line, end_column)


def one(text: str, *edits: Edit) -> str:
    applied = apply(text, [edits])
    assert applied.done == [True]
    return applied.text


def test_a_change_takes_the_place_of_exactly_its_span() -> None:
    assert one("a: 1 # one\n\nb: 2\n", Edit(at(3, 4, 3, 5), "3")) == "a: 1 # one\n\nb: 3\n"


def test_line_ends_and_the_byte_order_mark_stay() -> None:
    text = MARK + "a: 1\r\nb: 2\r\n"
    assert one(text, Edit(at(1, 1, 1, 2), "x")) == MARK + "x: 1\r\nb: 2\r\n"
    assert one(text, insert_line("a.flow.yaml", 2, "c: 3")) == MARK + "a: 1\r\nc: 3\r\nb: 2\r\n"


def test_a_line_end_is_one_character_however_it_is_stored() -> None:
    assert one("ab\r\ncd\r\n", Edit(at(1, 3, 1, 4), " ")) == "ab cd\r\n"
    assert one("ab\r\ncd\r\n", Edit(at(1, 3, 2, 1), " ")) == "ab cd\r\n"


def test_whole_lines_are_deleted_with_their_ends() -> None:
    assert one("a\nb\nc\n", delete_lines(at(2, 1, 2, 2))) == "a\nc\n"
    assert one("a\nb\nc\n", delete_lines(at(2, 1, 3, 1))) == "a\nc\n", "an end in column 1 is the end of the line above"
    assert one("a\nb", delete_lines(at(2, 1, 2, 2))) == "a\n"


def test_a_line_is_put_behind_the_last_one() -> None:
    assert one("a\n", insert_line("a.flow.yaml", 2, "b")) == "a\nb\n"
    assert one("a", insert_line("a.flow.yaml", 2, "b")) == "a\nb", "a last line without end stays one"


def test_overlapping_changes_are_not_carried_out_together() -> None:
    applied = apply("abcdef", [[Edit(at(1, 1, 1, 4), "x")], [Edit(at(1, 3, 1, 5), "y")], [Edit(at(1, 5, 1, 6), "z")]])
    assert (applied.text, applied.done) == ("xdzf", [True, False, True])


def test_two_texts_at_the_same_place_are_not_put_there_together() -> None:
    place = at(1, 2, 1, 3)
    assert apply("abc", [[insert(place, "x")], [insert(place, "y")]]).done == [True, False]


def test_a_group_is_carried_out_whole_or_not_at_all() -> None:
    beside, outside = Edit(at(1, 1, 1, 2), "x"), Edit(at(9, 1, 9, 2), "y")
    applied = apply("abc", [[beside, outside]])
    assert (applied.text, applied.done) == ("abc", [False])


def test_places_can_be_followed_through_a_change() -> None:
    applied = apply("abcdef", [[Edit(at(1, 2, 1, 4), "xxxx")]])
    assert applied.text[applied.moved(4)] == "e"
    assert applied.text[applied.moved(0)] == "a"
    assert applied.moved(2) == 1, "what is gone stands where it stood"


@given(
    st.text("ab# :\n\t😀", max_size=30), st.sampled_from(["\n", "\r\n", "\r"]), st.integers(0, 30), st.integers(0, 30)
)
def test_replacing_any_stretch_by_itself_changes_no_byte(text: str, newline: str, start: int, end: int) -> None:
    stored = text.replace("\n", newline)
    source = decode("a.flow.yaml", stored.encode())
    assert isinstance(source, Source)
    start, end = sorted((min(start, len(source.text)), min(end, len(source.text))))
    place = Span("a.flow.yaml", *source.position(start), *source.position(end))
    replaced = apply(stored, [[Edit(place, source.text[start:end])]])
    again = decode("a.flow.yaml", replaced.text.encode())
    assert replaced.done == [True]
    assert isinstance(again, Source) and again.text == source.text
    if "\r" not in stored:
        assert replaced.text == stored
