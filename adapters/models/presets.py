"""What model servers can do, and short names of models for the command line.

Owns: the capabilities of known servers, the choice of the output mode, and `model_from_name`. Nothing here
sends anything. `docs/decisions/0003-instructor.md` tells why the modes are ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flowrun.errors import ConfigError
from flowrun.plan.model import ModelPlan
from flowrun.words import t

if TYPE_CHECKING:
    from flowrun.core.commands import CallModel

OPENAI_URL = "https://api.openai.com/v1"
OPENAI_KEY = "OPENAI_API_KEY"

CAPABILITIES: dict[str, list[str]] = {
    "openai": [
        "json_schema",
        "json_object",
        "tools",
        "tool_choice_required",
        "tool_choice_named",
        "parallel_tools",
        "usage",
    ],
    # llama_cpp.server keeps to a schema by a grammar; it calls a named function, but cannot choose one
    "llama_cpp": ["json_object_schema", "json_object", "tool_choice_named", "usage"],
    "ollama": ["json_schema", "json_object", "tools", "usage"],
    # automatic choice of tools is off in vLLM unless it was started with a parser for the model
    "vllm": ["json_schema", "json_object", "tool_choice_named", "usage"],
    # of an unknown server nothing is assumed: the schema is written into the prompt
    "compatible": [],
}
"""What the servers of each provider can do unless the workspace says otherwise."""

STRUCTURED = (
    ("json_schema", "json_schema"),
    ("json_object_schema", "json_object_schema"),
    ("tool_choice_named", "tool"),
    ("json_object", "json_object"),
)
"""Capability and output mode, the surest first; after them only `prompted` is left."""


def capabilities_of(model: ModelPlan) -> list[str]:
    """Return what the model's server can do: as the workspace says, else as its provider's preset says."""
    return model.capabilities or CAPABILITIES.get(model.provider, [])


def output_mode(request: CallModel) -> str:
    """Return how the output is asked for.

    `text`; `tools` (native tools, the answer being one of them); `json_schema`, `json_object_schema`, `tool`
    (one named function), `json_object`, `prompted`; or `envelope_` and one of these five, where a turn may
    propose calls and the server has no native tools.
    """
    can = capabilities_of(request.model)
    turn = bool(request.tools) or request.talks
    if turn and "tools" in can:
        return "tools"
    if not turn and request.answer is None:
        return "text"
    structured = next((mode for capability, mode in STRUCTURED if capability in can), "prompted")
    return f"envelope_{structured}" if turn else structured


def base_url_of(model: ModelPlan) -> str:
    """Return the address of the model's server; raises ConfigError where only the workspace can tell it."""
    if model.base_url:
        return model.base_url.rstrip("/")
    if model.provider == "openai":
        return OPENAI_URL
    raise ConfigError(
        t("The model {model} has no base_url.", model=model.name),
        code="FR2110",
        help=t(
            "Write where the server is: base_url: http://127.0.0.1:8000/v1 (provider: {provider}).",
            provider=model.provider,
        ),
    )


def is_loopback(url: str) -> bool:
    """Return whether the address is this machine."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def model_from_name(name: str) -> ModelPlan:
    """Return the model that a short name means; raises ConfigError (FR2111) where it means none.

    `examples`, `PROVIDER:MODEL` and `PROVIDER:MODEL@URL`, for example `openai:gpt-5-mini` or
    `llama_cpp:qwen@http://127.0.0.1:8000/v1`. A server on this machine costs nothing; for others no price is
    known.
    """
    if name == "examples":
        return ModelPlan(name=name, provider="examples", input_price=0, output_price=0)
    provider, colon, rest = name.partition(":")
    model, url = rest, None
    for scheme in ("@http://", "@https://"):
        if scheme in rest:
            model, _, tail = rest.partition(scheme)
            url = scheme[1:] + tail
    if not colon or provider not in CAPABILITIES or not model or (url is not None and not urlsplit(url).hostname):
        raise ConfigError(
            t("{name} is no model that I know.", name=repr(name)),
            code="FR2111",
            help=t(
                "Write `examples`, `openai:gpt-5-mini`, or a server of yours as `PROVIDER:MODEL@URL` "
                "(for example `llama_cpp:qwen@http://127.0.0.1:8000/v1`); providers: {capabilities}. "
                "Models of flowrun.yaml go by their name there.",
                capabilities=", ".join(CAPABILITIES),
            ),
        )
    if url is None and provider != "openai":
        raise ConfigError(
            t("{name} does not say where the server is.", name=repr(name)),
            code="FR2111",
            help=t("Write {name}@URL, for example {name}@http://127.0.0.1:8000/v1.", name=name),
        )
    price = 0 if url is not None and is_loopback(url) else None
    return ModelPlan(name=name, provider=provider, model=model, base_url=url, input_price=price, output_price=price)
