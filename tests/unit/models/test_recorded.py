"""A recording is replayed without a model, and holds no personal data that has a form or a mark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowrun.adapters.models.recorded import RecordedModels
from flowrun.adapters.models.scripted import ScriptedModels
from flowrun.core.commands import CallModel
from flowrun.errors import AdapterError, ConfigError
from flowrun.ports.models import ModelReply
from flowrun.privacy.forms import Redactor
from tests.contracts.models_server import ask

MARKED = {
    "type": "object",
    "properties": {"who": {"type": "string", "x-pii": "name"}, "mail": {"type": "string"}},
}


def request(text: str, **changes: Any) -> CallModel:
    return ask(messages=[{"role": "user", "content": text}], answer=MARKED, **changes)


async def record(path: Path, text: str, *replies: dict[str, Any]) -> None:
    models = RecordedModels(ScriptedModels({"triage": replies}), path, mode="record")
    for _ in replies:
        await models.complete(request(text))
    await models.aclose()


async def replay(path: Path, text: str) -> ModelReply:
    return await RecordedModels(None, path, mode="replay").complete(request(text))


async def test_a_recording_answers_like_the_model(tmp_path: Path) -> None:
    path = tmp_path / "more" / "triage.jsonl"
    await record(path, "Hello", {"answer": {"who": "Ana"}, "usage": {"input_tokens": 12345678, "output_tokens": 2}})
    reply = await replay(path, "Hello")
    assert reply.answered and reply.usage.input_tokens == 12345678


async def test_the_file_holds_no_address_number_token_or_marked_name(tmp_path: Path) -> None:
    path = tmp_path / "triage.jsonl"
    text = "I am Ana Silva, ana@example.com, +49 170 1234567, card 4111 1111 1111 1111, Bearer abcdefghijkl"
    await record(path, text, {"answer": {"who": "Ana Silva", "mail": "ana@example.com"}})
    stored = path.read_text()
    for secret in ("Ana Silva", "ana@example.com", "1234567", "4111", "abcdefghijkl"):
        assert secret not in stored


async def test_a_replay_speaks_of_the_person_who_asks_now(tmp_path: Path) -> None:
    path = tmp_path / "triage.jsonl"
    await record(path, "Write to ana@example.com", {"answer": {"mail": "ana@example.com"}})
    assert (await replay(path, "Write to bo@example.org")).answer == {"mail": "bo@example.org"}


async def test_a_replay_gives_back_marked_values_and_what_the_model_wrote(tmp_path: Path) -> None:
    path = tmp_path / "triage.jsonl"
    await record(path, "Ana Silva asks. 2026-01-01T09:00:00Z", {"answer": {"who": "Ana Silva", "mail": "none of it"}})
    reply = await replay(path, "Ana Silva asks. 2026-02-02T10:11:12Z")
    assert reply.answer == {"who": "Ana Silva", "mail": "none of it"}


async def test_one_request_recorded_twice_gives_both_replies_then_the_last(tmp_path: Path) -> None:
    path = tmp_path / "triage.jsonl"
    await record(path, "Hello", {"text": "one"}, {"text": "two"})
    models = RecordedModels(None, path, mode="replay")
    assert [(await models.complete(request("Hello"))).text for _ in range(3)] == ["one", "two", "two"]


async def test_a_miss_shows_what_differs_from_the_nearest_recording(tmp_path: Path) -> None:
    path = tmp_path / "triage.jsonl"
    await record(path, "Line one.\nAn old line.", {"text": "one"})
    with pytest.raises(AdapterError) as caught:
        await replay(path, "Line one.\nA new line.")
    assert caught.value.code == "FR4105"
    assert "-An old line." in caught.value.message and "+A new line." in caught.value.message


async def test_path_time_and_address_do_not_matter_but_the_model_does(tmp_path: Path) -> None:
    path = tmp_path / "triage.jsonl"
    await record(path, "Hello", {"text": "one"})
    models = RecordedModels(None, path, mode="replay")
    moved = ask("http://127.0.0.1:77/v1", messages=request("Hello").messages, answer=MARKED, path="x", timeout=3.0)
    assert (await models.complete(moved)).text == "one"
    with pytest.raises(AdapterError):
        await models.complete(request("Hello", answer_name="other", talks=True))


async def test_a_missing_or_broken_file_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        await replay(tmp_path / "none.jsonl", "Hello")
    (tmp_path / "bad.jsonl").write_text("\n{}\n")
    with pytest.raises(ConfigError, match=r"Line 2 of bad\.jsonl"):
        await replay(tmp_path / "bad.jsonl", "Hello")
    with pytest.raises(ConfigError):
        RecordedModels(None, tmp_path / "a.jsonl", mode="record")


@pytest.mark.parametrize(
    "text", ["2026-03-02T09:00:00Z", "order 12345", "3.14159265358979", "1,000,000", "T-1", "10 to 12"]
)
def test_moments_amounts_and_short_numbers_stay(text: str) -> None:
    assert Redactor().redact(text) == text


@given(
    st.text(max_size=80),
    st.sampled_from(["a@b.co", "+49 170 1234567", "4111111111111111", "sk-abcdefghijklmnopqrst"]),
)
def test_redaction_is_stable_and_can_be_turned_back(text: str, secret: str) -> None:
    redactor = Redactor()
    value = {"t": [text, f"x {secret} y"]}
    hidden = redactor.redact(value)
    assert secret not in hidden["t"][1]
    assert Redactor().redact(value) == hidden
    assert redactor.restore(hidden) == value
