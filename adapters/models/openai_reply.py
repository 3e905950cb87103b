"""The body of a chat/completions response as a reply of the port.

Owns: reading answers, calls, texts and usage out of it. A value that is no JSON is handed on as the text that
came, so that it fails validation and is mended like any other invalid answer.
"""

from __future__ import annotations

from typing import Any

import msgspec

from flowrun.adapters.models.openai_body import ANSWER_TOOL, SAY_TOOL, Asked
from flowrun.core.commands import CallModel
from flowrun.core.events import Usage
from flowrun.errors import AdapterError
from flowrun.ports.models import ModelReply
from flowrun.words import t

Json = Any


def read(content: bytes, asked: Asked, request: CallModel) -> ModelReply:
    """Return the reply.

    Raises AdapterError, never retryable but for the last: FR4103 (refused, filtered), FR4104 (cut off at the
    limit of output tokens), FR4107 (not a chat completion).
    """
    choice, usage = _choice(content, request)
    message = choice.get("message")
    message = message if isinstance(message, dict) else {}
    _check_finish(choice, message, request)
    text = _content(message.get("content"))
    calls = [call for call in _list(message.get("tool_calls")) if isinstance(call, dict)]
    if asked.mode == "text":
        return ModelReply(mode=asked.mode, text=text, answer=text, answered=True, usage=usage)
    if asked.mode == "tools":
        return _native(calls, text, asked, request, usage)
    if calls and asked.mode.endswith("tool"):
        text = _arguments(calls[0])
    value = _unwrap(_parsed(text), asked.wrapped)
    if asked.mode.startswith("envelope_"):
        return _turn(value, asked.mode, request, usage)
    return ModelReply(mode=asked.mode, answer=value, answered=True, usage=usage)


def _choice(content: bytes, request: CallModel) -> tuple[dict[str, Json], Usage]:
    try:
        body = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        body = None
    choices = _list(body.get("choices")) if isinstance(body, dict) else []
    if not isinstance(body, dict) or not choices or not isinstance(choices[0], dict):
        raise AdapterError(
            t("The server of model {name} sent no chat completion.", name=request.model.name),
            code="FR4107",
            retryable=True,
            help=t("Check that base_url ends with the path of the API, usually /v1."),
        )
    return choices[0], _usage(body.get("usage"))


def _usage(usage: Json) -> Usage:
    """Usage is believed only if both counts are there and are counts."""
    if isinstance(usage, dict):
        sent, got = usage.get("prompt_tokens"), usage.get("completion_tokens")
        if type(sent) is int and type(got) is int and sent >= 0 and got >= 0:
            return Usage(input_tokens=sent, output_tokens=got)
    return Usage(known=False)


def _check_finish(choice: dict[str, Json], message: dict[str, Json], request: CallModel) -> None:
    name = request.model.name
    if choice.get("finish_reason") == "content_filter":
        raise AdapterError(t("The content filter of model {name} stopped the reply.", name=name), code="FR4103")
    if message.get("refusal"):
        raise AdapterError(
            t("Model {name} refused: {refusal}", name=name, refusal=str(message["refusal"])[:300]), code="FR4103"
        )
    if choice.get("finish_reason") == "length":
        raise AdapterError(
            t(
                "The reply of model {name} was cut off at {max_output_tokens} output tokens.",
                name=name,
                max_output_tokens=request.model.max_output_tokens,
            ),
            code="FR4104",
            help=t("Raise max_output_tokens of {name} in flowrun.yaml, or ask for a shorter answer.", name=name),
        )


def _native(calls: list[dict[str, Json]], text: str, asked: Asked, request: CallModel, usage: Usage) -> ModelReply:
    proposals: list[tuple[str, Json]] = []
    answers: list[Json] = []
    said: list[str] = []
    for call in calls:
        name, value = _name(call), _parsed_arguments(_arguments(call))
        if name == ANSWER_TOOL:
            answers.append(_unwrap(value, asked.answer_wrapped))
        elif name == SAY_TOOL and request.talks:
            said.append(_text_of(value, "text"))
        else:
            proposals.append((asked.names.get(name, name.replace("__", ".")), value))
    if not calls:
        return _without_calls(text, request, usage)
    return _reply("tools", proposals, answers, said, usage)


def _without_calls(text: str, request: CallModel, usage: Usage) -> ModelReply:
    """A model that has tools but wrote plain text.

    JSON is the answer; else it speaks, or the text fails as answer.
    """
    if request.answer is None:
        return ModelReply(mode="tools", text=text, answer=text, answered=not request.talks, usage=usage)
    value = _parsed(text)
    if request.talks and isinstance(value, str) and text.strip():
        return ModelReply(mode="tools", text=text, usage=usage)
    return ModelReply(mode="tools", answer=value, answered=True, usage=usage)


def _turn(value: Json, mode: str, request: CallModel, usage: Usage) -> ModelReply:
    turn = value if isinstance(value, dict) else {}
    proposals = [
        (str(item.get("tool", "")), item.get("args", {}))
        for item in _list(turn.get("propose"))
        if isinstance(item, dict)
    ]
    said = [_text_of(turn, "say")] if request.talks and isinstance(turn.get("say"), str) else []
    answers = [turn["answer"]] if "answer" in turn else []
    if not proposals and not said and not answers:
        # not an envelope: perhaps the bare answer, which validation will tell
        answers = [value]
    return _reply(mode, proposals, answers, said, usage)


def _reply(
    mode: str, proposals: list[tuple[str, Json]], answers: list[Json], said: list[str], usage: Usage
) -> ModelReply:
    note = ""
    if proposals and answers:
        # The answer was given before the results of the calls were known, so it is asked for again.
        answers, note = [], t("An answer given together with proposals was set aside.")
    elif proposals and said:
        note = t("A text to the customer given together with proposals was not sent.")
    text = "\n\n".join(part for part in said if part) or None
    return ModelReply(
        mode=mode,
        proposals=proposals,
        answer=answers[-1] if answers else None,
        answered=bool(answers),
        text=text,
        usage=usage,
        note=note,
    )


def _parsed(text: str) -> Json:
    """Return the JSON value in a text, also from a code block or after a train of thought; else the text."""
    stripped = text.strip()
    try:
        return msgspec.json.decode(stripped)
    except (msgspec.DecodeError, RecursionError):
        pass
    from instructor.utils import extract_json_from_codeblock

    try:
        return msgspec.json.decode(extract_json_from_codeblock(stripped))
    except (ValueError, RecursionError):
        return text


def _parsed_arguments(text: str) -> Json:
    """Return a call's arguments. Nothing is searched for here: what is no JSON must not become a call."""
    if not text.strip():
        return {}
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text


def _unwrap(value: Json, key: str | None) -> Json:
    return value[key] if key is not None and isinstance(value, dict) and set(value) == {key} else value


def _text_of(value: Json, key: str) -> str:
    found = value.get(key) if isinstance(value, dict) else value
    return found if isinstance(found, str) else msgspec.json.encode(found).decode()


def _content(content: Json) -> str:
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _name(call: dict[str, Json]) -> str:
    function = call.get("function")
    return str(function.get("name", "")) if isinstance(function, dict) else ""


def _arguments(call: dict[str, Json]) -> str:
    function = call.get("function")
    arguments = function.get("arguments", "") if isinstance(function, dict) else ""
    return arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode()


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
