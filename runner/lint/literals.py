"""Keys and passwords that stand in a file as they are.

Owns: the forms by which they are known, as text: whatever the file means, whoever may read it has them.
"""

from __future__ import annotations

import re

from flowrun.errors import Diagnostic
from flowrun.lang.codes import diagnostic
from flowrun.lang.source import Source
from flowrun.words import t

_KNOWN = re.compile(
    r"\b(?:sk-(?:proj-|ant-)?[A-Za-z0-9_-]{20,}|sk_live_[A-Za-z0-9]{16,}|rk_live_[A-Za-z0-9]{16,}|gh[pousr]_[A-Za-z0-9]{30,}"
    r"|github_pat_[A-Za-z0-9_]{40,}|glpat-[A-Za-z0-9_-]{20,}|xox[abprs]-[A-Za-z0-9-]{20,}|AKIA[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{35}"
    r"|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|eyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{10,})"
    r"|-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"
)


def secret_findings(file: str, text: str) -> list[Diagnostic]:
    """Return a finding for each text of a file that has the form of a key."""
    found = list(_KNOWN.finditer(text))
    if not found:
        return []
    source = Source(file, text)
    return [
        diagnostic(
            "secret-in-file",
            t("This looks like a key, and everybody with the files can read it."),
            source.span(key.start(), key.end()),
            help=t(
                "Write ${{ secret.NAME }} where a tool or model needs it, and have this key changed: it is known now."
            ),
        )
        for key in found
    ]
