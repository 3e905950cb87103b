"""Compares what happened in a test with what it expects, in plain words.

Owns: the meaning of each key of `expect`. Nothing is run here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flowrun.core.events import AnyEvent, CallFailed, Decided, Doubted, Returned, StepFailed
from flowrun.insight.summary import summarise
from flowrun.lang.expr_problem import suggestion
from flowrun.testing.play import Play
from flowrun.testing.result import differences, located, shown

Json = Any
VERDICTS = {"ask": "approve"}
"""How a test names the guard's verdicts, where it is another word."""


def unmet(play: Play) -> list[str]:
    """Return what is not as expected; nothing where all is."""
    expect = play.test.expect
    events = play.events()
    found: list[str] = []

    def say(key: str, texts: Iterator[str]) -> None:
        span = expect.at.get(key, expect.span)
        found.extend(located(span, text) for text in texts)

    if len(play.runs) > 1:
        span = play.test.at.get("deliver", play.test.span)
        text = f"The same input arrived {play.test.deliver} times and made {len(play.runs)} runs; a `key` makes it one."
        found.append(located(span, text))
    if expect.outcome is not None:
        say("outcome", _outcome(play, expect.outcome, events))
    if expect.calls is not None:
        say("calls", _counts(play, expect.calls, calls_made(play, events), "had an effect"))
    if expect.attempts is not None:
        say("attempts", _counts(play, expect.attempts, attempts_made(play, events), "was tried"))
    if "record" in expect.at or expect.record is not None:
        record = summarise(events).record
        if record is None and expect.record is not None:
            say("record", iter([f"No record was written, and {shown(expect.record)} was expected in one."]))
        else:
            say("record", differences(expect.record, record, "record"))
    if expect.decisions is not None:
        say("decisions", _decisions(expect.decisions, events))
    if expect.world is not None:
        say("world", _world(expect.world, play))
    return found


def outcome_of(play: Play) -> str:
    """Return how the run ended; `handed_off` also while a hand-off waits for a person, else `waiting`."""
    row = play.journal.run(play.run)
    if row.outcome is not None:
        return row.outcome
    kinds = {entry.kind for entry in play.journal.inbox(run=play.run)}
    return "handed_off" if "hand_off" in kinds else "waiting"


def calls_made(play: Play, events: list[AnyEvent]) -> dict[str, int]:
    """Return how many distinct effects each tool had; sub-flows count by their calls."""
    made = {name: len(effects) for name, effects in play.tools.effects.items()}
    for event in events:
        if isinstance(event, Decided):
            for verdict in event.verdicts:
                if verdict.tool.startswith("flows.") and verdict.verdict == "allow":
                    made[verdict.tool] = made.get(verdict.tool, 0) + 1
        elif isinstance(event, Returned) and _confirms(event.path):
            made[event.tool] = made.get(event.tool, 0) + 1
    return made


def attempts_made(play: Play, events: list[AnyEvent]) -> dict[str, int]:
    """Return how often each tool was invoked."""
    made = dict(play.tools.attempts)
    for event in events:
        if isinstance(event, Returned | CallFailed | Doubted) and _confirms(event.path):
            made[event.tool] = made.get(event.tool, 0) + 1
    return made


def _confirms(path: str) -> bool:
    """Return whether a call looked up what became of a write in doubt; it has no key, as a policy's reads have none."""
    return "/@confirm" in path


def _outcome(play: Play, expected: str, events: list[AnyEvent]) -> Iterator[str]:
    actual = outcome_of(play)
    if actual == expected:
        return
    row = play.journal.run(play.run)
    why = [f"Reason: {row.reason}"] if row.reason else []
    why += [f"Step {e.step}: {e.fault.message}" for e in events if isinstance(e, StepFailed)]
    for entry in play.journal.inbox(run=play.run):
        why.append(f'{", ".join(entry.to)} must answer "{entry.asked["title"]}" ({entry.path}).')
    yield " ".join([f"The outcome should be {expected} and is {actual}.", *dict.fromkeys(why)])


def _counts(play: Play, expected: Mapping[str, int], actual: Mapping[str, int], what: str) -> Iterator[str]:
    known = sorted({*play.compiled.plan.tools, *actual})
    for tool, count in expected.items():
        if tool not in known:
            # Also where 0 is expected: a misspelled tool would never be called, and the test would prove nothing.
            yield f"There is no tool {tool} in this flow. {suggestion(tool, known)}"
        elif actual.get(tool, 0) != count:
            yield f"{tool} {what} {actual.get(tool, 0)} times, not {count}."


def _decisions(expected: Json, events: list[AnyEvent]) -> Iterator[str]:
    judged: dict[str, list[str]] = {}
    for event in events:
        if isinstance(event, Decided):
            for verdict in event.verdicts:
                # An approved call is judged once more before it runs; only a no is news then.
                if "/@again" not in event.path or verdict.verdict == "deny":
                    word = VERDICTS.get(verdict.verdict, verdict.verdict)
                    judged.setdefault(verdict.tool, []).append(word)
    if not isinstance(expected, Mapping):
        yield "`decisions` is a map from a tool to allow, deny or approve, or to a list of them."
        return
    for tool, words in expected.items():
        found = judged.get(tool, [])
        wanted = list(words) if isinstance(words, list | tuple) else [words] * max(len(found), 1)
        if found != wanted:
            yield (
                f"The decisions on {tool} should be {', '.join(map(str, wanted)) or 'none'} "
                f"and are {', '.join(found) or 'none'}."
            )


def _world(expected: Json, play: Play) -> Iterator[str]:
    if not isinstance(expected, Mapping):
        yield "`world` is a map from a tool to what its calls made: `desk.create_ticket: [{severity: high}]`."
        return
    for tool, made in expected.items():
        wanted = made if isinstance(made, list | tuple) else [made]
        actual = [effect.as_json() for effect in play.tools.effects.get(tool, [])]
        yield from differences(wanted, actual, f"world.{tool}")
