"""Replies of a real model, recorded once and replayed without it.

Owns: the key of a request, the file of recordings and the miss that explains itself. What is taken out of
recordings is decided in `flowrun.privacy.forms`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import msgspec

from flowrun.core.commands import CallModel
from flowrun.errors import AdapterError, ConfigError
from flowrun.ports.models import ModelReply, Models
from flowrun.privacy.forms import Redactor, restored
from flowrun.words import t

Json = Any
_DIFF_LINES = 60
_MOMENT = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
"""Moments in tools' results differ at every run, so they do not count for the key."""


class _Recording(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    flow: str
    step: str
    request: Json
    reply: ModelReply
    places: dict[str, tuple[int, int, int]] = {}
    """Where a marked value stands in the request, by placeholder: message, offset and length. A replay finds it there."""


class RecordedModels:
    """Wraps a model: `record` asks it and appends to a JSON Lines file, `replay` answers from the file alone.

    The key is the SHA-256 of the canonical request (messages, tools, answer schema, model) after redaction. A
    placeholder in a replayed reply becomes the value that the present request has in its place. The same
    request recorded several times is replayed in that order, then its last reply stays.
    """

    def __init__(self, inner: Models | None, path: Path, *, mode: Literal["record", "replay"]) -> None:
        if mode == "record" and inner is None:
            raise ConfigError(t("To record, a model to be recorded is needed."), code="FR2113")
        self._inner = inner
        self._path = path
        self._mode = mode
        self._recordings: dict[str, list[_Recording]] | None = None
        self._next: dict[str, int] = {}

    async def complete(self, request: CallModel) -> ModelReply:
        """Return the reply of the model or of the file.

        Raises AdapterError FR4105 where the file has none.
        """
        redactor = _redactor(request)
        canonical = redactor.redact(canonical_request(request))
        key = sha256(_MOMENT.sub(b"[moment]", _encode(canonical))).hexdigest()
        if self._mode == "replay":
            return self._replay(key, canonical, request, redactor)
        assert self._inner is not None
        reply = await self._inner.complete(request)
        self._record(key, request, reply)
        return reply

    async def aclose(self) -> None:
        """Close the wrapped model."""
        if self._inner is not None:
            await self._inner.aclose()

    def _record(self, key: str, request: CallModel, reply: ModelReply) -> None:
        # The request comes first, so that its placeholders have the numbers that a replay will give them.
        redactor = _redactor(request)
        canonical = redactor.redact(canonical_request(request))
        inputs = {tool.name: tool.input for tool in request.tools}
        said = _said(request)
        redactor.learn(request.answer, reply.answer, within=said)
        for tool, args in reply.proposals:
            redactor.learn(inputs.get(tool), args, within=said)
        body = redactor.redact(msgspec.to_builtins(reply))
        body["usage"] = msgspec.to_builtins(reply.usage)
        recording = _Recording(
            key=key,
            flow=request.flow,
            step=request.step,
            request=redactor.redact(canonical),
            reply=msgspec.convert(body, ModelReply),
            places=_places(canonical, redactor.holders),
        )
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(recording) + b"\n")

    def _replay(self, key: str, canonical: Json, request: CallModel, redactor: Redactor) -> ModelReply:
        if self._recordings is None:
            self._recordings = _load(self._path)
        found = self._recordings.get(key)
        if found is None:
            raise self._miss(canonical, request)
        place = self._next.get(key, 0)
        self._next[key] = place + 1
        recording = found[min(place, len(found) - 1)]
        reply = restored(msgspec.to_builtins(recording.reply), _values(canonical, recording.places))
        return msgspec.convert(redactor.restore(reply), ModelReply)

    def _miss(self, canonical: Json, request: CallModel) -> AdapterError:
        every = [recording for group in (self._recordings or {}).values() for recording in group]
        near = [r for r in every if r.step == request.step and r.flow == request.flow] or every
        message = t("{name} has no reply for this request of step {step}.", name=self._path.name, step=request.step)
        help = t(
            "Record it: run once with the real model and mode `record` ({count} recordings are there).",
            count=len(every),
        )
        if near:
            now = _lines(canonical)
            best = max(near, key=lambda r: _likeness(now, _lines(r.request)))
            diff = list(
                difflib.unified_diff(
                    _lines(best.request), now, t("nearest recording"), t("this request"), lineterm="", n=1
                )
            )
            more = [t("… {count} more lines", count=len(diff) - _DIFF_LINES)] if len(diff) > _DIFF_LINES else []
            message = t(
                "{message} What differs from the nearest one:\n{lines}",
                message=message,
                lines="\n".join(diff[:_DIFF_LINES] + more),
            )
        return AdapterError(message, code="FR4105", help=help)


def _said(request: CallModel) -> str:
    return "\n".join(str(message.get("content") or message.get("result") or "") for message in request.messages)


def _redactor(request: CallModel) -> Redactor:
    redactor = Redactor()
    if request.marked is not None:
        redactor.know(request.marked(), within=_said(request))
    return redactor


def _places(canonical: Json, holders: Mapping[str, str]) -> dict[str, tuple[int, int, int]]:
    out: dict[str, tuple[int, int, int]] = {}
    for value, holder in holders.items():
        for number, message in enumerate(canonical["messages"]):
            at = str(message.get("content") or "").find(value)
            if at >= 0:
                out[holder] = (number, at, len(value))
                break
    return out


def _values(canonical: Json, places: Mapping[str, tuple[int, int, int]]) -> dict[str, str]:
    """Return the values that stand at recorded places; the same key means the same request, so they stand there."""
    return {
        holder: str(canonical["messages"][number]["content"])[at : at + length]
        for holder, (number, at, length) in places.items()
    }


def canonical_request(request: CallModel) -> dict[str, Json]:
    """Return what makes two requests the same: never the path, the run, the address or the time."""
    model = request.model
    return {
        "model": {
            "provider": model.provider,
            "model": model.model,
            "max_output_tokens": model.max_output_tokens,
            "options": model.options,
        },
        "messages": request.messages,
        "tools": [msgspec.to_builtins(tool) for tool in request.tools],
        "answer": request.answer,
        "talks": request.talks,
    }


def _load(path: Path) -> dict[str, list[_Recording]]:
    out: dict[str, list[_Recording]] = {}
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise ConfigError(
            t("The recordings {path} cannot be read: {why}.", path=path.name, why=error.strerror), code="FR2114"
        ) from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            recording = msgspec.json.decode(line, type=_Recording)
        except msgspec.DecodeError:
            raise ConfigError(
                t("Line {number} of {path} is no recording.", number=number, path=path.name), code="FR2114"
            ) from None
        out.setdefault(recording.key, []).append(recording)
    return out


def _likeness(left: list[str], right: list[str]) -> float:
    """Share of equal lines, order aside: cheap, and good enough to find the recording that was edited."""
    return len(set(left) & set(right)) / max(len(set(left) | set(right)), 1)


def _lines(value: Json) -> list[str]:
    # Long texts are cut at their own line ends, or one changed word would show a whole prompt.
    pretty = msgspec.json.format(_encode(value)).decode()
    return [part for line in pretty.splitlines() for part in line.split("\\n")]


def _encode(value: Json) -> bytes:
    return msgspec.json.encode(value, order="sorted")
