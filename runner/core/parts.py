"""The values that events carry: faults, verdicts, reservations, usage.

Owns: these types, which are stored inside events. `core.events` names them too, for whoever reads events.
"""

from __future__ import annotations

from typing import Any

import msgspec

Json = Any


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why something failed.

    `kind`: `tool`, `model`, `answer`, `record`, `denied`, `budget`, `late`, `in_doubt`, `input` or `flow`.
    `problems`: one dict `{path, rule, message, allowed}` for each failing place of an invalid value.
    """

    kind: str
    message: str
    code: str = ""
    retryable: bool = False
    retry_after: float | None = None
    problems: list[dict[str, Json]] = []


class Reservation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Room that a call takes in an `at_most` window; over runs it is checked and taken in the transaction of the intent.

    `counter` names rule, place and `per` value; `since` is the start of the window (None: ever). `reason` is the rule's.
    `takes` and `most` (the limit) are in millionths; earlier versions wrote `amount` and `limit` in the unit itself.
    """

    counter: str
    takes: int = -1
    most: int = -1
    since: str | None = None
    rule: str = ""
    reason: str = ""
    amount: float = 0.0
    limit: float = 0.0


class Verdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the guard says of one proposed call.

    `verdict`: `allow`, `ask` or `deny`. `args` include the bound ones; `digest` is of tool and args. `rules` are the
    ids of every rule that was judged and held its ground; `denied_by` the first that denied, `reason` its reason.
    `approvers`: one entry for each yes that is needed. `key` is the idempotency key; `natural` the digest of what makes
    the write the same one in every run, where its tool says so (`once: {natural: [ARGS]}`). `edited_by`: who wrote the
    arguments, where a person changed them.
    """

    path: str
    tool: str
    args: dict[str, Json]
    digest: str
    verdict: str
    effect: str = "read"
    key: str = ""
    rules: list[str] = []
    denied_by: str | None = None
    denials: list[str] = []
    reason: str = ""
    approvers: list[str] = []
    facts: dict[str, Json] = {}
    reserve: list[Reservation] = []
    natural: str = ""
    edited_by: str = ""


class Usage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Tokens of one model call; `known` is False where the provider reported none."""

    input_tokens: int = 0
    output_tokens: int = 0
    known: bool = True
