"""Examples beside a flow: whether they fit its steps, and whether anything can be learnt from them.

Owns: these findings. That a step has no examples at all is `rules.check_examples`'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flowrun.errors import Span
from flowrun.lang import spec, spec_files
from flowrun.lang.expr_problem import suggestion
from flowrun.lang.types import ANY, NUMBER, STRING, Type, TypeScope, check_value
from flowrun.lint.findings import Findings
from flowrun.lint.scope import World
from flowrun.words import t

MODEL = Type(
    kind="object",
    fields={"label": STRING, "confidence": NUMBER, "text": STRING},
    required=frozenset(("label", "confidence", "text")),
)
"""What the model itself knows where an example is filled in."""


def check_examples(world: World, file: spec_files.ExamplesFile, out: Findings) -> None:
    """Note what is wrong with the examples of a flow."""
    every = world.every
    steps = {step.id: step for step in every if isinstance(step, spec.Ask)}
    scope = TypeScope(
        input=world.input, steps={step.id: ANY for step in every}, calls=world.calls, tables=world.tables, model=MODEL,
        item=ANY, call_certain=frozenset(world.calls),
    )  # fmt: skip
    by_step: dict[str, list[spec_files.ExampleSpec]] = {}
    for example in file.examples:
        step = steps.get(example.step)
        if step is None:
            what = t("There is no step `{name}` that asks a model, so this example teaches nothing.", name=example.step)
            out.add("example-of-no-step", what, spec.place_of(example, "step"), help=suggestion(example.step, steps))
            continue
        by_step.setdefault(example.step, []).append(example)
        if example.answer is not None and step.answer is not None:
            out.problems(check_value(example.answer.node, scope, world.schema_type(step.answer)), example.answer)
    for name, examples in by_step.items():
        _tools(world, steps[name], examples, out)
        _texts(examples, out)
        _labels(world, steps[name], examples, out)


def _tools(world: World, step: spec.Ask, examples: Sequence[spec_files.ExampleSpec], out: Findings) -> None:
    """Each tool once; not where the step itself names one that does not exist, which is what was meant."""
    if not all(name in world.catalogue.tools for name in step.tools):
        return
    told: set[str] = set()
    for example in examples:
        for name in (name for proposal in example.propose for name in proposal if name not in step.tools):
            if name in told:
                continue
            told.add(name)
            out.add(
                "example-tool",
                t("This example proposes {tool}, and the step {step} may not use it.", tool=name, step=step.id),
                example.at.get("propose", example.span),
                help=suggestion(name, step.tools) if step.tools else t("Take it out, or give the step this tool."),
            )


def _texts(examples: Sequence[spec_files.ExampleSpec], out: Findings) -> None:
    """One text teaches one label, once; a label that is shown once is not learnt."""
    seen: dict[str, tuple[spec_files.ExampleSpec, Span]] = {}
    counted: Counter[str] = Counter()
    for example in examples:
        counted[example.label] += len(example.texts)
        for number, text in enumerate(example.texts):
            place = spec.place_of(example, "texts", number)
            words = " ".join(text.lower().split())
            first = seen.setdefault(words, (example, place))
            if first[1] == place:
                continue
            other = first[0].label
            message = t("This text stands under {label} already.", label=other)
            if other != example.label:
                message = t("This text stands under {other} too: nothing can be learnt from it.", other=other)
            out.add(
                "example-text-twice",
                message,
                place,
                help=t("Keep it in one place."),
                related=((first[1], t("first here")),),
            )
    told: set[str] = set()
    for example in examples:
        if counted[example.label] == 1 and example.label not in told and len(counted) > 1:
            told.add(example.label)
            out.add(
                "one-example",
                t("The label {label} has one text only, so nearly every other wording is missed.", label=example.label),
                spec.place_of(example, "label"),
                help=t("Write at least five texts in the words that customers use."),
            )


def _labels(world: World, step: spec.Ask, examples: Sequence[spec_files.ExampleSpec], out: Findings) -> None:
    """Where the answer's class is the label itself, each choice needs examples: what is never shown is never answered."""
    schema = None if step.answer is None else world.schema_type(step.answer)
    if schema is None or schema.fields is None or len(examples) < 2:
        return
    for name, kind in schema.fields.items():
        if not kind.enum or any(_literal(example, name) != example.label for example in examples):
            continue
        shown = {example.label for example in examples}
        missing = [value for value in kind.enum if isinstance(value, str) and value not in shown]
        if missing:
            out.add(
                "choice-without-example",
                t("No example answers {missing} for `{name}`, so the `examples` model never says it.",
                  missing=", ".join(missing), name=name),
                spec.place_of(examples[0], "step"),
                help=t("Add examples for it, or take it out of the schema {answer}.", answer=step.answer),
            )  # fmt: skip


def _literal(example: spec_files.ExampleSpec, name: str) -> Any:
    node = None if example.answer is None else example.answer.node
    if node is None or node[0] != "dict":
        return None
    return next((value[1] for key, value in node[1] if key == name and value[0] == "lit"), None)


def texts_of(file: spec_files.ExamplesFile) -> Iterator[tuple[str, Span]]:
    """Yield every text of a file as it is compared, with its place."""
    for example in file.examples:
        for number, text in enumerate(example.texts):
            yield " ".join(text.lower().split()), spec.place_of(example, "texts", number)


def leaves(value: Any) -> Iterator[str]:
    """Yield every text in a value, as texts of examples are compared."""
    stack = [value]
    while stack:
        part = stack.pop()
        if isinstance(part, str):
            yield " ".join(part.lower().split())
        elif isinstance(part, Mapping):
            stack += part.values()
        elif isinstance(part, list | tuple):
            stack += part
