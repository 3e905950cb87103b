"""Checks the files beside a record's schemas: upgrades, readers, and the lock of published versions.

Owns: the findings about those files. Whether two versions fit is `records.compatibility`'s part.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flowrun.errors import Diagnostic, Span
from flowrun.lang import spec_files
from flowrun.lang.types import Type, TypeScope, check_value, from_schema
from flowrun.lint.findings import Findings
from flowrun.records.compatibility import unknown_needs
from flowrun.values.nodes import children
from flowrun.words import t

Json = Any
SchemaOf = Callable[[str, int], dict[str, Json] | None]

_PLACE = re.compile(r"([^/]+)/v(\d+)_to_v(\d+)\.yaml$")


def upgrade_findings(file: spec_files.UpgradeFile, schema: SchemaOf) -> list[Diagnostic]:
    """Return what is wrong with an upgrade: its place, its names, and the values of the new record."""
    out = Findings()
    place = _PLACE.search(file.file.replace("\\", "/"))
    if place and (place[1], place[2], place[3]) != (file.upgrade, str(file.from_), str(file.to)):
        message = t("This file stands where {name} goes from version {older} to {newer}, and says something else.",
                    name=place[1], older=place[2], newer=place[3])  # fmt: skip
        help_ = t("Mend `upgrade`, `from` and `to`, or move the file.")
        out.add("upgrade-place", message, file.at["upgrade"], help=help_)
    old, new = schema(file.upgrade, file.from_), schema(file.upgrade, file.to)
    for key, version, found in (("from", file.from_, old), ("to", file.to, new)):
        if found is None:
            _no_schema(out, file.upgrade, version, file.at[key])
    if old is None or new is None:
        return out.found
    before, after = from_schema(old), from_schema(new)
    for name, span in zip(file.drop, file.places.get("drop", ()), strict=False):
        if unknown_needs(old, [name]):
            out.unknown("unknown-field", t("field of the old record"), name, span, before.fields or {})
    if before.fields is not None and after.fields is not None:
        _values(out, file, before, after)
    return out.found


def _values(out: Findings, file: spec_files.UpgradeFile, before: Type, after: Type) -> None:
    """Check the fields under `with`, those that keep their value, and those that are lost."""
    assert before.fields is not None and after.fields is not None
    kept = {name for name in before.fields if name in after.fields and name not in file.drop}
    sure = {name for name in kept if name in before.required}
    expected = Type(kind="object", fields=after.fields, required=after.required - sure, open=after.open)
    scope = TypeScope(input=before)
    if file.with_ is not None:
        out.problems(check_value(file.with_.node, scope, expected), file.with_)
    else:
        for name in sorted(expected.required):
            message = t("The new version needs `{name}`, and nothing gives it a value.", name=name)
            help_ = t("Write it under `with`, for example from a field of the old record: ${{ input.… }}.")
            out.add("missing-field", message, file.span, help=help_)
    read = set() if file.with_ is None else set(_first_names(file.with_.node))
    for name in before.fields:
        if name not in after.fields and name not in file.drop and name not in read and not after.open:
            message = t("The field `{name}` of version {older} is lost.", name=name, older=file.from_)
            help_ = t("Make something of it under `with`, or write `drop: [{name}]`.", name=name)
            out.add("field-dropped", message, file.at["upgrade"], help=help_)


def _first_names(node: Json) -> list[str]:
    """Return the fields of `input` that an expression reads."""
    if node[0] == "attr" and node[1] == ["name", "input"]:
        return [str(node[2])]
    return [name for child in children(node) for name in _first_names(child)]


def readers_findings(
    file: spec_files.ReadersFile, schema: SchemaOf, roles: Mapping[str, Json] | None
) -> list[Diagnostic]:
    """Return what is wrong with the readers of a record; `roles` None where the workspace has no roles."""
    out = Findings()
    for reader in file.who.values():
        found = schema(file.readers, reader.reads)
        if found is None:
            _no_schema(out, file.readers, reader.reads, reader.places["reads"][0])
            continue
        fields = from_schema(found).fields or {}
        for need, span in zip(reader.needs, reader.places.get("needs", ()), strict=False):
            if unknown_needs(found, [need]):
                out.unknown("unknown-field", t("field of this record"), need, span, fields)
        if roles is not None and reader.owner not in roles:
            out.unknown("unknown-role", "role", reader.owner, reader.places["owner"][0], roles)
    return out.found


def lock_findings(changed: Sequence[tuple[str, str]]) -> list[Diagnostic]:
    """Return a finding for each published schema that was changed: its name and its file."""
    out = Findings()
    for name, file in changed:
        message = t("{name} is published and locked, and its file says something else now.", name=name)
        help_ = t(
            "Put the file back as it was, and write the next version. `flowrun schema check` shows what it breaks."
        )
        out.add("schema-changed", message, Span(file, 1, 1, 1, 2), help=help_)
    return out.found


def _no_schema(out: Findings, name: str, version: int, span: Span) -> None:
    message = t("There is no schema {name}.", name=f"{name}@{version}")
    where = t("It would stand in schemas/records/{name}/v{version}.json.", name=name, version=version)
    out.add("unknown-schema", message, span, help=where)
