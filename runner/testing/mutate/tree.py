"""Changes of a YAML text by its tree: an entry taken out, a value written otherwise.

Owns: where such a change begins and ends, in block style and in flow style. What is changed, and why, is told elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from flowrun.lang.document import Map, Node, Scalar, Seq

_AFTER = re.compile(r"[ \t]*,[ \t]*|[ \t]*")
_BEFORE = re.compile(r",[ \t]*\Z")


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """A text with one stretch written otherwise."""

    start: int
    end: int
    text: str

    def of(self, whole: str) -> str:
        """Return the changed text."""
        return whole[: self.start] + self.text + whole[self.end :]


def get(node: Node | None, *keys: str) -> Node | None:
    """Return the value below some keys, None where there is none."""
    for key in keys:
        node = node.get(key) if isinstance(node, Map) else None
    return node


def entries(node: Node | None) -> Iterator[tuple[Scalar, Node]]:
    """Yield the entries of a map; nothing for anything else."""
    if isinstance(node, Map):
        yield from node.entries


def items(node: Node | None) -> tuple[Node, ...]:
    """Return the items of a list; a value alone is one."""
    if node is None:
        return ()
    return node.items if isinstance(node, Seq) else (node,)


def without_entry(whole: str, key: Scalar, value: Node) -> Cut:
    """Take an entry out of a map."""
    return _without(whole, key.start, max(key.end, value.end))


def without_item(whole: str, item: Node) -> Cut:
    """Take an item out of a list."""
    line = whole.rfind("\n", 0, item.start) + 1
    before = whole[line : item.start]
    if re.fullmatch(r"[ ]*(- +)+", before):
        return _without(whole, line + before.rindex("-"), item.end)
    return _without(whole, item.start, item.end)


def _without(whole: str, start: int, end: int) -> Cut:
    line = whole.rfind("\n", 0, start) + 1
    rest = whole.find("\n", end)
    rest = len(whole) if rest < 0 else rest
    if not whole[line:start].strip() and not whole[end:rest].partition("#")[0].strip():
        return Cut(start=line, end=min(rest + 1, len(whole)), text="")
    if re.fullmatch(r"[ ]*(- +)+", whole[line:start]) and not whole[end:rest].partition("#")[0].strip():
        # The first entry of an item in block style: the next line moves up to the dash.
        following = re.compile(r"\n[ ]*(?=[^ \n])").match(whole, rest)
        if following is not None and following.end() - rest - 1 == start - line:
            return Cut(start=start, end=following.end(), text="")
    after = _AFTER.match(whole, end)
    assert after is not None
    if "," in after[0]:
        return Cut(start=start, end=after.end(), text="")
    before = _BEFORE.search(whole, 0, start)
    return Cut(start=start if before is None else before.start(), end=end, text="")


def instead(node: Node, text: str) -> Cut:
    """Write another value."""
    return Cut(start=node.start, end=node.end, text=text)


def inside(whole: str, node: Scalar) -> tuple[int, int]:
    """Return where the words of a text begin and end, without quotes and the marks of block texts."""
    if node.style in ("single", "double"):
        return node.start + 1, node.end - 1
    if node.style in ("literal", "folded"):
        head = whole.find("\n", node.start, node.end) + 1
        first = re.compile(r"[ ]*").match(whole, head)
        return (first.end() if first else head), node.end
    return node.start, node.end
