"""The embedded desk: real effects, each exactly once, whoever asks and whatever breaks."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from flowrun.adapters.desk.contracts import CONTRACTS
from flowrun.adapters.desk.faults import Faults
from flowrun.adapters.desk.store import Desk
from flowrun.adapters.desk.tools import desk_tools
from flowrun.errors import AdapterError, ConfigError, StoreError
from flowrun.ports.tools import ToolRequest, ToolResult, Tools

NOW = "2026-03-02T08:00:00Z"
TICKET = {
    "customer_id": "C-10492",
    "category": "billing_dispute",
    "severity": "high",
    "summary": "Billed twice.",
}
GOOD_CALLS: list[tuple[str, dict[str, Any]]] = [
    ("crm.lookup_customer", {"email": "ANA@example.com"}),
    ("crm.lookup_customer", {"email": "nobody@example.com"}),
    ("crm.get_orders", {"customer_id": "C-10498"}),
    ("crm.update_contact", {"customer_id": "C-10495", "fields": {"phone": "+44 20 0000 0999"}}),
    ("crm.add_note", {"customer_id": "C-10492", "text": "Called back."}),
    ("desk.create_ticket", TICKET),
    ("desk.create_ticket", {**TICKET, "queue": "retention_queue"}),
    ("desk.find_ticket", {"ticket_id": "T-0901"}),
    ("desk.find_ticket", {"ticket_id": "T-1"}),
    (
        "pay.refund",
        {"customer_id": "C-10492", "order_id": "O-5002", "amount": 49, "reason": "Charged twice."},
    ),
    ("pay.find_refund", {"order_id": "O-5002"}),
    ("mail.draft", {"to": "ana@example.com", "subject": "Your bill", "body": "Dear Ana"}),
    ("mail.send", {"to": "ana@example.com", "subject": "Your bill", "body": "Dear Ana"}),
    ("calendar.free_slots", {"from": "2026-03-02", "days": 3}),
    ("calendar.book", {"customer_id": "C-10492", "slot": "2026-03-02T11:30:00+01:00", "topic": "The bill"}),
    ("calendar.cancel", {"booking_id": "B-0901"}),
]


class World:
    """A desk with all its tools; keys are counted where none is given."""

    def __init__(self, path: Path, faults: str = "") -> None:
        self.desk = Desk(path, now=lambda: NOW)
        self.tools: dict[str, Tools] = {}
        for tools in desk_tools(self.desk, faults=Faults.parse(faults)):
            self.tools |= dict.fromkeys(tools.contracts(), tools)
        self.calls = 0

    async def call(self, tool: str, args: dict[str, Any], key: str = "", timeout: float = 10.0) -> ToolResult:
        self.calls += 1
        key = key or f"k-{self.calls}"
        return await self.tools[tool].invoke(ToolRequest(tool=tool, args=args, key=key, run="r", timeout=timeout))

    async def error(self, tool: str, args: dict[str, Any], key: str = "", timeout: float = 10.0) -> AdapterError:
        with pytest.raises(AdapterError) as caught:
            await self.call(tool, args, key, timeout)
        return caught.value


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "desk.db"


@pytest.fixture
def world(path: Path) -> Any:
    made = World(path)
    yield made
    made.desk.close()


# Contracts


@pytest.mark.parametrize("name", sorted(CONTRACTS))
def test_contracts_are_valid_closed_and_explicit(name: str) -> None:
    made = CONTRACTS[name]
    for schema in (made.input, made.output):
        jsonschema_rs.meta.validate(schema)
        for each in objects(schema):
            assert each["additionalProperties"] is False and "required" in each
    assert made.once == ({"header": "Idempotency-Key"} if made.effect == "write" else None)
    assert len(made.digest) == 64


def objects(schema: Any) -> Any:
    """Every object schema inside a schema."""
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for each in schema.values():
            yield from objects(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from objects(each)


async def test_every_call_keeps_its_contract(world: World) -> None:
    for name, args in GOOD_CALLS:
        jsonschema_rs.validate(CONTRACTS[name].input, args)
        result = await world.call(name, args)
        jsonschema_rs.validator_for(CONTRACTS[name].output, validate_formats=True).validate(result.output)
        assert not result.repeat
    assert {name for name, _ in GOOD_CALLS} == set(CONTRACTS)


# Effects


async def test_a_customer_is_found_with_what_support_must_know(world: World) -> None:
    found = (await world.call("crm.lookup_customer", {"email": "ana@example.com"})).output
    assert (found["customer_id"], found["plan"], found["open_invoices"]) == ("C-10492", "pro", 2)
    assert found["account_age_days"] == 657
    for _ in range(3):
        await world.call("desk.create_ticket", TICKET)
    found = (await world.call("crm.lookup_customer", {"email": "ana@example.com"})).output
    assert [ticket["ticket_id"] for ticket in found["last_tickets"]] == ["T-1003", "T-1002", "T-1001"]


async def test_somebody_unknown_is_null(world: World) -> None:
    assert (await world.call("crm.lookup_customer", {"email": "nobody@example.com"})).output is None


async def test_the_category_decides_the_queue(world: World) -> None:
    made = (await world.call("desk.create_ticket", TICKET)).output
    assert made == {"ticket_id": "T-1001", "queue": "billing_queue", "severity": "high", "created_at": NOW}
    other = (await world.call("desk.create_ticket", {**TICKET, "category": "privacy"})).output
    assert (other["ticket_id"], other["queue"]) == ("T-1002", "privacy_queue")
    assert [row["ticket_id"] for row in world.desk.world()["tickets"][-2:]] == ["T-1001", "T-1002"]


async def test_what_is_not_there_surely_did_nothing(world: World) -> None:
    cases: list[tuple[str, dict[str, Any]]] = [
        ("desk.create_ticket", {**TICKET, "customer_id": "C-1"}),
        ("crm.add_note", {"customer_id": "C-1", "text": "x"}),
        ("pay.refund", {"customer_id": "C-10493", "order_id": "O-5002", "amount": 1, "reason": "x"}),
        ("calendar.cancel", {"booking_id": "B-1"}),
    ]
    for tool, args in cases:
        error = await world.error(tool, args)
        assert (error.code, error.in_doubt, error.retryable) == ("FR4011", False, False)
        assert world.desk.count(tool) == 0


async def test_no_more_is_refunded_than_was_paid(world: World) -> None:
    order = {"customer_id": "C-10492", "order_id": "O-5002", "reason": "Charged twice."}
    assert (await world.call("pay.refund", {**order, "amount": 40})).output["refund_id"] == "R-1001"
    error = await world.error("pay.refund", {**order, "amount": 9.01})
    assert error.code == "FR4012" and "At most 9.00 EUR" in error.message
    await world.call("pay.refund", {**order, "amount": 9})
    assert world.desk.count("pay.refund") == 2


async def test_a_half_hour_is_booked_by_one(world: World) -> None:
    slot = "2026-03-03T09:00:00Z"
    book = {"customer_id": "C-10492", "slot": slot, "topic": "The bill"}
    made = (await world.call("calendar.book", book)).output
    assert (await world.error("calendar.book", book)).code == "FR4012"
    assert (await world.error("calendar.book", {**book, "slot": "2026-03-07T09:00:00Z"})).code == "FR4012"
    days = {"from": "2026-03-02", "days": 7}
    slots = [each["slot"] for each in (await world.call("calendar.free_slots", days)).output["slots"]]
    assert slot not in slots and "2026-03-03T10:00:00Z" not in slots and len(slots) == 5 * 16 - 2
    await world.call("calendar.cancel", {"booking_id": made["booking_id"]})
    assert (await world.call("calendar.book", book)).output["slot"] == slot


async def test_two_customers_cannot_have_one_address(world: World) -> None:
    args = {"customer_id": "C-10495", "fields": {"email": "Ana@Example.com"}}
    assert (await world.error("crm.update_contact", args)).code == "FR4012"


# Once


async def test_the_same_key_gives_the_first_result(world: World) -> None:
    first = await world.call("desk.create_ticket", TICKET, key="k")
    again = await world.call("desk.create_ticket", TICKET, key="k")
    assert (again.output, again.repeat, first.repeat) == (first.output, True, False)
    assert world.desk.count("desk.create_ticket") == 1
    found = (await world.call("desk.find_ticket", {"key": "k"})).output
    assert found["ticket_id"] == first.output["ticket_id"]
    assert (await world.call("desk.find_ticket", {"key": "another"})).output is None


async def test_the_same_key_for_another_call_is_refused(world: World) -> None:
    await world.call("desk.create_ticket", TICKET, key="k")
    for tool, args in [
        ("desk.create_ticket", {**TICKET, "severity": "low"}),
        ("crm.add_note", {"customer_id": "C-10492", "text": "x"}),
    ]:
        error = await world.error(tool, args, key="k")
        assert (error.code, error.in_doubt) == ("FR4010", False)
    assert world.desk.count("crm.add_note") == 0


async def test_a_refused_call_does_not_use_its_key_up(world: World) -> None:
    await world.error("desk.create_ticket", {**TICKET, "customer_id": "C-1"}, key="k")
    assert not (await world.call("desk.create_ticket", TICKET, key="k")).repeat


async def test_many_at_once_with_one_key_are_one_effect(world: World) -> None:
    results = await asyncio.gather(*(world.call("desk.create_ticket", TICKET, key="k") for _ in range(20)))
    assert sorted(each.repeat for each in results) == [False] + [True] * 19
    assert world.desk.count("desk.create_ticket") == 1


CHILD = """
import asyncio, sys
from flowrun.adapters.desk.tools import desk_tools
from flowrun.ports.tools import ToolRequest
ticket = dict(customer_id="C-10492", category="billing_dispute", severity="high", summary="Billed twice.")
async def main():
    tools = {name: each for each in desk_tools(sys.argv[1]) for name in each.contracts()}
    sys.stdin.readline()
    for n in range(int(sys.argv[2])):
        done = await tools["desk.create_ticket"].invoke(
            ToolRequest(tool="desk.create_ticket", args=ticket, key=f"k-{n}", run="r", timeout=30.0))
        print(done.output["ticket_id"], done.repeat)
asyncio.run(main())
"""


def child(path: Path, calls: int, faults: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path), str(calls)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "FLOWRUN_DESK_FAULT": faults},
    )


def test_four_processes_with_the_same_keys_make_each_effect_once(path: Path) -> None:
    """They also make the file together: whoever comes second finds the tables."""
    children = [child(path, 5) for _ in range(4)]
    ended = [each.communicate("go\n") for each in children]
    assert [each.returncode for each in children] == [0] * 4, ended
    lines = [line.split() for out, _ in ended for line in out.splitlines()]
    assert sorted(ticket for ticket, repeat in lines if repeat == "False") == [f"T-{1001 + n}" for n in range(5)]
    assert len(lines) == 20
    desk = Desk(path)
    assert desk.count("desk.create_ticket") == 5
    desk.close()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
@pytest.mark.parametrize(("kind", "effects"), [("kill_before_effect", 0), ("kill_after_effect", 1)])
def test_a_killed_process_leaves_the_effect_whole_or_absent(path: Path, kind: str, effects: int) -> None:
    fault = f"desk.create_ticket:{kind}@1"
    killed = child(path, 1, fault)
    out, _ = killed.communicate("go\n")
    assert (killed.returncode, out) == (-signal.SIGKILL, "")
    desk = Desk(path)
    assert desk.count("desk.create_ticket") == effects
    again = child(path, 1, fault)  # the fault was for the first call only, over all processes
    out, _ = again.communicate("go\n")
    assert out.split() == ["T-1001", str(bool(effects))]
    assert desk.count("desk.create_ticket") == 1
    desk.close()


# Faults and damage


async def test_a_time_out_after_success_is_in_doubt_and_its_repeat_harmless(path: Path) -> None:
    world = World(path, "desk.create_ticket:times_out_after_success@1")
    error = await world.error("desk.create_ticket", TICKET, key="k")
    assert (error.code, error.in_doubt, error.retryable) == ("FR4004", True, False)
    assert (await world.call("desk.create_ticket", TICKET, key="k")).repeat
    assert world.desk.count("desk.create_ticket") == 1
    world.desk.close()


async def test_a_failure_is_definite(path: Path) -> None:
    world = World(path, "crm.add_note:fails, crm.lookup_customer:fails@2")
    error = await world.error("crm.add_note", {"customer_id": "C-10492", "text": "x"})
    assert (error.in_doubt, world.desk.count("crm.add_note")) == (False, 0)
    email = {"email": "ana@example.com"}
    await world.call("crm.lookup_customer", email)
    await world.error("crm.lookup_customer", email)
    await world.call("crm.lookup_customer", email)
    world.desk.close()


async def test_a_malformed_output_breaks_its_contract(path: Path) -> None:
    world = World(path, "desk.create_ticket:malformed")
    output = (await world.call("desk.create_ticket", TICKET)).output
    assert not jsonschema_rs.is_valid(CONTRACTS["desk.create_ticket"].output, output)
    world.desk.close()


async def test_a_passed_deadline_leaves_a_write_in_doubt(world: World) -> None:
    error = await world.error("desk.create_ticket", TICKET, key="k", timeout=0)
    assert (error.code, error.in_doubt) == ("FR4004", True)
    await world.call("desk.create_ticket", TICKET, key="k")
    assert world.desk.count("desk.create_ticket") == 1


def test_faults_come_from_the_environment(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWRUN_DESK_FAULT", "pay.refund:fails@3")
    assert Faults.from_environment().of("pay.refund", 3) == {"fails"}
    assert Faults.from_environment().of("pay.refund", 2) == frozenset()


@pytest.mark.parametrize(
    "text", ["pay.refund", "pay.refund:explodes", "refund:fails", "pay.refund:fails@0", "a.b:fails@x"]
)
def test_a_fault_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is not a fault"):
        Faults.parse(text)


def test_a_new_desk_is_the_same_every_time(tmp_path: Path) -> None:
    worlds = []
    for name in ("a.db", "b.db"):
        desk = Desk(tmp_path / name)
        worlds.append(desk.world())
        desk.close()
    assert worlds[0] == worlds[1]
    assert len(worlds[0]["customers"]) == 12


def test_a_file_that_is_no_database_or_too_new_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("not a database" * 100)
    with pytest.raises(StoreError, match="cannot be used as the desk"):
        Desk(tmp_path / "text.db").world()
    desk = Desk(tmp_path / "new.db")
    desk.connection().execute("PRAGMA user_version=99")
    desk.close()
    with pytest.raises(StoreError, match="newer flowrun"):
        Desk(tmp_path / "new.db").world()


async def test_a_desk_that_cannot_be_opened_leaves_no_write_in_doubt(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    desk = Desk(tmp_path / "file" / "desk.db")  # a folder of that name cannot be made
    mail = next(tools for tools in desk_tools(desk) if "mail.send" in tools.contracts())
    args = {"to": "ana@example.com", "subject": "Hello", "body": "Dear Ana"}
    with pytest.raises(AdapterError, match="cannot be used as the desk") as caught:
        await mail.invoke(ToolRequest(tool="mail.send", args=args, key="k", run="r", timeout=5))
    assert not caught.value.in_doubt
