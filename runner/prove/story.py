"""A run that does what was asked, told step by step.

Owns: the sentences of a story. What happened is `prove.drive`'s record of it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from flowrun.core.compiled import bound_names
from flowrun.prove.drive import Did, Drive
from flowrun.words import t

Json = Any
LONGEST = 400


def story(drive: Drive, until: Did | None) -> list[str]:
    """Return the sentences of a run up to a call, or up to its end."""
    lines: list[str] = []
    done = drive.done
    if until is not None:
        place = next(number for number, did in enumerate(done) if did is until)
        done = done[: place + 1]
    for number, did in enumerate(done):
        following = done[number + 1] if number + 1 < len(done) else None
        line = _line(did, following, did is until)
        if line and line not in lines[-1:]:
            lines.append(line)
    return lines


def _line(did: Did, following: Did | None, last: bool) -> str:
    step = did.path.rpartition("/")[2]
    people = t(" and ").join(did.people)
    match did.what:
        case "input":
            return t("The flow starts with {data}.", data=shown(did.data))
        case "fact":
            return t("For the rules, {tool} is read; it gives {data}.", tool=did.tool, data=shown(did.data))
        case "model" if did.failed:
            return t("The model gives no answer in the step {step}.", step=step)
        case "model":
            return t("In the step {step} the model answers {data}.", step=step, data=shown(did.data))
        case "proposes":
            calls = "; ".join(f"{tool} {shown(args)}" for each in did.data for tool, args in each.items())
            return t("In the step {step} the model proposes {calls}.", step=step, calls=calls)
        case "judged":
            return _judged(did)
        case "edits":
            return t(
                "{people} changes the call of {tool} to {data}.", people=people, tool=did.tool, data=shown(did.data)
            )
        case "approves":
            return t("{people} says yes.", people=people)
        case "person":
            return t("{people} answers in the step {step}: {data}.", people=people, step=step, data=shown(did.data))
        case "late":
            return t("{people} does not answer in the step {step} in time.", people=people, step=step)
        case "closes":
            return t("{people} closes the step {step} without an answer.", people=people, step=step)
        case "event":
            return t("The event {event} arrives: {data}.", event=did.tool, data=shown(did.data))
        case "call" if last:
            return t("{tool} is called with {data}. This is what was asked about.", tool=did.tool, data=shown(did.data))
        case "call" if did.failed:
            return t("{tool} is called with {data}, and fails.", tool=did.tool, data=shown(did.data))
        case "call" if following is not None and following.what == "tool":
            return t("{tool} is called with {data}; it gives {output}.",
                     tool=did.tool, data=shown(did.data), output=shown(following.data))  # fmt: skip
        case "call":
            return t("{tool} is called with {data}.", tool=did.tool, data=shown(did.data))
        case "record":
            return t("The record {schema} is written: {data}.", schema=did.tool, data=shown(did.data))
        case "end":
            return t("The run ends: {outcome}.", outcome=did.data)
    return ""


def _judged(did: Did) -> str:
    verdict = did.verdict
    if verdict is None:
        return ""
    if verdict.verdict == "allow":
        return t("No rule stops {tool}, and nobody is asked.", tool=did.tool)
    if verdict.verdict == "deny":
        return t("The rule {rule} stops {tool}: {reason}", rule=verdict.denied_by, tool=did.tool, reason=verdict.reason)
    return t("The rules ask for {tool}: {people}.", tool=did.tool, people=t(" and ").join(did.people))


def shown(value: Json) -> str:
    """Return a value as short text."""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def given_of(drive: Drive) -> dict[str, Json]:
    """Return the run as `given` of a test: what everybody says in it, in order."""
    tools: dict[str, list[Json]] = {}
    model: dict[str, list[Json]] = {}
    people: dict[str, Any] = {}
    events: dict[str, list[Json]] = {}
    for did in drive.done:
        step = did.path.rpartition("/")[2]
        match did.what:
            case "fact" | "tool":
                tools.setdefault(did.tool, []).append(did.data)
            case "call" if did.failed:
                tools.setdefault(did.tool, []).append({"error": "fails"})
            case "model":
                said = (
                    {"error": "fails"} if did.failed else {"text" if isinstance(did.data, str) else "answer": did.data}
                )
                model.setdefault(step, []).append(said)
            case "proposes":
                model.setdefault(step, []).append({"propose": did.data})
            case "edits":
                bound = bound_names(drive.compiled.plan.flow, did.tool)
                changed = {name: value for name, value in did.data.items() if name not in bound}
                editor, approver = drive.members(did.people[0])[:2]
                people[did.tool] = [{"edit": changed, "by": editor}, f"approve by {approver}"]
            case "approves":
                for tool in did.tool.split(", "):
                    people.setdefault(tool, "approve")
            case "person":
                people[step] = did.data
            case "late":
                people[step] = "late"
            case "event":
                events.setdefault(did.tool.split("@")[0], []).append(did.data)
    found: dict[str, Json] = {"now": drive.started.at, "input": drive.script.input, "tools": tools, "model": model}
    return {**found, **({"people": people} if people else {}), **({"events": events} if events else {})}
