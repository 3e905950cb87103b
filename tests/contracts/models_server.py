"""A chat/completions server on this machine for tests: it says what it is told, good or bad.

Owns: the server and a request of the core to send to it. It checks nothing; tests look at `requests`.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from flowrun.core.commands import CallModel, OfferedTool
from flowrun.plan.model import ModelPlan
from flowrun.values.names import Names

TRIAGE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["intent", "confidence"],
    "properties": {"intent": {"enum": ["refund", "question"]}, "confidence": {"type": "number"}},
}
TICKET = OfferedTool(
    name="desk.create_ticket",
    description="Open a ticket",
    input={
        "type": "object",
        "properties": {"severity": {"type": "string"}},
        "required": ["severity"],
        "additionalProperties": False,
    },
)
NOTE = OfferedTool(name="crm.add_note", description="Add a note", input={"type": "object"})


class Server:
    """Answers with the next of `replies`: a dict (a chat completion), bytes, or a function of the handler."""

    def __init__(self) -> None:
        self.replies: deque[Any] = deque()
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.released = threading.Event()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                owner.headers.append({key.lower(): value for key, value in self.headers.items()})
                owner.requests.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                reply = owner.replies.popleft()
                if callable(reply):
                    reply(self)
                else:
                    send(self, 200, reply)

            def log_message(self, *args: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"

    def close(self) -> None:
        """End the server and let go what waits for `released`."""
        self.released.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def send(handler: BaseHTTPRequestHandler, status: int, body: Any, **headers: str) -> None:
    """Send a response; a dict becomes JSON, and `_` in a header's name a hyphen."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    handler.send_response_only(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("content-length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def error(status: int, message: str = "no", code: str | None = None, **headers: str) -> Any:
    """Return a reply that fails like OpenAI's server."""
    return lambda handler: send(handler, status, {"error": {"message": message, "code": code}}, **headers)


def completion(
    content: Any = None, *calls: tuple[str, Any], finish: str = "stop", usage: Any = True, **message: Any
) -> dict[str, Any]:
    """Return a chat completion; a call is a function's name and its arguments (text as it is)."""
    body: dict[str, Any] = {"role": "assistant", "content": content} | message
    if calls:
        body["tool_calls"] = [
            {
                "id": f"c{place}",
                "type": "function",
                "function": {"name": name, "arguments": args if isinstance(args, str) else json.dumps(args)},
            }
            for place, (name, args) in enumerate(calls)
        ]
    out: dict[str, Any] = {"id": "x", "choices": [{"index": 0, "message": body, "finish_reason": finish}]}
    if usage is True:
        usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    return out | ({"usage": usage} if usage else {})


def ask(url: str = "http://127.0.0.1:9/v1", *can: str, **changes: Any) -> CallModel:
    """Return a request for a triage; `can` are the server's capabilities, `changes` fields of the request."""
    model = ModelPlan(
        name="fast",
        provider="compatible",
        model="m-1",
        base_url=url,
        capabilities=list(can) or ["json_schema"],
    )
    fields: dict[str, Any] = {
        "path": "triage/turn-1",
        "flow": "support",
        "step": "triage",
        "model": model,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "I want my money back."},
        ],
        "tools": [],
        "answer": TRIAGE,
        "answer_name": "triage@1",
        "examples": [],
        "slots": {},
        "names": Names(),
    }
    return CallModel(**(fields | changes))
