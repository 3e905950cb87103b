"""`flowrun test`: the tests of flows and policies.

Owns: the command's options and output. How a test runs is `testing`'s part.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowrun.cli import options
from flowrun.cli.output import note, print_json, say
from flowrun.errors import InputError
from flowrun.words import t

if TYPE_CHECKING:
    from flowrun.testing.result import TestResult


@click.command("test")
@click.argument("paths", nargs=-1)
@click.option("--only", metavar="NAME", help="Only tests with NAME in their name, or in the file NAME.")
@click.option("-x", "first", is_flag=True, help="Stop after the first test that fails.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="Processes at a time.")
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write JUnit XML too.")
@options.JSON
@options.WORKSPACE
def command(
    paths: tuple[str, ...],
    only: str | None,
    first: bool,
    jobs: int | None,
    junit: Path | None,
    as_json: bool,
    workspace: Path | None,
) -> int:
    """Run the `*.test.yaml` files and policy tests in PATHS, else in the whole workspace.

    No test reaches a real tool, model or store. Ends with 1 where one fails.

    \b
    Examples:
      flowrun test
      flowrun test flows/support_to_ticket --only twice
      flowrun test --junit tests.xml -j 2
    """
    from flowrun.app.tests import run_tests

    ws = options.workspace_of(workspace)
    note(t("Testing"))
    results = run_tests(
        ws, paths, only=only, jobs=jobs, first=first, on_result=(lambda result: None) if as_json else tell
    )
    if junit is not None:
        write_junit(junit, results)
    failed = [result for result in results if not result.ok]
    if as_json:
        print_json(results)
        return 1 if failed else 0
    if not results:
        say(t("No tests here: they stand in files named NAME.test.yaml, and under `tests:` in policies."))
        return 0
    seconds = sum(result.seconds for result in results)
    say(
        t(
            "\n{passed} passed, {failed} failed in {seconds} s",
            passed=len(results) - len(failed),
            failed=len(failed),
            seconds=f"{seconds:.1f}",
        ),
        style="red" if failed else "green",
    )
    return 1 if failed else 0


def tell(result: TestResult) -> None:
    """Print what became of one test; of one that failed also why, what was left over and what happened instead."""
    from flowrun.testing.junit import lines

    say(f"{t('ok    ') if result.ok else t('FAILED')}  {result.name}", style=None if result.ok else "red")
    if result.ok:
        for text in result.notes:
            say("        " + t("note: {text}", text=text))
        return
    say(f"        {result.file}")
    for line in lines(result):
        say(f"        {line}")


def write_junit(file: Path, results: list[TestResult]) -> None:
    """Write the report. Raises `InputError` (FR3083) where that cannot be done."""
    from flowrun.testing.junit import junit

    try:
        file.write_bytes(junit(results))
    except OSError as error:
        raise InputError(t("{file} cannot be written: {why}.", file=file, why=error.strerror), code="FR3083") from None
