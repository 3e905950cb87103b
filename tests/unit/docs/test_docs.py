"""What the pages promise: fresh references, links that lead somewhere, files that lint, commands that exist.

A block of a page whose info string holds a file's name (`yaml refunds.policy.yaml`) is a file of a workspace; all such blocks
of one page are one workspace. Nothing here looks at wording.
"""

from __future__ import annotations

import importlib.util
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest

from flowrun.app.checking import check_paths
from flowrun.app.workspace import load_workspace
from flowrun.cli.main import cli
from flowrun.errors import Diagnostic

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "flows").rglob("*.md")])
FENCE = re.compile(r"^```(\S*)[ ]?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
WRITTEN = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "docs").glob("[ch]*/*.md")]
"""The pages of people: README, tutorial, glossary, concepts and how-to; not the generated ones."""


def named(pages: list[Path]) -> list[object]:
    return [pytest.param(page, id=str(page.relative_to(ROOT))) for page in pages]


def blocks(page: Path) -> Iterator[tuple[str, str, str]]:
    """Yield language, file name and text of each block."""
    for found in FENCE.finditer(page.read_text(encoding="utf-8")):
        yield found.group(1), found.group(2), found.group(3)


def files(page: Path) -> dict[str, str]:
    return {name: text for _, name, text in blocks(page) if name}


def commands(page: Path, *, inline: bool = True) -> list[list[str]]:
    """Return every `flowrun …` of a page's shell blocks, and of its inline code, as words."""
    text = page.read_text(encoding="utf-8")
    lines = [line for language, _, body in blocks(page) if language in ("sh", "text") for line in body.splitlines()]
    if inline:
        lines += re.findall(r"`(flowrun [^`]+)`", FENCE.sub("", text))
    found = []
    for line in lines:
        for part in re.split(r"&&|\||;| &$", line):
            start = part.strip().removeprefix("$ ")
            if re.match(r"flowrun [a-z]", start):
                found.append(shlex.split(start.split("  #")[0].replace("…", "X"), comments=True))
    return found


def generator() -> ModuleType:
    sys.path.insert(0, str(ROOT / "docs"))  # it has a part beside it
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_says_what_the_program_says() -> None:
    assert [str(file) for file in generator().stale()] == [], "run: python docs/generate.py --write"


@pytest.mark.parametrize("page", named(PAGES))
def test_every_link_of_a_page_leads_to_a_file(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    targets = [target.split("#")[0] for target in LINK.findall(text) if "://" not in target]
    assert [target for target in targets if target and not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", named([page for page in WRITTEN if files(page)]))
def test_every_file_shown_on_a_page_lints(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written: set[str] = set()
    for _, name, text in blocks(page):
        if not name:
            continue
        if name in written:  # the page changes a file: what stood there until now must be right, too
            assert errors_in(tmp_path) == []
        write(tmp_path / name, text)
        written.add(name)
    assert errors_in(tmp_path) == []


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def errors_in(folder: Path) -> list[str]:
    findings: list[Diagnostic] = check_paths(load_workspace(folder), [])[1]
    return [f"{f.span}: {f.message}" for f in findings if f.severity == "error"]


@pytest.mark.parametrize("page", named([page for page in WRITTEN if commands(page)]))
def test_every_command_of_a_page_exists(page: Path) -> None:
    for words in commands(page):
        command, rest = find(words)
        known = {name for parameter in command.params for name in [*parameter.opts, *parameter.secondary_opts]}
        used = {word.split("=")[0] for word in rest if word.startswith("--")}
        assert used - known - {"--help"} == set(), " ".join(words)


@pytest.mark.parametrize("page", named([page for page in WRITTEN if commands(page, inline=False)]))
def test_every_command_in_a_block_can_be_copied(page: Path) -> None:
    for words in commands(page, inline=False):
        command, rest = find(words)
        needed = [p for p in command.params if isinstance(p, click.Option) and p.required]
        assert [p.name for p in needed if not set(p.opts) & set(rest)] == [], " ".join(words)


def find(words: list[str]) -> tuple[click.Command, list[str]]:
    command: click.Command = cli
    rest = words[1:]
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        inner = command.get_command(click.Context(command), rest[0])
        assert inner is not None, f"{' '.join(words)}: there is no command {rest[0]}"
        command, rest = inner, rest[1:]
    return command, rest


def test_the_readme_shows_a_whole_flow() -> None:
    assert any(name.endswith(".flow.yaml") for name in files(ROOT / "README.md"))


def test_the_glossary_has_each_word_once_and_in_order() -> None:
    words = re.findall(
        r"^\| \*\*(.+?)\*\* \| .+ \|$", (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert len(words) >= 70
    assert words == sorted(set(words), key=str.lower)
