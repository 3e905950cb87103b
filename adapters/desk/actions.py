"""What the desk's tools do: SQL on the desk's tables, one small function a tool.

Owns: the meaning of each action. Reads take the desk and the arguments; writes take a connection too,
inside whose transaction they run (`store.Desk.once`). Contracts are in `contracts.py`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flowrun.adapters.desk.contracts import QUEUE_OF
from flowrun.adapters.desk.store import Desk
from flowrun.errors import AdapterError
from flowrun.words import t

Json = Any
Args = Mapping[str, Any]
CUSTOMER = "SELECT * FROM customers JOIN contacts USING (customer_id) WHERE "


def none_such(what: str) -> AdapterError:
    """The thing that a call names is not there: surely not done, and no use repeating."""
    return AdapterError(t("There is no {what}.", what=what), code="FR4011")


def not_possible(why: str) -> AdapterError:
    """The desk's own rules refuse the call: surely not done."""
    return AdapterError(why, code="FR4012")


def money(cents: int) -> float:
    return cents / 100


def known(base: sqlite3.Connection, customer_id: str) -> None:
    if base.execute("SELECT 1 FROM customers WHERE customer_id = ?", (customer_id,)).fetchone() is None:
        raise none_such(t("customer {customer_id}", customer_id=customer_id))


# crm


def lookup_customer(desk: Desk, args: Args) -> Json:
    base = desk.connection()
    row = base.execute(CUSTOMER + "email = ?", (args["email"].strip(),)).fetchone()
    if row is None:
        return None
    one = (row["customer_id"],)
    invoices = base.execute("SELECT count(*) FROM invoices WHERE status = 'open' AND customer_id = ?", one)
    tickets = base.execute(
        "SELECT ticket_id, category, severity, status, summary, created_at FROM tickets WHERE customer_id = ?"
        " ORDER BY created_at DESC, ticket_id DESC LIMIT 3",
        one,
    )
    age = date.fromisoformat(desk.now()[:10]) - date.fromisoformat(row["since"])
    return {
        **{name: row[name] for name in ("customer_id", "name", "email", "plan", "status", "locale")},
        "account_age_days": max(age.days, 0),
        "open_invoices": invoices.fetchone()[0],
        "last_tickets": [dict(ticket) for ticket in tickets],
    }


def get_orders(desk: Desk, args: Args) -> Json:
    base = desk.connection()
    known(base, args["customer_id"])
    one = (args["customer_id"],)
    orders = base.execute("SELECT * FROM orders WHERE customer_id = ? ORDER BY placed_at DESC, order_id DESC", one)
    invoices = base.execute("SELECT * FROM invoices WHERE customer_id = ? ORDER BY due_on DESC, invoice_id DESC", one)
    return {
        "orders": [
            {
                **{n: row[n] for n in ("order_id", "item", "currency", "status", "placed_at")},
                "amount": money(row["cents"]),
            }
            for row in orders
        ],
        "invoices": [
            {
                **{n: row[n] for n in ("invoice_id", "order_id", "currency", "status", "due_on")},
                "amount": money(row["cents"]),
            }
            for row in invoices
        ],
    }


def update_contact(desk: Desk, base: sqlite3.Connection, args: Args) -> Json:
    known(base, args["customer_id"])
    fields = args["fields"]
    old = base.execute("SELECT * FROM contacts WHERE customer_id = ?", (args["customer_id"],)).fetchone()
    new = {name: fields.get(name, old[name]) for name in ("name", "email", "phone", "locale")}
    try:
        base.execute(
            "UPDATE contacts SET name = ?, email = ?, phone = ?, locale = ? WHERE customer_id = ?",
            (*new.values(), args["customer_id"]),
        )
    except sqlite3.IntegrityError as error:
        raise not_possible(t("Another customer has this e-mail address.")) from error
    return {"customer_id": args["customer_id"], **new}


def add_note(desk: Desk, base: sqlite3.Connection, args: Args) -> Json:
    known(base, args["customer_id"])
    note, at = desk.new_id(base, "N"), desk.now()
    base.execute("INSERT INTO notes VALUES (?, ?, ?, ?)", (note, args["customer_id"], args["text"], at))
    return {"note_id": note, "created_at": at}


# desk


def create_ticket(desk: Desk, base: sqlite3.Connection, args: Args) -> Json:
    known(base, args["customer_id"])
    ticket, at = desk.new_id(base, "T"), desk.now()
    queue = args.get("queue") or QUEUE_OF[args["category"]]
    base.execute(
        "INSERT INTO tickets VALUES (?, ?, ?, ?, ?, 'open', ?, ?)",
        (ticket, args["customer_id"], args["category"], args["severity"], queue, args["summary"], at),
    )
    return {"ticket_id": ticket, "queue": queue, "severity": args["severity"], "created_at": at}


def find_ticket(desk: Desk, args: Args) -> Json:
    wanted = {name: args[name] for name in ("ticket_id", "customer_id") if name in args}
    if "key" in args:
        first = desk.result_of("desk.create_ticket", args["key"])
        if first is None:
            return None
        wanted["ticket_id"] = first["ticket_id"]
    return newest(desk, "tickets", wanted)


def newest(desk: Desk, table: str, wanted: Mapping[str, str]) -> Json:
    """Return the newest row of a table with these values, or None."""
    where = " AND ".join(f"{name} = ?" for name in wanted)
    row = (
        desk.connection()
        .execute(
            f"SELECT * FROM {table} WHERE {where} ORDER BY created_at DESC, rowid DESC",
            tuple(wanted.values()),
        )
        .fetchone()
    )
    return None if row is None else dict(row)


# pay


def refund(desk: Desk, base: sqlite3.Connection, args: Args) -> Json:
    order = base.execute(
        "SELECT * FROM orders WHERE order_id = ? AND customer_id = ?", (args["order_id"], args["customer_id"])
    ).fetchone()
    if order is None:
        raise none_such(
            t("order {order_id} of customer {customer_id}", order_id=args["order_id"], customer_id=args["customer_id"])
        )
    cents = round(args["amount"] * 100)
    back = base.execute("SELECT coalesce(sum(cents), 0) FROM refunds WHERE order_id = ?", (args["order_id"],))
    left = order["cents"] - back.fetchone()[0]
    if cents > left:
        raise not_possible(
            t(
                "At most {money} {currency} of this order can still be refunded.",
                money=f"{money(left):.2f}",
                currency=order["currency"],
            )
        )
    made, at = desk.new_id(base, "R"), desk.now()
    base.execute(
        "INSERT INTO refunds VALUES (?, ?, ?, ?, ?, ?, ?)",
        (made, args["customer_id"], args["order_id"], cents, order["currency"], args["reason"], at),
    )
    return {
        **{"refund_id": made, "customer_id": args["customer_id"], "order_id": args["order_id"]},
        **{"amount": money(cents), "currency": order["currency"], "reason": args["reason"], "created_at": at},
    }


def find_refund(desk: Desk, args: Args) -> Json:
    wanted = {name: args[name] for name in ("refund_id", "order_id", "customer_id") if name in args}
    if "key" in args:
        first = desk.result_of("pay.refund", args["key"])
        if first is None:
            return None
        wanted["refund_id"] = first["refund_id"]
    row = newest(desk, "refunds", wanted)
    if row is not None:
        row["amount"] = money(row.pop("cents"))
    return row


# mail


def draft(desk: Desk, base: sqlite3.Connection, args: Args) -> Json:
    made, at = desk.new_id(base, "D"), desk.now()
    base.execute("INSERT INTO drafts VALUES (?, ?, ?, ?, ?)", (made, args["to"], args["subject"], args["body"], at))
    return {"draft_id": made, "to": args["to"], "subject": args["subject"], "created_at": at}


def send(desk: Desk, base: sqlite3.Connection, args: Args) -> Json:
    made, at = desk.new_id(base, "M"), desk.now()
    base.execute("INSERT INTO outbox VALUES (?, ?, ?, ?, ?)", (made, args["to"], args["subject"], args["body"], at))
    return {"mail_id": made, "to": args["to"], "subject": args["subject"], "queued_at": at}


# calendar: half-hours from 09:00 to 17:00 UTC, Monday to Friday

DAY = [time(hour, minute, tzinfo=UTC) for hour in range(9, 17) for minute in (0, 30)]


def rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def free_slots(desk: Desk, args: Args) -> Json:
    first = date.fromisoformat(args["from"])
    days = [day for day in (first + timedelta(n) for n in range(args["days"])) if day.weekday() < 5]
    starts = [datetime.combine(day, begin) for day in days for begin in DAY]
    taken = {row[0] for row in desk.connection().execute("SELECT slot FROM bookings WHERE status = 'booked'")}
    free = [start for start in starts if rfc3339(start) not in taken and rfc3339(start) > desk.now()]
    return {"slots": [{"slot": rfc3339(start), "ends_at": rfc3339(start + timedelta(minutes=30))} for start in free]}


def book(desk: Desk, base: sqlite3.Connection, args: Args) -> Json:
    known(base, args["customer_id"])
    start = datetime.fromisoformat(args["slot"]).astimezone(UTC)
    slot = rfc3339(start)
    if start.weekday() > 4 or start.timetz() not in DAY:
        raise not_possible(t("{slot} is not one of the calendar's half-hours.", slot=slot))
    made, at = desk.new_id(base, "B"), desk.now()
    try:
        base.execute(
            "INSERT INTO bookings VALUES (?, ?, ?, ?, 'booked', ?)",
            (made, args["customer_id"], slot, args["topic"], at),
        )
    except sqlite3.IntegrityError as error:
        raise not_possible(t("{slot} is taken.", slot=slot)) from error
    return {"booking_id": made, "customer_id": args["customer_id"], "slot": slot, "status": "booked"}


def cancel(desk: Desk, base: sqlite3.Connection, args: Args) -> Json:
    row = base.execute("SELECT * FROM bookings WHERE booking_id = ?", (args["booking_id"],)).fetchone()
    if row is None:
        raise none_such(t("booking {booking_id}", booking_id=args["booking_id"]))
    base.execute("UPDATE bookings SET status = 'cancelled' WHERE booking_id = ?", (args["booking_id"],))
    return {**{name: row[name] for name in ("booking_id", "customer_id", "slot")}, "status": "cancelled"}


READS: Mapping[str, Callable[[Desk, Args], Json]] = {
    "crm.lookup_customer": lookup_customer,
    "crm.get_orders": get_orders,
    "desk.find_ticket": find_ticket,
    "pay.find_refund": find_refund,
    "calendar.free_slots": free_slots,
}
WRITES: Mapping[str, Callable[[Desk, sqlite3.Connection, Args], Json]] = {
    "crm.update_contact": update_contact,
    "crm.add_note": add_note,
    "desk.create_ticket": create_ticket,
    "pay.refund": refund,
    "mail.draft": draft,
    "mail.send": send,
    "calendar.book": book,
    "calendar.cancel": cancel,
}
