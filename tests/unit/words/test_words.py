"""A text is found in the current language, and its places are filled without trusting the catalogue."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowrun import words
from flowrun.words import mark, speak, t, tn, using


class Danish:
    """A catalogue with two texts."""

    def gettext(self, message: str, /) -> str:
        return {"There is no {what} `{name}`.": "`{name}` findes ikke ({what})."}.get(message, message)

    def ngettext(self, msgid1: str, msgid2: str, n: int, /) -> str:
        return "{n} fil" if n == 1 else "{n} filer"


class Evil:
    """A catalogue that tries to reach into the values."""

    def gettext(self, message: str, /) -> str:
        return "{name.__class__} {name[0]} {name!r} {name:>99} {other} {name}"

    def ngettext(self, msgid1: str, msgid2: str, n: int, /) -> str:
        return "{n.real} {n}"


def test_english_needs_no_catalogue() -> None:
    assert t("There is no {what} `{name}`.", what="tool", name="a.b") == "There is no tool `a.b`."
    assert tn("{n} file", "{n} files", 1) == "1 file"
    assert tn("{n} file", "{n} files", 0) == "0 files"
    assert tn("{n} file in {folder}", "{n} files in {folder}", 2, folder="x") == "2 files in x"
    assert mark("a") == "a"


def test_a_translation_may_order_the_values_otherwise() -> None:
    with using(Danish(), "da"):
        assert words.language() == "da"
        assert t("There is no {what} `{name}`.", what="tool", name="a.b") == "`a.b` findes ikke (tool)."
        assert t("Not translated.") == "Not translated."
        assert tn("{n} file", "{n} files", 2) == "2 filer"
    assert words.language() == "en"
    assert tn("{n} file", "{n} files", 2) == "2 files"


def test_a_catalogue_reaches_nothing_inside_a_value() -> None:
    with using(Evil(), "xx"):
        assert t("{name}", name="N") == "{name.__class__} {name[0]} {name!r} {name:>99} {other} N"
        assert tn("{n}", "{n}", 3) == "{n.real} 3"


@given(st.text(), st.text())
def test_a_value_is_shown_as_it_is(one: str, two: str) -> None:
    assert t("<{one}|{two}>", one=one, two=two) == f"<{one}|{two}>"


def test_braces_of_the_language_are_text() -> None:
    assert t("Write `${{ {name} }}` or `{a: 1}` or `{}`.", name="x") == "Write `${{ x }}` or `{a: 1}` or `{}`."
    assert t("Write `${{ input.email }}`.") == "Write `${{ input.email }}`."


def test_a_language_without_a_catalogue_keeps_english() -> None:
    assert not speak("xx_YY.UTF-8")
    assert words.language() == "en"
    assert speak("en_GB.UTF-8") and speak("en") and speak(None) and speak("")
    assert t("Hello.") == "Hello."


def test_a_compiled_catalogue_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "LANGUAGES", ("en", "da"))
    monkeypatch.setattr(words, "_load", lambda name: Danish())
    assert speak("da-DK")
    try:
        assert words.language() == "da"
        assert tn("{n} file", "{n} files", 2) == "2 filer"
    finally:
        speak("en")


def test_english_loads_no_gettext() -> None:
    program = (
        "import sys; from flowrun.words import speak, t; speak('en'); t('{a}', a=1); print('gettext' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
