"""How a store is: what `flowrun doctor` tells.

Owns: the values. A store adapter fills them in; nothing here looks at anything.
"""

from __future__ import annotations

import msgspec


class DamagedRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run of which not all is as it was written: `readable` of its `events`, counted from the first on."""

    run: str
    events: int
    readable: int


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """A store. `form` is its version; `problems` are damage, `warnings` what may become a problem.

    `key`: why the store's key opens nothing, empty where it does. `locked`: the runs that cannot be opened therefore, or
    because their own keys do not open.
    """

    store: str
    form: int = 0
    runs: int = 0
    events: int = 0
    problems: list[str] = []
    damaged: list[DamagedRun] = []
    warnings: list[str] = []
    key: str = ""
    locked: list[str] = []

    @property
    def ok(self) -> bool:
        """Whether everything can be read as it was written."""
        return not (self.problems or self.damaged or self.key or self.locked)
