"""A small workspace for the tests of editors: the bundled flow, with a Python tool file, roles and a model of its own.

Owns: its files. Each test changes what it is about.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import flowrun.flows

SHOP = '''\
"""The tools of a small shop."""

from typing import Literal, TypedDict

from flowrun import tool


class Order(TypedDict):
    order_id: str
    status: Literal["open", "paid", "cancelled"]
    amount: float


@tool(effect="read")
def find_order(order_id: str) -> Order:
    """Read an order."""
    return {"order_id": order_id, "status": "open", "amount": 1.0}


@tool(effect="write", once={"natural": ["order_id"]})
def cancel_order(order_id: str, reason: Literal["late", "broken"]) -> Order:
    """Cancel an order."""
    return {"order_id": order_id, "status": "cancelled", "amount": 1.0}
'''
CONFIG = """\
roles:
  support_leads: {members: [Sam, Kim], within: 1d}
  billing_leads: {members: [Robin], within: 1d}
  finance: {members: [Jo], within: 1d}
models:
  examples: {provider: examples}
  small: {provider: openai, model: small, price: {input: 0.15 USD, output: 0.60 USD}}
tools: [shop.tools.yaml]
"""


def workspace(root: Path) -> Path:
    """Write the workspace into a folder and return it."""
    (root / "flowrun.yaml").write_text(CONFIG)
    (root / "shop.tools.yaml").write_text(
        "tools: shop\nadapter: python\nsource: shop.py\nactions:\n  find_order: {}\n  cancel_order: {}\n"
    )
    (root / "shop.py").write_text(SHOP)
    source = Path(flowrun.flows.__file__).parent
    for name in ("support_to_ticket", "refund_request"):
        shutil.copytree(source / name, root / "flows" / name)
    return root
