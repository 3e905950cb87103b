"""Which gates stop a thing: those without which it would be possible.

Owns: that search, by taking gates out and asking again. Where a gate stands in a file is the use case's part.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from flowrun.core.compiled import CompiledPlan
from flowrun.plan import model as m
from flowrun.plan.compile import steps_in
from flowrun.prove.gates import Gate, gates_of
from flowrun.prove.paths import Walk

Possible = Callable[[Walk], bool]


def all_gates(compiled: CompiledPlan) -> list[Gate]:
    """Return every gate of a plan: rules of the tools that its flows use, then conditions of steps."""
    found: dict[Gate, None] = {}
    flows = [compiled.plan.flow, *compiled.plan.flows.values()]
    for flow in flows:
        for tool in flow.tools:
            found |= dict.fromkeys(gates_of(compiled, flow, tool))
    for flow in flows:
        for step in steps_in(flow.steps):
            source = f"step:{flow.name}"
            if step.when is not None:
                found[Gate(source, step.id, "when")] = None
            if isinstance(step, m.ChooseStep):
                found[Gate(source, step.id, "choose")] = None
            if isinstance(step, m.AskStep | m.AskPersonStep | m.RecordStep) and step.only_when is not None:
                found[Gate(source, step.id, "only_when")] = None
    return list(found)


def blame(compiled: CompiledPlan, possible: Possible, gates: Sequence[Gate] | None = None) -> tuple[list[Gate], bool]:
    """Return the gates that stop a thing, and whether each of them alone is enough.

    None where it is impossible even without any gate. `possible` asks a walk, and says yes also where it cannot tell.
    """
    known = all_gates(compiled) if gates is None else list(gates)

    def stopped(standing: Collection[Gate]) -> bool:
        return not possible(Walk(compiled, taken_out=set(known) - set(standing)))

    if stopped([]):
        return [], False
    alone = [gate for gate in known if stopped([gate])]
    if alone:
        return alone, True
    needed = list(known)
    for gate in reversed(known):
        rest = [other for other in needed if other != gate]
        if stopped(rest):
            needed = rest
    return needed, False
