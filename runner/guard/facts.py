"""Which reads the rules of a proposed call need.

Owns: that question. The runtime makes the reads, once per decision; a fact's own read is not ruled.
"""

from __future__ import annotations

from typing import Any

import msgspec

from flowrun.core.commands import Proposal, Propose
from flowrun.core.compiled import CompiledPlan

Json = Any


class FactRead(msgspec.Struct, frozen=True, kw_only=True):
    """One read to make: `tool` with `args`; the result is `facts.<name>` in the rules of `policy`."""

    policy: str
    name: str
    tool: str
    args: dict[str, Json] | None
    """None where the arguments cannot be given (a null): then the fact is missing, and a rule that uses it denies."""


def facts_needed(compiled: CompiledPlan, request: Propose, proposal: Proposal, now: str) -> list[FactRead]:
    """Return the reads that the matching rules use, each once."""
    wanted: dict[tuple[str, str], FactRead] = {}
    if proposal.invalid:
        return []
    for rule, policy in compiled.rules_for(request.flow, proposal.tool):
        if policy is None:
            continue
        for name in rule.facts:
            if (policy, name) in wanted:
                continue
            fact = compiled.plan.policies[policy].facts[name]
            names = request.names.judging(args={**proposal.args, **proposal.bound}, facts={}, now=now)
            args = compiled.value(fact.with_, names)
            if not isinstance(args, dict) or any(value is None for value in args.values()):
                args = None
            wanted[policy, name] = FactRead(policy=policy, name=name, tool=fact.call, args=args)
    return list(wanted.values())
