"""What a user may get wrong ends in one clear line and the right exit code; and the terminal as the customer."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flowrun.cli import main as frame

Call = Callable[..., tuple[int, str, str]]

CHAT = """\
flow: goodbye
version: 1
owner: leads
input: {type: object, properties: {email: {type: string}}, required: [email], additionalProperties: false}
output: goodbye_record@1
subject: input.email
tools:
  crm.lookup_customer: {}
  crm.add_note: {at_most: 1, approve_when: true, approver: customer, reason: You decide what we keep.}
budget: {tool_calls: 3, writes: 1, within: 1m}
steps:
  - {id: who, call: crm.lookup_customer, with: {email: "${{ input.email }}"}}
  - id: question
    ask_person: What shall we write down?
    to: customer
    answer: {type: object, properties: {text: {type: string, minLength: 3}}, required: [text], additionalProperties: false}
  - id: note
    call: crm.add_note
    with: {customer_id: "${{ steps.who.customer_id | default(\\"unknown\\") }}", text: "${{ steps.question.text }}"}
    on_error: continue
  - id: done
    record: goodbye_record@1
    with: {said: "${{ steps.question.text }}", noted: "${{ calls.crm.add_note.last is not none }}"}
"""


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Call:
    """Run the program in an empty folder with a store of its own."""
    monkeypatch.delenv("FLOWRUN_STORE")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
        capsys.readouterr()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        code = frame.main(list(arguments))
        return code, *capsys.readouterr()

    return run


BAD = {
    "missing.json": (None, "does not exist"),
    "empty.json": (b"  ", "is empty"),
    "binary.json": (b"\x00\x01\x02", "binary"),
    "latin.json": (b'{"text": "\xe9"}', "UTF-8"),
    "broken.json": (b'{"text": ', "not valid JSON"),
    "broken.yaml": (b"a: [1", "broken.yaml:"),
    "large.json": (b'"' + b"x" * 1_000_001 + b'"', "larger than 1 MB"),
    "list.json": (b"[]", "not a valid support_message@1"),
    "nan.json": (b'{"text": NaN}', "not valid JSON"),
    "deep.json": (b"[" * 100_000, "not valid JSON"),
    "comma.json": ('{"ä": 1,\n "b": 2,}'.encode(), "comma.json:2:9: this is not valid JSON: trailing comma in object."),
    "early.json": (b'{"a":\n [1', "early.json:2:4: this is not valid JSON: it ends too early."),
    "twice.json": (b'{"a": {"x": 1},\n "b": [{"x": "\\"x\\":"}], "\\u0061": 2}', "twice.json:2:26: `a` stands twice"),
    "twice.yaml": (b"a: 1\nb: 2\na: 3\n", "twice.yaml:3:1: `a` stands twice"),
    "half.json": (
        b'{"a": "\\ud83d\\ude00 \\udc00"}',
        "half.json:1:21: `\\udc00` is half of a character",
    ),
    "half.yaml": (b'{"a": "\\ud800"}', "half.yaml:1:8: `\\ud800` is half of a character"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_input_is_one_clear_line(name: str, call: Call, tmp_path: Path) -> None:
    data, words = BAD[name]
    if data is not None:
        (tmp_path / name).write_bytes(data)
    code, out, err = call("run", "support_to_ticket", "--input", name)
    assert (code, out) == (3, "")
    errors = [line for line in err.splitlines() if line.startswith("error[")]
    assert len(errors) == 1 and words in errors[0]
    assert err.splitlines()[-1].startswith("help: ")


def test_typed_data_and_lines_are_read_as_strictly(call: Call, tmp_path: Path) -> None:
    code, _, err = call("answer", "x", "--as", "Sam", "--data", '{"a": 1, "a": 2}')
    assert code == 3 and "--data:1:10: `a` stands twice" in err and "Keep one of the two." in err
    (tmp_path / "many.jsonl").write_text('{"a": 1}\n{"a": 1, "a": 2}\n')
    code, _, err = call("run", "support_to_ticket", "--inputs", "many.jsonl")
    assert code == 3 and "many.jsonl:2:10: `a` stands twice" in err
    code, _, err = call("run", "support_to_ticket", "--input", "-", stdin='{"a": 1')
    assert code == 3 and "standard input:1:8: this is not valid JSON: it ends too early." in err


def test_a_folder_is_no_input(call: Call) -> None:
    code, _, err = call("run", "support_to_ticket", "--input", ".")
    assert code == 3 and "is a folder" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "support_to_ticket"),
        ("run", "support_to_ticket", "--input", "x", "--inputs", "y"),
        ("run", "support_to_ticket", "--input", "x", "--mode", "dry"),
        ("run", "support_to_ticket", "--inputs", "x", "--chat"),
        ("resume",),
        ("resume", "r", "--raise", "money=1"),
        ("resume", "r", "--raise", "cost=-1"),
        ("approve", "x"),
        ("lint", "--explain", "FR9999"),
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2(arguments: tuple[str, ...], call: Call) -> None:
    assert call(*arguments)[0] == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "suport_to_ticket", "--input", "-"),
        ("show", "01nothing"),
        ("approve", "nothing", "--as", "Sam"),
        ("records", "show", "nothing"),
        ("schema", "show", "case_recrd"),
        ("tools", "show", "desk.create"),
        ("event", "contact.replied@1", "--key", "C-1"),
        ("lint",),
        ("lint", "nothing.flow.yaml"),
    ],
    ids=" ".join,
)
def test_what_does_not_exist_ends_with_3(arguments: tuple[str, ...], call: Call) -> None:
    code, _, err = call(*arguments, stdin="{}")
    assert code == 3
    assert err.splitlines()[-2 if "help:" in err else -1].startswith("error[FR")


def test_yaml_keeps_words_and_standard_input_is_read(call: Call) -> None:
    text = 'message_id: m-7\nemail: ana@example.com\ntext: "no"\nchannel: chat\nreceived_at: 2026-03-02T09:00:00Z\n'
    code, out, _ = call("run", "support_to_ticket", "--input", "-", "--json", stdin=text)
    assert code in (0, 4)
    assert json.loads(out)["run"]


def test_lint_shows_the_place_and_ends_with_1(call: Call, tmp_path: Path) -> None:
    (tmp_path / "bad.flow.yaml").write_text("flow: bad\nversion: 1\naproval: x\n")
    code, out, _ = call("lint", "bad.flow.yaml")
    assert code == 1 and "bad.flow.yaml:3:1" in out
    found = json.loads(call("lint", "bad.flow.yaml", "--format", "json")[1])["findings"]
    assert any(finding["rule"] == "unknown-key" and finding["line"] == 3 for finding in found)
    assert call("run", "bad.flow.yaml", "--input", "-", stdin="{}")[0] == 3


@pytest.fixture
def chat(tmp_path: Path) -> str:
    """A flow that speaks with the customer and needs their yes."""
    folder = tmp_path / "schemas" / "records" / "goodbye_record"
    folder.mkdir(parents=True)
    schema = {
        "type": "object",
        "properties": {"said": {"type": "string"}, "noted": {"type": "boolean"}},
        "required": ["said", "noted"],
        "additionalProperties": False,
    }
    (folder / "v1.json").write_text(json.dumps(schema))
    (tmp_path / "goodbye.flow.yaml").write_text(CHAT)
    (tmp_path / "who.json").write_text('{"email": "ana@example.com"}')
    return "goodbye"


@pytest.mark.parametrize(("said", "noted"), [("well, yes but\nyes please\n", True), ("perhaps\nnein danke\n", False)])
def test_the_terminal_is_the_customer(call: Call, chat: str, said: str, noted: bool) -> None:
    code, out, err = call(
        "run", chat, "--input", "who.json", "--chat", "--json", "--reveal", stdin="x\nCall me.\n" + said
    )
    result = json.loads(out)
    assert code == 0, err
    assert result["record"] == {"said": "Call me.", "noted": noted}
    assert "What shall we write down?" in err
    assert "crm.add_note" in err and "text: Call me." in err
    assert "was that a yes or a no?" in err


def test_a_customer_who_leaves_keeps_the_run_waiting(call: Call, chat: str) -> None:
    code, out, _ = call("run", chat, "--input", "who.json", "--chat", stdin="Call me.\nhm\n")
    assert code == 4
    assert "flowrun approve" in out and "--as customer" in out
