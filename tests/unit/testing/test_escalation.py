"""Late roles in tests of flows: the entry moves on, and what each role says can be told apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.testing.kit import args, case, run

ROLES = """
roles:
  leads: {members: [Sam], within: 1h, then: bosses}
  bosses: {members: [Kim], within: 2h}
"""
CRITICAL = f"{{act: [{{propose: [{{desk.create_ticket: {args('critical')}}}]}}, {{text: Done.}}]}}"


def play(folder: Path, said: str, expect: str) -> list[str]:
    (folder / "flowrun.yaml").write_text(ROLES, encoding="utf-8")
    text = case(model=CRITICAL, given=f"people: {{desk.create_ticket: {said}}}", expect=expect)
    return run(folder, text).messages


def test_the_next_role_says_yes_where_the_first_is_late(tmp_path: Path) -> None:
    expect = "{outcome: completed, calls: {desk.create_ticket: 1}}"
    assert play(tmp_path, "{leads: late, bosses: approve}", expect) == []


@pytest.mark.parametrize("said", ["late", "{leads: late, bosses: late}", "{leads: late, bosses: reject}"])
def test_where_nobody_says_yes_nothing_is_done(tmp_path: Path, said: str) -> None:
    assert play(tmp_path, said, "{outcome: completed, calls: {desk.create_ticket: 0}}") == []


@pytest.mark.parametrize(
    ("said", "message"),
    [("{leads: late}", "does not say what bosses does"), ("{leads: perhaps}", 'says "perhaps"')],
)
def test_what_is_not_said_is_told(tmp_path: Path, said: str, message: str) -> None:
    assert message in play(tmp_path, said, "{outcome: completed}")[0]
