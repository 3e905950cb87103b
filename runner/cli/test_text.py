"""What `flowrun test` prints.

Owns: that text and its JSON. Nothing is run here.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from flowrun.cli import output
from flowrun.cli.output import is_terminal, note, print_json, say
from flowrun.errors import InputError
from flowrun.testing.coverage.report import FlowCoverage, missing_lines, table, total
from flowrun.testing.mutate.defects import kind_words
from flowrun.testing.result import TestResult
from flowrun.words import t, tn

if TYPE_CHECKING:
    from flowrun.app.generate import Generated
    from flowrun.app.mutate import Mutated

LINES = 4
"""Lines of a defect that are shown."""
EVERY = 25


def silent(result: TestResult) -> None:
    """Tell nothing of a test."""


def tell(result: TestResult) -> None:
    """Print what became of one test; of one that failed also why, what was left over and what happened instead."""
    from flowrun.testing.junit import lines

    say(f"{t('ok') if result.ok else t('FAILED'):6}  {result.name}", style=None if result.ok else "red")
    if result.ok:
        for text in result.notes:
            say("        " + t("note: {text}", text=text))
        return
    say(f"        {result.file}")
    for line in lines(result):
        say(f"        {line}")


def ended(results: Sequence[TestResult], *, as_json: bool) -> int:
    """Print the end of a run of tests; return the exit code."""
    if as_json:
        print_json(results)
    else:
        summary(results)
    return 0 if all(result.ok for result in results) else 1


def summary(results: Sequence[TestResult]) -> None:
    """Print how many tests passed and failed."""
    if not results:
        say(t("No tests here: they stand in files named NAME.test.yaml, and under `tests:` in policies."))
        return
    failed = sum(not result.ok for result in results)
    seconds = f"{sum(result.seconds for result in results):.1f}"
    say(
        "\n"
        + t(
            "{passed} passed, {failed} failed in {seconds} s",
            passed=len(results) - failed,
            failed=failed,
            seconds=seconds,
        ),
        style="red" if failed else "green",
    )


def covered(results: Sequence[TestResult], flows: Sequence[FlowCoverage], least: float | None, *, as_json: bool) -> int:
    """Print the end of a run of tests and what they try of each flow; return the exit code. `least`: percent."""
    tried = total(flows)
    enough = least is None or tried >= least
    if as_json:
        print_json({"tests": results, "coverage": {"percent": tried, "enough": enough, "flows": flows}})
    else:
        summary(results)
        for flow in flows:
            if flow.missing:
                say("\n" + t("Not tried in {flow}:", flow=flow.flow), style="bold")
            for line in missing_lines(flow):
                say(f"  {line}")
        say()
        head, *rows = table(flows)
        output.table(head, rows)
        if not enough:
            say(
                "\n" + t("{tried} % is tried, less than {least} %.", tried=f"{tried:g}", least=f"{least:g}"),
                style="red",
            )
    return 0 if enough and all(result.ok for result in results) else 1


def generated(made: Generated, output: Path | None, *, as_json: bool) -> int:
    """Print generated tests, or write them; return the exit code. Raises `InputError` where the file is there already."""
    if output is not None and made.text:
        if output.exists():
            raise InputError(
                t("{file} is there already; nothing was written.", file=output),
                help=t("Name another file, or take this one away first."),
                code="FR3303",
            )
        write(output, made.text.encode())
    if as_json:
        print_json(made)
        return 0
    if made.text and output is None:
        say(made.text.rstrip("\n"))
    tell_note = note if output is None else say
    if not made.text:
        tell_note(t("The tests of {flow} try everything that could be found.", flow=made.flow))
    else:
        found = tn("{n} test", "{n} tests", made.tests + made.cases)
        tell_note(
            t(
                "{found}: of {all} points {tried} are tried with them, {before} without. Check whether they say what you want.",
                found=found,
                all=made.all,
                tried=made.tried,
                before=made.tried_before,
            )
        )
    for point in made.missing:
        tell_note("  " + t("not reached: {file}:{line}: {what}", file=point.file, line=point.line, what=point.what))
    return 0


def progress(done: int, all: int) -> None:
    """Show how many defects are done; without a thread, for a process that forks must have one alone."""
    if is_terminal(sys.stderr):
        click.echo(f"\r{done}/{all}" + ("\r" + " " * 20 + "\r" if done == all else ""), nl=False, err=True)
    elif done == all or done % EVERY == 0:
        note(f"{done}/{all}")


def mutated(made: Mutated, least: float | None, *, as_json: bool) -> int:
    """Print which defects no test notices, and the score; return the exit code. `least`: percent."""
    enough = least is None or made.score >= least
    if as_json:
        print_json({**msgspec.to_builtins(made), "enough": enough})
        return 0 if enough else 1
    for defect in made.survivors:
        say(f"{defect.file}:{defect.line}: {kind_words(defect.kind)}: {defect.what}", style="yellow")
        for mark, lines in (("-", defect.before), ("+", defect.after)):
            for line in lines[:LINES]:
                say(f"    {mark} {line.strip()}", style="red" if mark == "-" else "green")
            if len(lines) > LINES:
                say(f"    {mark} …")
    if made.survivors:
        say()
    say(
        t(
            "{score} %: of {all} defects in {flow} the tests notice {killed}; {survived} they do not.",
            score=f"{made.score:g}",
            all=made.killed + made.survived,
            flow=made.flow,
            killed=made.killed,
            survived=made.survived,
        ),
        style="green" if enough and not made.survived else "yellow" if enough else "red",
    )
    if made.lint:
        say(tn("{n} more is an error of flowrun lint.", "{n} more are errors of flowrun lint.", made.lint))
    return 0 if enough else 1


def write_junit(file: Path, results: Sequence[TestResult]) -> None:
    """Write the report. Raises `InputError` (FR3083) where that cannot be done."""
    from flowrun.testing.junit import junit

    write(file, junit(results))


def write(file: Path, data: bytes) -> None:
    """Write a file. Raises `InputError` (FR3083) where that cannot be done."""
    try:
        file.write_bytes(data)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(t("{file} cannot be written: {reason}.", file=file, reason=reason), code="FR3083") from None
