"""The tools of two versions, compared: new ones, and what those of both take, give, count and move.

Owns: that comparison. Rules are `changes.rules`' part, the places that use a tool `changes.places`', and where its arguments
come from `changes.arguments`'.
"""

from __future__ import annotations

from flowrun.contract import model as c
from flowrun.contract.changes.arguments import ARGUMENT, RECIPIENT, compare_arguments
from flowrun.contract.changes.change import NARROWED, WIDENED, Changes
from flowrun.contract.changes.passing import compare_passed
from flowrun.contract.changes.places import PLACE, compare_places
from flowrun.contract.changes.rules import compare_rules
from flowrun.contract.changes.schemas import NARROWER, SAME, WIDER, bare, order
from flowrun.contract.page_tools import money_words
from flowrun.contract.plain import amount, listed
from flowrun.plan import marks
from flowrun.words import t, tn

NEW_WRITE, NEW_READ, MONEY, REPEAT = 95, 40, 85, 72
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
    places = compare_places(old, new, out)
    compare_arguments(old, new, places, out)
    compare_passed(old, new, places, out)
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
