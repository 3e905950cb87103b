"""A model that says what a test wrote down.

Owns: turning the `given.model` part of a test file into replies, in order. It knows nothing of prompts or
schemas, so a test can also let a model say what is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flowrun.core.commands import CallModel
from flowrun.core.events import Usage
from flowrun.errors import AdapterError, InputError
from flowrun.ports.models import ModelReply
from flowrun.words import t

Json = Any
KEYS = ("propose", "answer", "text", "error", "usage")
ERRORS = {
    "times_out": ("The model did not answer in time.", "FR4106", True),
    "overloaded": ("The model server is overloaded.", "FR4106", True),
    "refuses": ("The model refused.", "FR4103", False),
}
"""Known errors.

Message, code and whether the same request may succeed later. Any other text is a lasting failure.
"""


class ScriptedModels:
    """Replies per step, in order: `{step: [{propose: [{tool: args}]}, {answer: …}, {text: …}, {error: …}]}`.

    A reply may also have `usage: {input_tokens, output_tokens}`, or `usage: unknown`; without it nothing was
    used. Each call of a step takes its next reply, repairs and retries too. `calls` holds every request, for
    assertions.
    """

    def __init__(self, replies: Mapping[str, Sequence[Mapping[str, Json]] | Mapping[str, Json]]) -> None:
        self._replies = {step: _entries(step, entries) for step, entries in replies.items()}
        self._next = dict.fromkeys(self._replies, 0)
        self.calls: list[CallModel] = []

    async def complete(self, request: CallModel) -> ModelReply:
        """Return the step's next reply; raises AdapterError, FR4109 where the test has none left."""
        self.calls.append(request)
        step = request.step
        replies = self._replies.get(step)
        if replies is None:
            known = ", ".join(self._replies) or "no step"
            raise AdapterError(
                t("The test says nothing about what the model answers in step {step}.", step=step),
                code="FR4109",
                help=t("Add `{step}:` under given.model; there are replies for {known}.", step=step, known=known),
            )
        place = self._next[step]
        if place >= len(replies):
            raise AdapterError(
                t(
                    "In step {step} the model was asked for reply {place}; the test has {count}.",
                    step=step,
                    place=place + 1,
                    count=len(replies),
                ),
                code="FR4109",
                help=t(
                    "Add reply {place} to given.model.{step}, or find out why the step asks again.",
                    place=place + 1,
                    step=step,
                ),
            )
        self._next[step] = place + 1
        return _reply(replies[place])

    def left(self) -> dict[str, int]:
        """Return how many replies of each step were never asked for, where there are any."""
        counts = {step: len(replies) - self._next[step] for step, replies in self._replies.items()}
        return {step: count for step, count in counts.items() if count}

    async def aclose(self) -> None:
        """Do nothing."""


def _entries(step: str, entries: Sequence[Mapping[str, Json]] | Mapping[str, Json]) -> list[Mapping[str, Json]]:
    found = [entries] if isinstance(entries, Mapping) else list(entries)
    for place, entry in enumerate(found, 1):
        unknown = set(entry) - set(KEYS) if isinstance(entry, Mapping) else {str(entry)}
        if unknown or not set(entry) - {"usage"}:
            raise InputError(
                t("Reply {place} of given.model.{step} is not a reply of a model.", place=place, step=step),
                code="FR3020",
                help=t("Write one of `propose: [{TOOL: {…}}]`, `answer: …`, `text: …` or `error: …`."),
            )
    return found


def _reply(entry: Mapping[str, Json]) -> ModelReply:
    if "error" in entry:
        wanted = str(entry["error"])
        message, code, retryable = ERRORS.get(wanted, (wanted, "FR4100", False))
        raise AdapterError(message, code=code, retryable=retryable)
    proposals: list[tuple[str, Json]] = []
    for proposal in entry.get("propose") or []:
        if isinstance(proposal, str):
            proposals.append((proposal, {}))
        else:
            proposals += [(tool, {} if args is None else args) for tool, args in proposal.items()]
    usage = entry.get("usage")
    return ModelReply(
        mode="scripted",
        proposals=proposals,
        answer=entry.get("answer"),
        answered="answer" in entry,
        text=None if entry.get("text") is None else str(entry["text"]),
        usage=Usage(known=False) if usage == "unknown" else Usage(**usage) if isinstance(usage, dict) else Usage(),
    )
