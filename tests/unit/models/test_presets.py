"""Short names of models, and what is assumed of servers."""

from __future__ import annotations

import pytest

from flowrun.adapters.models.openai_body import build, function_name, function_names
from flowrun.adapters.models.openai_wire import key_for, retry_after
from flowrun.adapters.models.presets import base_url_of, capabilities_of, model_from_name, output_mode
from flowrun.core.commands import OfferedTool
from flowrun.errors import AdapterError, ConfigError
from flowrun.plan.model import ModelPlan
from tests.contracts.models_server import TICKET, ask


def test_a_short_name_is_a_provider_a_model_and_perhaps_an_address() -> None:
    local = model_from_name("llama_cpp:qwen:4b@http://127.0.0.1:8000/v1")
    assert (local.provider, local.model, local.base_url) == (
        "llama_cpp",
        "qwen:4b",
        "http://127.0.0.1:8000/v1",
    )
    assert (local.input_price, local.output_price) == (0, 0)
    remote = model_from_name("openai:gpt-5-mini")
    assert (remote.provider, remote.model, remote.base_url, remote.input_price) == (
        "openai",
        "gpt-5-mini",
        None,
        None,
    )
    assert model_from_name("examples").provider == "examples"


@pytest.mark.parametrize("name", ["", "gpt-5", "openai:", "nobody:m@http://h/v1", "vllm:m", "openai:m@http://"])
def test_another_name_says_what_to_write(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        model_from_name(name)
    assert "@URL" in str(caught.value.help)


def test_what_the_workspace_says_of_a_server_goes_before_the_preset() -> None:
    model = ModelPlan(name="m", provider="openai", capabilities=["json_object"])
    assert capabilities_of(model) == ["json_object"]
    assert "tools" in capabilities_of(ModelPlan(name="m", provider="openai"))
    assert capabilities_of(ModelPlan(name="m", provider="compatible")) == []


@pytest.mark.parametrize(
    ("provider", "answers", "turns"),
    [
        ("openai", "json_schema", "tools"),
        ("ollama", "json_schema", "tools"),
        ("vllm", "json_schema", "envelope_json_schema"),
        ("llama_cpp", "json_object_schema", "envelope_json_object_schema"),
        ("compatible", "prompted", "envelope_prompted"),
    ],
)
def test_each_server_is_asked_in_its_surest_way(provider: str, answers: str, turns: str) -> None:
    model = ModelPlan(name="m", provider=provider)
    assert output_mode(ask(model=model)) == answers
    assert output_mode(ask(model=model, tools=[TICKET])) == turns
    assert output_mode(ask(model=model, answer=None)) == "text"


def test_openai_gets_its_own_word_for_the_limit_and_no_schema_in_the_prompt() -> None:
    body = build(ask(model=ModelPlan(name="m", provider="openai", model="gpt-5-mini"))).body
    assert body["max_completion_tokens"] == 1024 and "max_tokens" not in body
    assert body["messages"][0]["content"] == "Be brief."


def test_functions_have_names_that_servers_allow_and_that_differ() -> None:
    assert function_name("desk.create_ticket") == "desk__create_ticket"
    assert len(function_name("a." * 60)) == 64
    tools = [OfferedTool(name=name, description="", input={}) for name in ("a.b", "a__b", "final_answer")]
    names = function_names(tools)
    assert list(names.values()) == ["a.b", "a__b", "final_answer"] and len(names) == 3
    assert "final_answer" not in names


def test_only_openai_has_an_address_by_itself() -> None:
    assert base_url_of(ModelPlan(name="m", provider="openai")) == "https://api.openai.com/v1"
    with pytest.raises(ConfigError, match="base_url"):
        base_url_of(ModelPlan(name="m", provider="vllm"))


def test_a_key_goes_only_where_it_belongs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    openai = ModelPlan(name="m", provider="openai")
    assert key_for(openai, "https://api.openai.com/v1") == "sk-1"
    assert key_for(openai, "http://127.0.0.1:1/v1") is None
    assert key_for(ModelPlan(name="m", provider="vllm"), "https://gpu.example.com/v1") is None
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(AdapterError, match="OPENAI_API_KEY"):
        key_for(openai, "https://api.openai.com/v1")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "99999999"}, 3600.0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"}, 40.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:10 GMT"}, 0.0),
    ],
)
def test_a_wait_is_read_in_every_form_and_bounded(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, now=60.0) == seconds
