"""`flowrun schema check, lock, upgrade` from the command line: words, JSON, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flowrun.cli.main import main
from tests.unit.app.test_schema_versions import UP, V1, V2, put


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "flowrun.yaml").write_text("roles: {finance: {members: [jo]}}\n")
    put(tmp_path, "v1.json", V1)
    put(tmp_path, "v2.json", V2)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        raise SystemExit(main(list(words)))
    return int(ended.value.code or 0)


def test_a_break_ends_with_1_and_shows_a_document(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("schema", "check") == 1
    said = capsys.readouterr().out
    assert "this record of letter@1 is not valid any more" in said
    shown = json.loads(said.split("For example: ")[1].splitlines()[0])
    assert set(shown) == {"subject", "tone", "email"}
    assert run("schema", "check", "--json") == 1
    assert json.loads(capsys.readouterr().out)["ok"] is False


def test_with_an_upgrade_it_ends_with_0_and_records_are_lifted(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(root, "v1_to_v2.yaml", UP)
    assert run("schema", "check") == 0
    (root / "old.jsonl").write_text(
        '{"subject": "A", "tone": "kind", "email": "a@example.com"}\n'
        '{"subject": "B", "tone": "firm", "email": "b@example.com"}\n'
    )
    capsys.readouterr()
    assert run("schema", "upgrade", "letter", "old.jsonl", "--from", "1") == 0
    assert [json.loads(line)["language"] for line in capsys.readouterr().out.splitlines()] == ["en", "de"]


def test_one_bad_record_prints_none_of_them(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(root, "v1_to_v2.yaml", UP)
    (root / "old.jsonl").write_text('{"subject": "A", "tone": "kind", "email": "a@example.com"}\n{"subject": "B"}\n')
    assert run("schema", "upgrade", "letter", "old.jsonl", "--from", "1") == 3
    told = capsys.readouterr()
    assert told.out == "" and "Line 2" in told.err


def test_a_lock_is_written_once_and_kept(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("schema", "lock") == 0
    assert "letter@1, letter@2" in capsys.readouterr().out
    put(root, "v1.json", {**V1, "required": []})
    assert run("lint") == 1
    assert "FR1801" in capsys.readouterr().out
    assert run("schema", "lock") == 3
