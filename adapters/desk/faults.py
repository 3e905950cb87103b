"""Faults that the embedded desk can be told to have, so that tests and demos meet a bad day.

Owns: reading and firing them. They come from a `Faults` value or from the environment variable
FLOWRUN_DESK_FAULT, for example `desk.create_ticket:kill_after_effect@1,pay.refund:fails`. What the desk
does is `actions.py`'s part.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flowrun.errors import AdapterError, ConfigError
from flowrun.words import t

VARIABLE = "FLOWRUN_DESK_FAULT"
KINDS = ("fails", "times_out_after_success", "malformed", "kill_before_effect", "kill_after_effect")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault of one tool. `nth` is the call that it befalls, over all processes of the store; 0: every
    call.
    """

    kind: str
    nth: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """The faults by full tool name (`desk.create_ticket`)."""

    by_tool: Mapping[str, tuple[Fault, ...]] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Faults:
        """Read `TOOL:KIND[@N]`, several with commas. Raises `ConfigError` for anything else."""
        found: dict[str, tuple[Fault, ...]] = {}
        for part in (part.strip() for part in text.split(",")):
            if not part:
                continue
            tool, _, rest = part.partition(":")
            kind, at, nth = rest.partition("@")
            if kind not in KINDS or "." not in tool or (at and not (nth.isdigit() and int(nth) > 0)):
                raise ConfigError(
                    t("{variable}: {part} is not a fault.", variable=VARIABLE, part=repr(part)),
                    help=t("Write TOOL:KIND or TOOL:KIND@N, where KIND is one of {kinds}.", kinds=", ".join(KINDS)),
                    code="FR2310",
                )
            found[tool] = (*found.get(tool, ()), Fault(kind=kind, nth=int(nth) if nth else 0))
        return cls(by_tool=found)

    @classmethod
    def from_environment(cls) -> Faults:
        """Read the environment variable; none set means no faults."""
        return cls.parse(os.environ.get(VARIABLE, ""))

    def has(self, tool: str) -> bool:
        """Whether calls of this tool must be counted at all."""
        return tool in self.by_tool

    def of(self, tool: str, nth: int) -> frozenset[str]:
        """Return the kinds that befall the n-th call of a tool."""
        return frozenset(f.kind for f in self.by_tool.get(tool, ()) if f.nth in (0, nth))


def before(kinds: frozenset[str], tool: str) -> None:
    """Fire what comes before the effect."""
    if "kill_before_effect" in kinds:
        kill()
    if "fails" in kinds:
        raise AdapterError(
            t("{tool} failed, and surely did nothing (a fault that was asked for).", tool=tool), code="FR4002"
        )


def after(kinds: frozenset[str], tool: str, output: Any, *, write: bool) -> Any:
    """Fire what comes after the effect is committed; return the output, perhaps spoilt."""
    if "kill_after_effect" in kinds:
        kill()
    if "times_out_after_success" in kinds:
        raise AdapterError(
            t("{tool} gave no answer in time (a fault that was asked for).", tool=tool),
            code="FR4004",
            retryable=not write,
            in_doubt=write,
        )
    return {"unexpected": True} if "malformed" in kinds else output


def kill() -> None:
    """End this process as a power cut would: nothing is flushed, nothing is caught."""
    if hasattr(signal, "SIGKILL"):
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(137)
