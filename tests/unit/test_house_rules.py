"""Checks the rules of the house that no linter knows: size and docstrings of files, public API, links."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import flowrun

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("runner", "adapters", "flows", "schemas", "tests", "bench")
SIZED = ("runner", "adapters", "tests", "bench")
FOLDERS = {"runner", "adapters", "flows", "schemas"}
LIMIT = 400
VAGUE = {"utils", "util", "helpers", "manager", "misc", "common"}
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b|pragma: no cover")
MACHINE_PATH = re.compile(r"(?<![\w.}])/(?:home|root|Users|work)/[\w.]")

PUBLIC = [
    "AdapterError",
    "ConfigError",
    "Diagnostic",
    "Edit",
    "FlowError",
    "FlowrunError",
    "InputError",
    "InternalError",
    "NotDone",
    "Span",
    "StoreError",
    "__version__",
    "tool",
]
"""The public API. A change here is a change for users: it needs a line in CHANGELOG.md."""


def python_files(*rooms: str) -> list[Path]:
    """All Python files of these folders, in a stable order."""
    return sorted(path for room in rooms for path in (ROOT / room).rglob("*.py") if "__pycache__" not in path.parts)


def name(path: Path) -> str:
    """A path as people write it, for test ids and messages."""
    return path.relative_to(ROOT).as_posix()


def test_files_are_short() -> None:
    sizes = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in python_files(*SIZED)}
    assert {path: lines for path, lines in sizes.items() if lines > LIMIT} == {}


@pytest.mark.parametrize("path", python_files(*ROOMS), ids=name)
def test_module_says_what_it_owns(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), "the file has no docstring"


@pytest.mark.parametrize("path", python_files(*ROOMS), ids=name)
def test_module_imports_the_package_not_the_folder(path: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            imported.add((node.module or "").partition(".")[0])
    assert not imported & FOLDERS, "import flowrun... instead: this loads every class a second time"


def places(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    """Where a pattern stands, as `file:line: text`."""
    return [
        f"{name(path)}:{number}: {line.strip()}"
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def test_file_names_say_what_is_inside() -> None:
    assert [name(path) for path in python_files(*ROOMS) if path.stem in VAGUE] == []


def test_nothing_unfinished_is_shipped() -> None:
    assert places(UNFINISHED, python_files(*FOLDERS)) == []


def test_no_path_of_a_developers_machine_is_shipped() -> None:
    texts = [
        path
        for folder in sorted(FOLDERS)
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in {".py", ".yaml", ".json", ".jsonl", ".md"}
    ]
    assert places(MACHINE_PATH, texts) == []


@pytest.mark.parametrize("folder", ["runner", "adapters"])
def test_every_folder_with_code_is_a_package(folder: str) -> None:
    """Without an __init__.py, mypy and import-linter would pass over its modules."""
    folders = {path.parent for path in python_files(folder)}
    assert {name(path) for path in folders if not (path / "__init__.py").exists()} == set()


def test_public_names_are_sorted_and_pinned() -> None:
    assert flowrun.__all__ == sorted(flowrun.__all__)
    assert flowrun.__all__ == PUBLIC
    assert all(hasattr(flowrun, public) for public in flowrun.__all__)


def test_every_entry_of_runner_has_its_link() -> None:
    package = ROOT / ".dev" / "flowrun"
    if Path(flowrun.__file__).parent != package:
        pytest.skip("not an editable install")
    entries = {entry.name for entry in (ROOT / "runner").iterdir()} - {"__pycache__"}
    missing = {entry for entry in entries if not (package / entry).exists()}
    assert not missing, "run `make links`"
