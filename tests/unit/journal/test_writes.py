"""What the write ledger says of writes that were allowed and never made."""

from __future__ import annotations

import pytest

from flowrun.app.writes import told
from flowrun.core import events as ev
from flowrun.core.execute import natural_digest
from flowrun.insight.summary import summarise
from flowrun.journal.writes import writes
from flowrun.plan.model import ToolPlan

AT = "2026-03-02T09:00:00.000000Z"
START = ev.RunStarted(path="", at=AT, run="01a", flow="pay", version=1, plan="", input={}, key="k")


def allowed(path: str) -> ev.Decided:
    verdict = ev.Verdict(path=path, tool="bank.pay", args={}, digest=path, verdict="allow", key=path, effect="write")
    return ev.Decided(path=path, at=AT, verdicts=[verdict])


def stopped(path: str, kind: str = "budget") -> ev.StepFailed:
    fault = ev.Fault(kind=kind, message="The budget for writes is spent.")
    return ev.StepFailed(path=path, at=AT, step=path, fault=fault, on_error="fail")


def test_a_write_that_the_budget_stopped_is_told_as_refused() -> None:
    (write,) = writes([START, allowed("all/4/pay"), stopped("all/4/pay")])
    assert (write.decision, told(write)) == ("refused", "refused by budget: The budget for writes is spent.")
    (again,) = writes(
        [START, allowed("p"), stopped("p"), ev.Intended(path="p", at=AT, tool="bank.pay", args={}, digest="p", key="p")]
    )
    assert (again.decision, again.state, again.reason) == ("allow", "reserved", "")


def test_a_step_beside_the_one_that_failed_keeps_its_write() -> None:
    (write,) = writes([START, allowed("all/41/pay"), stopped("all/4")])
    assert (write.decision, told(write)) == ("allow", "allowed")


@pytest.mark.parametrize("reason", ["", "Enough."])
def test_what_was_allowed_and_not_begun_at_the_end_is_told_as_not_made(reason: str) -> None:
    (write,) = writes([START, allowed("p"), ev.RunFinished(path="", at=AT, outcome="cancelled", reason=reason)])
    assert told(write) == f"not made: {reason or 'The run ended before.'}"


@pytest.mark.parametrize(
    ("read", "tokens", "shown"), [(2_000_000_000_000, 900, 900), (10, 10, 10), (-5, 0, 0), (7, 0, 7)]
)
def test_a_usage_that_cannot_be_true_is_shown_as_what_was_charged(read: int, tokens: int, shown: int) -> None:
    usage = ev.Usage(input_tokens=read, output_tokens=0)
    reply = ev.ModelReplied(path="a", at=AT, model="m", mode="text", usage=usage, tokens=tokens)
    assert summarise([START, reply]).usage.model_tokens == shown


def test_a_natural_key_is_one_however_an_accent_was_typed() -> None:
    tool = ToolPlan(name="bank.pay", title="Pay", effect="write", input={}, output={}, once={"natural": ["who"]})
    one, two, other = (natural_digest(tool, {"who": [{name: name}]}) for name in ("Jos\u00e9", "Jose\u0301", "Jose"))
    assert one == two != other
