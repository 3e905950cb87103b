"""Orders of the shop, in memory."""

from typing import Annotated, Literal, TypedDict

from pydantic import Field

from flowrun import tool


class Order(TypedDict):
    order_id: str
    customer_id: str
    amount: Annotated[float, Field(json_schema_extra={"x-money": "EUR"})]
    status: Literal["paid", "sent", "delivered"]
    placed_at: Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class Exchanged(TypedDict):
    order_id: str
    parcel: str


@tool(effect="read")
def get_order(order_id: str) -> Order:
    """Read an order."""
    raise NotImplementedError


@tool(effect="write", once={"natural": ["order_id"]})
def exchange(order_id: str, reason: str) -> Exchanged:
    """Send the same things again."""
    raise NotImplementedError
