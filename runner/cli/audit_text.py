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
from flowrun.words import mark, t, tn

SHOWN = 20
"""Problems in the text form; `--json` has all."""
TRUSTED = {
    "given": mark("the key that you gave"),
    "beside": mark("the key beside the store"),
    "store": mark("the key that it names itself; give --key with one that you hold"),
}


def events_of(number: int) -> str:
    """Return how many events."""
    return tn("{count} event", "{count} events", number, count=f"{number:,}")


def print_report(report: Report) -> None:
    """Print what a check found."""
    if report.ok:
        whole = t("The bundle holds: every event is the one that was written.")
        say(whole if report.bundle else t("The trail holds: every event is the one that was written."), style="green")
    else:
        _print_problems(report)
    runs = tn("{count} run", "{count} runs", report.runs, count=f"{report.runs:,}")
    say(t("\nchecked: {events} of {runs}", events=events_of(report.events), runs=runs))
    if report.heads:
        signer = f"{', '.join(report.keys)} ({t(TRUSTED[report.trusted])})"
        at = words.moment(report.last_signed)
        say(t("signed:  {events}, last {at} UTC, by {signer}", events=events_of(report.signed), at=at, signer=signer))
    else:
        say(t("signed:  nothing; `flowrun audit sign` signs it"))
    unsigned = report.events - report.signed
    if report.heads and unsigned > 0 and report.ok and not report.bundle:
        after = events_of(unsigned)
        say(t("         the {events} after that could be cut off or made anew without a trace", events=after))
    if report.unread:
        say(
            tn(
                "tables:  not compared for {n} run: without the store's key, or after a person was forgotten",
                "tables:  not compared for {n} runs: without the store's key, or after a person was forgotten",
                report.unread,
            )
        )
    if report.facts:
        say(
            tn(
                "facts:   {n} fact of the store (halts, forgettings), {signed} signed",
                "facts:   {n} facts of the store (halts, forgettings), {signed} signed",
                report.facts,
                signed=f"{report.signed_facts:,}",
            )
        )
    say(t("head:    {head}", head=report.head))


def _print_problems(report: Report) -> None:
    found = len(report.problems) + report.more
    if report.bundle:
        broken = tn("The bundle is broken: {n} problem.", "The bundle is broken: {n} problems.", found)
    else:
        broken = tn("The trail is broken: {n} problem.", "The trail is broken: {n} problems.", found)
    say(broken, style="bold red")
    for problem in report.problems[:SHOWN]:
        what = problem.problem
        said = t("run {run}: {problem}", run=problem.run, problem=what) if problem.run else what
        say(f"  {said}", style="red")
    if found > SHOWN:
        say(t("  and {count} more (--json)", count=f"{found - SHOWN:,}"))


def print_trail(row: RunRow, entries: Sequence[Entry]) -> None:
    """Print entries of one run."""
    say(f"{row.run}  {row.flow}@{row.version}  {row.outcome or row.status}", style="bold")
    if row.unreadable:
        say(f"  {row.unreadable}", style="bold red")
    if row.erased is not None:
        say(
            t(
                "  its person was forgotten at {moment} UTC; what happened cannot be read any more",
                moment=words.moment(row.erased),
            )
        )
    for entry in entries:
        said = f"  {words.moment(entry.at)}  {entry.seq:>3}  "
        if row.erased is not None or row.unreadable:
            say(f"{said}{entry.type}")
            continue
        decision = f"{entry.decision}: " if entry.decision and not entry.what.lower().startswith(entry.decision) else ""
        say(f"{said}{entry.who}: {decision}{entry.what}", style=TONES.get(entry.tone))
        told = [t("by {rule}", rule=rule_words(entry.rules))] if entry.rules else []
        lines([f"       {line}" for line in [*told, *entry.details]])
    say()


def print_facts(entries: Sequence[Entry]) -> None:
    """Print the facts of the store itself."""
    say(t("The store"), style="bold")
    for entry in entries:
        say(f"  {words.moment(entry.at)}  {entry.seq:>3}  {entry.who}: {entry.what}")
    say()
