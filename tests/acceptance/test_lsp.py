"""`flowrun lsp` as an editor sees it: a real process, spoken to over its standard streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.acceptance.lsp_kit import Client, applied, cursor, part
from tests.unit.editor.kit import workspace

Json = Any
pytestmark = pytest.mark.slow


class Desk:
    """A workspace with a server for it."""

    def __init__(self, root: Path, client: Client) -> None:
        self.root, self.client = root, client
        self.flow = root / "flows/support_to_ticket/support_to_ticket.flow.yaml"
        self.policy = root / "flows/support_to_ticket/support_to_ticket.policy.yaml"
        self.refund = root / "flows/refund_request/refund_request.flow.yaml"

    async def labels(self, file: Path, old: str, new: str) -> list[str]:
        """Open a file with one change in it and return what is offered at `¦`, in order."""
        return [item["label"] for item in await self.offers(file, old, new)]

    async def offers(self, file: Path, old: str, new: str) -> list[Json]:
        text = file.read_text()
        assert old in text
        text, place = cursor(text.replace(old, new, 1))
        self.client.open(file.as_uri(), text)
        found = await self.client.ask_at("completion", file.as_uri(), place)
        return sorted(found["items"], key=lambda item: item["sortText"])

    async def at(self, method: str, file: Path, needle: str, **more: Json) -> Json:
        """Ask about the end of the first place of a text in a file."""
        text, place = cursor(file.read_text().replace(needle, needle[:-1] + "¦" + needle[-1], 1))
        self.client.open(file.as_uri(), text)
        return await self.client.ask_at(method, file.as_uri(), place, **more)


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    root = workspace(tmp_path.resolve())
    client = await Client.start(root)
    yield Desk(root, client)
    assert await client.stop() == 0
    assert b"Traceback" not in client.errors


# Findings


async def test_findings_come_while_typing_from_a_text_that_is_not_stored(desk: Desk) -> None:
    uri, text = desk.flow.as_uri(), desk.flow.read_text()
    desk.client.open(uri, text)
    assert await desk.client.findings(uri) == []
    wrong = text.replace("call: crm.lookup_customer", "call: crm.lookup_custmer", 1)
    desk.client.change(uri, wrong)
    found = await desk.client.findings(uri)
    (first,) = [each for each in found if "custmer" in each["message"]]
    assert part(wrong, first["range"]) == "crm.lookup_custmer"
    assert "Did you mean `crm.lookup_customer`?" in first["message"]
    assert first["source"] == "flowrun" and first["severity"] == 1
    desk.client.change(uri, text)
    assert await desk.client.findings(uri) == []
    assert desk.flow.read_text() == text


async def test_a_file_that_is_no_yaml_has_its_finding(desk: Desk) -> None:
    uri, text = desk.flow.as_uri(), desk.flow.read_text()
    desk.client.open(uri, text.replace("steps:\n", "steps: [\n", 1))
    found = await desk.client.findings(uri)
    assert found and found[0]["code"].startswith("FR10")


async def test_other_places_of_a_finding_are_shown(desk: Desk) -> None:
    uri, text = desk.flow.as_uri(), desk.flow.read_text().replace("- id: triage", "- id: customer", 1)
    desk.client.open(uri, text)
    found = next(each for each in await desk.client.findings(uri) if each.get("relatedInformation"))
    (related,) = found["relatedInformation"]
    assert related["location"]["uri"] == uri and part(text, related["location"]["range"]) == "customer"


async def test_a_change_of_a_policy_refreshes_the_open_flow(desk: Desk) -> None:
    flow, policy = desk.flow.as_uri(), desk.policy.as_uri()
    desk.client.open(flow, desk.flow.read_text())
    assert await desk.client.findings(flow) == []
    text = desk.policy.read_text()
    desk.client.open(policy, text)
    rule = "  - {id: never, tools: desk.create_ticket, deny_when: true, reason: Not today.}\n\ntests:"
    desk.client.change(policy, text.replace("tests:", rule, 1))
    assert [each["code"] for each in await desk.client.findings(flow, bool)] == ["FR1564"]
    desk.client.change(policy, text.replace("tests:", rule.replace("deny_when: true", "only_when: facts.x"), 1))
    found = await desk.client.findings(policy, bool)
    assert "There is no fact `x` here." in found[0]["message"]


async def test_a_change_of_a_schema_refreshes_the_open_flow(desk: Desk) -> None:
    record = desk.root / "schemas/records/outcome/v1.json"
    record.parent.mkdir(parents=True)
    schema = (
        '{"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "An outcome", "type": "object",\n'
        ' "properties": {"text": {"type": "string", "maxLength": 500}}, "required": ["text"], "additionalProperties": false}\n'
    )
    record.write_text(schema)
    text = (
        "flow: small\nversion: 1\nowner: support_leads\ninput: support_message@1\noutput: outcome@1\n"
        "key: input.message_id\nsubject: input.email\nsteps:\n  - {id: done, record: outcome@1, with: {text: Done.}}\n"
    )
    flow = desk.root / "flows/small.flow.yaml"  # not stored at all
    desk.client.open(flow.as_uri(), text)
    assert await desk.client.findings(flow.as_uri()) == []
    desk.client.open(record.as_uri(), schema)
    desk.client.change(record.as_uri(), schema.replace('"text"', '"words"'))  # not stored either
    found = await desk.client.findings(flow.as_uri(), bool)
    assert any("`text`" in each["message"] or "words" in each["message"] for each in found)


async def test_closing_a_file_takes_its_findings_away(desk: Desk) -> None:
    uri = desk.flow.as_uri()
    desk.client.open(uri, "flow: 1\n")
    assert await desk.client.findings(uri, bool)
    desk.client.tell("textDocument/didClose", {"textDocument": {"uri": uri}})
    desk.client.versions.pop(uri)
    assert await desk.client.findings(uri) == []


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
async def test_places_are_counted_as_editors_count(desk: Desk, newline: str, mark: str) -> None:
    uri = desk.flow.as_uri()
    text = desk.flow.read_text().replace("owner: support_leads", 'title_: "🎟️ 👩‍💻 é"\nowner: support_leads', 1)
    text = text.replace("      Their plan is", "      🎟️🎟️ Their plan ${{ input.tx }} is", 1)
    text = text.replace("title_:", "title:", 1).replace(
        "title: Turn a support message into a ticket and a case record\n", ""
    )
    sent = mark + text.replace("\n", newline)
    desk.client.open(uri, sent)
    found = next(each for each in await desk.client.findings(uri) if "tx" in each["message"])
    shown = part(sent, found["range"]) if newline == "\n" else part(text, found["range"])
    assert shown in ("input.tx", "tx")


# Completion


OFFERED = [
    ("    call: crm.lookup_customer", "    call: crm.lo¦", ["crm.lookup_customer", "shop.find_order"]),
    ("    call: crm.lookup_customer\n", "    call: crm.lookup_customer\n    ¦\n", ["when", "within", "title"]),
    ("      email: ${{ input.email }}", "      ¦", ["email"]),
    ("on_error: hand_off", "on_error: ¦", ["fail", "hand_off", "continue"]),
    ("owner: support_leads", "owner: ¦", ["support_leads", "finance"]),
    ("            to: support_leads", "            to: ¦", ["support_leads", "customer"]),
    ("input: support_message@1", "input: ¦", ["support_message@1", "triage@1"]),
    ("  - id: case\n", "  - ¦\n\n  - id: case\n", ["ask", "call", "call crm.lookup_customer", "id"]),
    ("      email: ${{ input.email }}", "      email: ${{ ¦", ["input", "steps", "calls", "now"]),
    ("      email: ${{ input.email }}", "      email: ${{ input.¦", ["email", "message_id", "text"]),
    ("- when: steps.triage.confidence < 0.6", "- when: steps.¦", ["triage", "customer"]),
    ("- when: steps.triage.confidence < 0.6", "- when: steps.triage.¦", ["confidence", "intent"]),
    ("- when: steps.triage.confidence < 0.6", "- when: steps.triage.intent == ¦", ['"cancel_risk"', '"leave"']),
    ("- when: steps.triage.confidence < 0.6", "- when: steps.triage.notes | ¦", ["length", "first"]),
    ("${{ calls.desk.create_ticket.last is not none }}", "${{ calls.¦ }}", ["desk.create_ticket.last"]),
    ("${{ calls.desk.create_ticket.last is not none }}", "${{ calls.desk.create_ticket.last.output.¦ }}", ["queue"]),
    ('approve_when: args.severity == "critical"', 'approve_when: args.severity == "¦', ["critical", "low"]),
    ("tools: [desk.create_ticket, crm.add_note]", "tools: [¦]", ["desk.create_ticket", "crm.add_note"]),
    ("      Their plan is ${{ steps.customer.plan }}", "      Their plan is ${{ steps.customer.¦", ["plan"]),
]  # fmt: skip
"""What is changed in a flow, with the cursor, and what must be offered there."""


async def test_what_may_be_written_is_offered_in_a_text_that_is_broken_there(desk: Desk) -> None:
    for old, new, wanted in OFFERED:
        labels = await desk.labels(desk.flow, old, new)
        assert set(wanted) <= set(labels), (new, labels)


async def test_a_step_runs_later_so_it_is_not_offered(desk: Desk) -> None:
    labels = await desk.labels(desk.flow, "- when: steps.triage.confidence < 0.6", "- when: steps.¦")
    assert "case" not in labels and "act" not in labels


async def test_an_offer_replaces_the_word_and_says_its_type(desk: Desk) -> None:
    offers = await desk.offers(desk.flow, "email: ${{ input.email }}", "email: ${{ input.em¦ }}")
    item = next(item for item in offers if item["label"] == "email")
    text = desk.flow.read_text().replace("email: ${{ input.email }}", "email: ${{ input.em }}", 1)
    assert applied(text, [item["textEdit"]]) == desk.flow.read_text()
    assert item["detail"] == "a text" and "support_message@1" in item["documentation"]["value"]


async def test_a_policy_is_offered_its_facts_and_arguments(desk: Desk) -> None:
    file = desk.root / "flows/refund_request/refund_request.policy.yaml"
    assert "history" in await desk.labels(file, "deny_when: facts.history", "deny_when: facts.¦")
    desk.client.tell("textDocument/didClose", {"textDocument": {"uri": file.as_uri()}})
    assert {"amount", "order_id"} <= set(await desk.labels(file, "deny_when: facts.history", "deny_when: args.¦ "))


async def test_an_empty_file_starts_from_a_piece(desk: Desk) -> None:
    file = desk.root / "flows/new.flow.yaml"
    desk.client.open(file.as_uri(), "")
    found = await desk.client.ask_at("completion", file.as_uri(), (0, 0))
    assert "flow" in [item["label"] for item in found["items"]]


# What a place says


HOVERS = [
    ("call: crm.lookup_customer", "It only reads."),
    ("on_error", "hand_off to a person"),
    ("${{ input.email", "From support_message@1."),
    ("steps.customer.plan", "From crm.lookup_customer."),
    ("support_leads", "Sam, Kim"),
    ("case_record@1", "- `intent`"),
    ("calls.desk.create_ticket.last.output.queue", "billing_queue"),
]


async def test_hover_says_what_it_is_and_where_it_comes_from(desk: Desk) -> None:
    for needle, wanted in HOVERS:
        found = await desk.at("hover", desk.flow, needle)
        assert wanted in found["contents"]["value"]


async def test_hover_on_a_finding_teaches_its_rule(desk: Desk) -> None:
    uri = desk.flow.as_uri()
    text, place = cursor(desk.flow.read_text().replace("call: crm.lookup_customer", "call: crm.lookup¦_custmer", 1))
    desk.client.open(uri, text)
    await desk.client.findings(uri, bool)
    found = await desk.client.ask_at("hover", uri, place)
    assert "FR1401" in found["contents"]["value"] and "```yaml" in found["contents"]["value"]


LEADS = [
    ("steps.customer.plan", "flows/support_to_ticket/support_to_ticket.flow.yaml", "customer"),
    ("owner: support_leads", "flowrun.yaml", "support_leads"),
    ("input: support_message@1", "support_message/v1.json", ""),
    ("${{ input.email", "support_message/v1.json", '"email"'),
]


async def test_a_name_leads_to_its_definition(desk: Desk) -> None:
    for needle, file, shown in LEADS:
        found = await desk.at("definition", desk.flow, needle)
        assert found["uri"].endswith(file)
        text = Path(found["uri"].removeprefix("file://")).read_text()
        assert part(text, found["range"]) == shown


async def test_an_own_tool_leads_to_its_file(desk: Desk) -> None:
    uri = desk.flow.as_uri()
    text, place = cursor(desk.flow.read_text().replace("call: crm.lookup_customer", "call: shop.find_or¦der", 1))
    desk.client.open(uri, text)
    found = await desk.client.ask_at("definition", uri, place)
    assert found["uri"].endswith("shop.tools.yaml") and found["range"]["start"]["line"] == 4


async def test_the_uses_of_a_step_are_found(desk: Desk) -> None:
    found = await desk.at("references", desk.flow, "- id: triage", context={"includeDeclaration": True})
    text = desk.flow.read_text()
    assert {part(text, each["range"]) for each in found} == {"triage"}
    assert len(found) == text.count("steps.triage") + 1


async def test_the_steps_are_the_outline(desk: Desk) -> None:
    desk.client.open(desk.flow.as_uri(), desk.flow.read_text())
    found = await desk.client.ask("textDocument/documentSymbol", {"textDocument": {"uri": desk.flow.as_uri()}})
    names = [each["name"] for each in found]
    assert "customer" in names and names.index("customer") < names.index("act")
    assert [inner["name"] for inner in next(each for each in found if each["name"] == "checked")["children"]]


# Changes


async def _actions(desk: Desk, text: str, **context: Json) -> list[Json]:
    uri = desk.flow.as_uri()
    desk.client.open(uri, text)
    found = await desk.client.findings(uri, bool)
    given = {"textDocument": {"uri": uri}, "range": found[0]["range"], "context": {"diagnostics": found, **context}}
    actions: list[Json] = await desk.client.ask("textDocument/codeAction", given)
    return actions


async def test_a_repair_is_offered_and_mends_the_finding(desk: Desk) -> None:
    wrong = desk.flow.read_text().replace("on_error: hand_off", "on_error: handoff", 1)
    actions = await _actions(desk, wrong)
    best = next(each for each in actions if each.get("isPreferred"))
    assert best["title"] == "Write hand_off" and best["diagnostics"]
    assert applied(wrong, best["edit"]["changes"][desk.flow.as_uri()]) == desk.flow.read_text()


async def test_everything_is_mended_at_once(desk: Desk) -> None:
    wrong = desk.flow.read_text().replace("on_error: hand_off", "on_error: handoff", 2).replace("owner:", "ownr:", 1)
    actions = await _actions(desk, wrong, only=["source.fixAll"])
    (action,) = actions
    assert applied(wrong, action["edit"]["changes"][desk.flow.as_uri()]) == desk.flow.read_text()


async def test_a_warning_may_be_allowed_with_a_reason(desk: Desk) -> None:
    text = desk.flow.read_text().replace("title: Turn", "title: Turn ${{ x }}", 1)
    actions = await _actions(desk, text)
    action = next(each for each in actions if each["title"].startswith("Allow FR"))
    changed = applied(text, action["edit"]["changes"][desk.flow.as_uri()])
    desk.client.change(desk.flow.as_uri(), changed)
    found = await desk.client.findings(desk.flow.as_uri())
    assert any(each["code"] == "FR1702" for each in found)  # it must be said why
    desk.client.change(desk.flow.as_uri(), changed.replace('reason=""', 'reason="A test."'))
    assert await desk.client.findings(desk.flow.as_uri()) == []


# Whatever is asked


ASKED = ("completion", "hover", "definition", "references", "documentSymbol", "codeAction")


@pytest.mark.parametrize("uri", ["file:///nowhere/x.flow.yaml", "untitled:Untitled-1", "file:///", "nonsense"])
async def test_a_file_that_is_not_open_has_empty_answers(desk: Desk, uri: str) -> None:
    for method in ASKED:
        place = {"line": 3, "character": 5}
        given = {"textDocument": {"uri": uri}, "position": place, "context": {"includeDeclaration": True, "diagnostics": []},
                 "range": {"start": place, "end": place}}  # fmt: skip
        if method == "completion":
            given.pop("context")
        assert not await desk.client.ask(f"textDocument/{method}", given)
    desk.client.tell(
        "textDocument/didChange", {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": ""}]}
    )
    desk.client.tell("textDocument/didClose", {"textDocument": {"uri": uri}})


async def test_a_question_may_be_cancelled(desk: Desk) -> None:
    uri = desk.flow.as_uri()
    desk.client.open(uri, desk.flow.read_text())
    given = {"textDocument": {"uri": uri}, "position": {"line": 5, "character": 3}}
    questions = [desk.client.begin("textDocument/hover", given) for _ in range(20)]
    for number, _ in questions:
        desk.client.tell("$/cancelRequest", {"id": number})
    answers = await asyncio.wait_for(asyncio.gather(*(answer for _, answer in questions)), 60)
    assert all("result" in answer or answer["error"]["code"] == -32800 for answer in answers)


async def test_a_file_that_is_too_large_is_told_so_and_asked_for_nothing(desk: Desk) -> None:
    uri = desk.flow.as_uri()
    desk.client.open(uri, desk.flow.read_text() + "# a line\n" * 120_000)
    (found,) = await desk.client.findings(uri)
    assert found["code"] == "FR1001"
    assert await desk.client.ask_at("completion", uri, (20, 4)) is None


async def test_a_broken_workspace_file_spoils_nothing(desk: Desk) -> None:
    config = desk.root / "flowrun.yaml"
    desk.client.open(desk.flow.as_uri(), desk.flow.read_text())
    await desk.client.findings(desk.flow.as_uri())
    assert "finance" in await desk.labels(desk.flow, "owner: support_leads", "owner: ¦")
    desk.client.open(config.as_uri(), "roles: [\n")
    assert await desk.client.findings(config.as_uri(), bool)
    assert "finance" in await desk.labels(desk.flow, "owner: support_leads", "owner: ¦")


async def test_what_a_tool_prints_does_not_disturb_the_editor(tmp_path: Path) -> None:
    root = workspace(tmp_path.resolve())
    shop = root / "shop.py"
    shop.write_text(shop.read_text() + "\nprint('hello from the shop')\n")
    client = await Client.start(root)
    uri = (root / "flows/support_to_ticket/support_to_ticket.flow.yaml").as_uri()
    client.open(uri, Path(uri.removeprefix("file://")).read_text())
    assert await client.findings(uri) == []
    assert await client.stop() == 0
    assert b"hello from the shop" in client.errors


async def test_rules_link_to_their_pages_where_the_editor_names_them(tmp_path: Path) -> None:
    root = workspace(tmp_path.resolve())
    client = await Client.start(root, rulePages="https://example.com/rules/")
    uri = (root / "flows/x.flow.yaml").as_uri()
    client.open(uri, "flow: x\n")
    found = await client.findings(uri, bool)
    assert found[0]["codeDescription"]["href"] == f"https://example.com/rules/{found[0]['code']}"
    await client.stop()
