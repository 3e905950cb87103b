"""Known values are taken out of any text, however they are written there; other text stays."""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowrun.privacy import Found, Scrubber

TEXT = "My name is O'Hara\nand I live at Süd & West 7"
KNOWN = [
    Found("email", "Ana.Lopez@example.com"),
    Found("name", "Ana Lopez"),
    Found("phone", "+49 170 5550-199"),
    Found("free_text", TEXT),
    Found("secret", "sk-live-123"),
    Found("id", 4917055501),
]


@pytest.fixture
def scrubber() -> Scrubber:
    return Scrubber(KNOWN)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("to ana.lopez@EXAMPLE.com.", "to [email]."),
        ("GET /?q=Ana%20Lopez", "GET /?q=[name]"),
        ("GET /?q=Ana+Lopez", "GET /?q=[name]"),
        ("ana\n  lopez", "[name]"),
        ("call 491705550199 or +49 (170) 5550 199", "call [phone] or [phone]"),
        ('{"t":' + json.dumps(TEXT) + "}", '{"t":"[free_text]"}'),
        (quote(TEXT, safe="") + "&" + quote_plus(TEXT), "[free_text]&[free_text]"),
        (f"He said {TEXT}!", "He said [free_text]!"),
        ("RuntimeError: bad token sk-live-123", "RuntimeError: bad token [secret]"),
        ("customer 4917055501, not 49170555012", "customer [id], not 49170555012"),
        ("it broke for My name is O'Hara and I li…", "it broke for [free_text]…"),
        ("nothing of this…", "nothing of this…"),
        ("Analogue", "Analogue"),
    ],
)
def test_a_value_is_recognised_in_each_of_its_forms(scrubber: Scrubber, text: str, left: str) -> None:
    assert scrubber.text(text) == left


def test_data_is_scrubbed_with_its_names(scrubber: Scrubber) -> None:
    data = {"Ana Lopez": [1, {"x": "Ana Lopez"}], "n": 4917055501, "ok": True}
    assert scrubber.value(data) == {"[name]": [1, {"x": "[name]"}], "n": "[id]", "ok": True}


def test_the_longest_value_wins_and_a_secret_is_a_secret_first() -> None:
    both = Scrubber([Found("name", "Ana Lopez"), Found("address", "Ana Lopez Street 1"), Found("secret", "Ana Lopez")])
    assert both.text("Ana Lopez Street 1, Ana Lopez") == "[address], [secret]"


def test_very_short_values_stay_for_they_are_parts_of_other_words() -> None:
    assert Scrubber([Found("name", "Al"), Found("name", "  ")]).text("Also Al") == "Also Al"


def test_nothing_known_changes_nothing() -> None:
    assert Scrubber([]).value({"a": ["b"]}) == {"a": ["b"]}


@given(
    st.text(min_size=4, max_size=30).filter(lambda t: len(t.strip()) >= 4 and not t.strip().isdigit()),
    st.text(max_size=20),
    st.text(max_size=20),
)
def test_no_value_is_left_in_any_text_around_it(value: str, before: str, after: str) -> None:
    known = Found("name", value)
    stand_in = Scrubber([known], lambda item: "□")
    left = stand_in.text(before + value + after)
    assert value.strip() not in left
