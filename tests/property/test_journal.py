"""No event of a run can be changed, removed, swapped or cut off without being found."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from flowrun.core import events as ev
from flowrun.errors import StoreError
from flowrun.journal.chain import GENESIS, link, verify
from flowrun.journal.encoding import decode, encode
from flowrun.ports.journal import StoredEvent

AT = "2026-03-02T09:00:00.000000Z"

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
data = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
kinds = st.one_of(
    st.builds(ev.Returned, path=texts, at=st.just(AT), output=data),
    st.builds(ev.Waiting, path=texts, at=st.just(AT), due=st.none() | st.just(AT), key=st.none() | texts),
    st.builds(ev.Answered, path=texts, at=st.just(AT), action=texts, data=data),
    st.builds(ev.RunFinished, at=st.just(AT), outcome=texts, reason=texts),
)
sequences = st.lists(kinds, min_size=2, max_size=8)


def store(events: list[ev.AnyEvent], run: str = "01run") -> list[StoredEvent]:
    """Chain events as a store does."""
    stored, head = [], GENESIS
    for seq, event in enumerate(events, 1):
        body = encode(run, seq, event)
        head = link(head, body)
        stored.append(StoredEvent(run=run, seq=seq, pos=seq, body=body, hash=head))
    return stored


@given(sequences)
@settings(max_examples=60)
def test_what_was_stored_comes_back_and_verifies(events: list[ev.AnyEvent]) -> None:
    stored = store(events)
    assert [item.event for item in stored] == events
    assert verify(stored) == [] and verify(stored, head=(len(stored), stored[-1].hash)) == []


@given(sequences, st.data())
@settings(max_examples=100)
def test_any_changed_byte_is_found(events: list[ev.AnyEvent], draw: st.DataObject) -> None:
    stored = store(events)
    place = draw.draw(st.integers(0, len(stored) - 1))
    item = stored[place]
    at = draw.draw(st.integers(0, len(item.body) - 1))
    body = item.body[:at] + bytes([item.body[at] ^ draw.draw(st.integers(1, 255))]) + item.body[at + 1 :]
    stored[place] = msgspec.structs.replace(item, body=body)
    assert verify(stored)[0].seq == place + 1


@given(sequences, st.data())
@settings(max_examples=60)
def test_a_removed_event_is_found(events: list[ev.AnyEvent], draw: st.DataObject) -> None:
    stored = store(events)
    place = draw.draw(st.integers(0, len(stored) - 2))
    del stored[place]
    assert verify(stored)[0].kind == "removed" and verify(stored)[0].seq == place + 1


@given(sequences, st.data())
@settings(max_examples=60)
def test_two_swapped_events_are_found_even_with_their_numbers(events: list[ev.AnyEvent], draw: st.DataObject) -> None:
    stored = store(events)
    a = draw.draw(st.integers(0, len(stored) - 2))
    b = draw.draw(st.integers(a + 1, len(stored) - 1))
    swapped = list(stored)
    swapped[a], swapped[b] = swapped[b], swapped[a]
    assert verify(swapped)
    renumbered = [msgspec.structs.replace(item, seq=seq) for seq, item in enumerate(swapped, 1)]
    assert verify(renumbered)


@given(sequences, st.data())
@settings(max_examples=60)
def test_a_cut_end_is_found_where_the_head_is_known(events: list[ev.AnyEvent], draw: st.DataObject) -> None:
    stored = store(events)
    head = (len(stored), stored[-1].hash)
    kept = stored[: draw.draw(st.integers(0, len(stored) - 1))]
    assert [problem.kind for problem in verify(kept, head=head)] == ["cut"]


@given(sequences, kinds, st.data())
@settings(max_examples=60)
def test_a_chain_made_anew_is_found_where_the_head_is_known(
    events: list[ev.AnyEvent], other: ev.AnyEvent, draw: st.DataObject
) -> None:
    stored = store(events)
    place = draw.draw(st.integers(0, len(events) - 1))
    forged = store([*events[:place], other, *events[place + 1 :]])
    if forged[-1].hash != stored[-1].hash:
        assert verify(forged) == []
        assert verify(forged, head=(len(stored), stored[-1].hash))[0].kind == "changed"


@given(sequences, sequences)
@settings(max_examples=40)
def test_an_event_of_another_run_is_found(events: list[ev.AnyEvent], others: list[ev.AnyEvent]) -> None:
    stored, foreign = store(events), store(others, run="02run")
    stored[1] = foreign[1]
    assert "foreign" in {problem.kind for problem in verify(stored)}


@given(st.binary(max_size=80))
@settings(max_examples=100)
def test_damaged_bytes_never_give_more_than_a_plain_error(body: bytes) -> None:
    try:
        decode(body)
    except StoreError as error:
        assert error.code in ("FR5003", "FR5005")
    verify([StoredEvent(run="r", seq=1, pos=1, body=body, hash=b"")])
