"""What somebody who may write a store's file can do to one event; each function does one such thing with SQL.

Owns: the mutations, by name. A function returns False where the event leaves it nothing to do. No test lives here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import msgspec

from tests.unit.audit.trail_kit import remake_chain, renumber

Mutation = Callable[[sqlite3.Connection, int], bool]
REGIONS = 8
"""Parts of an event's bytes in each of which one bit is turned."""


def event(db: sqlite3.Connection, pos: int) -> tuple[int, int, bytes, bytes]:
    """Return run number, place, bytes and hash of an event."""
    found = db.execute("SELECT n, seq, CAST(body AS BLOB), hash FROM events WHERE pos = ?", (pos,)).fetchone()
    return int(found[0]), int(found[1]), bytes(found[2]), bytes(found[3])


def neighbour(db: sqlite3.Connection, pos: int, *, same_run: bool) -> int | None:
    """Return the position of another event: the next of its run, or one of another run."""
    n, seq, _, _ = event(db, pos)
    query = "n = ? AND seq > ? ORDER BY seq" if same_run else "n <> ? AND seq = ? ORDER BY pos"
    row = db.execute(f"SELECT pos FROM events WHERE {query} LIMIT 1", (n, seq)).fetchone()
    return None if row is None else int(row[0])


def last_pos(db: sqlite3.Connection) -> int:
    """Return the last position of the store."""
    return int(db.execute("SELECT max(pos) FROM events").fetchone()[0])


def turn_bit(region: int) -> Mutation:
    """Turn one bit in a region of the event's bytes."""

    def change(db: sqlite3.Connection, pos: int) -> bool:
        body = bytearray(event(db, pos)[2])
        body[len(body) * region // REGIONS] ^= 1
        db.execute("UPDATE events SET body = ? WHERE pos = ?", (bytes(body), pos))
        return True

    return change


def change_hash(db: sqlite3.Connection, pos: int) -> bool:
    hash = event(db, pos)[3]
    db.execute("UPDATE events SET hash = ? WHERE pos = ?", (bytes([hash[0] ^ 1]) + hash[1:], pos))
    return True


def change_place(db: sqlite3.Connection, pos: int) -> bool:
    db.execute("UPDATE events SET path = path || 'x' WHERE pos = ?", (pos,))
    return True


def change_phase(db: sqlite3.Connection, pos: int) -> bool:
    db.execute("UPDATE events SET phase = phase || 'x' WHERE pos = ?", (pos,))
    return True


def delete(db: sqlite3.Connection, pos: int) -> bool:
    db.execute("DELETE FROM events WHERE pos = ?", (pos,))
    return True


def replay(db: sqlite3.Connection, pos: int) -> bool:
    """Store an old event once more, as the next of its run and of the store."""
    db.execute(
        "INSERT INTO events (n, seq, path, phase, body, hash) SELECT n, (SELECT max(seq) + 1 FROM events WHERE n = e.n), "
        "path || '~9', phase, body, hash FROM events e WHERE pos = ?",
        (pos,),
    )
    return True


def insert(db: sqlite3.Connection, pos: int) -> bool:
    """Put a copy of the event before itself; all later ones move up by one."""
    n, seq, body, hash = event(db, pos)
    db.execute("UPDATE events SET seq = -seq - 1 WHERE n = ? AND seq >= ?", (n, seq))
    db.execute("UPDATE events SET seq = -seq WHERE seq < 0")
    db.execute("UPDATE events SET pos = -pos - 1 WHERE pos >= ?", (pos,))
    db.execute("UPDATE events SET pos = -pos WHERE pos < 0")
    db.execute(
        "INSERT INTO events (pos, n, seq, path, phase, body, hash) VALUES (?, ?, ?, 'new', 'ended', ?, ?)",
        (pos, n, seq, body, hash),
    )
    return True


def swap(same_run: bool, columns: str) -> Mutation:
    """Swap columns of the event and of another."""
    names = columns.split(", ")
    sets = ", ".join(f"{name} = ?" for name in names)

    def change(db: sqlite3.Connection, pos: int) -> bool:
        other = neighbour(db, pos, same_run=same_run)
        if other is None:
            return False
        mine, theirs = (
            db.execute(f"SELECT {columns} FROM events WHERE pos = ?", (place,)).fetchone() for place in (pos, other)
        )
        db.execute(f"UPDATE events SET {', '.join(f'{name} = -pos - 1000' for name in names if name == 'seq') or 'n = n'} "
                   "WHERE pos = ?", (pos,))  # fmt: skip
        db.execute(f"UPDATE events SET {sets} WHERE pos = ?", (*mine, other))
        db.execute(f"UPDATE events SET {sets} WHERE pos = ?", (*theirs, pos))
        return True

    return change


def swap_positions(db: sqlite3.Connection, pos: int) -> bool:
    """Give the event the next position of the store, and the event there this one."""
    if pos == last_pos(db):
        return False
    for old, new in ((pos, -1), (pos + 1, pos), (-1, pos + 1)):
        db.execute("UPDATE events SET pos = ? WHERE pos = ?", (new, old))
    return True


def cut(db: sqlite3.Connection, pos: int) -> bool:
    """Remove the event and everything of its run after it."""
    n, seq, _, _ = event(db, pos)
    db.execute("DELETE FROM events WHERE n = ? AND seq >= ?", (n, seq))
    return True


def move(db: sqlite3.Connection, pos: int) -> bool:
    """Give the event to another run, as its last."""
    other = neighbour(db, pos, same_run=False)
    if other is None:
        return False
    n = event(db, other)[0]
    db.execute(
        "UPDATE events SET n = ?1, seq = (SELECT max(seq) + 1 FROM events WHERE n = ?1), path = 'moved' WHERE pos = ?2",
        (n, pos),
    )
    return True


PLAIN: dict[str, Mutation] = {
    **{f"bit {region}": turn_bit(region) for region in range(REGIONS)},
    "hash": change_hash,
    "place": change_place,
    "phase": change_phase,
    "delete": delete,
    "replay": replay,
    "insert": insert,
    "swap bytes in the run": swap(True, "body"),
    "swap events in the run": swap(True, "body, hash"),
    "swap places in the run": swap(True, "seq"),
    "swap with another run": swap(False, "body, hash"),
    "swap positions": swap_positions,
    "cut": cut,
    "move": move,
}
"""By somebody who only writes rows."""


def with_chain(mutation: Mutation) -> Mutation:
    """Do it, then number the events of every run anew and make their chains anew, with the ends that the store names."""

    def change(db: sqlite3.Connection, pos: int) -> bool:
        if not mutation(db, pos):
            return False
        for (n,) in db.execute("SELECT n FROM runs ORDER BY n").fetchall():
            renumber(db, n)
            remake_chain(db, n)
        db.execute("DELETE FROM runs WHERE seq = 0")
        close_gaps(db)
        return True

    return change


def close_gaps(db: sqlite3.Connection) -> None:
    """Give all events the positions 1, 2, 3, … without a gap."""
    rows = db.execute("SELECT pos FROM events ORDER BY pos").fetchall()
    for new, (old,) in enumerate(rows, 1):
        if new != old:
            db.execute("UPDATE events SET pos = ? WHERE pos = ?", (new, old))


def reword(db: sqlite3.Connection, pos: int) -> bool:
    """Change one value of the event and keep it well formed: another moment."""
    body = msgspec.json.decode(event(db, pos)[2])
    body["at"] = "2020-01-01T00:00:00.000000Z"
    db.execute("UPDATE events SET body = ? WHERE pos = ?", (msgspec.json.encode(body), pos))
    return True


def cut_store(db: sqlite3.Connection, pos: int) -> bool:
    """Remove the event and everything after it in the store."""
    db.execute("DELETE FROM events WHERE pos >= ?", (pos,))
    return True


REMADE: dict[str, Mutation] = {
    "reword": with_chain(reword),
    "delete": with_chain(delete),
    "replay": with_chain(replay),
    "insert": with_chain(insert),
    "swap in the run": with_chain(swap(True, "body")),
    "swap with another run": with_chain(swap(False, "body")),
    "cut the run": with_chain(cut),
    "cut the store": with_chain(cut_store),
    "move": with_chain(move),
}
"""By somebody who knows the format and makes all hashes fit again; only the signed head is out of reach."""
