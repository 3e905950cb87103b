"""`flowrun run`: one run, a conversation, or many.

Owns: the command's options and output. What a run does is decided by the flow and told by `app.runs`.
"""

from __future__ import annotations

import collections
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from flowrun.cli import options
from flowrun.cli.documents import read_document, read_lines
from flowrun.cli.output import note, print_json, print_json_line, progress, say, table
from flowrun.cli.run_text import print_result
from flowrun.runtimes.drain import Stopped
from flowrun.words import t

if TYPE_CHECKING:
    from flowrun.app.result import RunResult
    from flowrun.app.runs import App
    from flowrun.errors import FlowrunError

Json = Any


def user_name() -> str:
    """Return the name of the person at this terminal, or nothing where the system knows none."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


@click.command("run")
@click.argument("flow")
@click.option("--input", "source", metavar="FILE|-", help="The input, as JSON or YAML; - reads standard input.")
@click.option("--inputs", "many", metavar="FILE|-", help="Many inputs, one JSON value a line (JSON Lines).")
@click.option(
    "--at-once", type=click.IntRange(1, 1000), default=8, show_default=True, help="With --inputs: runs side by side."
)
@click.option("--key", help="The same key is the same run; default: the flow's `key`.")
@click.option("--model", metavar="NAME", help="Use this model for every step.")
@click.option(
    "--as",
    "by",
    metavar="NAME",
    default=user_name,
    show_default="you",
    help="Who submits it; they cannot approve its calls.",
)
@click.option(
    "--record", type=click.Path(path_type=Path), metavar="FILE", help="Add the models' replies to FILE, redacted."
)
@click.option(
    "--replay", type=click.Path(path_type=Path), metavar="FILE", help="Take replies from FILE and ask no model."
)
@click.option(
    "--mode",
    type=click.Choice(["shadow", "supervised", "live"]),
    show_default="the highest that flowrun.yaml allows",
    help="shadow: reads, but only shows what it would write. supervised: each write asks first.",
)
@click.option("--chat", is_flag=True, help="This terminal is the customer: it is asked and may say yes or no.")
@options.REVEAL
@options.JSON
@options.places
def command(
    flow: str,
    source: str | None,
    many: str | None,
    at_once: int,
    key: str | None,
    model: str | None,
    by: str,
    record: Path | None,
    replay: Path | None,
    mode: str | None,
    chat: bool,
    reveal: bool,
    as_json: bool,
    workspace: Path | None,
    store: str | None,
) -> int:
    """Run FLOW: a path, or the name of a flow of the workspace or of a template.

    Ends with 0 when it is done, 1 when it failed, 3 when flow or input are wrong, 4 when a person is needed.

    \b
    Examples:
      flowrun run support_to_ticket --input message.json
      flowrun run support_to_ticket --input message.json --mode shadow
      flowrun run flows/refund.flow.yaml --input - --json < message.json
      flowrun run support_to_ticket --inputs messages.jsonl --at-once 8
    """
    if (source is None) == (many is None):
        raise click.UsageError(t("give one of --input FILE and --inputs FILE"))
    if record is not None and replay is not None:
        raise click.UsageError(t("give only one of --record and --replay"))
    if many is not None:
        if chat or key is not None:
            raise click.UsageError(t("--inputs does not go with {option}", option="--chat" if chat else "--key"))
        inputs = read_lines(many)
        with options.opened(workspace, store, record=record, replay=replay) as app:
            return run_many(
                app, flow, inputs, at_once=at_once, model=model, by=by, mode=mode, as_json=as_json, reveal=reveal
            )
    assert source is not None
    seer = by if reveal else None
    value = read_document(source)
    with options.opened(workspace, store, record=record, replay=replay) as app:
        app.check_input(app.flow(flow, model), value)  # before anything is told to run
        if chat:
            result = options.outcome_of(
                app, talk(app, flow, value, key=key, model=model, by=by, mode=mode), talks=True, reveal=seer
            )
        else:
            with progress(t("Running {flow}", flow=flow)):
                result = options.outcome_of(
                    app, app.submit(flow, value, key=key, model=model, by=by, mode=mode), reveal=seer
                )
    print_json(result) if as_json else print_result(result)
    return result.exit_code


async def talk(
    app: App, flow: str, value: Json, *, key: str | None, model: str | None, by: str, mode: str | None
) -> RunResult:
    """Run a flow whose customer sits at this terminal."""
    from flowrun.cli.chat import converse

    return await converse(app, await app.submit(flow, value, key=key, model=model, by=by, mode=mode))


def run_many(
    app: App,
    flow: str,
    inputs: list[tuple[int, Json]],
    *,
    at_once: int,
    model: str | None,
    by: str,
    mode: str | None,
    as_json: bool,
    reveal: bool,
) -> int:
    """Run a flow over many inputs: a line of progress for each, a summary at the end."""
    rows: dict[int, list[object]] = {}
    codes: list[int] = []
    outcomes: collections.Counter[str] = collections.Counter()
    cost = 0.0

    def tell(place: int, result: RunResult | FlowrunError) -> None:
        nonlocal cost
        line = inputs[place][0]
        if isinstance(result, Exception):
            stop = result if isinstance(result, Stopped) else None
            outcome, run = (t("not accepted"), "") if stop is None else ("stopped", stop.run)
            reason, code = f"{result.code}: {result.message}", result.exit_code
            printed: Json = {
                "line": line,
                "error": {"code": result.code, "message": result.message, "help": result.help},
            }
        else:
            result = app.shown(result, reveal=by if reveal else None)
            outcome, run, reason, code = result.outcome, result.run, result.reason, result.exit_code
            reason = reason or ", ".join(f"{e['kind']} {e.get('id', '')}".strip() for e in result.waiting)
            cost += 0.0 if result.duplicate_of else result.usage.cost
            printed = {"line": line, **msgspec.to_builtins(result)}
            if result.duplicate_of:
                reason = t("the same as an earlier run; {reason}", reason=reason).rstrip("; ")
        codes.append(code)
        outcomes[outcome] += 1
        rows[place] = [line, outcome, run, reason]
        note(t("{done}/{all} line {line}: {outcome}", done=len(codes), all=len(inputs), line=line, outcome=outcome))
        if as_json:
            print_json_line(printed)

    stopped: Stopped | None = None
    work = app.submit_many(
        flow, [value for _, value in inputs], at_once=at_once, model=model, by=by, mode=mode, on_result=tell
    )
    try:
        options.wait_for(work, app)
    except Stopped as error:
        stopped = error
    if not as_json:
        table(["line", "outcome", "run", "why"], [rows[place] for place in sorted(rows)])
        say(
            t(
                "\n{count} inputs: {outcomes}; cost {cost}",
                count=len(codes),
                outcomes=", ".join((f"{n} {name}" for name, n in outcomes.most_common())),
                cost=f"{cost:g}",
            )
        )
    if stopped is not None:
        raise stopped
    return worst(codes)


def worst(codes: list[int]) -> int:
    """Return the exit code of several runs: a failure first, then a bad input, then one that waits."""
    return next((code for code in (1, 3, 4) if code in codes), 0)
