"""Judges the proposals of one turn, each against limits reduced by the ones before it.

Owns: the order of the checks and the verdicts. A call is allowed when the flow lists its tool, every `only_when` holds,
no `deny_when` holds and every `at_most` has room; then it waits for people where any `approve_when` holds. An error, a
null or a missing fact denies, so rules can only tighten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from flowrun.core.commands import Proposal, Propose
from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import Reservation, Verdict
from flowrun.core.execute import call_digest, natural_digest
from flowrun.core.rooms import RUN, run_rooms
from flowrun.guard.limits import reservation
from flowrun.plan.model import RulePlan
from flowrun.values.names import Names

Json = Any
Usage = Callable[[str, str | None, str], int]
"""(counter, since, holds) to the millionths taken over all runs, without what this run's call at `holds` took."""
SUPERVISED = "This run is supervised: every write asks first."


def decide(
    compiled: CompiledPlan,
    request: Propose,
    *,
    facts: Sequence[Mapping[tuple[str, str], Json]],
    usage: Usage,
    now: str,
    halted: Mapping[str, str] = MappingProxyType({}),
) -> list[Verdict]:
    """Return a verdict for each proposal, in order.

    `facts`: for each proposal its facts by (policy, name), a missing one left out. `halted`: why, by tool, for the tools
    that may not be touched here now.
    """
    used = dict(request.used)
    pending: dict[str, int] = {}
    verdicts = []
    for proposal, known in zip(request.proposals, facts, strict=True):
        verdict = _judge(compiled, request, proposal, known, usage, now, used, pending, halted)
        if verdict.verdict != "deny" and proposal.held is not None:
            used["tool_calls"] = used.get("tool_calls", 0) + 1
        elif verdict.verdict != "deny":
            used["tool_calls"] = used.get("tool_calls", 0) + 1
            used["writes"] = used.get("writes", 0) + (verdict.effect == "write")
            for room in verdict.reserve:
                pending[room.counter] = pending.get(room.counter, 0) + room.takes
        verdicts.append(verdict)
    return verdicts


def _judge(
    compiled: CompiledPlan,
    request: Propose,
    proposal: Proposal,
    known: Mapping[tuple[str, str], Json],
    usage: Usage,
    now: str,
    used: Mapping[str, int],
    pending: Mapping[str, int],
    halted: Mapping[str, str],
) -> Verdict:
    args = {**proposal.args, **proposal.bound}
    digest = call_digest(proposal.tool, args)
    tool = compiled.plan.tools.get(proposal.tool)
    effect = tool.effect if tool is not None else "read" if proposal.tool.startswith("flows.") else "write"
    natural = "" if tool is None else natural_digest(tool, args)
    # A write in doubt has its room already; making it again takes no more.
    held = {room.counter: room.takes for room in run_rooms(proposal.held)} if proposal.held is not None else {}
    holds = "" if proposal.held is None else proposal.held.path

    def verdict(kind: str, **more: Any) -> Verdict:
        return Verdict(
            path=proposal.path, tool=proposal.tool, args=args, digest=digest, verdict=kind, effect=effect,
            key=proposal.key, natural=natural, edited_by=proposal.edited_by, **more,
        )  # fmt: skip

    if proposal.tool not in request.flow.tools:
        return verdict("deny", denied_by="tools", denials=["tools"], reason=f"This flow does not list {proposal.tool}.")
    if proposal.tool in halted:
        return verdict("deny", denied_by="halt", denials=["halt"], reason=halted[proposal.tool])
    if proposal.invalid:
        return verdict("deny", denied_by="arguments", denials=["arguments"], reason=proposal.invalid)
    denials: list[tuple[str, str]] = []
    needed = [("tool_calls", 1), ("writes", 1 if effect == "write" and not holds else 0)]
    for name, amount in needed:
        if amount and name in request.limits and used.get(name, 0) + amount > request.limits[name]:
            denials.append((f"budget.{name}", f"The budget for {name} is spent."))
    rules = compiled.rules_for(request.flow, proposal.tool)
    for rule, _ in rules:
        if rule.needs_before and not any(request.names.calls.get(name) for name in rule.needs_before):
            denials.append((rule.id, rule.reason or f"{' or '.join(rule.needs_before)} must come first."))
    met = request.met if digest in request.approved else []
    approvers: list[str] = []
    reserve: list[Reservation] = []
    seen: dict[str, Json] = {}
    why: list[str] = []
    for rule, policy in rules:
        facts = {name: known[policy, name] for name in rule.facts if policy and (policy, name) in known}
        seen.update(facts)
        names = _names(compiled, request, policy, args, facts, now)
        if len(facts) < len(rule.facts):
            denials.append((rule.id, rule.reason or "A fact that this rule needs is missing."))
            continue
        denials += _conditions(compiled, rule, names)
        if rule.approve_when is not None:
            asks = compiled.value(rule.approve_when, names)
            if asks is not True and asks is not False:
                denials.append((rule.id, rule.reason or "Whether a person must say yes cannot be told."))
            elif asks:
                missing = [role for role in rule.approver or [request.flow.owner] if role not in met]
                approvers += [role for role in missing if role not in approvers]
                why += [rule.reason] if missing else []
        for place, limit in enumerate(rule.at_most):
            room = reservation(compiled, rule, place, limit, names)
            if isinstance(room, str):
                denials.append((rule.id, room))
                continue
            if room.counter.startswith(RUN):
                taken = used.get(room.counter, 0) - held.get(room.counter, 0)
            else:
                taken = usage(room.counter, room.since, holds)
            if taken + pending.get(room.counter, 0) + room.takes > room.most:
                denials.append((rule.id, rule.reason or "The limit is reached."))
            reserve.append(room)
    if request.mode == "supervised" and effect == "write" and request.flow.owner not in met:
        approvers += [] if request.flow.owner in approvers else [request.flow.owner]
        why.append(SUPERVISED)
    if proposal.asked and not approvers:
        approvers = list(proposal.asked)
        why.append(f"{proposal.edited_by} changed a call that needed a yes, and may not be the one who gives it.")
    judged = [rule.id if policy is None else f"{policy}:{rule.id}" for rule, policy in rules]
    if denials:
        first = denials[0]
        return verdict(
            "deny", denied_by=first[0], denials=[rule for rule, _ in denials], reason=first[1], rules=judged, facts=seen
        )
    kind = "ask" if approvers else "allow"
    return verdict(
        kind,
        rules=judged,
        approvers=approvers,
        reserve=reserve,
        facts=seen,
        reason=" ".join(dict.fromkeys(text for text in why if text)),
    )


def _names(
    compiled: CompiledPlan,
    request: Propose,
    policy: str | None,
    args: dict[str, Json],
    facts: dict[str, Json],
    now: str,
) -> Names:
    names = request.names.judging(args=args, facts=facts, now=now)
    if policy is not None:
        tables = compiled.plan.policies[policy].tables
        if tables:
            names.tables = {**names.tables, **tables}
    return names


def _conditions(compiled: CompiledPlan, rule: RulePlan, names: Names) -> list[tuple[str, str]]:
    found = []
    if rule.only_when is not None and compiled.value(rule.only_when, names) is not True:
        found.append((rule.id, rule.reason or "The rule's only_when does not hold."))
    if rule.deny_when is not None and compiled.value(rule.deny_when, names) is not False:
        found.append((rule.id, rule.reason or "The rule's deny_when holds."))
    return found
