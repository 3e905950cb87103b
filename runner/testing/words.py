"""The words that a test has people say.

Owns: how a word is written (`approve`, `reject by Ana`, `{edit: {amount: 10}}`) and what each role says by it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from flowrun.testing.result import Unplayable, shown
from flowrun.words import t

Json = Any
LATE = "late"
WORDS = ("approve", "reject", LATE)
"""What can be said of an approval, beside a change of the call."""
_WRITTEN = re.compile(r"(approve|reject|late|close|resume|not_done)(?: by (\S.*))?")


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """One word. `by` names the person, empty: somebody of the role; `data` comes with `edit` and `done`."""

    action: str
    by: str = ""
    data: Json = None


def word_of(value: Json) -> Word | None:
    """Return the word that a value is, None where it is an answer."""
    if isinstance(value, str):
        match = _WRITTEN.fullmatch(value.strip())
        return None if match is None else Word(action=match.group(1), by=(match.group(2) or "").strip())
    if isinstance(value, Mapping) and set(value) - {"by"} in ({"edit"}, {"done"}):
        action = "edit" if "edit" in value else "done"
        return Word(action=action, by=str(value.get("by", "")), data=value[action])
    return None


def of_roles(name: str, value: Json, roles: Sequence[str]) -> dict[str, Word]:
    """Return what each of these roles says of a call: all the same, or what a map says for each.

    Raises `Unplayable` for what is no word about an approval. `name` is the tool's, as the test has it.
    """
    word = word_of(value)
    if word is None and isinstance(value, Mapping):
        missing = [role for role in roles if role not in value]
        if missing:
            raise Unplayable(
                t("given.people.{name} does not say what {role} does; it is asked too.", name=name, role=missing[0]),
                *("given", "people", name),
            )
        return {role: _about_approval(name, value[role]) for role in roles}
    word = _about_approval(name, value)
    if word.by and len(set(roles)) > 1:
        raise Unplayable(
            t(
                "given.people.{name}: {roles} are asked, and one person cannot say yes for all. Write {example}.",
                name=name,
                roles=", ".join(roles),
                example="{" + ", ".join(f"{role}: approve by NAME" for role in roles) + "}",
            ),
            *("given", "people", name),
        )
    return dict.fromkeys(roles, word)


def _about_approval(name: str, value: Json) -> Word:
    word = word_of(value)
    if word is None or word.action not in (*WORDS, "edit"):
        raise Unplayable(
            t(
                "given.people.{name} is asked for a yes or no, and says {value}. Write approve, reject, late or "
                "{edit: {ARGUMENT: VALUE}}. A map says it for each role.",
                name=name,
                value=shown(value),
            ),
            *("given", "people", name),
        )
    return word
