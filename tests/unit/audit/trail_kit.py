"""Real trails for the tests of the audit: flows that are run through the app, and stores changed by hand.

Owns: the workspace, its runs, and how an attacker with SQL changes a store. No test lives here.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

import msgspec

from flowrun.app.runs import App, open_app
from flowrun.app.workspace import load_workspace
from flowrun.journal.chain import GENESIS

EVENTS, RUNS = 200, 22
"""The length of the trail that is changed event by event."""
HOSTILE = "<script>alert('x')</script> & <b>late</b>"
TOOLS = '''
from typing import TypedDict

import flowrun

class Found(TypedDict):
    order: str
    customer: str
    total: float

class Done(TypedDict):
    id: str

@flowrun.tool(effect="read")
async def look(order: str) -> Found:
    """Look an order up."""
    return {"order": order, "customer": "C-10492", "total": 700.0}

@flowrun.tool(effect="write", once={"argument": "key"})
async def refund(order: str, amount: float, why: str, key: str) -> Done:
    """Give money back."""
    return {"id": "R-1"}
'''
FILES = {
    "flowrun.yaml": "tools: [shop.tools.yaml]\nroles: {leads: {members: [ana, bo]}, owners: {members: [olga]}}\n",
    "shop.py": TOOLS,
    "shop.tools.yaml": (
        "tools: shop\ntitle: Shop\nadapter: python\nsource: shop.py\n"
        "actions: {look: {effect: read}, refund: {effect: write}}\n"
    ),
    "refunds.policy.yaml": """\
policy: refunds
version: 3
rules:
  - {id: looked, tools: shop.refund, needs_before: [shop.look], reason: Look first.}
  - {id: too_much, tools: shop.refund, deny_when: args.amount > 500, reason: Above 500 nobody refunds.}
  - {id: lead, tools: shop.refund, approve_when: args.amount > 200, approver: leads, reason: Over 200 a lead says yes.}
""",
    "refund.flow.yaml": """\
flow: refund
version: 2
owner: leads
key: input.id
subject: input.id
input:
  type: object
  properties: {id: {type: string}, amount: {type: number}, text: {type: string}}
  required: [id, amount, text]
output: refund_case@1
tools:
  shop.look: {}
  shop.refund: {at_most: 1}
budget: {tool_calls: 4, writes: 1}
steps:
  - {id: found, call: shop.look, with: {order: "${{ input.id }}"}}
  - id: paid
    call: shop.refund
    on_error: continue
    with: {order: "${{ input.id }}", amount: "${{ input.amount }}", why: "${{ input.text }}"}
  - {id: out, record: refund_case@1, with: {order: "${{ input.id }}", customer: "${{ steps.found.customer }}"}}
""",
    "schemas/records/refund_case/v1.json": (
        '{"type": "object", "properties": {"order": {"type": "string"}, "customer": {"type": "string"}},'
        ' "required": ["order", "customer"], "additionalProperties": false}'
    ),
}


def make_workspace(folder: Path) -> Path:
    """Write the workspace and return its folder."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@contextmanager
def opened(folder: Path) -> Iterator[App]:
    """Open the use cases over the workspace's store, `flowrun.db` in its folder."""
    with open_app(load_workspace(folder, f"sqlite:///{folder}/flowrun.db")) as app:
        yield app


async def run_one(app: App, folder: Path, number: int, amount: float) -> str:
    """Run one refund, and have a lead answer where one is asked: no to the third of four, yes to the last."""
    message = {"id": f"O-{number}", "amount": amount, "text": f"{HOSTILE} {number}"}
    result = await app.submit(str(folder / "refund.flow.yaml"), message, by="sam")
    if result.outcome == "waiting":
        entry = result.waiting[0]["id"]
        if number % 4 == 2:
            await app.reject(entry, by="ana", reason="Not this one.")
        else:
            await app.approve(entry, by="ana")
    return result.run


AMOUNTS = (20.0, 900.0, 300.0, 250.0)
"""Paid by rule (8 events), denied (7), rejected (10), approved (12): 22 runs are 200 events."""


def make_trail(folder: Path, *, events: int = EVENTS) -> Path:
    """Run refunds until the store holds at least so many events, sign it, and return its file."""
    make_workspace(folder)
    file = folder / "flowrun.db"
    with opened(folder) as app:

        async def work() -> None:
            number = 0
            while number == 0 or count_events(file) < events:
                await run_one(app, folder, number, AMOUNTS[number % len(AMOUNTS)])
                number += 1

        asyncio.run(work())
        assert app.journal.sign() is not None  # type: ignore[attr-defined]
    with edited(file) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file


def count_events(file: Path) -> int:
    """Return how many events a store holds."""
    with closing(sqlite3.connect(file)) as db:
        return int(db.execute("SELECT count(*) FROM events").fetchone()[0])


def copy_store(file: Path, place: Path) -> Path:
    """Copy a store with its keys into a folder."""
    place.mkdir(parents=True, exist_ok=True)
    for name in (file.name, f"{file.name}.signing.pem", f"{file.name}.key"):
        shutil.copy(file.with_name(name), place / name)
    return place / file.name


@contextmanager
def edited(file: Path) -> Iterator[sqlite3.Connection]:
    """Open a store as somebody does who may write the file and cares for no rule."""
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("PRAGMA foreign_keys = OFF")
        yield db


def remake_chain(db: sqlite3.Connection, n: int) -> None:
    """Make the chain of a run anew over the events that are there, and set its end, as an attacker would."""
    rows = db.execute("SELECT pos, body FROM events WHERE n = ? ORDER BY seq", (n,)).fetchall()
    head = GENESIS
    for pos, body in rows:
        head = sha256(head + body).digest()
        db.execute("UPDATE events SET hash = ? WHERE pos = ?", (head, pos))
    db.execute("UPDATE runs SET seq = ?, head = ? WHERE n = ?", (len(rows), head, n))


def renumber(db: sqlite3.Connection, n: int) -> None:
    """Give the events of a run the places 1, 2, 3, … in their columns and in their bytes."""
    rows = db.execute("SELECT pos, body FROM events WHERE n = ? ORDER BY pos", (n,)).fetchall()
    db.execute("UPDATE events SET seq = -seq WHERE n = ?", (n,))
    for seq, (pos, body) in enumerate(rows, 1):
        found = msgspec.json.decode(body)
        db.execute(
            "UPDATE events SET seq = ?, body = ? WHERE pos = ?", (seq, msgspec.json.encode({**found, "seq": seq}), pos)
        )
