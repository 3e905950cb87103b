"""The step of the action that tells on a pull request what its change lets flows do, run as GitHub's runner does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flowrun.contract.changes.report import MARKER
from tests.acceptance.test_ci import environment, started, step
from tests.contracts.test_github import TOKEN, GitHub
from tests.unit.contract.repository import FILES, FLOW, commit, git, swapped

pytestmark = pytest.mark.loopback
NAME = "Say what the change lets flows do"
MORE = swapped(FLOW, ("    at_most: 2\n", "    at_most: 9\n"))


@pytest.fixture
def github() -> Iterator[GitHub]:
    server = GitHub()
    yield server
    server.close()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A pull request as the runner has it: only the merge commit, of a repository elsewhere."""
    origin = tmp_path / "origin"
    commit(origin, FILES)
    git(origin, "switch", "--quiet", "--create", "change")
    commit(origin, {"flows/shop.flow.yaml": MORE})
    git(origin, "switch", "--quiet", "main")
    commit(origin, {"README.md": "Something else."})
    git(origin, "merge", "--quiet", "--no-ff", "--no-edit", "change")
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{origin}", "checkout")
    return tmp_path / "checkout"


def run(folder: Path, server: GitHub, **inputs: str) -> tuple[int, str, str]:
    """Run the step; return its exit code, what it prints, and the summary of the job."""
    summary = folder.parent / "summary.md"
    env = environment(
        DIFF=inputs.get("diff", "comment"),
        FAIL_ON=inputs.get("fail_on", ""),
        NUMBER="7",
        GITHUB_TOKEN=TOKEN,
        GITHUB_SHA=git(folder, "rev-parse", "HEAD"),
        GITHUB_REPOSITORY="acme/flows",
        GITHUB_API_URL=server.url,
        GITHUB_STEP_SUMMARY=str(summary),
        HOME=str(folder.parent),
    )
    shell = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step(NAME)["run"])
    done = started(*shell, folder=folder, env=env)
    return done.returncode, done.stdout + done.stderr, summary.read_text() if summary.exists() else ""


def test_the_step_names_no_input_in_its_script() -> None:
    assert "${{" not in step(NAME)["run"]
    assert set(step(NAME)["env"]) == {"DIFF", "FAIL_ON", "NUMBER", "GITHUB_TOKEN"}


def test_a_pull_request_is_told_what_it_widens(checkout: Path, github: GitHub) -> None:
    for _ in range(2):
        code, printed, summary = run(checkout, github)
        assert code == 0, printed
    (comment,) = github.comments
    assert comment["body"].startswith(MARKER) and "goes from 2 to 9" in comment["body"]
    assert "goes from 2 to 9" in summary
    assert "::warning title=flowrun diff%3A shop::crm.add_note: the limit goes from 2 to 9" in printed
    assert run(checkout, github, fail_on="widened")[0] == 1


def test_a_fork_that_may_not_comment_does_not_fail(checkout: Path, github: GitHub) -> None:
    github.status = 403
    code, printed, summary = run(checkout, github)
    assert code == 0 and "::warning::The comment could not be written." in printed
    assert "goes from 2 to 9" in summary


def test_a_summary_asks_github_nothing(checkout: Path, github: GitHub) -> None:
    assert run(checkout, github, diff="summary")[0] == 0
    assert github.asked == []
