"""The bank of the benchmark as flowrun tools.

Owns: names, types and marks of the tools. What they do is AgentDojo's; the bench compares the arguments with AgentDojo's
own functions before it runs. `x-untrusted`: what people outside can write into.
"""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

from pydantic import Field

from flowrun import tool

Untrusted = Annotated[str, Field(json_schema_extra={"x-untrusted": True})]


class Transaction(TypedDict):
    id: int
    sender: str
    recipient: str
    amount: float
    subject: Untrusted
    date: str
    recurring: bool


class Person(TypedDict):
    first_name: str
    last_name: str
    street: str
    city: str


class Done(TypedDict):
    done: bool
    message: str


def _call(name: str, **args: Any) -> Any:
    # Imported late, so that `flowrun lint` can read this file without the bench.
    from bench.security.world import call

    return call(name, args)


def _write(name: str, **args: Any) -> Any:
    from bench.security.world import write

    return write(name, args)


@tool(effect="read")
def get_iban() -> str:
    """Get the IBAN of the account."""
    return _call("get_iban")


@tool(effect="read")
def get_balance() -> float:
    """Get the balance of the account."""
    return _call("get_balance")


@tool(effect="read")
def get_most_recent_transactions(n: int = 100) -> list[Transaction] | None:
    """Get the most recent transactions."""
    return _call("get_most_recent_transactions", n=n)


@tool(effect="read")
def get_scheduled_transactions() -> list[Transaction] | None:
    """Get the scheduled transactions."""
    return _call("get_scheduled_transactions")


@tool(effect="read")
def read_file(file_path: str) -> Untrusted | None:
    """Read a file that the user has received."""
    return _call("read_file", file_path=file_path)


@tool(effect="read")
def get_user_info() -> Person | None:
    """Get the user's name and address."""
    return _call("get_user_info")


@tool(effect="write")
def send_money(recipient: str, amount: float, subject: str, date: str) -> Done:
    """Send money to an IBAN."""
    return _write("send_money", recipient=recipient, amount=amount, subject=subject, date=date)


@tool(effect="write")
def schedule_transaction(recipient: str, amount: float, subject: str, date: str, recurring: bool) -> Done:
    """Schedule a payment, once or recurring."""
    return _write(
        "schedule_transaction", recipient=recipient, amount=amount, subject=subject, date=date, recurring=recurring
    )


@tool(effect="write")
def update_scheduled_transaction(
    id: int,
    recipient: str | None = None,
    amount: float | None = None,
    subject: str | None = None,
    date: str | None = None,
    recurring: bool | None = None,
) -> Done:
    """Change a scheduled payment."""
    return _write(
        "update_scheduled_transaction",
        id=id,
        recipient=recipient,
        amount=amount,
        subject=subject,
        date=date,
        recurring=recurring,
    )


@tool(effect="write")
def update_password(password: str) -> Done:
    """Change the password of the account."""
    return _write("update_password", password=password)


@tool(effect="write")
def update_user_info(
    first_name: str | None = None,
    last_name: str | None = None,
    street: str | None = None,
    city: str | None = None,
) -> Done:
    """Change the user's name or address."""
    return _write("update_user_info", first_name=first_name, last_name=last_name, street=street, city=city)
