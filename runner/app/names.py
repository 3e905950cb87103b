"""The names of a workspace for editors, and the schemas that hold them.

Owns: gathering the names out of the workspace's files, and writing `schemas/KIND/v1.json` there. What a schema says is
`editor.schemas`' part.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from flowrun.app.flows import Reader, catalogue, flow_files
from flowrun.editor.known import FlowCard, Known
from flowrun.editor.schemas import render, workspace_schema
from flowrun.errors import ConfigError, InputError
from flowrun.lang import spec
from flowrun.lang.parse import SHAPES, SUFFIXES
from flowrun.words import t

if TYPE_CHECKING:
    from flowrun.app.workspace import Workspace

PATTERNS = {
    **{kind: f"*{suffix}" for suffix, kind in SUFFIXES.items()},
    "workspace": "flowrun.yaml",
    "upgrade": "v*_to_v*.yaml",
}
"""Which files each schema is for."""


class EditorSchemas(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the schemas for editors: those that are fresh, and those that were (or would be) written."""

    fresh: list[str]
    stale: list[str]


def known_names(ws: Workspace, stored: Mapping[str, bytes] | None = None) -> Known:
    """Return every name of a workspace. `stored`: what to read in place of files on the disk.

    Raises `FlowError` or `ConfigError` where a tool file is wrong; a policy, flow or schema that is wrong is left out.
    """
    reader = Reader(stored)
    found = catalogue(ws, reader)
    schemas = {name: _schema(ws, name) for name in found.schema_names()}
    flows: dict[str, FlowCard] = {}
    for path in flow_files(ws):
        flow: spec.Flow | None = reader.read(path, "flow")
        if flow is not None:
            flows[f"{flow.flow}@{flow.version}"] = _card(flow, schemas)
    return Known(
        tools=found.tools,
        schemas=schemas,
        roles=found.roles,
        models=found.models,
        flows=dict(sorted(flows.items())),
        tables=found.tables,
    )


def _schema(ws: Workspace, name: str) -> dict[str, Any]:
    base, _, version = name.partition("@")
    try:
        return ws.registry.get(base, int(version)) or {}
    except ConfigError:
        return {}


def _card(flow: spec.Flow, schemas: Mapping[str, dict[str, Any]]) -> FlowCard:
    given, made = (
        use.inline if use.inline is not None else schemas.get(str(use), {}) for use in (flow.input, flow.output)
    )
    return FlowCard(name=flow.flow, version=flow.version, title=flow.title, input=given, output=made)


def editor_schemas(known: Known) -> dict[str, str]:
    """Return the schemas of a workspace for editors, as texts by path below it."""
    return {f"schemas/{kind}/v1.json": render(workspace_schema(kind, known)) for kind in SHAPES}


def editor_settings() -> dict[str, Any]:
    """Return what an editor must be told: which schema is for which files."""
    listed = {f"./schemas/{kind}/v1.json": PATTERNS[kind] for kind in SHAPES}
    return {"yaml.schemas": listed, "files.associations": {"*.flow.yaml": "yaml"}}


def refresh_schemas(ws: Workspace, *, check: bool = False) -> EditorSchemas:
    """Write the schemas of a workspace that are not fresh; with `check` only say which.

    Raises as `known_names`, and `InputError` (FR3501) where one cannot be written.
    """
    fresh, stale = [], []
    for name, text in editor_schemas(known_names(ws)).items():
        file = ws.root / name
        try:
            if file.is_file() and file.read_text(encoding="utf-8", errors="replace") == text:
                fresh.append(name)
                continue
            stale.append(name)
            if not check:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise _unwritable(file, error) from None
    return EditorSchemas(fresh=fresh, stale=stale)


def _unwritable(file: Path, error: OSError) -> InputError:
    return InputError(
        t("{file} cannot be written: {why}.", file=file, why=(error.strerror or type(error).__name__).lower()),
        help=t("Ask for the right to write there."),
        code="FR3501",
    )
