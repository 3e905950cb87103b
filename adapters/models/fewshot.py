"""A step's labelled examples, written into the prompt of a language model.

Owns: which examples are shown, and how. The `examples` model, which learns from them, is in `examples.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import msgspec

from flowrun.plan.model import Example, Node
from flowrun.values.evaluate import compile_node
from flowrun.values.names import Names

if TYPE_CHECKING:
    from flowrun.core.commands import CallModel

MAX_EXAMPLES = 8
MAX_TEXT = 500
"""Longest example text shown, in characters."""
MAX_BYTES = 6000
"""Most that all examples together add to a prompt, in bytes."""
CONFIDENCE = 0.9
"""What `model.confidence` is in a shown example: a label given by a person is as good as sure."""


def few_shot(request: CallModel) -> str:
    """Return the examples as a part of the system message, or "" where the step has none."""
    offered = {tool.name for tool in request.tools}
    parts = ["Examples of earlier cases and what was right for them:"]
    size = len(parts[0])
    for example, text in interleaved(request.examples):
        names = names_with(request.names, label=example.label, confidence=CONFIDENCE, text=text)
        lines = [f"Text: {text[:MAX_TEXT]}"]
        calls = [{"tool": tool, "args": args} for tool, args in proposals(example, names, offered)]
        if calls:
            lines.append(f"Calls: {_json(calls)}")
        if example.answer is not None:
            lines.append(f"Answer: {_json(compile_node(example.answer)(names))}")
        elif not calls:
            lines.append(f"Label: {example.label}")
        part = "\n".join(lines)
        size += len(part.encode()) + 2
        if size > MAX_BYTES:
            break
        parts.append(part)
    return "\n\n".join(parts) if len(parts) > 1 else ""


def interleaved(examples: Sequence[Example], most: int = MAX_EXAMPLES) -> Iterator[tuple[Example, str]]:
    """Yield examples with one text each: the first text of every label, then every second one, and so on.

    A block of one label at the end of a prompt would draw the model towards that label.
    """
    by_label: dict[str, list[tuple[Example, str]]] = {}
    for example in examples:
        by_label.setdefault(example.label, []).extend((example, text) for text in example.texts)
    left = most
    for row in zip_longest(*by_label.values()):
        for found in row:
            if found is None:
                continue
            if left == 0:
                return
            left -= 1
            yield found


def names_with(names: Names, *, label: str, confidence: float, text: str) -> Names:
    """Return the names with `model` in them."""
    out = names.fork()
    out.model = {"label": label, "confidence": confidence, "text": text}
    return out


def proposals(example: Example, names: Names, offered: set[str]) -> list[tuple[str, dict[str, Any]]]:
    """Return the example's calls with their slots filled.

    An argument whose slot is null is left out, and so is a tool that is not offered.
    """
    found = []
    for proposal in example.propose:
        for tool, node in proposal.items():
            if tool in offered:
                found.append((tool, _args(node, names)))
    return found


def _args(node: Node, names: Names) -> dict[str, Any]:
    args = compile_node(node)(names)
    return {key: value for key, value in args.items() if value is not None} if isinstance(args, dict) else {}


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
