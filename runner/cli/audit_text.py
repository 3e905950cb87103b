"""How the commands of `flowrun audit` look to people.

Owns: the lines. What is in them is `app.audit`'s and `app.trail`'s.
"""

from __future__ import annotations

from flowrun.app import words
from flowrun.app.audit import Report
from flowrun.cli.output import say

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
    say(f"head:    {report.head}")
