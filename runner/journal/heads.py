"""A signed head: what the store held up to a position, in a form that can be signed, printed and compared.

Owns: the statement that is signed, its canonical bytes, and the two forms in which people keep a head elsewhere.
Keys and signatures are made by the adapter; the digest is `merkle`'s.
"""

from __future__ import annotations

import re
from hashlib import sha256

import msgspec

from flowrun.errors import InputError
from flowrun.words import t

FIRST = bytes(32)
"""What stands as `previous` in a store's first head."""
SIGNED = b"flowrun head 1\n"
"""Before the statement, so that a signature over a head is valid for nothing else."""
_SHORT = re.compile(r"(\d{1,18}):([0-9a-f]{64})(?::(\d{1,18}):([0-9a-f]{64}))?")
_encoder = msgspec.json.Encoder(order="deterministic")


class Statement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a head says. `store` is the store's id; `events` is also the position of the last event that it covers.

    `digest` (over the hashes of all events) and `previous` (SHA-256 of the statement before) are hexadecimal; `key` is
    the signing key's id; `at` is RFC 3339. `facts` are the facts of the store itself (halts, forgettings) and `facts_end` the
    hash of the last one, hexadecimal; a statement without facts has the bytes that it had before there were any.
    """

    store: str
    events: int
    runs: int
    digest: str
    previous: str
    at: str
    key: str
    facts: int = 0
    facts_end: str = ""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A statement, its signature, and the public key (32 bytes) that the signature is said to be of."""

    statement: Statement
    signature: bytes
    public: bytes


class KnownHead(msgspec.Struct, frozen=True, kw_only=True):
    """A head as somebody kept it elsewhere; `store` is empty where only place and digest are known."""

    events: int
    digest: bytes
    store: str = ""
    facts: int = 0
    facts_end: str = ""


def signed_bytes(statement: Statement) -> bytes:
    """Return the bytes that are signed: fields in alphabetical order, without spaces."""
    return SIGNED + _encoder.encode(statement)


def statement_digest(statement: Statement) -> bytes:
    """Return what the next head names as `previous`."""
    return sha256(signed_bytes(statement)).digest()


def key_id(public: bytes) -> str:
    """Return the id of a public key: the first 16 hexadecimal digits of its SHA-256."""
    return sha256(public).hexdigest()[:16]


def short(events: int, digest: bytes, facts: int = 0, facts_end: str = "") -> str:
    """Return a head as one word, `EVENTS:DIGEST`, for paper or mail; `:FACTS:HASH` follows where the store has facts."""
    return f"{events}:{digest.hex()}" + (f":{facts}:{facts_end}" if facts else "")


def head_line(head: Head) -> bytes:
    """Return a head as one line of JSON; `read_head` reads it, signature and key are hexadecimal."""
    fields = msgspec.structs.asdict(head.statement)
    return _encoder.encode({**fields, "public_key": head.public.hex(), "signature": head.signature.hex()})


def read_head(line: bytes | str) -> Head:
    """Return the head of a line. Raises `InputError` (FR3090)."""
    try:
        data = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
        public, signature = (bytes.fromhex(msgspec.json.decode(data.pop(name))) for name in ("public_key", "signature"))
        statement = msgspec.convert({name: msgspec.json.decode(value) for name, value in data.items()}, Statement)
        bytes.fromhex(statement.digest), bytes.fromhex(statement.previous)
    except (msgspec.MsgspecError, KeyError, ValueError, TypeError):
        raise _no_head() from None
    return Head(statement=statement, signature=signature, public=public)


def read_known(text: str) -> KnownHead:
    """Return a head that was kept elsewhere: as `short` gives it, or a head's line of JSON. Raises `InputError` (FR3090)."""
    text = text.strip()
    found = _SHORT.fullmatch(text)
    if found is not None:
        facts, end = int(found[3] or 0), found[4] or ""
        return KnownHead(events=int(found[1]), digest=bytes.fromhex(found[2]), facts=facts, facts_end=end)
    statement = read_head(text).statement
    return KnownHead(
        events=statement.events,
        digest=bytes.fromhex(statement.digest),
        store=statement.store,
        facts=statement.facts,
        facts_end=statement.facts_end,
    )


def _no_head() -> InputError:
    return InputError(
        t("This is not a head of a trail."),
        help=t(
            "Give what `flowrun audit sign` printed: EVENTS:DIGEST, its line of JSON, or a file that holds one of them."
        ),
        code="FR3090",
    )
