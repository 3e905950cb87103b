"""The tools of two versions, compared: new ones, arguments from elsewhere, places in which they are called.

Owns: that comparison, and what follows from it for money and counts. Rules are `changes.rules`' part.
"""

from __future__ import annotations

from flowrun.contract import model as c
from flowrun.contract.changes.change import NARROWED, WIDENED, Changes
from flowrun.contract.changes.nodes import fact_of, meaning_of
from flowrun.contract.changes.order import follows
from flowrun.contract.changes.passing import compare_passed
from flowrun.contract.changes.rules import compare_rules
from flowrun.contract.changes.schemas import NARROWER, SAME, WIDER, bare, order
from flowrun.contract.page import conditions
from flowrun.contract.page_tools import money_words
from flowrun.contract.plain import amount, listed
from flowrun.contract.tools import TRUST
from flowrun.plan import marks
from flowrun.words import t, tn

NEW_WRITE, NEW_READ, RECIPIENT, ARGUMENT, PLACE, MONEY, REPEAT = 95, 40, 92, 65, 70, 85, 72
Key = tuple[str, str]


def compare_uses(old: c.Contract, new: c.Contract, out: Changes) -> None:
    """Compare the tools that two versions of a flow use."""
    before, after = _by_key(old), _by_key(new)
    for key, use in after.items():
        if key not in before:
            _new_tool(use, out)
    for key, use in before.items():
        if key not in after:
            text = t("No longer uses {tool}.", tool=use.tool)
            out.narrower(NEW_READ if use.effect == "read" else NEW_WRITE, f"uses {use.tool}", text)
        else:
            _compare(use, after[key], out)


def _by_key(contract: c.Contract) -> dict[Key, c.ToolUse]:
    # The flow itself may have another name in the other version, the flows that it calls may not.
    return {("" if use.flow == contract.flow else use.flow, use.tool): use for use in contract.uses}


def _new_tool(use: c.ToolUse, out: Changes) -> None:
    about = f"uses {use.tool}"
    if use.effect == "read":
        out.wider(NEW_READ, about, t("May now read with {tool}.", tool=use.tool))
        return
    most = t("as often as the budget allows")
    if use.most is not None:
        most = tn("at most {n} time in a run", "at most {n} times in a run", use.most)
    to = [source.words for one in use.arguments if one.role == marks.RECIPIENT for source in one.sources]
    text = t("May now write with {tool}, {most}.", tool=use.tool, most=most)
    if use.sub_flow:
        text = t("May now run the flow {flow}, {most}.", flow=use.digest, most=most)
    elif to:
        text = t("May now write with {tool}, {most}; who receives it: {to}.", tool=use.tool, most=most, to=listed(to))
    out.wider(NEW_WRITE, about, text)


def _compare(old: c.ToolUse, new: c.ToolUse, out: Changes) -> None:
    about = f"uses {new.tool}"
    seen = len(out.found)
    if old.effect != new.effect:
        values = {"tool": new.tool, "before": old.effect, "now": new.effect}
        if new.effect == "read":
            # What it does inside may be the same; a read is neither held back nor counted as a write is.
            out.wider(NEW_WRITE - 20, about, t("{tool} counts as a read now, and was a write.", **values), sure=False)
        else:
            out.wider(NEW_WRITE, about, t("{tool} counts as a write now, and was a read.", **values))
    if new.proposed != old.proposed:
        if new.proposed:
            out.wider(ARGUMENT, about, t("The model may now propose {tool} itself.", tool=new.tool))
        else:
            out.narrower(ARGUMENT, about, t("The model can no longer propose {tool}.", tool=new.tool))
    _repeat(old, new, out)
    _places(old, new, out)
    compare_passed(old, new, out)
    _arguments(old, new, out)
    compare_rules(old, new, out)
    _takes(old, new, out)
    _follow(old, new, out)
    _told(old, new, out)
    if old.rate != new.rate:
        text = t("The rate of {tool} is {now} instead of {before}.",
                 tool=new.tool, now=new.rate or t("not limited"), before=old.rate or t("not limited"))  # fmt: skip
        out.other(20, about, text)
    if len(out.found) == seen and (old.digest, old.adapter) != (new.digest, new.adapter):
        text = t("The code or the source of {tool} is another one; what it does inside is not compared.", tool=new.tool)
        if new.sub_flow:
            text = t("It runs another version of the flow {tool}: {flow}.", tool=new.tool, flow=new.digest)
        out.other(25, about, text)


def _repeat(old: c.ToolUse, new: c.ToolUse, out: Changes) -> None:
    if (old.once, old.once_by) == (new.once, new.once_by):
        return
    about = f"uses {new.tool} once"
    if new.once == "none":
        out.wider(REPEAT, about, t("A repeat of {tool} is no longer harmless.", tool=new.tool))
    elif old.once == "none":
        out.narrower(REPEAT, about, t("A repeat of {tool} is harmless now.", tool=new.tool))
    else:
        text = t("A repeat of {tool} is made harmless in another way: {before} before, {now} now.", tool=new.tool,
                 before=f"{old.once} {old.once_by}".strip(), now=f"{new.once} {new.once_by}".strip())  # fmt: skip
        out.wider(REPEAT - 20, about, text, sure=False)


def _places(old: c.ToolUse, new: c.ToolUse, out: Changes) -> None:
    """A tool is called in more cases where a place is not surely inside one that called it before."""
    more = [way for way in new.ways if not any(_inside(way, was) for was in old.ways)]
    fewer = [way for way in old.ways if not any(_inside(way, now) for now in new.ways)]
    about = f"uses {new.tool} when"
    # A write that may happen in other cases is dangerous, a read is not.
    danger = PLACE if new.effect != "read" else 30
    for way in more:
        values = {"tool": new.tool, "step": way.step}
        asked = [step for was in old.ways if _when_inside(way, was) for step in was.after if step not in way.after]
        if asked:
            names = listed(list(dict.fromkeys(asked)))
            text = t(
                "{tool} may now be called in step {step} before anybody is asked in {names}.", **values, names=names
            )
        else:
            text = t("{tool} may now be called in step {step} {when}.", **values, when=_when(way))
        out.wider(danger, about, text, sure=not fewer)
    if not more:
        for way in fewer:
            text = t("{tool} is no longer called in step {step} in all cases as before.", tool=new.tool, step=way.step)
            out.narrower(danger, about, text)


def _inside(way: c.Way, other: c.Way) -> bool:
    """Whether a place is come to only where another one was, after the same people."""
    return _when_inside(way, other) and set(other.after) <= set(way.after)


def _when_inside(way: c.Way, other: c.Way) -> bool:
    here = [fact_of(when) for when in way.when]
    return all(follows(here, fact_of(goal)) for goal in other.when)


def _when(way: c.Way) -> str:
    if not way.when:
        return t("in every run")
    said = conditions(way.when)
    return t("when {conditions}", conditions=listed(said))


def _arguments(old: c.ToolUse, new: c.ToolUse, out: Changes) -> None:
    before = {argument.name: argument for argument in old.arguments}
    after = {argument.name: argument for argument in new.arguments}
    for name, argument in after.items():
        was = before.get(name)
        if was is None:
            _filled(new, argument, out)
        else:
            _sources(new, was, argument, out)
    for name in before:
        if name not in after:
            text = t("{tool} is no longer given {argument}.", tool=new.tool, argument=name)
            out.other(15, f"uses {new.tool} {name}", text)


def _filled(use: c.ToolUse, argument: c.Argument, out: Changes) -> None:
    sources = listed([source.words for source in argument.sources])
    text = t("{tool} is now given {argument}: {source}.", tool=use.tool, argument=argument.name, source=sources)
    about = f"uses {use.tool} {argument.name}"
    if argument.role:
        out.wider(ARGUMENT, about, text)
    else:
        out.other(20, about, text)


def _sources(use: c.ToolUse, old: c.Argument, new: c.Argument, out: Changes) -> None:
    known = {_source_key(source) for source in old.sources}
    fresh = [source for source in new.sources if _source_key(source) not in known]
    about = f"uses {use.tool} {new.name}"
    danger = RECIPIENT if new.role == marks.RECIPIENT else ARGUMENT + 10 if new.role else ARGUMENT - 20
    if old.role != new.role:
        text = t("What {argument} of {tool} decides is marked in another way.", argument=new.name, tool=use.tool)
        out.wider(20, about, text, sure=False)
    # Only what the model chose freely holds every other value; a fixed value is not surely one of those before.
    free = any(source.said is None for source in old.sources)
    worst, best = max(map(_rank, old.sources)), min(map(_rank, old.sources))
    for source in fresh:
        rank = _rank(source)
        values = {"tool": use.tool, "argument": new.name, "now": source_told(source),
                  "before": listed([source_told(one) for one in old.sources])}  # fmt: skip
        if rank > worst:
            out.wider(danger, about, _moved_text(new.role, values))
        elif rank < best and free:
            out.narrower(danger, about, t("{argument} of {tool} is now {now}; before: {before}.", **values))
        elif new.role:
            text = t("{argument} of {tool} comes from elsewhere, perhaps less safe: {now}; before: {before}.",
                     **values)  # fmt: skip
            out.wider(danger - 20, about, text, sure=False)
        else:
            out.other(20, about, t("{argument} of {tool} is now {now}; before: {before}.", **values))
    gone = known - {_source_key(source) for source in new.sources}
    if gone and not fresh:
        text = t("{argument} of {tool} comes from fewer places: {now}.", argument=new.name, tool=use.tool,
                 now=listed([source_told(one) for one in new.sources]))  # fmt: skip
        out.narrower(danger, about, text)


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


def _takes(old: c.ToolUse, new: c.ToolUse, out: Changes) -> None:
    for what, was, now in (("takes", old.takes, new.takes), ("gives", old.gives, new.gives)):
        found = order(was, now)
        about = f"uses {new.tool} {what}"
        if found == SAME:
            if bare(was) == bare(now) and was != now:
                text = t("The descriptions or marks of what {tool} {what} are others.", tool=new.tool, what=_verb(what))
                out.other(10, about, text)
            continue
        if what == "gives":
            out.other(20, about, t("{tool} gives back something else.", tool=new.tool))
        elif found == NARROWER:
            out.narrower(50, about, t("{tool} takes fewer values.", tool=new.tool))
        else:
            text = t("{tool} takes more values than before.", tool=new.tool)
            if found != WIDER:
                text = t(
                    "{tool} takes other values than before, and it cannot be told whether they are more.", tool=new.tool
                )
            out.wider(50 if new.effect != "read" else 30, about, text, sure=found == WIDER)


def _verb(what: str) -> str:
    return t("takes") if what == "takes" else t("gives back")


def _follow(old: c.ToolUse, new: c.ToolUse, out: Changes) -> None:
    """Counts and sums follow from rules, loops and arguments: they stand beside their cause where there is one."""
    causes = (f"rules {new.tool}", f"uses {new.tool}")
    if old.most != new.most:
        more = new.most is None or (old.most is not None and new.most > old.most)
        values = {"tool": new.tool, "before": _times(old.most), "now": _times(new.most)}
        text = t("{tool} in one run: {now} instead of {before}.", **values)
        out.follows(WIDENED if more else NARROWED, PLACE, f"uses {new.tool} most", text, causes)
    _guards(old, new, out, causes)
    before = {money.argument: money for money in old.money}
    for money in new.money:
        was = before.get(money.argument)
        if was is not None:
            _money(new.tool, was, money, out, causes)
    for name in {money.argument for money in new.money} - set(before):
        text = money_words(next(money for money in new.money if money.argument == name))
        out.follows(WIDENED, MONEY, f"uses {new.tool} money", text, causes)
    for name in set(before) - {money.argument for money in new.money}:
        text = t("{tool} is no longer marked to move money ({argument}).", tool=new.tool, argument=name)
        out.wider(MONEY - 20, f"uses {new.tool} money", text, sure=False)


def _guards(old: c.ToolUse, new: c.ToolUse, out: Changes, causes: tuple[str, ...]) -> None:
    """Whether something still stands between text from outside and what an argument decides."""
    before = {argument.name: argument for argument in old.arguments}
    for argument in new.arguments:
        was = before.get(argument.name)
        if was is None or was.guarded == argument.guarded or not argument.role:
            continue
        values = {"argument": argument.name, "tool": new.tool}
        if was.guarded and any(source.way for source in argument.sources):
            text = t("Nothing guards {argument} of {tool} any more against text from outside.", **values)
            out.follows(WIDENED, RECIPIENT, f"uses {new.tool} {argument.name}", text, causes)
        elif argument.guarded and any(source.way for source in was.sources):
            text = t("{argument} of {tool} is guarded now against text from outside.", **values)
            out.follows(NARROWED, RECIPIENT, f"uses {new.tool} {argument.name}", text, causes)


def _money(tool: str, old: c.Money, new: c.Money, out: Changes, causes: tuple[str, ...]) -> None:
    if old.currency != new.currency:
        text = t("{tool} moves money in {now} instead of {before}.", tool=tool, now=new.currency, before=old.currency)
        out.wider(MONEY, f"uses {tool} money", text, sure=False)
    for was, now, what in ((old.each, new.each, "call"), (old.total, new.total, "run")):
        if was == now:
            continue
        values = {"tool": tool, "before": _sum(was, old.currency), "now": _sum(now, new.currency)}
        text = t("{tool}, for one call: {before} -> {now}.", **values)
        if what == "run":
            text = t("{tool}, in one run: {before} -> {now}.", **values)
        more = now is None or (was is not None and now > was)
        out.follows(WIDENED if more else NARROWED, MONEY, f"uses {tool} money", text, causes)


def _sum(value: float | None, currency: str) -> str:
    return t("no fixed limit") if value is None else amount(value, currency)


def _times(most: int | None) -> str:
    return t("as often as the budget allows") if most is None else tn("at most {n} call", "at most {n} calls", most)


def _told(old: c.ToolUse, new: c.ToolUse, out: Changes) -> None:
    if old.title != new.title:
        text = t(
            "What models and people are told about {tool} is another text: {title}", tool=new.tool, title=new.title
        )
        out.other(10, f"uses {new.tool} title", text)
