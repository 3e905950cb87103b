"""The files of the catalogue: the template, a translation, and its compiled form.

Owns: writing `messages.pot`, looking at a `LANGUAGE.po` (its places, what it lacks), and making `LANGUAGE.mo`, which the
program reads. A translation is read with babel, a tool of development; the program itself needs only the `.mo`.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flowrun.words import LANGUAGES, PLACE
from flowrun.words.extract import Message

TEMPLATE = "messages.pot"
_HEAD = """\
# The English texts of flowrun. Made by `python -m flowrun.words --write`; edits are lost.
msgid ""
msgstr ""
"Project-Id-Version: flowrun 1\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"
"""


def template(messages: Iterable[Message]) -> str:
    """Return the text of `messages.pot`: each message with its codes and files, in the order of the source."""
    return "\n".join([_HEAD, *(_entry(message) for message in messages)])


def texts_of(pot: str) -> list[str]:
    """Return the texts of a template without the notes on where they are shown, sorted."""
    entries = ("\n".join(line for line in entry.splitlines() if line[:1] != "#") for entry in pot.split("\n\n"))
    return sorted(entry for entry in entries if entry)


def _entry(message: Message) -> str:
    lines = [f"#. {' '.join(message.codes)}"] if message.codes else []
    lines += [f"#: {file}" for file in message.files]
    lines.append(f"msgid {_quoted(message.text)}")
    if message.many is None:
        lines.append('msgstr ""')
    else:
        lines += [f"msgid_plural {_quoted(message.many)}", 'msgstr[0] ""', 'msgstr[1] ""']
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Return a text as the file form writes it, with one piece for each line of it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t").replace("\r", "\\r")
    pieces = escaped.split("\n")
    lines = [f"{piece}\\n" for piece in pieces[:-1]] + ([pieces[-1]] if pieces[-1] else [])
    if len(lines) < 2:
        return f'"{"".join(lines)}"'
    return "\n".join(['""', *(f'"{line}"' for line in lines)])


def check_translations(folder: Path, messages: Iterable[Message]) -> list[str]:
    """Return what is wrong with the translations of a folder, as lines; nothing where there is none."""
    known = list(messages)
    names = sorted(path.stem for path in folder.glob("*.po"))
    wrong = [
        f"{folder / name}.po: put {name!r} into LANGUAGES of words/__init__.py"
        for name in names
        if name not in LANGUAGES
    ]
    lacking = set(LANGUAGES) - {"en", *names}
    wrong += [f"{folder}: LANGUAGES names {name!r}, which has no file" for name in sorted(lacking)]
    for name in names:
        po, mo = folder / f"{name}.po", folder / f"{name}.mo"
        text = po.read_text(encoding="utf-8")
        wrong += [f"{po}: {problem}" for problem in problems(text, known)]
        if not mo.exists() or mo.read_bytes() != compiled(text):
            wrong.append(f"{mo} is not fresh; run: python -m flowrun.words --write")
    return wrong


def problems(po: str, messages: Iterable[Message]) -> Iterator[str]:
    """Say which texts a translation lacks, which it has for nothing, and where a place was lost or invented."""
    translated = {_id(entry): entry for entry in _read(po) if entry.id}
    for message in messages:
        entry = translated.pop(message.text, None)
        forms = _forms(entry) if entry is not None and not entry.fuzzy else []
        if not forms or not all(forms):
            yield f"{message.text!r} is not translated"
            continue
        wanted = _placed(message.text) | _placed(message.many or "")
        for form in forms:
            strange = _placed(form) ^ wanted if message.many is None else _placed(form) - wanted
            if strange:
                yield f"{message.text!r}: the places {', '.join(sorted(strange))} differ in {form!r}"
    for text in translated:
        yield f"{text!r} is no text of flowrun any more"


def compiled(po: str) -> bytes:
    """Return the `.mo` form of a translation."""
    from babel.messages.mofile import write_mo

    out = io.BytesIO()
    write_mo(out, _read(po))
    return out.getvalue()


def merged(po: str, pot: str) -> str:
    """Return a translation brought up to date with the template: new texts empty, similar ones marked as fuzzy."""
    from babel.messages.pofile import write_po

    catalogue = _read(po)
    catalogue.update(_read(pot), no_fuzzy_matching=False, update_header_comment=False)
    out = io.BytesIO()
    write_po(out, catalogue, omit_header=False, width=0, ignore_obsolete=True)
    return out.getvalue().decode()


def _read(text: str) -> Any:
    """Return a file as babel's catalogue. What has no date of its own gets a fixed one, so that it is written alike."""
    from babel.messages.pofile import read_po

    catalogue = read_po(io.StringIO(text))
    catalogue.creation_date = catalogue.revision_date = datetime(2000, 1, 1, tzinfo=UTC)
    return catalogue


def _id(entry: Any) -> str:
    return str(entry.id[0] if isinstance(entry.id, tuple | list) else entry.id)


def _forms(entry: Any) -> list[str]:
    return list(entry.string) if isinstance(entry.string, tuple | list) else [str(entry.string)]


def _placed(text: str) -> set[str]:
    return set(PLACE.findall(text))
