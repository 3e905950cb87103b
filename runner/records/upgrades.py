"""Lifting a record from one version to the next.

Owns: `Upgrade`, the function that an upgrade file means. It reads no file; what it makes is checked against the new schema
by whoever uses it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flowrun.lang.spec_files import UpgradeFile
from flowrun.values.evaluate import compile_node
from flowrun.values.names import Names

Json = Any


class Upgrade:
    """One upgrade file, ready to use. `schema` is the new version's."""

    def __init__(self, file: UpgradeFile, schema: Mapping[str, Json]) -> None:
        self.file = file
        self._fields = frozenset(schema.get("properties", {}))
        self._made: Callable[[Names], Json] | None = None if file.with_ is None else compile_node(file.with_.node)

    def __call__(self, record: dict[str, Json]) -> dict[str, Json]:
        """Return the record in the new version; the old one is not changed. An expression without a value gives null."""
        dropped = set(self.file.drop)
        kept = {name: value for name, value in record.items() if name in self._fields and name not in dropped}
        made = {} if self._made is None else self._made(Names(input=record))
        return {**kept, **made} if isinstance(made, dict) else kept
