"""What a condition says about null: the paths that are surely something where it holds, or where it does not.

Owns: the text that stands for a path, and the reading of guards (`x is not none and …`). No types are known here.
"""

from __future__ import annotations

from flowrun.values.nodes import Node, dotted


def key_of(node: Node) -> str | None:
    """Return a text that is the same for the same path, or None where the node is no path."""
    kind = node[0]
    if kind == "index":
        base = key_of(node[1])
        inner = repr(node[2][1]) if node[2][0] == "lit" else key_of(node[2])
        return None if base is None or inner is None else f"{base}[{inner}]"
    if kind == "attr":
        base = key_of(node[1])
        return None if base is None else f"{base}.{node[2]}"
    return dotted(node) if kind in ("name", "var", "step", "calls") else None


def known_if(node: Node, truth: bool) -> set[str]:
    """Return the paths that are surely not null where the condition is `truth`."""
    kind = node[0]
    if kind == "none":
        return _prefixes(node[1]) if not truth else set()
    if kind == "not":
        return known_if(node[1], not truth)
    if kind == ("and" if truth else "or"):
        return set().union(*(known_if(part, truth) for part in node[1]))
    if kind == "cmp":
        return _prefixes(node[2]) | _prefixes(node[3])
    return _prefixes(node)


def _prefixes(node: Node) -> set[str]:
    """A path that is not null has no null anywhere on the way."""
    found: set[str] = set()
    while True:
        key = key_of(node)
        if key is None:
            return found
        found.add(key)
        if node[0] not in ("attr", "index"):
            return found
        node = node[1]
