"""Changes in the forms in which they are told: text, Markdown for a pull request, JSON, and GitHub's annotations.

Owns: these forms. How a page of a contract looks is `contract.render`'s part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from flowrun.contract.changes.change import KINDS, NARROWED, WIDENED, Change
from flowrun.contract.page import Item, Page, Section
from flowrun.contract.plain import listed
from flowrun.contract.render import as_markdown, as_text
from flowrun.words import t, tn

MARKER = "<!-- flowrun diff -->"
"""By this a comment on a pull request is found again, to be renewed and not written twice."""
FORMS = ("text", "markdown", "json", "github")


def as_form(changes: Sequence[Change], form: str, old: str, new: str, broken: Sequence[str] = ()) -> str:
    """Return changes as `text`, `markdown`, `json` or `github`, with a line's end.

    `old` and `new` name the two sides, `broken` the files of the old one that could not be read.
    """
    if form == "json":
        body = {
            "format": 1, "old": old, "new": new, "broken": list(broken), "summary": counts(changes), "changes": list(changes)
        }  # fmt: skip
        return msgspec.json.format(msgspec.json.encode(body), indent=2).decode() + "\n"
    if form == "github":
        return "".join(f"{line}\n" for line in _annotations(changes))
    page = page_of(changes, old, new, broken)
    return as_text(page) if form == "text" else f"{MARKER}\n{as_markdown(page, level=2)}"


def counts(changes: Sequence[Change]) -> dict[str, int]:
    """Return how many changes there are of each kind."""
    return {kind: sum(change.kind == kind for change in changes) for kind in KINDS}


def page_of(changes: Sequence[Change], old: str, new: str, broken: Sequence[str] = ()) -> Page:
    """Return the page of changes."""
    lead = [_summary(changes, old, new)]
    if broken:
        text = t("Before, these files held wrong flows, which could not run: {files}.", files=listed(list(broken)))
        lead.append(text)
    titles = {
        WIDENED: t("It may do more"),
        NARROWED: t("It may do less"),
    }
    sections = [
        Section(titles.get(kind, t("Otherwise, but not more")), tuple(_items(changes, kind)))
        for kind in KINDS
        if any(change.kind == kind for change in changes)
    ]
    return Page(title=t("What the change lets flows do"), lead=tuple(lead), sections=tuple(sections))


def _summary(changes: Sequence[Change], old: str, new: str) -> str:
    sides = {"old": old, "new": new}
    if not changes:
        return t("From {old} to {new}: nothing changes in what flows may do.", **sides)
    widened = sum(change.kind == WIDENED for change in changes)
    if not widened:
        return t("From {old} to {new}: no flow may do more than before.", **sides)
    return tn("From {old} to {new}: {n} change lets flows do more.", "From {old} to {new}: {n} changes let flows do more.",
              widened, **sides)  # fmt: skip


def _items(changes: Sequence[Change], kind: str) -> Iterator[Item]:
    for change in changes:
        if change.kind == kind:
            yield Item(f"{', '.join(change.flows)}: {sentence(change)}", tuple(Item(text) for text in change.details))


def sentence(change: Change) -> str:
    """Return a change as one sentence; one that cannot be ordered says so."""
    return change.text if change.sure else t("Perhaps: {change}", change=change.text)


def _annotations(changes: Sequence[Change]) -> Iterator[str]:
    """Yield workflow commands: GitHub shows them in the log and beside the pull request."""
    for change in changes:
        level = "warning" if change.kind == WIDENED else "notice"
        text = " ".join([sentence(change), *change.details])
        yield f"::{level} title={_property(t('flowrun diff: {flows}', flows=listed(change.flows)))}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
