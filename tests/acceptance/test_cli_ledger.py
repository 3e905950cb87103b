"""A write in doubt from its entry to its end, a write that another run had done, and limits that no run may pass."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowrun.cli import main as frame

Call = Callable[..., tuple[int, str, str]]
FILES = {
    "shop.py": '''
from typing import TypedDict

from flowrun import tool


class Done(TypedDict):
    id: str


@tool(effect="write", once={"natural": ["order"]})
def refund(order: str, amount: int) -> Done:
    """Give money back."""
    with open("effects.txt", "a") as file:
        file.write(f"refund {order}\\\\n")
    return {"id": f"R-{order}-{amount}"}


@tool(effect="write")
def letter(order: str) -> Done:
    """Send a letter, and never say so."""
    with open("effects.txt", "a") as file:
        file.write(f"letter {order}\\\\n")
    raise ConnectionError("The post office hung up.")
'''.replace("\\\\n", "\\n"),
    "shop.tools.yaml": "tools: shop\nadapter: python\nsource: shop.py\nactions:\n  refund: {}\n  letter: {}\n",
    "flowrun.yaml": """\
tools: [shop.tools.yaml]
roles:
  leads: {members: [eva]}
limits: {writes: 2, tokens: 50000, cost: 0.10 USD, within: 1m}
models:
  dear:
    provider: openai
    model: m
    key: ${{ env.OPENAI_API_KEY }}
    price: {input: 1 USD, output: 2 USD, dated: "2020-01-01"}
""",
    "schemas/records/paid/v1.json": json.dumps(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "additionalProperties": False,
            "required": ["refund"],
            "properties": {"refund": {"type": "string"}},
        }
    ),
    "pay.flow.yaml": """\
flow: pay
version: 1
owner: leads
input:
  type: object
  properties: {order: {type: string}, amount: {type: integer, x-money: EUR}}
  required: [order, amount]
  additionalProperties: false
output: paid@1
tools:
  shop.refund: {}
budget: {writes: 9, tool_calls: 9, within: 10s}
steps:
  - id: money
    call: shop.refund
    with: {order: "${{ input.order }}", amount: "${{ input.amount }}"}
    on_error: hand_off
  - {id: record, record: paid@1, with: {refund: "${{ steps.money.id }}"}}
""",
    "write.flow.yaml": """\
flow: write
version: 1
owner: leads
input:
  type: object
  properties: {order: {type: string}}
  required: [order]
  additionalProperties: false
output: paid@1
tools:
  shop.letter: {}
budget: {writes: 2, tool_calls: 9, within: 10s}
steps:
  - id: letter
    call: shop.letter
    with: {order: "${{ input.order }}"}
    on_error: hand_off
  - {id: record, record: paid@1, with: {refund: "${{ steps.letter.id }}"}}
""",
}


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Run the program in a workspace of its own; return exit code, stdout and stderr."""
    monkeypatch.delenv("FLOWRUN_STORE")
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = frame.main(list(arguments))
        return code, *capsys.readouterr()

    return run


def load(text: str) -> Any:
    return json.loads(text)


def effects() -> list[str]:
    return Path("effects.txt").read_text().splitlines()


def given(**fields: Any) -> str:
    """Return a file with an input."""
    Path("input.json").write_text(json.dumps(fields))
    return "input.json"


def in_doubt(call: Call) -> dict[str, Any]:
    """Run a flow whose only write ends in doubt; return its inbox entry."""
    code, out, err = call("run", "write.flow.yaml", "--input", given(order="7"), "--json")
    assert code == 4, err
    (entry,) = load(call("inbox", "--json")[1])
    assert entry["run"] == load(out)["run"]
    return dict(entry)


def test_a_write_that_another_run_had_done_is_not_made_again(call: Call) -> None:
    first = load(call("run", "pay.flow.yaml", "--input", given(order="7", amount=5), "--json")[1])
    second = load(call("run", "pay.flow.yaml", "--input", given(order="7", amount=6), "--json")[1])
    assert effects() == ["refund 7"]
    assert second["record"] == first["record"] == {"refund": "R-7-5"}, "the first result is given"
    assert (first["usage"]["writes"], second["usage"]["writes"]) == (1, 0)
    shown = call("show", second["run"])[1]
    assert f"was not called: the run {first['run']} had done it" in shown
    (write,) = load(call("writes", "--run", second["run"], "--json")[1])
    assert (write["state"], write["first"]) == ("done", first["run"])


def test_a_person_finds_a_write_done_and_the_run_goes_on_with_its_result(call: Call) -> None:
    entry = in_doubt(call)
    assert entry["may"] == ["done", "not_done", "close"], "nothing is repeated blindly"
    assert entry["evidence"][0]["said"].endswith("The post office hung up.") and entry["proposal"][0]["key"]
    (write,) = load(call("writes", "--state", "in_doubt", "--json")[1])
    assert write["tool"] == "shop.letter" and write["attempts"][0]["result"] == "in_doubt"
    assert "flowrun settle" in call("why", entry["run"])[1] and "flowrun settle" in call("inbox")[1]
    assert call("answer", entry["id"], "--as", "eva", "--data", "{}")[0] != 0, "a doubt is never answered over"
    code, _, err = call("settle", entry["id"], "--done", "--data", '{"nr": 1}', "--as", "eva")
    assert code != 0 and "does not fit" in err
    code, out, _ = call("settle", entry["id"], "--done", "--data", '{"id": "L-1"}', "--as", "eva", "--json")
    assert code == 0 and load(out)["record"] == {"refund": "L-1"}
    assert effects() == ["letter 7"]
    (write,) = load(call("writes", "--json")[1])
    assert (write["state"], write["how"], write["by"], write["done"]) == ("reconciled", "person", "eva", True)
    assert "said by eva" in call("show", entry["run"])[1]


def test_a_write_found_not_done_is_made_again_with_the_same_key(call: Call) -> None:
    entry = in_doubt(call)
    code, _, _ = call("settle", entry["id"], "--not-done", "--as", "eva", "--reason", "No letter came.")
    assert code == 4, "it hung again, and the next person is asked"
    (again,) = load(call("inbox", "--json")[1])
    assert again["id"] != entry["id"] and again["proposal"][0]["key"] == entry["proposal"][0]["key"]
    assert call("close", again["id"], "--as", "eva")[0] == 1
    assert load(call("runs", "--json")[1])[0]["outcome"] == "in_doubt"


@pytest.mark.parametrize("more", [[], ["--done"], ["--not-done", "--data", "{}"]])
def test_settling_says_what_is_missing(call: Call, more: list[str]) -> None:
    code, _, err = call("settle", "x", *more, "--as", "eva")
    assert code == 2 and ("--data" in err)


def test_the_workspace_limits_every_run_and_lint_says_so(call: Call) -> None:
    _, out, _ = call("lint", "--format", "json")
    found = {item["rule"]: item for item in load(out)["findings"]}
    assert set(found) == {"above-ceiling", "old-price", "no-once"}
    assert "(2)" in found["above-ceiling"]["message"] and found["above-ceiling"]["severity"] == "warning"
    run = in_doubt(call)["run"]
    for raised, unit in (("writes=3", "2"), ("within=61", "60")):
        code, _, err = call("resume", run, "--raise", raised, "--as", "eva")
        assert code != 0 and f"above {unit}" in err and "flowrun.yaml" in err
    code, _, err = call("resume", run, "--raise", "within=50", "--as", "eva")
    assert code != 0 and "flowrun settle" in err, "below the ceiling, but no limit tells what became of a write"
