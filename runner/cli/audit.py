"""`flowrun audit`: the trail, its proof, evidence for others, and the keys and heads that it rests on.

Owns: the commands' options and output. What is checked, told and written is the part of `app.audit`, `app.trail` and `app.bundle`.
"""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from flowrun.cli import options
from flowrun.cli.audit_text import print_facts, print_report, print_trail
from flowrun.cli.output import print_json, say
from flowrun.values.moments import add_seconds
from flowrun.words import mark, t

SINCE = click.option(
    "--since", metavar="DURATION", callback=options.duration, help="Only runs started in the last 30d, 4h, …"
)
FLOW = click.option("--flow", metavar="NAME", help="Only runs of this flow.")
RUN = click.option("--run", "runs", multiple=True, metavar="RUN", help="Only this run; may be given more than once.")
HEAD = click.option(
    "--head", "heads", multiple=True, metavar="FILE|TEXT",
    help="A head that you kept elsewhere: what `flowrun audit sign` printed, or a file that holds it.",
)  # fmt: skip


@click.group("audit")
def command() -> None:
    """Show the trail of what was decided and done, prove that nobody changed it, and hand it to others.

    \b
    Examples:
      flowrun audit show --denied
      flowrun audit verify
      flowrun audit export evidence --since 30d
    """


@command.command("show")
@click.argument("run", required=False)
@RUN
@FLOW
@SINCE
@click.option(
    "--denied", is_flag=True, help="Only what was not done: denied, rejected, expired, refused, stopped, failed."
)
@click.option("--key", "key", is_flag=True, help="Print the public key that heads are signed with, and nothing else.")
@options.revealing
@options.JSON
@options.places
def show(
    run: str | None,
    runs: tuple[str, ...],
    flow: str | None,
    since: float | None,
    denied: bool,
    key: bool,
    reveal: bool,
    by: str,
    as_json: bool,
    workspace: Path | None,
    store: str | None,
) -> int:
    """Show who decided and did what, when and by which rule: of RUN, or of all runs, the oldest first.

    Each rule is named with the policy or flow, and its version, that it stands in. After all runs come the facts of the store
    itself: halts, their end, and forgettings.

    \b
    Examples:
      flowrun audit show 01JX
      flowrun audit show --denied --since 30d
      flowrun audit show --key > public_key.pem
    """
    if key:
        return show_key(options.store_file(workspace, store), as_json)
    from flowrun.app.trail_reading import read_facts, read_trails

    named = (run, *runs) if run else runs
    found = []
    with options.opened(workspace, store) as app:
        for trail in read_trails(app, runs=named, flow=flow, since=since, reveal=by if reveal else None):
            entries = [entry for entry in trail.entries if entry.not_done or not denied]
            if as_json:
                found += entries
            elif entries:
                print_trail(trail.row, entries)
                found.append(entries[0])
        if not (named or flow or denied):
            start = None if since is None else add_seconds(app.clock.now(), -since)
            facts = read_facts(app.ws, start=start)
            if facts and not as_json:
                print_facts(facts)
            found += facts
    if as_json:
        print_json(found)
    elif not found:
        say(t("Nothing was denied, rejected or stopped.") if denied else t("No runs yet."))
    return 0


def show_key(file: Path, as_json: bool) -> int:
    """Print a store's public key; its id goes to stderr, so that the key can be sent to a file."""
    from flowrun.app.audit import public_key

    found = public_key(file)
    if as_json:
        print_json(found)
    else:
        click.echo(t("key {key}", key=found.id), err=True)
        click.echo(found.pem, nl=False)
    return 0


REVEALED = mark(
    "Its keys open everything that these runs hold, also what schemas mark `x-secret`: such "
    "fields are hidden on the pages, not in the stored bytes. Hand it on accordingly."
)


@command.command("export")
@click.argument("place", metavar="DIR", type=click.Path(path_type=Path))
@RUN
@FLOW
@SINCE
@HEAD
@options.revealing
@options.JSON
@options.places
def export(
    place: Path,
    runs: tuple[str, ...],
    flow: str | None,
    since: float | None,
    heads: tuple[str, ...],
    reveal: bool,
    by: str,
    as_json: bool,
    workspace: Path | None,
    store: str | None,
) -> int:
    """Write an evidence bundle into DIR, a new folder: events, plans, schemas, policies, heads, proofs, and a page to read.

    The store is signed first. Personal fields are hidden; --reveal shows them and adds the keys that open the stored bytes,
    fields marked `x-secret` included, which needs the owner role of each flow. --head makes the bundle prove its events against
    a head kept elsewhere, too.

    \b
    Examples:
      flowrun audit export evidence --run 01JX
      flowrun audit export evidence --flow refund_request --since 90d --reveal --as Olga
    """
    from flowrun.app import audit, bundle
    from flowrun.app.trail_reading import read_trails

    known = [audit.read_known_head(text) for text in heads]
    who = by if reveal else None
    with options.opened(workspace, store) as app:
        trails = read_trails(app, runs=runs, flow=flow, since=since, reveal=who)
        selection = {"runs": list(runs), "flow": flow, "since_seconds": since}
        done = bundle.export(app, trails, place, selection=selection, reveal=who, known=known)
    if as_json:
        print_json(done)
        return 0
    say(
        t(
            "Wrote {events} events of {runs} runs, signed with the key {key}.",
            events=done.events,
            runs=done.runs,
            key=done.key,
        ),
        style="green",
    )
    if who is not None:
        say(t(REVEALED), style="yellow")
    if done.erased:
        say(t("{erased} of the runs can no longer be read: their person was forgotten.", erased=done.erased))
    say(
        t(
            "\nread:   {place}/index.html\nverify: flowrun audit verify {place}\ndigest: {digest}",
            place=place,
            digest=done.digest,
        )
    )
    return 0


@command.command("verify")
@click.argument("place", metavar="[STORE|BUNDLE]", required=False)
@HEAD
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
    """Check every event, chain and signed head of STORE (a file; default: the store in use) or of BUNDLE (a folder).

    Ends with 1 where the trail is broken, with 3 where it cannot be read. It changes nothing, and needs no workspace and no
    network.

    \b
    Examples:
      flowrun audit verify
      flowrun audit verify copy-of-flowrun.db --key public_key.pem --head head.json
      flowrun audit verify evidence --key public_key.pem
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
    values = {"events": signed.events, "runs": signed.runs, "key": signed.key}
    if signed.new:
        told = t("Signed {events} events of {runs} runs with the key {key}.", **values)
    else:
        told = t(
            "Nothing came since the last head, which covers {events} events of {runs} runs with the key {key}.",
            **values,
        )
    say(told, style="green")
    say(f"\n{signed.short}\n")
    say(t("Keep this line where nobody who can write the store can change it. Later it is checked with:"))
    say(f"  {options.command_line(f'flowrun audit verify --head {signed.short}')}")
    return 0
