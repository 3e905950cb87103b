"""`flowrun schema`: the record schemas of a workspace.

Owns: the commands' options and output. Where schemas are found is `records.registry`'s part.
"""

from __future__ import annotations

import re
from pathlib import Path

import click

from flowrun.cli import options
from flowrun.cli.output import print_json, table
from flowrun.errors import InputError
from flowrun.lang.expr_problem import suggestion
from flowrun.words import t


@click.group("schema")
def command() -> None:
    """Show the schemas of inputs, answers, records and events.

    \b
    Examples:
      flowrun schema list
      flowrun schema show case_record@1
    """


@command.command("list")
@options.JSON
@options.WORKSPACE
def list_schemas(as_json: bool, workspace: Path | None) -> int:
    """List every schema and version.

    \b
    Example:
      flowrun schema list --json
    """
    registry = options.workspace_of(workspace).registry
    rows = [
        {"name": name, "version": version, "title": (registry.get(name, version) or {}).get("title", ""),
         "file": str(registry.path(name, version))}
        for name, version in registry.names()
    ]  # fmt: skip
    if as_json:
        print_json(rows)
    else:
        table(["schema", "title", "file"], [[f"{r['name']}@{r['version']}", r["title"], r["file"]] for r in rows])
    return 0


@command.command("show")
@click.argument("name", metavar="NAME[@N]")
@options.WORKSPACE
def show_schema(name: str, workspace: Path | None) -> int:
    """Print one schema as JSON Schema; without @N its newest version.

    \b
    Example:
      flowrun schema show case_record@1
    """
    registry = options.workspace_of(workspace).registry
    base, _, number = name.partition("@")
    version = registry.latest(base) if not number else int(number) if re.fullmatch(r"[1-9][0-9]{0,5}", number) else None
    schema = None if version is None else registry.get(base, version)
    if schema is None:
        known = [f"{known}@{version}" for known, version in registry.names()]
        raise InputError(
            t("There is no schema {name}.", name=name),
            help=suggestion(name, known) or "flowrun schema list",
            code="FR3012",
        )
    print_json(schema)
    return 0
