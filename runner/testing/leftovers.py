"""What a test gives and the run never took.

Owns: that comparison. A reply, a listed answer, a person's word or an event that nobody asked for may tell that the run went
another way than its author thought, so it is noted; it fails no test. A tool's single answer is for every call, none included.
"""

from __future__ import annotations

from collections.abc import Iterator

from flowrun.testing.fakes import Lack
from flowrun.testing.play import Play, arrived, awaited


def leftovers(play: Play) -> Iterator[Lack]:
    """Yield what was left over, each with what to do about it; what a test shares with others is not its own to leave over."""
    yield from (lack for lack in _leftovers(play) if lack.path[1:3] not in play.test.shared)


def _leftovers(play: Play) -> Iterator[Lack]:
    for step, count in play.models.left().items():
        place = len(play.test.model[step]) - count
        yield Lack(
            f"The model was never asked for reply {place + 1} of step {step}; take it out of given.model.{step}, "
            "or find out why the step does not ask.",
            ("given", "model", step, place),
        )
    for tool, count in play.tools.left().items():
        place = len(play.test.tools[tool]) - count
        yield Lack(
            f"{tool} was called {place} times, and the test lists {place + count} answers; take answer {place + 1} out of "
            f"given.tools.{tool}, or find out why it is not called.",
            ("given", "tools", tool, place),
        )
    for name, entry in play.people.left():
        number = "" if entry is None else f" a {entry + 1}. time"
        yield Lack(
            f"Nobody was asked about {name}{number}; take it out of given.people, or find out why nobody is asked.",
            ("given", "people", name, *([] if entry is None else [entry])),
        )
    events = play.events()
    for name, payload in play.test.events.items():
        known = [wait for wait in awaited(play.compiled.plan) if name in (wait, wait.partition("@")[0])]
        came = sum(arrived(events, wait) for wait in known)
        wanted = len(payload) if isinstance(payload, list | tuple) else 1
        if came < wanted:
            yield Lack(
                f"The run never waited for the event {name}{'' if wanted == 1 else f' a {came + 1}. time'}; "
                "take it out of given.events, or find out why it does not wait.",
                ("given", "events", name),
            )
