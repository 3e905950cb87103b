"""No tool and no model is reached but through the dispatcher (G4), and nothing of a run is shown but redacted (G10)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALLOWED = {"runner/runtimes/dispatch.py"}
CLICK = {"runner/cli/main.py"}
"""click's own `invoke`, of a command."""
WRAPPERS = {
    "adapters/tools/declared.py",
    "adapters/models/routed.py",
    "adapters/models/recorded.py",
    "runner/testing/chaos/cut.py",
    "runner/testing/chaos/lasting.py",
    "runner/testing/fakes.py",
}
"""Implementations of a port that stand around another of the same port and pass its calls on."""


def callers(name: str) -> set[str]:
    """Return the files that call a method of this name."""
    found = set()
    for room in ("runner", "adapters"):
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name:
                    found.add(path.relative_to(ROOT).as_posix())
    return found


@pytest.mark.parametrize("method", ["invoke", "complete"])
def test_only_the_dispatcher_calls_a_port(method: str) -> None:
    assert callers(method) - WRAPPERS - CLICK == ALLOWED


def test_the_dispatcher_calls_a_tool_in_one_place() -> None:
    tree = ast.parse((ROOT / "runner/runtimes/dispatch.py").read_text())
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "invoke"
    ]
    assert len(calls) == 1


HOLDS_VALUES = {"events", "inbox", "entry", "records", "record"}
"""What a journal gives back as it was said."""
SHOWN = {"shown", "shown_run", "shown_records", "shown_entries", "redaction"}


def test_a_command_that_reads_what_a_run_holds_shows_it_redacted() -> None:
    for path in sorted((ROOT / "runner" / "cli").glob("*.py")):
        names = {n.attr for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Attribute)}
        read = any(
            isinstance(n, ast.Attribute)
            and n.attr in HOLDS_VALUES
            and isinstance(n.value, ast.Attribute)
            and n.value.attr == "journal"
            for n in ast.walk(ast.parse(path.read_text()))
        )
        assert not read or names & SHOWN, path.name
