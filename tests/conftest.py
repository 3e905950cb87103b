"""What every test has: no network, no model, no keys, a home and a store of its own, and steady random tests.

Sockets are blocked by pytest-socket (see pyproject.toml). Fixtures of one kind of test belong into that
folder's conftest.
"""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest
from hypothesis import settings

KEYS = ("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY", "ANTHROPIC_API_KEY")

# Set before a room is imported, so that a model client made at import would be caught, too.
os.environ["FLOWRUN_NO_MODELS"] = "1"

# Two busy cores make single examples slow now and then; a deadline would only report the machine.
settings.register_profile("flowrun", deadline=None, print_blob=True)
if "HYPOTHESIS_PROFILE" not in os.environ:
    settings.load_profile("flowrun")

_stores = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Translate our markers into those of pytest-socket."""
    for item in items:
        if item.get_closest_marker("llm"):
            item.add_marker(pytest.mark.enable_socket)
        elif item.get_closest_marker("loopback") or item.get_closest_marker("temporal"):
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.1"]))


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder with nothing in it, shared by the tests of one process."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def isolated(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, empty_home: Path) -> None:
    """Give each test an empty home, a store that is made only if used, and none of the person's settings.

    A test of the default store removes FLOWRUN_STORE and changes into its own folder. Only `llm` tests see
    the keys and may reach a model.
    """
    monkeypatch.setenv("HOME", str(empty_home))
    for name in [name for name in os.environ if name.startswith("FLOWRUN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FLOWRUN_STORE", f"sqlite:///{empty_home}/store-{next(_stores)}.db")
    if request.node.get_closest_marker("llm"):
        return
    monkeypatch.setenv("FLOWRUN_NO_MODELS", "1")
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
