"""The files beside a record's schemas: how old records are lifted, and who reads them.

Owns: the shapes of `vN_to_vM.yaml` and of `NAME.readers.yaml`. The schemas themselves are JSON Schema and have no shape here.
"""

from __future__ import annotations

from typing import Any

import msgspec

from flowrun.lang.kinds import NAME, ROLE, Choice, Number, Text, Value, Word
from flowrun.lang.reading import Reader
from flowrun.lang.shapes import Items, Key, Named, Read, Shape
from flowrun.lang.spec_files import COMPATIBLE, ReadersFile, RecordReader, UpgradeFile
from flowrun.words import t

RECORD = Word(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*", "the name of a record", "case_record")
FIELD = Word(r"[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*)*", "a field, with dots for the fields inside it", "ticket.queue")


def _upgrade(cx: Reader, read: Read) -> Any:
    older, newer = read.get("from"), read.get("to")
    if abs(newer - older) != 1:
        message = t(
            "One file lifts a record by one version, and this one goes from {older} to {newer}.",
            older=older,
            newer=newer,
        )
        help_ = t("Write one file for each version: v{older}_to_v{next}.yaml, and so on.", older=older, next=older + 1)
        return cx.say("bad-number-value", message, read.at["to"], help=help_)
    return UpgradeFile(
        upgrade=read.get("upgrade"),
        from_=older,
        to=newer,
        with_=read.get("with"),
        drop=read.get("drop", ()),
        file=cx.source.file,
        span=read.span,
        at=read.at,
        places=read.places,
    )


UPGRADE = Shape(
    "an upgrade",
    (
        Key("upgrade", RECORD, "The record that is lifted.", required=True),
        Key("from", Number(1, 1e6), "The version of the old record.", required=True),
        Key("to", Number(1, 1e6), "The version of the new one: one more, or one less for the way back.", required=True),
        Key("with", Value(form="map"), "Fields of the new record, from `input`, the old one. Others keep their value."),
        Key("drop", Items(FIELD), "Fields of the old record that the new one does without, knowingly."),
    ),
    _upgrade,
)


def _reader(cx: Reader, read: Read) -> RecordReader:
    return RecordReader(
        name="",
        title=read.get("title", ""),
        owner=read.get("owner"),
        reads=read.get("reads"),
        needs=read.get("needs", ()),
        span=read.span,
        places=read.places,
    )


_READER = Shape(
    "a reader",
    (
        Key("title", Text(), "What reads the records, in words for people."),
        Key("owner", ROLE, "The role that mends the reader, and is told of a change.", required=True),
        Key("reads", Number(1, 1e6), "The version that the reader was made for.", required=True),
        Key("needs", Items(FIELD), "The fields that it uses; without a word about it, all."),
    ),
    _reader,
)


def _readers(cx: Reader, read: Read) -> ReadersFile:
    return ReadersFile(
        readers=read.get("readers"),
        compatible=read.get("compatible", "backward"),
        who={name: msgspec.structs.replace(reader, name=name) for name, reader in read.get("who", {}).items()},
        file=cx.source.file,
        span=read.span,
        at=read.at,
    )


READERS = Shape(
    "the readers of a record",
    (
        Key("readers", RECORD, "The record that is read.", required=True),
        Key(
            "compatible",
            Choice(COMPATIBLE),
            "What a new version must keep; backward: old records stay valid.",
        ),
        Key("who", Named(_READER, NAME), "The programs and people that read these records, by name."),
    ),
    _readers,
)
