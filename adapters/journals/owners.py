"""Who holds a run: a process, named so that others can tell whether it is still there.

Owns: the owner text `HOST:BOOT:PID:START` and the question whether that process is gone. Leases and epochs
are the journal's part; they protect a run where this question cannot be answered.
"""

from __future__ import annotations

import os
import socket
from functools import lru_cache
from pathlib import Path


def this_process() -> str:
    """Return the owner text of this process. HOST includes the process namespace, since containers share host
    names.
    """
    return _owner(os.getpid())


def is_gone(owner: str) -> bool:
    """Return True where the process surely no longer runs; False where it runs or nobody can tell from
    here.
    """
    parts = owner.rsplit(":", 3)
    if len(parts) != 4 or parts[0] != _host() or not parts[2].isdigit():
        return False
    if parts[1] != _boot():
        return True
    pid = int(parts[2])
    start = _start(pid)
    if start is not None:
        return start != parts[3]
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    # The process is there, but its start is not told on this system.
    return False


@lru_cache(maxsize=4)
def _owner(pid: int) -> str:
    return f"{_host()}:{_boot()}:{pid}:{_start(pid) or '0'}"


@lru_cache(maxsize=1)
def _host() -> str:
    try:
        namespace = Path("/proc/self/ns/pid").readlink().name.strip("pid:[]")
    except OSError:
        namespace = "0"
    return f"{socket.gethostname()}/{namespace}".replace(":", "_")


@lru_cache(maxsize=1)
def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "0"


def _start(pid: int) -> str | None:
    """Return when a process started, in clock ticks after boot; `dead` for a zombie; None where it cannot be
    told.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name in parentheses may hold blanks and parentheses itself.
    fields = text.rpartition(")")[2].split()
    if len(fields) < 20:
        return None
    return "dead" if fields[0] in "ZX" else fields[19]
