"""The work that `bench_runs` measures, for one process: flowrun's runs, and the same barriers written by hand.

Run: python -m bench.runs_workload MODE RUNS FOLDER; prints one JSON line. MODE is one of `MODES`. No measurement is
judged here.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

WARM = 60
"""Runs before the clock starts: plans are loaded, statements are prepared, the write-ahead log has its size."""
AT_ONCE = 50
STEPS = "rrwrrwrr"
"""Six reads and two writes."""

TOOLS = '''
from typing import TypedDict

import flowrun

class Found(TypedDict):
    what: str
    found: str
    plan: str
    status: str

class Done(TypedDict):
    id: str
    what: str
    status: str

@flowrun.tool(effect="read")
async def look(what: str) -> Found:
    """Look something up."""
    return {"what": what, "found": "C-10492", "plan": "pro", "status": "active"}

@flowrun.tool(effect="write", once={"argument": "key"})
async def change(what: str, amount: float, key: str) -> Done:
    """Change something."""
    return {"id": "T-1", "what": what, "status": "done"}
'''
TOOL_FILE = "tools: shop\ntitle: Shop\nadapter: python\nsource: shop.py\nactions: {look: {effect: read}, change: {effect: write}}\n"
POLICY = """policy: shop
version: 1
rules:
  - {id: looked, tools: shop.change, needs_before: [shop.look], reason: Look first.}
  - {id: small, tools: shop.change, deny_when: args.amount > 500, reason: Too much.}
  - {id: named, tools: shop.change, only_when: 'args.what in ["a", "b", "c"]', reason: Unknown.}
  - {id: lead, tools: shop.change, approve_when: args.amount > 200, approver: leads, reason: Over 200.}
"""
FIELDS = ("one", "two", "three", "four", "five", "six", "seven", "eight")


def workspace(folder: Path) -> None:
    """Write the workspace: eight steps, two of them writes, one policy of four rules, one record."""
    steps = []
    for number, kind in enumerate(STEPS):
        call = "shop.look, with: {what: a}" if kind == "r" else "shop.change, with: {what: b, amount: 20}"
        steps.append(f"  - {{id: s{number}, call: {call}}}")
    values = ", ".join(f'{field}: "${{{{ steps.s0.found }}}}"' for field in FIELDS)
    flow = [
        "flow: eight\nversion: 1\nowner: leads\nkey: input.id",
        "input: {type: object, properties: {id: {type: string}, text: {type: string}}, required: [id, text]}",
        "output: bench_case@1\ntools: {shop.look: {}, shop.change: {at_most: 2}}\nbudget: {tool_calls: 20, writes: 4}",
        "steps:\n" + "\n".join(steps),
        f"  - {{id: out, record: bench_case@1, with: {{{values}}}}}",
    ]
    schema = {
        "type": "object",
        "properties": {field: {"type": "string", "minLength": 1, "maxLength": 100} for field in FIELDS},
        "required": list(FIELDS),
        "additionalProperties": False,
    }
    files = {
        "flowrun.yaml": "tools: [shop.tools.yaml]\nroles: {leads: {members: [ana]}}\n",
        "shop.py": TOOLS,
        "shop.tools.yaml": TOOL_FILE,
        "shop.policy.yaml": POLICY,
        "eight.flow.yaml": "\n".join(flow) + "\n",
        "schemas/records/bench_case/v1.json": json.dumps(schema),
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def message(number: int) -> dict[str, str]:
    """Return the input of one run."""
    return {"id": f"m-{number}", "text": "I was billed twice and nobody has fixed it. " * 3}


class Syncs:
    """Counts the commits that wait for the disk, where the system calls cannot be counted."""

    def __init__(self) -> None:
        self.count = 0
        self._full = False

    def watch(self, db: sqlite3.Connection) -> None:
        """Count on this connection from now on."""
        db.set_trace_callback(self._saw)

    def _saw(self, sql: str) -> None:
        if "synchronous" in sql:
            self._full = "FULL" in sql
        self.count += self._full and sql == "COMMIT"


def measured(work: Callable[[int, int], Any], runs: int) -> dict[str, float]:
    """Run the warm-up, then `runs` runs; return seconds of CPU and of the wall for one run."""
    work(0, WARM)
    cpu, wall = time.process_time(), time.perf_counter()
    work(WARM, runs)
    return {"cpu": (time.process_time() - cpu) / runs, "wall": (time.perf_counter() - wall) / runs}


class Trivial:
    """Tools that do nothing, as the floor's steps do; the contracts are those of the Python tools."""

    def __init__(self, source: Any) -> None:
        self._contracts = source.contracts()

    def contracts(self) -> Any:
        """Return the contracts."""
        return self._contracts

    async def invoke(self, request: Any) -> Any:
        """Answer at once."""
        from flowrun.ports.tools import ToolResult

        what = request.args["what"]
        if request.tool == "shop.look":
            return ToolResult(output={"what": what, "found": "C-10492", "plan": "pro", "status": "active"})
        return ToolResult(output={"id": "T-1", "what": what, "status": "done"})

    async def aclose(self) -> None:
        """Do nothing."""


def flowrun_runs(
    folder: Path, runs: int, at_once: int, syncs: Syncs | None = None, *, python: bool = False
) -> dict[str, float]:
    """Measure flowrun as a program uses it: submit an input, have the result. `python`: through the adapter for functions."""
    from flowrun.app.runs import open_app
    from flowrun.app.workspace import load_workspace

    workspace(folder)
    with asyncio.Runner() as runner, open_app(load_workspace(folder, f"sqlite:///{folder}/flowrun.db")) as app:
        flow = str(folder / "eight.flow.yaml")
        if not python:
            app.dispatch.tools = {"shop": Trivial(app.dispatch.tools["shop"])}
        if syncs is not None:
            app.flow(flow)
            syncs.watch(app.journal._connection)  # type: ignore[attr-defined]

        async def alone(first: int, count: int) -> None:
            for number in range(first, first + count):
                result = await app.submit(flow, message(number))
                assert result.outcome == "completed" and result.usage.writes == 2, result

        async def together(first: int, count: int) -> None:
            done = []
            inputs = (message(number) for number in range(first, first + count))
            await app.submit_many(flow, inputs, at_once=at_once, on_result=lambda place, result: done.append(result))
            assert all(getattr(result, "outcome", "") == "completed" for result in done), done[:1]

        work = alone if at_once == 1 else together
        return measured(lambda first, count: runner.run(work(first, count)), runs)


class ByHand:
    """The floor: a journal written by hand, synced at the same barriers, with no engine around it."""

    def __init__(self, folder: Path) -> None:
        self.db = sqlite3.connect(folder / "limit.db", isolation_level=None)
        for setting in ("journal_mode = WAL", "synchronous = NORMAL", "wal_autocheckpoint = 2000"):
            self.db.execute(f"PRAGMA {setting}")
        self.db.execute("CREATE TABLE events (pos INTEGER PRIMARY KEY, run TEXT, seq INTEGER, body BLOB, hash BLOB)")
        self.db.execute("CREATE UNIQUE INDEX events_run ON events (run, seq)")
        self._full = False
        self._queue: list[tuple[str, int, bytes, bytes]] = []
        self._waiting: list[asyncio.Future[None]] = []

    def rows(self, run: str) -> list[tuple[tuple[str, int, bytes, bytes], bool]]:
        """Return the events of a run, each with whether it is a barrier: the start, each side of a write, the end."""
        full = [True]
        for kind in STEPS:
            full += [kind == "w", kind == "w"]
        full.append(True)
        rows, head = [], b"\0" * 32
        for seq, durable in enumerate(full):
            body = json.dumps({"run": run, "seq": seq, "type": "step.finished", "data": "x" * 300}).encode()
            head = hashlib.sha256(head + body).digest()
            rows.append(((run, seq, body, head), durable))
        return rows

    def store(self, rows: list[tuple[str, int, bytes, bytes]], durable: bool) -> None:
        """Commit rows together."""
        if durable is not self._full:
            self.db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._full = durable
        self.db.execute("BEGIN IMMEDIATE")
        self.db.executemany("INSERT INTO events (run, seq, body, hash) VALUES (?, ?, ?, ?)", rows)
        self.db.execute("COMMIT")

    def alone(self, first: int, count: int) -> None:
        """One run after the other, one commit an event."""
        for number in range(first, first + count):
            for row, durable in self.rows(f"r{number}"):
                self.store([row], durable)

    async def together(self, first: int, count: int) -> None:
        """`AT_ONCE` runs side by side; the barriers of one turn of the loop are synced together."""
        numbers = iter(range(first, first + count))

        async def worker() -> None:
            for number in numbers:
                for row, durable in self.rows(f"r{number}"):
                    self._queue.append(row)
                    if durable:
                        await self._barrier()

        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))

    def _barrier(self) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._flush)
        self._waiting.append(future)
        return future

    def _flush(self) -> None:
        rows, self._queue = self._queue, []
        waiting, self._waiting = self._waiting, []
        self.store(rows, True)
        for future in waiting:
            future.set_result(None)


def by_hand(folder: Path, runs: int, at_once: int, syncs: Syncs | None = None) -> dict[str, float]:
    """Measure the floor."""
    limit = ByHand(folder)
    if syncs is not None:
        syncs.watch(limit.db)
    if at_once == 1:
        return measured(limit.alone, runs)
    with asyncio.Runner() as runner:
        return measured(lambda first, count: runner.run(limit.together(first, count)), runs)


MODES: dict[str, tuple[Callable[..., dict[str, float]], int]] = {
    "flowrun": (flowrun_runs, 1),
    "limit-barrier": (by_hand, 1),
    "flowrun-50": (flowrun_runs, AT_ONCE),
    "python": (partial(flowrun_runs, python=True), 1),
    "python-50": (partial(flowrun_runs, python=True), AT_ONCE),
    "limit-barrier-group": (by_hand, AT_ONCE),
}


def main(arguments: list[str]) -> None:
    """Do the work of one mode."""
    mode, runs, folder = arguments[:3]
    work, at_once = MODES[mode]
    syncs = Syncs() if arguments[3:] == ["syncs"] else None
    found = work(Path(folder), int(runs), at_once, syncs)
    if syncs is not None:
        found["syncs"] = syncs.count
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
