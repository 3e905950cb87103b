"""Keys of a store: what seals events, what wraps those keys, and the key file beside the store.

Owns: AES-256-GCM and the one key that is not in the store. Which run and which person has which key is kept by each
store; what is sealed is `flowrun.journal.encoding`'s part.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from flowrun.errors import ConfigError, StoreError
from flowrun.words import t

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
VARIABLE = "FLOWRUN_STORE_KEY"
_HEX = re.compile(r"[0-9a-fA-F]{64}")


@lru_cache(maxsize=1)
def _cipher() -> type[AESGCM]:
    # Imported only when a key is used: lint and help need none.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM


def _aes(key: bytes) -> AESGCM:
    return _cipher()(key)


class Sealer:
    """One key. Each sealing takes a new random nonce, so a place that is written again after a rollback is safe too."""

    __slots__ = ("_aes", "key")

    def __init__(self, key: bytes | None = None) -> None:
        """`key`: None makes a new one."""
        self.key = os.urandom(KEY_BYTES) if key is None else key
        self._aes = _aes(self.key)

    def seal(self, clear: bytes, plain: bytes) -> bytes:
        """Return nonce, sealed bytes and tag; `clear` is bound to them."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._aes.encrypt(nonce, plain, clear)

    def unseal(self, clear: bytes, sealed: bytes) -> bytes:
        """Return what was sealed. Raises `StoreError` (FR5005) where anything of it has changed."""
        from cryptography.exceptions import InvalidTag

        try:
            return self._aes.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], clear)
        except (InvalidTag, ValueError):
            raise StoreError(
                t("Sealed bytes of the store do not open: they were changed, or belong to another key."),
                code="FR5005",
                help=t("Restore the store and its key file from a backup."),
            ) from None

    def mac(self, purpose: str, text: str) -> bytes:
        """Return 32 bytes that stand for a text under this key."""
        return blinded(self.key, purpose, text)


def blinded(secret: bytes, purpose: str, text: str) -> bytes:
    """Return 32 bytes that stand for a text under a secret."""
    return hmac.digest(secret, f"{purpose}\0{text}".encode(), "sha256")


def key_file(store: Path) -> Path:
    """Return the place of a store's key file."""
    return store.with_name(store.name + ".key")


def read_store_key(store: Path, *, make: bool) -> Sealer:
    """Return the store's own key: from FLOWRUN_STORE_KEY, else from the file beside the store; `make` a missing file.

    Raises `ConfigError` (FR2021) for a key that is none, `StoreError` (FR5011) where there is none.
    """
    told = os.environ.get(VARIABLE)
    if told:
        return Sealer(_from_hex(told, VARIABLE))
    file = key_file(store)
    try:
        if make and not file.exists():
            _make(file)
        return Sealer(_from_hex(file.read_text("ascii"), str(file)))
    except FileNotFoundError:
        raise missing(store) from None
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or t("it is not text")
        raise StoreError(t("The key file {file} cannot be used: {why}.", file=file, why=why), code="FR5011") from None


def missing(store: Path) -> StoreError:
    """Return the error for a store whose key is not there, or is another one."""
    return StoreError(
        t(
            "The key of the store {store} is not there: {key_file} is missing or belongs to another store.",
            store=store,
            key_file=key_file(store),
        ),
        code="FR5011",
        help=t(
            "Put the key file back, or set {variable}. Without it nobody can read what the runs "
            "hold; their trail can still be verified.",
            variable=VARIABLE,
        ),
    )


def _from_hex(text: str, place: str) -> bytes:
    if not _HEX.fullmatch(text.strip()):
        raise ConfigError(
            t("{place} does not hold a store key.", place=place),
            help=t("A key is 64 hexadecimal digits: python -c 'import secrets; print(secrets.token_hex(32))'"),
            code="FR2021",
        )
    return bytes.fromhex(text.strip())


def _make(file: Path) -> None:
    """Make a key file whole and synced, or leave the one that another process made meanwhile."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        os.write(handle, f"{secrets.token_hex(KEY_BYTES)}\n".encode())
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        with suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink()
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
