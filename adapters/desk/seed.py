"""The customers, orders, invoices and old tickets that a new desk starts with.

Owns: made-up data only; every address is of a domain reserved for examples. Nothing here is read at run time.
"""

from __future__ import annotations

import sqlite3

# customer_id, plan, status, since, name, email, phone, locale
CUSTOMERS = (
    (
        "C-10492",
        "pro",
        "active",
        "2024-05-14",
        "Ana Lindqvist",
        "ana@example.com",
        "+46 70 000 0101",
        "en-SE",
    ),
    ("C-10493", "basic", "active", "2025-09-02", "Bao Tran", "bao@example.com", "+44 20 0000 0102", "en-GB"),
    (
        "C-10494",
        "business",
        "active",
        "2021-01-20",
        "Carla Mendes",
        "carla@example.org",
        "+351 21 000 0103",
        "pt-PT",
    ),
    ("C-10495", "free", "active", "2026-01-30", "Dev Patel", "dev@example.net", None, "en-GB"),
    (
        "C-10496",
        "pro",
        "past_due",
        "2023-11-11",
        "Elif Kaya",
        "elif@example.com",
        "+90 212 000 0105",
        "tr-TR",
    ),
    ("C-10497", "basic", "cancelled", "2022-07-04", "Farid Haddad", "farid@example.org", None, "fr-FR"),
    (
        "C-10498",
        "business",
        "active",
        "2020-03-09",
        "Greta Baumann",
        "greta@example.com",
        "+49 30 000 0107",
        "de-DE",
    ),
    ("C-10499", "pro", "active", "2025-02-17", "Hugo Silva", "hugo@example.net", "+351 22 000 0108", "pt-PT"),
    ("C-10500", "free", "suspended", "2025-12-24", "Ines Moreau", "ines@example.org", None, "fr-FR"),
    (
        "C-10501",
        "basic",
        "active",
        "2024-08-08",
        "Jonas Weber",
        "jonas@example.com",
        "+49 40 000 0110",
        "de-DE",
    ),
    ("C-10502", "pro", "active", "2022-10-31", "Kira Novak", "kira@example.org", "+420 200 000 111", "cs-CZ"),
    (
        "C-10503",
        "business",
        "active",
        "2019-06-15",
        "Liam Byrne",
        "liam@example.net",
        "+353 1 000 0112",
        "en-IE",
    ),
)

# order_id, customer_id, item, cents, status, placed_at
ORDERS = (
    ("O-5001", "C-10492", "Pro plan, February", 4900, "paid", "2026-02-01T06:00:00Z"),
    ("O-5002", "C-10492", "Pro plan, February", 4900, "paid", "2026-02-01T06:03:00Z"),
    ("O-5003", "C-10493", "Basic plan, February", 1200, "paid", "2026-02-02T06:00:00Z"),
    ("O-5004", "C-10494", "Business plan, 2026", 118800, "paid", "2026-01-20T06:00:00Z"),
    ("O-5005", "C-10496", "Pro plan, February", 4900, "unpaid", "2026-02-11T06:00:00Z"),
    ("O-5006", "C-10498", "Business plan, 2026", 118800, "paid", "2026-03-09T06:00:00Z"),
    ("O-5007", "C-10498", "Card reader", 7900, "shipped", "2026-02-20T10:12:00Z"),
    ("O-5008", "C-10499", "Pro plan, February", 4900, "paid", "2026-02-17T06:00:00Z"),
    ("O-5009", "C-10501", "Card reader", 7900, "shipped", "2026-02-18T15:40:00Z"),
    ("O-5010", "C-10502", "Pro plan, 2026", 49900, "paid", "2025-10-31T06:00:00Z"),
    ("O-5011", "C-10503", "Business plan, 2026", 118800, "paid", "2025-06-15T06:00:00Z"),
    ("O-5012", "C-10503", "Receipt printer", 15900, "delivered", "2026-01-08T09:30:00Z"),
)

# invoice_id, customer_id, order_id, cents, status, due_on
INVOICES = (
    ("I-7001", "C-10492", "O-5001", 4900, "open", "2026-03-01"),
    ("I-7002", "C-10492", "O-5002", 4900, "open", "2026-03-01"),
    ("I-7003", "C-10493", "O-5003", 1200, "paid", "2026-02-16"),
    ("I-7004", "C-10494", "O-5004", 118800, "paid", "2026-02-03"),
    ("I-7005", "C-10496", "O-5005", 4900, "open", "2026-02-25"),
    ("I-7006", "C-10498", "O-5006", 118800, "open", "2026-03-23"),
    ("I-7007", "C-10498", "O-5007", 7900, "paid", "2026-03-06"),
    ("I-7008", "C-10499", "O-5008", 4900, "paid", "2026-03-03"),
    ("I-7009", "C-10501", "O-5009", 7900, "paid", "2026-03-04"),
    ("I-7010", "C-10502", "O-5010", 49900, "paid", "2025-11-14"),
    ("I-7011", "C-10503", "O-5011", 118800, "paid", "2025-06-29"),
    ("I-7012", "C-10503", "O-5012", 15900, "paid", "2026-01-22"),
)

# ticket_id, customer_id, category, severity, queue, status, summary, created_at
TICKETS = (
    (
        "T-0901",
        "C-10492",
        "billing_dispute",
        "medium",
        "billing_queue",
        "open",
        "Two charges of 49 EUR on 1 February.",
        "2026-02-03T08:15:00Z",
    ),
    (
        "T-0902",
        "C-10492",
        "question",
        "low",
        "general_queue",
        "closed",
        "Asked how to add a colleague.",
        "2025-10-21T13:02:00Z",
    ),
    (
        "T-0903",
        "C-10494",
        "bug",
        "high",
        "technical_queue",
        "closed",
        "The monthly report stayed empty.",
        "2025-12-01T09:44:00Z",
    ),
    (
        "T-0904",
        "C-10496",
        "access",
        "medium",
        "technical_queue",
        "closed",
        "Locked out after a new phone.",
        "2026-01-12T17:20:00Z",
    ),
    (
        "T-0905",
        "C-10498",
        "delivery",
        "medium",
        "logistics_queue",
        "open",
        "The card reader has not arrived.",
        "2026-02-27T11:05:00Z",
    ),
    (
        "T-0906",
        "C-10501",
        "refund",
        "medium",
        "billing_queue",
        "pending",
        "Wants to send the card reader back.",
        "2026-02-25T10:31:00Z",
    ),
    (
        "T-0907",
        "C-10503",
        "outage",
        "critical",
        "incident_queue",
        "closed",
        "No payments went through for an hour.",
        "2025-11-28T12:00:00Z",
    ),
)

# customer_id, slot, topic
BOOKINGS = (("B-0901", "C-10494", "2026-03-03T10:00:00Z", "Yearly review"),)


def fill(base: sqlite3.Connection) -> None:
    """Write the first rows, inside the caller's transaction."""
    base.executemany("INSERT INTO customers VALUES (?, ?, ?, ?)", [row[:4] for row in CUSTOMERS])
    base.executemany("INSERT INTO contacts VALUES (?, ?, ?, ?, ?)", [(row[0], *row[4:]) for row in CUSTOMERS])
    base.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, 'EUR', ?, ?)", ORDERS)
    base.executemany("INSERT INTO invoices VALUES (?, ?, ?, ?, 'EUR', ?, ?)", INVOICES)
    base.executemany("INSERT INTO tickets VALUES (?, ?, ?, ?, ?, ?, ?, ?)", TICKETS)
    base.executemany("INSERT INTO bookings VALUES (?, ?, ?, ?, 'booked', '2026-02-20T09:00:00Z')", BOOKINGS)
