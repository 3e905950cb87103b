"""A rule's lesson holds what lint really prints for the bad example, and what the repair makes of it."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from flowrun.app.teach import GENERATED, findings_of, lesson
from flowrun.cli.main import cli
from flowrun.lang.codes import entry


def test_a_lesson_shows_what_is_printed_and_what_the_repair_makes_of_it() -> None:
    rule = entry("text-cut")
    assert rule is not None
    taught = lesson(rule)
    assert "[text-cut FR1022]" in taught.printed and "^~~~" in taught.printed
    assert taught.printed.startswith("example.flow.yaml:4:13: ")
    (mended,) = taught.mended.values()
    assert 'reason: "See rule #12 of the handbook."' in mended
    assert mended.count("\n") == rule.bad.count("\n")


@pytest.mark.parametrize("name", ["tab-indentation", "unknown-step", "tool-unused", "single-equals", "yes-no"])
def test_what_a_repair_makes_is_without_the_finding(name: str) -> None:
    rule = entry(name)
    assert rule is not None
    taught = lesson(rule)
    assert taught.mended
    files = {**taught.bad, **taught.mended}
    fragment = "\n".join(f"# file: {name}\n{text}" for name, text in files.items())
    assert rule.code not in {item.code for item in findings_of(fragment)[0]}


@pytest.mark.parametrize("name", sorted(GENERATED))
def test_what_no_text_can_show_is_printed_all_the_same(name: str) -> None:
    rule = entry(name)
    assert rule is not None
    assert rule.code in lesson(rule).printed


def test_the_command_teaches_the_same() -> None:
    shown = CliRunner().invoke(cli, ["lint", "--explain", "FR1413"])
    assert shown.exit_code == 0
    assert "# file: inner.flow.yaml" in shown.output
    assert "[flow-cycle FR1413]" in shown.output
    assert CliRunner().invoke(cli, ["lint", "--explain", "nonsense"]).exit_code == 2
