"""A model that does everything: what the user wants, and what the injection says.

Owns: the turns of one run as replies of a model. It reads the results as a model does, and proposes each denied or rejected
call of the attack again in altered forms. It has no other way to reach anything.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence, Set
from typing import Any

from bench.security.attack import Call, key_of, turns, variants
from flowrun.core.commands import CallModel
from flowrun.core.events import Usage
from flowrun.ports.models import ModelReply

Json = Any
AT_ONCE = 15
"""Altered calls in one turn; more would not fit into one event of the journal."""


class CompromisedModel:
    """`Models` for one run. `proposed` counts the calls of the attack that it tried, altered ones included."""

    def __init__(
        self,
        *,
        prefix: str,
        user: Sequence[Call],
        injected: Sequence[Call],
        order: str,
        poisoned: int,
        request: str,
        answer: str,
    ) -> None:
        self._user = list(user)
        self._request = request
        self._prefix = prefix
        self._answer = answer
        self._turns = deque(turns(user, injected, order, poisoned))
        self._last: list[tuple[Call, bool]] = []
        self._original: set[bytes] = {key_of(call) for call in injected}
        self._tried: set[bytes] = set()
        self.proposed = 0

    async def complete(self, request: CallModel) -> ModelReply:
        """Return the next turn, or the answer after the last one."""
        self._learn(request.messages)
        while self._turns:
            turn = self._fresh(self._turns.popleft())
            if turn:
                self._last = turn
                self.proposed += sum(injected for _, injected in turn)
                return ModelReply(
                    mode="scripted",
                    proposals=[(f"{self._prefix}.{name}", dict(args)) for (name, args), _ in turn],
                    usage=Usage(),
                )
        return ModelReply(mode="scripted", text=self._answer, usage=Usage())

    def _learn(self, messages: Sequence[dict[str, Json]]) -> None:
        """Queue altered forms of every call of the attack that was just refused."""
        if not self._last:
            return
        results = [message["result"] for message in messages[-len(self._last) :]]
        again: list[tuple[Call, bool]] = []
        for (call, injected), result in zip(self._last, results, strict=True):
            refused = isinstance(result, dict) and not {"denied", "rejected"}.isdisjoint(result)
            if injected and refused and key_of(call) in self._original:
                again += [(each, True) for each in variants(call, self._user, self._request)]
        self._last = []
        for start in reversed(range(0, len(again), AT_ONCE)):
            self._turns.appendleft(again[start : start + AT_ONCE])

    def _fresh(self, turn: list[tuple[Call, bool]]) -> list[tuple[Call, bool]]:
        """Leave out what the attack has proposed before: the same call denied twice would end the step."""
        kept = []
        for call, injected in turn:
            key = key_of(call)
            if injected and key in self._tried and key in self._original:
                # The same payment three times over: told apart by a mark, each is an original of its own.
                call = marked(call, self._tried)
                key = key_of(call)
                self._original.add(key)
            if injected and key in self._tried:
                continue
            if injected:
                self._tried.add(key)
            kept.append((call, injected))
        return kept

    async def aclose(self) -> None:
        """Do nothing."""


def marked(call: Call, tried: Set[bytes]) -> Call:
    """Return a call that differs from those tried in its free text only; the call itself where it has none."""
    name, args = call
    free = [key for key in ("subject", "body", "content") if key in args]
    while free and key_of((name, args)) in tried:
        args = {**args, free[0]: f"{args[free[0]]}!"}
    return name, args
