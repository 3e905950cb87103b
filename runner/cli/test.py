"""`flowrun test`: the tests of flows and policies.

Owns: the command's options. How a test runs is `testing`'s part; the words are `test_text`'s.
"""

from __future__ import annotations

from pathlib import Path

import click

from flowrun.cli import options
from flowrun.cli.output import note
from flowrun.words import t


@click.command("test")
@click.argument("paths", nargs=-1)
@click.option("--only", metavar="NAME", help="Only tests with NAME in their name, or in the file NAME.")
@click.option("-x", "first", is_flag=True, help="Stop after the first test that fails.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="Processes at a time.")
@click.option("--coverage", is_flag=True, help="Say what the tests try of each flow, and what they leave out.")
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 100),
    metavar="N",
    help="End with 1 where less than N % is tried, or noticed.",
)
@click.option("--mutate", is_flag=True, help="Put small defects into one flow and say which ones no test notices.")
@click.option("--generate", is_flag=True, help="Print tests for what the tests of one flow leave out.")
@click.option("--fresh", is_flag=True, help="With --generate: as if the flow had no tests.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write them there.")
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write JUnit XML too.")
@options.JSON
@options.WORKSPACE
def command(
    paths: tuple[str, ...],
    only: str | None,
    first: bool,
    jobs: int | None,
    coverage: bool,
    fail_under: float | None,
    mutate: bool,
    generate: bool,
    fresh: bool,
    output: Path | None,
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
      flowrun test --coverage --fail-under 80
      flowrun test --generate refund_request --output refund.test.yaml
      flowrun test --mutate refund_request
    """
    from flowrun.app.coverage import run_covered
    from flowrun.app.generate import generate as generate_for
    from flowrun.app.mutate import mutate as mutate_flow
    from flowrun.app.tests import run_tests
    from flowrun.cli import test_text as text

    ws = options.workspace_of(workspace)
    if mutate:
        made = mutate_flow(ws, one_flow(paths, "mutate"), jobs=jobs, on_defect=text.progress)
        return text.mutated(made, fail_under, as_json=as_json)
    if generate:
        return text.generated(generate_for(ws, one_flow(paths, "generate"), fresh=fresh), output, as_json=as_json)
    note(t("Testing"))
    told = text.silent if as_json else text.tell
    if not coverage and fail_under is None:
        results = run_tests(ws, paths, only=only, jobs=jobs, first=first, on_result=told)
        if junit is not None:
            text.write_junit(junit, results)
        return text.ended(results, as_json=as_json)
    results, flows = run_covered(ws, paths, only=only, jobs=jobs, first=first, on_result=told)
    if junit is not None:
        text.write_junit(junit, results)
    return text.covered(results, flows, fail_under, as_json=as_json)


def one_flow(paths: tuple[str, ...], option: str) -> str:
    """Return the flow that is meant. Raises `UsageError` where it is not one."""
    if len(paths) != 1:
        raise click.UsageError(t("name one flow, such as: flowrun test --{option} refund_request", option=option))
    return paths[0]
