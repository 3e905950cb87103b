"""Events as bytes.

Owns: the stored form, its version and its size limit. Form 2 is `{"v": 2, "run", "seq", "type", "path", "at", "sealed"}`: what
happened is sealed, and only what says nothing about a person is in clear. Form 1, which is still read, had the `event`
in clear. The bytes are hashed and kept as they are; nothing ever rewrites them. Keys, sealing and where bytes are kept
are the adapter's part.
"""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable
from typing import Any

import msgspec

from flowrun.core.events import AnyEvent
from flowrun.errors import StoreError
from flowrun.words import t

VERSION = 2
"""The version that this program writes. Readers lift older ones."""
MAX_BYTES = 256_000

Seal = Callable[[bytes, bytes], bytes]
"""From (clear part, event) to sealed bytes, which open only with the same clear part; and back."""


class StoredBody(msgspec.Struct, frozen=True, kw_only=True):
    """One stored event: version of the form, run, place in the run (from 1), and the event."""

    v: int
    run: str
    seq: int
    event: AnyEvent


class Clear(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What can be read of an event without a key: nothing personal. `sealed` is base64 of the event's sealed bytes."""

    v: int
    run: str
    seq: int
    type: str = ""
    path: str = ""
    at: str = ""
    sealed: str | None = None


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    """What every version has."""

    v: int
    run: str
    seq: int


class _Form1(msgspec.Struct, frozen=True, kw_only=True):
    v: int
    run: str
    seq: int
    event: AnyEvent


_CLEAR = b'{"v":%d,"run":%b,"seq":%d,"type":%b,"path":%b,"at":%b}'
_SEALED = b',"sealed":"'
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Form1)
_event_decoder = msgspec.json.Decoder(AnyEvent)
_head_decoder = msgspec.json.Decoder(_Head)
_clear_decoder = msgspec.json.Decoder(Clear)


def encode(run: str, seq: int, event: AnyEvent, seal: Seal | None = None) -> bytes:
    """Return the bytes of an event: sealed, or without `seal` in clear (form 1).

    Raises `StoreError` (FR5006) where it is too large or could not be read again.
    """
    try:
        plain = _encoder.encode(event)
        # What could not be read again would spoil its run for ever; NaN, for one, would become null.
        _event_decoder.decode(plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise StoreError(
            t("An event of run {run} cannot be stored: it could not be read again ({error}).", run=run, error=error),
            code="FR5006",
        ) from None
    if len(plain) > MAX_BYTES:
        raise StoreError(
            t(
                "An event of run {run} is too large to store: {count} kB, and at most {most} kB are kept.",
                run=run,
                count=len(plain) // 1000,
                most=MAX_BYTES // 1000,
            ),
            code="FR5006",
            help=t("Let the tool or the model return less: only what the flow uses, or a reference to a file."),
        )
    if seal is None:
        return _encoder.encode(_Form1(v=1, run=run, seq=seq, event=event))
    text = _encoder.encode
    tag = str(event.__struct_config__.tag)
    # What `Clear` would give, at half the price: it is made for every event.
    clear = _CLEAR % (VERSION, text(run), seq, text(tag), text(event.path), text(event.at))
    return b'%b%b%b"}' % (clear[:-1], _SEALED, b2a_base64(seal(clear, plain), newline=False))


def decode(body: bytes, unseal: Seal | None = None) -> StoredBody:
    """Return the event of stored bytes; a sealed one needs `unseal`, which may raise what it likes.

    Raises `StoreError`: FR5003 for a newer form, FR5005 for damaged bytes, FR5012 for sealed ones without `unseal`.
    """
    try:
        if body.startswith(b'{"v":1,'):
            form1 = _decoder.decode(body)
            return StoredBody(v=form1.v, run=form1.run, seq=form1.seq, event=form1.event)
        clear = _clear_decoder.decode(body)
        if clear.v > VERSION:
            raise _newer(clear.v)
        if clear.sealed is None:
            raise msgspec.DecodeError("it holds no event")
        if unseal is None:
            raise StoreError(
                t("Event {seq} of run {run} is sealed, and its key is not here.", seq=clear.seq, run=clear.run),
                code="FR5012",
            )
        plain = unseal(body[: body.index(_SEALED)] + b"}", a2b_base64(clear.sealed, strict_mode=True))
        return StoredBody(v=clear.v, run=clear.run, seq=clear.seq, event=_event_decoder.decode(plain))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, Base64Error) as error:
        head = decode_head(body)
        if head is not None and head[0] > VERSION:
            raise _newer(head[0]) from None
        raise StoreError(
            t("A stored event cannot be read: {error}.", error=error),
            code="FR5005",
            help=t("Restore the store from a backup; the run that it belongs to cannot go on."),
        ) from None


def decode_head(body: bytes) -> tuple[int, str, int] | None:
    """Return (version, run, seq) of stored bytes of any version, or None where they are damaged."""
    try:
        head = _head_decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return head.v, head.run, head.seq


def decode_clear(body: bytes) -> Clear:
    """Return what stored bytes say without a key: which event, of what type, where, when. Raises `StoreError` as `decode`."""
    try:
        clear = _clear_decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        clear = None
    if clear is not None and clear.sealed is not None:
        return clear
    stored = decode(body)
    tag = str(stored.event.__struct_config__.tag)
    return Clear(v=stored.v, run=stored.run, seq=stored.seq, type=tag, path=stored.event.path, at=stored.event.at)


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
        t(
            "This store holds events of form {version}; this program reads up to form {known}.",
            version=version,
            known=VERSION,
        ),
        code="FR5003",
        help=t("Use the newer flowrun that wrote them."),
    )
