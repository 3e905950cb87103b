"""The connection to a chat/completions server, and what its failures mean.

Owns: keys, the bound on response size, and the translation of the SDK's exceptions. A key appears in no
message.
"""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
import openai

from flowrun.adapters.models.presets import OPENAI_KEY, OPENAI_URL, is_loopback
from flowrun.adapters.secrets import secret
from flowrun.errors import AdapterError
from flowrun.plan.model import ModelPlan
from flowrun.words import mark, sentences, t

MAX_RESPONSE = 1_000_000
"""Most that is read of one response, in bytes."""
MAX_RETRY_AFTER = 3600.0
FAILURES = (openai.OpenAIError, httpx2.HTTPError, AdapterError)
_RETRYABLE = frozenset((408, 409, 425, 429))
_HELP = {
    401: mark("The server does not know the key. Check the environment variable that key_env names."),
    403: mark("The key may not use this model."),
    404: mark("Check `model` and `base_url` in flowrun.yaml."),
    413: mark("The request is too large for the server. Shorten the prompt."),
}


class _Bounded(httpx2.AsyncByteStream):
    """A response's bytes, until there are too many."""

    def __init__(self, inner: httpx2.AsyncByteStream, server: str) -> None:
        self._inner = inner
        self._server = server

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = MAX_RESPONSE
        async for chunk in self._inner:
            left -= len(chunk)
            if left < 0:
                raise AdapterError(
                    t(
                        "The reply of {server} is larger than {max_response} kB.",
                        server=self._server,
                        max_response=MAX_RESPONSE // 1000,
                    ),
                    code="FR4108",
                )
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()


async def _bound(response: httpx2.Response) -> None:
    """Limit what is read of a response; a packed one could unfold to any size, and was not asked for."""
    server = response.request.url.host
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise AdapterError(t("{server} sent a packed reply although none was asked for.", server=server), code="FR4107")
    if isinstance(response.stream, httpx2.AsyncByteStream):
        response.stream = _Bounded(response.stream, server)


def connect(base_url: str, key: str | None) -> openai.AsyncOpenAI:
    """Return a client that repeats no request, follows no redirect and reads at most `MAX_RESPONSE` bytes.

    Repeating is the core's: each attempt is a command of its own, journaled and charged.
    """
    headers: dict[str, Any] = {"Accept-Encoding": "identity"}
    if base_url != OPENAI_URL:
        # The SDK takes these from the environment, but they are nobody else's business.
        headers |= {"OpenAI-Organization": openai.Omit(), "OpenAI-Project": openai.Omit()}
    return openai.AsyncOpenAI(
        api_key=key or "none",
        base_url=base_url,
        max_retries=0,
        default_headers=headers,
        http_client=openai.DefaultAsyncHttpx2Client(follow_redirects=False, event_hooks={"response": [_bound]}),
    )


def headers_for(key: str | None) -> dict[str, str | openai.Omit]:
    """Return the headers of one request: without a key none is sent, not even an empty one."""
    return {} if key else {"Authorization": openai.Omit()}


def key_for(model: ModelPlan, base_url: str) -> str | None:
    """Return the key to send, None where none is needed. Raises AdapterError (FR4101) where it is missing.

    OpenAI's own key goes only where the provider is `openai`, and never to a server on this machine.
    """
    variable = model.key_env
    if variable is None:
        if model.provider != "openai" or is_loopback(base_url):
            return None
        variable = OPENAI_KEY
    key = secret(variable)
    if not key:
        raise AdapterError(
            t(
                "The environment variable {variable} with the key for model {model} is not set.",
                variable=variable,
                model=model.name,
            ),
            code="FR4101",
            help=t(
                "export {variable}=… (or {variable}_FILE), or use the model `examples`, which needs no key.",
                variable=variable,
            ),
        )
    return key


def translated(error: BaseException, model: ModelPlan, *, now: float | None = None) -> AdapterError:
    """Return what an exception of the SDK means; `now` in seconds since 1970, for dates in Retry-After."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, AdapterError):
            return cause
        cause = cause.__cause__ or cause.__context__
    name = model.name
    if isinstance(error, openai.APITimeoutError | TimeoutError):
        return AdapterError(t("Model {name} did not answer in time.", name=name), code="FR4106", retryable=True)
    if isinstance(error, openai.APIStatusError):
        return _status(error, name, now)
    if isinstance(error, openai.APIConnectionError):
        return AdapterError(
            t("The server of model {name} cannot be reached, or broke off the reply.", name=name),
            code="FR4106",
            retryable=True,
            help=t("Check base_url and whether the server runs."),
        )
    return AdapterError(t("Asking model {name} failed: {error}.", name=name, error=type(error).__name__), code="FR4102")


def _status(error: openai.APIStatusError, name: str, now: float | None) -> AdapterError:
    status = error.status_code
    said = _said(error)
    if status == 429 and error.code == "insufficient_quota":
        return AdapterError(t("The account of model {name} has no quota left.", name=name), code="FR4102", help=said)
    if status == 429:
        return AdapterError(
            sentences(t("The server of model {name} takes no more requests for now (429).", name=name), said),
            code="FR4124",
            retryable=True,
            retry_after=retry_after(error.response.headers, now=now),
        )
    if status in _RETRYABLE or status >= 500:
        return AdapterError(
            sentences(
                t("The server of model {name} is overloaded or has a fault ({status}).", name=name, status=status), said
            ),
            code="FR4106",
            retryable=True,
            retry_after=retry_after(error.response.headers, now=now),
        )
    return AdapterError(
        sentences(t("The server of model {name} refused the request ({status}).", name=name, status=status), said),
        code="FR4101" if status in (401, 403) else "FR4102",
        help=t(_HELP[status])
        if status in _HELP
        else t("Check the model's `capabilities` and `options` in flowrun.yaml."),
    )


def _said(error: openai.APIStatusError) -> str:
    """What the server said, shortened; not for a bad key, which servers like to repeat."""
    if error.status_code in (401, 403) or not isinstance(error.body, dict):
        return ""
    message = error.body.get("message")
    return t("It says: {text}", text=message[:300]) if isinstance(message, str) else ""


def retry_after(headers: Mapping[str, str], *, now: float | None = None) -> float | None:
    """Return the seconds that a server asks to wait, from 0 to an hour, or None.

    Understands `retry-after-ms`, and `retry-after` as seconds or as a date (against the response's own
    `date`).
    """
    seconds: float | None = None
    try:
        if "retry-after-ms" in headers:
            seconds = float(headers["retry-after-ms"]) / 1000
        elif "retry-after" in headers:
            seconds = float(headers["retry-after"])
    except ValueError:
        seconds = _until(headers.get("retry-after", ""), headers.get("date"), now)
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return None
    return min(seconds, MAX_RETRY_AFTER)


def _until(moment: str, date: str | None, now: float | None) -> float | None:
    try:
        until = parsedate_to_datetime(moment).timestamp()
        since = parsedate_to_datetime(date).timestamp() if date else now if now is not None else time.time()
    except (ValueError, TypeError):
        return None
    return max(0.0, until - since)
