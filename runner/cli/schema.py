"""`flowrun schema`: the record schemas of a workspace.

Owns: the commands' options and output. Where schemas are found is `records.registry`'s part.
"""

from __future__ import annotations

import re
from pathlib import Path

import click

from flowrun.cli import options
from flowrun.cli.output import print_json, say, table
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
      flowrun schema editor
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


@command.command("editor")
@click.option("--check", is_flag=True, help="Write nothing; end with 1 where a schema is not fresh.")
@options.JSON
@options.WORKSPACE
def editor_schemas(check: bool, as_json: bool, workspace: Path | None) -> int:
    """Renew the schemas that editors check files with, after tools, records, roles, models or flows changed.

    They stand in schemas/KIND/v1.json of the workspace and know its names. `flowrun init` writes them, too.

    \b
    Example:
      flowrun schema editor --check
    """
    from flowrun.app.names import refresh_schemas

    done = refresh_schemas(options.workspace_of(workspace), check=check)
    if as_json:
        print_json({"fresh": done.fresh, "stale": done.stale, "written": not check})
    elif not done.stale:
        say(t("All schemas for editors are fresh."))
    else:
        for name in done.stale:
            say(t("{name} is not fresh.", name=name) if check else t("{name} was written.", name=name))
        if check:
            say(t("Renew them: flowrun schema editor"))
    return 1 if check and done.stale else 0


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
