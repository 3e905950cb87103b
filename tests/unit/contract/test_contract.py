"""What a contract says of a flow: where arguments come from, money, data that reach a model, people and figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowrun.contract import model as c
from tests.unit.contract.kit import CONFIG, contract

LOOK = "  - {id: who, call: crm.lookup_customer, with: {email: '${{ input.email }}'}, on_error: hand_off}\n"
CRM = "  crm.lookup_customer: {}\n"
TEXTS = "subject: Hello, body: Hello"


def send(to: str) -> str:
    return f"  - {{id: mail, call: mail.send, with: {{to: '{to}', {TEXTS}}}, on_error: hand_off}}\n"


def use(found: c.Contract, tool: str) -> c.ToolUse:
    return next(one for one in found.uses if one.tool == tool)


def source(found: c.Contract, tool: str, argument: str) -> tuple[str, bool]:
    """Who says what an argument is, and whether text from outside gets there."""
    one = next(a for a in use(found, tool).arguments if a.name == argument)
    return one.sources[0].by, bool(one.sources[0].way)


def figure(found: c.Contract, name: str) -> tuple[float | None, float | None, float | None]:
    one = next(figure for figure in found.figures if figure.name == name)
    return one.steps, one.budget, one.most


@pytest.mark.parametrize(
    ("to", "by", "way"),
    [
        ('${{ steps.who.email | default("desk@example.com") }}', "tool", False),
        ("desk@example.com", "fixed", False),
        ("${{ input.email }}", "subject", False),
        ("${{ input.text }}", "input", True),
        ("${{ steps.read.to }}", "model", True),
    ],
)
def test_who_says_to_whom_mail_goes(tmp_path: Path, to: str, by: str, way: bool) -> None:
    answer = "{type: object, properties: {to: {type: string}}, required: [to], additionalProperties: false}"
    read = f"  - {{id: read, ask: 'To whom? ${{{{ input.text }}}}', answer: {answer}, on_error: hand_off}}\n"
    found = contract(tmp_path, f"{CRM}  mail.send: {{approve_when: true, approver: leads}}\n", LOOK + read + send(to))
    assert source(found, "mail.send", "to") == (by, way)


def test_what_the_model_fills_in_itself(tmp_path: Path) -> None:
    act = "  - {id: act, ask: 'Note it: ${{ input.text }}', tools: [crm.add_note], on_error: hand_off}\n"
    bound = "  crm.add_note: {at_most: 2, bind: {customer_id: '${{ steps.who.customer_id }}'}}\n"
    found = contract(tmp_path, CRM + bound, LOOK + act)
    assert source(found, "crm.add_note", "customer_id") == ("tool", False)
    assert source(found, "crm.add_note", "text") == ("model", True)
    assert (use(found, "crm.add_note").proposed, use(found, "crm.add_note").most) == (True, 2)


PAY = (
    "  - {id: pay, call: pay.refund, on_error: hand_off, "
    "with: {customer_id: C, order_id: O, amount: '${{ input.amount }}', reason: R}}\n"
)


@pytest.mark.parametrize(
    ("rule", "each", "total"),
    [
        ("approve_when: true, approver: leads", None, None),
        ('only_when: args.amount <= money("50 EUR")', 50, 50),
        ('only_when: money("50 EUR") >= args.amount', 50, 50),
        ('deny_when: args.amount > money("70 EUR")', 70, 70),
        ('deny_when: not (args.amount <= money("70 EUR") and args.reason == "x")', 70, 70),
        ('only_when: args.amount <= money("50 EUR") or args.reason == "x"', None, None),
        ('only_when: args.amount <= money("50 EUR") or args.amount < money("80 EUR")', 80, 80),
        ("at_most: {limit: 30 EUR, sum: args.amount}, approve_when: true, approver: leads", None, 30),
        ("at_most: {limit: 30 EUR, sum: args.amount, window: today}, approve_when: true, approver: leads", None, None),
        (
            "at_most: {limit: 30 EUR, sum: args.amount, per: args.order_id}, approve_when: true, approver: leads",
            None,
            None,
        ),
    ],
)
def test_how_much_money_may_move(tmp_path: Path, rule: str, each: float | None, total: float | None) -> None:
    found = contract(tmp_path, f"  pay.refund: {{{rule}}}\n", PAY)
    (money,) = use(found, "pay.refund").money
    assert (money.each, money.total, money.currency) == (each, total, "EUR")


def test_a_fixed_amount_in_a_loop_is_counted_by_its_items(tmp_path: Path) -> None:
    inner = PAY.replace("${{ input.amount }}", "${{ 20 }}").replace("  - {id", "{id").rstrip()
    steps = f"  - {{id: each, for_each: input.lines, steps: [{inner}]}}\n"
    (money,) = use(contract(tmp_path, "  pay.refund: {}\n", steps), "pay.refund").money
    assert (money.each, money.total) == (20, 60)


def test_what_reaches_the_model_and_in_which_form(tmp_path: Path) -> None:
    said = " ".join(f"${{{{ {name} }}}}" for name in ("input.text", "input.email", "input.iban", "steps.who.plan"))
    ask = f"  - {{id: read, ask: 'What? {said}', on_error: hand_off}}\n"
    found = contract(
        tmp_path,
        CRM,
        LOOK + ask,
        config=f"{CONFIG}privacy: {{email: {{to_model: token}}, free_text: {{to_model: deny}}}}\n",
    )
    (model,) = found.models
    shown = {one.field: (one.kind, one.untrusted, one.becomes) for one in model.shown}
    assert shown == {
        "input.text": ("free_text", True, "deny"),
        "input.email": ("email", True, "token"),
        "input.iban": ("secret", False, "deny"),
        "crm.lookup_customer: plan": ("", False, "allow"),
    }


def test_what_a_tool_gives_back_reaches_the_model_that_proposed_it(tmp_path: Path) -> None:
    act = "  - {id: act, ask: Find them., tools: [crm.lookup_customer], on_error: hand_off}\n"
    (model,) = contract(tmp_path, CRM, act).models
    kinds = {one.field: one.kind for one in model.shown}
    assert kinds["crm.lookup_customer: email"] == "email"
    assert kinds["crm.lookup_customer: last_tickets.*.summary"] == "free_text"


def test_values_are_followed_through_steps_that_only_hand_on(tmp_path: Path) -> None:
    steps = (
        "  - {id: said, set: '${{ input.text }}'}\n"
        "  - id: either\n    choose:\n"
        "      - {when: input.amount > 3, steps: [{id: a, set: '${{ steps.said }}'}]}\n"
        "      - {otherwise: [{id: b, set: '${{ steps.who.plan }}'}]}\n"
        "  - {id: read, ask: 'What? ${{ steps.either }}', on_error: hand_off}\n"
    )
    (model,) = contract(tmp_path, CRM, LOOK + steps).models
    assert [one.field for one in model.shown] == ["crm.lookup_customer: plan", "input.text"]


def test_whom_it_asks_and_what_becomes_of_late_answers(tmp_path: Path) -> None:
    form = "{type: object, properties: {ok: {type: boolean}}, required: [ok], additionalProperties: false}"
    steps = (
        "  - id: maybe\n    choose:\n"
        "      - when: input.amount > 50\n        steps:\n"
        f"          - {{id: look, ask_person: Look., to: leads, answer: {form}, within: 2h, on_error: continue}}\n"
        "      - otherwise:\n"
        f"          - {{id: chief, ask_person: Look., to: leads, answer: {form}, on_error: hand_off}}\n"
    )
    found = contract(tmp_path, "  crm.lookup_customer: {}\n", LOOK + steps)
    first, second = found.asked
    assert ([w.said.words for w in first.when], first.within, first.late) == (
        ["the amount of the input is over 50"], 7200, "continue"
    )  # fmt: skip
    assert [w.holds for w in second.when] == [False]
    # The role's deadline, and then that of the role that it hands on to.
    assert (second.within, second.late) == (4 * 3600 + 86_400, "hand_off")
    assert [role.name for role in found.roles] == ["leads", "chiefs"]
    assert figure(found, "waiting")[0] == 4 * 3600 + 86_400


def test_figures_of_the_steps_are_cut_by_the_budget(tmp_path: Path) -> None:
    ask = "  - {id: read, ask: 'What? ${{ input.text }}', answer: ANSWER, repair: 1, on_error: hand_off}\n".replace(
        "ANSWER", "{type: object, properties: {a: {type: string}}, required: [a], additionalProperties: false}"
    )
    found = contract(tmp_path, CRM, LOOK + ask)
    assert figure(found, "model_calls") == (6, 6, 6)
    assert figure(found, "tool_calls") == (4, 10, 4)
    assert figure(found, "writes") == (0, 4, 0)
    # Six calls, each with a full window and the longest reply.
    assert figure(found, "cost") == (6 * (10_000 + 500 * 2), 50_000, 50_000)


def test_a_model_without_a_price_is_said_so(tmp_path: Path) -> None:
    config = CONFIG.replace("price: {input: 1 USD, output: 2 USD}, ", "")
    ask = "  - {id: read, ask: What?, on_error: hand_off}\n"
    found = contract(tmp_path, CRM, LOOK + ask, config=config, budget="budget: {model_calls: 2}\n")
    cost = next(figure for figure in found.figures if figure.name == "cost")
    assert (cost.steps, cost.budget) == (None, None)
    assert any("small" in note for note in cost.notes)


def test_the_workspace_says_how_far_the_flow_may_go(tmp_path: Path) -> None:
    config = f"{CONFIG}modes: {{shop: supervised}}\nhalt: {{tools: [crm.lookup_customer, pay.refund]}}\nlimits: {{writes: 1}}\n"
    found = contract(tmp_path, CRM, LOOK, config=config)
    assert (found.mode, found.halted) == ("supervised", ["crm.lookup_customer"])
    assert figure(found, "writes")[1] == 1


def test_a_flow_that_is_called_is_told_with_its_own_tools(tmp_path: Path) -> None:
    sub = (
        "flow: note\nversion: 1\nowner: leads\n"
        "input: {type: object, properties: {id: {type: string}}, required: [id], additionalProperties: false}\n"
        "output: done@1\n"
        "budget: {writes: 1}\ntools:\n  crm.add_note: {}\nsteps:\n"
        "  - {id: n, call: crm.add_note, with: {customer_id: '${{ input.id }}', text: Hello}}\n"
        "  - {id: r, record: done@1, with: {done: true}}\n"
    )
    steps = "  - {id: sub, call: flows.note@1, with: {id: C-1}, on_error: hand_off}\n"
    found = contract(tmp_path, "  flows.note@1: {}\n", steps, files={"note.flow.yaml": sub})
    assert [(one.flow, one.tool, one.most) for one in found.uses] == [
        ("shop", "flows.note", 1),
        ("note", "crm.add_note", 1),
    ]
    assert figure(found, "writes") == (1, 4, 1)


def test_how_a_run_can_end(tmp_path: Path) -> None:
    found = contract(
        tmp_path, "  crm.add_note: {}\n", "  - {id: n, call: crm.add_note, with: {customer_id: C, text: T}}\n"
    )
    assert found.outcomes == ["completed", "stopped_by_budget", "in_doubt", "failed", "cancelled"]
    quiet = "  - {id: n, call: crm.lookup_customer, with: {email: a@example.com}, on_error: continue}\n"
    config_free = contract(tmp_path, CRM, quiet)
    assert config_free.outcomes == ["completed", "completed_with_gaps", "stopped_by_budget", "failed", "cancelled"]
