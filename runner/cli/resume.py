"""`flowrun resume`: going on after a crash, a stop, a raised limit or a passed deadline.

Owns: the command's options and output.
"""

from __future__ import annotations

import contextlib
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowrun.cli import options
from flowrun.cli.main import show_error
from flowrun.cli.output import note, print_json, progress, say, table
from flowrun.cli.run import worst
from flowrun.cli.run_text import print_result
from flowrun.values.micros import MICRO
from flowrun.words import t

if TYPE_CHECKING:
    from flowrun.app.result import RunResult
    from flowrun.errors import FlowrunError

LIMITS = ("cost", "model_calls", "tool_calls", "writes", "within")


@click.command("resume")
@click.argument("run", required=False)
@click.option("--due", is_flag=True, help="Every run that has something to do: for cron.")
@click.option("--accept", is_flag=True, help="Go on although a Python tool has changed since the run began.")
@click.option(
    "--raise",
    "raises",
    multiple=True,
    metavar="LIMIT=N",
    help="A new limit, such as cost=0.10, writes=6 or within=600 (seconds).",
)
@click.option("--as", "by", metavar="NAME", default="", help="Who you are; needed for a hand-off.")
@options.JSON
@options.places
def command(
    run: str | None,
    due: bool,
    accept: bool,
    raises: tuple[str, ...],
    by: str,
    as_json: bool,
    workspace: Path | None,
    store: str | None,
) -> int:
    """Go on with RUN, or with every run that is due.

    Nothing that is finished is done again.

    \b
    Examples:
      flowrun resume 01JX --as Sam
      flowrun resume 01JX --raise cost=0.10 --as Sam
      flowrun resume --due
    """
    if (run is None) != due:
        raise click.UsageError(t("give either RUN or --due"))
    if due and (raises or accept):
        raise click.UsageError(t("--due does not go with --raise or --accept; name the RUN"))
    raised = dict(limit(text) for text in raises)
    with options.opened(workspace, store) as app:
        if run is None:
            with progress(t("Going on with what is due")), contextlib.redirect_stdout(sys.stderr):
                results, failed = options.wait_for(app.resume_due(), app)
            return tell_due([app.shown(result) for result in results], failed, as_json)
        if app.journal.run(run).status == "finished" and not raised:
            note(t("This run has ended already; there is nothing to go on with."))
        with progress(t("Going on with {run}", run=run)):
            result = options.outcome_of(app, app.resume(run, accept=accept, raised=raised or None, by=by))
    print_json(result) if as_json else print_result(result)
    return result.exit_code


def tell_due(results: list[RunResult], failed: list[tuple[str, FlowrunError]], as_json: bool) -> int:
    """Print how all runs stand, then what kept some from going on; return the exit code."""
    if as_json:
        stuck = [
            {"run": run, "error": {"code": error.code, "message": error.message, "help": error.help}}
            for run, error in failed
        ]
        print_json([*results, *stuck])
    elif results:
        table(["run", "flow", "outcome", "why"], [[r.run, r.flow, r.outcome, r.reason] for r in results])
    elif not failed:
        say(t("Nothing is due."))
    for run, error in failed:
        note(t("{run} cannot go on:", run=run))
        show_error(error)
    codes = [*(result.exit_code for result in results), *(error.exit_code for _, error in failed)]
    return worst(codes) or max(codes, default=0)


def limit(text: str) -> tuple[str, int]:
    """Return one `LIMIT=N` as meters count it: money and seconds in millionths."""
    name, equals, amount = text.partition("=")
    if name not in LIMITS or not equals:
        raise click.UsageError(
            t("--raise {text}: write LIMIT=N with one of {limits}", text=text, limits=", ".join(LIMITS))
        )
    try:
        number = Decimal(amount)
    except InvalidOperation:
        raise click.UsageError(t("--raise {text}: {amount} is not a number", text=text, amount=repr(amount))) from None
    if not number.is_finite() or number <= 0:
        raise click.UsageError(t("--raise {text}: the limit must be more than 0", text=text))
    if name in ("model_calls", "tool_calls", "writes") and number != number.to_integral_value():
        raise click.UsageError(t("--raise {text}: {name} is a whole number", text=text, name=name))
    return name, int(number * MICRO) if name in ("cost", "within") else int(number)
