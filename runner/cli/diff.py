"""`flowrun diff`: what a change lets flows do, for the person who reviews it.

Owns: the command's options, its exit code and the comment on a pull request. What differs is `flowrun.contract.changes`' part.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowrun.cli.explain import put
from flowrun.cli.output import note
from flowrun.errors import FlowError
from flowrun.words import t

if TYPE_CHECKING:
    from flowrun.contract.changes.change import Change


@click.command("diff")
@click.argument("old")
@click.argument("new", required=False)
@click.option(
    "--format", "form", type=click.Choice(["text", "markdown", "json", "github"]), default="text", show_default=True
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write it there, not to the screen.")
@click.option("--fail-on", type=click.Choice(["widened"]), help="End with 1 where a flow may do more.")
@click.option(
    "--comment", type=click.IntRange(min=1), metavar="NUMBER", help="Also write it on this pull request at GitHub."
)
def command(
    old: str, new: str | None, form: str, as_json: bool, output: Path | None, fail_on: str | None, comment: int | None
) -> int:
    """Say what the change from OLD to NEW lets flows do. Nothing is run.

    OLD and NEW are files, folders, names of flows, Git revisions (main) or paths in one (main:flows). OLD alone is compared with
    the files as they are now; main..HEAD and main...HEAD name both sides.

    \b
    Examples:
      flowrun diff main
      flowrun diff main...HEAD --format markdown --fail-on widened
      flowrun diff old/refund.flow.yaml new/refund.flow.yaml
    """
    from flowrun.app.change import difference
    from flowrun.contract.changes.report import as_form

    found = difference(old, new)
    put(as_form(found.changes, "json" if as_json else form, found.old, found.new, found.broken), output)
    if comment is not None:
        tell(comment, as_form(found.changes, "markdown", found.old, found.new, found.broken), found.changes)
    if found.wrong:
        raise FlowError(found.wrong)
    return 1 if fail_on and any(change.kind == fail_on for change in found.changes) else 0


def tell(number: int, body: str, changes: Sequence[Change]) -> None:
    """Write or renew the comment on a pull request; where nothing changes, none is begun."""
    from flowrun.adapters.github import API, PullRequest
    from flowrun.contract.changes.report import MARKER

    request = PullRequest(
        repository=os.environ.get("GITHUB_REPOSITORY", ""),
        number=number,
        token=os.environ.get("GITHUB_TOKEN", ""),
        api=os.environ.get("GITHUB_API_URL") or API,
    )
    where = request.comment(body, MARKER, needed=bool(changes))
    note(
        t("The pull request tells it: {where}", where=where)
        if where
        else t("There is nothing to tell on the pull request.")
    )
