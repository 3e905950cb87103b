"""A secret is found where people put secrets, and what is known as one is taken out everywhere."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from flowrun.adapters import secrets
from flowrun.errors import ConfigError
from flowrun.privacy import Found


@pytest.fixture(autouse=True)
def nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets.os, "environ", {})


def env(**values: str) -> None:
    secrets.os.environ.update(values)


def test_the_places_are_asked_in_their_order(tmp_path: Path) -> None:
    one, many = tmp_path / "one", tmp_path / "many.env"
    one.write_text("from a file of its own\n")
    many.write_text("# names\n\nTOKEN = from the list\nOTHER=x=y\n")
    assert secrets.secret("TOKEN") is None
    env(FLOWRUN_SECRETS_FILE=str(many))
    assert secrets.secret("TOKEN") == "from the list" and secrets.secret("OTHER") == "x=y"
    env(TOKEN_FILE=str(one))
    assert secrets.secret("TOKEN") == "from a file of its own"
    env(TOKEN=" from the environment ")
    assert secrets.secret("TOKEN") == "from the environment"


def test_the_keyring_is_asked_last_and_only_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    held = {("flowrun", "TOKEN"): "from the keyring"}
    ring = SimpleNamespace(get_password=lambda service, name: held.get((service, name)), __spec__=object())
    monkeypatch.setitem(sys.modules, "keyring", ring)
    assert secrets.secret("TOKEN") == "from the keyring" and secrets.secret("NONE") is None
    env(TOKEN="from the environment")
    assert secrets.secret("TOKEN") == "from the environment"


@pytest.mark.parametrize("variable", ["FLOWRUN_SECRETS_FILE", "TOKEN_FILE"])
def test_a_file_that_is_not_there_is_told_without_its_content(variable: str) -> None:
    env(**{variable: "/nowhere/at/all"})
    with pytest.raises(ConfigError) as error:
        secrets.secret("TOKEN")
    assert error.value.code == "FR2022"


def test_what_has_a_telling_name_is_known_and_short_settings_are_not(tmp_path: Path) -> None:
    many = tmp_path / "many.env"
    many.write_text("SHOP=listed-secret\n")
    env(FLOWRUN_SECRETS_FILE=str(many), STRIPE_API_KEY="sk_live_123", DB_PASSWORD="hunter2-hunter2", SORT_KEY="name")
    env(MONKEY="not-a-secret-at-all", MODEL="named-secret")
    assert secrets.known(["MODEL", "ABSENT"]) == [Found("secret", "named-secret"), Found("secret", "listed-secret")]
    assert secrets.guessed() == [Found("secret", "sk_live_123"), Found("secret", "hunter2-hunter2")]


def test_where_a_shell_stands_is_no_password() -> None:
    env(PWD="/home/ana/refunds", OLDPWD="/home/ana/billing", MYSQL_PWD="hunter2-hunter2")
    assert secrets.guessed() == [Found("secret", "hunter2-hunter2")]
