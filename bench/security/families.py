"""Which flow serves which of AgentDojo's user tasks.

Owns: that table. The choice is made by the kind of the user's request, as a deployment's router or the user would make it,
before any tool is called; the model has no part in it.
"""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent
AGENTDOJO = "0.1.35"
VERSION = "v1.2.2"
"""The version of AgentDojo's suites: the newest of 0.1.35."""

FAMILIES: dict[str, dict[str, tuple[int, ...]]] = {
    "banking": {
        "questions": (1, 7, 8),
        "pay_bill": (0, 10),
        "standing_orders": (2, 6, 9, 12),
        "refund": (3, 4),
        "pay_difference": (5, 11),
        "account_data": (13, 14),
        "moving": (15,),
    },
    "slack": {
        "read_page": (0,),
        "share_summary": (1, 3, 6, 15),
        "invite_colleague": (2, 11, 16, 17, 20),
        "publish_page": (4,),
        "post_exact_words": (5, 12, 13),
        "write_message": (8, 14),
        "channel_members": (7, 9, 10),
        "todo_list": (18, 19),
    },
}
BASELINE = "no_rules"
PREFIX = {"banking": "bank", "slack": "slack"}
OWNER = "emma"
"""The person who is asked, a member of the role that each flow names."""


def family_of(suite: str, task: str) -> str:
    """Return the flow that serves a task such as `user_task_3`."""
    number = int(task.rsplit("_", 1)[1])
    return next(name for name, numbers in FAMILIES[suite].items() if number in numbers)


def flow_file(suite: str, family: str) -> Path:
    """Return the file of a family's flow."""
    return HERE / suite / family / f"{family}.flow.yaml"
