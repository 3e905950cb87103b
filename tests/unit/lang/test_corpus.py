"""Every file of tests/corpus/ok is read without a finding, and every file of tests/corpus/err gives its golden text.

`UPDATE_GOLDEN=1` rewrites the golden files; look at the difference before you keep it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flowrun.errors import Diagnostic
from flowrun.lang.parse import kind_of, parse_file
from flowrun.lang.source import Source, decode
from flowrun.lint.reporters.text import render_text

CORPUS = Path(__file__).parents[2] / "corpus"
OK = sorted((CORPUS / "ok").glob("*.yaml"))
ERR = sorted((CORPUS / "err").glob("*.yaml"))


def read(file: Path, text: str | None = None) -> tuple[object, list[Diagnostic], str]:
    source = decode(file.name, file.read_bytes() if text is None else text.encode())
    assert isinstance(source, Source), source
    value, found = parse_file(source, kind_of(file.name) or "flow")
    return value, found, source.text


@pytest.mark.parametrize("file", OK, ids=lambda file: file.name)
def test_a_good_file_is_silent(file: Path) -> None:
    value, found, text = read(file)
    assert not found, render_text(found, {file.name: text})
    assert value is not None


@pytest.mark.parametrize("file", ERR, ids=lambda file: file.name)
def test_a_bad_file_gives_its_golden_findings(file: Path) -> None:
    value, found, text = read(file)
    written = render_text(found, {file.name: text})
    golden = file.with_suffix(".out")
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(written, encoding="utf-8")
    assert written == golden.read_text(encoding="utf-8")
    assert value is None
    assert found


@pytest.mark.parametrize("file", ERR, ids=lambda file: file.name)
def test_applying_a_fix_removes_its_finding(file: Path) -> None:
    _, found, text = read(file)
    for item in found:
        if item.fix is None:
            continue
        source = Source(file.name, text)
        start = source.starts[item.span.line - 1] + item.span.column - 1
        end = source.starts[item.span.end_line - 1] + item.span.end_column - 1
        _, after, _ = read(file, text[:start] + item.fix + text[end:])
        assert (item.rule, item.span, item.message) not in [(d.rule, d.span, d.message) for d in after], item


@pytest.mark.parametrize("file", ERR, ids=lambda file: file.name)
def test_every_finding_has_a_known_rule_and_a_place_in_the_file(file: Path) -> None:
    _, found, text = read(file)
    lines = text.split("\n")
    for item in found:
        assert item.code != "FR1000", item.rule
        assert 1 <= item.span.line <= len(lines)
        assert 1 <= item.span.column <= len(lines[item.span.line - 1]) + 1


def test_no_golden_file_is_left_over() -> None:
    assert {file.stem for file in (CORPUS / "err").glob("*.out")} == {file.stem for file in ERR}
