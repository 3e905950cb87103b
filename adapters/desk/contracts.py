"""The contracts of the desk's tools: closed schemas, effects, and how a repeat is made harmless.

Owns: the `ToolPlan` of every action. What an action does is in `actions.py`; no I/O lives here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

from flowrun.plan.model import ToolPlan

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
SOURCE_VERSION = "1"
"""Part of every digest; raised when an action changes what it does."""

QUEUE_OF = {
    "billing_dispute": "billing_queue",
    "refund": "billing_queue",
    "cancellation": "retention_queue",
    "access": "technical_queue",
    "bug": "technical_queue",
    "question": "general_queue",
    "delivery": "logistics_queue",
    "privacy": "privacy_queue",
    "outage": "incident_queue",
    "other": "general_queue",
}
CATEGORIES = list(QUEUE_OF)
QUEUES = [
    *("billing_queue", "retention_queue", "technical_queue", "logistics_queue"),
    *("privacy_queue", "incident_queue", "general_queue"),
]
SEVERITIES = ["low", "medium", "high", "critical"]


def closed(properties: dict[str, Schema], *, optional: Sequence[str] = (), **more: Any) -> Schema:
    """Return an object schema that takes nothing else; all is required but `optional`."""
    required = [name for name in properties if name not in optional]
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
        **more,
    }


def text(most: int, description: str = "", marks: Schema | None = None) -> Schema:
    """Return the schema of a text that is not empty."""
    told = {"description": description} if description else {}
    return {"type": "string", "minLength": 1, "maxLength": most, **told, **(marks or {})}


def nullable(schema: Schema) -> Schema:
    """Return a schema that also takes null."""
    return {"anyOf": [schema, {"type": "null"}]}


def id_of(what: str) -> Schema:
    return text(100, f"Id of the {what}.")


def plain_enum(*values: str) -> Schema:
    return {"enum": list(values)}


# What somebody outside wrote is marked: it is data, never an instruction, and it may name a person.
FREE = {"x-pii": "free_text", "x-untrusted": True}
NAME = text(200, marks={"x-pii": "name", "x-untrusted": True})
EMAIL = {"type": "string", "format": "email", "maxLength": 254, "x-pii": "email"}
PHONE = nullable(text(40, marks={"x-pii": "phone"}))
LOCALE = {"type": "string", "pattern": "^[a-z]{2}-[A-Z]{2}$"}
MOMENT = {"type": "string", "format": "date-time"}
DAY = {"type": "string", "format": "date"}
CENTS = {"multipleOf": 0.01}
AMOUNT = {"type": "number", "exclusiveMinimum": 0, "x-money": "EUR", **CENTS}
PRICE = {"type": "number", "minimum": 0, "x-money": "currency"}
CURRENCY = {"type": "string", "pattern": "^[A-Z]{3}$"}
CATEGORY = {"enum": CATEGORIES, "description": "What the ticket is about; it decides the queue."}
SEVERITY = {"enum": SEVERITIES, "description": "How urgent it is; critical wakes people up."}
QUEUE = {"enum": QUEUES, "description": "Only to overrule the category's own queue."}

TICKET = closed(
    {
        "ticket_id": id_of("ticket"),
        "customer_id": id_of("customer"),
        "category": plain_enum(*CATEGORIES),
        "severity": plain_enum(*SEVERITIES),
        "queue": plain_enum(*QUEUES),
        "status": plain_enum("open", "pending", "closed"),
        "summary": text(500, marks=FREE),
        "created_at": MOMENT,
    }
)
REFUND = closed(
    {
        "refund_id": id_of("refund"),
        "customer_id": id_of("customer"),
        "order_id": id_of("order"),
        "amount": PRICE,
        "currency": CURRENCY,
        # Why the desk's own side paid: a code or a sentence of the flow, about no person.
        "reason": text(500, marks={"x-untrusted": True}),
        "created_at": MOMENT,
    }
)
BOOKING = closed(
    {
        "booking_id": id_of("booking"),
        "customer_id": id_of("customer"),
        "slot": MOMENT,
        "status": plain_enum("booked", "cancelled"),
    }
)
CONTACT = {"name": NAME, "email": EMAIL, "phone": PHONE, "locale": LOCALE}
CUSTOMER = closed(
    {
        "customer_id": id_of("customer"),
        "name": NAME,
        "email": EMAIL,
        "plan": plain_enum("free", "basic", "pro", "business"),
        "status": plain_enum("active", "past_due", "suspended", "cancelled"),
        "locale": LOCALE,
        "account_age_days": {"type": "integer", "minimum": 0},
        "open_invoices": {"type": "integer", "minimum": 0},
        "last_tickets": {
            "type": "array",
            "maxItems": 3,
            "items": closed(
                {
                    n: TICKET["properties"][n]
                    for n in ("ticket_id", "category", "severity", "status", "summary", "created_at")
                }
            ),
        },
    }
)
ORDER = closed(
    {
        "order_id": id_of("order"),
        "item": text(200),
        "amount": PRICE,
        "currency": CURRENCY,
        "status": plain_enum("paid", "unpaid", "shipped", "delivered", "returned"),
        "placed_at": MOMENT,
    }
)
INVOICE = closed(
    {
        "invoice_id": id_of("invoice"),
        "order_id": nullable(id_of("order")),
        "amount": PRICE,
        "currency": CURRENCY,
        "status": plain_enum("open", "paid", "void"),
        "due_on": DAY,
    }
)
LETTER = {"to": EMAIL, "subject": text(200), "body": text(20_000, marks={"x-pii": "free_text"})}
KEY = text(200, "The idempotency key of the call that may have been made.")


def sent(id_name: str, at: str) -> Schema:
    return closed({id_name: id_of("mail"), "to": EMAIL, "subject": text(200), at: MOMENT})


def found_by(**properties: Schema) -> Schema:
    return closed(properties, optional=list(properties), minProperties=1)


def plan(name: str, title: str, effect: str, input: Schema, output: Schema) -> ToolPlan:
    """Return one contract. Every write takes its key beside the arguments, as an HTTP header would carry
    it.
    """
    made = ToolPlan(
        name=name,
        title=title,
        effect=effect,
        input={"$schema": DIALECT, **input},
        output=output,
        once={"header": "Idempotency-Key"} if effect == "write" else None,
        within=10.0,
        adapter="desk",
    )
    covered = msgspec.json.encode(made, order="deterministic") + SOURCE_VERSION.encode()
    return msgspec.structs.replace(made, digest=hashlib.sha256(covered).hexdigest())


ONE_CUSTOMER = {"customer_id": id_of("customer")}
CONTRACTS: dict[str, ToolPlan] = {
    made.name: made
    for made in (
        plan(
            "crm.lookup_customer",
            "Find a customer by e-mail address: plan, open invoices, last tickets. Null where nobody has it.",
            "read",
            closed({"email": {**EMAIL, "description": "The customer's e-mail address."}}),
            nullable(CUSTOMER),
        ),
        plan(
            "crm.get_orders",
            "List a customer's orders and invoices, the newest first.",
            "read",
            closed(ONE_CUSTOMER),
            closed({"orders": {"type": "array", "items": ORDER}, "invoices": {"type": "array", "items": INVOICE}}),
        ),
        plan(
            "crm.update_contact",
            "Change a customer's name, e-mail address, phone number or language.",
            "write",
            closed({**ONE_CUSTOMER, "fields": closed(CONTACT, optional=list(CONTACT), minProperties=1)}),
            closed({**ONE_CUSTOMER, **CONTACT}),
        ),
        plan(
            "crm.add_note",
            "Put a note on a customer, for the people who work on the case.",
            "write",
            closed({**ONE_CUSTOMER, "text": text(2000, "The note.", marks={"x-pii": "free_text"})}),
            closed({"note_id": id_of("note"), "created_at": MOMENT}),
        ),
        plan(
            "desk.create_ticket",
            "Open a ticket in the helpdesk.",
            "write",
            closed(
                {
                    **ONE_CUSTOMER,
                    "category": CATEGORY,
                    "severity": SEVERITY,
                    "summary": text(500, "What is wrong, in one or two sentences.", marks={"x-pii": "free_text"}),
                    "queue": QUEUE,
                },
                optional=["queue"],
            ),
            closed({n: TICKET["properties"][n] for n in ("ticket_id", "queue", "severity", "created_at")}),
        ),
        plan(
            "desk.find_ticket",
            "Find a ticket by id, the newest of a customer, or the one that a key made; null where none.",
            "read",
            found_by(ticket_id=id_of("ticket"), customer_id=id_of("customer"), key=KEY),
            nullable(TICKET),
        ),
        plan(
            "pay.refund",
            "Pay money of an order back to the customer.",
            "write",
            closed({**ONE_CUSTOMER, "order_id": id_of("order"), "amount": AMOUNT, "reason": text(500, "Why.")}),
            REFUND,
        ),
        plan(
            "pay.find_refund",
            "Find a refund by id, the newest of an order, or the one that a key made; null where none.",
            "read",
            found_by(refund_id=id_of("refund"), order_id=id_of("order"), customer_id=id_of("customer"), key=KEY),
            nullable(REFUND),
        ),
        plan(
            "mail.draft",
            "Keep a mail as a draft for a person.",
            "write",
            closed(LETTER),
            sent("draft_id", "created_at"),
        ),
        plan("mail.send", "Put a mail into the outbox.", "write", closed(LETTER), sent("mail_id", "queued_at")),
        plan(
            "calendar.free_slots",
            "List the free half-hours from a day on.",
            "read",
            closed({"from": DAY, "days": {"type": "integer", "minimum": 1, "maximum": 14}}),
            closed({"slots": {"type": "array", "items": closed({"slot": MOMENT, "ends_at": MOMENT})}}),
        ),
        plan(
            "calendar.book",
            "Book a free half-hour with a customer.",
            "write",
            closed({**ONE_CUSTOMER, "slot": MOMENT, "topic": text(200, "What it is about.")}),
            BOOKING,
        ),
        plan("calendar.cancel", "Cancel a booking.", "write", closed({"booking_id": id_of("booking")}), BOOKING),
    )
}
