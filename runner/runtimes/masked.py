"""A model's request with marked values hidden, and its reply with them put back.

Owns: which parts of a request and a reply can hold values. Which values are marked is told by `core.marked`, what
stands in their place by `privacy.masking`; `dispatch` sends the request.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from flowrun.core.commands import CallModel
from flowrun.core.compiled import CompiledPlan
from flowrun.core.marked import marked_names
from flowrun.plan.model import IN_PROCESS, FlowPlan, Plan
from flowrun.ports.models import ModelReply
from flowrun.privacy.marks import SECRET, Found
from flowrun.privacy.masking import Masking

Json = Any


def mask_for(
    compiled: CompiledPlan, command: CallModel, secrets: Masking | None, pseudonym: Callable[[str], bytes]
) -> Masking | None:
    """Return what hides values from this request's model; `secrets` hides those alone, None: there are none."""
    plan = compiled.plan
    rules = {} if command.model.provider in IN_PROCESS else plan.privacy
    hidden = {kind for kind, rule in rules.items() if rule != "allow"} | {SECRET}
    if not hidden & compiled.marked_kinds and not hidden & {"email", "phone"}:
        return secrets
    known = [*(secrets.known if secrets is not None else ()), *marked_in(plan, command)]
    return Masking(known, rules, pseudonym, [command.messages, command.slots])


def marked_in(plan: Plan, command: CallModel) -> list[Found]:
    """Return the marked values that a request may hold."""
    return marked_names(plan, _flow(plan, command.flow), command.names)


def masked(command: CallModel, masking: Masking) -> CallModel:
    """Return the request as the model may see it; what its parts are called stays."""
    names = command.names.fork(item=masking.out(command.names.item))
    names.input = masking.out(names.input)
    names.steps = {step: masking.out(value) for step, value in names.steps.items()}
    names.calls = {tool: tuple(masking.out(list(calls))) for tool, calls in names.calls.items()}
    return msgspec.structs.replace(
        command,
        messages=[_message(message, masking) for message in command.messages],
        slots={text: masking.out(value) for text, value in command.slots.items()},
        names=names,
    )


def restored(reply: ModelReply, masking: Masking) -> ModelReply:
    """Return the reply with tokens turned back, so that rules, people, tools and records see real values."""
    return msgspec.structs.replace(
        reply,
        proposals=[(name, masking.back(args)) for name, args in reply.proposals],
        answer=masking.back(reply.answer),
        text=masking.back(reply.text),
    )


def _message(message: dict[str, Json], masking: Masking) -> dict[str, Json]:
    kept = dict(message)
    for part in ("content", "result"):
        if part in kept:
            kept[part] = masking.out(kept[part])
    if "proposals" in kept:
        kept["proposals"] = [{**call, "args": masking.out(call["args"])} for call in kept["proposals"]]
    return kept


def _flow(plan: Plan, name: str) -> FlowPlan:
    return next((flow for flow in plan.flows.values() if flow.name == name), plan.flow)
