"""One way in: a plan and a question to an answer, and the questions that every flow is asked.

Owns: which part answers which question, and the list of usual dangers.
"""

from __future__ import annotations

from collections.abc import Iterator

from flowrun.core.compiled import CompiledPlan
from flowrun.plan import marks
from flowrun.plan.compile import steps_in
from flowrun.plan.model import FlowPlan
from flowrun.prove.answers import Answer, answer_call
from flowrun.prove.counts import answer_count
from flowrun.prove.known import check_names
from flowrun.prove.questions import Question, parse
from flowrun.prove.reaches import answer_reaches, answer_record


def answer(compiled: CompiledPlan, text: str) -> Answer:
    """Answer a question about a flow. Raises `InputError` (FR3201 to FR3204) where it cannot be asked."""
    plan = compiled.plan
    flows = [plan.flow, *plan.flows.values()]
    tools = dict.fromkeys(tool for flow in flows for tool in flow.tools)
    steps = [step.id for flow in flows for step in steps_in(flow.steps)]
    question = parse(text, list(tools), steps)
    check_names(compiled, question)
    return answered(compiled, question)


def answered(compiled: CompiledPlan, question: Question) -> Answer:
    """Answer a question that was read."""
    if question.kind == "reaches":
        return answer_reaches(compiled, question)
    if question.kind == "record":
        return answer_record(compiled, question)
    return answer_call(compiled, question) if question.plain else answer_count(compiled, question)


def usual(compiled: CompiledPlan) -> list[str]:
    """Return the questions about what is dangerous in a flow."""
    return list(dict.fromkeys(_usual(compiled)))


def _usual(compiled: CompiledPlan) -> Iterator[str]:
    plan = compiled.plan
    flows = [plan.flow, *plan.flows.values()]
    for flow in flows:
        for tool in flow.tools:
            contract = plan.tools.get(tool)
            if contract is not None and contract.effect == "write":
                yield f"{tool} without approval"
                most = _most(compiled, flow, tool)
                yield f"{tool} more than {'once' if most == 1 else f'{most} times'}"
                for path, schema, _ in marks.leaves(contract.input):
                    if len(path) == 1 and marks.role_of(path, schema) is not None:
                        yield f"{tool} with {path[0]} chosen by the model"
                        yield f"{tool} with {path[0]} from the message"
    if plan.flow.budget.writes is not None:
        yield f"writes > {plan.flow.budget.writes}"
    if plan.flow.budget.model_calls is not None:
        yield f"model_calls > {plan.flow.budget.model_calls}"
    schema = plan.schemas[plan.flow.input]
    for path, field, _ in marks.leaves(schema):
        if "x-pii" in field and any(True for each in flows for step in steps_in(each.steps) if hasattr(step, "prompt")):
            yield f"input.{'.'.join(part for part in path if part != marks.ITEM)} reaches the model"
    yield "completed without record"


def _most(compiled: CompiledPlan, flow: FlowPlan, tool: str) -> int:
    limits = [
        int(limit.limit)
        for rule, _ in compiled.rules_for(flow, tool)
        for limit in rule.at_most
        if limit.sum is None and limit.window == "run" and limit.per is None
    ]
    return min(limits, default=1)
