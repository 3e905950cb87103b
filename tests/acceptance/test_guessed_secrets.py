"""A variable whose name looks like a secret's is a guess: it hides on the screen, and never changes what is stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowrun.cli.main import main
from flowrun.core.events import Returned
from flowrun.wiring import journal
from tests.acceptance.replay_kit import load_workspace, record, write


def test_a_guess_is_hidden_where_it_is_shown_and_stored_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path)
    monkeypatch.setenv("SORT_KEY", "customer-0")
    (run,) = record(tmp_path, [10], what="customer-")
    store = journal(load_workspace(tmp_path).store_url)
    outputs = [stored.event.output for stored in store.events(run) if isinstance(stored.event, Returned)]
    store.close()
    assert outputs == [{"what": "customer-0", "stock": 3}, {"id": "T-customer-0"}]
    assert main(["show", run, "--workspace", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "customer-0" not in out and "T-[secret]" in out
