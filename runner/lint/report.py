"""What a lint came to, as every reporter reads it.

Owns: the value between the check and its printing, the names of files in it, and the fingerprint of a finding. Nothing is
found and nothing is printed here.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from flowrun.errors import Diagnostic
from flowrun.lint.allowed import Allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The findings of a lint. `files`: all that were looked at; `sources`: the text of each file by its name.

    `base` is the folder from which other programs name files. `mended` and `refused` (with the reason) are findings whose
    repair was, or was not, carried out; both stay empty unless files are mended.
    """

    files: Sequence[str]
    findings: Sequence[Diagnostic]
    allowed: Sequence[Allowed] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    base: str = ""
    mended: Sequence[Diagnostic] = ()
    refused: Sequence[tuple[Diagnostic, str]] = ()
    version: str = ""
    fail_on: str = "error"
    """What counts as a failure: `error`, or `warning` for both."""
    show_allowed: bool = False
    """Whether people want to see what is set aside; programs always do."""

    def name(self, file: str) -> str:
        """Return a file's name as other programs write it: from `base` where it is below, with `/` between folders."""
        path = PurePath(posixpath.normpath((PurePath(self.base) / file).as_posix()))
        return (path.relative_to(self.base) if path.is_relative_to(self.base) else path).as_posix()

    def fails(self, found: Diagnostic) -> bool:
        """Return whether a finding counts as a failure."""
        return found.severity == "error" or self.fail_on == "warning"

    def errors(self) -> int:
        """Return how many findings are errors."""
        return sum(found.severity == "error" for found in self.findings)


def fingerprints(report: Report, findings: Sequence[Diagnostic]) -> list[str]:
    """Return for each finding what it is known by, wherever it moves in its file: 32 hexadecimal digits.

    It is made of the rule, the file and the text of the line; of several alike, of its place among them.
    """
    lines = {file: text.split("\n") for file, text in report.sources.items()}
    seen: Counter[tuple[str, ...]] = Counter()
    made = []
    for found in findings:
        of_file = lines.get(found.span.file, [])
        line = of_file[found.span.line - 1] if 1 <= found.span.line <= len(of_file) else found.message
        line = re.sub(r"\bline \d+", "line", " ".join(line.split()))
        key = (found.code, report.name(found.span.file), line)
        seen[key] += 1
        made.append(hashlib.sha256("\0".join([*key, str(seen[key])]).encode()).hexdigest()[:32])
    return made
