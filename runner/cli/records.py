"""`flowrun records`: the records that runs wrote.

Owns: the commands' options and output, and the flat form for spreadsheets.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click
import msgspec

from flowrun.app import words
from flowrun.cli import options
from flowrun.cli.output import note, print_json, say, table
from flowrun.errors import InputError
from flowrun.ports.journal import RecordRow
from flowrun.words import t

Json = Any
ALL = 2**31 - 1
_FORMULA = re.compile(r"[=@\t\r]|[+-](?![0-9 ]*\.?[0-9 ]*$)")

SCHEMA = click.option("--schema", metavar="NAME@N", help="Only records of this schema.")
RUN = click.option("--run", metavar="RUN", help="Only records of this run.")
SHADOW = click.option("--shadow", is_flag=True, help="Those of shadow runs instead: what would have been.")


@click.group("records")
def command() -> None:
    """List, show and export records. Fields that schemas mark stand as `[email]` and the like, unless you --reveal them.

    \b
    Examples:
      flowrun records list --schema case_record@1
      flowrun records export --format csv > cases.csv
    """


@command.command("list")
@SCHEMA
@RUN
@SHADOW
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many.")
@options.revealing
@options.JSON
@options.places
def list_records(
    schema: str | None,
    run: str | None,
    shadow: bool,
    limit: int,
    reveal: bool,
    by: str,
    as_json: bool,
    workspace: Path | None,
    store: str | None,
) -> int:
    """List records, the newest first. Records of shadow runs are shown with --shadow, or with --run, only.

    \b
    Example:
      flowrun records list --schema case_record@1
    """
    rows = read(workspace, store, schema, run, shadow, limit, by if reveal else None)
    if as_json:
        print_json(rows)
    elif rows:
        shown = [[r.id, r.schema, words.moment(r.at), r.run, words.short(words.fields(r.record), 80)] for r in rows]
        table(["record", "schema", "written", "run", "says"], shown)
    else:
        say(t("No records."))
    return 0


@command.command("show")
@click.argument("id")
@options.revealing
@options.JSON
@options.places
def show_record(id: str, reveal: bool, by: str, as_json: bool, workspace: Path | None, store: str | None) -> int:
    """Show one record by its id, or a unique beginning of it.

    \b
    Example:
      flowrun records show k3f7qz2a
    """
    with options.opened(workspace, store) as app:
        row = app.shown_records([app.journal.record(id)], reveal=by if reveal else None)[0]
    if as_json:
        print_json(row)
        return 0
    written = t("written {at} UTC by {flow}, run {run}", at=words.moment(row.at), flow=row.flow, run=row.run)
    if row.mode == "shadow":
        written = t("{written} (shadow: it tells what would have been)", written=written)
    heading = f"{row.schema}  {row.id}  {written}"
    say(heading, style="bold")
    for line in words.pretty(row.record):
        say(line)
    return 0


@command.command("export")
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
@SCHEMA
@RUN
@SHADOW
@click.option("--output", metavar="FILE", type=click.Path(path_type=Path), help="Default: standard output.")
@options.revealing
@options.places
def export_records(
    form: str,
    schema: str | None,
    run: str | None,
    shadow: bool,
    output: Path | None,
    reveal: bool,
    by: str,
    workspace: Path | None,
    store: str | None,
) -> int:
    """Write all records, the oldest first, as JSON Lines or CSV.

    In CSV a nested field is a column such as `ticket.queue` and a list is JSON. A text that a spreadsheet would run as
    a formula gets a leading apostrophe.

    \b
    Example:
      flowrun records export --format csv --schema case_record@1 --output cases.csv
    """
    rows = list(reversed(read(workspace, store, schema, run, shadow, ALL, by if reveal else None)))
    text = as_csv(rows) if form == "csv" else "".join(f"{msgspec.json.encode(row).decode()}\n" for row in rows)
    if output is None:
        click.echo(text, nl=False)
        return 0
    try:
        output.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise InputError(
            t("{output} cannot be written: {why}.", output=output, why=error.strerror), code="FR3013"
        ) from None
    note(t("{count} records in {output}", count=len(rows), output=output))
    return 0


def read(
    workspace: Path | None,
    store: str | None,
    schema: str | None,
    run: str | None,
    shadow: bool,
    limit: int,
    reveal: str | None,
) -> list[RecordRow]:
    """Return the records as they may be shown, the newest first; of a run that is named, whatever its mode.

    `reveal`: who wants to see marked fields.
    """
    with options.opened(workspace, store) as app:
        row = None if run is None else app.journal.run(run)
        only, kept = (None, shadow) if row is None else (row.run, row.mode == "shadow")
        rows = app.journal.records(schema=schema, run=only, shadow=kept, limit=limit)
        return app.shown_records(rows, reveal=reveal)


def as_csv(rows: Iterable[RecordRow]) -> str:
    """Return records as CSV with a column for each field that any of them has."""
    flat = [
        {"id": row.id, "run": row.run, "flow": row.flow, "schema": row.schema, "at": row.at, **columns(row.record)}
        for row in rows
    ]
    names = list(dict.fromkeys(name for row in flat for name in row))
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, names, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(flat)
    return out.getvalue()


def columns(value: Mapping[str, Json], prefix: str = "") -> dict[str, str]:
    """Return data as flat text cells."""
    cells: dict[str, str] = {}
    for name, item in value.items():
        if isinstance(item, Mapping) and item:
            cells.update(columns(item, f"{prefix}{name}."))
        else:
            # A field may be named like one of the columns in front.
            column = (
                f"{prefix}{name}" if prefix or name not in ("id", "run", "flow", "schema", "at") else f"record.{name}"
            )
            cells[column] = cell(item)
    return cells


def cell(value: Json) -> str:
    """Return one cell; what somebody outside wrote must not run in a spreadsheet."""
    if value is None:
        return ""
    text = words.scalar(value)
    return f"'{text}" if isinstance(value, str) and _FORMULA.match(text) else text
