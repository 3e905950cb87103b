"""Repairs are carried out until none is left; one that makes things worse is left out and told."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowrun.errors import Diagnostic, Edit, Span
from flowrun.lang.document import compose
from flowrun.lang.edits import Layout
from flowrun.lang.parse import kind_of, parse_file
from flowrun.lang.source import Source, decode
from flowrun.lint.fixing import NOT_A_FILE, NOT_YAML, READ, Checkup, Mended, mend

CORPUS = Path(__file__).parents[2] / "corpus"
FIXABLE = sorted((CORPUS / "err").glob("*.yaml"))


def check_as(file: str, text: str) -> Checkup:
    source = decode(file, text.encode())
    if not isinstance(source, Source):
        return Checkup(source, NOT_YAML)
    value, found = parse_file(source, kind_of(file) or "flow")
    return Checkup(found, READ if value is not None else NOT_A_FILE if compose(source)[0] is not None else NOT_YAML)


def mended(file: str, text: str) -> Mended:
    return mend(text, file, lambda now: check_as(file, now))


def found(message: str, *edits: Edit, line: int = 1, severity: str = "warning") -> Diagnostic:
    place = Span("a", line, 1, line, 2)
    return Diagnostic(code="FR1", rule="r", message=message, span=place, edits=edits, severity=severity)


def swap(line: int, old: str, new: str) -> Edit:
    return Edit(Span("a", line, 1, line, 1 + len(old)), new)


def test_mistakes_that_hide_each_other_are_mended_one_after_the_other() -> None:
    good = (CORPUS / "ok" / "shapes.flow.yaml").read_text(encoding="utf-8")
    broken = good.replace("title:", "titel:", 1).replace("key: 'input[\"amount\"]'", 'key: "amount" in input.tags')
    result = mended("shapes.flow.yaml", broken)
    assert [d.rule for d in result.mended] == ["text-after-quote", "unknown-key"]
    assert result.text == good.replace("'input[\"amount\"]'", "'\"amount\" in input.tags'")


@pytest.mark.parametrize("file", FIXABLE, ids=lambda file: file.name)
def test_every_repair_of_the_corpus_is_carried_out_or_told(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    before, result = check_as(file.name, text), mended(file.name, text)
    after = check_as(file.name, result.text)
    assert after.read >= before.read
    left = [d for d in after.findings if d.changes]
    assert len(left) <= len(result.refused)
    if not any(d.changes for d in before.findings):
        assert result.text == text


@pytest.mark.parametrize("ends", ["\r\n", "\n"])
def test_lines_that_no_repair_touches_stay_as_they_are(ends: str) -> None:
    text = "\ufeff# a comment\n\nflow:   a   # why\ntitel: x\n\n\nversion: 1\n".replace("\n", ends)
    result = mended("x.flow.yaml", text)
    assert result.text == text.replace("titel", "title")


def test_a_repair_that_leaves_less_readable_is_left_out_and_told() -> None:
    bad, good = found("bad", swap(1, "a", "[")), found("good", swap(2, "b", "c"))

    def check(text: str) -> Checkup:
        if "[" in text:
            return Checkup([], NOT_YAML)
        return Checkup([bad] if "c" in text else [bad, good], READ)

    result = mend("a\nb\n", "a", check)
    assert (result.text, result.mended) == ("a\nc\n", (good,))
    assert result.refused == ((bad, "the file could not be read any more"),)


def test_a_warnings_repair_that_brings_an_error_is_left_out_and_told() -> None:
    warning, error = found("unused", swap(1, "a", "b")), found("missing", severity="error")
    result = mend("a\n", "a", lambda text: Checkup([warning] if text == "a\n" else [error], READ))
    assert result.text == "a\n"
    assert result.refused == ((warning, "it would bring another error: missing [r FR1]"),)


def test_what_an_error_had_hidden_in_its_own_block_is_no_harm() -> None:
    error = found("unknown key", swap(1, "stpes:", "steps:"), severity="error")
    inside = [found(f"inner {n}", line=2, severity="error") for n in range(3)]
    result = mend("stpes:\n  - x\nend: 1\n", "a", lambda t: Checkup([error] if t.startswith("stpes") else inside, READ))
    assert result.text == "steps:\n  - x\nend: 1\n"
    outside = [found(f"outer {n}", line=3, severity="error") for n in range(3)]
    result = mend(
        "stpes:\n  - x\nend: 1\n", "a", lambda t: Checkup([error] if t.startswith("stpes") else outside, READ)
    )
    assert result.text.startswith("stpes")


def test_a_repair_that_does_not_help_is_left_out_and_told() -> None:
    stubborn = found("still", swap(1, "a", "a "))
    result = mend("a\n", "a", lambda text: Checkup([stubborn], READ))
    assert (result.text, result.mended) == ("a\n", ())
    assert [why for _, why in result.refused] == ["the finding would still be there"]


def test_repairs_that_undo_each_other_come_to_an_end() -> None:
    there, back = found("one", swap(1, "a", "b")), found("two", swap(1, "b", "a"))
    result = mend("a\n", "a", lambda text: Checkup([there] if text == "a\n" else [back], READ))
    assert result.text == "b\n"
    assert result.refused == ((back, "it would undo another repair"),)


def test_a_place_outside_of_the_file_is_told_not_raised() -> None:
    lost = found("lost", swap(9, "a", "b"), line=1)
    result = mend("a\n", "a", lambda text: Checkup([lost], READ))
    assert result.text == "a\n"
    assert [why for _, why in result.refused] == ["it changes nothing that is in the file"]


def test_the_repairs_of_another_file_are_not_this_ones() -> None:
    other = Diagnostic(
        code="FR1", rule="r", message="m", span=Span("a", 1, 1, 1, 2), edits=(Edit(Span("b", 1, 1, 1, 2), "x"),)
    )
    assert mend("a\n", "a", lambda text: Checkup([other], READ)) == Mended(text="a\n", mended=(), refused=())


def test_the_same_mistake_in_many_places_is_mended_in_one_round() -> None:
    checks: list[str] = []

    def check(text: str) -> Checkup:
        checks.append(text)
        layout = Layout(text)
        lines = [n for n in range(1, len(layout.starts)) if layout.line(n) == "bad"]
        return Checkup([found("bad", swap(n, "bad", "good"), line=n, severity="error") for n in lines], READ)

    assert mend("bad\n" * 50, "a", check).text == "good\n" * 50
    assert len(checks) == 2
