"""A workspace for tests of replay: one flow with a read, a model, a fact, a policy, a window and a person; and its runs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flowrun.app.replay import Report, replay
from flowrun.app.runs import App, open_app
from flowrun.app.workspace import load_workspace
from flowrun.core.commands import CallModel
from flowrun.ports.models import ModelReply
from flowrun.wiring import clock, journal

TOOLS = '''
from typing import TypedDict

import flowrun

class Found(TypedDict):
    what: str
    stock: int

class Done(TypedDict):
    id: str

@flowrun.tool(effect="read")
async def look(what: str) -> Found:
    """Look something up."""
    return {"what": what, "stock": 3}

@flowrun.tool(effect="write", once={"argument": "key"})
async def change(what: str, amount: float, note: str, key: str) -> Done:
    """Change something."""
    return {"id": "T-" + what}
'''
POLICY = """policy: shop
version: 1
facts:
  seen: {call: shop.look, with: {what: "${{ args.what }}"}}
rules:
  - {id: looked, tools: shop.change, needs_before: [shop.look], reason: Look first.}
  - {id: in_stock, tools: shop.change, only_when: facts.seen.stock > 0, reason: Sold out.}
  - {id: lead, tools: shop.change, approve_when: args.amount > 50, approver: leads, reason: Over 50.}
  - {id: most, tools: shop.change, deny_when: args.amount > 500, reason: Over 500.}
  - {id: day, tools: shop.change, at_most: {limit: 200, sum: args.amount, window: today}, reason: Enough for today.}
"""
FLOW = """flow: shop
version: 1
owner: leads
key: input.id
input: {type: object, properties: {id: {type: string}, what: {type: string}, amount: {type: number}}, required: [id, what, amount]}
output: changed@1
tools: {shop.look: {}, shop.change: {}}
budget: {writes: 2, tool_calls: 9, model_calls: 4}
steps:
  - {id: seen, call: shop.look, with: {what: "${{ input.what }}"}}
  - id: why
    ask: Why is ${{ input.what }} changed?
    answer: reason@1
    on_error: hand_off
  - id: done
    call: shop.change
    with: {what: "${{ input.what }}", amount: "${{ input.amount }}", note: "${{ steps.why.reason }}"}
    on_error: continue
  - id: out
    record: changed@1
    with: {id: "${{ steps.done.id }}", reason: "${{ steps.why.reason }}"}
"""
REASON = '{"type": "object", "properties": {"reason": {"type": "string"}}, "required": ["reason"]}'
CHANGED = (
    '{"type": "object", "properties": {"id": {"type": ["string", "null"]}, "reason": {"type": "string"}}, '
    '"required": ["id", "reason"], "additionalProperties": false}'
)
FILES = {
    "flowrun.yaml": "tools: [shop.tools.yaml]\nroles: {leads: {members: [ana, bo]}}\n"
    "models: {small: {provider: llama_cpp, model: small, base_url: 'http://127.0.0.1:1/v1'}}\n",
    "shop.py": TOOLS,
    "shop.tools.yaml": "tools: shop\ntitle: Shop\nadapter: python\nsource: shop.py\n"
    "actions: {look: {effect: read}, change: {effect: write}}\n",
    "shop.policy.yaml": POLICY,
    "shop.flow.yaml": FLOW,
    "schemas/records/changed/v1.json": CHANGED,
    "schemas/records/reason/v1.json": REASON,
}


class Says:
    """A model with one answer."""

    async def complete(self, request: CallModel) -> ModelReply:
        return ModelReply(mode="json_schema", answer={"reason": "They asked for it."}, answered=True)

    async def aclose(self) -> None:
        return None


def write(folder: Path, **changes: str) -> None:
    """Write the workspace, or change files of it (`shop_flow=` for `shop.flow.yaml`)."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    edit(folder, **changes)


def edit(folder: Path, **changes: str) -> None:
    """Replace whole files, named with `_` for `.`."""
    for name, text in changes.items():
        path = folder / (name.replace("_", ".") + ".yaml")
        assert path.exists()
        path.write_text(text, encoding="utf-8")


def swap(text: str, old: str, new: str) -> str:
    """Return a text with one thing changed, which must be there."""
    assert text.count(old) == 1
    return text.replace(old, new)


def record(folder: Path, amounts: Iterable[float], *, say: str | None = "approve", what: str = "w") -> list[str]:
    """Run the flow once for each amount; people say yes (`approve`), no (`reject`), or nothing. Return the runs."""
    with open_app(load_workspace(folder), models=Says()) as app:
        return asyncio.run(_runs(app, list(amounts), say, what))


async def _runs(app: App, amounts: list[float], say: str | None, what: str) -> list[str]:
    runs = []
    start = len(app.journal.runs(limit=1000))
    for number, amount in enumerate(amounts, start):
        input = {"id": f"m-{number}", "what": f"{what}{number}", "amount": amount}
        result = await app.submit("shop", input, model="small")
        runs.append(result.run)
        for entry in result.waiting if say is not None else []:
            if say == "approve":
                await app.approve(entry["id"], by="ana", role="leads")
            else:
                await app.reject(entry["id"], by="ana", role="leads", reason="No.")
    return runs


def replayed(folder: Path, **more: Any) -> Report:
    """Replay what the store holds."""
    ws = load_workspace(folder)
    store = journal(ws.store_url)
    try:
        return replay(ws, store, now=clock().now(), **more)
    finally:
        store.close()


def kinds(report: Report) -> list[str]:
    """Return the class of each run, the oldest first."""
    return [found.kind for found in report.runs]
