"""Which data reach which model, compared.

Owns: new fields, new models, weaker privacy, lost marks, other words to the model.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from flowrun.contract import model as c
from flowrun.contract.changes.change import Changes
from flowrun.contract.plain import listed
from flowrun.contract.reaching import ALLOW, DENIED, TOKEN, treatment_words
from flowrun.plan.model import IN_PROCESS
from flowrun.privacy.marks import SECRET
from flowrun.words import t

SHOWS = (DENIED, TOKEN, ALLOW)
"""What a model sees of a field, the least first."""
PERSONAL, OUTSIDE, PLAIN = 82, 62, 25


def compare_models(old: c.Contract, new: c.Contract, out: Changes) -> None:
    """Compare what reaches the models of two versions of a flow."""
    _privacy(old, new, out)
    before, after = _by_model(old.models), _by_model(new.models)
    for name, uses in after.items():
        about = f"models {name}"
        if name not in before:
            fields = _fields(uses)
            marked = [one.field for one in fields.values() if one.kind]
            text = t("Asks a new model, {model} ({where}); it reads: {fields}.",
                     model=name, where=uses[0].provider, fields=listed(sorted(fields)) or t("no data of the run"))  # fmt: skip
            out.wider(PERSONAL if marked and uses[0].provider not in IN_PROCESS else PLAIN + 10, about, text)
            continue
        _server(before[name][0], uses[0], out)
        told = {kind for kind in {*old.privacy, *new.privacy} if old.privacy.get(kind) != new.privacy.get(kind)}
        _compare(name, _fields(before[name]), _fields(uses), told, out)
    for name in before:
        if name not in after:
            out.narrower(PLAIN, f"models {name}", t("No longer asks the model {model}.", model=name))
    _steps(old, new, out)


def _by_model(uses: Sequence[c.ModelUse]) -> dict[str, list[c.ModelUse]]:
    found: dict[str, list[c.ModelUse]] = {}
    for use in uses:
        found.setdefault(use.model, []).append(use)
    return found


def _fields(uses: Sequence[c.ModelUse]) -> dict[str, c.Shown]:
    return {one.field: one for use in uses for one in use.shown}


def _privacy(old: c.Contract, new: c.Contract, out: Changes) -> None:
    for kind in sorted({*old.privacy, *new.privacy}):
        was, now = old.privacy.get(kind, ALLOW), new.privacy.get(kind, ALLOW)
        if was == now:
            continue
        text = t("Models see fields marked {kind} {now}; before: {before}.",
                 kind=kind, now=treatment_words(now), before=treatment_words(was))  # fmt: skip
        if SHOWS.index(now) > SHOWS.index(was):
            out.wider(PERSONAL, f"privacy {kind}", text)
        else:
            out.narrower(PERSONAL, f"privacy {kind}", text)


def _server(old: c.ModelUse, new: c.ModelUse, out: Changes) -> None:
    about = f"models {new.model}"
    if (old.provider, old.server) != (new.provider, new.server):
        text = t("The model {model} is another one or elsewhere: {now}; before: {before}.", model=new.model,
                 now=f"{new.provider} {new.server}".strip(), before=f"{old.provider} {old.server}".strip())  # fmt: skip
        out.wider(PERSONAL - 10, about, text, sure=False)
    if old.priced and not new.priced:
        out.wider(40, about, t("The price of the model {model} is not known any more.", model=new.model))
    elif new.priced and not old.priced:
        out.narrower(40, about, t("The price of the model {model} is known now.", model=new.model))


def _compare(model: str, old: dict[str, c.Shown], new: dict[str, c.Shown], told: Collection[str], out: Changes) -> None:
    about = f"models {model}"
    for name, one in new.items():
        was = old.get(name)
        values = {"field": name, "model": model, "becomes": treatment_words(one.becomes), "kind": one.kind}
        if was is None:
            _new_field(one, values, about, out)
            continue
        if was.kind != one.kind:
            sees_more = SHOWS.index(one.becomes) > SHOWS.index(was.becomes)
            lost = one.kind == "" or was.kind == SECRET or sees_more
            text = t("{field}, which reaches the model {model}, is marked {kind} instead of {before}.",
                     **{**values, "kind": one.kind or t("nothing"), "before": was.kind or t("nothing")})  # fmt: skip
            if lost:
                out.wider(PERSONAL - 5, about, text)
            else:
                out.other(30, about, text)
        elif was.becomes != one.becomes and one.kind not in told:
            text = t("{field} reaches the model {model} {becomes}.", **values)
            if SHOWS.index(one.becomes) > SHOWS.index(was.becomes):
                out.wider(PERSONAL, about, text)
            else:
                out.narrower(PERSONAL, about, text)
        if was.untrusted and not one.untrusted:
            text = t("{field}, which reaches the model {model}, is no longer marked as written by outsiders.", **values)
            out.wider(OUTSIDE, about, text, sure=False)
        elif one.untrusted and not was.untrusted:
            text = t("{field}, which reaches the model {model}, is now marked as written by outsiders.", **values)
            out.other(30, about, text)
    gone = [name for name in old if name not in new]
    if gone:
        text = t("These no longer reach the model {model}: {fields}.", model=model, fields=listed(sorted(gone)))
        out.narrower(PERSONAL if any(old[name].kind for name in gone) else PLAIN, about, text)


def _new_field(one: c.Shown, values: dict[str, str], about: str, out: Changes) -> None:
    if one.kind:
        text = t("Personal data newly reach the model {model}: {field} ({kind}), {becomes}.", **values)
        out.wider(PERSONAL, about, text)
    elif one.untrusted:
        text = t("Text from outside newly reaches the model {model}: {field}.", **values)
        out.wider(OUTSIDE, about, text)
    else:
        out.wider(PLAIN, about, t("{field} newly reaches the model {model}.", **values))


def _steps(old: c.Contract, new: c.Contract, out: Changes) -> None:
    before = {(use.flow == old.flow or use.flow, use.step, use.model): use for use in old.models}
    for use in new.models:
        was = before.pop((use.flow == new.flow or use.flow, use.step, use.model), None)
        about = f"models {use.model} {use.step}"
        if was is None:
            out.other(20, about, t("The model {model} is now asked in step {step}.", model=use.model, step=use.step))
        elif was.told != use.told:
            text = t("The words to the model {model} in step {step} are others.", model=use.model, step=use.step)
            out.other(30, about, text)
    for use in before.values():
        text = t("The model {model} is no longer asked in step {step}.", model=use.model, step=use.step)
        out.other(20, f"models {use.model} {use.step}", text)
