"""The adapter for chat/completions keeps the port's promises against a real server on this machine."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from flowrun.adapters.models.openai import OpenAIModels
from flowrun.core.events import Usage
from flowrun.errors import AdapterError, ConfigError
from flowrun.plan.model import ModelPlan
from tests.contracts.models_server import NOTE, TICKET, TRIAGE, Server, ask, completion, error, send

pytestmark = pytest.mark.loopback
GOOD = {"intent": "refund", "confidence": 0.9}


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    """One server for all tests of this file."""
    server = Server()
    yield server
    server.close()


@pytest.fixture
def server(running: Server) -> Server:
    """The server, with nothing of earlier tests."""
    running.replies.clear()
    running.requests.clear()
    running.headers.clear()
    return running


@pytest.fixture
async def models(server: Server) -> AsyncIterator[OpenAIModels]:
    """The adapter, allowed to ask this server only."""
    adapter = OpenAIModels(allowed=[server.url])
    yield adapter
    await adapter.aclose()


async def fails(models: OpenAIModels, request: Any) -> AdapterError:
    """Return the error of a request."""
    with pytest.raises(AdapterError) as caught:
        await models.complete(request)
    return caught.value


async def test_a_structured_answer_is_read_with_its_usage_and_mode(server: Server, models: OpenAIModels) -> None:
    server.replies.append(completion(json.dumps(GOOD)))
    reply = await models.complete(ask(server.url))
    assert (reply.answered, reply.answer, reply.mode) == (True, GOOD, "json_schema_strict")
    assert reply.usage == Usage(input_tokens=11, output_tokens=7)
    sent = server.requests[0]
    assert sent["model"] == "m-1" and sent["max_tokens"] == 1024
    assert sent["response_format"]["json_schema"]["schema"] == TRIAGE


@pytest.mark.parametrize(
    ("can", "mode"),
    [
        ("json_schema", "json_schema_strict"),
        ("json_object_schema", "json_object_schema"),
        ("json_object", "json_object"),
        ("usage", "prompted"),
    ],
)
async def test_the_surest_way_that_the_server_has_is_used(
    server: Server, models: OpenAIModels, can: str, mode: str
) -> None:
    server.replies.append(completion(json.dumps(GOOD)))
    reply = await models.complete(ask(server.url, can))
    assert (reply.mode, reply.answer) == (mode, GOOD)
    assert '"refund"' in server.requests[0]["messages"][0]["content"], "such a server does not show the schema"


async def test_a_named_function_gives_the_answer(server: Server, models: OpenAIModels) -> None:
    server.replies.append(completion(None, ("triage_1", GOOD)))
    reply = await models.complete(ask(server.url, "tool_choice_named"))
    assert (reply.mode, reply.answer) == ("tool", GOOD)
    assert server.requests[0]["tool_choice"] == {"type": "function", "function": {"name": "triage_1"}}


async def test_an_answer_that_is_no_object_travels_inside_one(server: Server, models: OpenAIModels) -> None:
    server.replies.append(completion('{"answer": ["a", "b"]}'))
    reply = await models.complete(ask(server.url, answer={"type": "array", "items": {"type": "string"}}))
    assert reply.answer == ["a", "b"]


async def test_several_calls_of_a_turn_keep_their_order_and_names(server: Server, models: OpenAIModels) -> None:
    calls = [
        ("desk__create_ticket", {"severity": "low"}),
        ("crm__add_note", {}),
        ("desk__create_ticket", {"severity": "high"}),
    ]
    server.replies.append(completion(None, *calls, finish="tool_calls"))
    reply = await models.complete(ask(server.url, "tools", tools=[TICKET, NOTE]))
    assert [tool for tool, _ in reply.proposals] == [
        "desk.create_ticket",
        "crm.add_note",
        "desk.create_ticket",
    ]
    assert [args for _, args in reply.proposals] == [{"severity": "low"}, {}, {"severity": "high"}]
    assert not reply.answered
    names = [tool["function"]["name"] for tool in server.requests[0]["tools"]]
    assert names == ["desk__create_ticket", "crm__add_note", "final_answer"]


async def test_with_tools_the_answer_is_a_call_too(server: Server, models: OpenAIModels) -> None:
    server.replies.append(completion(None, ("final_answer", GOOD)))
    reply = await models.complete(ask(server.url, "tools", "tool_choice_required", tools=[TICKET]))
    assert (reply.answered, reply.answer, reply.proposals) == (True, GOOD, [])
    assert server.requests[0]["tool_choice"] == "required"


async def test_an_answer_beside_proposals_is_set_aside(server: Server, models: OpenAIModels) -> None:
    server.replies.append(completion(None, ("desk__create_ticket", {"severity": "low"}), ("final_answer", GOOD)))
    reply = await models.complete(ask(server.url, "tools", tools=[TICKET]))
    assert len(reply.proposals) == 1 and not reply.answered and reply.note


async def test_results_go_back_as_results(server: Server, models: OpenAIModels) -> None:
    turn = [
        {
            "role": "assistant",
            "content": None,
            "proposals": [{"id": "1-1", "tool": "desk.create_ticket", "args": {"severity": "low"}}],
        },
        {"role": "tool", "id": "1-1", "tool": "desk.create_ticket", "result": {"ticket_id": "T-1"}},
    ]
    server.replies += [completion(None, ("final_answer", GOOD)), completion(json.dumps(GOOD))]
    first = ask(server.url, "tools", tools=[TICKET])
    history = [*first.messages, *turn]
    await models.complete(ask(server.url, "tools", tools=[TICKET], messages=history))
    called, result = server.requests[0]["messages"][-2:]
    assert called["tool_calls"][0]["function"]["name"] == "desk__create_ticket"
    assert result == {"role": "tool", "tool_call_id": "1-1", "content": '{"ticket_id":"T-1"}'}
    # a repair offers no tools, and servers refuse calls of tools that they were not told of
    await models.complete(ask(server.url, "tools", "json_schema", messages=history))
    assert [m["role"] for m in server.requests[1]["messages"]] == ["system", "user", "assistant", "user"]
    assert "T-1" in server.requests[1]["messages"][-1]["content"]


@pytest.mark.parametrize("can", ["json_object_schema", "json_schema", "json_object", "usage"])
async def test_without_native_tools_a_turn_is_one_json_value(server: Server, models: OpenAIModels, can: str) -> None:
    turn = {"propose": [{"tool": "desk.create_ticket", "args": {"severity": "low"}}]}
    server.replies += [completion(json.dumps({"turn": turn})), completion(json.dumps({"answer": GOOD}))]
    request = ask(server.url, can, tools=[TICKET])
    reply = await models.complete(request)
    assert reply.mode.startswith(f"envelope_{'prompted' if can == 'usage' else can}")
    assert reply.proposals == [("desk.create_ticket", {"severity": "low"})]
    assert (await models.complete(request)).answer == GOOD


async def test_a_named_function_carries_a_turn(server: Server, models: OpenAIModels) -> None:
    server.replies.append(completion(None, ("triage_1", {"turn": {"answer": GOOD}})))
    reply = await models.complete(ask(server.url, "tool_choice_named", tools=[TICKET]))
    assert (reply.mode, reply.answer) == ("envelope_tool", GOOD)


async def test_a_model_that_talks_reaches_the_customer_only_by_say(server: Server, models: OpenAIModels) -> None:
    server.replies += [
        completion("thinking aloud", ("say", {"text": "Which order?"})),
        completion("Which order?"),
    ]
    request = ask(server.url, "tools", talks=True)
    first, second = await models.complete(request), await models.complete(request)
    assert (first.text, first.answered) == ("Which order?", False)
    assert (second.text, second.answered) == ("Which order?", False)


async def test_a_model_that_talks_without_native_tools(server: Server, models: OpenAIModels) -> None:
    server.replies.append(completion('{"turn": {"say": "Which order?"}}'))
    reply = await models.complete(ask(server.url, "json_object_schema", talks=True))
    assert (reply.text, reply.answered) == ("Which order?", False)


async def test_a_step_without_an_answer_gets_the_text(server: Server, models: OpenAIModels) -> None:
    server.replies += [completion("Dear Ana"), completion("Dear Bo")]
    reply = await models.complete(ask(server.url, answer=None))
    assert (reply.text, reply.answered, reply.mode) == ("Dear Ana", True, "text")
    reply = await models.complete(ask(server.url, "tools", tools=[TICKET], answer=None))
    assert (reply.text, reply.answered, reply.mode) == ("Dear Bo", True, "tools")


@pytest.mark.parametrize(
    "usage", [None, {}, {"prompt_tokens": 3}, {"prompt_tokens": -3, "completion_tokens": 1}, "many"]
)
async def test_usage_that_is_not_reported_is_not_known(server: Server, models: OpenAIModels, usage: Any) -> None:
    server.replies.append(completion(json.dumps(GOOD), usage=usage))
    assert (await models.complete(ask(server.url))).usage == Usage(known=False)


async def test_malformed_json_comes_back_as_it_was_to_be_mended(server: Server, models: OpenAIModels) -> None:
    server.replies.append(completion('{"intent": "refund", "confid'))
    reply = await models.complete(ask(server.url))
    assert (reply.answered, reply.answer) == (True, '{"intent": "refund", "confid')


async def test_malformed_arguments_never_become_a_call_with_other_ones(server: Server, models: OpenAIModels) -> None:
    server.replies.append(completion(None, ("desk__create_ticket", 'so: {"severity": "low"}')))
    reply = await models.complete(ask(server.url, "tools", tools=[TICKET]))
    assert reply.proposals == [("desk.create_ticket", 'so: {"severity": "low"}')]


async def test_of_several_json_values_the_last_is_the_answer(server: Server, models: OpenAIModels) -> None:
    said = f'The customer wrote {{"intent": "question", "confidence": 1}}.\n```json\n{json.dumps(GOOD)}\n```'
    server.replies.append(completion(said))
    assert (await models.complete(ask(server.url, "usage"))).answer == GOOD


async def test_overload_may_be_tried_again_after_the_time_that_the_server_names(
    server: Server, models: OpenAIModels
) -> None:
    server.replies += [
        error(429, retry_after="7"),
        error(503, date="Mon, 02 Mar 2026 09:00:00 GMT", retry_after="Mon, 02 Mar 2026 09:01:30 GMT"),
        error(500),
    ]
    waits = [await fails(models, ask(server.url)) for _ in range(3)]
    assert [e.retryable for e in waits] == [True] * 3
    assert [e.retry_after for e in waits] == [7.0, 90.0, None]
    assert len(server.requests) == 3, "the adapter itself repeats nothing"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_what_the_server_rejects_is_not_tried_again(server: Server, models: OpenAIModels, status: int) -> None:
    server.replies.append(error(status))
    problem = await fails(models, ask(server.url))
    assert not problem.retryable and problem.help


async def test_a_spent_quota_is_not_tried_again(server: Server, models: OpenAIModels) -> None:
    server.replies.append(error(429, code="insufficient_quota"))
    assert not (await fails(models, ask(server.url))).retryable


async def test_a_late_server_is_given_up(server: Server, models: OpenAIModels) -> None:
    server.replies.append(lambda handler: server.released.wait(5))
    problem = await fails(models, ask(server.url, timeout=0.05))
    server.released.set()
    assert (problem.code, problem.retryable) == ("FR4106", True)


def half(handler: Any) -> None:
    """Promise more than is sent."""
    handler.send_response(200)
    handler.send_header("content-length", "500")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [')
    handler.close_connection = True


def huge(handler: Any) -> None:
    """Send more than is read."""
    handler.send_response(200)
    handler.end_headers()
    try:
        for _ in range(200):
            handler.wfile.write(b" " * 20_000)
    except OSError:
        pass
    handler.close_connection = True


async def test_a_reply_that_breaks_off_may_be_tried_again(server: Server, models: OpenAIModels) -> None:
    server.replies.append(half)
    assert (await fails(models, ask(server.url))).retryable


async def test_nobody_at_the_address_may_be_tried_again(models: OpenAIModels) -> None:
    closed = Server()
    closed.close()
    adapter = OpenAIModels(allowed=[closed.url])
    assert (await fails(adapter, ask(closed.url))).retryable
    await adapter.aclose()


async def test_a_huge_reply_is_not_read_to_its_end(server: Server, models: OpenAIModels) -> None:
    server.replies.append(huge)
    problem = await fails(models, ask(server.url))
    assert (problem.code, problem.retryable) == ("FR4108", False)


async def test_a_packed_reply_is_refused_before_it_unfolds(server: Server, models: OpenAIModels) -> None:
    server.replies.append(lambda handler: send(handler, 200, b"x", content_encoding="gzip"))
    assert (await fails(models, ask(server.url))).code == "FR4107"


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"choices": []}', b"\xff", b'{"choices": [1]}'])
async def test_what_is_no_chat_completion_is_an_error(server: Server, models: OpenAIModels, body: bytes) -> None:
    server.replies.append(body)
    assert (await fails(models, ask(server.url))).code == "FR4107"


@pytest.mark.parametrize(
    "reply",
    [completion(None, refusal="I will not."), completion("", finish="content_filter")],
    ids=["refusal", "filter"],
)
async def test_a_refusal_is_final(server: Server, models: OpenAIModels, reply: Any) -> None:
    server.replies.append(reply)
    problem = await fails(models, ask(server.url))
    assert (problem.code, problem.retryable) == ("FR4103", False)


async def test_a_reply_cut_off_says_what_to_raise(server: Server, models: OpenAIModels) -> None:
    server.replies.append(completion('{"intent": "re', finish="length"))
    problem = await fails(models, ask(server.url))
    assert (problem.code, problem.retryable) == ("FR4104", False)
    assert "max_output_tokens" in str(problem.help)


async def test_the_key_is_sent_but_never_told(
    server: Server, models: OpenAIModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "sk-very-secret")
    server.replies.append(error(401, "Incorrect API key provided: sk-very-secret"))
    request = ask(server.url)
    model = ModelPlan(name="fast", provider="openai", model="m", base_url=server.url, key_env="MY_KEY")
    problem = await fails(models, ask(server.url, model=model, messages=request.messages))
    assert server.headers[0]["authorization"] == "Bearer sk-very-secret"
    assert "sk-very-secret" not in f"{problem} {problem.help}"


async def test_a_server_on_this_machine_gets_no_key_of_somebody_else(
    server: Server, models: OpenAIModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
    server.replies.append(completion(json.dumps(GOOD)))
    model = ModelPlan(name="fast", provider="openai", model="m", base_url=server.url)
    await models.complete(ask(server.url, model=model))
    assert "secret" not in str(server.headers)


async def test_options_go_along_but_may_not_replace_what_is_ours(server: Server, models: OpenAIModels) -> None:
    server.replies.append(completion(json.dumps(GOOD)))
    model = ModelPlan(name="f", provider="compatible", model="m", base_url=server.url, options={"temperature": 0})
    await models.complete(ask(server.url, model=model))
    assert server.requests[0]["temperature"] == 0
    model = ModelPlan(name="f", provider="compatible", model="m", base_url=server.url, options={"stream": True})
    with pytest.raises(ConfigError, match="stream"):
        await models.complete(ask(server.url, model=model))


async def test_the_switch_keeps_servers_from_being_asked(server: Server) -> None:
    adapter = OpenAIModels()
    assert (await fails(adapter, ask(server.url))).code == "FR4190"
    assert not server.requests
