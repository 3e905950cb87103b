"""A contract as one page: headings, sentences and lists, for every form in which it is printed.

Owns: what stands on the page and in which order. What a tool may do is told in `contract.page_tools`; how a page looks is
`contract.render`'s part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from flowrun.contract import model as c
from flowrun.contract.page_tools import tool_items
from flowrun.contract.plain import amount, duration, listed, refused
from flowrun.contract.reaching import ALLOW, treatment_words
from flowrun.plan import marks
from flowrun.plan.model import IN_PROCESS
from flowrun.words import t, tn

MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a list, with entries under it."""

    text: str
    below: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with a list under it; `table` rows stand before the list, the first one being the heads."""

    title: str
    items: tuple[Item, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A whole page: its title, what is said at once, and the sections."""

    title: str
    lead: tuple[str, ...] = ()
    sections: tuple[Section, ...] = field(default=())


def page_of(contract: c.Contract) -> Page:
    """Return the page of a contract."""
    reads = [use for use in contract.uses if use.effect == "read"]
    writes = [use for use in contract.uses if use.effect == "write"]
    others = [use for use in contract.uses if use.sub_flow]
    sections = [
        Section(t("At worst, in one run"), tuple(_notes(contract)), tuple(_figures(contract))),
        Section(t("What it writes"), tuple(_tools(contract, writes)) or (Item(t("Nothing.")),)),
        Section(t("Who receives something"), tuple(_recipients(contract)) or (Item(t("Nobody.")),)),
        Section(t("What it reads"), (*_tools(contract, reads), *_facts(contract)) or (Item(t("Nothing.")),)),
        Section(t("Which other flows it runs"), tuple(_tools(contract, others))),
        Section(t("Which data reach a model"), tuple(_models(contract)) or (Item(t("None: no model is asked.")),)),
        Section(t("Whom it asks"), tuple(_people(contract)) or (Item(t("Nobody.")),)),
        Section(t("Which answers and records count"), tuple(_checks(contract))),
        Section(t("What it waits for"), tuple(_waits(contract))),
        Section(t("When something fails"), tuple(_failures(contract))),
        Section(t("How a run can end"), tuple(Item(outcome_words(name, contract)) for name in contract.outcomes)),
    ]
    return Page(
        title=f"{contract.title or contract.flow} ({contract.flow}@{contract.version})",
        lead=tuple(_lead(contract)),
        sections=tuple(section for section in sections if section.items or section.table),
    )


def _lead(contract: c.Contract) -> Iterator[str]:
    yield t("What this flow may do. Owner: {owner}.", owner=contract.owner)
    yield t(
        "It takes {input} and writes one record {output}.",
        input=schema_name(contract.input),
        output=schema_name(contract.output),
    )
    if contract.key is not None:
        yield t("The same input twice is one run, by {key}.", key=contract.key.words)
    if contract.subject is not None:
        yield t("The customer is {subject}.", subject=contract.subject.words)
    if contract.mode == "shadow":
        yield t("The workspace lets it only show what it would do: nothing is written.")
    elif contract.mode == "supervised":
        yield t("The workspace supervises it: {owner} must say yes to every write.", owner=contract.owner)
    for name in contract.halted:
        yield t("Halted now: {name}.", name=name)


def schema_name(schema: c.Schema) -> str:
    """Return the name of a schema; one that stands in the flow has none."""
    return t("what the flow itself describes") if schema.name.startswith("inline:") else schema.name


def _figures(contract: c.Contract) -> Iterator[tuple[str, ...]]:
    yield (t("What"), t("All steps at worst"), t("Allowed by the budget"), t("So at most"))
    for figure in contract.figures:
        yield (
            figure_name(figure.name),
            figure_amount(figure, figure.steps),
            figure_amount(figure, figure.budget),
            figure_amount(figure, figure.most),
        )


def figure_name(name: str) -> str:
    """Return what a figure counts."""
    return {
        "model_calls": t("Model calls"),
        "tool_calls": t("Tool calls, repeats included"),
        "writes": t("Writes"),
        "cost": t("Cost of models"),
        "work": t("Work"),
        "waiting": t("Waiting for people and events"),
        "tokens": t("Tokens"),
    }.get(name, name)


def figure_amount(figure: c.Figure, value: float | None) -> str:
    """Return an amount of a figure in its unit; `no limit` where there is none."""
    if value is None:
        return t("no limit")
    if figure.unit == "s":
        return duration(value) if value else t("none")
    if figure.unit:
        micros = value / MICRO
        return f"{micros:,.2f} {figure.unit}" if micros == round(micros, 2) else f"{micros:,.6g} {figure.unit}"
    return amount(value)


def _notes(contract: c.Contract) -> Iterator[Item]:
    for note in dict.fromkeys(note for figure in contract.figures for note in figure.notes):
        yield Item(note)


def _tools(contract: c.Contract, uses: Sequence[c.ToolUse]) -> Iterator[Item]:
    for use in uses:
        inner = t(" (in the flow {flow})", flow=use.flow) if use.flow != contract.flow else ""
        below = tuple(Item(text, tuple(Item(line) for line in lines)) for text, lines in tool_items(use))
        yield Item(f"{use.tool}{inner}: {use.title}", below)


def _facts(contract: c.Contract) -> Iterator[Item]:
    for name, call in contract.facts.items():
        yield Item(t("For the rules alone, never shown to a model: {call} (fact {name})", call=call, name=name))


def _recipients(contract: c.Contract) -> Iterator[Item]:
    for use in contract.uses:
        if use.effect != "write":
            continue
        for argument in use.arguments:
            if argument.role != marks.RECIPIENT:
                continue
            for source in argument.sources:
                way = t("; text from outside can choose it: {way}", way=source.way) if source.way else ""
                guard = t("; a rule or a person guards it") if argument.guarded and source.way else ""
                text = t("{tool} {argument}: {source}", tool=use.tool, argument=argument.name, source=source.words)
                yield Item(f"{text}{way}{guard}")


def _models(contract: c.Contract) -> Iterator[Item]:
    for use in contract.models:
        where = t("inside flowrun") if use.provider in IN_PROCESS else use.provider
        price = "" if use.priced else t("; its price is not known")
        head = t("{model} ({where}{price}), step {step}", model=use.model, where=where, price=price, step=use.step)
        marked = [Item(_shown(one)) for one in use.shown if one.kind or one.untrusted]
        plain = [one.field for one in use.shown if not one.kind and not one.untrusted]
        rest = [Item(t("Without marks: {fields}", fields=listed(plain)))] if plain else []
        yield Item(head, (*marked, *rest) or (Item(t("No data of the run: only the flow's own words.")),))


def _shown(one: c.Shown) -> str:
    named = [
        *([one.kind.replace("_", " ")] if one.kind else []),
        *([t("written by outsiders")] if one.untrusted else []),
    ]
    words = treatment_words(one.becomes) if one.kind else treatment_words(ALLOW)
    return t("{field} ({marks}): {becomes}", field=one.field, marks=", ".join(named), becomes=words)


def _people(contract: c.Contract) -> Iterator[Item]:
    for use in contract.uses:
        for rule in use.rules:
            if rule.kind == "approve_when":
                yield Item(t("Before {tool}: {rule}", tool=use.tool, rule=rule.words))
    for one in contract.asked:
        text = t("{who}, in step {step}: {words}", who=one.to, step=one.step, words=one.words)
        below = [Item(t("Only when {condition}.", condition=condition)) for condition in conditions(one.when)]
        if one.show:
            below.append(Item(t("They see {what}.", what=listed(one.show))))
        below.append(Item(_until(one.within, one.late, contract.owner)))
        yield Item(text, tuple(below))
    for role in contract.roles:
        who = t("{role} is {people}", role=role.name, people=listed(role.members)) if role.members else role.name
        if role.within is None:
            yield Item(t("{who}: no deadline.", who=who))
        elif role.then is None:
            yield Item(
                t("{who}: answers within {time}; after that it counts as no.", who=who, time=duration(role.within))
            )
        else:
            last = {"who": who, "time": duration(role.within), "then": role.then}
            yield Item(t("{who}: answers within {time}, then {then} is asked.", **last))


def _checks(contract: c.Contract) -> Iterator[Item]:
    for check in contract.checks:
        if check.said is not None:
            yield Item(t("Step {step}: only when {condition}.", step=check.step, condition=check.said.words))


def conditions(when: Sequence[c.When]) -> list[str]:
    """Return the conditions on a way in words; what must not hold is turned round."""
    return [one.said.words if one.holds else refused(one.said.node) for one in when]


def _until(within: float | None, late: str, owner: str) -> str:
    if within is None:
        return t("It waits until somebody answers.")
    time = duration(within)
    if late == "hand_off":
        return t("After {time} it is handed to {owner}.", time=time, owner=owner)
    if late == "continue":
        return t("After {time} it goes on without an answer.", time=time)
    return t("After {time} the run fails.", time=time)


def _waits(contract: c.Contract) -> Iterator[Item]:
    for wait in contract.waits:
        most = t("no limit") if wait.most is None else t("at most {time}", time=duration(wait.most))
        yield Item(t("Step {step}: {what}, {most}.", step=wait.step, what=wait.words, most=most))


def _failures(contract: c.Contract) -> Iterator[Item]:
    groups: dict[tuple[str, str], list[str]] = {}
    for one in contract.failing:
        name = one.step if one.flow == contract.flow else f"{one.flow}.{one.step}"
        groups.setdefault((one.on_error, one.owner), []).append(name)
    for (on_error, owner), steps in groups.items():
        names = listed(steps)
        if on_error == "hand_off":
            text = tn("{owner} gets the step {names} and decides.", "{owner} gets the steps {names} and decides.", len(steps),
                      owner=owner, names=names)  # fmt: skip
        elif on_error == "continue":
            text = tn("The run goes on without the step {names}.", "The run goes on without the steps {names}.", len(steps),
                      names=names)  # fmt: skip
        else:
            text = tn("The run fails with the step {names}.", "The run fails with the steps {names}.", len(steps),
                      names=names)  # fmt: skip
        yield Item(text)


def outcome_words(name: str, contract: c.Contract) -> str:
    """Return an outcome with what it means."""
    meaning = {
        "completed": t("all was done, and the record is written"),
        "completed_with_gaps": t("the record is written, and something is missing"),
        "handed_off": t("a person closed it and goes on by hand"),
        "rejected": t("the answer is no, and the record says so"),
        "stopped_by_budget": t("the budget was spent"),
        "in_doubt": t("nobody knows yet whether a write was done; a person must look"),
        "failed": t("a step failed"),
        "cancelled": t("a person stopped it"),
    }[name]
    return f"{name}: {meaning}"
