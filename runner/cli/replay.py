"""`flowrun replay`: what recorded runs would come to under the flows, policies and schemas of today.

Owns: the command's options and output. What is replayed and compared is `app.replay`'s part.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowrun.cli import options
from flowrun.cli.output import print_json, progress, say
from flowrun.values.durations import parse_duration
from flowrun.words import mark, t, tn

if TYPE_CHECKING:
    from flowrun.app.replay import Report

WORDS = {
    "same": (mark("the same"), mark("the same")),
    "needs_approval": (mark("now needs approval"), mark("now need approval")),
    "no_longer_asks": (mark("no longer asks"), mark("no longer ask")),
    "denied_now": (mark("is denied now"), mark("are denied now")),
    "allowed_now": (mark("is allowed now"), mark("are allowed now")),
    "other_effects": (mark("has other effects"), mark("have other effects")),
    "other_record": (mark("has another record"), mark("have another record")),
    "needs_live_model_call": (mark("needs a live model call"), mark("need a live model call")),
    "not_valid_any_more": (mark("is not valid any more"), mark("are not valid any more")),
    "cannot_tell": (mark("cannot be told"), mark("cannot be told")),
}
"""How a class is said of one run and of several."""


def _duration(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    seconds = None if value is None else parse_duration(value)
    if value is not None and seconds is None:
        raise click.BadParameter(t("{value} is no duration; write 30d, 4h, 10m or 30s.", value=repr(value)))
    return seconds


@click.command("replay")
@click.option("--since", metavar="DURATION", callback=_duration, help="Only runs started in the last 30d, 4h, …")
@click.option("--flow", metavar="FLOW", help="Replay the runs of this flow alone, under this file.")
@click.option("--run", metavar="RUN", help="Only this run.")
@options.revealing
@click.option("--fail-on", type=click.Choice(["changed"]), help="End with 1 where a run does not come out the same.")
@options.JSON
@options.places
def command(
    since: float | None,
    flow: str | None,
    run: str | None,
    reveal: bool,
    by: str,
    fail_on: str | None,
    as_json: bool,
    workspace: Path | None,
    store: str | None,
) -> int:
    """Ask what recorded runs would come to today: the same journal under the files as they are now.

    Replies of models, results of tools, answers of people and moments are taken from the journal. Nothing is called and nothing
    is written. What schemas mark as personal stands as `[email]`, `[name]` and the like, as in `flowrun show`.

    \b
    Examples:
      flowrun replay --since 30d
      flowrun replay --flow flows/refund_request.flow.yaml --fail-on changed --json
      flowrun replay --run 01JX --reveal --as Sam
    """
    from flowrun import wiring
    from flowrun.app.replay import replay
    from flowrun.insight.rerun import SAME

    ws = options.workspace_of(workspace, store)
    journal = wiring.journal(ws.store_url)
    began = time.perf_counter()
    try:
        with progress("Replaying"):
            report = replay(
                ws,
                journal,
                now=wiring.clock().now(),
                since=since,
                flow=flow,
                run=run,
                secrets=wiring.known_secrets(ws.models.values()),
                reveal=by if reveal else None,
            )
    finally:
        journal.close()
    seconds = time.perf_counter() - began
    changed = [found for found in report.runs if found.kind != SAME]
    if as_json:
        print_json(
            {
                "runs": len(report.runs),
                "counts": report.counts,
                "seconds": round(seconds, 3),
                "changed": changed,
                "same": [found.run for found in report.runs if found.kind == SAME],
            }
        )
    else:
        show(report, seconds)
    return 1 if fail_on is not None and changed else 0


def show(report: Report, seconds: float) -> None:
    """Print each class with its runs and their first differences, then the summary."""
    for kind in report.counts:
        found = [each for each in report.runs if each.kind == kind and each.text]
        if not found:
            continue
        say(f"{t(WORDS[kind][0])}:", style="yellow")
        for each in found:
            say(f"  {each.run}  {each.flow}  {each.path}".rstrip())
            say(f"      {each.text}")
    if not report.runs:
        say(t("No recorded run is meant."))
        return
    counts = ", ".join(f"{count} {t(WORDS[kind][count != 1])}" for kind, count in report.counts.items())
    total = len(report.runs)
    say(
        tn(
            "{n} run: {counts}  ({seconds} s)",
            "{n} runs: {counts}  ({seconds} s)",
            total,
            counts=counts,
            seconds=f"{seconds:.1f}",
        ),
        style="green" if set(report.counts) == {"same"} else "yellow",
    )
