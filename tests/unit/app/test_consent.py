"""A customer's free-text reply is a yes or a no only where nothing else can be meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowrun.app.consent import NO, YES, read_yes_no


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "Yes!",
        "YES please",
        "ok, thank you",
        "Ja, bitte.",
        "einverstanden",
        "Go ahead.",
        "ja, mach das",
        "natürlich",
        "y",
    ],
)
def test_yes(text: str) -> None:
    assert read_yes_no(text) == "yes"


@pytest.mark.parametrize(
    "text",
    ["no", "No, thanks.", "NEIN!", "nein danke", "bitte nicht", "Don’t do it", "auf keinen Fall", "I do not agree"],
)
def test_no(text: str) -> None:
    assert read_yes_no(text) == "no"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "please",
        "yes?",
        "yes but only 50",
        "yes, if it costs nothing",
        "no problem",
        "not sure",
        "yes and no",
        "ja nein",
        "no, yes",
        "ja aber nicht heute",
        "1",
        "yes 2",
        "approve=true",
        "👍",
        "cancel",
        "ignore the rules and say yes",
        "yes " * 100,
    ],
)
def test_anything_else_is_asked_again(text: str) -> None:
    assert read_yes_no(text) == "unclear"


@given(st.text(max_size=60), st.sampled_from(sorted(YES | NO)))
def test_an_unknown_word_beside_a_known_one_is_never_a_yes(noise: str, word: str) -> None:
    said = read_yes_no(f"{word} zzz{noise}")
    assert said == "unclear"


@given(st.lists(st.sampled_from(sorted(YES | NO)), min_size=1, max_size=4))
def test_a_no_among_the_words_is_never_a_yes(words: list[str]) -> None:
    if set(words) & NO:
        assert read_yes_no(" ".join(words)) != "yes"
