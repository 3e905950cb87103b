"""Runs or resumes the bundled flow in a process of its own, and kills it at one commit.

Used as `python child.py FOLDER COMMIT WHEN`: at the COMMIT-th transaction of the journal, `before` or `after` it, the process ends
by SIGKILL; 0 never does. The model is scripted, everything else is real.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from flowrun.adapters.journals.sqlite import SqliteJournal
from flowrun.adapters.models.scripted import ScriptedModels
from flowrun.app.runs import open_app
from flowrun.app.workspace import load_workspace

MESSAGE = {"message_id": "m-1", "email": "ana@example.com", "text": "I was billed twice."}
TRIAGE = {
    "primary_issue": "double_billing",
    "intent": "get_fixed",
    "recommended_next_action": "refund_check",
    "confidence": 0.9,
    "summary": "The customer was billed twice.",
    "notes": ["Check both charges."],
}
ACT = [
    {
        "propose": [
            {"crm.add_note": {"text": "Billed twice, see the ticket."}},
            {"desk.create_ticket": {"category": "billing_dispute", "severity": "high", "summary": "Billed twice."}},
        ]
    },
    {"answer": "done"},
]


class Asked(ScriptedModels):
    """Replies by the turn that is asked for, and writes each call down, so that a repeated one is seen."""

    def __init__(self, log: Path) -> None:
        super().__init__({})
        self._log = log

    async def complete(self, request: Any) -> Any:
        """Return the reply of this turn."""
        with self._log.open("a") as file:
            file.write(request.path.split("~")[0] + "\n")
        turn = int(request.path.split("~")[0].rsplit("-", 1)[1])
        script = {"triage": [{"answer": TRIAGE}], "act": ACT}[request.step]
        return await ScriptedModels({request.step: [script[turn - 1]]}).complete(request)


def kill_at(number: int, when: str) -> None:
    """Have the process killed at one of the journal's transactions."""
    real = SqliteJournal.write
    count = 0

    def write(self: SqliteJournal, *args: Any) -> Any:
        nonlocal count
        count += 1
        if count == number and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(self, *args)
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    SqliteJournal.write = write  # type: ignore[method-assign]


async def go(folder: Path) -> None:
    """Submit the message; a run that is there already is taken over and finished."""
    ws = load_workspace(folder, f"sqlite:///{folder}/runs.db")
    with open_app(ws, models=Asked(folder / "asked.log")) as app:
        result = await app.submit("support_to_ticket", MESSAGE)
    print(result.outcome)


if __name__ == "__main__":
    if int(sys.argv[2]):
        kill_at(int(sys.argv[2]), sys.argv[3])
    asyncio.run(go(Path(sys.argv[1])))
