"""The arguments of a tool, compared place by place: who says now what each of them is.

Owns: that comparison. Another place that was given the same before excuses nothing: there other conditions held.
"""

from __future__ import annotations

from collections.abc import Sequence

from flowrun.contract import model as c
from flowrun.contract.changes.change import Changes
from flowrun.contract.changes.nodes import meaning_of
from flowrun.contract.changes.places import Places
from flowrun.contract.plain import listed
from flowrun.contract.sources import TRUST
from flowrun.plan import marks
from flowrun.words import t

RECIPIENT, ARGUMENT = 92, 65


def compare_arguments(old: c.ToolUse, new: c.ToolUse, places: Places, out: Changes) -> None:
    """Compare where the arguments of a tool come from; `places` says which place is which."""
    before = {argument.name: argument for argument in old.arguments}
    for argument in new.arguments:
        was = before.pop(argument.name, None)
        if was is None:
            _filled(new, argument, argument.sources, out)
            continue
        if was.role != argument.role:
            text = t("What {argument} of {tool} decides is marked in another way.",
                     argument=argument.name, tool=new.tool)  # fmt: skip
            out.wider(20, _about(new, argument), text, sure=False)
        known = {source.step: source for source in was.sources}
        for source in argument.sources:
            place = places.get(source.step)
            if place is None:
                _moved(new, argument, was.sources, source, out)
            elif place.step in known:
                _moved(new, argument, [known.pop(place.step)], source, out)
            else:
                _filled(new, argument, [source], out)
        if any(place.step in known for place in places.values()):
            _emptied(new, argument, out)
    for argument in before.values():
        _emptied(new, argument, out)


def _about(use: c.ToolUse, argument: c.Argument) -> str:
    return f"uses {use.tool} {argument.name}"


def _filled(use: c.ToolUse, argument: c.Argument, sources: Sequence[c.Source], out: Changes) -> None:
    told = listed([source.words for source in sources])
    text = t("{tool} is now given {argument}: {source}.", tool=use.tool, argument=argument.name, source=told)
    if argument.role:
        out.wider(ARGUMENT, _about(use, argument), text)
    elif use.sub_flow:
        out.wider(ARGUMENT - 20, _about(use, argument), text, sure=False)
    else:
        out.other(20, _about(use, argument), text)


def _emptied(use: c.ToolUse, argument: c.Argument, out: Changes) -> None:
    text = t("{tool} is no longer given {argument}.", tool=use.tool, argument=argument.name)
    if use.sub_flow:  # what the flow does without it is not known here
        out.wider(ARGUMENT - 20, _about(use, argument), text, sure=False)
    else:
        out.other(15, _about(use, argument), text)


def _moved(use: c.ToolUse, argument: c.Argument, old: Sequence[c.Source], source: c.Source, out: Changes) -> None:
    """Compare what an argument is in one place with what it was there; of a new place, with what it was anywhere."""
    if _source_key(source) in {_source_key(one) for one in old}:
        return
    about, role = _about(use, argument), argument.role
    danger = RECIPIENT if role == marks.RECIPIENT else ARGUMENT + 10 if role else ARGUMENT - 20
    values = {
        "tool": use.tool if len(use.ways) < 2 else t("{tool} in step {step}", tool=use.tool, step=source.step),
        "argument": argument.name,
        "now": source_told(source),
        "before": listed(list(dict.fromkeys(source_told(one) for one in old))),
    }
    # Only what the model chose freely holds every other value; a fixed value is not surely one of those before.
    free = any(one.said is None for one in old)
    rank = _rank(source)
    if rank > max(map(_rank, old)):
        out.wider(danger, about, _moved_text(role, values))
    elif rank < min(map(_rank, old)) and free:
        out.narrower(danger, about, t("{argument} of {tool} is now {now}; before: {before}.", **values))
    else:
        text = _otherwise(role, values)
        # What decides nothing here may decide everything in a flow that is called with it.
        if role or use.sub_flow:
            out.wider(danger - 20, about, text, sure=False)
        else:
            out.other(20, about, text)


def _otherwise(role: str, values: dict[str, str]) -> str:
    if values["now"] == values["before"]:
        return t("{argument} of {tool} is written as before, and computed otherwise: {now}.", **values)
    if role:
        return t("{argument} of {tool} comes from elsewhere, perhaps less safe: {now}; before: {before}.", **values)
    return t("{argument} of {tool} is now {now}; before: {before}.", **values)


def _moved_text(role: str, values: dict[str, str]) -> str:
    if role == marks.RECIPIENT:
        return t("{tool} may now reach a recipient ({argument}) that is {now}; before: {before}.", **values)
    if role == marks.AMOUNT:
        return t("{tool} may now be given an amount ({argument}) that is {now}; before: {before}.", **values)
    if role == marks.RECORD_ID:
        return t("{tool} may now be given an id ({argument}) that is {now}; before: {before}.", **values)
    return t("{argument} of {tool} may now be {now}; before: {before}.", **values)


def source_told(source: c.Source) -> str:
    """Return where an argument comes from, and how text from outside gets there."""
    return t("{source} [{way}]", source=source.words, way=source.way) if source.way else source.words


def _rank(source: c.Source) -> tuple[int, bool]:
    return TRUST.index(source.by), bool(source.way)


def _source_key(source: c.Source) -> tuple[str, bool, str, bool]:
    return source.by, source.bound, meaning_of(source.said), bool(source.way)
