"""Events as bytes.

Owns: the stored form `{"v": 1, "run": …, "seq": …, "event": {"type": …, …}}`, its version and its size limit.
The bytes are hashed and kept as they are; nothing ever rewrites them. Where they are kept is the adapter's
part.
"""

from __future__ import annotations

from typing import Any

import msgspec

from flowrun.core.events import AnyEvent
from flowrun.errors import StoreError

VERSION = 1
"""The version that this program writes. Readers lift older ones."""
MAX_BYTES = 256_000


class StoredBody(msgspec.Struct, frozen=True, kw_only=True):
    """One stored event: version of the form, run, place in the run (from 1), and the event."""

    v: int
    run: str
    seq: int
    event: AnyEvent


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    """What every version has."""

    v: int
    run: str
    seq: int


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(StoredBody)
_head_decoder = msgspec.json.Decoder(_Head)


def encode(run: str, seq: int, event: AnyEvent) -> bytes:
    """Return the bytes of an event. Raises `StoreError` (FR5006) where it is too large or could not be read again."""
    try:
        body = _encoder.encode(StoredBody(v=VERSION, run=run, seq=seq, event=event))
        # What could not be read again would spoil its run for ever; NaN, for one, would become null.
        _decoder.decode(body)
    except (TypeError, ValueError, RecursionError) as error:
        raise StoreError(
            f"An event of run {run} cannot be stored: it could not be read again ({error}).",
            code="FR5006",
        ) from None
    if len(body) > MAX_BYTES:
        raise StoreError(
            f"An event of run {run} is too large to store: {len(body) // 1000} kB, and at most "
            f"{MAX_BYTES // 1000} kB are kept.",
            code="FR5006",
            help="Let the tool or the model return less: only what the flow uses, or a reference to a file.",
        )
    return body


def decode(body: bytes) -> StoredBody:
    """Return the event of stored bytes. Raises `StoreError`: FR5003 for a newer form, FR5005 for damaged
    bytes.
    """
    try:
        stored = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        head = decode_head(body)
        if head is not None and head[0] > VERSION:
            raise _newer(head[0]) from None
        raise StoreError(
            f"A stored event cannot be read: {error}.",
            code="FR5005",
            help="Restore the store from a backup; the run that it belongs to cannot go on.",
        ) from None
    if stored.v > VERSION:
        raise _newer(stored.v)
    return stored


def decode_head(body: bytes) -> tuple[int, str, int] | None:
    """Return (version, run, seq) of stored bytes of any version, or None where they are damaged."""
    try:
        head = _head_decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return head.v, head.run, head.seq


def as_dict(value: Any) -> Any:
    """Return a struct as plain JSON data with every field, also those that have their default value."""
    if isinstance(value, msgspec.Struct):
        data = {name: as_dict(getattr(value, name)) for name in value.__struct_fields__}
        tag = value.__struct_config__.tag
        return data if tag is None else {"type": tag, **data}
    if isinstance(value, list | tuple):
        return [as_dict(item) for item in value]
    if isinstance(value, dict):
        return {name: as_dict(item) for name, item in value.items()}
    return value


def _newer(version: int) -> StoreError:
    return StoreError(
        f"This store holds events of form {version}; this program reads up to form {VERSION}.",
        code="FR5003",
        help="Use the newer flowrun that wrote them.",
    )
