"""What the shop's tools take and give. Tests never reach them, and there is no shop: a call outside a test raises.

Types only: which call is allowed is said by the flows and policies.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

from pydantic import Field

from flowrun import NotDone, tool


def marked(**marks: Any) -> Any:
    """Return a field with marks of its schema."""
    return Field(json_schema_extra={name.replace("_", "-"): value for name, value in marks.items()})


Name = Annotated[str, marked(x_pii="name")]
Email = Annotated[str, marked(x_pii="email")]
Phone = Annotated[str, marked(x_pii="phone")]
Address = Annotated[str, marked(x_pii="address")]
Secret = Annotated[str, marked(x_secret=True)]
Dollars = Annotated[float, marked(x_money="USD")]
Moment = Annotated[str, marked(format="date-time")]
Level = Literal["gold", "silver", "bronze", "guest"]


class Account(TypedDict):
    account_id: str
    full_name: Name
    street: Address
    order_ids: list[str]


class Purchase(TypedDict):
    account_id: str
    order_id: str
    product: str
    amount: Dollars
    sent_at: Moment | None


class Matching(TypedDict):
    matching: list[Literal["zip_code", "phone", "pin", "username", "password", "email", "order_id"]]


class Verdict(TypedDict):
    code_should_work: bool


class Membership(TypedDict):
    level: Level
    days_late: int


class Refunded(TypedDict):
    refund_id: str


class Changed(TypedDict):
    account_id: str


class Extended(TypedDict):
    account_id: str
    days: int


class Updated(TypedDict):
    order_id: str


class Purchased(TypedDict):
    new_order_id: str


class Code(TypedDict):
    code: str
    percent: int


class Notice(TypedDict):
    notice_id: str


def _no_shop() -> NotDone:
    return NotDone("There is no shop behind these tools. They are for tests.")


@tool(effect="read")
def find_account(account_id: str | None, full_name: Name | None) -> Account | None:
    """Pull up an account by its id or by the full name."""
    raise _no_shop()


@tool(effect="read")
def validate_purchase(account_id: str, username: str, email: Email, order_id: str) -> Purchase | None:
    """Read a purchase, if account, user name, mail address and order id belong together."""
    raise _no_shop()


@tool(effect="read")
def compare_facts(
    account_id: str,
    zip_code: str | None,
    phone: Phone | None,
    pin: Secret | None,
    username: str | None,
    password: Secret | None,
    email: Email | None,
    order_id: str | None,
) -> Matching:
    """Say which facts about an account are right."""
    raise _no_shop()


@tool(effect="read")
def ask_oracle(account_id: str, promo_code: str) -> Verdict:
    """Ask the shop's system whether a promo code should have worked."""
    raise _no_shop()


@tool(effect="read")
def membership(account_id: str) -> Membership:
    """Read the membership level of an account and how late its bill is."""
    raise _no_shop()


@tool(effect="write", once={"argument": "key"})
def refund(
    account_id: str,
    order_id: str,
    amount: Dollars,
    method: Literal["gift_card", "add_value", "paper_check", "credit_card"],
    send_to: Address,
    reason: str,
    key: str,
) -> Refunded:
    """Pay money back."""
    raise _no_shop()


@tool(effect="write", once={"natural": ["account_id", "street"]})
def change_address(account_id: str, street: Address) -> Changed:
    """Put another street address into an account."""
    raise _no_shop()


@tool(effect="write", once={"argument": "key"})
def extend_subscription(account_id: str, key: str) -> Extended:
    """Give more time to pay for the subscription."""
    raise _no_shop()


@tool(effect="write", once={"natural": ["order_id", "address"]})
def update_order(account_id: str, order_id: str, address: Address) -> Updated:
    """Put another delivery address into an order."""
    raise _no_shop()


@tool(effect="write", once={"argument": "key"})
def make_purchase(account_id: str, order_id: str, product: str, key: str) -> Purchased:
    """Send a product once more."""
    raise _no_shop()


@tool(effect="write", once={"argument": "key"})
def promo_code(account_id: str, key: str) -> Code:
    """Make a new promo code for an account."""
    raise _no_shop()


@tool(effect="write", once={"argument": "key"})
def notify_team(team: Literal["manager"], account_id: str, text: str, phone: Phone, key: str) -> Notice:
    """Leave a message for a team in the house."""
    raise _no_shop()
