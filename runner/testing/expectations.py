"""Compares what happened in a test with what it expects, in plain words.

Owns: the meaning of each key of `expect`, but for what rules and people said (`expected_decisions`). Nothing is run here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flowrun.core.events import AnyEvent, CallFailed, Decided, Doubted, Returned, StepFailed
from flowrun.core.steps.ask import as_text
from flowrun.insight.summary import summarise
from flowrun.lang.expr_problem import suggestion
from flowrun.plan.model import AskStep
from flowrun.testing.expected_decisions import asked, decisions
from flowrun.testing.play import Play, all_steps
from flowrun.testing.result import Said, differences, located, shown
from flowrun.words import mark, t

Json = Any
EFFECTS = mark("{tool} had an effect {found} times, not {wanted}.")
TRIED = mark("{tool} was tried {found} times, not {wanted}.")


def unmet(play: Play) -> list[str]:
    """Return what is not as expected; nothing where all is."""
    expect = play.test.expect
    events = play.events()
    found: list[str] = []

    def say(key: str, texts: Iterable[str | Said]) -> None:
        for text in texts:
            said = text if isinstance(text, Said) else Said(text, ())
            found.append(located(play.test.place("expect", key, *said.path), said.text))

    if len(play.runs) > 1:
        text = t(
            "The same input arrived {times} times and made {runs} runs; a `key` makes it one.",
            times=play.test.deliver,
            runs=len(play.runs),
        )
        found.append(located(play.test.place("deliver"), text))
    if expect.outcome is not None:
        say("outcome", _outcome(play, expect.outcome, events))
    if expect.reason is not None:
        say("reason", _reason(play, expect.reason))
    if expect.calls is not None:
        say("calls", _counts(play, expect.calls, calls_made(play, events), EFFECTS))
    if expect.attempts is not None:
        say("attempts", _counts(play, expect.attempts, attempts_made(play, events), TRIED))
    if "record" in expect.at or expect.record is not None:
        record = summarise(events).record
        if record is None and expect.record is not None:
            say("record", [t("No record was written, and {wanted} was expected in one.", wanted=shown(expect.record))])
        else:
            say("record", differences(expect.record, record, "record"))
    if expect.decisions is not None:
        say("decisions", decisions(play, expect.decisions, events))
    if expect.asked is not None:
        say("asked", asked(play, expect.asked, events))
    if expect.world is not None:
        say("world", _world(play, expect.world))
    if expect.prompts is not None:
        say("prompts", _prompts(play, expect.prompts))
    return found


def outcome_of(play: Play) -> str:
    """Return how the run ended; `handed_off` also while a hand-off waits for a person, else `waiting`."""
    row = play.journal.run(play.run)
    if row.outcome is not None:
        return row.outcome
    kinds = {entry.kind for entry in play.journal.inbox(run=play.run)}
    return "handed_off" if "hand_off" in kinds else "waiting"


def reason_of(play: Play) -> str:
    """Return why the run ended so, or why it waits."""
    row = play.journal.run(play.run)
    if row.outcome is not None:
        return row.reason
    return " ".join(str(entry.asked["why"]) for entry in play.journal.inbox(run=play.run) if entry.asked.get("why"))


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
    why = [t("Reason: {reason}", reason=row.reason)] if row.reason else []
    why += [t("Step {step}: {why}", step=e.step, why=e.fault.message) for e in events if isinstance(e, StepFailed)]
    for entry in play.journal.inbox(run=play.run):
        who = ", ".join(entry.to)
        why.append(t('{who} must answer "{what}" ({path}).', who=who, what=entry.asked["title"], path=entry.path))
    first = t("The outcome should be {wanted} and is {found}.", wanted=expected, found=actual)
    yield " ".join([first, *dict.fromkeys(why)])


def _reason(play: Play, expected: str) -> Iterator[str]:
    actual = reason_of(play)
    if " ".join(expected.split()) not in " ".join(actual.split()):
        yield t("The reason should hold {wanted} and is {found}.", wanted=shown(expected), found=shown(actual))


def _counts(play: Play, expected: Mapping[str, int], actual: Mapping[str, int], what: str) -> Iterator[Said]:
    known = sorted({*play.compiled.plan.tools, *actual})
    for tool, count in expected.items():
        if tool not in known:
            # Also where 0 is expected: a misspelled tool would never be called, and the test would prove nothing.
            yield _no_tool(tool, known)
        elif actual.get(tool, 0) != count:
            yield Said(t(what, tool=tool, found=actual.get(tool, 0), wanted=count), (tool,))


def _no_tool(tool: str, known: Iterable[str]) -> Said:
    return Said(f"{t('There is no tool {tool} in this flow.', tool=tool)} {suggestion(tool, known)}", (tool,))


def _world(play: Play, expected: Json) -> Iterator[str | Said]:
    if not isinstance(expected, Mapping):
        yield t("`world` is a map from a tool to what its calls made: `desk.create_ticket: [{severity: high}]`.")
        return
    known = sorted(play.compiled.plan.tools)
    for tool, made in expected.items():
        if tool not in known:
            yield _no_tool(str(tool), known)
            continue
        wanted = made if isinstance(made, list | tuple) else [made]
        actual = [effect.as_json() for effect in play.tools.effects.get(tool, [])]
        yield from (
            Said(said.text, (tool, *(said.path if made is wanted else said.path[1:])))
            for said in differences(wanted, actual, f"world.{tool}")
        )


def _prompts(play: Play, expected: Mapping[str, Mapping[str, tuple[str, ...]]]) -> Iterator[Said]:
    asks = sorted(step.id for step in all_steps(play.compiled.plan) if isinstance(step, AskStep))
    for step, said in expected.items():
        if step not in asks:
            text = t("The flow asks no model in a step {step}.", step=step)
            yield Said(f"{text} {suggestion(step, asks)}", (step,))
            continue
        told = [as_text(message) for call in play.models.calls if call.step == step for message in call.messages]
        if not told:
            text = t("The model was never asked in step {step}, so nothing of its prompt can be told.", step=step)
            yield Said(text, (step,))
            continue
        for place, text in enumerate(said.get("contains", ())):
            if not any(_spoken(text, message) for message in told):
                yield Said(
                    t(
                        "The model of step {step} was never told {text}. Its prompt: {prompt}",
                        step=step,
                        text=shown(text),
                        prompt=shown(_prompt(play, step)),
                    ),
                    (step, "contains", place),
                )
        for place, text in enumerate(said.get("lacks", ())):
            if any(_spoken(text, message) for message in told):
                yield Said(
                    t("The model of step {step} was told {text}.", step=step, text=shown(text)), (step, "lacks", place)
                )


def _spoken(text: str, message: str) -> bool:
    """Return whether a message holds a text, however its lines are broken."""
    return " ".join(text.split()) in " ".join(message.replace("\\n", " ").split())


def _prompt(play: Play, step: str) -> str:
    call = next(call for call in play.models.calls if call.step == step)
    return as_text(next((message.get("content") for message in call.messages if message.get("role") == "user"), ""))
