"""The texts that people read, in the language that they read.

Owns: the current language, the look-up of a text in its catalogue, and the filling of its places. No text stands here,
no other room is imported, and English needs no file: the text in the source is the English one.

How to write a message, anywhere in flowrun::

    from flowrun.words import t, tn, mark

    t("There is no {what} `{name}`.", what=what, name=name)
    tn("{n} file checked.", "{n} files checked.", len(files))
    HINTS = {"retry": mark("Retries are not written in flows.")}     # a constant; shown by t(HINTS["retry"])

- The first argument is a plain text, never an f-string: the catalogue is read out of the source.
- `{name}` is replaced by the value of that name. Every other brace is text, so `${{ input.email }}` is written as it is.
  A value is shown by `str()`; what needs a form of its own gets it before: `cost=f"{cost:.2f}"`.
- A text is one or more whole sentences. Two variants are two texts, since other languages order their words otherwise;
  numbers of things go through `tn`, since other languages have more than two forms. Whole sentences that come and go
  are put together by `sentences(t("…"), t("…") if more else None)`.
- After a change of texts: `python -m flowrun.words --write`, which renews `messages.pot`; `make lint` asks for it.

Codes, rule names, keys of the language and places are never translated. What the core and the guard write into the
journal stays English: it must be the same when a run is replayed by somebody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

LANGUAGES = ("en",)
"""The languages that messages exist in; each but English has a `LANGUAGE.po` and a `LANGUAGE.mo` here."""

PLACE = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
"""A place in a text, to be filled with the value of that name."""


class Catalogue(Protocol):
    """Where texts are looked up; `gettext.GNUTranslations` is one."""

    def gettext(self, message: str, /) -> str:
        """Return the text in the language, or the English one where it has none."""
        ...

    def ngettext(self, msgid1: str, msgid2: str, n: int, /) -> str:
        """Return the form of the text for `n` things, or the English one."""
        ...


class _Current:
    """The language of this process: one person at a terminal, or one server for one team."""

    language: str = "en"
    catalogue: Catalogue | None = None


def t(text: str, /, **values: object) -> str:
    """Return a text in the current language, its places `{name}` filled with the values."""
    catalogue = _Current.catalogue
    if catalogue is not None and text:
        text = catalogue.gettext(text)
    return fill(text, values) if values else text


def tn(one: str, many: str, n: int, /, **values: object) -> str:
    """Return the form of a text for `n` things in the current language; `{n}` is filled with the number."""
    catalogue = _Current.catalogue
    if catalogue is None:
        text = one if n == 1 else many
    else:
        text = catalogue.ngettext(one, many, n)
    return fill(text, {"n": n, **values})


def mark(text: str, /) -> str:
    """Return the text as it is, noting it for the catalogue: a constant that is shown later, by `t(constant)`."""
    return text


def sentences(*parts: str | None) -> str:
    """Return whole texts that stand one after the other, without those that are empty."""
    return " ".join(part for part in parts if part)


def capital(text: str) -> str:
    """Return a text with a capital letter at its start: a sentence that begins with a value."""
    return text[:1].upper() + text[1:]


def fill(text: str, values: Mapping[str, object]) -> str:
    """Return the text with its places filled, in one pass.

    A catalogue is data: it can name values, but reach no attribute and no index of them, and braces inside a value are
    never read again. A place without a value stays as it is written.
    """
    return PLACE.sub(lambda place: str(values[place[1]]) if place[1] in values else place[0], text)


def language() -> str:
    """Return the current language."""
    return _Current.language


def speak(wanted: str | None) -> bool:
    """Use a language from now on, such as `de` or `de_AT.UTF-8`; without a catalogue for it English stays.

    Returns whether the language exists here.
    """
    name = (wanted or "en").partition(".")[0].replace("-", "_")
    found = next((known for known in (name, name.partition("_")[0]) if known in LANGUAGES), None)
    _Current.language = found or "en"
    _Current.catalogue = None if _Current.language == "en" else _load(_Current.language)
    return found is not None


def _load(name: str) -> Catalogue:
    import gettext

    with Path(__file__).with_name(f"{name}.mo").open("rb") as file:
        return gettext.GNUTranslations(file)


@contextmanager
def using(catalogue: Catalogue | None, name: str = "en") -> Iterator[None]:
    """Use a catalogue inside a `with` block: for tests, and for looking at a translation in work."""
    before = (_Current.language, _Current.catalogue)
    _Current.language, _Current.catalogue = name, catalogue
    try:
        yield
    finally:
        _Current.language, _Current.catalogue = before
