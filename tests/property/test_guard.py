"""The guard: rules can only tighten, what is not known denies, and no limit is passed within a turn.

Rules, arguments, facts and what was used before are random; the promises are those of "Rules on tools" in the language.
"""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from flowrun.core.commands import Proposal, Propose
from flowrun.core.compiled import CompiledPlan
from flowrun.core.events import Decided, Intended, Verdict
from flowrun.core.execute import call_digest
from flowrun.guard import decide, facts_needed
from flowrun.plan.model import FactPlan, LimitPlan, PolicyPlan, RulePlan
from flowrun.values.micros import micros
from flowrun.values.names import Names
from tests.property.plans import lit, make_plan, plans
from tests.property.simulation import Simulation

NOW = "2026-03-02T09:00:00.000000Z"
TOOLS = ["crm.read", "desk.plain", "desk.header"]
N = ["attr", ["name", "args"], "n"]
WHO = ["attr", ["name", "args"], "who"]
FACT = ["attr", ["attr", ["name", "facts"], "r"], "open"]
STRICTER = {"allow": 0, "ask": 1, "deny": 2}

conditions = st.sampled_from(
    [
        lit(True),
        lit(False),
        lit(None),
        lit("yes"),
        ["cmp", "<", N, lit(2)],
        ["cmp", "==", WHO, lit("C1")],
        ["none", WHO],
        ["cmp", "==", FACT, lit(True)],
        ["not", FACT],
    ]
)
limits = st.builds(
    LimitPlan,
    limit=st.sampled_from([0.0, 1.0, 2.0, 5.0]),
    sum=st.sampled_from([None, N]),
    per=st.sampled_from([None, WHO]),
    window=st.sampled_from(["run", "ever", "today", 3600.0]),
)


@st.composite
def rules(draw: st.DrawFn, id: str = "r") -> RulePlan:
    """Draw a policy's rule; it names its fact where a condition uses it, as `plan.compile` does."""
    words: dict[str, Any] = {}
    for word in draw(st.lists(st.sampled_from(["only_when", "deny_when", "approve_when"]), max_size=2)):
        words[word] = draw(conditions)
    uses = any("facts" in str(node) for node in words.values())
    return RulePlan(
        id=id,
        source="p@1",
        tools=draw(st.lists(st.sampled_from(TOOLS), min_size=1, unique=True)),
        at_most=draw(st.lists(limits, max_size=2)),
        needs_before=draw(st.sampled_from([[], [], [], ["crm.read"]])),
        approver=draw(st.lists(st.sampled_from(["lead", "finance"]), unique=True)),
        facts=["r"] if uses else [],
        **words,
    )


arguments = st.fixed_dictionaries({}, optional={"n": st.integers(0, 3), "who": st.sampled_from(["C1", "C2", None])})
known_facts = st.sampled_from([{}, {("p@1", "r"): None}, {("p@1", "r"): {"open": True}}, {("p@1", "r"): {"open": 1}}])
used = st.sampled_from([0.0, 1.0, 2.0])


def compiled_with(found: list[RulePlan], flow_rules: list[RulePlan] | None = None) -> CompiledPlan:
    """Return a plan whose flow is under one policy with these rules."""
    renamed = [msgspec.structs.replace(rule, id=f"r{place}") for place, rule in enumerate(found)]
    policy = PolicyPlan(
        name="p", version=1, rules=renamed, facts={"r": FactPlan(call="crm.read", with_=["dict", [["n", N]]])}
    )
    return make_plan([], policies={"p@1": policy}, rules=flow_rules)


def turn(
    compiled: CompiledPlan,
    calls: list[tuple[str, dict[str, Any]]],
    *,
    facts: dict[tuple[str, str], Any] | None = None,
    taken: float = 0.0,
    names: Names | None = None,
    **more: Any,
) -> list[Verdict]:
    """Have a turn of calls judged."""
    halted = more.pop("halted", {})
    proposals = [
        Proposal(path=f"t/{n}", tool=tool, args=args, bound=more.get("bound", {}), key=str(n))
        for n, (tool, args) in enumerate(calls)
    ]
    request = Propose(
        path="t",
        flow=compiled.plan.flow,
        proposals=proposals,
        names=names or Names(),
        used=more.get("used", {}),
        limits=more.get("limits", {}),
        approved=more.get("approved", []),
        met=more.get("met", []),
        mode=more.get("mode", "live"),
    )
    known = [facts or {} for _ in calls]
    return decide(
        compiled,
        request,
        facts=known,
        usage=lambda counter, since, holds: micros(taken, up=True) or 0,
        now=NOW,
        halted=halted,
    )


some_calls = st.lists(st.tuples(st.sampled_from(TOOLS), arguments), min_size=1, max_size=5)


@settings(max_examples=300)
@given(st.lists(rules(), max_size=4), rules(), st.integers(0, 4), st.sampled_from(TOOLS), arguments, known_facts, used)
def test_one_more_rule_never_loosens(
    found: list[RulePlan],
    more: RulePlan,
    place: int,
    tool: str,
    args: dict[str, Any],
    facts: dict[tuple[str, str], Any],
    taken: float,
) -> None:
    before = turn(compiled_with(found), [(tool, args)], facts=facts, taken=taken)[0]
    after = turn(compiled_with([*found[:place], more, *found[place:]]), [(tool, args)], facts=facts, taken=taken)[0]
    assert STRICTER[after.verdict] >= STRICTER[before.verdict]
    if after.verdict == "ask":
        assert set(before.approvers) <= set(after.approvers)


@settings(max_examples=200)
@given(st.lists(rules(), max_size=4), some_calls, known_facts, used)
def test_a_decision_is_a_function_of_its_values(
    found: list[RulePlan],
    calls: list[tuple[str, dict[str, Any]]],
    facts: dict[tuple[str, str], Any],
    taken: float,
) -> None:
    compiled = compiled_with(found)
    first = turn(compiled, calls, facts=facts, taken=taken)
    assert first == turn(compiled_with(found), calls, facts=facts, taken=taken)
    assert [v.path for v in first] == [f"t/{n}" for n in range(len(calls))]
    for verdict, (tool, args) in zip(first, calls, strict=True):
        assert verdict.digest == call_digest(tool, args)
        assert (verdict.verdict == "deny") == bool(verdict.denials) == (verdict.denied_by is not None)
        assert (verdict.verdict == "ask") == bool(verdict.approvers)


@settings(max_examples=300)
@given(st.lists(rules(), max_size=3), limits, some_calls, known_facts, used)
def test_no_limit_is_passed_within_a_turn(
    found: list[RulePlan],
    limit: LimitPlan,
    calls: list[tuple[str, dict[str, Any]]],
    facts: dict[tuple[str, str], Any],
    taken: float,
) -> None:
    capped = RulePlan(id="cap", source="p@1", tools=TOOLS, at_most=[limit])
    verdicts = turn(compiled_with([capped, *found]), calls, facts=facts, taken=taken)
    before = 0.0 if limit.window == "run" else taken
    amounts: dict[Any, float] = {}
    for verdict in verdicts:
        if verdict.verdict == "deny":
            continue
        assert limit.per is None or verdict.args.get("who") is not None
        assert limit.sum is None or "n" in verdict.args
        per = verdict.args.get("who") if limit.per is not None else None
        amounts[per] = amounts.get(per, 0.0) + (verdict.args["n"] if limit.sum is not None else 1)
    assert all(before + amount <= limit.limit for amount in amounts.values())


@settings(max_examples=150)
@given(st.lists(rules(), max_size=3), some_calls, st.integers(0, 3), st.integers(0, 3))
def test_no_budget_is_passed_within_a_turn(
    found: list[RulePlan], calls: list[tuple[str, dict[str, Any]]], room: int, before: int
) -> None:
    verdicts = turn(
        compiled_with(found),
        calls,
        used={"tool_calls": before, "writes": before},
        limits={"tool_calls": before + room + 1, "writes": before + room},
    )
    going = [v for v in verdicts if v.verdict != "deny"]
    assert len(going) <= room + 1
    assert len([v for v in going if v.effect == "write"]) <= room


@given(st.sampled_from(["only_when", "deny_when", "approve_when"]), st.sampled_from(TOOLS), arguments)
def test_a_null_denies_whatever_rule_it_stands_in(word: str, tool: str, args: dict[str, Any]) -> None:
    for unknown in (lit(None), lit("yes"), ["cmp", "<", ["attr", ["name", "args"], "missing"], lit(1)]):
        rule = RulePlan(id="r", source="p@1", tools=[tool], **{word: unknown})
        assert turn(compiled_with([rule]), [(tool, args)])[0].verdict == "deny"


@given(st.sampled_from(["only_when", "deny_when", "approve_when"]), st.sampled_from(TOOLS), arguments)
def test_a_missing_fact_denies_whatever_the_condition_makes_of_it(word: str, tool: str, args: dict[str, Any]) -> None:
    always = {"only_when": ["or", [["none", FACT], lit(True)]], "deny_when": lit(False), "approve_when": lit(False)}
    rule = RulePlan(id="r", source="p@1", tools=[tool], facts=["r"], **{word: always[word]})
    compiled = compiled_with([rule])
    assert turn(compiled, [(tool, args)])[0].verdict == "deny"
    assert turn(compiled, [(tool, args)], facts={("p@1", "r"): {"open": True}})[0].verdict == "allow"


@given(arguments, arguments, st.sampled_from(TOOLS))
def test_the_flows_own_arguments_win_and_rules_see_them(args: dict[str, Any], bound: dict[str, Any], tool: str) -> None:
    rule = RulePlan(id="r", source="p@1", tools=[tool], only_when=["cmp", "==", WHO, lit("C1")])
    verdict = turn(compiled_with([rule]), [(tool, args)], bound=bound)[0]
    assert verdict.args == {**args, **bound}
    assert verdict.digest == call_digest(tool, {**args, **bound})
    assert (verdict.verdict == "allow") == ({**args, **bound}.get("who") == "C1")


@given(st.text(max_size=20), arguments)
def test_a_tool_that_the_flow_does_not_list_is_denied(tool: str, args: dict[str, Any]) -> None:
    compiled = compiled_with([])
    listed = tool in compiled.plan.flow.tools
    assert (turn(compiled, [(tool, args)])[0].verdict == "allow") == listed


@given(st.lists(st.lists(st.sampled_from(["lead", "finance", "board"]), unique=True), min_size=1, max_size=3))
def test_rules_that_ask_are_merged_into_one_list_of_people(lists: list[list[str]]) -> None:
    found = [
        RulePlan(id=f"r{n}", source="p@1", tools=["desk.plain"], approve_when=lit(True), approver=names)
        for n, names in enumerate(lists)
    ]
    verdict = turn(compiled_with(found), [("desk.plain", {})])[0]
    wanted = [role for names in lists for role in (names or ["lead"])]
    assert verdict.approvers == list(dict.fromkeys(wanted))


@settings(max_examples=200)
@given(st.lists(rules(), max_size=4), st.sampled_from(TOOLS), arguments, known_facts, used)
def test_a_yes_lifts_approval_and_nothing_else(
    found: list[RulePlan], tool: str, args: dict[str, Any], facts: dict[tuple[str, str], Any], taken: float
) -> None:
    compiled = compiled_with(found)
    before = turn(compiled, [(tool, args)], facts=facts, taken=taken)[0]
    met = before.approvers
    after = turn(compiled, [(tool, args)], facts=facts, taken=taken, approved=[before.digest], met=met)[0]
    assert after.verdict == ("deny" if before.verdict == "deny" else "allow")
    other = turn(compiled, [(tool, args)], facts=facts, taken=taken, approved=["another digest"], met=met)[0]
    assert other == before
    for missing in met:
        rest = [role for role in met if role != missing]
        some = turn(compiled, [(tool, args)], facts=facts, taken=taken, approved=[before.digest], met=rest)[0]
        assert (some.verdict, some.approvers) == ("ask", [missing])


@given(st.lists(rules(), max_size=4), st.sampled_from(TOOLS), arguments, known_facts)
def test_a_supervised_run_asks_before_each_write_and_is_otherwise_as_strict(
    found: list[RulePlan], tool: str, args: dict[str, Any], facts: dict[tuple[str, str], Any]
) -> None:
    compiled = compiled_with(found)
    live = turn(compiled, [(tool, args)], facts=facts)[0]
    asked = turn(compiled, [(tool, args)], facts=facts, mode="supervised")[0]
    assert (asked.verdict == "deny") == (live.verdict == "deny")
    assert asked.denials == live.denials
    if live.verdict != "deny" and live.effect == "write":
        assert asked.verdict == "ask"
        assert asked.approvers == list(dict.fromkeys([*live.approvers, compiled.plan.flow.owner]))
    else:
        assert asked == live


@given(arguments)
def test_a_halted_tool_is_denied_and_the_first_denial_is_the_reason(args: dict[str, Any]) -> None:
    compiled = compiled_with(
        [
            RulePlan(id="a", source="p@1", tools=["desk.plain"], deny_when=lit(True), reason="first in the file"),
            RulePlan(id="b", source="p@1", tools=["desk.plain"], needs_before=["crm.read"], reason="read first"),
        ]
    )
    assert turn(compiled, [("desk.plain", args)], halted={"desk.plain": "stop"})[0].denied_by == "halt"
    verdict = turn(compiled, [("desk.plain", args)])[0]
    assert (verdict.denied_by, verdict.reason) == ("r1", "read first")
    assert verdict.denials == ["r1", "r0"]


def test_a_limit_in_money_denies_another_currency() -> None:
    limit = LimitPlan(limit=50.0, currency="EUR", sum=["money", N, WHO], window="today")
    compiled = compiled_with([RulePlan(id="r", source="p@1", tools=["desk.plain"], at_most=[limit])])
    verdicts = [turn(compiled, [("desk.plain", {"n": 40, "who": code})])[0].verdict for code in ("EUR", "USD")]
    assert verdicts == ["allow", "deny"]


@given(st.lists(rules(), max_size=4), st.sampled_from(TOOLS), arguments)
def test_a_fact_is_read_once_and_only_where_a_rule_of_the_call_uses_it(
    found: list[RulePlan], tool: str, args: dict[str, Any]
) -> None:
    compiled = compiled_with(found)
    proposal = Proposal(path="t/0", tool=tool, args=args, bound={}, key="")
    request = Propose(
        path="t", flow=compiled.plan.flow, proposals=[proposal], names=Names(), used={}, limits={}, approved=[]
    )
    reads = facts_needed(compiled, request, proposal, NOW)
    assert len(reads) == (1 if any(tool in rule.tools and rule.facts for rule in found) else 0)
    for read in reads:
        assert read.args == ({"n": args["n"]} if "n" in args else None)


@settings(max_examples=100)
@given(plans(), st.integers(0, 2**32))
def test_what_was_denied_is_never_intended(compiled: CompiledPlan, seed: int) -> None:
    run = Simulation(compiled, seed)
    run.run()
    judged: dict[str, Verdict] = {}
    for event in run.events:
        if isinstance(event, Decided):
            judged.update({verdict.path: verdict for verdict in event.verdicts})
        elif isinstance(event, Intended):
            verdict = judged[event.path.partition("~")[0]]
            assert verdict.verdict == "allow"
            assert (verdict.digest, verdict.args) == (event.digest, event.args)
