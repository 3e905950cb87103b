"""How an inbox entry of the SQLite store stands, read from its events.

Owns: which rows those are. What they mean is `flowrun.core.entries`', and nothing is written here.
"""

from __future__ import annotations

import sqlite3

from flowrun.core.entries import Standing, standing
from flowrun.core.events import Asked
from flowrun.errors import StoreError
from flowrun.journal.encoding import Seal, decode
from flowrun.words import t

# Paths of a yes are the entry's and `@ROLE`, of moves and changes `/@then-N` and `/@edit-N`; "A" follows "@".
_SAID = """SELECT body FROM events WHERE n = ? AND path > ? AND path < ? AND phase IN ('ended', 'moved', 'edited')
    AND seq < ? ORDER BY seq"""
_LAST = 2**62


def standing_of(db: sqlite3.Connection, unseal: Seal, n: int, path: str, *, before: int = _LAST) -> Standing:
    """Return where the entry at a path of run `n` stood before a place in its journal."""
    row = db.execute("SELECT body FROM events WHERE n = ? AND path = ? AND phase = 'asked'", (n, path)).fetchone()
    asked = None if row is None else decode(row[0], unseal).event
    if not isinstance(asked, Asked):
        raise StoreError(t("The inbox entry at {path} does not point to its event.", path=path), code="FR5005")
    rows = db.execute(_SAID, (n, f"{path}/@", f"{path}A", before)).fetchall()
    return standing(asked, [decode(body, unseal).event for (body,) in rows])
