"""`flowrun audit`: the trail, its proof, and the keys and heads that it rests on.

Owns: the commands' options and output. What is checked and told is `app.audit`'s part.
"""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from flowrun.cli import options
from flowrun.cli.audit_text import print_report
from flowrun.cli.output import print_json, say


@click.group("audit")
def command() -> None:
    """Show the trail of what was decided and done, and prove that nobody changed it.

    \b
    Examples:
      flowrun audit verify
      flowrun audit sign
    """


@command.command("verify")
@click.argument("place", metavar="[STORE]", required=False)
@click.option(
    "--head", "heads", multiple=True, metavar="FILE|TEXT",
    help="A head that you kept elsewhere: what `flowrun audit sign` printed, or a file that holds it.",
)  # fmt: skip
@click.option(
    "--key", "keys", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
    help="Public key (PEM) that heads must be signed with; default: the key beside the store, then the store's own word.",
)  # fmt: skip
@click.option("--quick", is_flag=True, help="Only events, chains and heads; not the tables made from them.")
@options.JSON
@options.places
def verify(
    place: str | None,
    heads: tuple[str, ...],
    keys: tuple[Path, ...],
    quick: bool,
    as_json: bool,
    workspace: Path | None,
    store: str | None,
) -> int:
    """Check every event, chain and signed head of STORE (a file; default: the store in use). It changes nothing.

    Ends with 1 where the trail is broken, with 3 where it cannot be read. Needs no workspace and no network.

    \b
    Examples:
      flowrun audit verify
      flowrun audit verify copy-of-flowrun.db --key public_key.pem --head head.json
    """
    from flowrun.app import audit

    report = audit.verify(
        Path(place.removeprefix("sqlite:///")) if place else options.store_file(workspace, store),
        known=[audit.read_known_head(text) for text in heads],
        keys=[audit.read_public_key(file) for file in keys],
        tables=not quick,
    )
    if as_json:
        print_json(report)
    else:
        print_report(report)
    return 0 if report.ok else 1


@command.command("sign")
@options.JSON
@options.places
def sign(as_json: bool, workspace: Path | None, store: str | None) -> int:
    """Sign everything that the store holds now, and print the head. Keep it elsewhere: print it, mail it.

    Heads are signed by themselves, too, at the end of runs: each 1,000 events or 5 minutes.

    \b
    Examples:
      flowrun audit sign
      flowrun audit sign --json > head.json
    """
    from flowrun.app.audit import sign_store

    signed = sign_store(options.store_file(workspace, store))
    if as_json:
        print_json(msgspec.Raw(signed.line))
        return 0
    new = "Signed" if signed.new else "Nothing came since the last head, which covers"
    say(f"{new} {signed.events} events of {signed.runs} runs with the key {signed.key}.", style="green")
    say(f"\n{signed.short}\n")
    say("Keep this line where nobody who can write the store can change it. Later it is checked with:")
    say(f"  {options.command_line(f'flowrun audit verify --head {signed.short}')}")
    return 0
