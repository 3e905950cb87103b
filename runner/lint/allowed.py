"""Which findings are set aside by comments that allow them.

Owns: the match of findings with comments, and what is said of comments that match nothing or are past their day. Reading the
comments is `lang`'s part; which day it is comes from `app`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from flowrun.errors import Diagnostic, Edit
from flowrun.lang.allowances import Allowance, allowances, not_possible
from flowrun.lang.codes import allowable, diagnostic
from flowrun.lang.source import Source
from flowrun.words import t

_LANGUAGE = ("FR10", "FR11", "FR12", "FR13")


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """A finding that is set aside, why, and until which day (YYYY-MM-DD; None: for good)."""

    finding: Diagnostic
    reason: str
    until: str | None
    line: int
    """Line of the comment, in the finding's file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The findings that stay, with those about the comments, and the ones that are set aside."""

    findings: list[Diagnostic]
    allowed: list[Allowed]


def judge(
    found: Iterable[Diagnostic], texts: Mapping[str, str], today: str, whole: Callable[[str], bool] = lambda file: False
) -> Judged:
    """Set aside what comments allow. `texts`: each file's text; `today`: YYYY-MM-DD.

    `whole` says whether everything that can be found in a file was looked for: only then a comment can be called unused.
    """
    findings = list(found)
    comments: dict[str, list[Allowance]] = {}
    problems: list[Diagnostic] = []
    for file, text in texts.items():
        if "flowrun:" in text:
            comments[file], new = allowances(Source(file, text))
            problems += new
    if not any(comments.values()):
        return Judged(findings=[*findings, *problems], allowed=[])
    kept, allowed, used = [], [], set[tuple[int, str]]()
    for item in findings:
        covering = [c for c in comments.get(item.span.file, ()) if c.covers(item.span) and _names(c, item.code)]
        used |= {(id(comment), item.code) for comment in covering}
        if covering and not allowable(item.code, item.severity):
            problems += [not_possible(code) for code in covering[0].codes if code.code == item.code]
            covering = []
        valid = next((c for c in covering if c.until is None or c.until >= today), None)
        if valid is not None:
            allowed.append(Allowed(finding=item, reason=valid.reason, until=valid.until, line=valid.span.line))
            continue
        past = tuple((c.span, t("allowed until {day}, and that day has passed", day=c.until)) for c in covering)
        kept.append(replace(item, related=(*item.related, *past)) if past else item)
    for file, listed in comments.items():
        unread = any(d.severity == "error" and d.span.file == file and d.code[:4] in _LANGUAGE for d in findings)
        if not unread and whole(file):
            problems += [unused for comment in listed for unused in _unused(comment, used)]
    return Judged(findings=[*kept, *dict.fromkeys(problems)], allowed=allowed)


def _names(comment: Allowance, code: str) -> bool:
    return any(item.code == code for item in comment.codes)


def _unused(comment: Allowance, used: set[tuple[int, str]]) -> Iterable[Diagnostic]:
    idle = [code for code in comment.codes if (id(comment), code.code) not in used]
    for code in idle:
        away = code.edit if len(idle) < len(comment.codes) else comment.edit
        edits: tuple[Edit, ...] = () if away is None else (away,)
        message = t("{code} is not found in the line that this comment is about.", code=code.code)
        if not comment.first:
            message = t("{code} is not found in this file.", code=code.code)
        yield diagnostic("allow-unused", message, code.span, help=t("Take the comment out."), edits=edits)
