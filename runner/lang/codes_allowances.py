"""FR17xx: findings about comments that allow a finding.

Owns: the texts of this family as `rule: (code, severity, title, teaching, bad, good)`. Only texts stand here.
"""

from __future__ import annotations

_GOOD = 'title: How to write ${{ … }}   # flowrun: allow FR1113 reason="The signs are meant to be seen."'

RULES: dict[str, tuple[str, str, str, str, str, str]] = {
    "allow-form": (
        "FR1701",
        "warning",
        "A comment that cannot be read",
        "It looks like a comment that allows a finding, but it is written differently, so it allows nothing. It has the word "
        "`allow` (or `allow-file`, at the top of a file), the codes, a reason and, if you like, a last day.",
        'title: How to write ${{ … }}   # flowrun: ignore FR1113 reason="The signs are meant to be seen."',
        _GOOD,
    ),
    "allow-reason": (
        "FR1702",
        "warning",
        "Allowed without a reason",
        "Whoever reads the file next year must know why a finding was set aside. Without a reason nothing is allowed.",
        "title: How to write ${{ … }}   # flowrun: allow FR1113",
        _GOOD,
    ),
    "allow-unknown": (
        "FR1703",
        "warning",
        "A code that does not exist",
        "The comment names a finding that flowrun does not know, so it allows nothing. Every finding shows its code.",
        'title: How to write ${{ … }}   # flowrun: allow FR1999 reason="The signs are meant to be seen."',
        _GOOD,
    ),
    "allow-unused": (
        "FR1704",
        "warning",
        "Nothing to allow",
        "The finding is not there any more, or not in this line. Take the comment out: it would hide the next mistake.",
        'title: How to write   # flowrun: allow FR1113 reason="The signs are meant to be seen."',
        _GOOD,
    ),
    "allow-not-possible": (
        "FR1705",
        "warning",
        "A finding that cannot be allowed",
        "Some findings say that a file cannot be used as it is: it cannot be read, or a name in it means nothing. A comment "
        "cannot change that. Warnings can be allowed, and so can findings about what a flow does (FR15 and up).",
        'titel: An example   # flowrun: allow FR1101 reason="We like this word."',
        "title: An example",
    ),
    "allow-date": (
        "FR1706",
        "warning",
        "A day that is not in the calendar",
        "`until` is the last day on which the finding is allowed, as year, month and day. Without a real day nothing is allowed.",
        'title: How to write ${{ … }}   # flowrun: allow FR1113 reason="Mended in spring." until=2027-02-30',
        _GOOD,
    ),
}
