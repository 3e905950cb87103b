"""What tests must know of the flow that they test: small enough to be handed from one process to another.

Owns: that value. What is wrong with a test is said by `test_files`.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from flowrun.errors import Span
from flowrun.lang import spec, spec_files
from flowrun.lint.scope import every_step


class Tested(msgspec.Struct, frozen=True, kw_only=True):
    """What a test must know of its flow; `learnt` are the texts of its examples with their places."""

    name: str
    steps: frozenset[str]
    tools: tuple[str, ...]
    input: spec.SchemaUse
    output: spec.SchemaUse
    learnt: Mapping[str, Span] = {}


def as_tested(flow: spec.Flow, examples: spec_files.ExamplesFile | None) -> Tested:
    """Return what tests must know of a flow and the examples beside it."""
    learnt: Mapping[str, Span] = {}
    if examples is not None:
        from flowrun.lint.example_files import texts_of  # loaded only where a flow has examples

        learnt = dict(texts_of(examples))
    return Tested(
        name=flow.flow,
        steps=frozenset(step.id for step in every_step(flow.steps)),
        tools=tuple(flow.tools),
        input=msgspec.structs.replace(flow.input, tree=None),
        output=msgspec.structs.replace(flow.output, tree=None),
        learnt=learnt,
    )
