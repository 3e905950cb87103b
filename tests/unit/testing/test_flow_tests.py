"""What a `*.test.yaml` promises: it passes for the right reason, and says in plain words why it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.testing.kit import CUSTOMER, FLOW, TICKET, args, case, run

TWICE = f"[{{error: times_out_after_success}}, {TICKET}]"


def tools(ticket: str) -> str:
    return f"{{crm.lookup_customer: {CUSTOMER}, desk.create_ticket: {ticket}}}"


def proposing(severity: str) -> str:
    return f"{{act: [{{propose: [{{desk.create_ticket: {args(severity)}}}]}}, {{text: Done.}}]}}"


def passed(folder: Path, text: str, *, flow: str = FLOW) -> None:
    result = run(folder, text, flow=flow)
    assert result.messages == [] and result.ok


def failed(folder: Path, text: str, *, flow: str = FLOW) -> str:
    result = run(folder, text, flow=flow)
    assert not result.ok
    return "\n".join(result.messages)


def test_a_run_that_does_what_is_expected_passes(tmp_path: Path) -> None:
    passed(
        tmp_path,
        case(
            expect="{outcome: completed, calls: {desk.create_ticket: 1, crm.lookup_customer: 1}, "
            "attempts: {desk.create_ticket: 1}, record: {ticket: T-1}, decisions: {desk.create_ticket: allow}, "
            "world: {desk.create_ticket: [{severity: high, ticket_id: T-1, category: billing_dispute}]}}"
        ),
    )


@pytest.mark.parametrize(
    ("expect", "words"),
    [
        ("{outcome: handed_off}", "The outcome should be handed_off and is completed."),
        ("{calls: {desk.create_ticket: 2}}", "desk.create_ticket had an effect 1 times, not 2."),
        ("{attempts: {desk.create_ticket: 0}}", "desk.create_ticket was tried 1 times, not 0."),
        (
            "{calls: {desk.create_tickt: 0}}",
            "There is no tool desk.create_tickt in this flow. Did you mean `desk.create_ticket`?",
        ),
        ("{record: {ticket: T-2}}", 'record.ticket should be "T-2" and is "T-1".'),
        ("{record: {queue: a}}", "record has no `queue`; it has ticket."),
        ("{record: null}", "record should be null"),
        (
            "{decisions: {desk.create_ticket: deny}}",
            "The decisions on desk.create_ticket should be deny and are allow.",
        ),
        ("{decisions: {pay.refund: [allow]}}", "The decisions on pay.refund should be allow and are none."),
        ("{world: {desk.create_ticket: []}}", "world.desk.create_ticket should have 0 entries and has 1"),
    ],
)
def test_what_is_not_as_expected_is_said_with_its_place(tmp_path: Path, expect: str, words: str) -> None:
    message = failed(tmp_path, case(expect=expect))
    assert words in message
    assert message.startswith(f"{tmp_path}/a.test.yaml:9: ")


def test_a_repeated_write_gives_its_first_result_and_counts_once(tmp_path: Path) -> None:
    expect = "{outcome: completed, calls: {desk.create_ticket: 1}, attempts: {desk.create_ticket: 2}}"
    passed(tmp_path, case(expect=expect, tools=tools(TWICE)))


def test_a_crash_after_the_effect_opens_no_second_ticket(tmp_path: Path) -> None:
    expect = "{outcome: completed, calls: {desk.create_ticket: 1}, attempts: {desk.create_ticket: 2}}"
    passed(tmp_path, case(expect=expect, more="crash_after: desk.create_ticket"))


def test_a_crash_after_a_read_reads_again(tmp_path: Path) -> None:
    expect = "{outcome: completed, calls: {crm.lookup_customer: 1}, attempts: {crm.lookup_customer: 2}}"
    passed(tmp_path, case(expect=expect, more="crash_after: crm.lookup_customer"))


def test_a_crash_also_comes_after_an_approval(tmp_path: Path) -> None:
    passed(
        tmp_path,
        case(
            expect="{outcome: completed, calls: {desk.create_ticket: 1}}",
            model=proposing("critical"),
            given="people: {desk.create_ticket: approve}",
            more="crash_after: desk.create_ticket",
        ),
    )


def test_a_crash_that_never_comes_is_no_success(tmp_path: Path) -> None:
    text = case(
        expect="{outcome: completed}", model="{act: {text: Nothing to do.}}", more="crash_after: desk.create_ticket"
    )
    assert "desk.create_ticket was never called, so nothing crashed." in failed(tmp_path, text)


def test_the_same_input_twice_is_one_run(tmp_path: Path) -> None:
    passed(tmp_path, case(expect="{outcome: completed, calls: {desk.create_ticket: 1}}", more="deliver: 3"))


def test_without_a_key_a_second_delivery_is_told(tmp_path: Path) -> None:
    flow = FLOW.replace("key: input.id\n", "")
    message = failed(tmp_path, case(expect="{outcome: completed}", more="deliver: 2"), flow=flow)
    assert "arrived 2 times and made 2 runs" in message


@pytest.mark.parametrize(
    ("word", "expect"),
    [
        ("approve", "{outcome: completed, calls: {desk.create_ticket: 1}, decisions: {desk.create_ticket: approve}}"),
        ("reject", "{outcome: completed, calls: {desk.create_ticket: 0}, record: {ticket: null}}"),
        ("late", "{outcome: completed, calls: {desk.create_ticket: 0}}"),
    ],
)
def test_people_say_yes_no_or_nothing(tmp_path: Path, word: str, expect: str) -> None:
    passed(tmp_path, case(expect=expect, model=proposing("critical"), given=f"people: {{desk.create_ticket: {word}}}"))


def test_an_approval_that_nobody_gives_leaves_the_run_waiting(tmp_path: Path) -> None:
    passed(tmp_path, case(expect="{outcome: waiting, calls: {desk.create_ticket: 0}}", model=proposing("critical")))
    message = failed(tmp_path, case(expect="{outcome: completed}", model=proposing("critical")))
    assert "The outcome should be completed and is waiting. leads must answer" in message


def test_a_word_that_does_not_fit_an_approval_is_told(tmp_path: Path) -> None:
    text = case(expect="{}", model=proposing("critical"), given="people: {desk.create_ticket: maybe}")
    assert "Write approve, reject, late or {edit: {ARGUMENT: VALUE}}." in failed(tmp_path, text)


@pytest.mark.parametrize(
    ("fault", "outcome", "effects"),
    [("fails", "handed_off", 0), ("times_out_after_success", "handed_off", 1), ("malformed", "handed_off", 1)],
)
def test_faults_reach_the_flow(tmp_path: Path, fault: str, outcome: str, effects: int) -> None:
    expect = f"{{outcome: {outcome}, calls: {{desk.create_ticket: {effects}}}}}"
    passed(tmp_path, case(expect=expect, tools=tools(f"{{error: {fault}}}")))


def test_a_hand_off_can_be_answered_or_closed(tmp_path: Path) -> None:
    down = tools("{error: fails}")
    passed(
        tmp_path,
        case(expect="{outcome: completed}", tools=down, given="people: {act: The ticket was opened by phone.}"),
    )
    passed(tmp_path, case(expect="{outcome: handed_off}", tools=down, given="people: {act: close}"))


def test_what_the_test_does_not_give_is_told_and_never_real(tmp_path: Path) -> None:
    no_ticket = f"{{crm.lookup_customer: {CUSTOMER}}}"
    message = failed(tmp_path, case(expect="{outcome: handed_off}", tools=no_ticket))
    assert "called desk.create_ticket, and the test says nothing about it" in message
    message = failed(tmp_path, case(expect="{outcome: handed_off}", model="{}"))
    assert "The test says nothing about what the model answers in step act." in message
    message = failed(tmp_path, case(expect="{outcome: handed_off}", tools=tools("[{error: times_out_after_success}]")))
    assert "was called for the 2. time; given.tools.desk.create_ticket lists 1 answers" in message


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"tools": tools("{ticket_id: T-1}")}, "nothing that desk.create_ticket can give: /queue: 'queue' is missing"),
        ({"tools": tools("{error: explodes}")}, 'there is no fault "explodes"'),
        ({"tools": "{pay.refund: null}"}, "the flow has no tool pay.refund; it has crm.lookup_customer, desk"),
        ({"model": "{akt: {text: x}}"}, "the flow has no step akt; it has act, out, who"),
        ({"given": "people: {leads: approve}"}, "the flow has no tool or step leads"),
        ({"given": "events: {contact.replied: {}}"}, "the flow has no event contact.replied; it has none"),
    ],
)
def test_what_does_not_fit_the_flow_is_told_before_anything_runs(
    tmp_path: Path, given: dict[str, str], words: str
) -> None:
    assert words in failed(tmp_path, case(expect="{outcome: completed}", **given))


def test_an_input_that_the_flow_would_not_take_is_told(tmp_path: Path) -> None:
    text = case(expect="{}").replace("{id: m-1, ", "{")
    assert "given.input is no valid" in failed(tmp_path, text)


def test_a_flow_or_a_test_that_is_wrong_is_a_failed_test(tmp_path: Path) -> None:
    message = failed(
        tmp_path, case(expect="{outcome: completed}"), flow=FLOW.replace("steps.who.name", "steps.who.nam")
    )
    assert "small.flow.yaml:" in message
    message = failed(tmp_path, case(expect="{outcome: finished}"))
    assert "a.test.yaml:9: " in message
