"""The customer's yes in a conversation: to exactly what was shown, read by fixed rules, asked again where it is unclear."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowrun.adapters.journals.memory import MemoryJournal
from flowrun.cli import chat
from tests.unit.app.office import PLAIN, Office, asks
from tests.unit.core.kit import FINAL, call


@pytest.fixture
def desk(tmp_path: Path) -> Office:
    return Office(
        tmp_path, MemoryJournal(), [call("c", PLAIN, n=2, on_error="continue"), FINAL], [asks("customer", "lead")]
    )


class Customer:
    """Types these lines; what was shown before each is kept. `then` happens between showing and the first line."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, lines: list[str], then: Any = None) -> None:
        self.lines: Iterator[str] = iter(lines)
        self.then = then
        self.shown: list[str] = []
        monkeypatch.setattr(chat, "tell", self.shown.append)
        monkeypatch.setattr(chat, "ask", self.ask)

    def ask(self, label: str) -> str:
        if self.then is not None:
            self.then, then = None, self.then
            then()
        return next(self.lines)


async def test_an_unclear_reply_is_asked_again(desk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    customer = Customer(monkeypatch, ["yes, but only if it is free", "hm", "yes please"])
    result = await desk.app.submit_compiled(desk.compiled, {}, by="ana")
    result = await chat.converse(desk.app, result)
    assert customer.shown.count("Sorry, was that a yes or a no?") == 2 and "    n: 2" in customer.shown
    assert result.outcome == "waiting" and result.waiting[0]["open"] == ["lead"]  # the other role is still asked
    assert desk.tools.made == []


async def test_a_no_is_a_no(desk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    Customer(monkeypatch, ["no thanks"])
    result = await chat.converse(desk.app, await desk.app.submit_compiled(desk.compiled, {}, by="ana"))
    assert result.outcome == "completed_with_gaps" and desk.tools.made == []


async def test_a_yes_to_what_was_changed_in_between_does_not_count(
    desk: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = await desk.app.submit_compiled(desk.compiled, {}, by="ana")
    loop = asyncio.new_event_loop()

    def edit() -> None:
        # Another process, in the time that the customer needs to answer.
        thread = threading.Thread(
            target=lambda: loop.run_until_complete(desk.other().edit(result.waiting[0]["id"], {"n": 7}, by="lou"))
        )
        thread.start()
        thread.join()
        loop.close()

    customer = Customer(monkeypatch, ["yes", "yes"], edit)
    result = await chat.converse(desk.app, result)
    assert [line for line in customer.shown if line.startswith("    n:")] == ["    n: 2", "    n: 7"]
    assert "That has changed in the meantime." in customer.shown
    given = [(yes["by"], yes["digests"]) for yes in result.waiting[0]["approvals"]]
    assert given == [("customer", [result.waiting[0]["proposal"][0]["digest"]])]
    assert (await desk.app.approve(result.waiting[0]["id"], by="eva")).outcome == "completed"
    assert desk.tools.made == [{"n": 7}]
