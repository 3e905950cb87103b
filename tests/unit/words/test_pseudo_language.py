"""Under a language that nobody speaks, each sentence of a finding or an error is in that language, and nothing else changes.

Codes, rules, places and fixes are the same in every language; only what a person reads is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowrun import words
from flowrun.app.teach import findings_of
from flowrun.cli.main import main
from flowrun.errors import Diagnostic
from flowrun.lang.codes import Entry, catalogue
from flowrun.lang.parse import kind_of, parse_file
from flowrun.lang.source import Source, decode
from flowrun.lint.reporters.text import render_text
from tests.faults.place import Place
from tests.unit.words.pseudo import NAME, Pseudo, accented, outside

ERR = sorted((Path(__file__).parents[2] / "corpus" / "err").glob("*.yaml"))


@pytest.fixture
def pseudo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The language, chosen as a user chooses one."""
    monkeypatch.setenv("FLOWRUN_LANGUAGE", NAME)
    monkeypatch.setattr(words, "LANGUAGES", ("en", NAME))
    monkeypatch.setattr(words, "_load", lambda name: Pseudo())
    words.speak(NAME)
    yield
    words.speak("en")


def read(file: Path) -> tuple[list[Diagnostic], str]:
    source = decode(file.name, file.read_bytes())
    assert isinstance(source, Source)
    return parse_file(source, kind_of(file.name) or "flow")[1], source.text


def stable(found: list[Diagnostic]) -> list[tuple[object, ...]]:
    """What no language may change."""
    return [(d.code, d.rule, d.severity, d.span, d.fix, [span for span, _ in d.related], d.edits) for d in found]


def untranslated(found: list[Diagnostic]) -> list[str]:
    """The texts of findings of which a piece was not looked up."""
    texts = [text for d in found for text in (d.message, d.help or "", *(note for _, note in d.related))]
    return [text for text in texts if outside(text).strip()]


@pytest.mark.parametrize("file", ERR, ids=lambda file: file.name)
def test_every_sentence_about_a_broken_file_is_translated_and_nothing_else(
    file: Path, request: pytest.FixtureRequest
) -> None:
    english, _ = read(file)
    request.getfixturevalue("pseudo")
    found, text = read(file)
    assert stable(found) == stable(english)
    assert untranslated(found) == []
    assert all("⟦" in d.message for d in found)
    assert "⟦hélp: " in render_text(found, {file.name: text}) or not any(d.help for d in found)


@pytest.mark.parametrize("item", catalogue().values(), ids=lambda item: f"{item.code}-{item.rule}")
def test_what_every_rule_says_of_its_bad_example_is_translated(item: Entry, request: pytest.FixtureRequest) -> None:
    english, _ = findings_of(item.bad, item.rule)
    request.getfixturevalue("pseudo")
    found, _ = findings_of(item.bad, item.rule)
    assert stable(list(found)) == stable(list(english))
    assert untranslated(list(found)) == []


def test_a_rule_is_taught_in_the_language(pseudo: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "--explain", "unknown-key"]) == 0
    told = capsys.readouterr().out
    item = catalogue()["unknown-key"]
    assert "FR1101 unknown-key" in told
    assert accented(item.title) in told
    assert accented(item.teaching) in told


PLACE = re.compile(r"\S+:\d+:\d+:")
"""A place in a file, before what is wrong there."""
WRONG: list[list[str]] = [
    ["run", "none", "--input", "input.json"],
    ["run", "pay", "--input", "none.json"],
    ["run", "pay", "--input", "empty.json"],
    ["run", "pay", "--input", "list.json"],
    ["run", "pay", "--input", "wrong.json"],
    ["run", "pay"],
    ["lint", "none.flow.yaml"],
    ["lint", "--explain", "none"],
    ["show", "none"],
    ["why", "none"],
    ["cancel", "none", "--as", "Lea"],
    ["resume"],
    ["resume", "none"],
    ["approve", "none", "--as", "Lea"],
    ["reject", "none", "--as", "Lea", "--reason", "x"],
    ["answer", "none", "--as", "Lea", "--data", "{"],
    ["edit", "none", "--as", "Lea", "--data", "1"],
    ["settle", "none", "--as", "Lea"],
    ["close", "none", "--as", "Lea", "--reason", "x"],
    ["event", "paid", "--key", "k"],
    ["event", "paid@1", "--key", "k"],
    ["halt"],
    ["halt", "none"],
    ["halt", "bank.pay", "--until", "soon"],
    ["halt", "bank.pay", "--off"],
    ["forget", "", "--as", "Lea", "--yes"],
    ["records", "show", "none"],
    ["schema", "show", "none@1"],
    ["tools", "show", "none"],
    ["chaos", "none"],
    ["metrics", "--by", "none"],
    ["audit", "sign"],
    ["audit", "export", "."],
    ["doctor"],
    ["none"],
]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path / "w")
    for name, text in (("empty", ""), ("list", "[1,]"), ("wrong", "{}"), ("input", '{"id": "i", "who": "w"}')):
        (place.folder / f"{name}.json").write_text(text)
    return place


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_every_error_of_a_command_is_translated_and_keeps_its_codes(
    arguments: list[str],
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    monkeypatch.chdir(place.folder)
    code = main(arguments)
    english = capsys.readouterr()
    assert code != 0
    request.getfixturevalue("pseudo")
    assert main(arguments) == code
    said = capsys.readouterr()
    assert said.out == "" == english.out
    lines = said.err.splitlines()
    for line, before in zip(lines, english.err.splitlines(), strict=True):
        head = before.partition("]: ")[0] if before.startswith("error[") else ""
        if head or before.startswith("help: "):
            assert line.startswith(head)
            rest = outside(line.removeprefix(f"{head}]: ")).strip()
            assert rest in ("", before.removeprefix("help: ")) or PLACE.fullmatch(rest)
            assert line != before
    assert any("⟦" in line for line in lines)
