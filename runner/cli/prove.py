"""`flowrun prove`: whether a thing can happen in a flow, with the run that does it or the gate that stops it.

Owns: the command's options, its output and its exit codes. The answers are `app.prove`'s part.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowrun.cli import options
from flowrun.cli.output import print_json, progress, say
from flowrun.errors import InputError
from flowrun.words import t, tn

if TYPE_CHECKING:
    from flowrun.app.prove import Blocked, Proved, Result

POSSIBLE, UNCLEAR = 1, 4
STYLES = {"yes": "red", "no": "green", "cannot tell": "yellow", "not asked": "red"}


@click.command("prove")
@click.argument("flow")
@click.argument("questions", nargs=-1, metavar="[QUESTION]...")
@click.option("--write", is_flag=True, help="Keep the answers as they are now in FLOW.prove.yaml.")
@options.JSON
@options.WORKSPACE
def command(flow: str, questions: tuple[str, ...], write: bool, as_json: bool, workspace: Path | None) -> int:
    """Say whether a thing can happen in FLOW, whatever models, people and tools say. Nothing is run.

    A yes shows the shortest run that was found, a no what stops it. Without a QUESTION those of FLOW.prove.yaml are
    asked, and the usual ones about every write.

    Ends with 0 where nothing of it can happen (or all is as FLOW.prove.yaml says), with 1 where something can, with 4
    where it cannot be told and a person must look, with 3 where a question names what is not there.

    \b
    Examples:
      flowrun prove refund_request "pay.refund over 50 EUR without approval"
      flowrun prove refund_request "mail.draft with to from the message" "writes > 2"
      flowrun prove flows/refund.flow.yaml --json
      flowrun prove flows/refund.flow.yaml --write
    """
    from flowrun.app.prove import prove, write_questions

    if write and questions:
        raise click.UsageError(t("--write keeps the usual questions; write your own into FLOW.prove.yaml."))
    with progress(t("Looking at all ways")):
        found = prove(options.workspace_of(workspace), flow, questions)
    if write:
        say(t("Written: {file}", file=write_questions(found)))
        return 0
    if as_json:
        print_json(found)
    else:
        for result in found.results:
            show(result, brief=not questions and result.ok)
        close(found, questions)
    return exit_code(found.results)


def exit_code(results: Sequence[Result]) -> int:
    """Return 0 where all is as it should be, 3 where a question cannot be asked, 1 where something is possible, else 4."""
    wrong = [result for result in results if not result.ok]
    if any(result.code for result in wrong):
        return InputError.exit_code
    if any(result.answer == "yes" or result.held == "possible" for result in wrong):
        return POSSIBLE
    if any(result.answer == "cannot tell" for result in wrong):
        return UNCLEAR
    return POSSIBLE if wrong else 0


def show(result: Result, *, brief: bool) -> None:
    """Print one answer."""
    words = {
        "yes": t("YES, it can happen"),
        "no": t("No"),
        "cannot tell": t("CANNOT TELL"),
        "not asked": t("NOT ASKED"),
    }
    say(f"{words[result.answer]}: {result.question}", style="green" if result.ok else STYLES[result.answer])
    if result.code:
        say("  " + t("error[{code}]: {message}", code=result.code, message=result.why[0]))
        for line in result.why[1:]:
            say(f"  {line}")
        return
    if not result.ok and result.held:
        say("  " + t("{file} says `{held}`.", file="FLOW.prove.yaml", held=result.held))
    if brief:
        for gate in result.gates[:1]:
            say(f"  {place(gate)}")
        return
    for line in result.why:
        say(f"  {line}")
    if result.gates:
        if len(result.gates) > 1:
            say("  " + (t("Each of these alone stops it:") if result.each else t("These together stop it:")))
        for gate in result.gates:
            say(f"  {place(gate)}")
    for number, line in enumerate(result.story, 1):
        say(f"  {number}. {line}")


def place(gate: Blocked) -> str:
    """Return where a gate stands, as a person reads it."""
    where = f"{gate.file}:{gate.line}" if gate.line else gate.file
    return f"{where}: {gate.rule}, {gate.word}" + (f": {gate.reason}" if gate.reason else "")


def close(found: Proved, questions: Sequence[str]) -> None:
    """Print what it comes to."""
    counts = {said: sum(result.answer == said for result in found.results) for said in STYLES}
    if len(found.results) > 1:
        say(
            "\n" + tn("{n} question", "{n} questions", len(found.results)) + ": "
            + t("{yes} can happen, {no} cannot, {unclear} cannot be told.",
                yes=counts["yes"], no=counts["no"], unclear=counts["cannot tell"])
        )  # fmt: skip
    if counts["not asked"]:
        say(tn("{n} question was not asked.", "{n} questions were not asked.", counts["not asked"]))
    open_ = [result for result in found.results if not result.ok and not result.held and not result.code]
    if open_ and not questions:
        say(
            t("{count} of them are not in {file}; `flowrun prove {flow} --write` keeps the answers as they are now.",
              count=len(open_), file=Path(found.file).name, flow=found.flow)
        )  # fmt: skip
