"""The facts that the rules read for a call, as a run's journal has them.

Owns: whether a recorded fact answers what a policy asks today. Nothing is read from outside.
"""

from __future__ import annotations

from typing import Any

from flowrun.core import events as ev
from flowrun.core.commands import Proposal, Propose
from flowrun.core.compiled import CompiledPlan
from flowrun.guard import FactRead, facts_needed
from flowrun.insight import whatif_words as words
from flowrun.insight.recorded import Recorded
from flowrun.plan.model import Plan
from flowrun.words import t

Json = Any


class Unknown(Exception):
    """A fact that nobody recorded."""


class Facts:
    """The facts of one recorded run. `pinned` is the plan that it had, for telling whether a fact means the same."""

    def __init__(self, compiled: CompiledPlan, recorded: Recorded, pinned: Plan | None) -> None:
        self._compiled = compiled
        self._recorded = recorded
        self._pinned = pinned

    def known(self, command: Propose, proposal: Proposal, now: str) -> dict[tuple[str, str], Json]:
        """Return the facts of a proposed call by policy and name. Raises `Unknown`."""
        found: dict[tuple[str, str], Json] = {}
        for read in facts_needed(self._compiled, command, proposal, now):
            if read.args is not None:
                value = self._fact(command, proposal, read)
                if value is not None:
                    found[read.policy, read.name] = value[0]
        return found

    def _fact(self, command: Propose, proposal: Proposal, read: FactRead) -> list[Json] | None:
        """Return a fact as recorded, in a list; None where it was missing then, too."""
        assert read.args is not None
        digest = words.digest_of(proposal)
        verdict = self._recorded.verdict(command.path, proposal.path, digest)
        if verdict is not None and self._means_the_same(read):
            if read.name in verdict.facts:
                return [verdict.facts[read.name]]
            if verdict.digest == digest and self._was_wanted(read, verdict):
                return None
        found: list[Json] | None = self._recorded.read(read.tool, read.args)
        if found is None:
            raise Unknown(
                t(
                    "The fact {read} of {policy} is needed for {tool} and was not read then.",
                    read=read.name,
                    policy=read.policy,
                    tool=proposal.tool,
                )
            )
        return found

    def _means_the_same(self, read: FactRead) -> bool:
        before = None if self._pinned is None else self._pinned.policies.get(read.policy)
        after = self._compiled.plan.policies[read.policy]
        return before is not None and before.facts.get(read.name) == after.facts[read.name]

    def _was_wanted(self, read: FactRead, verdict: ev.Verdict) -> bool:
        """Return whether a rule of then used the fact for this call, so that its lack was seen and denied."""
        assert self._pinned is not None
        rules = self._pinned.policies[read.policy].rules
        return any(read.name in rule.facts and verdict.tool in rule.tools for rule in rules)
