"""How the commands of `flowrun audit` look to people.

Owns: the lines. What is in them is `app.audit`'s and `app.trail`'s.
"""

from __future__ import annotations

from collections.abc import Sequence

from flowrun.app import words
from flowrun.app.audit import Report
from flowrun.app.trail import Entry, rule_words
from flowrun.cli.output import say
from flowrun.cli.run_text import TONES, lines
from flowrun.ports.journal import RunRow

SHOWN = 20
"""Problems in the text form; `--json` has all."""
TRUSTED = {
    "given": "the key that you gave",
    "beside": "the key beside the store",
    "store": "the key that it names itself; give --key with one that you hold",
}


def counted(number: int, what: str) -> str:
    """Return a number and its noun."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def print_report(report: Report) -> None:
    """Print what a check found."""
    what = "bundle" if report.bundle else "trail"
    if report.ok:
        say(f"The {what} holds: every event is the one that was written.", style="green")
    else:
        say(f"The {what} is broken: {counted(len(report.problems) + report.more, 'problem')}.", style="bold red")
        for problem in report.problems[:SHOWN]:
            place = f"run {problem.run}: " if problem.run else ""
            say(f"  {place}{problem.problem}", style="red")
        rest = len(report.problems) + report.more - SHOWN
        if rest > 0:
            say(f"  and {rest:,} more (--json)")
    say(f"\nchecked: {counted(report.events, 'event')} of {counted(report.runs, 'run')}")
    if report.heads:
        signer = f"{', '.join(report.keys)} ({TRUSTED[report.trusted]})"
        say(f"signed:  {counted(report.signed, 'event')}, last {words.moment(report.last_signed)} UTC, by {signer}")
    else:
        say("signed:  nothing; `flowrun audit sign` signs it")
    unsigned = report.events - report.signed
    if report.heads and unsigned > 0 and report.ok and not report.bundle:
        say(f"         the {counted(unsigned, 'event')} after that could be cut off or made anew without a trace")
    if report.unread:
        say(
            f"tables:  not compared for {counted(report.unread, 'run')}: without the store's key, or after a person was forgotten"
        )
    if report.facts:
        say(
            f"facts:   {counted(report.facts, 'fact')} of the store (halts, forgettings), {report.signed_facts:,} signed"
        )
    say(f"head:    {report.head}")


def print_trail(row: RunRow, entries: Sequence[Entry]) -> None:
    """Print entries of one run."""
    say(f"{row.run}  {row.flow}@{row.version}  {row.outcome or row.status}", style="bold")
    if row.unreadable:
        say(f"  {row.unreadable}", style="bold red")
    if row.erased is not None:
        say(f"  its person was forgotten at {words.moment(row.erased)} UTC; what happened cannot be read any more")
    for entry in entries:
        said = f"  {words.moment(entry.at)}  {entry.seq:>3}  "
        if row.erased is not None or row.unreadable:
            say(f"{said}{entry.type}")
            continue
        decision = f"{entry.decision}: " if entry.decision and not entry.what.lower().startswith(entry.decision) else ""
        say(f"{said}{entry.who}: {decision}{entry.what}", style=TONES.get(entry.tone))
        told = [f"by {rule_words(entry.rules)}"] if entry.rules else []
        lines([f"       {line}" for line in [*told, *entry.details]])
    say()


def print_facts(entries: Sequence[Entry]) -> None:
    """Print the facts of the store itself."""
    say("The store", style="bold")
    for entry in entries:
        say(f"  {words.moment(entry.at)}  {entry.seq:>3}  {entry.who}: {entry.what}")
    say()
