"""What a step remembers between its tries, so that going on after a hand-off repeats no finished call.

Owns: that memory. It is rebuilt by replay and never stored.
"""

from __future__ import annotations

from typing import Any

Json = Any


class StepState:
    """Counters and, for `ask`, the conversation so far."""

    __slots__ = ("again", "denied", "doubtful", "hand_offs", "messages", "ordinals", "told", "tries", "turn")

    def __init__(self) -> None:
        self.tries = 0
        """How often the step has failed."""
        self.hand_offs = 0
        self.turn = 0
        self.messages: list[dict[str, Json]] = []
        self.ordinals: dict[str, int] = {}
        """Per tool, the place that its next call takes in this step."""
        self.denied: set[str] = set()
        """Digests that were denied once; the second time ends the step."""
        self.doubtful: dict[str, str] = {}
        """Digest to idempotency key of this step's writes in doubt: proposed again, they keep their key."""

        self.again: dict[str, str] = {}
        """Digest to idempotency key of writes that a person found not done."""
        self.told: dict[str, int] = {}
        """Path of a call to the place of its result among the messages."""

    def attempt(self, path: str) -> str:
        """Return the path of this try; `~2` is another thing, the second attempt of one call."""
        return path if self.tries == 0 else f"{path}/@try-{self.tries + 1}"
