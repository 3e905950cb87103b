"""A request of the core as the body of a chat/completions request.

Owns: the output mode's spelling, the messages, the tools and the envelope. Nothing here is sent or read back:
`openai_reply` reads what this file asked for, with the same `Asked`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import msgspec

from flowrun.adapters.models.fewshot import few_shot
from flowrun.adapters.models.presets import OPENAI_URL, base_url_of, capabilities_of, output_mode
from flowrun.adapters.models.schemas import Schema, cleaned, embed, for_grammar, object_root, strict_form
from flowrun.core.commands import CallModel, OfferedTool
from flowrun.errors import ConfigError
from flowrun.words import t

Json = Any
ANSWER_TOOL = "final_answer"
SAY_TOOL = "say"
TEXT_SCHEMA: Schema = {"type": "string", "description": "The final text."}
_OURS = frozenset(
    [
        "model",
        "messages",
        "tools",
        "tool_choice",
        "response_format",
        "stream",
        "stream_options",
        "n",
        "functions",
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked for: the body to send, and what is needed to read the reply.

    `names` maps a function's name to its tool; `wrapped` is the key under which the structured value is, or
    None.
    """

    body: dict[str, Json]
    mode: str
    names: dict[str, str] = field(default_factory=dict)
    wrapped: str | None = None
    answer_wrapped: str | None = None


def build(request: CallModel) -> Asked:
    """Return the body for a request.

    Raises ConfigError (FR2112) where the model's `options` set what is ours.
    """
    mode = output_mode(request)
    if mode == "tools":
        return _native(request)
    if mode == "text":
        return Asked(body=_body(request, _messages(request, [], native={})), mode=mode)
    turn = mode.startswith("envelope_")
    schema = _envelope(request) if turn else cleaned(request.answer)
    root, wrapped = object_root(schema, "turn" if turn else "answer")
    how = [_TURN] if turn else []
    extra: dict[str, Json] = {}
    name = function_name(request.answer_name) or "answer"
    structured = mode.removeprefix("envelope_")
    if structured == "json_schema":
        strict = strict_form(root)
        extra["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": name, "strict": strict is not None, "schema": strict or root},
        }
        mode += "_strict" if strict is not None else ""
    elif structured == "json_object_schema":
        extra["response_format"] = {"type": "json_object", "schema": for_grammar(root)}
    elif structured == "tool":
        function = {"name": name, "description": "Give the result of this step.", "parameters": root}
        extra["tools"] = [{"type": "function", "function": function}]
        extra["tool_choice"] = {"type": "function", "function": {"name": name}}
    elif structured == "json_object":
        extra["response_format"] = {"type": "json_object"}
    if turn:
        how += [f"Tool {tool.name}: {tool.description}" for tool in request.tools]
    if structured != "tool" and not (structured == "json_schema" and request.model.provider == "openai"):
        # Most servers force the form but do not show it to the model, which then fills fields blindly.
        how.append(f"{_JSON_ONLY}\n{_text(root)}")
    body = _body(request, _messages(request, how, native=None)) | extra
    return Asked(body=body, mode=mode, wrapped=wrapped)


_TURN = (
    "In each turn either propose calls of tools, or give the answer once nothing is left to do. "
    "The results of proposed calls come back before your next turn."
)
_JSON_ONLY = "Reply with one JSON value that fits this JSON Schema, and nothing before or after it:"


def function_name(name: str) -> str:
    """Return a name as servers allow it in functions and schemas: dots become `__`, at most 64 characters."""
    safe = re.sub(r"[^A-Za-z0-9_-]", "_", name.replace(".", "__"))
    return safe if len(safe) <= 64 else f"{safe[:55]}_{sha256(name.encode()).hexdigest()[:8]}"


def function_names(tools: Sequence[OfferedTool]) -> dict[str, str]:
    """Return function name to tool; two tools never share a function's name, nor have one of ours."""
    out: dict[str, str] = {}
    for tool in tools:
        name = function_name(tool.name)
        if name in out or name in (ANSWER_TOOL, SAY_TOOL):
            name = f"{name[:55]}_{sha256(tool.name.encode()).hexdigest()[:8]}"
        out[name] = tool.name
    return out


def _native(request: CallModel) -> Asked:
    names = function_names(request.tools)
    tools = []
    for name, tool in zip(names, request.tools, strict=True):
        tools.append(_function(name, tool.description, object_root(cleaned(tool.input), "value")[0]))
    how: list[str] = []
    answer_wrapped = None
    if request.answer is not None or request.talks:
        schema = TEXT_SCHEMA if request.answer is None else cleaned(request.answer)
        root, answer_wrapped = object_root(schema, "answer")
        tools.append(_function(ANSWER_TOOL, "End this step with its answer.", root))
        how.append(f"When nothing is left to do, call {ANSWER_TOOL}, alone, with the answer.")
    if request.talks:
        message = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
        tools.append(_function(SAY_TOOL, "Send a message to the customer and wait for the reply.", message))
        how.append(f"Only what you give to {SAY_TOOL} reaches the customer.")
    can = capabilities_of(request.model)
    forced = "tool_choice_required" in can and answer_or_talk(request)
    extra: dict[str, Json] = {"tools": tools, "tool_choice": "required" if forced else "auto"}
    if "parallel_tools" in can:
        extra["parallel_tool_calls"] = True
    native = {tool: name for name, tool in names.items()}
    body = _body(request, _messages(request, how, native=native)) | extra
    return Asked(body=body, mode="tools", names=names, answer_wrapped=answer_wrapped)


def answer_or_talk(request: CallModel) -> bool:
    """Return whether every reply must be a call: of a tool, of the answer, or of `say`."""
    return request.answer is not None or request.talks


def _function(name: str, description: str, parameters: Schema) -> dict[str, Json]:
    return {
        "type": "function",
        "function": {"name": name, "description": description, "parameters": parameters},
    }


def _envelope(request: CallModel) -> Schema:
    """One turn as one JSON value: `{"propose": [{"tool", "args"}…]}`, `{"say": text}` or `{"answer": …}`."""
    definitions: Schema = {}
    forms: list[Schema] = []
    if request.tools:
        calls = [
            _closed(
                tool={"type": "string", "enum": [tool.name]},
                args=embed(cleaned(tool.input), f"args_{place}", definitions),
            )
            for place, tool in enumerate(request.tools)
        ]
        items = calls[0] if len(calls) == 1 else {"anyOf": calls}
        forms.append(_closed(propose={"type": "array", "minItems": 1, "items": items}))
    if request.talks:
        forms.append(_closed(say={"type": "string", "description": "A message to the customer."}))
    answer = TEXT_SCHEMA if request.answer is None else cleaned(request.answer)
    forms.append(_closed(answer=embed(answer, "answer", definitions)))
    # `anyOf`: the forms exclude each other anyhow, and OpenAI's strict dialect has no `oneOf`
    schema: Schema = {"anyOf": forms}
    return schema | {"$defs": definitions} if definitions else schema


def _closed(**properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _body(request: CallModel, messages: list[dict[str, Json]]) -> dict[str, Json]:
    model = request.model
    taken = _OURS.intersection(model.options)
    if taken:
        raise ConfigError(
            t("The options of model {model} may not set {taken}.", model=model.name, taken=", ".join(sorted(taken))),
            code="FR2112",
            help=t("flowrun sets them itself: remove them; `capabilities` tells how output is asked for."),
        )
    # OpenAI's newer models refuse `max_tokens`; other servers know only that one
    limit = "max_completion_tokens" if base_url_of(model) == OPENAI_URL else "max_tokens"
    return {"model": model.model, "messages": messages, limit: model.max_output_tokens} | model.options


def _messages(request: CallModel, how: list[str], *, native: dict[str, str] | None) -> list[dict[str, Json]]:
    """Return the messages.

    One system message first, then turns; calls and results as text unless `native`.
    """
    system = [m["content"] for m in request.messages if m["role"] == "system"]
    shots = few_shot(request)
    system += [*how, *([shots] if shots else [])]
    out: list[dict[str, Json]] = [{"role": "system", "content": "\n\n".join(system)}] if system else []
    calls = native if native and request.tools else None
    for message in request.messages:
        role = message["role"]
        if role == "system":
            continue
        proposals = message.get("proposals") or []
        if role == "assistant" and proposals and calls is not None:
            out.append(_assistant(message, proposals, calls))
        elif role == "assistant" and proposals:
            text = _text({"propose": [{"tool": p["tool"], "args": p["args"]} for p in proposals]})
            _add(out, "assistant", text)
        elif role == "tool" and calls is not None:
            out.append({"role": "tool", "tool_call_id": message["id"], "content": _text(message["result"])})
        elif role == "tool":
            _add(out, "user", f"Result of {message['tool']} ({message['id']}): {_text(message['result'])}")
        else:
            _add(out, role, message["content"] or "")
    return out


def _assistant(message: dict[str, Json], proposals: list[Json], calls: dict[str, str]) -> dict[str, Json]:
    return {
        "role": "assistant",
        "content": message.get("content"),
        "tool_calls": [
            {
                "id": p["id"],
                "type": "function",
                "function": {
                    "name": calls.get(p["tool"], function_name(p["tool"])),
                    "arguments": _text(p["args"]),
                },
            }
            for p in proposals
        ],
    }


def _add(out: list[dict[str, Json]], role: str, text: str) -> None:
    """Add a message, or lengthen the last one: some chat templates refuse two of one role in a row."""
    if out and out[-1]["role"] == role and "tool_calls" not in out[-1]:
        out[-1] = {"role": role, "content": f"{out[-1]['content']}\n\n{text}"}
    else:
        out.append({"role": role, "content": text})


def _text(value: Json) -> str:
    return msgspec.json.encode(value).decode()
