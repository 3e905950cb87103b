"""What can be wrong with an expression, and guesses at what was meant.

Owns: `Problem`, the finding of the expression parser and of the type rules, without a place in a file: the
caller finds `needle` in the text. No parsing and no types live here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flowrun.words import t

Path = tuple[str | int, ...]
"""The keys and positions on the way to a value inside a value; the value itself has ()."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: `rule` is its stable name, `needle` the part of the text to point at ("": all
    of it).

    Inside lists and maps `path` leads to the value that is wrong; with `on_key` its key is. `fix` is what takes the place of
    `needle` where exactly one repair is right.
    """

    rule: str
    message: str
    help: str
    needle: str
    path: Path = ()
    on_key: bool = False
    fix: str | None = None


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was most likely meant, or None."""
    from difflib import get_close_matches

    found = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def meant(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was surely meant, a slip of the pen away, and the only one so near; else None."""
    from difflib import get_close_matches

    found = get_close_matches(word, list(known), n=2, cutoff=0.75)
    return found[0] if len(found) == 1 else None


TRUTH = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
"""Words that older YAML read as true or false, and what is written for them now."""


def yaml_word(text: str) -> str:
    """Return a sentence for a text that older YAML read as true or false, else nothing."""
    if text.lower() not in TRUTH:
        return ""
    return t("In YAML 1.2 `{text}` is the word {text}, not true or false.", text=text)


def suggestion(word: str, known: Iterable[str], *, prefix: str = "") -> str:
    """Return a help text: the closest known word, else all of them (at most 12)."""
    names = list(known)
    guess = closest(word, names)
    if guess is not None:
        return t("Did you mean `{name}`?", name=prefix + guess)
    if not names:
        return t("There is nothing to choose from here.")
    shown = ", ".join(f"`{prefix}{name}`" for name in names[:12])
    return t("Known here: {names}.", names=shown if len(names) <= 12 else f"{shown}, …")
