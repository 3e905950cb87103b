"""Expressions as a person reads them in an answer: as the language writes them, and not too long.

Owns: the cut. The spelling is that of contracts.
"""

from __future__ import annotations

from typing import Any

from flowrun.contract.expression import expression

Node = list[Any]
LONGEST = 160


def spell(node: Node) -> str:
    """Return an expression as text."""
    text = "a text" if node[0] in ("text", "for") else expression(node)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
