"""`flowrun metrics`: figures over the runs of a store.

Owns: the command's options, and figures as text. What each figure means is `insight.metrics`' part.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flowrun.cli import options
from flowrun.cli.output import print_json, say, table
from flowrun.words import mark, sentences, t, tn

if TYPE_CHECKING:
    from flowrun.app.metrics import Report
    from flowrun.insight.metrics import Figures

BY = ("flow", "version", "model")
MODES = ("live", "supervised", "shadow")

ROWS = (
    ("automation_rate", mark("ended runs that were finished without a person")),
    ("hand_off_rate", mark("runs that were handed to a person")),
    ("in_doubt_rate", mark("ended runs that left a write in doubt")),
    ("time_to_first_action_seconds", mark("from a run's start to its first write that was done")),
    ("approval_wait_seconds", mark("from the question to a person's yes or no")),
    ("late_rate", mark("settled questions that nobody answered in time")),
    ("schema_failure_rate", mark("answers and records that were not valid")),
    ("repair_rate", mark("answers not valid at first that the model mended")),
    ("tool_error_rate", mark("attempts of tools that failed or ended in doubt")),
    ("denied_rate", mark("proposed calls that a rule or limit denied")),
    ("cost_per_record", mark("cost of all runs for each record that a run ended with")),
    ("resolution_rate", mark("reported results that say resolved")),
    ("conversion_rate", mark("reported results that say converted")),
)
COLUMNS = ("automation_rate", "hand_off_rate", "schema_failure_rate", "tool_error_rate", "cost_per_record")


def _one_of(known: tuple[str, ...]) -> Callable[[Any, Any, str], list[str]]:
    def read(ctx: click.Context, param: click.Parameter, value: str) -> list[str]:
        names = [name.strip() for name in value.split(",") if name.strip()]
        for name in names:
            if name not in known:
                raise click.BadParameter(t("{name} is none of {known}.", name=repr(name), known=", ".join(known)))
        return list(dict.fromkeys(names))

    return read


@click.command("metrics")
@click.option("--flow", metavar="NAME", help="Only runs of this flow.")
@click.option("--since", metavar="DURATION", callback=options.duration, help="Only runs started in the last 30d, 4h, …")
@click.option("--by", default=",".join(BY), show_default=True, metavar="NAMES", callback=_one_of(BY), help="Groups.")
@click.option(
    "--mode", "modes", default="live,supervised", show_default=True, metavar="NAMES", callback=_one_of(MODES),
    help="Which runs count.",
)  # fmt: skip
@options.JSON
@options.places
def command(
    flow: str | None,
    since: float | None,
    by: list[str],
    modes: list[str],
    as_json: bool,
    workspace: Path | None,
    store: str | None,
) -> int:
    """Show figures over all runs and per flow, version and model, each with the count (n) that it stands on.

    \b
    Examples:
      flowrun metrics --since 30d
      flowrun metrics --flow support_to_ticket --by version,model --json
    """
    from flowrun.app.metrics import report

    with options.opened(workspace, store) as app:
        found = report(app.journal, now=app.clock.now(), flow=flow, since=since, by=by, modes=modes)
    if as_json:
        print_json(as_data(found))
    else:
        show(found)
    return 0


def as_data(found: Report) -> dict[str, Any]:
    """Return the report with the figures of all runs at the top, and those of each group beside its names."""
    import msgspec

    groups = []
    for group in found.groups:
        names = {name: getattr(group, name) for name in BY if name in found.by}
        groups.append({**names, **msgspec.to_builtins(group.figures)})
    return {
        "since": found.since,
        "by": found.by,
        "modes": found.modes,
        "left_out": found.left_out,
        "unreadable": found.unreadable,
        **msgspec.to_builtins(found.total),
        "groups": groups,
    }


def show(found: Report) -> None:
    """Print the figures for people."""
    total = found.total
    for run in found.unreadable:
        say(
            t("Run {run} cannot be read, and is in no figure: `flowrun audit verify` tells why.", run=run),
            style="bold red",
        )
    if not total.runs:
        say(
            sentences(
                t("No run to count."),
                t("{count} of another mode left out.", count=found.left_out) if found.left_out else None,
            )
        )
        return
    parts = [tn("{n} run, {ended} ended", "{n} runs, {ended} ended", total.runs, ended=total.ended)]
    parts += [t("{count} erased", count=total.erased)] if total.erased else []
    parts += [t("{count} of another mode left out", count=found.left_out)] if found.left_out else []
    say("; ".join(parts))
    table(["figure", "value", "n", t("of what")], [[name, *cells(total, name), t(words)] for name, words in ROWS])
    if found.by and len(found.groups) > 1:
        say()
        names = [name for name in BY if name in found.by]
        table(
            [*names, "runs", *COLUMNS],
            [
                [*(_name(getattr(group, name)) for name in names), group.figures.runs]
                + [_with_count(*cells(group.figures, name)) for name in COLUMNS]
                for group in found.groups
            ],
        )


def cells(figures: Figures, name: str) -> tuple[str, int]:
    """Return a figure as text, and its count; `-` where there is none."""
    figure = getattr(figures, name)
    if name.endswith("_seconds"):
        return ("-" if not figure.n else f"{_span(figure.median)}, p90 {_span(figure.p90)}"), figure.n
    if figure.value is None:
        return "-", figure.n
    if name == "cost_per_record":
        return f"{figure.value:.4g}", figure.n
    # A rare thing must not look as if it never happened.
    return ("<0.1%" if 0 < figure.value < 0.001 else f"{figure.value:.1%}"), figure.n


def _with_count(value: str, n: int) -> str:
    return value if value == "-" else f"{value} ({n})"


def _name(name: object) -> object:
    return "-" if name in ("", None) else name


def _span(seconds: float) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.3g} s"
