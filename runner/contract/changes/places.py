"""The places that use a tool, compared one by one: the conditions on the way to each, and who is asked before it.

Owns: which place of one version is which of the other, and what changed on the way to it. A place is compared with itself: that
the tool is also used elsewhere with fewer conditions excuses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from flowrun.contract import model as c
from flowrun.contract.changes.change import Changes
from flowrun.contract.changes.nodes import fact_of
from flowrun.contract.changes.order import follows, never
from flowrun.contract.page import conditions
from flowrun.contract.plain import listed
from flowrun.words import t

PLACE = 70
Places = Mapping[str, c.Way]
"""By step of the new version, the same place in the old one."""


def compare_places(old: c.ToolUse, new: c.ToolUse, out: Changes) -> Places:
    """Compare the places that use a tool; return which of them is which."""
    same = _paired(old, new)
    gone = [way for way in old.ways if way not in same.values()]
    about = f"uses {new.tool} when"
    # A write that may happen in other cases is dangerous, a read is not.
    danger = PLACE if new.effect != "read" else 30
    taken = {was.step: [way for way in new.ways if same.get(way.step) == was] for was in old.ways}
    seen = len(out.found)
    for way in new.ways:
        partner = same.get(way.step)
        if partner is not None:
            if not _inside(way, partner):
                out.wider(danger, about, _told(new.tool, way, [partner]), sure=_when_inside(partner, way))
            continue
        hosts = [was for was in old.ways if _inside(way, was)]
        free = next((was for was in hosts if all(_exclusive(way, other) for other in taken[was.step])), None)
        if free is not None:
            taken[free.step].append(way)
        elif hosts:
            text = t("{tool} may now also be called in step {step} {when}.",
                     tool=new.tool, step=way.step, when=_when(way))  # fmt: skip
            out.wider(danger, about, text, sure=not gone)
        else:
            out.wider(danger, about, _told(new.tool, way, old.ways), sure=not gone)
    if len(out.found) == seen:
        for way in old.ways:
            if not any(_inside(way, now) for now in taken[way.step]):
                text = t(
                    "{tool} is no longer called in step {step} in all cases as before.", tool=new.tool, step=way.step
                )
                out.narrower(danger, about, text)
    return same


def _paired(old: c.ToolUse, new: c.ToolUse) -> dict[str, c.Way]:
    """Return the places that are the same: by step, else by conditions, for a step may have another name now."""
    rest = {way.step: way for way in old.ways}
    found = {way.step: rest.pop(way.step) for way in new.ways if way.step in rest}
    for strict in (True, False):
        for way in new.ways:
            if way.step in found:
                continue
            was = next((one for one in rest.values() if _inside(way, one) and (not strict or _inside(one, way))), None)
            if was is not None:
                found[way.step] = rest.pop(was.step)
    return found


def _told(tool: str, way: c.Way, before: list[c.Way]) -> str:
    values = {"tool": tool, "step": way.step}
    asked = [step for was in before if _when_inside(way, was) for step in was.after if step not in way.after]
    if asked:
        names = listed(list(dict.fromkeys(asked)))
        return t("{tool} may now be called in step {step} before anybody is asked in {names}.", **values, names=names)
    return t("{tool} may now be called in step {step} {when}.", **values, when=_when(way))


def _inside(way: c.Way, other: c.Way) -> bool:
    """Whether a place is come to only where another one was, after the same people."""
    return _when_inside(way, other) and set(other.after) <= set(way.after)


def _when_inside(way: c.Way, other: c.Way) -> bool:
    here = [fact_of(when) for when in way.when]
    return all(follows(here, fact_of(goal)) for goal in other.when)


def _exclusive(way: c.Way, other: c.Way) -> bool:
    """Whether one run surely comes to only one of two places."""
    return never([fact_of(when) for when in (*way.when, *other.when)])


def _when(way: c.Way) -> str:
    if not way.when:
        return t("in every run")
    said = conditions(way.when)
    return t("when {conditions}", conditions=listed(said))
