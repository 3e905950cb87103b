"""What must have gone well before a write, compared.

Owns: when a write may now come without, or before, a step that could end the run first.
"""

from __future__ import annotations

from flowrun.contract import model as c
from flowrun.contract.changes.change import Changes
from flowrun.contract.changes.nodes import fact_of
from flowrun.contract.changes.order import Fact, follows, never
from flowrun.contract.changes.places import Places
from flowrun.contract.plain import listed
from flowrun.words import t

BEFORE = 68


def compare_passed(old: c.ToolUse, new: c.ToolUse, places: Places, out: Changes) -> None:
    """Compare what stands before each place that uses a tool, where one of the versions may write with it; `places`: which
    was which."""
    if old.effect == new.effect == "read":
        return
    for way in new.ways:
        here = [fact_of(when) for when in way.when]
        partner = places.get(way.step)
        same = [was for was in old.ways if all(follows(here, fact_of(goal)) for goal in was.when)]
        same = same if partner is None else [partner]
        missing = [[one for one in _before(was) if not _kept(one, way, here)] for was in same]
        if missing and (least := min(missing, key=len)):
            names = listed(list(dict.fromkeys(one.step for one in least)))
            text = t("{tool} in step {step} may now be called though these have not gone well before it: {names}.",
                     tool=new.tool, step=way.step, names=names)  # fmt: skip
            out.wider(BEFORE, f"uses {new.tool} before", text, sure=False)


def _before(way: c.Way) -> list[c.Passed]:
    """Return the steps that may end the run on the way to a place; one in a branch that does not lead there is none."""
    here = [fact_of(when) for when in way.when]
    return [one for one in way.passed if one.ends and not never([*here, *map(fact_of, one.when)])]


def _kept(was: c.Passed, way: c.Way, here: list[Fact]) -> bool:
    """Whether the new way surely comes past a step wherever the old one did."""
    premises = [*here, *map(fact_of, was.when)]
    return any(
        _is(one, was) and set(one.each) <= set(was.each) and all(follows(premises, fact_of(goal)) for goal in one.when)
        for one in way.passed
    )


def _is(one: c.Passed, was: c.Passed) -> bool:
    return one.kind == was.kind and (one.step == was.step or one.what == was.what)
