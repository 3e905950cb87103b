"""What a test expects of rules and people: the decisions on each tool, and who was asked.

Owns: the meaning of `expect.decisions` and `expect.asked`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from flowrun.core.events import AnyEvent, Asked, Decided, Verdict
from flowrun.insight.places import locate
from flowrun.lang.expr_problem import suggestion
from flowrun.testing.play import Play, all_steps
from flowrun.testing.result import Said
from flowrun.words import t

Json = Any
VERDICTS = {"ask": "approve"}
"""How a test names the guard's verdicts, where it is another word."""
WORDS = ("allow", "deny", "approve")
_STEP = re.compile(r"[a-z][a-z0-9_]*")


class Decision(NamedTuple):
    """One decision: the word, and the rules that made it (all that were judged, where it is `allow`)."""

    word: str
    rules: list[str]


def judged(play: Play, events: Sequence[AnyEvent]) -> dict[str, list[Decision]]:
    """Return the decisions on each tool, in order."""
    found: dict[str, list[Decision]] = {}
    for event in events:
        if isinstance(event, Decided):
            for verdict in event.verdicts:
                # An approved call is judged once more before it runs; only a no is news then.
                if "/@again" not in event.path or verdict.verdict == "deny":
                    word = VERDICTS.get(verdict.verdict, verdict.verdict)
                    found.setdefault(verdict.tool, []).append(Decision(word, _rules(play, event.path, verdict)))
    return found


def _rules(play: Play, path: str, verdict: Verdict) -> list[str]:
    if verdict.verdict == "deny":
        return list(dict.fromkeys(verdict.denials))
    if verdict.verdict == "ask":
        return play.compiled.asking(locate(play.compiled.plan, path)[0], verdict)
    return [rule.rpartition(":")[2] for rule in verdict.rules]


def decisions(play: Play, expected: Json, events: Sequence[AnyEvent]) -> Iterator[str | Said]:
    """Yield which decisions are not as expected."""
    if not isinstance(expected, Mapping):
        yield t("`decisions` is a map from a tool to allow, deny or approve, or to a list of them.")
        return
    made = judged(play, events)
    for tool, wanted in expected.items():
        found = made.get(tool, [])
        listed = list(wanted) if isinstance(wanted, list | tuple) else [wanted] * max(len(found), 1)
        if odd := [each for each in listed if not _is_word(each)]:
            yield Said(
                t(
                    "`decisions.{tool}` cannot be {word}. Write allow, deny or approve, or with the rule: {deny: RULE}.",
                    tool=tool,
                    word=repr(odd[0]),
                ),
                (tool,),
            )
        elif len(found) != len(listed) or not all(map(_meets, found, listed)):
            yield Said(
                t(
                    "The decisions on {tool} should be {wanted} and are {found}.",
                    tool=tool,
                    wanted=", ".join(map(_shown, listed)) or t("none"),
                    found=", ".join(_told(each, listed) for each in found) or t("none"),
                ),
                (tool,),
            )


def _is_word(wanted: Json) -> bool:
    return wanted in WORDS or (isinstance(wanted, Mapping) and len(wanted) == 1 and next(iter(wanted)) in WORDS)


def _meets(found: Decision, wanted: Json) -> bool:
    if not isinstance(wanted, Mapping):
        return found.word == str(wanted)
    ((word, rules),) = wanted.items()
    named = rules if isinstance(rules, list | tuple) else [rules]
    return found.word == word and all(rule in found.rules for rule in named)


def _shown(wanted: Json) -> str:
    if not isinstance(wanted, Mapping):
        return str(wanted)
    ((word, rules),) = wanted.items()
    return f"{word} by {', '.join(map(str, rules if isinstance(rules, list | tuple) else [rules]))}"


def _told(found: Decision, listed: Sequence[Json]) -> str:
    if found.word == "allow" or not (found.word == "deny" or any(isinstance(each, Mapping) for each in listed)):
        return found.word
    return f"{found.word} by {', '.join(found.rules) or 'no rule'}"


def asked(play: Play, expected: Mapping[str, Sequence[str]], events: Sequence[AnyEvent]) -> Iterator[str | Said]:
    """Yield where others were asked than expected; hand-offs are counted by their step, approvals by their tools too."""
    plan = play.compiled.plan
    known = sorted(
        {*plan.tools, *(step.id for step in all_steps(plan)), *(f"flows.{f.name}" for f in plan.flows.values())}
    )
    found: dict[str, list[str]] = {}
    for event in events:
        if isinstance(event, Asked):
            parts = {part for part in event.path.split("/") if _STEP.fullmatch(part)}
            for name in parts | {verdict.tool for verdict in event.proposals if event.kind == "approval"}:
                found.setdefault(name, []).extend(role for role in event.to if role not in found.get(name, []))
    for name, roles in expected.items():
        if name not in known:
            text = t("The flow has no tool or step {name}.", name=name)
            yield Said(f"{text} {suggestion(name, known)}", (name,))
        elif sorted(found.get(name, [])) != sorted(roles):
            yield Said(
                t(
                    "About {name}, {wanted} should be asked; it was {found}.",
                    name=name,
                    wanted=", ".join(roles) or t("nobody"),
                    found=", ".join(found.get(name, [])) or t("nobody"),
                ),
                (name,),
            )
