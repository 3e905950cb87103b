"""The bundled flow refund_request on the real desk: who decides about which sum, and what no message can change."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from flowrun.app.flows import bundled
from flowrun.app.result import RunResult
from flowrun.app.runs import App, open_app
from flowrun.app.workspace import load_workspace
from flowrun.errors import InputError

pytest.importorskip("sklearn")
FLOW = bundled() / "refund_request"
SAMPLES = sorted((FLOW / "samples").glob("*.json"))
SCHEMA = bundled().parent / "schemas" / "records" / "refund_message" / "v1.json"


def sample(name: str) -> Any:
    return json.loads((FLOW / "samples" / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with open_app(load_workspace(tmp_path, f"sqlite:///{tmp_path}/flowrun.db")) as opened:
        yield opened


def run(app: App, name: str, **changed: Any) -> RunResult:
    return asyncio.run(app.submit("refund_request", {**sample(name), **changed}, by="clerk"))


def refunds(app: App) -> list[tuple[str, float]]:
    """What the desk has really paid: order and amount."""
    path = Path(app.ws.store_url.removeprefix("sqlite:///")).with_name("desk.db")
    with contextlib.closing(sqlite3.connect(path)) as desk:
        rows = desk.execute("SELECT order_id, cents FROM refunds ORDER BY rowid").fetchall()
    return [(order, cents / 100) for order, cents in rows]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_samples_are_valid_messages(path: Path) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema_rs.validator_for(schema, validate_formats=True).validate(json.loads(path.read_text(encoding="utf-8")))


def test_the_line_file_holds_the_same_samples() -> None:
    lines = [json.loads(line) for line in (FLOW / "samples.jsonl").read_text(encoding="utf-8").splitlines()]
    assert sorted(map(json.dumps, lines)) == sorted(json.dumps(sample(path.stem)) for path in SAMPLES)


def test_a_small_second_charge_is_paid_by_rule_and_the_other_one_is_not(app: App) -> None:
    paid = run(app, "duplicate")
    assert paid.outcome == "completed" and paid.record["approved_by"] == []
    assert "refund_request@1:really_charged_twice" in paid.record["rules"]
    both = run(app, "both_charges")
    assert both.outcome == "rejected" and both.record["decision"] == "refused"
    assert refunds(app) == [("O-5002", 49.0)]


def test_the_same_order_is_refunded_once_ever(app: App) -> None:
    assert run(app, "duplicate").outcome == "completed"
    assert run(app, "duplicate", message_id="another").outcome == "rejected"
    assert refunds(app) == [("O-5002", 49.0)]


def test_a_middle_sum_waits_for_a_lead_who_is_not_the_clerk(app: App) -> None:
    waiting = run(app, "lost_parcel")
    (entry,) = waiting.waiting
    assert entry["to"] == ["billing_leads"] and refunds(app) == []
    with pytest.raises(InputError):
        asyncio.run(app.approve(entry["id"], by="clerk"))
    done = asyncio.run(app.approve(entry["id"], by="lee"))
    assert done.outcome == "completed" and done.record["approved_by"] == ["lee"]
    assert refunds(app) == [("O-5009", 79.0)]


def test_a_large_sum_waits_for_two_different_people(app: App) -> None:
    (entry,) = run(app, "goodwill").waiting
    assert entry["to"] == ["billing_leads", "finance"]
    assert asyncio.run(app.approve(entry["id"], by="lee")).outcome == "waiting"
    with pytest.raises(InputError):
        asyncio.run(app.approve(entry["id"], by="lee"))
    assert refunds(app) == []
    done = asyncio.run(app.approve(entry["id"], by="kim"))
    assert done.outcome == "completed" and done.record["approved_by"] == ["lee", "kim"]
    assert refunds(app) == [("O-5011", 1188.0)]


def test_a_message_that_gives_orders_gets_the_usual_question_about_the_usual_sum(app: App) -> None:
    (entry,) = run(app, "instructions_inside").waiting
    (proposal,) = entry["proposal"]
    assert (proposal["args"]["order_id"], proposal["args"]["amount"]) == ("O-5007", 79.0)
    assert refunds(app) == []


@pytest.mark.parametrize("name", ["not_theirs", "no_second_charge", "too_late", "unpaid", "unknown_sender"])
def test_what_the_policy_refuses_ends_rejected_with_its_record(app: App, name: str) -> None:
    result = run(app, name)
    assert result.outcome == "rejected" and result.record["decision"] == "refused"
    assert refunds(app) == []


def test_an_unnamed_order_is_asked_about(app: App) -> None:
    (entry,) = run(app, "no_order_named").waiting
    assert entry["kind"] == "question" and entry["form"]


def test_both_charges_of_a_pair_at_the_same_moment_are_one_refund(app: App) -> None:
    """Facts are read before; only the room that is taken with the intent holds when two runs race."""

    async def both() -> list[RunResult]:
        ways = [app.submit("refund_request", sample(name), by="clerk") for name in ("duplicate", "both_charges")]
        return list(await asyncio.gather(*ways))

    assert sorted(result.outcome for result in asyncio.run(both())) == ["completed", "rejected"]
    assert len(refunds(app)) == 1


def test_what_was_read_as_goodwill_cannot_be_made_cheaper_by_who_submitted_it(app: App) -> None:
    """The order, the amount and the reason are fixed; nothing of them can be changed in the inbox."""
    (entry,) = run(app, "goodwill").waiting
    for change in ({"amount": 50}, {"reason": "not_delivered"}):
        with pytest.raises(InputError):
            asyncio.run(app.edit(entry["id"], change, by="clerk"))
    assert refunds(app) == []
