"""The model `examples`: no language model, but a classifier trained on the flow's labelled examples.

Owns: which example answers a request, and in which turn it proposes and answers. The classifier is in
`classifier`, which needs scikit-learn. It asks no server and costs nothing, and it can only say what an
example says.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec

from flowrun.adapters.models.fewshot import names_with, proposals
from flowrun.core.commands import CallModel
from flowrun.core.events import Usage
from flowrun.errors import AdapterError
from flowrun.plan.model import Example
from flowrun.ports.models import ModelReply
from flowrun.values.evaluate import compile_node
from flowrun.words import t

if TYPE_CHECKING:
    from flowrun.adapters.models.classifier import Classifier

Json = Any
_KEPT = 32
"""Trained classifiers that are kept."""


class ExamplesModels:
    """Answers a step from the label that the step's examples suggest for the text in its prompt.

    A repair gets the same answer again: it knows no better one, so the step fails or goes to a person.
    """

    def __init__(self) -> None:
        self._trained: dict[bytes, Classifier] = {}
        self._training = threading.Lock()

    async def complete(self, request: CallModel) -> ModelReply:
        """Return the proposals or the answer of the example that fits.

        Raises AdapterError (not retryable): FR4110 where scikit-learn is missing, FR4111 where the step has
        no examples.
        """
        examples = request.examples
        if not any(example.texts for example in examples):
            raise AdapterError(
                t("Step {step} of {flow} has no examples to learn from.", step=request.step, flow=request.flow),
                code="FR4111",
                help=t("Add labelled texts for it to {flow}.examples.yaml, or use another model.", flow=request.flow),
            )
        # training takes a fraction of a second, the first import some: other runs go on meanwhile
        classifier = await asyncio.to_thread(self._classifier, examples)
        text = text_of(request)
        label, confidence = classifier.classify(text)
        confidence = round(confidence, 2)
        example = next(e for e in examples if e.label == label and e.texts)
        names = names_with(request.names, label=label, confidence=confidence, text=text)
        note = t(
            "examples model: label {label}, confidence {confidence} (similarity to {size} labelled texts; a modest model)",
            label=label,
            confidence=f"{confidence:.2f}",
            size=classifier.size,
        )
        if not classifier.calibrated:
            note = t("{note}; too few texts to check its confidence", note=note)
        if not request.talks and not has_proposed(request):
            calls = proposals(example, names, {tool.name for tool in request.tools})
            if calls:
                return ModelReply(mode="examples", proposals=[*calls], usage=Usage(), note=note)
        if example.answer is None:
            return ModelReply(mode="examples", text=label, answer=label, answered=True, usage=Usage(), note=note)
        answer = compile_node(example.answer)(names)
        return ModelReply(mode="examples", answer=answer, answered=True, usage=Usage(), note=note)

    async def aclose(self) -> None:
        """Forget the trained classifiers."""
        self._trained.clear()

    def _classifier(self, examples: Sequence[Example]) -> Classifier:
        pairs = [(text, example.label) for example in examples for text in example.texts]
        digest = sha256(msgspec.json.encode(pairs)).digest()
        with self._training:
            found = self._trained.get(digest)
            if found is None:
                found = _train(pairs)
                if len(self._trained) >= _KEPT:
                    del self._trained[next(iter(self._trained))]
                self._trained[digest] = found
            return found


def _train(pairs: Sequence[tuple[str, str]]) -> Classifier:
    try:
        from flowrun.adapters.models.classifier import Classifier
    except ImportError as error:
        raise AdapterError(
            t(
                "The model `examples` needs scikit-learn, which is not installed ({error} is missing).",
                error=error.name,
            ),
            code="FR4110",
            help=t("pip install 'flowrun-ai[local]'"),
        ) from None
    return Classifier([text for text, _ in pairs], [label for _, label in pairs])


def text_of(request: CallModel) -> str:
    """Return the text to classify.

    The texts of the prompt's slots that read the flow's input; where none does, those of all slots; without one, the
    last message. What a tool said about the customer is no part of the customer's message.
    """
    own = [value for name, value in request.slots.items() if name.strip().startswith("input")]
    found = [text for value in own or request.slots.values() for text in _leaves(value)]
    if not found:
        found = [str(m["content"]) for m in request.messages if m["role"] == "user" and m.get("content")][-1:]
    return "\n".join(found)


def has_proposed(request: CallModel) -> bool:
    """Return whether calls were proposed in this conversation.

    Then, whatever became of them, it is time to answer.
    """
    return any(message["role"] == "assistant" and message.get("proposals") for message in request.messages)


def _leaves(value: Json) -> list[str]:
    if isinstance(value, str):
        return [value] if value.strip() else []
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _leaves(inner)]
    return [text for inner in value for text in _leaves(inner)] if isinstance(value, list) else []
