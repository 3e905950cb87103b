"""The stores that every test of the journal's port runs on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flowrun.adapters.journals.memory import MemoryJournal
from flowrun.adapters.journals.sqlite import SqliteJournal
from flowrun.ports.journal import Journal
from tests.contracts.journal_kit import Wall


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture(params=["memory", "sqlite"])
def journal(request: pytest.FixtureRequest, tmp_path: Path, wall: Wall) -> Iterator[Journal]:
    store: Journal
    if request.param == "memory":
        store = MemoryJournal(wall=wall)
    else:
        store = SqliteJournal(tmp_path / "flowrun.db", wall=wall)
    yield store
    store.close()
