"""Mends a file by the repairs of its findings, and keeps only what makes it better.

Owns: which repairs are carried out together, and the judgement that one makes things worse. Files are read, checked and
written by `app`: the check is handed in.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flowrun.errors import Diagnostic
from flowrun.lang.edits import Applied, Layout, apply
from flowrun.words import t

ROUNDS = 200
"""Most rounds of repairs: each may uncover the next mistake."""

NOT_YAML, NOT_A_FILE, READ = 0, 1, 2
"""How far a text could be read: not as YAML; as YAML, not as a file of its kind; wholly."""


@dataclass(frozen=True, slots=True)
class Checkup:
    """What a check says about a text: its findings, and how far it could be read."""

    findings: Sequence[Diagnostic]
    read: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """A mended text, the findings that were mended, and those whose repair was left out, each with the reason."""

    text: str
    mended: tuple[Diagnostic, ...]
    refused: tuple[tuple[Diagnostic, str], ...]


def mend(text: str, file: str, check: Callable[[str], Checkup]) -> Mended:
    """Carry out the repairs of a file's findings until none is left.

    `text` is the file as it is stored (line ends, byte order mark); `check` judges a text in its place. A repair is left out
    where afterwards less can be read, its finding is still there, or more is wrong elsewhere than before.
    """
    now = check(text)
    mended: list[Diagnostic] = []
    refused: dict[tuple[str, ...], tuple[Diagnostic, str]] = {}
    seen = {text}
    for _ in range(ROUNDS):
        layout = Layout(text)
        wanted = [d for d in now.findings if _is_of(d, file) and (*_key(d), layout.line(d.span.line)) not in refused]
        if not wanted:
            break
        applied = apply(text, [d.changes for d in wanted])
        chosen = [d for d, done in zip(wanted, applied.done, strict=True) if done]
        then, why = _tried(chosen, text, now, applied, check, seen)
        if why and len(wanted) > 1:
            # Together they do harm, or some have no place: one at a time shows which.
            chosen = wanted[:1]
            applied = apply(text, [chosen[0].changes])
            then, why = _tried(chosen, text, now, applied, check, seen)
        if why:
            refused[*_key(wanted[0]), layout.line(wanted[0].span.line)] = (wanted[0], why)
            continue
        mended += chosen
        text, now = applied.text, then
        seen.add(text)
    return Mended(text=text, mended=tuple(mended), refused=tuple(refused.values()))


def _is_of(found: Diagnostic, file: str) -> bool:
    return bool(found.changes) and all(edit.span.file == file for edit in found.changes)


def _key(found: Diagnostic) -> tuple[str, str, str]:
    """A finding, wherever it moves in its file: by its rule and words, without the lines that these name."""
    return found.span.file, found.rule, re.sub(r"\bline \d+", "line", found.message)


def _tried(
    chosen: Sequence[Diagnostic],
    text: str,
    now: Checkup,
    applied: Applied,
    check: Callable[[str], Checkup],
    seen: set[str],
) -> tuple[Checkup, str]:
    """What a check says after some repairs, and why they may not stay; empty where they may."""
    if not any(applied.done) or applied.text == text:
        return now, t("it changes nothing that is in the file")
    if applied.text in seen:
        return now, t("it would undo another repair")
    then = check(applied.text)
    return then, _worse(chosen, text, now, applied, then)


def _worse(chosen: Sequence[Diagnostic], text: str, now: Checkup, applied: Applied, then: Checkup) -> str:
    """Why a text is worse than before; empty where it is not."""
    if then.read < now.read:
        return t("the file could not be read any more")
    file = chosen[0].changes[0].span.file
    before, after = Layout(text), Layout(applied.text)
    stood = {id(d): applied.moved(before.range(d.span)[0]) for d in chosen if d.span.file == file and d.span.line}
    was, left = Counter(map(_key, now.findings)), Counter(map(_key, then.findings))
    stands = {(_key(d), after.range(d.span)[0]) for d in then.findings if d.span.file == file and d.span.line}
    for key, count in Counter(map(_key, chosen)).items():
        stays = any(id(d) not in stood or (key, stood[id(d)]) in stands for d in chosen if _key(d) == key)
        if stays and left[key] > was[key] - count:
            return t("the finding would still be there")
    if then.read > now.read:
        return ""  # what could not be seen before is no harm of the repair
    harmed = [d for d in then.findings if d.severity == "error" and left[_key(d)] > was[_key(d)]]
    spared = sum(d.severity == "error" for d in chosen)
    if spared:
        blocks = [_block(after, after.line_of(at)) for at in stood.values()]
        harmed = [d for d in harmed if d.span.file != file or not any(a <= d.span.line <= b for a, b in blocks)]
    if len(harmed) > spared:
        found = f"{harmed[0].message} [{harmed[0].rule} {harmed[0].code}]"
        return t("it would bring another error: {finding}", finding=found)
    return ""


def _block(layout: Layout, number: int) -> tuple[int, int]:
    """The lines that a key holds: its own, and those indented further. A key that is right now shows what is wrong in it."""
    depth = _indent(layout.line(number))
    item = layout.line(number).lstrip(" ").startswith("- ")
    last = number
    for at in range(number + 1, len(layout.starts) + 1):
        line = layout.line(at)
        bare = line.lstrip(" ")
        if bare and not bare.startswith("#"):
            # A list may stand in the column of its key.
            if _indent(line) < depth or (_indent(line) == depth and (item or not bare.startswith("- "))):
                break
            last = at
    return number, last


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
