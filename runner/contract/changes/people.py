"""Whom a flow asks, compared: questions that are no longer asked, other people, other deadlines.

Owns: steps that ask, roles, and waits. Approvals before calls are `changes.rules`' part.
"""

from __future__ import annotations

from flowrun.contract import model as c
from flowrun.contract.changes.change import Changes
from flowrun.contract.changes.nodes import fact_of, hidden_change
from flowrun.contract.changes.order import follows
from flowrun.contract.page import conditions
from flowrun.contract.plain import duration, listed
from flowrun.words import t

ASKS, HOLDS, WAITS = 68, 66, 30


def compare_asked(old: c.Contract, new: c.Contract, out: Changes) -> None:
    """Compare the steps that ask people."""
    pairs = _pairs(old, new)
    for was, now in pairs:
        if now is None and was is not None:
            text = t("No longer asks {who} in step {step}: {words}", who=was.to, step=was.step, words=was.words)
            out.wider(ASKS, f"asked {was.step}", text)
        elif was is None and now is not None:
            text = t("Now asks {who} in step {step}: {words}", who=now.to, step=now.step, words=now.words)
            out.narrower(ASKS, f"asked {now.step}", text)
        elif was is not None and now is not None:
            _asked(was, now, out)


def _pairs(old: c.Contract, new: c.Contract) -> list[tuple[c.Asked | None, c.Asked | None]]:
    """Return the questions of both versions that are the same: by step, else by whom they ask what."""
    rest = list(new.asked)
    pairs: list[tuple[c.Asked | None, c.Asked | None]] = []
    lonely = []
    for was in old.asked:
        now = next(
            (one for one in rest if one.step == was.step and (one.flow == new.flow) == (was.flow == old.flow)), None
        )
        if now is None:
            lonely.append(was)
        else:
            rest.remove(now)
            pairs.append((was, now))
    for was in lonely:
        now = next((one for one in rest if (one.to, one.words) == (was.to, was.words)), None)
        if now is not None:
            rest.remove(now)
        pairs.append((was, now))
    return [*pairs, *((None, one) for one in rest)]


def _asked(was: c.Asked, now: c.Asked, out: Changes) -> None:
    about = f"asked {now.step}"
    if was.to != now.to:
        text = t("Step {step} asks {now} instead of {before}.", step=now.step, now=now.to, before=was.to)
        out.wider(ASKS, about, text, sure=False)
    before, after = [fact_of(when) for when in was.when], [fact_of(when) for when in now.when]
    less = not all(follows(before, goal) for goal in after)
    more = not all(follows(after, goal) for goal in before)
    values = {"who": now.to, "step": now.step, "before": _when(was), "now": _when(now)}
    if less:
        text = t("{who} is asked in step {step} in fewer cases. Before: {before}. Now: {now}.", **values)
        if more:
            text = t("{who} is asked in step {step} in other cases. Before: {before}. Now: {now}.", **values)
        if values["before"] == values["now"]:
            text = t("{who} is asked in step {step} in other cases: {hidden}", **values, hidden=_hidden(was, now))
        out.wider(ASKS, about, text, sure=not more)
    elif more:
        text = t("{who} is asked in step {step} in more cases. Before: {before}. Now: {now}.", **values)
        if values["before"] == values["now"]:
            text = t("{who} is asked in step {step} in more cases: {hidden}", **values, hidden=_hidden(was, now))
        out.narrower(ASKS, about, text)
    if was.form.name.split("@")[0] != now.form.name.split("@")[0] and not was.form.name.startswith("inline:"):
        out.other(25, about, t("The form that {who} fills in step {step} is another one.", **values))
    _seen(was, now, about, values, out)
    if was.words != now.words:
        out.other(10, about, t("{who} is asked in other words in step {step}: {words}", **values, words=now.words))
    if (was.within, was.late) != (now.within, now.late):
        text = t("{who} has another time to answer in step {step}: {time}; before: {was}.", **values,
                 time=_time(now.within), was=_time(was.within))  # fmt: skip
        if was.within != now.within:
            out.other(25, about, text)


def _hidden(was: c.Asked, now: c.Asked) -> str:
    """What is otherwise in conditions that read the same."""
    told = [hidden_change(one.said, other.said) for one, other in zip(was.when, now.when, strict=False)
            if fact_of(one) != fact_of(other)]  # fmt: skip
    return " ".join(dict.fromkeys(told))


def _seen(was: c.Asked, now: c.Asked, about: str, values: dict[str, str], out: Changes) -> None:
    """Who no longer sees something may say yes to what they would not have: perhaps more is let through."""
    before, after = [*was.show, *was.told], [*now.show, *now.told]
    hidden = [what for what in dict.fromkeys(before) if what not in after]
    more = [what for what in dict.fromkeys(after) if what not in before]
    if hidden:
        text = t("{who} no longer sees {hidden} in step {step}.", **values, hidden=listed(hidden))
        if more:
            text = t("{who} no longer sees {hidden} in step {step}, and sees {more}.", **values,
                     hidden=listed(hidden), more=listed(more))  # fmt: skip
        out.wider(ASKS - 10, about, text, sure=False)
    elif more:
        out.other(25, about, t("{who} now also sees {more} in step {step}.", **values, more=listed(more)))


def _when(asked: c.Asked) -> str:
    return listed(conditions(asked.when)) or t("always")


def _time(seconds: float | None) -> str:
    return t("no end") if seconds is None else duration(seconds)


def compare_roles(old: c.Contract, new: c.Contract, out: Changes) -> None:
    """Compare the people behind the roles, and what becomes of late answers. An empty list stands for everybody."""
    before = {role.name: role for role in old.roles}
    for role in new.roles:
        was = before.get(role.name)
        if was is None:
            continue
        about = f"roles {role.name}"
        joined = [name for name in role.members if name not in was.members]
        left = [name for name in was.members if name not in role.members]
        if was.members and not role.members:
            out.wider(HOLDS, about, t("Anybody may act as {role} now.", role=role.name))
        elif role.members and not was.members:
            text = t("Only {people} may act as {role} now.", people=listed(role.members), role=role.name)
            out.narrower(HOLDS, about, text)
        else:
            if joined:
                text = t("{people} may now act as {role}.", people=listed(joined), role=role.name)
                out.wider(HOLDS, about, text)
            if left:
                text = t("{people} may no longer act as {role}.", people=listed(left), role=role.name)
                out.narrower(HOLDS, about, text)
        if was.then != role.then:
            text = t("What {role} does not answer in time goes to {now}; before: {before}.", role=role.name,
                     now=role.then or t("nobody, and counts as no"), before=was.then or t("nobody, and counted as no"))  # fmt: skip
            if role.then is None:
                out.narrower(HOLDS, about, text)
            else:
                out.wider(HOLDS, about, text, sure=was.then is None)
        if was.within != role.within:
            text = t("{role} has another time to answer: {now}; before: {before}.", role=role.name,
                     now=_time(role.within), before=_time(was.within))  # fmt: skip
            out.other(25, about, text)


def compare_waits(old: c.Contract, new: c.Contract, out: Changes) -> None:
    """Compare what a flow waits for."""
    before = {(wait.flow == old.flow or wait.flow, wait.step): wait for wait in old.waits}
    for wait in new.waits:
        was = before.pop((wait.flow == new.flow or wait.flow, wait.step), None)
        about = f"waits {wait.step}"
        if was is None:
            text = t("Step {step} now waits {what}.", step=wait.step, what=wait.words)
            out.other(WAITS, about, text)
        elif (was.words, was.most) != (wait.words, wait.most):
            text = t("Step {step} waits otherwise: {now}, {time}; before: {before}, {was}.", step=wait.step, now=wait.words,
                     time=_time(wait.most), before=was.words, was=_time(was.most))  # fmt: skip
            shorter = was.words != wait.words or was.most is None or (wait.most is not None and wait.most < was.most)
            if shorter:
                out.wider(WAITS, about, text, sure=False)
            else:
                out.other(WAITS, about, text)
    for wait in before.values():
        text = t("Step {step} no longer waits {what}.", step=wait.step, what=wait.words)
        out.wider(WAITS, f"waits {wait.step}", text)
