"""The documentation is a site without a broken link, and every page has its place in the menu."""

from __future__ import annotations

import importlib.util
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]


def hooks() -> Any:
    spec = importlib.util.spec_from_file_location("docs_site", ROOT / "docs" / "site.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shown(text: str, at: str = "how-to/a.md") -> str:
    return str(hooks().on_page_markdown(text, page=SimpleNamespace(file=SimpleNamespace(src_uri=at))))


def test_a_files_name_becomes_the_title_of_its_block() -> None:
    assert shown("```yaml flows/a.flow.yaml\nflow: a\n```\n") == '```yaml title="flows/a.flow.yaml"\nflow: a\n```\n'
    assert shown("```sh\nls\n```\n") == "```sh\nls\n```\n"


def test_notes_above_blocks_are_not_in_the_site() -> None:
    assert shown("Do it:\n\n<!-- not run: needs a server -->\n```sh\nls\n```\n") == "Do it:\n\n```sh\nls\n```\n"


def test_a_link_to_the_source_becomes_its_name_and_others_stay() -> None:
    assert shown("[the flow](../../flows/refund_request/README.md)") == "the flow (`flows/refund_request/README.md`)"
    for link in ("[b](b.md)", "[b](../concepts/privacy.md#marks)", "[c](https://example.com)", "[d](#here)"):
        assert shown(link) == link


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_site_is_built_without_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    config = load_config(str(ROOT / "mkdocs.yml"), site_dir=str(tmp_path / "site"))
    with caplog.at_level(logging.WARNING, "mkdocs"):
        build(config)
    assert not [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    start = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert "tutorial.html" in start
    assert "https://fonts." not in start


def test_every_page_that_people_write_has_its_place_in_the_menu() -> None:
    menu = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = [page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").glob("[ch]*/*.md")]
    assert [page for page in pages if f": {page}\n" not in menu] == []
