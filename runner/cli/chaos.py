"""`flowrun chaos`: kills the tests of a flow at every boundary and counts the effects.

Owns: the command's options and output. What is killed and how it is judged is `testing.chaos`' part.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowrun.cli import options
from flowrun.cli.output import is_terminal, note, print_json, say
from flowrun.errors import InputError
from flowrun.words import t, tn

if TYPE_CHECKING:
    from flowrun.testing.chaos.matrix import CaseResult, ChaosResult

Again = Callable[["ChaosResult", "CaseResult"], str]
SHOWN = 10
"""Failures of one test that are told in full; the report has all."""
EVERY = 25


@click.command("chaos")
@click.argument("flow")
@click.option("--test", metavar="NAME", help="Only this test: its file, or the beginning of its name.")
@click.option(
    "--boundaries",
    default="all",
    show_default=True,
    metavar="KINDS",
    help="journal, tool, model (with commas), or all.",
)
@click.option("--at", type=click.IntRange(min=1), metavar="N", help="Only boundary N, as a report names it.")
@click.option("--kills", type=click.IntRange(1, 5), default=1, show_default=True, help="How often each run is killed.")
@click.option("--seed", type=int, default=0, show_default=True, help="Where the second and later kills fall.")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Processes at a time; default: one a processor.")
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write JUnit XML too.")
@options.JSON
@options.WORKSPACE
def command(
    flow: str,
    test: str | None,
    boundaries: str,
    at: int | None,
    kills: int,
    seed: int,
    jobs: int | None,
    junit: Path | None,
    as_json: bool,
    workspace: Path | None,
) -> int:
    """Kill the tests of FLOW at every boundary, resume them, and count the effects.

    Each test runs once as it is. Then, for each commit, tool call and model call of that run, a process that runs it is killed
    (SIGKILL) just before and just after, another one goes on, and the world is counted: each effect once, the same record, no
    approval lost, no finished model call made again. No real tool or model is reached. Ends with 1 where a promise is broken.

    \b
    Examples:
      flowrun chaos support_to_ticket
      flowrun chaos support_to_ticket --boundaries tool,model --kills 2 --junit chaos.xml
    """
    from flowrun.app.chaos import chaos
    from flowrun.testing.chaos.cut import KINDS

    kinds = list(KINDS) if boundaries == "all" else boundaries.split(",")
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise click.BadParameter(
            t("{unknown} is none of {kinds}, all.", unknown=repr(unknown[0]), kinds=", ".join(KINDS)),
            param_hint="--boundaries",
        )

    def again(result: ChaosResult, case: CaseResult) -> str:
        more = f" --kills {kills} --seed {seed}" if kills > 1 else ""
        return options.command_line(
            f"flowrun chaos {shlex.quote(flow)} --test {shlex.quote(result.file)} --at {case.boundary.number}{more}"
        )

    results: list[ChaosResult] = []
    ws = options.workspace_of(workspace)
    try:
        for result in chaos(
            ws, flow, test=test, kinds=kinds, at=at, kills=kills, seed=seed, jobs=jobs, on_case=_progress
        ):
            results.append(result)
            if not as_json:
                tell(result, again)
    except InputError as error:
        if error.code != "FR3084":
            raise
        raise click.UsageError(t("--at: {message} {help}", message=error.message, help=error.help)) from None
    if junit is not None:
        from flowrun.testing.chaos.junit import junit as report

        try:
            junit.write_bytes(report(results, again))
        except OSError as error:
            raise InputError(
                t("{junit} cannot be written: {why}.", junit=junit, why=error.strerror), code="FR3083"
            ) from None
    ok = all(result.ok for result in results)
    if as_json:
        print_json({"ok": ok, **counts(results), "tests": [as_dict(result, again) for result in results]})
        return 0 if ok else 1
    summary = counts(results)
    say(
        t(
            "\n{boundaries} boundaries, {passed} passed, {failed} failed; {in_doubt} ended in doubt "
            "and told a person; {repeated} model calls in flight made again; {seconds} s",
            boundaries=summary["boundaries"],
            passed=summary["passed"],
            failed=summary["failed"],
            in_doubt=summary["in_doubt"],
            repeated=summary["repeated"],
            seconds=f"{sum(result.seconds for result in results):.1f}",
        ),
        style="green" if ok else "red",
    )
    return 0 if ok else 1


def tell(result: ChaosResult, again: Again) -> None:
    """Print what became of one test."""
    failed = [case for case in result.cases if not case.ok]
    say(f"{t('ok') if result.ok else t('FAILED'):6}  {result.name}", style=None if result.ok else "red")
    for problem in result.problems:
        say(f"        {problem}")
    if result.cases:
        say(
            "        "
            + tn(
                "{n} boundary, {passed} passed",
                "{n} boundaries, {passed} passed",
                len(result.cases),
                passed=len(result.cases) - len(failed),
            )
        )
    for case in failed[:SHOWN]:
        say(
            "        "
            + t(
                "{number}: killed {killed}",
                number=case.boundary.number,
                killed=t(", then ").join(case.killed) or case.boundary.what,
            ),
            style="red",
        )
        for problem in case.problems:
            say(f"            {problem}")
        say(f"            {again(result, case)}")
    if len(failed) > SHOWN:
        say("        " + t("… and {count} more", count=len(failed) - SHOWN))


def counts(results: list[ChaosResult]) -> dict[str, int]:
    """Return the figures of the summary line."""
    cases = [case for result in results for case in result.cases]
    return {
        "boundaries": len(cases),
        "passed": sum(case.ok for case in cases),
        "failed": sum(not case.ok for case in cases),
        "in_doubt": sum(case.in_doubt for case in cases),
        "repeated": sum(case.repeated for case in cases),
    }


def as_dict(result: ChaosResult, again: Again) -> dict[str, object]:
    """Return one test for programs; a case that failed has the command that makes it again."""
    cases = [
        {
            "number": case.boundary.number,
            "kind": case.boundary.kind,
            "what": case.boundary.what,
            "ok": case.ok,
            "killed": case.killed,
            "in_doubt": case.in_doubt,
            "repeated": case.repeated,
            "problems": case.problems,
            **({} if case.ok else {"again": again(result, case)}),
        }
        for case in result.cases
    ]
    return {
        "name": result.name,
        "file": result.file,
        "ok": result.ok,
        "boundaries": result.boundaries,
        "problems": result.problems,
        "seconds": result.seconds,
        "cases": cases,
    }


def _progress(name: str, done: int, all: int) -> None:
    """Show how far a test is; without a thread, for a process that forks must have one alone."""
    if is_terminal(sys.stderr):
        click.echo(
            f"\r{done}/{all}  {name[:60]:<60}" + ("\r" + " " * 75 + "\r" if done == all else ""), nl=False, err=True
        )
    elif done == all or done % EVERY == 0:
        note(f"{done}/{all}  {name}")
