"""Every block of every page is run, in order, in a folder of its own; what cannot be run says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.docs.page import ROOT, parse, read
from tests.unit.docs.reader import Reader, Wrong

PAGES = sorted(
    path
    for path in [
        ROOT / "README.md",
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "docs").glob("[ch]*/*.md"),
        *(ROOT / "flows").rglob("*.md"),
    ]
    if path.name != "index.md"
)
SLOW = {"README.md", "docs/how-to/chaos.md", "docs/how-to/prove-a-gate.md", "docs/how-to/test-a-flow.md"}
"""Pages that take more than a few seconds."""
AT_MOST_NOT_RUN = 22
"""How many blocks may be marked as not run, over all pages. Take some away; a new one needs a good reason."""


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def params() -> list[Any]:
    return [pytest.param(path, id=name(path), marks=[pytest.mark.slow] if name(path) in SLOW else []) for path in PAGES]


@pytest.mark.parametrize("path", params())
def test_every_block_of_a_page_does_what_the_page_says(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = read(path)
    ran = Reader(page, tmp_path, monkeypatch).follow()
    assert ran == sum(not block.note("not run") for block in page.blocks)


def test_few_blocks_are_not_run_and_each_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = [(name(path), block) for path in PAGES for block in read(path).blocks]
    left = [f"{page}:{block.line}: {block.note('not run')}" for page, block in blocks if block.note("not run")]
    with capsys.disabled():
        print(
            f"\n{len(blocks) - len(left)} blocks of {len(PAGES)} pages are run, {len(left)} are not:", *left, sep="\n  "
        )
    assert len(left) <= AT_MOST_NOT_RUN
    assert len(blocks) - len(left) >= 100


@pytest.mark.parametrize(
    "text",
    [
        "<!-- not run: -->\n```sh\nls\n```\n",
        "<!-- not run -->\n```sh\nls\n```\n",
        "<!-- skip: no time -->\n```sh\nls\n```\n",
        "<!-- not run: a reason -->\nWords between.\n```sh\nls\n```\n",
        "```\nls\n```\n",
        "```sh\nls\n",
    ],
)
def test_a_mark_without_a_reason_or_away_from_its_block_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"a\.md:\d"):
        parse(text, "a.md")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("```sh\nflowrun lnt\n```\n", "ends with 2"),
        ("```sh\nflowrun run support_to_ticket --input nowhere.json\n```\n", "ends with 3"),
        ("```sh\nfalse\n```\n", "ends with 1"),
        ("<!-- ends with: 1 -->\n```sh\ntrue\n```\n", "ends with 0"),
        ("```sh\nflowrun show RUN\n```\n", "nothing to copy from"),
        ("```sh\necho one\n```\n```text\ntwo\n```\n", "not printed: two"),
        ("```sh\necho one; echo two\n```\n```text\ntwo\none\n```\n", "not printed: one"),
        ("```yaml\nbudgte: {writes: 1}\n```\n", "budgte"),
        ("```yaml a.flow.yaml\nflow: a\n```\n", "`flowrun lint` ends with 1"),
        ("```json\n{,}\n```\n", "a.md:2"),
        ("```ruby\nputs 1\n```\n", "nobody knows"),
    ],
)
def test_a_page_that_is_wrong_fails(text: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Wrong) as failed:
        Reader(parse(f"# A\n{text}", "a.md"), tmp_path, monkeypatch).follow()
    assert says in str(failed.value)


def test_what_differs_from_run_to_run_may_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "```sh\necho 'at 2026-01-02T03:04:05Z: 7 runs (0.4 s)'\n```\n```text\nat 2025-12-31: … runs (1.2 s)\n```\n"
    assert Reader(parse(text, "a.md"), tmp_path, monkeypatch).follow() == 2
