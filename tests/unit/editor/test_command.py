"""The command says how to install what it needs, and every verb has its piece and its value in editors."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from typing import Any

import pytest

from flowrun.cli.main import main
from flowrun.editor.known import Known
from flowrun.editor.snippets import lines, step_snippets
from flowrun.lang.grammar_steps import VERBS


def test_without_its_library_the_command_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "pygls" else find(name, *more))
    assert main(["lsp"]) == 3
    told = capsys.readouterr().err
    assert "FR3502" in told and 'pip install "flowrun-ai[lsp]"' in told and "Traceback" not in told


def test_the_library_is_not_loaded_for_other_commands() -> None:
    program = "import sys; from flowrun.cli.main import main; main(['--help']); sys.exit('pygls' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=False).returncode == 0


def test_every_verb_has_its_piece() -> None:
    assert [piece.label for piece in step_snippets(Known())] == list(VERBS)


def _texts(value: Any) -> list[str]:
    return [line for line in lines(value) if line.strip()]


def test_a_piece_is_yaml_when_its_places_are_filled_in() -> None:
    import re

    from flowrun.lang.document import Map, compose
    from flowrun.lang.source import Source

    for piece in step_snippets(Known()):
        text = "\n".join(_texts(piece.value))
        filled = re.sub(r"\$\{\d+:([^}]*)\}", r"\1", text).replace("\\", "")
        tree, found = compose(Source("x", filled))
        assert isinstance(tree, Map) and not found, filled
        assert tree.get("id") is not None and tree.get(piece.label) is not None
