"""Stored bytes can be read again, are small enough, and say what they are."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from flowrun.core import events as ev
from flowrun.errors import StoreError
from flowrun.journal.encoding import MAX_BYTES, as_dict, decode, decode_clear, decode_head, encode

AT = "2026-03-02T09:00:00.000000Z"


def test_the_stored_form_is_fixed() -> None:
    event = ev.Woken(path="w", at=AT, timer=True)
    body = encode("01run", 7, event)
    assert body == (
        b'{"v":1,"run":"01run","seq":7,"event":{"type":"wait.ended","timer":true,"path":"w",'
        b'"at":"2026-03-02T09:00:00.000000Z"}}'
    )
    stored = decode(body)
    assert (stored.v, stored.run, stored.seq, stored.event) == (1, "01run", 7, event)
    assert decode_head(body) == (1, "01run", 7)


def swap(clear: bytes, data: bytes) -> bytes:
    """A cipher for tests: it shows what it was given."""
    return bytes(byte ^ 1 for byte in data)


def test_the_sealed_form_is_fixed_and_tells_nothing_of_what_happened() -> None:
    event = ev.Woken(path='w "1"', at=AT, timer=True)
    seen: list[bytes] = []
    body = encode("01run", 7, event, lambda clear, plain: seen.append(clear) or swap(clear, plain))  # type: ignore[func-returns-value]
    clear = b'{"v":2,"run":"01run","seq":7,"type":"wait.ended","path":"w \\"1\\"","at":"2026-03-02T09:00:00.000000Z"}'
    assert seen == [clear] and body.startswith(clear[:-1] + b',"sealed":"') and b"timer" not in body
    assert msgspec.json.decode(body)["seq"] == 7
    stored = decode(body, swap)
    assert (stored.v, stored.run, stored.seq, stored.event) == (2, "01run", 7, event)
    found = decode_clear(body)
    assert (found.v, found.run, found.seq, found.type, found.path, found.at) == (
        2,
        "01run",
        7,
        "wait.ended",
        'w "1"',
        AT,
    )
    with pytest.raises(StoreError) as error:
        decode(body)
    assert error.value.code == "FR5012"


def test_what_customers_write_is_never_taken_for_a_sealed_form() -> None:
    event = ev.Returned(path="a", at=AT, output={"a": 1, "sealed": "x"})
    for seal in (None, swap):
        body = encode("01run", 1, event, seal)
        assert decode(body, swap).event == event and decode_clear(body).type == "call.returned"


@pytest.mark.parametrize("sealed", ["!", "AAA", ""])
def test_sealed_bytes_that_are_no_base64_are_damaged(sealed: str) -> None:
    body = f'{{"v":2,"run":"r","seq":1,"type":"t","path":"","at":"","sealed":"{sealed}"}}'.encode()
    with pytest.raises(StoreError) as error:
        decode(body, swap)
    assert error.value.code == "FR5005"


@pytest.mark.parametrize("kind", list(ev.PHASES), ids=str)
def test_every_kind_of_event_has_a_phase_and_comes_back(kind: type) -> None:
    samples: dict[str, Any] = {
        "int": 1, "bool": True, "str": "x", "Json": {"n": [1, None]}, "Fault": ev.Fault(kind="tool", message="m"),
        "dict[str, Json]": {"n": 1}, "dict[str, float]": {"cost": 1.5}, "list[str]": ["x"], "list[Reservation]": [],
        "list[dict[str, Json]]": [{"path": ""}],
        "list[Verdict]": [ev.Verdict(path="p", tool="t", args={}, digest="d", verdict="allow")],
    }  # fmt: skip
    needed = {f.name: samples[str(kind.__annotations__[f.name])] for f in msgspec.structs.fields(kind) if f.required}
    event = kind(path="p", at=AT, **needed)
    assert decode(encode("r", 1, event)).event == event


def test_an_event_that_is_too_large_is_refused_in_plain_words() -> None:
    with pytest.raises(StoreError, match="too large") as error:
        encode("r", 1, ev.Returned(path="a", at=AT, output="x" * MAX_BYTES))
    assert error.value.code == "FR5006" and error.value.help


@pytest.mark.parametrize("output", [object(), "\ud800", {1j: 1}])
def test_what_is_not_json_is_refused(output: object) -> None:
    with pytest.raises(StoreError) as error:
        encode("r", 1, ev.Returned(path="a", at=AT, output=output))
    assert error.value.code == "FR5006"


def test_what_could_not_be_read_again_is_never_stored() -> None:
    with pytest.raises(StoreError):
        encode("r", 1, ev.BudgetRaised(at=AT, limits={"cost": float("nan")}))
    wrong: Any = None
    with pytest.raises(StoreError):
        encode("r", 1, ev.Answered(path=wrong, at=AT, action="approve"))


def test_a_newer_form_and_damaged_bytes_are_told_apart() -> None:
    for body in (b'{"v":3,"run":"r","seq":1,"event":{"type":"new"}}', b'{"v":3,"run":"r","seq":1,"happened":{}}'):
        with pytest.raises(StoreError) as error:
            decode(body)
        assert error.value.code == "FR5003"
    for body in (b"", b"{", b'{"v":1,"run":"r","seq":1,"event":{"type":"never.heard.of"}}', b"[]", b"\xff"):
        with pytest.raises(StoreError) as error:
            decode(body)
        assert error.value.code == "FR5005"


def test_an_event_as_data_has_every_field() -> None:
    verdict = ev.Verdict(path="p", tool="t", args={"a": 1}, digest="d", verdict="ask")
    data = as_dict(ev.Asked(path="p", at=AT, kind="approval", title="t", to=[], may=[], proposals=[verdict]))
    assert data["type"] == "person.asked" and data["why"] == "" and data["proposals"][0]["denied_by"] is None
    assert msgspec.convert(data, ev.Asked).proposals == [verdict]
