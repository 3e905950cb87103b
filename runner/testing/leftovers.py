"""What a test gives and the run never took.

Owns: that comparison. A reply, a listed answer, a person's word or an event that nobody asked for may tell that the run went
another way than its author thought, so it is noted; it fails no test. A tool's single answer is for every call, none included.
"""

from __future__ import annotations

from collections.abc import Iterator

from flowrun.testing.fakes import Lack
from flowrun.testing.play import Play, arrived, awaited
from flowrun.words import t


def leftovers(play: Play) -> Iterator[Lack]:
    """Yield what was left over, each with what to do about it; what a test shares with others is not its own to leave over."""
    yield from (lack for lack in _leftovers(play) if lack.path[1:3] not in play.test.shared)


def _leftovers(play: Play) -> Iterator[Lack]:
    for step, count in play.models.left().items():
        place = len(play.test.model[step]) - count
        yield Lack(
            t(
                "The model was never asked for reply {number} of step {step}; take it out of given.model.{step}, "
                "or find out why the step does not ask.",
                number=place + 1,
                step=step,
            ),
            ("given", "model", step, place),
        )
    for tool, count in play.tools.left().items():
        place = len(play.test.tools[tool]) - count
        yield Lack(
            t(
                "{tool} was called {called} times, and the test lists {listed} answers; take answer {number} out of "
                "given.tools.{tool}, or find out why it is not called.",
                tool=tool,
                called=place,
                listed=place + count,
                number=place + 1,
            ),
            ("given", "tools", tool, place),
        )
    for name, entry in play.people.left():
        if entry is None:
            text = t(
                "Nobody was asked about {name}; take it out of given.people, or find out why nobody is asked.",
                name=name,
            )
        else:
            text = t(
                "Nobody was asked about {name} for the {number}. time; take that out of given.people, or find out why.",
                name=name,
                number=entry + 1,
            )
        yield Lack(
            text,
            ("given", "people", name, *([] if entry is None else [entry])),
        )
    events = play.events()
    for name, payload in play.test.events.items():
        known = [wait for wait in awaited(play.compiled.plan) if name in (wait, wait.partition("@")[0])]
        came = sum(arrived(events, wait) for wait in known)
        wanted = len(payload) if isinstance(payload, list | tuple) else 1
        if came < wanted:
            yield Lack(
                t(
                    "The run waited for the event {name} {came} times, and the test gives it {wanted} times; take it out of "
                    "given.events, or find out why it does not wait.",
                    name=name,
                    came=came,
                    wanted=wanted,
                ),
                ("given", "events", name),
            )
