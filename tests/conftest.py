"""What every test has: no network, no keys from the environment, and steady settings for random tests.

Sockets are blocked by pytest-socket (see pyproject.toml). Fixtures of one kind of test belong into that folder's conftest.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

KEYS = ("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY", "ANTHROPIC_API_KEY")

# Two busy cores make single examples slow now and then; a deadline would only report the machine.
settings.register_profile("flowrun", deadline=None, print_blob=True)
if "HYPOTHESIS_PROFILE" not in os.environ:
    settings.load_profile("flowrun")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Translate our markers into those of pytest-socket."""
    for item in items:
        if item.get_closest_marker("llm"):
            item.add_marker(pytest.mark.enable_socket)
        elif item.get_closest_marker("loopback"):
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.1"]))


@pytest.fixture(autouse=True)
def no_keys(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the providers' keys away, so that a test which reaches for a real model fails at once."""
    if request.node.get_closest_marker("llm"):
        return
    for name in (*KEYS, "FLOWRUN_DEBUG"):
        monkeypatch.delenv(name, raising=False)
