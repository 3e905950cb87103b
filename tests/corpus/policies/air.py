"""An airline's bookings in memory: what policies about them are tested against.

Owns: the contracts of its tools and a few made-up bookings.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from pydantic import Field

from flowrun import NotDone, tool

Cabin = Literal["basic_economy", "economy", "business"]
Membership = Literal["regular", "silver", "gold"]
Amount = Annotated[float, Field(gt=0, json_schema_extra={"x-money": "USD"})]


class User(TypedDict):
    user_id: str
    membership: Membership


class Flight(TypedDict):
    number: str
    status: Literal["available", "delayed", "cancelled", "flown"]


class Reservation(TypedDict):
    reservation_id: str
    user_id: str
    cabin: Cabin
    passengers: list[str]
    booked_at: Annotated[str, Field(json_schema_extra={"format": "date-time"})]
    cancelled_by_airline: bool
    insured: bool
    flights: list[Flight]


class Payment(TypedDict):
    kind: Literal["card", "certificate", "gift_card"]
    id: str


class Done(TypedDict):
    reservation_id: str


USERS: dict[str, User] = {"mia@example.com": {"user_id": "U1", "membership": "gold"}}
RESERVATIONS: dict[str, Reservation] = {
    "R1": {
        "reservation_id": "R1",
        "user_id": "U1",
        "cabin": "economy",
        "passengers": ["Mia", "Ole"],
        "booked_at": "2026-01-01T09:00:00Z",
        "cancelled_by_airline": False,
        "insured": True,
        "flights": [{"number": "F1", "status": "available"}],
    }
}
BAGS: dict[str, int] = {}
PAID: dict[str, float] = {}


@tool(effect="read")
def find_user(email: str) -> User:
    """Find a customer by e-mail address."""
    return USERS[email]


@tool(effect="read")
def get_user(user_id: str) -> User:
    """Read a customer."""
    return next(user for user in USERS.values() if user["user_id"] == user_id)


@tool(effect="read")
def get_reservation(reservation_id: str) -> Reservation:
    """Read a booking."""
    return RESERVATIONS[reservation_id]


@tool(effect="write", once={"argument": "key"})
def book(user_id: str, cabin: Cabin, passengers: list[str], payments: list[Payment], key: str) -> Done:
    """Book seats."""
    made: Reservation = {
        "reservation_id": f"R-{key[:6]}",
        "user_id": user_id,
        "cabin": cabin,
        "passengers": passengers,
        "booked_at": "2026-01-05T09:00:00Z",
        "cancelled_by_airline": False,
        "insured": False,
        "flights": [],
    }
    return {"reservation_id": RESERVATIONS.setdefault(made["reservation_id"], made)["reservation_id"]}


@tool(effect="write", once={"natural": ["reservation_id"]})
def cancel(reservation_id: str, reason: Literal["change_of_plans", "airline_cancelled", "health", "weather"]) -> Done:
    """Cancel a booking."""
    if reservation_id not in RESERVATIONS:
        raise NotDone(f"There is no booking {reservation_id}.")
    RESERVATIONS[reservation_id]["flights"] = []
    return {"reservation_id": reservation_id}


@tool(effect="write", once={"natural": ["reservation_id", "free_bags"]})
def set_bags(reservation_id: str, free_bags: Annotated[int, Field(ge=0)]) -> Done:
    """Set how many bags of a booking travel free of charge."""
    BAGS[reservation_id] = free_bags
    return {"reservation_id": reservation_id}


@tool(effect="write", once={"argument": "key"})
def compensate(reservation_id: str, amount: Amount, key: str) -> Done:
    """Pay a compensation for a booking."""
    PAID[key] = amount
    return {"reservation_id": reservation_id}
