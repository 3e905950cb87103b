"""What a rule teaches, beside the place where it found something.

Owns: the text that an editor shows for a finding; it is the one of `flowrun lint --explain`.
"""

from __future__ import annotations

from collections.abc import Sequence

from flowrun.errors import Diagnostic
from flowrun.lang.codes import entry
from flowrun.words import t


def rule_text(found: Sequence[Diagnostic]) -> str:
    """Return what the rules of findings teach, as Markdown; empty where there is no finding."""
    parts = []
    for code in dict.fromkeys(d.code for d in found):
        rule = entry(code)
        if rule is not None:
            good = f"{t('But this:')}\n\n```yaml\n{rule.good.rstrip()}\n```"
            parts.append(f"**{code} {t(rule.title)}**\n\n{t(rule.teaching)}\n\n{good}")
    return "\n\n".join(parts)
