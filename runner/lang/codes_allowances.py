"""FR17xx: findings about comments that allow a finding.

Owns: the texts of this family as `rule: (code, severity, title, teaching, bad, good)`. Only texts stand here.
"""

from __future__ import annotations

RULES: dict[str, tuple[str, str, str, str, str, str]] = {
    "allow-form": (
        "FR1701",
        "warning",
        "A comment that cannot be read",
        "It looks like a comment that allows a finding, but it is written differently, so it allows nothing. It has the word "
        "`allow` (or `allow-file`, at the top of a file), the codes, a reason and, if you like, a last day.",
        'key: input.message_id   # flowrun: ignore FR1414 reason="The desk removes duplicates."',
        "key: input.message_id",
    ),
    "allow-reason": (
        "FR1702",
        "warning",
        "Allowed without a reason",
        "Whoever reads the file next year must know why a warning was set aside. Without a reason nothing is allowed.",
        "key: input.message_id   # flowrun: allow FR1414",
        "key: input.message_id",
    ),
    "allow-unknown": (
        "FR1703",
        "warning",
        "A code that does not exist",
        "The comment names a finding that flowrun does not know, so it allows nothing. Every finding shows its code at its end.",
        'key: input.message_id   # flowrun: allow FR1499 reason="A slip."',
        "key: input.message_id",
    ),
    "allow-unused": (
        "FR1704",
        "warning",
        "Nothing to allow",
        "The finding is not there any more, or not in this line. Take the comment out: it would hide the next mistake.",
        'key: input.message_id   # flowrun: allow FR1414 reason="The desk removes duplicates."',
        "key: input.message_id",
    ),
    "allow-not-possible": (
        "FR1705",
        "warning",
        "A finding that cannot be allowed",
        "Some findings say that a file cannot be used as it is: it cannot be read, or a name in it means nothing. A comment "
        "cannot change that. Warnings can be allowed, and so can findings about what a flow does (FR15 and up).",
        'key: input.message_id   # flowrun: allow FR1101 reason="We like this key."',
        "key: input.message_id",
    ),
    "allow-date": (
        "FR1706",
        "warning",
        "A day that is not in the calendar",
        "`until` is the last day on which the finding is allowed, as year, month and day. Without a real day nothing is allowed.",
        'key: input.message_id   # flowrun: allow FR1414 reason="Mended in spring." until=2027-02-30',
        "key: input.message_id",
    ),
}
