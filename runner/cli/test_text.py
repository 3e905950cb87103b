"""What `flowrun test` prints.

Owns: that text and its JSON. Nothing is run here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flowrun.cli import output
from flowrun.cli.output import print_json, say
from flowrun.errors import InputError
from flowrun.testing.coverage.report import FlowCoverage, missing_lines, table, total
from flowrun.testing.result import TestResult
from flowrun.words import t


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
