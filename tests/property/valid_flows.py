"""Flows that are right, made at random: every verb, nested blocks, tools with rules, budgets, policies and a sub-flow.

Owns: the generator. A seed gives always the same workspace; nothing is checked here.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import yaml

from flowrun.lint.fragments import complete

Step = dict[str, Any]

CUSTOMER = '${{ steps.customer.customer_id | default("unknown") }}'
BOUND = "${{ steps.customer.customer_id }}"
ISSUES = ("cancel_risk", "money_back", "get_fixed", "get_answer", "leave", "complain")
ROLES = ("support_leads", "billing_leads", "finance")
WITHIN = ("30m", "4h", "1d", "3d")
REASONS = ("Somebody looks at it first.", "Once is enough.", "So it was agreed: no more than that.")
BINDS: dict[str, dict[str, str]] = {
    "crm.add_note": {"customer_id": BOUND},
    "desk.create_ticket": {"customer_id": BOUND},
    "mail.draft": {"to": "${{ steps.customer.email }}"},
    "mail.send": {"to": "${{ steps.customer.email }}"},
    "calendar.book": {"customer_id": BOUND},
}
"""Tools that write, and the arguments that a flow fixes because they say whom a call is about."""

FORM = {
    "type": "object",
    "properties": {"answer": {"type": "string", "minLength": 1, "maxLength": 500, "x-pii": "free_text"}},
    "required": ["answer"],
    "additionalProperties": False,
}
INNER = """\
# file: inner.flow.yaml
title: Leave a word about a case
steps:
  - {id: word, set: Done.}
"""
EVENT = """\
# file: schemas/records/contact.replied/v1.json
{"type": "object", "properties": {"text": {"type": "string", "minLength": 1, "maxLength": 500, "x-pii": "free_text",
  "x-untrusted": true}}, "required": ["text"], "additionalProperties": false}
"""


class Maker:
    """Makes one flow.

    `texts` are expressions of texts that can be seen at the place where the next step is put; `unused` are values that no
    step of this block has used so far. Each block ends with a step that does, for a value that nobody uses is a finding.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.count = 0
        self.tools: dict[str, dict[str, Any]] = {"crm.lookup_customer": {}}
        self.verbs: set[str] = set()
        self.texts = ["input.text", "input.message_id"]
        self.triages: list[str] = []
        self.unused: list[str] = []
        self.in_loop = False

    def id(self, name: str) -> str:
        self.count += 1
        return f"{name}_{self.count:03}"

    def some(self, *values: Any) -> Any:
        return self.random.choice(values)

    def likely(self, chance: float) -> bool:
        return self.random.random() < chance

    def text(self) -> str:
        """A text with expressions inside, of what can be seen here."""
        shown = self.random.sample(self.texts, k=min(len(self.texts), self.random.randint(1, 2)))
        return " ".join(["About this case:", *(f"${{{{ {name} }}}}" for name in shown)])

    # Steps

    def ask(self) -> list[Step]:
        id = self.id("asked")
        step: Step = {"id": id, "ask": f"{self.text()}\nWhat should be done?", "on_error": "hand_off"}
        if self.likely(0.3):
            step["model"] = self.some("small", ["small", "large"])
        if self.likely(0.3):
            step["repair"] = self.some(0, 1, 2)
        self.texts.append(f"steps.{id}")
        self.unused.append(f"steps.{id}")
        return [step]

    def triage(self) -> list[Step]:
        id = self.id("triage")
        asked = "Give the primary issue, the intent, the recommended next action, the confidence, a summary and notes."
        prompt = f"{self.text()}\n{asked}"
        self.triages.append(id)
        self.texts.append(f"steps.{id}.summary")
        self.unused.append(f"steps.{id}.summary")
        step: Step = {"id": id, "ask": prompt, "answer": "triage@1", "on_error": "hand_off"}
        if self.likely(0.3):
            step |= {"only_when": f"(steps.{id}.notes | length) < 5", "reason": "Five notes are too many to read."}
        return [step]

    def act(self) -> list[Step]:
        names = self.random.sample(sorted(BINDS), k=self.random.randint(1, 2))
        for name in names:
            self.tools.setdefault(name, self.rule(name))
        return [{"id": self.id("act"), "ask": "Do what this case needs.", "tools": names, "on_error": "hand_off"}]

    def rule(self, name: str) -> dict[str, Any]:
        most = 40 if name == "crm.add_note" else self.some(1, 2, 3)
        rule: dict[str, Any] = {"at_most": most, "bind": dict(BINDS[name])}
        if name == "mail.send" or self.likely(0.4):
            rule |= {"approve_when": True, "approver": self.some(*ROLES, ["billing_leads", "finance"])}
            rule["reason"] = self.some(*REASONS)
        return rule

    def look(self) -> list[Step]:
        self.tools.setdefault("crm.get_orders", {})
        id = self.id("orders")
        self.unused.append(f"steps.{id}.orders | length")
        return [{"id": id, "call": "crm.get_orders", "with": {"customer_id": CUSTOMER}, "on_error": "hand_off"}]

    def used(self) -> list[Step]:
        """A step that uses what nothing has used so far."""
        if not self.unused:
            return []
        text = "; ".join(f"${{{{ {value} }}}}" for value in self.unused)
        self.unused = []
        self.tools.setdefault("crm.add_note", {"at_most": 40, "bind": dict(BINDS["crm.add_note"])})
        return [
            {"id": self.id("note"), "call": "crm.add_note", "with": {"text": f"Seen: {text}"}, "on_error": "hand_off"}
        ]

    def draft(self) -> list[Step]:
        self.tools.setdefault("mail.draft", self.rule("mail.draft"))
        letter = {"subject": "Your message", "body": "Hello, we have read it and come back to you."}
        return [
            {
                "id": self.id("draft"),
                "call": "mail.draft",
                "with": letter,
                "on_error": self.some("hand_off", "continue"),
            }
        ]

    def person(self) -> list[Step]:
        id = self.id("person")
        step: Step = {
            "id": id,
            "ask_person": "What should be done here?",
            "to": self.some(*ROLES),
            "on_error": "hand_off",
        }
        step |= {"show": ["input.text"], "within": self.some(*WITHIN)}
        if self.triages and self.likely(0.5):
            step |= {"answer": "triage@1", "with": f"${{{{ steps.{self.random.choice(self.triages)} }}}}"}
            self.triages.append(id)
            self.unused.append(f"steps.{id}.summary")
        else:
            step["answer"] = FORM
            self.texts.append(f"steps.{id}.answer")
            self.unused.append(f"steps.{id}.answer")
        return [step]

    def wait(self) -> list[Step]:
        if self.likely(0.5):
            return [{"id": self.id("pause"), "wait_for": self.some("10m", "2h", "2d")}]
        id = self.id("reply")
        key = "input.message_id"
        return [
            {
                "id": id,
                "wait_for": "contact.replied@1",
                "key": key,
                "within": self.some(*WITHIN),
                "on_error": "continue",
            }
        ]

    def name(self) -> list[Step]:
        id = self.id("named")
        value = self.some(
            f"${{{{ {self.random.choice(self.texts)} | truncate(200) }}}}",
            {"kind": "case", "urgent": False},
            ["a", "b"],
            f"${{{{ ({self.random.choice(self.texts)} | length) > 20 }}}}",
        )
        self.unused.append(f"steps.{id}")
        return [{"id": id, "set": value}]

    def sub_flow(self) -> list[Step]:
        self.tools.setdefault("flows.inner@1", {})
        return [
            {
                "id": self.id("inner"),
                "call": "flows.inner@1",
                "with": "${{ input }}",
                "on_error": self.some("hand_off", "continue"),
            }
        ]

    def stop(self) -> list[Step]:
        reason = "Nothing can be done about such a message."
        when = f'input.text | contains("{self.id("end")}")'
        return [{"id": self.id("ended"), "when": when, "stop": "failed", "reason": reason}]

    # Blocks

    def apart(self, depth: int, most: int = 2, *seen: str) -> list[Step]:
        """Steps inside a block: what they leave behind is not used outside. `seen`: what they must use."""
        texts, triages, unused = list(self.texts), list(self.triages), self.unused
        self.unused = list(seen)
        steps = self.steps(depth - 1, self.random.randint(1, most))
        steps += self.used()
        self.texts, self.triages, self.unused = texts, triages, unused
        return steps

    def choose(self, depth: int) -> list[Step]:
        triages = list(self.triages)
        if triages and self.likely(0.6):
            triage = self.random.choice(triages)
            of = f"steps.{triage}.intent"
            self.triages = [name for name in triages if name != triage]  # what is asked here is not asked again inside
            cut = self.random.randint(1, len(ISSUES) - 1)
            first, rest = ISSUES[:cut], ISSUES[cut:]
            branches = [{"when": f"{of} in {_listed(first)}", "steps": self.apart(depth)}]
            if self.likely(0.5):
                branches.append({"when": f"{of} in {_listed(rest)}", "steps": self.apart(depth)})
            else:
                branches.append({"otherwise": self.apart(depth)})
        else:
            when = f'input.text | contains("{self.id("word")}")'
            branches = [{"when": when, "steps": self.apart(depth)}]
            branches.append({"otherwise": self.apart(depth)})
        self.triages = triages
        return [{"id": self.id("way"), "choose": branches}]

    def for_each(self, depth: int) -> list[Step]:
        before, self.in_loop = self.in_loop, True
        texts = list(self.texts)
        self.texts.append("item")
        steps = self.apart(depth, 2, "item")
        self.in_loop, self.texts = before, texts
        return [{"id": self.id("each"), "for_each": '["first", "second"]', "steps": steps}]

    def parallel(self, depth: int) -> list[Step]:
        names = self.random.sample(["left", "right", "middle"], k=self.random.randint(2, 3))
        return [{"id": self.id("both"), "parallel": {name: self.apart(depth) for name in names}}]

    def steps(self, depth: int, count: int) -> list[Step]:
        leaves: list[Callable[[], list[Step]]] = [self.look, self.name, self.wait, self.person, self.sub_flow]
        if not self.in_loop:
            leaves += [self.ask, self.triage, self.act, self.draft, self.stop]
        blocks = [self.choose, self.for_each, self.parallel]
        found: list[Step] = []
        for _ in range(count):
            if depth > 0 and self.likely(0.35):
                found += self.random.choice(blocks)(depth)
            else:
                found += self.random.choice(leaves)()
        return found

    def workspace(self) -> dict[str, str]:
        """Return the files of a workspace with this flow."""
        customer = {"id": "customer", "call": "crm.lookup_customer", "with": {"email": "${{ input.email }}"}}
        body = [{**customer, "on_error": "hand_off"}, *self.steps(3, self.random.randint(2, 6))]
        body += self.used()
        done: Step = {"id": "done", "record": "outcome@1", "with": {"text": "Done."}, "on_error": "hand_off"}
        _note(self.verbs, [*body, done])
        flow = {
            "flow": "example",
            "version": self.random.randint(1, 9),
            "title": "A case of the example desk",
            "owner": self.some(*ROLES),
            "input": "support_message@1",
            "output": "outcome@1",
            "key": "input.message_id",
            "subject": "input.email",
            "tools": self.tools,
            "budget": {"model_calls": 400, "tool_calls": 400, "writes": 60, "within": "1h"},
            "steps": [*body, done],
        }
        if self.likely(0.5):
            flow["results"] = {"solved": {"type": "boolean"}}
        text = yaml.safe_dump(flow, sort_keys=False, allow_unicode=True, width=self.some(80, 200))
        return complete(f"# file: example.flow.yaml\n# whole file\n{text}{INNER}{EVENT}{self.policy()}")

    def policy(self) -> str:
        names = sorted(name for name in self.tools if name in BINDS)
        if not names or self.likely(0.3):
            return ""
        kinds: tuple[tuple[str, dict[str, Any]], ...] = (
            ("allow", {"at_most": {"limit": self.random.randint(5, 20), "window": "today"}}),
            ("deny", {"needs_before": ["crm.lookup_customer"]}),
            ("approve", {"approve_when": True, "approver": self.some(*ROLES)}),
        )
        rules, tests = [], []
        for number, name in enumerate(names):
            expected, words = self.random.choice(kinds)
            rules.append({"id": f"rule_{number}", "tools": name, **words, "reason": self.some(*REASONS)})
            by = {} if expected == "allow" else {"by": f"rule_{number}"}
            tests.append({"call": name, "args": {"customer_id": "C-1"}, "expect": expected, **by})
        policy = {"policy": "house", "version": 1, "rules": rules, "tests": tests}
        return "# file: house.policy.yaml\n" + yaml.safe_dump(policy, sort_keys=False)


def _listed(values: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{value}"' for value in values) + "]"


def _note(verbs: set[str], steps: list[Step]) -> None:
    for step in steps:
        verbs.update(step)
        for branch in step.get("choose", ()):
            _note(verbs, branch.get("steps") or branch.get("otherwise"))
        for inner in step.get("parallel", {}).values():
            _note(verbs, inner)
        _note(verbs, step.get("steps", []))
