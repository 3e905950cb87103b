"""The comment on a pull request: written once, renewed after that, by a server that stands for GitHub's API."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from flowrun.adapters.github import MOST, PullRequest
from flowrun.cli.main import main
from flowrun.contract.changes.report import MARKER
from flowrun.errors import AdapterError, ConfigError
from tests.unit.contract.repository import FILES, FLOW, commit, swapped

pytestmark = pytest.mark.loopback
TOKEN = "t0ken-of-the-event"


class GitHub:
    """Comments of one pull request, with pages of 100 as GitHub's."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.asked: list[tuple[str, str, str]] = []
        self.status = 0
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                owner.asked.append((self.command, self.path, self.headers.get("Authorization", "")))
                size = int(self.headers.get("content-length") or 0)
                given = json.loads(self.rfile.read(size)) if size else None
                status, body = owner.reply(self.command, self.path, given)
                data = json.dumps(body).encode()
                self.send_response_only(status)
                if status == 302:
                    self.send_header("location", f"{owner.url}/elsewhere")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PATCH = answer

            def log_message(self, *args: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def reply(self, method: str, path: str, given: Any) -> tuple[int, Any]:
        if self.status:
            return self.status, {"message": "no"}
        if method == "GET":
            page = int(path.rpartition("page=")[2])
            return 200, self.comments[100 * (page - 1) : 100 * page]
        if method == "POST":
            assert path == "/repos/acme/flows/issues/7/comments"
            self.comments.append({"id": len(self.comments) + 1, "body": given["body"], "html_url": "https://x/1"})
            return 201, self.comments[-1]
        mine = next(one for one in self.comments if path == f"/repos/acme/flows/issues/comments/{one['id']}")
        mine["body"] = given["body"]
        return 200, mine

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@pytest.fixture
def github() -> Iterator[GitHub]:
    server = GitHub()
    yield server
    server.close()


def request(server: GitHub) -> PullRequest:
    return PullRequest(repository="acme/flows", number=7, token=TOKEN, api=server.url)


def test_the_comment_is_written_once_and_renewed(github: GitHub) -> None:
    github.comments = [{"id": n, "body": f"a talk about {MARKER}"} for n in range(1, 151)]
    assert request(github).comment(f"{MARKER}\nfirst", MARKER) == "https://x/1"
    assert request(github).comment(f"{MARKER}\nsecond", MARKER) == "https://x/1"
    assert [one["body"] for one in github.comments[150:]] == [f"{MARKER}\nsecond"]
    assert {auth for _, _, auth in github.asked} == {f"Bearer {TOKEN}"}


def test_where_there_is_nothing_to_tell_no_comment_is_begun(github: GitHub) -> None:
    assert request(github).comment(MARKER, MARKER, needed=False) == ""
    assert github.comments == []
    request(github).comment(f"{MARKER}\nsomething", MARKER)
    request(github).comment(f"{MARKER}\nnothing any more", MARKER, needed=False)
    assert github.comments[0]["body"].endswith("nothing any more")


def test_a_long_comment_is_cut(github: GitHub) -> None:
    request(github).comment(MARKER + "x" * 2 * MOST, MARKER)
    assert len(github.comments[0]["body"]) < MOST + 200
    assert "flowrun diff" in github.comments[0]["body"]


@pytest.mark.parametrize("status", [302, 401, 403, 404, 500])
def test_a_no_is_one_line_and_the_token_goes_nowhere_else(github: GitHub, status: int) -> None:
    github.status = status
    with pytest.raises(AdapterError, match=str(status)) as error:
        request(github).comment(MARKER, MARKER)
    assert error.value.code == "FR3605"
    assert len(github.asked) == 1


@pytest.mark.parametrize(
    ("repository", "token", "api"),
    [("acme", TOKEN, "https://a"), ("acme/flows", "", "https://a"), ("acme/flows", TOKEN, "http://api.example.com")],
)
def test_a_comment_needs_a_place_a_token_and_a_safe_way(repository: str, token: str, api: str) -> None:
    with pytest.raises(ConfigError):
        PullRequest(repository=repository, number=1, token=token, api=api)


def test_the_command_comments_on_the_pull_request(
    github: GitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commit(tmp_path, FILES)
    commit(tmp_path, {"flows/shop.flow.yaml": swapped(FLOW, ("    at_most: 2\n", "    at_most: 9\n"))})
    monkeypatch.chdir(tmp_path)
    for name, value in {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "acme/flows", "GITHUB_API_URL": github.url}.items():
        monkeypatch.setenv(name, value)
    assert main(["diff", "HEAD~1..HEAD", "--format", "github", "--comment", "7", "--fail-on", "widened"]) == 1
    assert github.comments[0]["body"].startswith(f"{MARKER}\n## What the change lets flows do")
    assert "goes from 2 to 9" in github.comments[0]["body"]
    out, err = capsys.readouterr()
    assert TOKEN not in out + err + github.comments[0]["body"]
    monkeypatch.delenv("GITHUB_TOKEN")
    assert main(["diff", "HEAD~1..HEAD", "--comment", "7"]) == 3
