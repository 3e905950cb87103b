"""Two contracts, or those of two whole workspaces, compared.

Owns: which part of a contract is compared by what, and the parts that are not compared, each with the reason why.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import msgspec

from flowrun.contract import model as c
from flowrun.contract.changes import people, reach, rest
from flowrun.contract.changes.change import Change, Changes, merged
from flowrun.contract.changes.policies import lost_policies
from flowrun.contract.changes.tools import compare_uses
from flowrun.contract.plain import listed
from flowrun.words import t

COMPARERS: Sequence[Callable[[c.Contract, c.Contract, Changes], None]] = (
    rest.compare_head,
    rest.compare_schemas,
    compare_uses,
    rest.compare_facts,
    reach.compare_models,
    people.compare_asked,
    rest.compare_checks,
    people.compare_roles,
    people.compare_waits,
    rest.compare_written,
    rest.compare_failing,
    rest.compare_outcomes,
    rest.compare_inner,
    rest.compare_figures,
)

NEUTRAL: dict[type[msgspec.Struct], dict[str, str]] = {
    c.Contract: {
        "format": "how a contract is stored, not what a flow may do",
        "flow": "flows are compared by name; another name is another flow",
        "version": "a name for the whole text",
        "title": "a name for people",
        "reads": "only says which fields of the input count",
        "steps": "how it is drawn; what the steps do is compared part by part",
    },
    c.Said: {"words": "made from the parsed form", "text": "made from the parsed form"},
    c.Source: {"step": "where it stands; the places are compared by their conditions", "words": "made from the other fields"},
    c.Money: {"words": "made from the rules, which are compared"},
    c.Rule: {"words": "made from the other fields", "source": "the version in it is a name", "id": "a name"},
    c.ToolUse: {"flow": "a key", "tool": "a key", "sub_flow": "a flow and a tool have different names"},
    c.Role: {"name": "a key; whether a role is asked is compared where it is asked"},
    c.Way: {"step": "a name; the conditions on the way are compared"},
    c.Passed: {"step": "a name; a step that does the same is the same", "what": "finds a step that has another name now",
               "ends": "compared as what happens when the step fails",
               "when": "fewer conditions keep more out; others are compared with those of the write",
               "each": "fewer loops keep more out; others are compared"},
    c.ModelUse: {"flow": "a key", "step": "a key", "model": "a key"},
    c.Check: {"flow": "a key", "step": "a key"},
    c.Asked: {"flow": "a key", "step": "a key; the same words to the same people are the same question",
              "form": "compared as what is asked of its value",
              "late": "compared as what happens when the step fails"},
    c.Wait: {"flow": "a key", "late": "compared as what happens when the step fails"},
    c.Figure: {"notes": "made from the other parts"},
    c.Failing: {"flow": "a key", "step": "a key", "title": "a name for people", "verb": "finds a step that has another name now",
                "owner": "compared as the owner of the flow"},
}  # fmt: skip
"""Fields that are not compared, with the reason."""


def compare(old: c.Contract, new: c.Contract) -> list[Change]:
    """Return what differs between two versions of one flow, unsorted."""
    out = Changes(new.flow)
    for comparer in COMPARERS:
        comparer(old, new, out)
    return lost_policies(old, new, out.found)


def compare_all(old: Sequence[c.Contract], new: Sequence[c.Contract], wrong: Collection[str] = ()) -> list[Change]:
    """Return what differs between the flows of two workspaces, the most dangerous first.

    `wrong` names flows that the new one holds and that cannot be read: what they may do is not known.
    """
    before = {contract.flow: contract for contract in old}
    found: list[Change] = []
    for contract in new:
        was = before.pop(contract.flow, None)
        found += _new_flow(contract) if was is None else compare(was, contract)
    for contract in before.values():
        out = Changes(contract.flow)
        if contract.flow in wrong:
            text = t("The flow {flow} is wrong now, so what it may do cannot be told.", flow=contract.flow)
            out.wider(86, "flow", text, sure=False)
        else:
            out.narrower(60, "flow", t("The flow {flow} is gone.", flow=contract.flow))
        found += out.found
    for name in sorted(set(wrong) - {contract.flow for contract in [*old, *new]}):
        out = Changes(name)
        out.wider(86, "flow", t("There is a new flow, {flow}. It is wrong, so what it may do cannot be told.", flow=name),
                  sure=False)  # fmt: skip
        found += out.found
    return merged(found)


def _new_flow(contract: c.Contract) -> list[Change]:
    out = Changes(contract.flow)
    writes = [use.tool for use in contract.uses if use.effect == "write"]
    if writes:
        out.wider(88, "flow", t("There is a new flow, {flow}. It may write with {tools}.",
                                flow=contract.flow, tools=listed(writes)))  # fmt: skip
    else:
        out.wider(45, "flow", t("There is a new flow, {flow}. It writes nothing.", flow=contract.flow))
    return out.found
