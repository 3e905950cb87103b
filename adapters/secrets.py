"""Secrets by name: from the environment, from files, or from the system's keyring.

Owns: where a secret is looked for, and which values in the environment look like secrets. No secret is written down,
logged or cached here; that none gets out is the part of those who hold `known`.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterable
from pathlib import Path

from flowrun.errors import ConfigError
from flowrun.privacy.marks import SECRET, Found
from flowrun.words import t

FILE = "FLOWRUN_SECRETS_FILE"
KEYRING = "flowrun"
"""The service under which secrets lie in a keyring."""
SHORTEST = 8
"""A shorter value under a telling name (`X_KEY=1`) is a setting, not a secret."""
PLACES = ("PWD", "OLDPWD")
"""Where a shell stands, which is no password."""
_TELLING = re.compile(r"(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PWD|CREDENTIALS?)$", re.IGNORECASE)


def secret(name: str) -> str | None:
    """Return a secret, None where there is none.

    Looked for in this order: the variable NAME; the file that the variable NAME_FILE names; the line `NAME=VALUE` of the
    file in FLOWRUN_SECRETS_FILE; the keyring, where the package `keyring` is installed. Raises `ConfigError` (FR2022)
    where a file cannot be read.
    """
    value = os.environ.get(name, "").strip()
    if not value and (place := os.environ.get(f"{name}_FILE")):
        value = _read(Path(place)).strip()
    if not value:
        value = _listed().get(name, "")
    if not value and importlib.util.find_spec("keyring") is not None:
        import keyring

        value = keyring.get_password(KEYRING, name) or ""
    return value or None


def known(names: Iterable[str]) -> list[Found]:
    """Return the secrets of these names and those of the secrets file.

    They are taken out of everything that is stored, shown or sent to a model.
    """
    return _found([*(secret(name) for name in names), *_listed().values()])


def guessed() -> list[Found]:
    """Return what the environment holds under a telling name.

    It is a guess, so it is taken out of what is shown, sent to a model or told of an error, and never out of stored data.
    """
    telling = (name for name in os.environ if _TELLING.search(name) and name.upper() not in PLACES)
    return _found(value for name in telling if len(value := os.environ[name].strip()) >= SHORTEST)


def _found(values: Iterable[str | None]) -> list[Found]:
    return [Found(SECRET, value.strip()) for value in dict.fromkeys(values) if value]


def _listed() -> dict[str, str]:
    place = os.environ.get(FILE)
    if not place:
        return {}
    lines = [line.strip() for line in _read(Path(place)).splitlines()]
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name.strip(): value.strip() for name, _, value in pairs}


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or t("it is not text")
        raise ConfigError(
            t("The file of secrets {path} cannot be read: {why}.", path=path, why=why),
            help=t("Check {file}, and the variables that end in _FILE.", file=FILE),
            code="FR2022",
        ) from None
