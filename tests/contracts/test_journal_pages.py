"""Every store gives its runs page by page, so that a store of any size can be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flowrun.adapters.journals.memory import MemoryJournal
from flowrun.adapters.journals.sqlite import SqliteJournal
from flowrun.ports.journal import Journal
from tests.contracts.journal_kit import opened


@pytest.fixture(params=["memory", "sqlite"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journal]:
    store: Journal = MemoryJournal() if request.param == "memory" else SqliteJournal(tmp_path / "flowrun.db")
    yield store
    store.close()


def test_runs_are_read_page_by_page_and_since_a_moment(journal: Journal) -> None:
    for number in range(7):
        opened(journal, f"01{number}", at=f"2026-03-0{1 + number}T09:00:00.000000Z", flow="fg"[number % 2])
    pages, last = [], None
    while page := journal.runs(limit=3, before=last):
        pages.append([row.run for row in page])
        last = page[-1].run
    assert pages == [["016", "015", "014"], ["013", "012", "011"], ["010"]]
    assert [row.run for row in journal.runs(since="2026-03-05T10:00:00+01:00")] == ["016", "015", "014"]
    assert [row.run for row in journal.runs(since="2026-03-03T00:00:00Z", before="014", flow="f")] == ["012"]
    assert journal.runs(before="unknown") == []
