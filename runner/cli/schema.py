"""`flowrun schema`: the record schemas of a workspace.

Owns: the commands' options and output. Where schemas are found is `records.registry`'s part.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import click

from flowrun.cli import options
from flowrun.cli.documents import read_document, read_lines
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
      flowrun schema check
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


@command.command("check")
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.option(
    "--mode", type=click.Choice(["backward", "forward", "full"]), help="Instead of what each record asks for."
)
@options.JSON
@options.WORKSPACE
def check_schemas(names: tuple[str, ...], mode: str | None, as_json: bool, workspace: Path | None) -> int:
    """Compare each version of your records with the one before, and with those who read them.

    What breaks is shown with a document that breaks it. An upgrade (v1_to_v2.yaml beside the schemas) is tried, there and
    back. Ends with 1 where something breaks, or where nobody can tell.

    \b
    Examples:
      flowrun schema check
      flowrun schema check case_record --mode full --json
    """
    from flowrun.app.lock import own
    from flowrun.app.schemas import check
    from flowrun.cli.schema_text import say_findings

    ws = options.workspace_of(workspace)
    found = check(ws, names, mode)
    bad = [item for item in found if item.bad]
    if as_json:
        print_json({"ok": not bad, "findings": found})
    else:
        say_findings(found, len({name for name, _ in own(ws) if not names or name in names}))
    return 1 if bad else 0


@command.command("lock")
@click.argument("names", nargs=-1, metavar="[NAME...]")
@options.JSON
@options.WORKSPACE
def lock_schemas(names: tuple[str, ...], as_json: bool, workspace: Path | None) -> int:
    """Publish the versions of your records: write their digests into flowrun.lock. From then on they never change.

    \b
    Example:
      flowrun schema lock case_record
    """
    from flowrun.app.lock import lock

    fresh = lock(options.workspace_of(workspace), names)
    if as_json:
        print_json({"locked": fresh})
    elif fresh:
        say(t("Locked: {names}. Put flowrun.lock under version control.", names=", ".join(fresh)), style="green")
    else:
        say(t("All versions are locked already."))
    return 0


@command.command("upgrade")
@click.argument("name", metavar="NAME")
@click.argument("file", metavar="FILE")
@click.option("--from", "before", type=click.IntRange(1), required=True, help="The version that the records have.")
@click.option("--to", "after", type=click.IntRange(1), help="The version that they get; else the newest.")
@options.WORKSPACE
def upgrade_records(name: str, file: str, before: int, after: int | None, workspace: Path | None) -> int:
    """Lift records to another version: FILE is one JSON document, or many in JSON Lines (.jsonl); - reads one from stdin.

    Prints one record a line, and nothing at all where one of them cannot be lifted.

    \b
    Example:
      flowrun schema upgrade case_record old.jsonl --from 1 --to 2 > new.jsonl
    """
    from flowrun.app.schemas import lift

    ws = options.workspace_of(workspace)
    target = after or ws.registry.latest(name)
    if target is None:
        known = {known for known, _ in ws.registry.names()}
        message = t("There is no record {name} here.", name=name)
        raise InputError(message, help=suggestion(name, known) or None, code="FR3402")
    lifted = []
    for number, document in read_lines(file) if file.endswith(".jsonl") else [(1, read_document(file))]:
        try:
            lifted.append(lift(ws, name, before, target, document))
        except InputError as error:
            message = t("Line {number}: {why}", number=number, why=error.message)
            raise InputError(message, help=error.help, code=error.code) from None
    for record in lifted:
        click.echo(json.dumps(record, ensure_ascii=False))
    return 0
