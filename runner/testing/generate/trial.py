"""Trying a scenario: what it touches, and the play that shows what happened.

Owns: the run of one scenario, with the replies that the model needs beyond those it has. Each is tried once.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Mapping
from typing import Any

import msgspec

from flowrun.errors import FlowrunError
from flowrun.testing.coverage.seen import Watch
from flowrun.testing.generate.scenario import as_test
from flowrun.testing.play import Play
from flowrun.testing.result import Unplayable

Json = Any
MORE = 6
"""Replies that a step's script is made longer by, at most."""


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario that could be played: what it touched, and the play. `given` has the replies that were added."""

    given: dict[str, Json]
    keys: frozenset[str]
    play: Play


class Trial:
    """Plays scenarios of one plan. `runs` counts them."""

    def __init__(self, watch: Watch, flow: str) -> None:
        self._watch = watch
        self._flow = flow
        self._known: dict[bytes, Tried | None] = {}
        self._runner = asyncio.Runner()
        self.runs = 0

    def close(self) -> None:
        """End the loop in which plays run."""
        self._runner.close()

    def of(self, given: Mapping[str, Json]) -> Tried | None:
        """Return what a scenario came to, None where it cannot be played."""
        name = msgspec.json.encode(given, order="deterministic")
        if name not in self._known:
            self._known[name] = self._longer(dict(given))
        return self._known[name]

    def _longer(self, given: dict[str, Json]) -> Tried | None:
        for _ in range(MORE):
            played = self._played(given)
            if played is None:
                return None
            lacks = [lack.path for lack in played.play.problems]
            if not lacks:
                return played
            given = copy.deepcopy(given)
            for path in lacks:
                replies = given["model"].get(path[2]) if path[:2] == ("given", "model") and len(path) > 2 else None
                if not replies or "error" in replies[-1]:
                    return None
                replies.append(replies[-1])
        return None

    def _played(self, given: dict[str, Json]) -> Tried | None:
        self.runs += 1
        plan = self._watch.watched()
        play = Play(as_test(given, self._flow), plan)
        try:
            self._runner.run(play.play())
        except (Unplayable, FlowrunError):
            return None
        return Tried(given=given, keys=self._watch.tried(plan, play.events()), play=play)
