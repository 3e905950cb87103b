"""Events and helpers for the tests of journals."""

from __future__ import annotations

from typing import Any

from flowrun.core import events as ev
from flowrun.ports.journal import Append, Claim, Journal, Receipt
from flowrun.values.micros import MICRO, micros

AT = "2026-03-02T09:00:00.000000Z"
ME = "host-a:boot:1:1"
OTHER = "host-b:boot:2:2"


class Wall:
    """Seconds for leases, moved by the test."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def started(run: str = "01run", **changes: Any) -> ev.RunStarted:
    values: dict[str, Any] = {"flow": "f", "version": 1, "plan": "p", "input": {"a": 1}, "key": run, "at": AT}
    return ev.RunStarted(run=run, **(values | changes))


def opened(journal: Journal, run: str = "01run", **changes: Any) -> Claim:
    claim = journal.open_run(started(run, **changes), owner=ME).claim
    assert claim is not None
    return claim


def put(journal: Journal, claim: Claim, *events: ev.AnyEvent, durable: bool = False) -> Receipt:
    append = Append(run=claim.run, epoch=claim.epoch, events=events, durable=durable)
    return journal.commit([append])[0]


def person(journal: Journal, run: str, *events: ev.AnyEvent) -> Receipt:
    return journal.commit([Append(run=run, epoch=None, events=events, durable=True)])[0]


def returned(path: str) -> ev.Returned:
    return ev.Returned(path=path, at=AT, output={"ok": True}, tool="crm.read")


def asked(path: str = "ok", **changes: Any) -> ev.Asked:
    values: dict[str, Any] = {
        "kind": "approval",
        "title": "May it?",
        "to": ["lead"],
        "may": ["approve", "reject"],
        "at": AT,
    }
    return ev.Asked(path=path, **(values | changes))


def answered(path: str = "ok", action: str = "approve", **changes: Any) -> ev.Answered:
    return ev.Answered(path=path, at=AT, action=action, by="ana", **changes)


def proposal(path: str, digest: str) -> ev.Verdict:
    return ev.Verdict(path=path, tool="pay.refund", args={}, digest=digest, verdict="ask", effect="write")


def approved(path: str = "ok", *, role: str = "lead", by: str = "ana", **changes: Any) -> ev.Approved:
    return ev.Approved(**{"path": f"{path}@{role}", "at": AT, "role": role, "by": by, "yes": True, **changes})


def room(amount: float, limit: float, *, counter: str = "daily", since: str | None = None) -> ev.Reservation:
    takes = micros(amount, up=True)
    most = micros(limit, up=False)
    assert takes is not None and most is not None
    return ev.Reservation(counter=counter, takes=takes, most=most, since=since, rule="daily")


def intended(path: str, *reserve: ev.Reservation, at: str = AT, **changes: Any) -> ev.Intended:
    values: dict[str, Any] = {"tool": "pay.refund", "args": {}, "digest": "d1", "key": "k"}
    return ev.Intended(path=path, at=at, reserve=list(reserve), **(values | changes))


def failed(path: str) -> ev.CallFailed:
    return ev.CallFailed(path=path, at=AT, fault=ev.Fault(kind="tool", message="no"))


def doubted(path: str) -> ev.Doubted:
    return ev.Doubted(path=path, at=AT, fault=ev.Fault(kind="in_doubt", message="?"))


def used(journal: Journal, counter: str, since: str | None = None) -> float:
    """Return what is taken of a counter, in the unit of the test's amounts."""
    return journal.usage(counter, since) / MICRO
