"""A flow, policy, tool, test, example or workspace file becomes typed values, or None with all findings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowrun.lang import spec
from flowrun.lang.parse import (
    SHAPES,
    kind_of,
    parse_examples,
    parse_file,
    parse_flow,
    parse_policy,
    parse_test,
    parse_tools,
    parse_workspace,
)
from flowrun.lang.source import Source

OK = Path(__file__).parents[2] / "corpus" / "ok"
HEAD = "flow: a\nversion: 1\nowner: o\ninput: i@1\noutput: r@1\n"


def source(name: str) -> Source:
    return Source(name, (OK / name).read_text(encoding="utf-8"))


def test_the_whole_flow_of_the_language() -> None:
    flow, found = parse_flow(source("support_to_ticket.flow.yaml"))
    assert flow is not None and not found
    assert (flow.flow, flow.version, flow.owner, str(flow.input)) == (
        "support_to_ticket",
        1,
        "support_leads",
        "support_message@1",
    )
    assert flow.budget is not None
    assert (flow.budget.cost, flow.budget.currency, flow.budget.within) == (50_000, "USD", 120.0)
    rule = flow.tools["desk.create_ticket"]
    assert (rule.id, rule.tools, rule.approver) == ("desk.create_ticket", ("desk.create_ticket",), ("support_leads",))
    assert rule.at_most[0].limit == 1 and rule.at_most[0].window == "run"
    assert list(rule.bind) == ["customer_id"]
    assert flow.tools["crm.lookup_customer"].at_most == ()
    kinds = [type(step) for step in flow.steps]
    assert kinds == [spec.Call, spec.Ask, spec.Choose, spec.Ask, spec.Record]
    choose = flow.steps[2]
    assert isinstance(choose, spec.Choose)
    assert choose.choose[1].when is None
    person = choose.choose[0].steps[0]
    assert isinstance(person, spec.AskPerson)
    assert (person.to, person.within, person.on_error, person.show[0].text) == (
        "support_leads",
        14_400.0,
        "hand_off",
        "input.text",
    )
    triage = flow.steps[1]
    assert isinstance(triage, spec.Ask)
    assert [(expr.text, expr.span.line) for expr in triage.ask.exprs] == [
        ("input.text", 37),
        ("steps.customer.plan", 39),
        ("steps.customer.open_invoices", 39),
    ]
    assert flow.at["budget"].line == 25
    assert set(flow.results) == {"resolved", "value"}


def test_every_other_verb() -> None:
    flow, _ = parse_flow(source("other_verbs.flow.yaml"))
    assert flow is not None
    each, both, reply, declined = flow.steps
    assert isinstance(each, spec.ForEach) and each.for_each.text == "input.lines"
    assert isinstance(both, spec.Parallel) and list(both.parallel) == ["mail", "note"]
    assert isinstance(reply, spec.WaitFor) and str(reply.event) == "contact.replied@1" and reply.key is not None
    assert isinstance(declined, spec.Stop) and declined.reason is not None and declined.stop == "rejected"


def test_limits_and_waits_in_every_form() -> None:
    flow, _ = parse_flow(source("shapes.flow.yaml"))
    assert flow is not None
    limits = flow.tools["pay.refund"].at_most
    assert [(limit.limit, limit.currency, limit.window) for limit in limits] == [
        (3, None, "run"),
        (1, None, "ever"),
        (500.5, "EUR", 604_800.0),
    ]
    steps = {step.id: step for step in flow.steps}
    waits = [steps[name] for name in "cde"]
    assert [(wait.duration, wait.moment is not None) for wait in waits if isinstance(wait, spec.WaitFor)] == [
        (172_800.0, False),
        (None, True),
        (None, True),
    ]
    words = steps["f"]
    assert isinstance(words, spec.Set)
    assert words.set.node[1][0] == ["no", ["lit", "no"]]


def test_a_policy() -> None:
    policy, _ = parse_policy(source("airline.policy.yaml"))
    assert policy is not None
    assert policy.facts["r"].call == "air.get_reservation" and policy.facts["r"].name == "r"
    assert policy.rules[0].tools == ("air.cancel", "air.get_reservation")
    assert policy.rules[0].needs_before == ("air.find_user",)
    assert policy.rules[5].approver == ("billing_leads", "finance")
    assert policy.rules[3].approve_when is not None and policy.rules[3].approve_when.node == ["lit", True]
    assert policy.rules[6].at_most[0].currency == "EUR"
    assert policy.tests[0].before[0]["output"] == {"user_id": "U1"}
    assert policy.tables["free_bags"]["gold"] == {"economy": 3, "business": 3}


def test_a_tool_file() -> None:
    tools, _ = parse_tools(source("desk.tools.yaml"))
    assert tools is not None
    action = tools.actions["create_ticket"]
    assert (action.name, action.effect, action.once, action.within, action.rate) == (
        "create_ticket",
        "write",
        {"header": "Idempotency-Key"},
        10.0,
        "5/s",
    )
    assert action.options == {"operation": "createTicket"}
    assert tools.auth["bearer"].exprs[0].text == "secret.DESK_TOKEN"


def test_a_test_file_and_examples() -> None:
    test, _ = parse_test(source("delivered_twice.test.yaml"))
    assert test is not None
    assert (test.deliver, test.crash_after, test.expect.outcome) == (2, "desk.create_ticket", "completed")
    assert test.expect.calls == {"desk.create_ticket": 1} and test.expect.attempts is None
    assert test.model["act"][1] == {"answer": "done"}
    examples, _ = parse_examples(source("support_to_ticket.examples.yaml"))
    assert examples is not None
    assert examples.examples[1].propose[0]["desk.create_ticket"].exprs[0].text == "input.text | truncate(80)"


def test_a_workspace() -> None:
    workspace, _ = parse_workspace(source("flowrun.yaml"))
    assert workspace is not None
    small = workspace.models["small"]
    assert small.price is not None and (small.price.input, small.price.output) == (150_000, 600_000)
    assert workspace.roles["billing_leads"].then == "finance"
    assert [(t.kind, t.source) for t in workspace.triggers] == [("webhook", "helpdesk"), ("schedule", "0 7 * * 1-5")]
    assert workspace.privacy == {"email": "token"}
    assert workspace.halt.tools == ("mail.send",)


def test_an_empty_workspace_has_defaults() -> None:
    workspace, found = parse_workspace(Source("flowrun.yaml", "{}\n"))
    assert workspace is not None and not found
    assert (workspace.time_zone, workspace.language, workspace.egress) == ("UTC", "en", None)


def test_an_error_anywhere_gives_no_flow_and_a_warning_does() -> None:
    good = HEAD + "steps:\n  - {id: a, set: 1}\n"
    assert parse_flow(Source("a.flow.yaml", good))[0] is not None
    flow, found = parse_flow(Source("a.flow.yaml", good + "tools: {crm.find: {deny_when: input.a = 1}}\n"))
    assert flow is None and [d.rule for d in found] == ["single-equals"]
    flow, found = parse_flow(Source("a.flow.yaml", good + "title: For ${{ input.a }}\n"))
    assert flow is not None and [d.severity for d in found] == ["warning"]


def test_findings_are_all_reported_in_the_order_of_the_file() -> None:
    text = HEAD + "titel: x\nsteps:\n  - {id: a, set: 1, wen: true}\n  - {id: a, stop: x}\nbudget: {cost: 1}\n"
    _, found = parse_flow(Source("a.flow.yaml", text))
    assert [d.rule for d in found] == ["unknown-key", "unknown-key", "duplicate-step", "bad-choice", "bad-money"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("x/refunds.flow.yaml", "flow"),
        ("refunds.flow.yml", "flow"),
        ("C:\\x\\a.policy.yaml", "policy"),
        ("a.tools.yaml", "tools"),
        ("a.test.yaml", "test"),
        ("a.examples.yaml", "examples"),
        ("x/flowrun.yaml", "workspace"),
        ("a.yaml", None),
        ("a.json", None),
    ],
)
def test_the_name_says_the_kind(name: str, kind: str | None) -> None:
    assert kind_of(name) == kind


values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["a", "crm.find", "x@1", "${{ input.a }}", "3d"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                sorted({key.name for shape in SHAPES.values() for key in shape.keys} | {"id", "set", "call"})
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(values, st.sampled_from(sorted(SHAPES)))
def test_no_value_in_any_place_raises(value: object, kind: str) -> None:
    import json

    parsed, found = parse_file(Source("a.yaml", json.dumps(value)), kind)
    assert (parsed is None) == any(item.severity == "error" for item in found)


def test_very_many_mistakes_end_in_one_last_finding() -> None:
    _, found = parse_flow(Source("a.flow.yaml", "{" + ", ".join(f"k{n}: 1" for n in range(20_000)) + "}"))
    assert len(found) == 201
    assert found[-1].rule == "too-many-findings"
    text = HEAD + 'steps:\n  - {id: a, ask: "' + "${{ x }} " * 20_000 + '"}\n'
    _, found = parse_flow(Source("a.flow.yaml", text))
    assert [d.rule for d in found] == ["unknown-name"] * 20
    _, found = parse_flow(Source("a.flow.yaml", "a: 1\n" * 20_000))
    assert [d.rule for d in found].count("duplicate-key") == 1


def test_parsing_loads_nothing_heavy() -> None:
    heavy = ["asyncio", "openai", "instructor", "pydantic", "sqlite3", "socket", "jinja2", "jsonschema_rs", "sklearn"]
    code = f"import sys, flowrun.lang.parse; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
