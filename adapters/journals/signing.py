"""The key that signs heads and bundles: Ed25519, from the environment or from a file beside the store.

Owns: finding and making the key, signing, and checking signatures. What is signed is `flowrun.journal.heads`'. cryptography is
imported only when a key is used.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from flowrun.errors import ConfigError
from flowrun.journal.heads import Head, key_id, signed_bytes
from flowrun.words import t

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

VARIABLE = "FLOWRUN_SIGNING_KEY"


class Signer:
    """Signs with one private key; `public` are the 32 bytes of its public key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public: bytes = key.public_key().public_bytes_raw()
        self.id = key_id(self.public)

    def sign(self, data: bytes) -> bytes:
        """Return the signature (64 bytes)."""
        return self._key.sign(data)


def key_file(store: Path) -> Path:
    """Return where the key of a store lies when the environment names none."""
    return store.with_name(store.name + ".signing.pem")


def find_signer(store: Path, *, make: bool) -> Signer | None:
    """Return the signer of a store: of the environment, else of the file beside it; `make` makes that at first use.

    Raises `ConfigError` (FR2035) where a key is there and cannot be used.
    """
    named = os.environ.get(VARIABLE, "")
    if named:
        if "-----BEGIN" in named:
            return _load(named.replace("\\n", "\n").encode(), VARIABLE)
        return _load(_read(Path(named)), named)
    file = key_file(store)
    if not file.exists():
        if not make:
            return None
        _make(file)
    return _load(_read(file), str(file))


def public_pem(public: bytes) -> bytes:
    """Return a public key as PEM."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return Ed25519PublicKey.from_public_bytes(public).public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def read_public(data: bytes, place: str) -> bytes:
    """Return the 32 bytes of a public key in PEM. Raises `ConfigError` (FR2035)."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = serialization.load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigError(
            t("{place} holds no Ed25519 public key in PEM.", place=place),
            help=t("`flowrun audit show --key` prints the public key of a store."),
            code="FR2035",
        )
    return key.public_bytes_raw()


def is_signed(data: bytes, signature: bytes, public: bytes) -> bool:
    """Return whether a signature is valid."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def head_is_signed(head: Head) -> bool:
    """Return whether a head's signature is valid under the public key that it names."""
    return is_signed(signed_bytes(head.statement), head.signature, head.public)


def _make(file: Path) -> None:
    """Make a key that its owner alone may read; where another process is first, its key stays."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    new = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        handle = os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(pem)
            out.flush()
            os.fsync(out.fileno())
        try:
            os.link(new, file)
        except FileExistsError:
            return
    except OSError as error:
        raise _unusable(str(file), error.strerror or str(error)) from None
    finally:
        new.unlink(missing_ok=True)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise _unusable(str(file), error.strerror or str(error)) from None


def _load(pem: bytes, place: str) -> Signer:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise _unusable(place, t("it is no Ed25519 private key in PEM without a password"))
    return Signer(key)


def _unusable(place: str, why: str) -> ConfigError:
    return ConfigError(
        t("The signing key {place} cannot be used: {why}.", place=place, why=why),
        help=t(
            "Give this user the right to read and write it, or set {variable} to a PEM file of an "
            "Ed25519 key (openssl genpkey -algorithm ed25519).",
            variable=VARIABLE,
        ),
        code="FR2035",
    )
