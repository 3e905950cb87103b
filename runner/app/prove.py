"""Questions about a flow, with the places of what stops a thing.

Owns: reading a flow and the file of its questions, and finding where a gate stands. The answers are `flowrun.prove`'s part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from flowrun.app import flows
from flowrun.core.compiled import CompiledPlan
from flowrun.errors import FlowError, InputError, Span
from flowrun.lang import spec
from flowrun.lang.spec_files import ProveFile
from flowrun.lint.check import check_flow
from flowrun.plan.catalogue import Catalogue, FlowSource
from flowrun.plan.compile import compile_plan, digest, plan_bytes
from flowrun.prove.ask import answer, usual
from flowrun.prove.gates import Gate
from flowrun.prove.story import given_of, story
from flowrun.words import t

if TYPE_CHECKING:
    from flowrun.app.workspace import Workspace
    from flowrun.prove.answers import Answer

Json = Any
SUFFIX = ".prove.yaml"
NOT_ASKED = "not asked"
"""The answer to a question that is not understood, or that names what is not there."""
HEAD = "# What can happen in this flow and what cannot, whatever models, people and tools say: flowrun prove"


class Blocked(msgspec.Struct, frozen=True, kw_only=True):
    """A gate that stops a thing: where it stands, its rule (or step) and the word, and its reason."""

    file: str
    line: int
    rule: str
    word: str
    reason: str = ""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one question. `held`: what the file says about it: `never`, `possible`, `unclear`, or empty.

    `each`: every gate alone is enough. `example` is `given` of a test that does it; `calls` how often which tool is
    called in it. `code` is set where the question cannot be asked: what is wrong with it is in `why`.
    """

    question: str
    answer: str
    held: str = ""
    gates: list[Blocked] = []
    each: bool = False
    why: list[str] = []
    story: list[str] = []
    example: Json = None
    calls: dict[str, int] = {}
    code: str = ""

    @property
    def ok(self) -> bool:
        """Whether it is as it should be: impossible, or as the file says."""
        return self.answer == {"": "no", "never": "no", "possible": "yes", "unclear": "cannot tell"}[self.held]


class Proved(msgspec.Struct, frozen=True, kw_only=True):
    """All answers about a flow; `file` is where its questions are kept, whether it is there or not."""

    flow: str
    version: int
    file: str
    results: list[Result]


def prove(
    ws: Workspace,
    flow: str,
    questions: Sequence[str] = (),
    *,
    on_result: Callable[[Result], None] = lambda result: None,
) -> Proved:
    """Answer questions; without any, those of `FLOW.prove.yaml` and the usual ones.

    One of several that cannot be asked has the answer `not asked`; the others are answered. Raises `FlowError` where the
    flow is wrong, `InputError` (FR3201 to FR3204) where the only question cannot be asked.
    """
    path = flows.locate(ws, flow)
    reader = flows.Reader()
    source = reader.flow(path)
    known = flows.catalogue(ws, reader, path)
    beside = path.with_name(path.name.removesuffix(flows.SUFFIX) + SUFFIX)
    kept: ProveFile | None = None
    if not questions and beside.is_file():
        kept = reader.read(beside, "prove")
    if any(found.severity == "error" for found in reader.findings):
        raise FlowError(reader.findings)
    assert source is not None
    checked = check_flow(source, known)
    findings = [*reader.findings, *checked.findings]
    if any(found.severity == "error" for found in findings):
        raise FlowError(findings)
    plan = compile_plan(source, known, checked.rewrites)
    compiled = CompiledPlan(plan, digest(plan_bytes(plan)))
    places = Places(ws, source, known)
    results = []
    for text, held, span in _asked(compiled, questions, kept):
        try:
            found = answer(compiled, text)
        except InputError as error:
            place = "" if span is None else f"{span}: "
            if len(questions) == 1:
                raise
            results.append(_not_asked(text, held, error, place))
        else:
            results.append(places.result(found, text, held))
        on_result(results[-1])
    return Proved(flow=plan.flow.name, version=plan.flow.version, file=str(beside), results=results)


def _not_asked(text: str, held: str, error: InputError, place: str) -> Result:
    """Return what stands in the place of an answer, so that the other questions are answered all the same."""
    why = [f"{place}{error.message}", *([error.help] if error.help else [])]
    return Result(question=" ".join(text.split()), answer=NOT_ASKED, held=held, why=why, code=error.code)


def _asked(
    compiled: CompiledPlan, questions: Sequence[str], kept: ProveFile | None
) -> Iterator[tuple[str, str, Span | None]]:
    if questions:
        yield from ((text, "", None) for text in questions)
        return
    seen: set[str] = set()
    if kept is not None:
        for held, listed in (("never", kept.never), ("possible", kept.possible), ("unclear", kept.unclear)):
            for text in listed:
                seen.add(" ".join(text.split()))
                yield text, held, kept.at.get(held, kept.span)
    yield from ((text, "", None) for text in usual(compiled) if text not in seen)


class Places:
    """Where the rules and steps of a flow stand, and of the flows that it calls."""

    def __init__(self, ws: Workspace, source: FlowSource, known: Catalogue) -> None:
        self.ws = ws
        self.sources = {source.flow.flow: source}
        for tool in source.flow.tools:
            self._called(tool, known)
        policies = [*known.policies, *(policy for each in self.sources.values() for policy in each.policies)]
        self.policies = {f"{policy.policy}@{policy.version}": policy for policy in policies}

    def _called(self, tool: str, known: Catalogue) -> None:
        found = known.flows.get(tool.removeprefix("flows.")) if tool.startswith("flows.") else None
        if found is not None and found.flow.flow not in self.sources:
            self.sources[found.flow.flow] = found
            for inner in found.flow.tools:
                self._called(inner, known)

    def result(self, found: Answer, text: str, held: str) -> Result:
        """Return an answer with its places and its story."""
        drive = found.drive
        calls: dict[str, int] = {}
        for did in drive.calls() if drive is not None else ():
            calls[did.tool] = calls.get(did.tool, 0) + (not did.failed)
        return Result(
            question=" ".join(text.split()),
            answer=found.said,
            held=held,
            gates=[self.gate(gate) for gate in found.gates],
            each=found.each and len(found.gates) > 1,
            why=[why for why in found.because if found.said != "yes"]
            or ([] if found.gates else self._otherwise(found)),
            story=[] if drive is None else story(drive, found.did),
            example=None if drive is None else given_of(drive),
            calls=calls,
        )

    def _otherwise(self, found: Answer) -> list[str]:
        if found.said != "no":
            return []
        return [t("The steps of the flow stop it: no way through them leads there, whatever the rules say.")]

    def gate(self, gate: Gate) -> Blocked:
        """Return where a gate stands."""
        kind, _, name = gate.source.partition(":")
        if kind == "flow" and name in self.sources:
            flow = self.sources[name].flow
            written = next((rule for tool, rule in flow.tools.items() if tool.split("@")[0] == gate.id), None)
            if written is not None:
                # The reason of a tool's rules is told to the people whom they ask.
                own = gate.word == "approve_when" or written.approve_when is None
                at = written.at.get(gate.word, written.span)
                return _blocked(at, gate.id, gate.word, written.reason if own else "")
        if kind == "step" and name in self.sources:
            step = _step(self.sources[name].flow.steps, gate.id)
            if step is not None:
                return _blocked(step.at.get(gate.word, step.span), gate.id, gate.word, getattr(step, "reason", ""))
        if kind == "budget":
            return self._budget(name, gate.word)
        if kind == "privacy":
            config = self.ws.config
            span = Span("flowrun.yaml") if config is None else config.at.get("privacy", config.span)
            return _blocked(span, gate.id, "privacy", t("This mark is kept from models."))
        policy = self.policies.get(gate.source)
        rule = None if policy is None else next((each for each in policy.rules if each.id == gate.id), None)
        if rule is None:
            return Blocked(file=gate.source, line=0, rule=gate.id, word=gate.word)
        return _blocked(rule.at.get(gate.word, rule.span), gate.id, gate.word, rule.reason)

    def _budget(self, flow: str, word: str) -> Blocked:
        source = self.sources.get(flow)
        budget = None if source is None else source.flow.budget
        if budget is None and self.ws.config is not None:
            budget = self.ws.config.ceiling
        reason = t("The budget of a run; somebody may raise it for one run (`flowrun resume --raise`).")
        span = Span("flowrun.yaml") if budget is None else budget.at.get(word, budget.span)
        return _blocked(span, "budget", word, reason)


def _blocked(span: Span, rule: str, word: str, reason: object) -> Blocked:
    file = Path(span.file)
    here = Path.cwd()
    shown = str(file.relative_to(here)) if file.is_absolute() and file.is_relative_to(here) else span.file
    return Blocked(file=shown, line=span.line, rule=rule, word=word, reason=reason if isinstance(reason, str) else "")


def _step(steps: Sequence[spec.Step], id: str) -> spec.Step | None:
    from flowrun.lint.check import inner_steps

    for step in steps:
        if step.id == id:
            return step
        for inner in inner_steps(step):
            found = _step(inner, id)
            if found is not None:
                return found
    return None


def questions_file(proved: Proved) -> str:
    """Return the text of a file that holds the answers: what it held it still holds, the rest as it is now."""
    lines = [HEAD, f"prove: {proved.flow}"]
    names = {"no": "never", "yes": "possible", "cannot tell": "unclear"}
    for name in names.values():
        listed = [each.question for each in proved.results if (each.held or names.get(each.answer)) == name]
        if listed:
            lines += [f"{name}:", *(f"  - {_quoted(text)}" for text in listed)]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    plain = not any(
        mark in text for mark in (": ", " #", '"', "'", "{", "}", "[", "]", "&", "*", "!", "|", "%", "@", "`")
    )
    return text if plain else "'" + text.replace("'", "''") + "'"


def write_questions(proved: Proved) -> Path:
    """Write the file that holds the answers. Raises `InputError` (FR3205) where it cannot be written."""
    path = Path(proved.file)
    try:
        path.write_text(questions_file(proved), encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise InputError(
            t("{file} cannot be written: {reason}.", file=path, reason=reason),
            help=t("Copy the flow into a workspace first: flowrun init."),
            code="FR3205",
        ) from None
    return path
