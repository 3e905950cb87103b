"""The process is killed before and after every commit of the bundled flow, and resumed; nothing is done twice or lost."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from flowrun.adapters.desk.store import Desk

CHILD = Path(__file__).with_name("child.py")
COMMITS = 14
"""More than the run makes; the last ones are not reached, and the test says so if they are."""


def child(folder: Path, commit: int, when: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(CHILD), str(folder), str(commit), when], capture_output=True, text=True, timeout=60
    )


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_at_any_commit_leaves_each_effect_once(tmp_path: Path, when: str) -> None:
    killed = 0
    for commit in range(1, COMMITS + 1):
        folder = tmp_path / str(commit)
        folder.mkdir()
        first = child(folder, commit, when)
        if first.returncode == 0:
            assert commit > 8, f"the run made only {commit - 1} commits"
            break
        assert first.returncode == -signal.SIGKILL, first.stderr
        killed += 1
        second = child(folder, 0, when)
        assert (second.returncode, second.stdout.strip()) == (0, "completed"), second.stderr
        desk = Desk(folder / "desk.db")
        counts = (desk.count("desk.create_ticket"), desk.count("crm.add_note"))
        desk.close()
        assert counts == (1, 1), f"killed {when} commit {commit}"
        asked = Counter((folder / "asked.log").read_text().split())
        # Only the call that was in flight at the kill may be made again.
        assert sum(asked.values()) - len(asked) <= 1, asked
    else:
        pytest.fail(f"the run makes {COMMITS} commits or more: raise COMMITS")
    assert killed >= 8
