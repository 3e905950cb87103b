"""What a halt may name: a tool, a namespace, a flow, a subject, or all.

Owns: those names and their one spelling, so that what a person halts and what a call stands under are compared as texts.
Which halts hold is the store's and the workspace file's knowledge; nothing is looked up here.
"""

from __future__ import annotations

from typing import Any

ALL = "all"
FLOWS = "flows."
SUBJECT = "subject:"


def tool_names(tool: str) -> list[str]:
    """Return the names under which a call of this tool may be halted, but for its flow and subject."""
    return [ALL, tool, tool.partition(".")[0]]


def flow_name(flow: str) -> str:
    """Return the name of a flow."""
    return f"{FLOWS}{flow}"


def subject_name(value: Any) -> str:
    """Return the name of a subject; case and blanks around do not matter, since a halt may only deny too much."""
    return f"{SUBJECT}{str(value).strip().casefold()}"
