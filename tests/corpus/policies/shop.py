"""A shop's orders in memory: what policies about them are tested against.

Owns: the contracts of its tools and a few made-up orders.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from pydantic import Field

from flowrun import NotDone, tool

Amount = Annotated[float, Field(gt=0, json_schema_extra={"x-money": "USD"})]
Status = Literal["pending", "delivered", "cancelled"]


class User(TypedDict):
    user_id: str


class Order(TypedDict):
    order_id: str
    user_id: str
    status: Status
    paid_with: str


class Done(TypedDict):
    order_id: str


USERS: dict[str, User] = {"mia@example.com": {"user_id": "U1"}}
ORDERS: dict[str, Order] = {
    "W1": {"order_id": "W1", "user_id": "U1", "status": "pending", "paid_with": "card_7"},
    "W2": {"order_id": "W2", "user_id": "U1", "status": "delivered", "paid_with": "card_7"},
}
REFUNDS: dict[str, tuple[str, float]] = {}
EXCHANGES: dict[str, list[str]] = {}


@tool(effect="read")
def find_user(email: str) -> User:
    """Find a customer by e-mail address."""
    return USERS[email]


@tool(effect="read")
def get_order(order_id: str) -> Order:
    """Read an order."""
    return ORDERS[order_id]


@tool(effect="write", once={"natural": ["order_id"]})
def cancel_order(order_id: str, reason: Literal["no_longer_needed", "ordered_by_mistake"]) -> Done:
    """Cancel an order."""
    if order_id not in ORDERS:
        raise NotDone(f"There is no order {order_id}.")
    ORDERS[order_id]["status"] = "cancelled"
    return {"order_id": order_id}


@tool(effect="write", once={"argument": "key"})
def exchange(order_id: str, items: list[str], key: str) -> Done:
    """Exchange things of a delivered order."""
    EXCHANGES[key] = items
    return {"order_id": order_id}


@tool(effect="write", once={"argument": "key"})
def refund(order_id: str, amount: Amount, to: str, key: str) -> Done:
    """Pay money back: to the way of payment it came from, or onto a gift card."""
    REFUNDS[key] = (to, amount)
    return {"order_id": order_id}
