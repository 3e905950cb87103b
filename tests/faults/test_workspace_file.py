"""What the workspace file names and is not there, or cannot be read, stops whatever reads it: no policy is left out silently."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.faults.place import CONFIG, FLOW, Place

WAITS = FLOW.replace("steps:\n", "steps:\n  - {id: pause, wait_for: 30d}\n")
TEST = "test: t\nflow: pay\ngiven: {input: {id: a, who: b}}\nexpect: {outcome: waiting}\n"
POLICY = """\
policy: p
version: 1
rules:
  - {id: never, tools: bank.pay, deny_when: true, reason: No.}
tests:
  - {call: bank.pay, args: {who: a, amount: 1}, expect: deny}
"""


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ("policies: [nope.policy.yaml]\n", "FR1433", "there is no such file"),
        ("policies: ['rules/*.policy.yaml']\n", "FR1433", "there is no such file"),
        ("policies: [broken.policy.yaml]\n", "FR1102", "broken.policy.yaml"),
        ("halt: {tools: [bank.payy]}\n", "FR1401", "bank.payy"),
        ("halt: {flows: [payy]}\n", "FR1412", "no flow `payy`"),
    ],
)
def test_what_the_file_names_and_is_not_there_stops_all(tmp_path: Path, more: str, code: str, words: str) -> None:
    place = Place(tmp_path / "w", flow=WAITS)
    run = place.run()["run"]
    (place.folder / "flowrun.yaml").write_text(CONFIG + more)
    (place.folder / "pay.test.yaml").write_text(TEST)
    if "broken" in more:
        (place.folder / "broken.policy.yaml").write_text("policy: p\nrules: [x]\n")
    lint = place.call("lint", "--format", "json")
    assert lint.returncode == 1 and code in lint.stdout and words in lint.stdout
    for command in (["run", "pay", "--input", str(place.input("i-2"))], ["test"]):
        done = place.call(*command)
        assert done.returncode != 0 and words in done.stdout + done.stderr, command
    if "broken" not in more:  # a run keeps the policies that it began with; what is read anew must be right
        done = place.call("resume", run)
        assert done.returncode == 3 and code in done.stderr
    assert place.effects() == {}


def test_a_policy_is_not_tested_beside_one_that_cannot_be_read(tmp_path: Path) -> None:
    place = Place(tmp_path / "w", config=CONFIG + "policies: [good.policy.yaml, broken.yaml]\n")
    (place.folder / "good.policy.yaml").write_text(POLICY)
    (place.folder / "broken.yaml").write_text("policy: p\nrules: [x]\n")
    done = place.call("test", "good.policy.yaml")
    assert done.returncode != 0 and "FR1102" in done.stdout + done.stderr


def test_the_brake_works_where_a_policy_is_gone(tmp_path: Path) -> None:
    place = Place(tmp_path / "w", config=CONFIG + "policies: [gone.policy.yaml]\n")
    assert place.call("halt", "bank.pay").returncode == 0
    assert [halt["what"] for halt in json.loads(place.call("halt", "--list", "--json").stdout)] == ["bank.pay"]
