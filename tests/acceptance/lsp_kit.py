"""A client of the language server, as an editor is one: a process, and messages over its standard streams.

Owns: sending, and waiting for an answer or a notification. Nothing here sleeps; a server that says nothing fails the test.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Json = Any
PATIENCE = 60
"""Seconds after which a server that says nothing has failed."""


class Client:
    """One editor. `text` of a file is sent whole; places are written as `¦` in it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.number = 0
        self.answers: dict[int, asyncio.Future[Json]] = {}
        self.told: list[Json] = []
        self.news = asyncio.Condition()
        self.errors = bytearray()
        self.reading = [asyncio.ensure_future(self._read()), asyncio.ensure_future(self._read_errors())]
        self.capabilities: Json = {}
        self.versions: dict[str, int] = {}

    @classmethod
    async def start(cls, folder: Path, **options: Json) -> Client:
        """Start a server for a folder and shake hands."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "flowrun", "lsp", "--stdio", cwd=folder,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        client = cls(process)
        given = {
            "processId": None, "rootUri": folder.as_uri(), "capabilities": {},
            "workspaceFolders": [{"uri": folder.as_uri(), "name": folder.name}], "initializationOptions": options,
        }  # fmt: skip
        client.capabilities = (await client.ask("initialize", given))["capabilities"]
        client.tell("initialized", {})
        return client

    async def stop(self) -> int:
        """End the server as an editor does; return its exit code."""
        await self.ask("shutdown", None)
        self.tell("exit", None)
        code = await asyncio.wait_for(self.process.wait(), PATIENCE)
        await asyncio.gather(*self.reading)
        return code

    def send(self, message: Json) -> None:
        """Send one message."""
        assert self.process.stdin is not None
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))

    def tell(self, method: str, params: Json) -> None:
        """Send a notification."""
        self.send({"method": method, "params": params} if params is not None else {"method": method})

    def begin(self, method: str, params: Json) -> tuple[int, asyncio.Future[Json]]:
        """Send a question; return its number and what will hold the whole answer."""
        self.number += 1
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self.answers[self.number] = answer
        self.send({"id": self.number, "method": method, **({"params": params} if params is not None else {})})
        return self.number, answer

    async def ask(self, method: str, params: Json) -> Json:
        """Send a question and return the result; an error of the server fails the test."""
        answer = await asyncio.wait_for(self.begin(method, params)[1], PATIENCE)
        assert "error" not in answer, answer
        return answer["result"]

    async def ask_at(self, method: str, uri: str, place: tuple[int, int], **more: Json) -> Json:
        """Ask about a place: line and character from 0."""
        return await self.ask(
            f"textDocument/{method}", {"textDocument": {"uri": uri}, "position": _position(place), **more}
        )

    def open(self, uri: str, text: str) -> None:
        """Open a file."""
        self.versions[uri] = 1
        item = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": item})

    def change(self, uri: str, text: str) -> int:
        """Change the whole text of a file; return its new version."""
        self.versions[uri] += 1
        document = {"uri": uri, "version": self.versions[uri]}
        self.tell("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})
        return self.versions[uri]

    async def findings(self, uri: str, which: Callable[[Json], bool] = lambda told: True) -> list[Json]:
        """Wait for the findings of a file's present version that `which` accepts, and return them."""
        wanted = self.versions.get(uri)

        def fits(message: Json) -> bool:
            told = message.get("params", {})
            now = message.get("method") == "textDocument/publishDiagnostics" and told["uri"] == uri
            return now and told.get("version") == wanted and which(told["diagnostics"])

        found: list[Json] = (await self.news_of(fits))["params"]["diagnostics"]
        return found

    async def news_of(self, fits: Callable[[Json], bool]) -> Json:
        """Wait for a notification, the latest that fits; those up to it are forgotten."""

        async def waiting() -> Json:
            async with self.news:
                while True:
                    at = next((i for i in reversed(range(len(self.told))) if fits(self.told[i])), None)
                    if at is not None:
                        message = self.told[at]
                        del self.told[: at + 1]
                        return message
                    await self.news.wait()

        return await asyncio.wait_for(waiting(), PATIENCE)

    async def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while header := await stream.readline():
            length = int(header.split(b":")[1])
            while (await stream.readline()).strip():
                pass
            message = json.loads(await stream.readexactly(length))
            if "method" in message and "id" in message:
                self.send({"id": message["id"], "result": None})
            elif "id" in message:
                self.answers.pop(message["id"]).set_result(message)
            async with self.news:
                self.told.append(message)
                self.news.notify_all()

    async def _read_errors(self) -> None:
        assert self.process.stderr is not None
        while data := await self.process.stderr.read(4096):
            self.errors += data


def _position(place: tuple[int, int]) -> Json:
    return {"line": place[0], "character": place[1]}


def cursor(text: str) -> tuple[str, tuple[int, int]]:
    """Return a text without its `¦`, and where that stood: line and UTF-16 character."""
    before, _, after = text.partition("¦")
    lines = before.split("\n")
    return before + after, (len(lines) - 1, len(lines[-1].encode("utf-16-le")) // 2)


def part(text: str, place: Json) -> str:
    """Return what a range of the protocol names, as an editor finds it."""
    lines = text.split("\n")

    def offset(position: Json) -> int:
        line = lines[position["line"]].encode("utf-16-le")[: position["character"] * 2].decode("utf-16-le")
        return sum(len(each) + 1 for each in lines[: position["line"]]) + len(line)

    return text[offset(place["start"]) : offset(place["end"])]


def applied(text: str, edits: list[Json]) -> str:
    """Return a text after changes, as an editor makes them."""
    for edit in sorted(
        edits, key=lambda e: (e["range"]["start"]["line"], e["range"]["start"]["character"]), reverse=True
    ):
        lines = text.split("\n")
        start, end = edit["range"]["start"], edit["range"]["end"]
        head = "\n".join([*lines[: start["line"]], _cut(lines, start)[0]])
        tail = "\n".join([_cut(lines, end)[1], *lines[end["line"] + 1 :]])
        text = head + edit["newText"] + tail
    return text


def _cut(lines: list[str], place: Json) -> tuple[str, str]:
    line = lines[place["line"]] if place["line"] < len(lines) else ""
    data = line.encode("utf-16-le")
    return data[: place["character"] * 2].decode("utf-16-le"), data[place["character"] * 2 :].decode("utf-16-le")
