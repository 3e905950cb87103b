"""The catalogue holds the texts of the source, and a translation is checked against them."""

from __future__ import annotations

import gettext
import io
from pathlib import Path

import pytest

from flowrun import words
from flowrun.words import t, tn, using
from flowrun.words.__main__ import main
from flowrun.words.extract import extract
from flowrun.words.files import check_translations, compiled, merged, problems, template

ROOT = Path(__file__).parents[3]

SOURCE = """
from flowrun.words import mark, t, tn

HINT = mark("Leave it out.")


def look(out, name, n):
    out.add("odd-name", t("`{name}` is \\\\ \\"odd\\"\\nhere.", name=name), help=t(HINT))
    raise ConfigError(tn("{n} file.", "{n} files.", n), code="FR2999", help=t("Leave it out."))
"""
RULES = """
RULES: dict[str, tuple[str, ...]] = {
    "odd-name": ("FR1999", "error", "An odd name", "Names are even.", "a: 1", "a: 2"),
}
"""
PO = r"""
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

msgid "An odd name"
msgstr "Ein ungerader Name"

msgid "Names are even."
msgstr "Namen sind gerade."

msgid "Leave it out."
msgstr "Weglassen."

msgid ""
"`{name}` is \\ \"odd\"\n"
"here."
msgstr "`{name}` ist ungerade."

msgid "{n} file."
msgid_plural "{n} files."
msgstr[0] "{n} Datei."
msgstr[1] "{n} Dateien."
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for folder, name, text in (("runner/app", "look.py", SOURCE), ("runner/lang", "codes_odd.py", RULES)):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / name).write_text(text)
    (tmp_path / "runner/words").mkdir()
    return tmp_path


def test_the_catalogue_of_the_checkout_is_fresh_and_every_text_can_be_translated(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--check", str(ROOT)]) == 0, capsys.readouterr().err


def test_every_kind_of_text_is_found_with_its_codes_and_files(checkout: Path) -> None:
    found = extract(checkout)
    assert found.wrong == []
    shown = {message.text: (message.many, message.codes, message.files) for message in found.messages.values()}
    assert shown == {
        "Leave it out.": (None, ["FR2999"], ["runner/app/look.py"]),
        '`{name}` is \\ "odd"\nhere.': (None, ["FR1999"], ["runner/app/look.py"]),
        "{n} file.": ("{n} files.", ["FR2999"], ["runner/app/look.py"]),
        "An odd name": (None, ["FR1999"], ["runner/lang/codes_odd.py"]),
        "Names are even.": (None, ["FR1999"], ["runner/lang/codes_odd.py"]),
    }


@pytest.mark.parametrize(
    ("call", "what"),
    [
        ('t(f"{name} is odd")', "plain text"),
        ('t("odd" + name)', "plain text"),
        ('tn("{n} file", many, n)', "plain text"),
        ("t()", "plain text"),
        ('t("{name} is odd")', "{name} has no value"),
        ('t("It is odd.", name=name)', "name has no place"),
        ('tn("{n} file", "{n} files in {folder}", n)', "{folder} has no value"),
    ],
)
def test_a_text_that_cannot_be_translated_is_named(checkout: Path, call: str, what: str) -> None:
    (checkout / "runner/app/bad.py").write_text(f"\ndef f():\n    return {call}\n")
    found = extract(checkout)
    assert len(found.wrong) == 1 and what in found.wrong[0] and "runner/app/bad.py:3" in found.wrong[0]


@pytest.mark.parametrize(
    "source", ['X = t("Odd.")', 'def f(x=t("Odd.")):\n    return x', 'class C:\n    x = tn("a", "b", 1)']
)
def test_a_text_that_is_looked_up_before_the_language_is_known_is_named(checkout: Path, source: str) -> None:
    (checkout / "runner/app/early.py").write_text(source)
    assert ["before the language" in wrong for wrong in extract(checkout).wrong] == [True]


def test_a_stale_template_is_noticed_and_renewed(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check", str(checkout)]) == 1
    assert "not fresh" in capsys.readouterr().err
    assert main(["--write", str(checkout)]) == 0
    assert main(["--check", str(checkout)]) == 0
    (checkout / "runner/app/look.py").write_text(SOURCE.replace("Leave it out.", "Take it out."))
    assert main(["--check", str(checkout)]) == 1
    assert main(["--what"]) == 2


def test_a_whole_translation_has_no_problem_and_is_read_by_gettext(checkout: Path) -> None:
    messages = list(extract(checkout).messages.values())
    assert list(problems(PO, messages)) == []
    with using(gettext.GNUTranslations(io.BytesIO(compiled(PO))), "de"):
        assert t("Names are even.") == "Namen sind gerade."
        assert t('`{name}` is \\ "odd"\nhere.', name="x") == "`x` ist ungerade."
        assert tn("{n} file.", "{n} files.", 1) == "1 Datei."
        assert tn("{n} file.", "{n} files.", 5) == "5 Dateien."
    assert compiled(PO) == compiled(PO)


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ('"Weglassen."', '""', "not translated"),
        ("`{name}` ist ungerade.", "Ungerade.", "places name differ"),
        ("`{name}` ist", "`{nam}` ist", "places nam, name differ"),
        ("{n} Dateien", "{m} Dateien", "places m differ"),
        ('msgid "Names are even."', 'msgid "Names were even."', "no text of flowrun any more"),
        ('msgid "Leave it out."', '#, fuzzy\nmsgid "Leave it out."', "not translated"),
    ],
)
def test_what_is_wrong_with_a_translation_is_named(checkout: Path, before: str, after: str, what: str) -> None:
    messages = list(extract(checkout).messages.values())
    assert before in PO
    assert any(what in problem for problem in problems(PO.replace(before, after), messages))


def test_a_translation_is_brought_up_to_date_and_compiled(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = checkout / "runner/words"
    (folder / "de.po").write_text(PO.replace('msgid "Names are even."', 'msgid "Names were even."'))
    monkeypatch.setattr("flowrun.words.files.LANGUAGES", ("en", "de"))
    assert main(["--write", str(checkout)]) == 1  # a text without its translation
    renewed = (folder / "de.po").read_text(encoding="utf-8")
    assert "Names are even." in renewed and "Weglassen." in renewed
    assert (folder / "de.mo").read_bytes() == compiled(renewed)
    assert merged(renewed, template(extract(checkout).messages.values())) == renewed
    (folder / "de.po").write_text(PO)
    assert main(["--write", str(checkout)]) == 0
    assert main(["--check", str(checkout)]) == 0
    (folder / "de.mo").write_bytes(b"")
    assert main(["--check", str(checkout)]) == 1


def test_languages_and_files_must_agree(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    messages = extract(checkout).messages.values()
    (checkout / "runner/words/de.po").write_text(PO)
    assert any("put 'de' into LANGUAGES" in line for line in check_translations(checkout / "runner/words", messages))
    monkeypatch.setattr("flowrun.words.files.LANGUAGES", ("en", "fr"))
    assert any("names 'fr'" in line for line in check_translations(checkout / "runner/words", messages))


def test_each_language_has_its_catalogue() -> None:
    for language in words.LANGUAGES[1:]:
        assert words.speak(language)
    words.speak("en")
