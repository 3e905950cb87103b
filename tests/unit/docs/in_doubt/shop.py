"""A tool whose answer gets lost, so that nobody knows whether a ticket was opened."""

from typing import TypedDict

from flowrun import tool


class Ticket(TypedDict):
    ticket_id: str


@tool(effect="write")
def open_ticket(text: str) -> Ticket:
    """Open a ticket."""
    raise OSError("The line broke.")
