"""Planted values must not get out: three secrets and five kinds of personal data, in input, tools, model text and errors.

The command line, a SQLite store and a model server on this machine are real; only the people are made up.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from flowrun.adapters.journals.keys import key_file
from flowrun.adapters.journals.sqlite import SqliteJournal
from flowrun.cli import main as frame
from flowrun.journal.chain import verify
from tests.contracts.models_server import Server, completion, send

pytestmark = pytest.mark.loopback

Call = Callable[..., tuple[int, str, str]]
STORE = Path(".flowrun/flowrun.db")
SECRETS = {
    "model key": "sk-canary-5f2d81b6aa0c",
    "tool token": "tok_canary_93e1c7d4",
    "marked secret": "canary-pin-77-41-90",
}
PERSONAL = {
    "email": "Zoë.Canary+tag@example.com",
    "phone": "+49 170 5550 199",
    "name": "Zoë Canary-Möller",
    "address": 'Canary Lane 7 "rear", 20095 Hamburg',
    "free_text": "My canary died\nand nobody answers: I want the money back, 100 %.",
}
OTHER = {
    "email": "ben@example.com",
    "phone": "+49 30 1234567",
    "name": "Benedict Wu",
    "address": "Elm Street 1",
    "text": "Where is my parcel number nine?",
    "pin": "0000-1111",
}
TOOLS = '''
import json
import os
from pathlib import Path
from typing import Annotated, TypedDict

from pydantic import Field

from flowrun import tool


def pii(kind):
    return Field(json_schema_extra={"x-pii": kind})


class Customer(TypedDict):
    customer_id: str
    email: Annotated[str, pii("email")]
    name: Annotated[str, pii("name")]
    phone: Annotated[str, pii("phone")]
    address: Annotated[str, pii("address")]
    pin: Annotated[str, Field(json_schema_extra={"x-secret": True})]


class Done(TypedDict):
    note: Annotated[str, pii("free_text")]


@tool(effect="read")
def lookup(email: Annotated[str, pii("email")]) -> Customer:
    """Find a customer."""
    return json.loads(Path("people.json").read_text())[email]


@tool(effect="write", once={"argument": "key"})
def send(to: Annotated[str, pii("email")], text: str, key: str) -> Done:
    """Send a letter."""
    with Path("outbox.jsonl").open("a") as out:
        out.write(json.dumps({"to": to, "text": text}) + "\\n")
    return {"note": f"sent to {to}: {text}"}


@tool(effect="read")
def broken(email: Annotated[str, pii("email")]) -> Done:
    """Break, and tell everything in the error."""
    someone = json.loads(Path("people.json").read_text())[email]
    token = os.environ["SHOP_TOKEN"]
    raise RuntimeError(f"GET /{email}?token={token} for {someone['name']}, {someone['phone']}, {someone['pin']}")
'''
FLOW = """
flow: answer_letter
version: 1
title: Answer a letter
owner: leads
input: letter@1
output: case@1
key: input.id
subject: input.email
tools:
  shop.lookup: {}
  shop.broken: {}
  shop.send: {at_most: 1}
budget: {model_calls: 6, tool_calls: 8, writes: 2}
steps:
  - {id: who, call: shop.lookup, with: {email: "${{ input.email }}"}}
  - {id: oops, call: shop.broken, with: {email: "${{ input.email }}"}, on_error: continue}
  - id: act
    ask: |
      ${{ input.name }} (${{ input.email }}, ${{ steps.who.phone }}, ${{ steps.who.address }}) wrote:
      ${{ input.text }}
      All that is known: ${{ steps.who }}
    tools: [shop.send]
    answer:
      type: object
      properties: {summary: {type: string, x-pii: free_text}}
      required: [summary]
      additionalProperties: false
  - {id: more, ask: "Once more about ${{ input.email }}.", on_error: continue}
  - id: case
    record: case@1
    with:
      topic: refund
      who: ${{ input.name }}
      summary: ${{ steps.act.summary }}
      remark: "Wrote from ${{ input.email }}, lives at ${{ steps.who.address }}."
      letters: ${{ calls.shop.send.all | length }}
"""
WORKSPACE = """
models:
  main:
    provider: compatible
    model: m
    base_url: URL
    key: ${{ secret.MODEL_KEY }}
    price: {input: 0 USD, output: 0 USD}
    capabilities: [json_schema, tools]
tools: [shop.tools.yaml]
roles: {leads: {members: [Sam]}}
privacy:
  email: {to_model: token}
  name: {to_model: token}
  phone: {to_model: deny}
  address: {to_model: deny}
  free_text: {to_model: allow}
"""


def text(mark: str | None = None, **more: Any) -> dict[str, Any]:
    return {"type": "string", **({"x-pii": mark} if mark else {}), **more}


def schema(required: list[str], **properties: Any) -> str:
    return json.dumps({"type": "object", "properties": properties, "required": required, "additionalProperties": False})


LETTER = schema(
    ["id", "email", "name", "text", "pin"],
    id=text(),
    email=text("email"),
    name=text("name"),
    text=text("free_text"),
    pin=text(None, **{"x-secret": True}),
)
CASE = schema(
    ["topic", "who", "summary", "remark", "letters"],
    topic=text(),
    who=text("name"),
    summary=text("free_text"),
    remark=text(),
    letters={"type": "integer"},
)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = frame.main(list(arguments))
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture
def workspace(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("FLOWRUN_STORE", "FLOWRUN_NO_MODELS"):
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODEL_KEY", SECRETS["model key"])
    # One comes by a file, as container platforms hand secrets in; the tool itself reads the environment.
    (tmp_path / "secrets.env").write_text(f"# for the shop\nSHOP_TOKEN={SECRETS['tool token']}\n")
    monkeypatch.setenv("FLOWRUN_SECRETS_FILE", str(tmp_path / "secrets.env"))
    monkeypatch.setenv("SHOP_TOKEN", SECRETS["tool token"])
    Path("flowrun.yaml").write_text(WORKSPACE.replace("URL", server.url))
    Path("shop.py").write_text(TOOLS)
    Path("shop.tools.yaml").write_text(
        "tools: shop\ntitle: The shop\nadapter: python\nsource: shop.py\nactions: {lookup: {}, broken: {}, send: {}}\n"
    )
    Path("answer_letter.flow.yaml").write_text(FLOW)
    for name, body in (("letter", LETTER), ("case", CASE)):
        folder = Path("schemas/records") / name
        folder.mkdir(parents=True)
        (folder / "v1.json").write_text(body)
    zoe = {name: PERSONAL[name] for name in ("email", "name", "phone", "address")} | {"pin": SECRETS["marked secret"]}
    ben = {name: OTHER[name] for name in ("email", "name", "phone", "address", "pin")}
    people = {who["email"]: {"customer_id": f"C-{n}", **who} for n, who in enumerate((zoe, ben))}
    Path("people.json").write_text(json.dumps(people))
    return tmp_path


def token(kind: str, seen: str) -> str:
    """Return the first token of a kind that a prompt holds."""
    return re.findall(rf"\[{kind}-[0-9a-f]+\]", seen)[0]


def script(server: Server, person: dict[str, str]) -> None:
    """What the model does: a proposal that uses a token it saw, an answer that repeats all it knows, then an error."""

    def propose(handler: Any) -> None:
        seen = server.requests[-1]["messages"][-1]["content"]
        names = [tool["function"]["name"] for tool in server.requests[-1]["tools"]]
        words = f"Dear {token('name', seen)}, we heard of {person['text']}"
        call = (next(name for name in names if "send" in name), {"to": token("email", seen), "text": words})
        send(handler, 200, completion(None, call, finish="tool_calls"))

    def answer(handler: Any) -> None:
        seen = server.requests[-1]["messages"][1]["content"]
        said = f"{token('name', seen)} ({token('email', seen)}) says: {person['text']}"
        send(handler, 200, completion(json.dumps({"summary": said}, ensure_ascii=False)))

    def fail(handler: Any) -> None:
        key = handler.headers["authorization"]
        send(handler, 400, {"error": {"message": f"bad header {key} for {server.requests[-1]['messages']}"}})

    server.replies.extend([propose, answer, fail])


def forms(value: str) -> Iterator[bytes]:
    """Every way in which a value may stand in a file."""
    plain = value.encode()
    yield plain
    yield plain.lower()
    yield value.encode("utf-16-le")
    yield json.dumps(value)[1:-1].encode()
    yield json.dumps(value, ensure_ascii=False)[1:-1].encode()
    yield quote(value, safe="").encode()
    yield plain.hex().encode()
    for shift in range(3):
        # However the text around it falls, its inner part has one of three forms.
        coded = base64.b64encode(b"\0" * shift + plain)
        yield coded[4 : len(coded) - 4]
    if len(value.split("\n")) > 1:
        yield from (line.encode() for line in value.split("\n"))
        yield " ".join(value.split()).encode()


def leaks(sinks: dict[str, bytes], values: dict[str, str]) -> list[str]:
    found = []
    for place, data in sinks.items():
        low = data.lower()
        for name, value in values.items():
            if any(form in data or form.lower() in low for form in forms(value) if len(form) >= 6):
                found.append(f"{name} in {place}")
    return found


def test_the_search_finds_what_is_there() -> None:
    """The net of this test has no hole of its own making: each form of each value is found in a heap of other bytes."""
    for name, value in {**SECRETS, **PERSONAL}.items():
        for form in forms(value):
            if len(form) >= 6:
                assert leaks({"heap": b"\x00\xffabc" + form + b"xyz"}, {name: value}) == [f"{name} in heap"]


def store_files() -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in STORE.parent.iterdir() if file != key_file(STORE)}


def looks(call: Call, run: str, *, reveal: bool = False) -> dict[str, bytes]:
    """Everything that the program says of runs."""
    extra = ["--reveal", "--as", "Sam"] if reveal else []
    commands: list[list[str]] = [
        ["show", run, *extra],
        ["show", run, "--json", *extra],
        ["why", run],
        ["runs"],
        ["runs", "--json"],
        ["inbox", "--json"],
        ["records", "list", *extra],
        ["records", "list", "--json", *extra],
        ["records", "export", *extra],
        ["records", "export", "--format", "csv", *extra],
        ["metrics"],
        ["audit", "verify", str(STORE)],
    ]
    said = {}
    for words in commands:
        code, out, err = call(*words)
        assert code == 0, (words, err)
        said[" ".join(words)] = (out + err).encode()
    return said


def answer_letter(call: Call, server: Server, id: str, person: dict[str, str]) -> tuple[str, dict[str, bytes]]:
    """Run the flow for one person; return the run and what was said meanwhile, the recording included."""
    letter = {name: person[name] for name in ("email", "name", "text", "pin")}
    Path("letter.json").write_text(json.dumps({"id": id, **letter}))
    script(server, person)
    code, out, err = call(
        "run", "answer_letter.flow.yaml", "--input", "letter.json", "--as", "Kim", "--json", "--record", f"{id}.jsonl"
    )
    assert code == 0, out + err
    result = json.loads(out)
    assert result["outcome"] == "completed_with_gaps"
    again = call("run", "answer_letter.flow.yaml", "--input", "letter.json", "--as", "Kim")
    said = {"run --json": (out + err).encode(), "run": (again[1] + again[2]).encode()}
    return result["run"], {**said, "recording": Path(f"{id}.jsonl").read_bytes()}


ZOE = {
    **{name: PERSONAL[name] for name in ("email", "name")},
    "text": PERSONAL["free_text"],
    "pin": SECRETS["marked secret"],
}


def test_no_planted_value_gets_out_and_after_forgetting_none_is_anywhere(
    workspace: Path, server: Server, call: Call
) -> None:
    run, said = answer_letter(call, server, "m-1", ZOE)
    other, said_of_other = answer_letter(call, server, "m-2", OTHER)
    everything = {**SECRETS, **PERSONAL}
    sinks = {**store_files(), **looks(call, run), **said}
    assert leaks(sinks, everything) == []
    assert leaks({**looks(call, other), **said_of_other}, {**SECRETS, **OTHER}) == []

    # What was allowed did happen with the real values: the letter went to the real address.
    letters = [json.loads(line) for line in Path("outbox.jsonl").read_text().splitlines()]
    assert [letter["to"] for letter in letters] == [PERSONAL["email"], OTHER["email"]]
    assert letters[0]["text"].startswith(f"Dear {PERSONAL['name']}, we heard of My canary died")
    # The model's server saw neither addresses nor names nor secrets, and of free text what was allowed.
    sent = {"prompts": json.dumps(server.requests, ensure_ascii=False).encode()}
    assert leaks(sent, {k: v for k, v in everything.items() if k != "free_text"}) == []
    assert b"My canary died" in sent["prompts"]
    # The person who owns the flow may see the personal data, never the secrets.
    revealed = looks(call, run, reveal=True)
    assert PERSONAL["email"].encode() in revealed[f"show {run} --reveal --as Sam"]
    assert leaks(revealed, SECRETS) == []

    code, _, err = call("forget", PERSONAL["email"].upper(), "--as", "Sam", "--yes")
    assert code == 0, err
    after = {**store_files(), **looks(call, run, reveal=True)}
    assert leaks(after, everything) == []
    journal = SqliteJournal(STORE)
    try:
        for each in (run, other):
            stored = journal.events(each)
            assert verify(stored) == [] and len(stored) > 10
        assert [record.record for record in journal.records(run=run)] == [
            {
                "topic": "refund",
                "who": None,
                "summary": None,
                "remark": "Wrote from [email], lives at [address].",
                "letters": 1,
            }
        ]
        assert journal.records(run=other)[0].record["who"] == OTHER["name"]
        assert OTHER["text"] in json.dumps([item.event.input for item in journal.events(other)[:1]])  # type: ignore[union-attr]
    finally:
        journal.close()
