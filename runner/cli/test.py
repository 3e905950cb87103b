"""`flowrun test`: the tests of flows and policies.

Owns: the command's options and output. How a test runs is `testing`'s part.
"""

from __future__ import annotations

from pathlib import Path

import click

from flowrun.cli import options
from flowrun.cli.output import print_json, progress, say


@click.command("test")
@click.argument("paths", nargs=-1)
@options.JSON
@options.WORKSPACE
def command(paths: tuple[str, ...], as_json: bool, workspace: Path | None) -> int:
    """Run the `*.test.yaml` files and policy tests in PATHS, else in the whole workspace.

    No test reaches a real tool, model or store. Ends with 1 where one fails.

    \b
    Examples:
      flowrun test
      flowrun test flows/support_to_ticket --json
    """
    from flowrun.app.tests import run_tests

    ws = options.workspace_of(workspace)
    with progress("Testing"):
        results = run_tests(ws, paths)
    failed = [result for result in results if not result.ok]
    if as_json:
        print_json(results)
        return 1 if failed else 0
    for result in results:
        say(f"{'ok    ' if result.ok else 'FAILED'}  {result.name}", style=None if result.ok else "red")
        if not result.ok:
            say(f"        {result.file}")
            for message in result.messages:
                for line in message.split("\n"):
                    say(f"        {line}")
    if not results:
        say("No tests here: they stand in files named NAME.test.yaml, and under `tests:` in policies.")
        return 0
    seconds = sum(result.seconds for result in results)
    say(
        f"\n{len(results) - len(failed)} passed, {len(failed)} failed in {seconds:.1f} s",
        style="red" if failed else "green",
    )
    return 1 if failed else 0
