"""A small workspace with Python tools whose effects are lines of a file, and ways to use it from other processes.

Owns: the files of the workspace and the counting of effects. What a tool does wrong is each test's own text.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

CONFIG = """\
tools: [bank.tools.yaml]
roles: {leads: {members: [Lea, Max]}}
store: sqlite:///runs.db
"""
TOOLS = """\
tools: bank
adapter: python
source: bank.py
"""
FLOW = """\
flow: pay
version: 1
owner: leads
input:
  type: object
  properties: {id: {type: string}, who: {type: string}}
  required: [id, who]
  additionalProperties: false
output: paid@1
key: input.id
subject: input.who
tools: {bank.balance: {}, bank.pay: {}, bank.thank: {}}
budget: {tool_calls: 40, writes: 8, model_calls: 8}
steps:
  - {id: look, call: bank.balance, with: {who: "${{ input.who }}"}}
  - {id: first, call: bank.pay, with: {who: "${{ input.who }}", amount: 1}}
  - {id: second, call: bank.thank, with: {who: "${{ input.who }}"}}
  - {id: done, record: paid@1, with: {who: "${{ input.who }}"}}
"""
RECORD = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {"who": {"type": "string"}},
    "required": ["who"],
    "additionalProperties": False,
}
BANK = '''\
"""Tools of the tests: each effect is a line of world.log, and a repeated key does nothing twice."""
import os, subprocess, sys, threading, time
from contextlib import suppress
from pathlib import Path
from flowrun import tool

HERE = Path(__file__).parent
LOG = HERE / "world.log"

def done(line: str) -> None:
    known = LOG.read_text().splitlines() if LOG.exists() else []
    if line not in known:
        with LOG.open("a") as log:
            log.write(line + "\\n")

def asked(name: str) -> None:
    with (HERE / "asked.log").open("a") as log:
        log.write(name + "\\n")

def asked_before(name: str) -> int:
    return (HERE / "asked.log").read_text().split().count(name)

@tool(effect="read")
def balance(who: str) -> int:
    """Look at the balance."""
    asked("balance")
    BALANCE
    return 7

@tool(effect="write", once={"argument": "key"})
def pay(who: str, amount: int, key: str) -> str:
    """Pay."""
    asked("pay")
    PAY
    done(f"pay {key}")
    return "P-1"

@tool(effect="write", once={"argument": "key"})
def thank(who: str, key: str) -> str:
    """Thank."""
    asked("thank")
    THANK
    done(f"thank {key}")
    return "T-1"
'''


class Place:
    """The workspace. `balance`, `pay` and `thank` are lines of Python that run inside the tools."""

    def __init__(
        self, folder: Path, *, balance: str = "", pay: str = "", thank: str = "", flow: str = FLOW, config: str = CONFIG
    ) -> None:
        self.folder = folder
        (folder / "flows").mkdir(parents=True)
        (folder / "schemas" / "records" / "paid").mkdir(parents=True)
        (folder / "flowrun.yaml").write_text(config)
        (folder / "bank.tools.yaml").write_text(TOOLS)
        (folder / "flows" / "pay.flow.yaml").write_text(flow)
        (folder / "schemas" / "records" / "paid" / "v1.json").write_text(json.dumps(RECORD))
        text = BANK
        for word, code in (("BALANCE", balance), ("PAY", pay), ("THANK", thank)):
            text = text.replace(f"    {word}\n", "".join(f"    {line}\n" for line in code.splitlines()))
        (folder / "bank.py").write_text(text)

    def input(self, id: str = "i-1", who: str = "ana@example.com") -> Path:
        """Return a file with an input."""
        file = self.folder / f"{id}.json"
        file.write_text(json.dumps({"id": id, "who": who}))
        return file

    def start(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        """Start `flowrun ARGUMENTS` as a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "flowrun", *arguments, "--workspace", str(self.folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env={**{k: v for k, v in os.environ.items() if k != "FLOWRUN_STORE"}, **env},
        )

    def call(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run `flowrun ARGUMENTS` as a process of its own to its end."""
        process = self.start(*arguments, **env)
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def run(self, id: str = "i-1", who: str = "ana@example.com") -> dict[str, Any]:
        """Run the flow to its end in a process of its own and return what it printed."""
        done = self.call("run", "pay", "--input", str(self.input(id, who)), "--json")
        assert "Traceback" not in done.stderr, done.stderr
        result: dict[str, Any] = json.loads(done.stdout)
        return result

    def effects(self) -> Counter[str]:
        """Return how often each tool changed the world."""
        log = self.folder / "world.log"
        return Counter(line.split()[0] for line in log.read_text().splitlines()) if log.exists() else Counter()

    def asked(self) -> Counter[str]:
        """Return how often each tool was called."""
        log = self.folder / "asked.log"
        return Counter(log.read_text().split()) if log.exists() else Counter()
